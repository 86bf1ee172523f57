"""What is observed: the checks of the blood count, the bleeding assessment, adverse events and rescues, as tables."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from assessments import smog
from assessments.models import BleedingAssessment
from casebook.actions import add_log_record
from casebook.forms import CrfForm
from casebook.models import FormRecord
from demo.builder import NotFilled, bleeding, no_bleeding
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
        assert found(record) == codes

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
            {"serious": "Y", **dict.fromkeys(("death", "life_threatening", "hospitalised", "disability", "important"), "N")},
            "AE02", True),
        "serious, criteria still open": ({"serious": "Y"}, "AE02", False),
        "serious with a criterion": ({"serious": "Y", "hospitalised": "Y"}, "AE02", False),
        "not serious": ({"serious": "N"}, "AE02", False),
        "grade 5 but recovered": ({"grade": 5, "outcome": "RECOVERED/RESOLVED"}, "AE03", True),
        "fatal but grade 3": ({"grade": 3, "outcome": "FATAL"}, "AE03", True),
        "fatal and grade 5": ({"grade": 5, "outcome": "FATAL"}, "AE03", False),
        "severe and not serious": ({"grade": 3, "serious": "N", "outcome": "RECOVERED/RESOLVED"}, "AE03", False),
    }  # fmt: skip

    @pytest.mark.parametrize(("answers", "code", "asked"), ASKED.values(), ids=ASKED)
    def test_what_is_asked(self, universe: Any, answers: dict[str, Any], code: str, asked: bool) -> None:
        assert (code in found(self.log(universe, "adverse-event", term="x", **answers))) == asked

    def test_aware_before_it_started(self, universe: Any) -> None:
        day = universe.today - timedelta(days=2)
        aware = at(day - timedelta(days=1))
        record = self.log(universe, "adverse-event", term="x", serious="Y", started_at=at(day), aware_at=aware)
        assert "AE04" in found(record)


class TestEpisodesBesideCountsAndAssessments:
    """A bleeding that was written down later must not stay beside a count that says "no bleeding" (a known weak point)."""

    #: Further answers of an episode from day 3 to day 4 of the responder, whose count of day 3 says "no bleeding".
    ASKED = {
        "over the count": ({}, {"BLE02"}),
        "after the count": ({"started_on": 4}, set()),
        "ongoing since before it": ({"started_on": 1, "ongoing": "Y", "ended_on": None}, {"BLE02"}),
        "a grade that the sign does not have": (
            {"started_on": 4, "site_of_bleeding": "intracranial", "peak_grade": 1},
            {"BLE03"},
        ),
        "grade 2 by report only": ({"started_on": 4, "evidence": "report"}, {"BLE04"}),
        "grade 1 by report only": ({"started_on": 4, "evidence": "report", "peak_grade": 1}, set()),
    }

    @pytest.mark.parametrize(("answers", "codes"), ASKED.values(), ids=ASKED)
    def test_an_episode_is_compared(self, universe: Any, answers: dict[str, Any], codes: set[str]) -> None:
        day_0 = universe.today - timedelta(days=11)
        usual = {"site_of_bleeding": "epistaxis", "started_on": 3, "ongoing": "N", "ended_on": 4, "peak_grade": 2}
        both = {**usual, "evidence": "record", **answers}
        dated = {k: day_0 + timedelta(days=v) if k.endswith("_on") and v is not None else v for k, v in both.items()}
        assert found(universe.clinic().log(universe.responder, "bleeding-episode", **dated).record) == codes

    def test_an_assessment_without_bleeding_inside_an_episode_is_asked_about(self, universe: Any) -> None:
        day_0 = universe.today - timedelta(days=11)
        episode = {"site_of_bleeding": "gum", "started_on": day_0, "ongoing": "Y", "peak_grade": 1, "evidence": "seen"}
        saved = universe.clinic().log(universe.responder, "bleeding-episode", **episode)
        assert "bleeding assessment of" in saved.open_findings[0].message
        record = universe.record(universe.responder, "bleeding-assessment", "LOAD")
        universe.fill(record, universe.clara, **no_bleeding(day_0))
        assert found(record) == {"BAT04"}
        universe.fill(record, universe.clara, **bleeding(day_0, gum=1))
        assert found(record) == set()
