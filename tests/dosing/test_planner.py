"""The planner and the ABO rule as tables, and the search of bags against trying every combination."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from itertools import chain, combinations
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dosing.compatibility import GROUPS, match
from dosing.planner import Portion, StockBag, best_bags, plan, rate_steps
from itp_trial.protocol import value

TODAY = date(2026, 3, 5)


def bag(key: str, ml: Any, *, igg: str = "45.4", expires: int = 100, group: str = "A", iga: str | None = "6.8") -> StockBag:
    return StockBag(key, key, Decimal(ml), Decimal(igg), iga and Decimal(iga), TODAY + timedelta(days=expires), group)


def whole(*bags: StockBag) -> list[Portion]:
    return [Portion(each, each.volume_ml) for each in bags]


#: Child x lot -> what the rule says (protocol 5.3).
ABO = {
    "O": {"O": "fits", "A": "warning", "B": "warning", "AB": "warning"},
    "A": {"O": "stop", "A": "fits", "B": "stop", "AB": "warning"},
    "B": {"O": "stop", "A": "stop", "B": "fits", "AB": "warning"},
    "AB": {"O": "stop", "A": "stop", "B": "stop", "AB": "fits"},
}


def test_the_abo_rule() -> None:
    assert {child: {lot: match(child, lot).level for lot in GROUPS} for child in GROUPS} == ABO


def test_the_abo_rule_says_why() -> None:
    assert "carries anti-A and anti-B" in match("AB", "O").text
    assert "carries anti-A and must not be given to a child of group A" in match("A", "B").text
    assert "not the same group" in match("O", "AB").text
    assert match("", "A").level == "unknown"
    assert "of the child is not known" in match("", "A").text
    assert "of the lot is not known" in match("A", "").text


# --- which bags ------------------------------------------------------------------------------------------------------

#: Bags as (mL at 50 g/L, days to expiry), target in g -> the chosen keys.
CHOICES = {
    "exactly one": ([(100, 9), (200, 9)], 5, {"0"}),
    "nearest, not first": ([(95, 1), (100, 99)], 5, {"1"}),
    "equally near: the one that expires first": ([(100, 99), (100, 9)], 5, {"1"}),
    "equally near above and below: the one that expires first": ([(104, 99), (96, 9)], 5, {"1"}),
    "same expiry: the fewest": ([(50, 9), (50, 9), (100, 9)], 5, {"2"}),
    "earlier expiry before fewer bags": ([(100, 99), (50, 9), (50, 9)], 5, {"1", "2"}),
    "nothing within 10 %": ([(89, 9), (111, 9)], 5, set()),
    "just within 10 %": ([(90, 9)], 5, {"0"}),
    "just within 10 % above": ([(110, 9)], 5, {"0"}),
    "a little of the first to expire before all of the second": ([(20, 1), (80, 99), (100, 50)], 5, {"0", "1"}),
    "equally near: more of the first to expire before fewer bags": ([(96, 9), (52, 9), (52, 9)], 5, {"1", "2"}),
    "an empty freezer": ([], 5, set()),
}


@pytest.mark.parametrize(("stock", "target", "expected"), CHOICES.values(), ids=CHOICES)
def test_the_choice_of_bags(stock: list[tuple[int, int]], target: int, expected: set[str]) -> None:
    bags = [bag(str(i), ml, igg="50", expires=days) for i, (ml, days) in enumerate(stock)]
    assert {each.key for each in best_bags(bags, Decimal(target))} == expected


STOCKS = st.lists(st.tuples(st.integers(200, 2200), st.sampled_from([430, 454, 480]), st.sampled_from([9, 60, 200])), max_size=9)


def by_trying_everything(stock: list[StockBag], target: Decimal) -> Any:
    """The definition, word for word: nearest, then earliest expiry, then fewest."""
    low, goal, high = (int(target * part / Decimal("0.01")) for part in (Decimal("0.9"), 1, Decimal("1.1")))
    expiries = sorted({each.expires_on for each in stock})

    def rank(chosen: tuple[StockBag, ...]) -> Any:
        per_expiry = [-sum(b.units for b in chosen if b.expires_on == day) for day in expiries]
        return abs(sum(b.units for b in chosen) - goal), per_expiry, len(chosen)

    subsets = chain.from_iterable(combinations(stock, size) for size in range(1, len(stock) + 1))
    allowed = [chosen for chosen in subsets if low <= sum(b.units for b in chosen) <= high]
    return min(map(rank, allowed)) if allowed else None, rank


@given(STOCKS, st.integers(50, 800))
@settings(max_examples=150, deadline=None, database=None)
def test_the_search_finds_what_trying_everything_finds(drawn: list[tuple[int, int, int]], tenths: int) -> None:
    stock = [bag(str(i), Decimal(ml) / 10, igg=str(Decimal(igg) / 10), expires=days) for i, (ml, igg, days) in enumerate(drawn)]
    target = Decimal(tenths) / 10
    expected, rank = by_trying_everything(stock, target)
    found = best_bags(stock, target)
    assert (rank(found) if found else None) == expected
    assert len({each.key for each in found}) == len(found), "no bag twice"


def test_fifty_bags_for_the_heaviest_child() -> None:
    stock = [bag(str(i), 50 + 3 * i, expires=i % 4 + 1) for i in range(50)]
    found = best_bags(stock, Decimal(80))
    assert abs(sum(each.grams for each in found) - 80) < Decimal("0.02")


# --- the whole plan --------------------------------------------------------------------------------------------------


def test_a_plan_of_nothing_has_exact_zeros() -> None:
    assert isinstance(plan(0, Decimal(20), TODAY, TODAY, [], "A").volume_ml, Decimal)


def test_g09_a_loading_dose() -> None:
    """20.0 kg: 440 mL at 45.4 g/L are 19.98 g, 1.00 g/kg; and what follows from the volume."""
    found = plan(0, Decimal(20), TODAY, TODAY, whole(bag("1", 220), bag("2", 220)), "A")
    assert (found.target_g, found.grams.quantize(Decimal("0.01")), found.volume_ml) == (20, Decimal("19.98"), 440)
    assert (found.ml_per_kg, found.percent) == (22, Decimal("99.9"))
    assert (found.iga_mg, found.iga_mg_per_kg) == (2992, Decimal("149.6")), "about 150 mg/kg (protocol 5.2)"
    assert [step.ml_per_kg_h for step in found.steps] == [Decimal("0.5"), 1, 2, Decimal("3.2")]
    assert found.hours <= 8
    assert [finding.level for finding in found.findings] == ["note"]
    assert (found.stops, found.needs_reason) == ((), False)


#: mL/kg, dose number -> the last rate in mL/kg/h and the hours.
SPEEDS = {
    "loading, 22 mL/kg: a little faster than usual": (22, 0, "3.2", "7.83"),
    "loading, 16.5 mL/kg: as usual": (Decimal("16.5"), 0, "3", "6.42"),
    "loading, 14 mL/kg: slower": (14, 0, "2.7", "6.04"),
    "maintenance, 11 mL/kg: as usual": (11, 1, "3", "4.58"),
    "maintenance, 3 mL/kg: slower": (3, 1, "0.8", "3.06"),
}


@pytest.mark.parametrize(("ml_per_kg", "number", "last", "hours"), SPEEDS.values(), ids=SPEEDS)
def test_rate_steps(ml_per_kg: Any, number: int, last: str, hours: str) -> None:
    steps, took = rate_steps(Decimal(ml_per_kg), Decimal(10), number)
    assert [step.minute for step in steps] == [0, 30, 60, 90]
    assert [step.ml_per_kg_h for step in steps[:-1]] == [Decimal("0.5"), 1, 2]
    assert (steps[-1].ml_per_kg_h, steps[-1].ml_per_h) == (Decimal(last), Decimal(last) * 10)
    assert took.quantize(Decimal("0.01")) == Decimal(hours)


def test_a_very_small_volume_ends_before_the_last_step() -> None:
    steps, took = rate_steps(Decimal("0.3"), Decimal(10), 1)
    assert ([step.minute for step in steps], took) == ([0, 30], Decimal("0.55"))
    assert rate_steps(Decimal(0), Decimal(10), 1) == ((), 0)


@given(st.integers(1, 400), st.integers(0, 5))
def test_the_steps_give_exactly_the_volume(tenths: int, number: int) -> None:
    steps, took = rate_steps(Decimal(tenths) / 10, Decimal(10), number)
    ends = [Decimal(step.minute) / 60 for step in steps[1:]] + [took]
    volume = sum(step.ml_per_kg_h * (end - Decimal(step.minute) / 60) for step, end in zip(steps, ends, strict=True))
    assert abs(volume - Decimal(tenths) / 10) < Decimal("0.000001")
    assert took <= value("LOAD_HOURS_MAX")


#: What is planned -> topics with their level.
UNUSUAL = {
    "nothing wrong": ({}, set()),
    "weight 8 days old": ({"weight_on": TODAY - timedelta(days=8)}, {("weight", "query")}),
    "weight 7 days old": ({"weight_on": TODAY - timedelta(days=7)}, set()),
    "weight of tomorrow": ({"weight_on": TODAY + timedelta(days=1)}, {("weight", "query")}),
    "12 % too much": ({"portions": whole(bag("1", 123))}, {("dose", "deviation")}),
    "a third": ({"portions": whole(bag("1", 10))}, {("partial", "deviation"), ("duration", "warning")}),
    "nothing chosen": ({"portions": []}, set()),
    "group not known": ({"child_group": ""}, {("group", "query")}),
    "another group": ({"portions": whole(bag("1", 110, group="AB"))}, {("group", "warning")}),
    "thin product": ({"portions": whole(bag("1", 250, igg="20")), "number": 0, "weight_kg": Decimal(5)},
                     {("rate", "query")}),
    "rather thin product": ({"portions": whole(bag("1", 140, igg="35.8")), "number": 0, "weight_kg": Decimal(5)},
                            {("rate", "warning")}),
}  # fmt: skip


@pytest.mark.parametrize(("change", "expected"), UNUSUAL.values(), ids=UNUSUAL)
def test_what_the_plan_says(change: dict[str, Any], expected: set[tuple[str, str]]) -> None:
    usual = {"number": 1, "weight_kg": Decimal(10), "weight_on": TODAY, "today": TODAY, "portions": whole(bag("1", 110)),
             "child_group": "A"}  # fmt: skip
    found = plan(**{**usual, **change})
    assert {(f.topic, f.level) for f in found.findings} == expected
    assert found.needs_reason == any(level in ("query", "deviation") for _, level in expected)
    assert found.stops == ()


def test_a_wrong_group_stops_the_plan() -> None:
    found = plan(1, Decimal(10), TODAY, TODAY, whole(bag("X", 110, group="O")), "A")
    assert found.stops == ("X: A lot of group O carries anti-A and must not be given to a child of group A.",)


def test_iga_is_not_guessed() -> None:
    assert plan(1, Decimal(10), TODAY, TODAY, whole(bag("1", 60), bag("2", 50, iga=None)), "A").iga_mg is None
