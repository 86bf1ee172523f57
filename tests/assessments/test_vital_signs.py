"""Vital signs: soft limits by age on both sides, changes since before an infusion, and the form."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from demo.builder import NotFilled, at
from itp_trial.vital_signs import Signs, changes, hypotension_below, outside, oxygen, usual

#: Age -> usual heart rate; systolic pressure below which it is hypotension.
AGES = {0: ((98, 140), 70), 1: ((98, 140), 72), 2: ((98, 140), 74), 3: ((80, 120), 76), 5: ((80, 120), 80), 6: ((75, 118), 82),
        9: ((75, 118), 88), 10: ((75, 118), 90), 12: ((75, 118), 90)}  # fmt: skip


@pytest.mark.parametrize(("age", "heart_rate", "low"), [(age, *row) for age, row in AGES.items()], ids=map(str, AGES))
def test_limits_by_age(age: int, heart_rate: tuple[int, int], low: int) -> None:
    assert usual(age)["heart_rate"] == heart_rate
    assert hypotension_below(age) == low


#: Sign, number, age -> a part of what is said, or nothing.
OUTSIDE = {
    "heart rate at the limit": ("heart_rate", 120, 4, ""),
    "heart rate above": ("heart_rate", 121, 4, "unusual at 4 years (80 to 120)"),
    "low systolic": ("systolic", 88, 4, "unusual at 4 years (89 to 112)"),
    "hypotension": ("systolic", 77, 4, "is hypotension at 4 years (below 78 mmHg)"),
    "no hypotension yet": ("systolic", 78, 4, "unusual"),
}


@pytest.mark.parametrize(("sign", "number", "age", "text"), OUTSIDE.values(), ids=OUTSIDE)
def test_what_is_outside(sign: str, number: int, age: int, text: str) -> None:
    said = outside(sign, Decimal(number), age)
    assert text in said
    assert bool(text) == bool(said)


@pytest.mark.parametrize(("spo2", "text"), [(94, ""), (93, "look at the child"), (92, "look at the child"), (91, "stop it")])
def test_oxygen(spo2: int, text: str) -> None:
    assert text in oxygen(Decimal(spo2))
    assert bool(text) == bool(oxygen(Decimal(spo2)))


#: What is measured during the infusion -> how many things changed since 100 /min, 100 mmHg, 36.8 C.
CHANGES = {
    "nothing": (Signs(Decimal("37.7"), Decimal(129), None, Decimal(81), None, Decimal(94)), []),
    "heart rate": (Signs(heart_rate=Decimal(130)), ["Heart rate is 30"]),
    "pressure": (Signs(systolic=Decimal(80)), ["Systolic pressure is 20%"]),
    "temperature": (Signs(temperature=Decimal("37.8")), ["Temperature is 1.0"]),
    "oxygen": (Signs(spo2=Decimal(91)), ["SpO2 91"]),
    "not measured": (Signs(), []),
}


@pytest.mark.parametrize(("now", "texts"), CHANGES.values(), ids=CHANGES)
def test_changes_since_before_the_infusion(now: Signs, texts: list[str]) -> None:
    before = Signs(Decimal("36.8"), Decimal(100), Decimal(20), Decimal(100), Decimal(60), Decimal(98))
    assert [said.startswith(text) for said, text in zip(changes(before, now), texts, strict=True)] == [True] * len(texts)
    assert changes(Signs(), now) == [text for text in changes(before, now) if text.startswith("SpO2")]


class TestOnTheForm:
    """The untreated boy is 8."""

    USUAL = {
        "temperature": "36.8",
        "heart_rate": "90",
        "respiratory_rate": "20",
        "systolic": "105",
        "diastolic": "65",
        "spo2": "98",
    }
    ASKED = {
        "usual": ({}, set()),
        "a fast heart": ({"heart_rate": "119"}, {"VIT01"}),
        "fast breathing": ({"respiratory_rate": "26"}, {"VIT02"}),
        "high systolic": ({"systolic": "116"}, {"VIT03"}),
        "high diastolic": ({"diastolic": "77"}, {"VIT04"}),
        "little oxygen": ({"spo2": "93"}, {"VIT05"}),
        "fever": ({"temperature": "38.1"}, {"RANGE"}),
        "not measured": ({"heart_rate": "~ND"}, set()),
    }  # fmt: skip

    @pytest.mark.parametrize(("answers", "codes"), ASKED.values(), ids=ASKED)
    def test_what_is_asked(self, universe: Any, answers: dict[str, str], codes: set[str]) -> None:
        record = universe.record(universe.untreated, "vital-signs", "SCREEN")
        saved = universe.fill(record, universe.clara, **{**self.USUAL, **answers})
        assert {finding.code for finding in saved.open_findings} == codes

    def test_exchanged_pressures_are_refused(self, universe: Any) -> None:
        record = universe.record(universe.untreated, "vital-signs", "SCREEN")
        with pytest.raises(NotFilled, match="Are they exchanged"):
            universe.fill(record, universe.clara, **{**self.USUAL, "systolic": "65", "diastolic": "65"})

    def test_a_child_without_a_birth_date_is_not_judged(self, universe: Any) -> None:
        record = universe.record(universe.screening, "vital-signs", "SCREEN")
        answers = {**self.USUAL, "heart_rate": "200", "measured_at": at(universe.today, 0)}
        assert universe.fill(record, universe.clara, **answers).open_findings == []
