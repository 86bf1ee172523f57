"""The contact after an infusion and the haemoglobin check: when they are planned, what they ask, what follows."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from assessments.crfs.contact import SYMPTOMS
from casebook.actions import add_unscheduled_visit
from casebook.models import FormRecord
from demo.builder import at


@pytest.fixture
def day_0(universe: Any) -> date:
    """The responder had its loading dose from 09:30 to 16:30; haemoglobin 11.8 at 08:30, and on days 3 and 10."""
    return universe.today - timedelta(days=11)


def found(record: FormRecord) -> set[str]:
    return set(record.findings.filter(state="open").values_list("code", flat=True))


class TestContact:
    ASKED = {
        "well": ({"any_symptom": "N"}, set()),
        "before day 4": ({"called_at": 3, "any_symptom": "N"}, {"CTC01"}),
        "on day 4": ({"called_at": 4, "any_symptom": "N"}, set()),
        "on day 7": ({"called_at": 7, "any_symptom": "N"}, set()),
        "after day 7": ({"called_at": 8, "any_symptom": "N"}, {"CTC01"}),
        "a complaint that nobody names": ({"any_symptom": "Y", **dict.fromkeys(SYMPTOMS, "N")}, {"CTC02"}),
        "a complaint not yet named": ({"any_symptom": "Y", **dict.fromkeys(SYMPTOMS, None)}, {"MISSING"}),
        "a headache": ({"any_symptom": "Y", **dict.fromkeys(SYMPTOMS, "N"), "headache": "Y"}, {"CTC03"}),
        "something else": ({"any_symptom": "Y", **dict.fromkeys(SYMPTOMS, "N"), "other": "Nosebleed"}, {"CTC03"}),
        "dark urine": ({"any_symptom": "Y", **dict.fromkeys(SYMPTOMS, "N"), "urine": "Y"}, {"CTC03", "CTC04"}),
        "headache and stiff neck": (
            {"any_symptom": "Y", **dict.fromkeys(SYMPTOMS, "N"), "headache": "Y", "neck": "Y"}, {"CTC03", "CTC05"}),
        "not reached": ({"reached": "N", "why_not": "Three calls"}, set()),
    }  # fmt: skip

    def fill(self, universe: Any, day_0: date, **answers: Any) -> FormRecord:
        record = universe.record(universe.responder, "contact", "C0")
        if "called_at" in answers:
            answers["called_at"] = at(day_0 + timedelta(days=answers["called_at"]), 11)
        universe.fill(record, universe.clara, **answers)
        return record

    @pytest.mark.parametrize(("answers", "codes"), ASKED.values(), ids=ASKED)
    def test_what_is_asked(self, universe: Any, day_0: date, answers: dict[str, Any], codes: set[str]) -> None:
        assert found(self.fill(universe, day_0, **answers)) == codes

    def test_no_complaint_writes_no_for_every_symptom(self, universe: Any, day_0: date) -> None:
        crf = self.fill(universe, day_0, any_symptom="N").crf()
        assert {getattr(crf, code) for code in SYMPTOMS} == {"N"}

    def test_an_event_that_is_entered_settles_the_complaint(self, universe: Any, day_0: date) -> None:
        answers = {"any_symptom": "Y", **dict.fromkeys(SYMPTOMS, "N"), "fever": "Y"}
        universe.clinic().log(universe.responder, "adverse-event", term="Cold", started_at=at(day_0 - timedelta(days=1), 9))
        assert found(self.fill(universe, day_0, **answers)) == {"CTC03"}, "an event before the infusion is another one"
        universe.clinic().log(universe.responder, "adverse-event", term="Fever", started_at=at(day_0 + timedelta(days=2), 9))
        assert found(self.fill(universe, day_0, other="38.4 C")) == set()

    def test_every_infusion_plans_its_contact(self, universe: Any, day_0: date) -> None:
        visit = universe.responder.visits.get(code="C0")
        assert (visit.opens, visit.closes) == (day_0 + timedelta(days=4), day_0 + timedelta(days=7))

    def test_before_any_infusion_no_event_is_wanted(self, universe: Any, day_0: date) -> None:
        answers = {"any_symptom": "Y", **dict.fromkeys(SYMPTOMS, "N"), "fever": "Y", "called_at": -1}
        assert "CTC03" not in found(self.fill(universe, day_0, **answers))


class TestHaemoglobinCheck:
    #: Days and hour after day 0, haemoglobin, antiglobulin test -> findings (the infusion ended at 16:30; 11.8 before).
    ASKED = {
        "36 hours, no fall": (2, 4.5, "11.8", None, set()),
        "35 hours": (2, 3.5, "11.8", None, {"HBC02"}),
        "96 hours": (4, 16.5, "11.8", None, set()),
        "97 hours": (4, 17.5, "11.8", None, {"HBC02"}),
        "a fall of 0.9": (3, 9, "10.9", None, set()),
        "a fall of 1.0 without antiglobulin test": (3, 9, "10.8", None, {"HBC03"}),
        "a fall of 1.0 with it": (3, 9, "10.8", "NEG", set()),
        "a fall of 1.9 with it": (3, 9, "9.9", "NEG", set()),
        "a fall of 2.0": (3, 9, "9.8", "IGG", {"HBC01"}),
        "before any infusion": (-1, 9, "9.8", None, {"HBC04"}),
    }  # fmt: skip

    def fill(self, universe: Any, on: date, **answers: Any) -> FormRecord:
        form = "haemoglobin-check"
        visit = add_unscheduled_visit(participant=universe.responder, on=on, forms=[form], by=universe.clara)
        record = universe.record(universe.responder, form, "UNS", visit.repeat)
        return universe.fill(record, universe.clara, **answers).record

    @pytest.mark.parametrize(("days", "hour", "haemoglobin", "dat", "codes"), ASKED.values(), ids=ASKED)
    def test_what_is_asked(
        self, universe: Any, day_0: date, days: int, hour: float, haemoglobin: str, dat: str | None, codes: set[str]
    ) -> None:
        on = day_0 + timedelta(days=days)
        taken = at(on, int(hour), int(hour % 1 * 60))
        assert found(self.fill(universe, on, taken_at=taken, haemoglobin=haemoglobin, dat=dat)) == codes

    def test_what_is_computed(self, universe: Any, day_0: date) -> None:
        on = day_0 + timedelta(days=3)
        crf = self.fill(universe, on, taken_at=at(on, 16, 30), haemoglobin="105 g/L").crf()
        assert (crf.hours, float(crf.before), float(crf.fall), crf.haemoglobin_printed) == (72, 11.8, 1.3, "105 g/L")

    def test_nothing_is_computed_without_a_time(self, universe: Any, day_0: date) -> None:
        crf = self.fill(universe, day_0, haemoglobin="10").crf()
        assert (crf.hours, crf.before, crf.fall) == (None, None, None)

    #: Blood group of the child -> is a check planned after its first maintenance dose?
    @pytest.mark.parametrize(("abo", "planned"), [("O", False), ("AB", True), (None, True)])
    def test_it_is_planned_for_children_who_are_not_of_group_o(self, universe: Any, day_0: date, abo: str, planned: bool) -> None:
        group = universe.record(universe.responder, "blood-group", "SCREEN")
        universe.fill(group, universe.clara, first_abo=abo, second_abo=abo, reason="typing")
        given = universe.today - timedelta(days=1)
        universe.fill(universe.record(universe.responder, "infusion", "M1"), universe.clara, started_at=at(given, 9))
        visit = universe.responder.visits.filter(code="M1HB").first()
        assert (visit is not None) == planned
        if visit:
            assert visit.target == given + timedelta(days=3)
            assert [record.form for record in visit.records.all()] == ["haemoglobin-check"]

    def test_after_the_loading_dose_the_count_of_day_3_is_the_check(self, universe: Any) -> None:
        assert not universe.responder.visits.filter(code__endswith="HB").exists()
