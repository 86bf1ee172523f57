"""Weight and height by age and sex, changes of weight, and what the form does with them."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from demo.builder import NotFilled
from itp_trial.growth import Weighed, height_limits, surprising_change, weight_limits

#: Sex, age in months -> usual kg, possible kg.
KG = {
    "a boy on the first birthday": ("M", 12, "6.9", "13.3", "5", "16"),
    "a girl on the first birthday": ("F", 12, "6.3", "13.1", "5", "16"),
    "a boy half way to two": ("M", 18, "7.8", "15.2", "6", "18.5"),
    "a girl on the tenth birthday": ("F", 120, "20.3", "59.2", "16", "80"),
    "a girl of 10 years and 9 months": ("F", 129, "20.3", "59.2", "16", "80"),
    "a boy before the first birthday": ("M", 9, "6.9", "13.3", "5", "16"),
}


@pytest.mark.parametrize(("sex", "months", "low", "high", "least", "most"), KG.values(), ids=KG)
def test_weights(sex: Any, months: int, low: str, high: str, least: str, most: str) -> None:
    found = weight_limits(sex, months)
    assert (found.low, found.high, found.least, found.most) == tuple(map(Decimal, (low, high, least, most)))
    assert found.is_usual(found.low)
    assert not found.is_usual(found.low - Decimal("0.1"))
    assert found.is_possible(found.most)
    assert not found.is_possible(found.most + Decimal("0.1"))


def test_heights_are_possible_to_one_more_standard_deviation() -> None:
    found = height_limits("M", 60)
    assert (found.low, found.high, found.least, found.most) == tuple(map(Decimal, ("96.1", "123.9", "91.5", "128.5")))


@given(st.sampled_from(["F", "M"]), st.integers(0, 140))
def test_limits_lie_inside_each_other_and_never_shrink_with_age(sex: Any, months: int) -> None:
    for of in (weight_limits, height_limits):
        now, later = of(sex, months), of(sex, months + 1)
        assert now.least < now.low < now.high < now.most
        assert (later.least, later.low, later.high, later.most) >= (now.least, now.low, now.high, now.most)


#: kg before and after, days between -> what is said.
CHANGES = {
    "10 % in 5 weeks": ("20", "22", 35, ""),
    "more than 10 % in 5 weeks": ("20", "22.1", 35, "more than 10% in at most 35 days"),
    "more than 10 % in more time": ("20", "22.1", 36, ""),
    "5 % lost": ("20", "19", 90, ""),
    "more than 5 % lost": ("20", "18.9", 90, "a loss of more than 5%"),
    "more than 10 % lost at once": ("20", "17.9", 7, "more than 10% in at most 35 days"),
    "an older weight": ("20", "10", -7, ""),
}


@pytest.mark.parametrize(("before", "now", "days", "text"), CHANGES.values(), ids=CHANGES)
def test_changes_of_weight(before: str, now: str, days: int, text: str) -> None:
    said = surprising_change(
        Weighed(date(2026, 3, 1), Decimal(before)), Weighed(date(2026, 3, 1) + timedelta(days), Decimal(now))
    )
    assert text in said
    assert bool(text) == bool(said)


class TestOnTheForm:
    """The untreated boy is 8 years and some months old; no weight of his is stored besides the one of screening."""

    #: Weight, height -> findings (17.9-43.1 kg usual at 8 years and 3 months, 13.5-62.5 possible).
    ASKED = {
        "usual": ("25", "128", set()),
        "light": ("17", "128", {"GRO03", "GRO05"}),
        "short": ("25", "110", {"GRO04"}),
        "a change within limits": ("27.5", "128", set()),
        "a change": ("30.5", "128", {"GRO05"}),
    }

    @pytest.fixture
    def record(self, universe: Any) -> Any:
        universe.fill(universe.record(universe.untreated, "growth", "SCREEN"), universe.clara, weight_kg="26", reason="typing")
        return universe.record(universe.untreated, "growth", "SCREEN")

    @pytest.mark.parametrize(("kg", "cm", "codes"), ASKED.values(), ids=ASKED)
    def test_what_is_asked(self, universe: Any, record: Any, kg: str, cm: str, codes: set[str]) -> None:
        weighed = universe.record(universe.untreated, "infusion", "LOAD")
        universe.fill(weighed, universe.clara, weight_kg="26", weight_on=universe.today - timedelta(days=5))
        saved = universe.fill(record, universe.clara, weight_kg=kg, height_cm=cm, reason="typing")
        assert {finding.code for finding in saved.open_findings} == codes

    @pytest.mark.parametrize(("kg", "cm", "text"), [("12", "128", "12 kg cannot be"), ("25", "90", "90 cm cannot be")])
    def test_what_is_refused(self, universe: Any, record: Any, kg: str, cm: str, text: str) -> None:
        with pytest.raises(NotFilled, match=text):
            universe.fill(record, universe.clara, weight_kg=kg, height_cm=cm)

    def test_the_body_mass_index_is_computed(self, universe: Any, record: Any) -> None:
        assert universe.fill(record, universe.clara, weight_kg="25", height_cm="125").record.crf().bmi == 16
        assert universe.fill(record, universe.clara, height_cm="~ND").record.crf().bmi is None

    def test_a_child_without_a_birth_date_is_not_judged(self, universe: Any) -> None:
        record = universe.record(universe.screening, "growth", "SCREEN")
        saved = universe.fill(record, universe.clara, measured_on=universe.today, weight_kg="6", height_cm="160")
        assert saved.open_findings == []
