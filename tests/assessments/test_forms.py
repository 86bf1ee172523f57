"""What is observed: the checks of the blood count, the bleeding assessment, adverse events and rescues, as tables."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

import pytest
from django.urls import reverse
from django.utils import timezone

from assessments import smog
from assessments.crfs.safety import CRITERIA
from assessments.models import AdverseEvent, BleedingAssessment
from casebook.actions import add_log_record
from casebook.forms import CrfForm
from casebook.models import FormRecord
from demo.builder import NotFilled, bleeding, no_bleeding
from dosing.crfs import Infusion
from tests.casebook.test_saving import count
from tests.input.conftest import at
from tests.strategies import as_posted


@pytest.fixture
def day(universe: Any) -> date:
    return universe.untreated.enrolled_on


def found(record: FormRecord) -> set[str]:
    return set(record.findings.filter(state="open").values_list("code", flat=True))


class TestBloodCount:
    @pytest.fixture
    def record(self, universe: Any) -> FormRecord:
        return universe.record(universe.untreated, "blood-count", "LOAD")

    #: What is entered -> which findings ask about it.
    ASKED = {
        "an ordinary count": ({}, set()),
        "platelets 0": ({"platelets": "0"}, {"RANGE"}),
        "platelets 1": ({"platelets": "1"}, set()),
        "platelets 600": ({"platelets": "600"}, set()),
        "platelets 601": ({"platelets": "601"}, {"RANGE"}),
        "platelets 1499": ({"platelets": "1499"}, {"RANGE"}),
        "platelets 1500": ({"platelets": "1500"}, {"RANGE", "CBC02"}),
        "a clumped sample": ({"quality": "clumped"}, {"CBC03"}),
        "clumped, confirmed by smear": ({"quality": "clumped_ok", "confirmed_by": "smear"}, set()),
        "a clotted sample": ({"quality": "clotted"}, {"CBC03"}),
        "no bleeding told": ({"bleeding": None}, {"MISSING"}),
        "bleeding not assessed": ({"bleeding": "U"}, set()),
    }

    @pytest.mark.parametrize(("answers", "codes"), ASKED.values(), ids=ASKED)
    def test_what_is_asked(self, universe: Any, record: FormRecord, day: date, answers: dict[str, Any], codes: set[str]) -> None:
        universe.fill(record, universe.clara, **{**count(day), **answers})
        # On the loading visit a high count is also too high for Day 0 (R3).
        assert found(record) - {"CBC11"} == codes

    @pytest.mark.parametrize(("days", "codes"), [(-1, {"CBC01"}), (0, set()), (1, set())])
    def test_outside_the_window(self, universe: Any, record: FormRecord, day: date, days: int, codes: set[str]) -> None:
        taken = at(day + timedelta(days=days), "00:01")
        universe.fill(record, universe.clara, **{**count(day), "taken_at": taken})
        assert found(record) == codes

    def test_low_platelets_open_no_adverse_event(self, universe: Any, record: FormRecord, day: date) -> None:
        """In this disease they are the disease."""
        universe.fill(record, universe.clara, **{**count(day), "platelets": "2"})
        assert not universe.untreated.records.filter(form="adverse-event").exists()

    def test_not_done_asks_why_and_of_a_dose_what_follows(self, universe: Any, record: FormRecord) -> None:
        universe.fill(record, universe.clara, done="N")
        assert set(record.findings.values_list("code", "item")) == {("MISSING", "why_not"), ("CBC07", "done")}


class TestBleeding:
    @pytest.fixture
    def record(self, universe: Any) -> FormRecord:
        return universe.record(universe.untreated, "bleeding-assessment", "LOAD")

    def fill(self, universe: Any, record: FormRecord, **answers: Any) -> BleedingAssessment:
        universe.fill(record, universe.clara, **answers)
        return BleedingAssessment.objects.get(record=record)

    def test_no_bleeding_writes_grade_0_everywhere(self, universe: Any, record: FormRecord, day: date) -> None:
        crf = self.fill(universe, record, **no_bleeding(day))
        assert {getattr(crf, sign.code) for sign in smog.ITEMS} == {0}
        assert (crf.smog_text, crf.present_grade) == ("S0M0O0", 0)
        assert found(record) == set()

    def test_changing_to_no_bleeding_empties_what_belonged_to_it(self, universe: Any, record: FormRecord, day: date) -> None:
        self.fill(universe, record, **bleeding(day, gum=2))
        crf = self.fill(universe, record, any_bleeding="N")
        assert (crf.gum, crf.gum_evidence, crf.gum_today, crf.smog_text) == (0, None, None, "S0M0O0")
        page = CrfForm(FormRecord.objects.get(pk=record.pk).crf())
        again = CrfForm(FormRecord.objects.get(pk=record.pk).crf(), as_posted(page))
        assert again.is_valid(), "and the stored form can be saved again as it stands"

    #: Grades, present today -> result string, worst grade today.
    RESULTS = {
        "skin only": ({"petechiae": 2}, True, "S2M0O0", 2),
        "the worst of a domain": ({"petechiae": 1, "ecchymoses": 3}, True, "S3M0O0", 3),
        "over before today": ({"gum": 2}, False, "S0M2O0", 0),
        "all three domains": ({"petechiae": 1, "gum": 2, "haematuria": 3}, True, "S1M2O3", 3),
    }  # fmt: skip

    @pytest.mark.parametrize(("grades", "today", "text", "worst"), RESULTS.values(), ids=RESULTS)
    def test_smog_is_derived(
        self, universe: Any, record: FormRecord, day: date, grades: dict[str, int], today: bool, text: str, worst: int
    ) -> None:
        crf = self.fill(universe, record, **bleeding(day, today=today, **grades))
        assert (crf.smog_text, crf.present_grade) == (text, worst)

    def test_report_only_counts_as_grade_1_and_says_so(self, universe: Any, record: FormRecord, day: date) -> None:
        crf = self.fill(universe, record, **{**bleeding(day, petechiae=3), "petechiae_evidence": "report"})
        assert crf.smog_text == "S1M0O0"
        assert "BAT02" in found(record)

    def test_an_unanswered_sign_leaves_its_domain_open(self, universe: Any, record: FormRecord, day: date) -> None:
        crf = self.fill(universe, record, **{**bleeding(day), "gum": None})
        assert crf.smog_text[2:4] == "Mx"
        assert {"MISSING", "BAT01"} & found(record)

    def test_not_said_whether_present_today(self, universe: Any, record: FormRecord, day: date) -> None:
        crf = self.fill(universe, record, **{**bleeding(day, gum=2), "gum_today": None})
        assert crf.present_grade is None

    def test_nothing_answered_is_not_evaluable(self, universe: Any, record: FormRecord, day: date) -> None:
        crf = self.fill(universe, record, assessed_on=day)
        assert (crf.smog_text, crf.present_grade) == ("SxMxOx", None)

    def test_yes_without_any_grade_is_asked_about(self, universe: Any, record: FormRecord, day: date) -> None:
        self.fill(universe, record, **bleeding(day))
        assert "BAT01" in found(record)

    def test_outside_the_window(self, universe: Any, record: FormRecord, day: date) -> None:
        self.fill(universe, record, **no_bleeding(day - timedelta(days=30)))
        assert "BAT03" in found(record)


class TestEvents:
    """Logs at any time. Impossible dates are refused; unusual answers are asked about."""

    def log(self, universe: Any, form: str, **answers: Any) -> FormRecord:
        record = add_log_record(participant=universe.responder, form=form, by=universe.clara)
        universe.fill(record, universe.clara, **answers)
        return record

    #: Form, answers that cannot be -> what is said.
    IMPOSSIBLE = {
        "an event that ended first": ("adverse-event", ("started_at", "ended_at"), {"ongoing": "N"}, "The event ended before"),
        "a rescue that ended first": ("rescue", ("started_on", "ended_on"), {"ongoing": "N"}, "The rescue ended before"),
        "a bleeding that ended first": ("bleeding-episode", ("started_on", "ended_on"), {"ongoing": "N"}, "The bleeding ended"),
    }  # fmt: skip

    @pytest.mark.parametrize(("form", "names", "more", "message"), IMPOSSIBLE.values(), ids=IMPOSSIBLE)
    def test_dates_that_cannot_be(
        self, universe: Any, form: str, names: tuple[str, str], more: dict[str, str], message: str
    ) -> None:
        days = [universe.today - timedelta(days=n) for n in (2, 3)]
        typed = {n: at(d) if n.endswith("_at") else d for n, d in zip(names, days, strict=True)}
        with pytest.raises(NotFilled, match=message):
            self.log(universe, form, **typed, **more)

    #: Answers of an adverse event -> the finding that asks about them.
    ASKED = {
        "serious without a criterion": (
            {"serious": "Y", **dict.fromkeys(CRITERIA, "N")}, "AE02", True),
        "serious, criteria still open": ({"serious": "Y"}, "AE02", False),
        "serious with a criterion": ({"serious": "Y", "hospitalised": "Y"}, "AE02", False),
        "not serious": ({"serious": "N"}, "AE02", False),
        "grade 5 but recovered": ({"grade": 5, "outcome": "RECOVERED/RESOLVED"}, "AE03", True),
        "fatal but grade 3": ({"grade": 3, "outcome": "FATAL"}, "AE03", True),
        "fatal and grade 5": ({"grade": 5, "outcome": "FATAL"}, "AE03", False),
        "severe and not serious": ({"grade": 3, "serious": "N", "outcome": "RECOVERED/RESOLVED"}, "AE03", False),
        "severe and not serious is no contradiction": ({"grade": 3, "serious": "N"}, "AE05", False),
        "life-threatening and not serious": ({"grade": 4, "serious": "N"}, "AE05", True),
        "life-threatening and serious": ({"grade": 4, "serious": "Y"}, "AE05", False),
        "a value of grade 4 by its number": ({"grade": 4, "serious": "N", "coded_term": "neutrophils"}, "AE05", False),
        "A07 low platelets": ({"coded_term": "platelets", "grade": 4}, "AE07", True),
        "anything else": ({"coded_term": "headache", "grade": 1}, "AE07", False),
        "died but recovered": ({"serious": "Y", "death": "Y", "outcome": "RECOVERED/RESOLVED"}, "AE10", True),
        "died and fatal": ({"serious": "Y", "death": "Y", "outcome": "FATAL"}, "AE10", False),
    }  # fmt: skip

    @pytest.mark.parametrize(("answers", "code", "asked"), ASKED.values(), ids=ASKED)
    def test_what_is_asked(self, universe: Any, answers: dict[str, Any], code: str, asked: bool) -> None:
        assert (code in found(self.log(universe, "adverse-event", term="x", **answers))) == asked

    def test_aware_before_it_started(self, universe: Any) -> None:
        day = universe.today - timedelta(days=2)
        aware = at(day - timedelta(days=1))
        record = self.log(universe, "adverse-event", term="x", serious="Y", started_at=at(day), aware_at=aware)
        assert "AE04" in found(record)


class TestEventsAndInfusions:
    """Where an event stands among the infusions of its child; what is refused and what is asked."""

    @pytest.fixture
    def given(self, universe: Any) -> Any:
        return Infusion.objects.get(record__participant=universe.responder)

    def event(self, universe: Any, **answers: Any) -> AdverseEvent:
        record = add_log_record(participant=universe.responder, form="adverse-event", by=universe.clara)
        universe.fill(record, universe.clara, term="x", **answers)
        return AdverseEvent.objects.get(record=record)

    def typed(self, moment: datetime) -> str:
        return f"{timezone.localtime(moment):%Y-%m-%d %H:%M}"

    def test_it_names_the_infusion_its_lots_and_the_minutes(self, universe: Any, given: Any) -> None:
        event = self.event(universe, coded_term="chills", started_at=self.typed(given.started_at + timedelta(minutes=90)))
        assert (event.period, event.counted_from, event.minutes) == ("during", "LOAD", 90)
        assert event.lots == ", ".join(sorted({line.bag.crf.lot_number for line in given.bags.all()}))

    def test_before_any_infusion_nothing_is_linked(self, universe: Any, given: Any) -> None:
        event = self.event(universe, started_at=self.typed(given.started_at - timedelta(days=1)), related="PROBABLY RELATED")
        assert (event.period, event.counted_from, event.minutes, event.lots) == ("before", None, None, None)
        assert "AE09" in found(event.record)

    def test_without_a_start_nothing_is_computed(self, universe: Any) -> None:
        assert self.event(universe).period is None

    def test_a_corrected_infusion_moves_its_events(self, universe: Any, given: Any) -> None:
        event = self.event(universe, started_at=self.typed(given.stopped_at + timedelta(hours=30)))
        assert event.period == "delayed"
        later = self.typed(given.stopped_at + timedelta(hours=8))
        universe.fill(given.record, universe.clara, stopped_at=later)
        assert AdverseEvent.objects.get(pk=event.pk).period == "immediate"
        assert FormRecord.objects.get(pk=event.pk).version == 2

    @pytest.mark.parametrize(("term", "grade"), [("headache", 4), ("meningitis", 1), ("anaphylaxis", 2), ("pruritus", 5)])
    def test_a_grade_that_does_not_exist_is_refused(self, universe: Any, term: str, grade: int) -> None:
        with pytest.raises(NotFilled, match=f"has no grade {grade} in CTCAE v5.0. Possible grades: "):
            self.event(universe, coded_term=term, grade=grade)

    def test_an_allergic_reaction_to_the_infusion_is_one_event(self, universe: Any, given: Any) -> None:
        """A03: a question, not a refusal."""
        started = self.typed(given.started_at + timedelta(minutes=20))
        first = self.event(universe, coded_term="infusion_reaction", grade=2, started_at=started)
        assert "AE08" not in found(first.record)
        second = self.event(universe, coded_term="allergic_reaction", grade=2, started_at=started)
        [asked] = second.record.findings.filter(code="AE08")
        assert "There is one for this infusion already." in asked.message

    def test_the_page_shows_what_each_grade_means(self, universe: Any, client_of: Any) -> None:
        record = add_log_record(participant=universe.responder, form="adverse-event", by=universe.clara)
        text = client_of(universe.clara).get(reverse("record", args=[record.pk])).content.decode()
        assert "38.0 to 39.0 °C" in text
        assert '<td data-grade="4" data-impossible>–</td>' in text
