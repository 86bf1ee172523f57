"""What other medicines mean for the trial, and when a live vaccine has to wait."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest

from assessments.therapy import Drug, Flag, Purpose, flag
from assessments.vaccines import Dose, months_to_wait, warning
from casebook.models import FormRecord
from demo.builder import NotFilled

#: What is given, for what -> what it means.
FLAGS = {
    "a steroid for platelets": (Drug.STEROID, Purpose.ITP, Flag.RESCUE),
    "a steroid before an infusion": (Drug.STEROID, Purpose.PREMEDICATION, Flag.STEROID_PREMEDICATION),
    "a steroid for asthma": (Drug.STEROID, Purpose.OTHER, Flag.RAISES_PLATELETS),
    "a steroid from before": (Drug.STEROID, Purpose.CONTINUED, Flag.CONTINUED),
    "IVIG for another reason": (Drug.IVIG, Purpose.OTHER, Flag.RESCUE),
    "platelets before a procedure": (Drug.PLATELETS, Purpose.OTHER, Flag.RESCUE),
    "platelets, called continued": (Drug.PLATELETS, Purpose.CONTINUED, Flag.RESCUE),
    "a TPO agonist from before": (Drug.TPO_RA, Purpose.CONTINUED, Flag.CONTINUED),
    "tranexamic acid": (Drug.ANTIFIBRINOLYTIC, Purpose.ITP, Flag.ADJUNCTIVE),
    "red cells": (Drug.RED_CELLS, Purpose.ITP, Flag.ADJUNCTIVE),
    "ibuprofen": (Drug.NSAID, Purpose.OTHER, Flag.AVOID),
    "aspirin, whatever for": (Drug.ASPIRIN, Purpose.PREMEDICATION, Flag.AVOID),
    "paracetamol": (Drug.PARACETAMOL, Purpose.PREMEDICATION, Flag.NONE),
}


@pytest.mark.parametrize(("drug", "purpose", "meaning"), FLAGS.values(), ids=FLAGS)
def test_what_a_medicine_means(drug: Drug, purpose: Purpose, meaning: Flag) -> None:
    assert flag(drug, purpose) == meaning


@pytest.mark.parametrize(
    ("dose", "months"), [("0.4", 8), ("0.44", 8), ("0.45", 10), ("0.5", 10), ("1.1", 10), ("1.11", 11), ("2.0", 11), ("3.0", 11)]
)
def test_how_long_a_live_vaccine_waits(dose: str, months: int) -> None:
    assert months_to_wait(Decimal(dose)) == months


#: Days of doses and g/kg, day of the vaccine -> a part of the warning.
WAITS = {
    "A12: five months after 1 g/kg": ([(date(2026, 1, 10), "1.0")], date(2026, 6, 10), "wait 10 months, until 10 Nov 2026"),
    "the day before": ([(date(2026, 1, 10), "1.0")], date(2026, 11, 9), "until 10 Nov 2026"),
    "on the day": ([(date(2026, 1, 10), "1.0")], date(2026, 11, 10), ""),
    "a later dose decides": (
        [(date(2026, 1, 10), "1.0"), (date(2026, 3, 10), "0.5")], date(2026, 12, 1), "IVIG of 0.50 g/kg was given on 10 Mar"),
    "a dose after the vaccine": ([(date(2026, 1, 10), "1.0")], date(2026, 1, 9), ""),
    "no dose": ([], date(2026, 1, 9), ""),
}  # fmt: skip


@pytest.mark.parametrize(("doses", "on", "text"), WAITS.values(), ids=WAITS)
def test_warnings_about_live_vaccines(doses: list[tuple[date, str]], on: date, text: str) -> None:
    said = warning(on, [Dose(day, Decimal(g)) for day, g in doses])
    assert text in said
    assert bool(text) == bool(said)


def found(record: FormRecord) -> set[str]:
    return set(record.findings.filter(state="open").values_list("code", flat=True))


class TestOnTheForms:
    #: Kind, purpose and further answers -> findings. The responder has 12 on day 0 and 60 on day 3.
    ASKED = {
        "paracetamol": ("paracetamol", "premedication", {}, set()),
        "rescue in the wrong form": ("steroid", "itp", {}, {"CMT02"}),
        "ibuprofen": ("nsaid", "other", {}, {"CMT03"}),
        "steroid premedication": ("steroid", "premedication", {}, {"CMT04"}),
        "into the muscle with a low count": ("antibiotic", "other", {"route": "INTRAMUSCULAR", "started_on": 1}, {"CMT05"}),
        "into the muscle with a higher one": ("antibiotic", "other", {"route": "INTRAMUSCULAR", "started_on": 3}, set()),
        "into the muscle without a count": ("antibiotic", "other", {"route": "INTRAMUSCULAR", "started_on": -3}, set()),
        "continued beyond what screening says": ("steroid", "continued", {"ongoing": "N", "ended_on": 9}, {"CMT06"}),
        "purpose not known": ("steroid", None, {}, {"MISSING"}),
    }  # fmt: skip

    def log(self, universe: Any, form: str, **answers: Any) -> FormRecord:
        day_0 = universe.today - timedelta(days=11)
        dated = {k: day_0 + timedelta(days=v) if k.endswith("on") and isinstance(v, int) else v for k, v in answers.items()}
        return universe.clinic().log(universe.responder, form, **dated).record

    @pytest.mark.parametrize(("kind", "purpose", "more", "codes"), ASKED.values(), ids=ASKED)
    def test_what_a_therapy_asks(self, universe: Any, kind: str, purpose: str, more: dict[str, Any], codes: set[str]) -> None:
        usual = {"drug": "X", "route": "ORAL", "dose": "1", "started_on": 5, "ongoing": "Y"}
        assert found(self.log(universe, "therapy", **{**usual, "kind": kind, "purpose": purpose, **more})) == codes

    def test_a_rescue_that_is_entered_as_such_is_settled(self, universe: Any) -> None:
        self.log(universe, "rescue", kind="corticosteroid", started_on=5, ongoing="Y", dose="1", why="Bleeding")
        usual = {"drug": "X", "route": "ORAL", "dose": "1", "started_on": 5, "ongoing": "Y", "kind": "steroid", "purpose": "itp"}
        assert found(self.log(universe, "therapy", **usual)) == set()

    def test_a_continued_therapy_that_screening_knows_is_settled(self, universe: Any) -> None:
        last = universe.today - timedelta(days=2)
        screening = universe.record(universe.responder, "screening", "SCREEN")
        universe.fill(screening, universe.clara, steroids="Y", other_therapy_end=last)
        usual = {"drug": "X", "route": "ORAL", "dose": "1", "started_on": -20, "ongoing": "N", "ended_on": last}
        assert found(self.log(universe, "therapy", kind="steroid", purpose="continued", **usual)) == set()

    def test_a_therapy_that_ended_first_is_refused(self, universe: Any) -> None:
        with pytest.raises(NotFilled, match="last given before it started"):
            self.log(universe, "therapy", started_on=5, ongoing="N", ended_on=4)

    VACCINES = {
        "MMR after the dose": ("mmr", 5, {"VAC01"}),
        "MMR ten months after it": ("mmr", 306, set()),
        "an inactivated one": ("inactivated", 5, set()),
        "OPV": ("opv", 5, set()),
    }

    @pytest.mark.parametrize(("vaccine", "day", "codes"), VACCINES.values(), ids=VACCINES)
    def test_what_a_vaccination_asks(self, universe: Any, vaccine: str, day: int, codes: set[str]) -> None:
        assert found(self.log(universe, "vaccination", vaccine=vaccine, given="N", on=day)) == codes

    def test_a_vaccine_given_in_the_future_is_refused(self, universe: Any) -> None:
        assert found(self.log(universe, "vaccination", vaccine="opv", given="Y", on=11)) == set(), "today is no future"
        with pytest.raises(NotFilled, match="lies in the future"):
            self.log(universe, "vaccination", vaccine="opv", given="Y", on=12)
