"""Platelet counts of all children: which counts are told, the order of the visits, and the axes they are drawn on."""

from __future__ import annotations

import re
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from analyses import paper
from analyses.inputs import Child, VisitCount
from analyses.platelets import courses
from tests.analyses.test_figures import TODAY, child, rows
from tests.responses.courses import day

CURVES, VISITS, BEST = "platelet-courses", "platelets-by-visit", "best-count"


def planned(*counts: tuple[str, int, int]) -> Child:
    """A child with these counts: visit, study day, count."""
    return replace(child("01-001", {3: 60}), counts=tuple(VisitCount(visit, day(on), Decimal(n)) for visit, on, n in counts))


#: Counts, baseline -> what is told of the child.
COURSES: dict[str, tuple[dict[int, Any], int | None, list[tuple[int, int]]]] = {
    "the baseline first": ({3: 60, 10: 70}, 10, [(0, 10), (3, 60), (10, 70)]),
    "from day 1 on": ({1: 40, 2: 50}, 10, [(0, 10), (1, 40), (2, 50)]),
    "what came before Day 0 is in the baseline": ({-2: 9, 3: 60}, 10, [(0, 10), (3, 60)]),
    "without a baseline": ({3: 120, 10: 130}, None, [(3, 120), (10, 130)]),
    "nothing": ({}, None, []),
}


@pytest.mark.parametrize(("counts", "baseline", "told"), COURSES.values(), ids=COURSES)
def test_the_course_of_a_child(counts: dict[int, Any], baseline: int | None, told: list[tuple[int, int]]) -> None:
    assert courses(child("01-001", counts, baseline=baseline)) == told


def test_a_child_without_a_baseline_has_a_best_count() -> None:
    assert rows(BEST, [child("01-001", {1: 130, 8: 120}, baseline=None)]) == [("01-001", "130", "missing", "CR")]
    assert rows(BEST, [child("01-001", {})]) == [], "the baseline alone is no count after Day 0"


def test_the_last_count_of_a_visit_speaks_for_it() -> None:
    assert rows(VISITS, [planned(("D3", 4, 90), ("D3", 2, 30), ("UNS", 6, 70))]) == [("Count day 3", "1", "90.0", "90.0", "90.0")]


def test_visits_stand_in_the_order_of_the_schedule() -> None:
    seen = [planned(("FU1", 60, 50), ("M1", 21, 40), ("D13", 13, 30), ("D3", 3, 20), ("LOAD", 0, 10))]
    names = ["Loading dose", "Count day 3", "Count day 12-14", "Maintenance dose 1", "Follow-up month 1"]
    assert [row[0] for row in rows(VISITS, seen)] == names
    assert [text for _, text in ticks(VISITS, seen)[1] if text != "visit"] == ["LOAD", "D3", "D13", "M1", "FU1"]


# --- the drawings


def drawn(slug: str, children: list[Child]) -> str:
    return paper.figure(slug, children, TODAY).svg


def ticks(slug: str, children: list[Child]) -> tuple[list[str], list[tuple[float, str]]]:
    """What stands beside the upright axis and, with its place, below the other."""
    texts = re.findall(r'<text x="([0-9.]+)" y="[0-9.]+" text-anchor="(\w+)"[^>]*>([^<]*)</text>', drawn(slug, children))
    return [said for _, anchor, said in texts if anchor == "end"], [(float(x), said) for x, anchor, said in texts
                                                                    if anchor == "middle"]  # fmt: skip


#: Figure, highest count -> the highest tick.
TOPS = {
    "courses to 300": (CURVES, 300, "300"), "courses above": (CURVES, 301, "1000"),
    "visits to 300": (VISITS, 300, "300"), "visits above": (VISITS, 301, "1000"),
    "best to 300": (BEST, 300, "300"), "best above": (BEST, 301, "1000"),
}  # fmt: skip


@pytest.mark.parametrize(("slug", "highest", "top"), TOPS.values(), ids=TOPS)
def test_the_axis_reaches_the_highest_count(slug: str, highest: int, top: str) -> None:
    high = replace(child("01-001", {3: highest}), counts=(VisitCount("D3", day(3), Decimal(highest)),))
    low = replace(child("01-002", {3: 20, 10: 30}), counts=(VisitCount("D13", day(13), Decimal(30)),))
    beside = [said for said in ticks(slug, [high, low])[0] if said.isdigit()]
    assert beside[-1] == top
    assert [said for said in ticks(slug, [high])[0] if said.isdigit()] == beside, "one child alone"


#: Last study day -> the days below the courses: ten steps at most, one day at least.
DAYS = {0: [0, 1], 1: [0, 1], 2: [0, 1, 2], 9: [*range(10)], 90: [*range(0, 91, 10)], 120: [*range(0, 127, 14)]}


@pytest.mark.parametrize(("last", "below"), DAYS.items())
def test_the_days_below_the_courses(last: int, below: list[int]) -> None:
    assert [said for _, said in ticks(CURVES, [child("01-001", {last: 50} if last else {}, doses=(0,))])[1]] == [*map(str, below)]


def test_a_count_of_nothing_is_drawn_at_the_foot_of_the_axis() -> None:
    """The axis runs from 300 (no platelets) up to 40."""
    [x] = {x for x, said in ticks(VISITS, [planned(("D3", 3, 0))])[1] if said == "D3"}
    picture = drawn(VISITS, [planned(("D3", 3, 0))])
    assert f'<circle cx="{x:g}" cy="300"' in picture
    assert f'<line x1="{x:g}" y1="300" x2="{x:g}" y2="300"' in picture
    assert f'<polyline points="{x:g},300"' in picture
