"""The freezers in doses: whole bags, own blood group first, the first to expire first."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import pytest

from analyses.inputs import Child, NextDose
from analyses.supply import Freezer, freezers
from dosing.planner import StockBag
from tests.analyses.test_figures import COHORT

TODAY = date(2026, 3, 2)


def bag(key: str, *, ml: int = 100, group: str = "A", days: int = 100) -> StockBag:
    """Of 50 g/L: 100 mL hold 5 g."""
    return StockBag(key, key, Decimal(ml), Decimal(50), None, TODAY + timedelta(days=days), group)


def waiting(
    number: int = 5, *, kg: int | None = 20, group: str = "A", days: int = 3, site: str = "01", name: str = "01-001"
) -> Child:
    """A child of 20 kg: maintenance 10 g, loading 20 g; dose 5 is the last one."""
    dose = NextDose(number, TODAY + timedelta(days=days), None if kg is None else Decimal(kg), group)
    return replace(COHORT[0], number=name, site=site, next_dose=dose)


def only(children: list[Child], bags: list[StockBag]) -> Freezer:
    [found] = freezers(children, {"01": bags}, TODAY)
    return found


@pytest.mark.parametrize(
    ("child", "bags", "covered", "why"),
    [
        (waiting(), [bag("a"), bag("b")], 1, ""),
        (waiting(), [bag("a", ml=180)], 1, ""),  # 9 g of 10 g: just within the tolerance of 10 %
        (waiting(), [bag("a", ml=179)], 0, "not enough bags of a fitting blood group"),
        (waiting(), [bag("a"), bag("b", group="O")], 0, "not enough bags of a fitting blood group"),
        (waiting(), [bag("a", group="O"), bag("b", group="B")], 0, "no bag of a fitting blood group"),
        (waiting(), [bag("a"), bag("b", group="AB")], 1, ""),
        (waiting(), [bag("a"), bag("b", days=2)], 0, "not enough bags of a fitting blood group"),
        (waiting(), [bag("a"), bag("b", days=3)], 1, ""),
        (waiting(), [], 0, "no bag of a fitting blood group"),
        (waiting(kg=None), [bag("a"), bag("b")], 0, "not weighed yet"),
        (waiting(group=""), [bag("a"), bag("b")], 0, "blood group not known"),
    ],
)
def test_a_dose_is_covered_by_whole_fitting_bags(child: Child, bags: list[StockBag], covered: int, why: str) -> None:
    found = only([child], bags)
    assert (found.next_covered, found.next_doses, found.doses, found.planned) == (covered, 1, covered, 1)
    due = TODAY + timedelta(days=3)
    assert [(short.child, short.on, short.why) for short in found.short] == ([] if covered else [(child, due, why)])


def test_the_loading_dose_is_twice_as_large_and_five_doses_follow() -> None:
    found = only([waiting(0)], [bag(str(n)) for n in range(8)])
    assert (found.next_covered, found.doses, found.planned) == (1, 3, 6), "20 g, then twice 10 g of 40 g"
    assert (found.bags, found.grams) == (8, Decimal(40))


def test_who_is_due_first_is_served_first_and_an_opened_bag_is_used_up() -> None:
    early, late = waiting(days=1), waiting(days=2, name="01-002")
    found = only([late, early], [bag("a", ml=300), bag("b")])
    assert [short.child for short in found.short] == [late], "the rest of bag a is not kept for another day"


def test_of_two_on_one_day_the_lower_number_is_served_first() -> None:
    first, second = waiting(5), waiting(4, name="01-002")
    found = only([second, first], [bag("a"), bag("b")])
    assert [short.child for short in found.short] == [second]


#: Next dose, its day, days until each two bags expire -> doses that they are enough for, of how many.
LATER = {
    "the last dose": (5, 3, (3,), 1, 1),
    "one may follow three weeks later": (4, 3, (3, 24), 2, 2),
    "and its bags expired the day before": (4, 3, (3, 23), 1, 2),
    "two may follow, three weeks apart": (3, 3, (3, 24, 45), 3, 3),
    "and the last bags expired the day before": (3, 3, (3, 24, 44), 2, 3),
    "an overdue dose is followed from today": (4, -9, (3, 21), 2, 2),
    "and its bags expired the day before that": (4, -9, (3, 20), 1, 2),
}


@pytest.mark.parametrize(("number", "due", "expire", "covered", "planned"), LATER.values(), ids=LATER)
def test_doses_that_may_follow_come_three_weeks_apart(
    number: int, due: int, expire: tuple[int, ...], covered: int, planned: int
) -> None:
    pairs = [bag(f"{days}{half}", days=days) for days in expire for half in "ab"]
    found = only([waiting(number, days=due)], pairs)
    assert (found.doses, found.planned) == (covered, planned)


def test_the_own_group_comes_first_then_the_first_to_expire() -> None:
    own, other = waiting(days=1), waiting(days=2, name="01-002", group="AB")
    bags = [bag("ab", ml=200, group="AB", days=5), bag("a", ml=200, days=50)]
    assert only([own, other], bags).next_covered == 2, "group A leaves the AB bag to the child that can have no other"
    later, sooner = bag("later", ml=200, days=100), bag("sooner", ml=200, days=10)
    assert only([waiting(), waiting(days=50, name="01-002")], [later, sooner]).next_covered == 2


def test_each_site_has_its_own_freezer_and_says_what_expires() -> None:
    here, there = bag("a", days=30), bag("b", days=31)
    found = freezers([waiting(site="02"), replace(waiting(site="03"), next_dose=None)], {"01": [here, there]}, TODAY)
    assert [(line.site, line.bags, line.next_doses, line.expiring) for line in found] == [("01", 2, 0, 1), ("02", 0, 1, 0),
                                                                                          ("03", 0, 0, 0)]  # fmt: skip
    assert [line.first_expiry for line in found] == [here.expires_on, None, None]
