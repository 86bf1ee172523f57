"""Before, during and after treatment: which answer speaks of which time, and the change against before."""

from __future__ import annotations

from dataclasses import replace

import pytest

from analyses.inputs import Child, DailyLife
from analyses.periods import Period, against, by_period, last_infusion
from tests.analyses.test_figures import child
from tests.responses.courses import day

BEFORE, DURING, AFTER = Period.BEFORE, Period.DURING, Period.AFTER
#: Doses on days 0 and 14; treatment is over.
TREATED = child("01-001", {3: 120}, doses=(0, 14))
ON_TREATMENT = replace(TREATED, course=replace(TREATED.course, on_treatment=True))
NOT_TREATED = replace(TREATED, course=replace(TREATED.course, day_0=None, doses=()), doses=())

#: Child, days on which it was asked -> the times that the answers speak of, the earliest answer first.
ASKED = {
    "Day 0 still is before": (TREATED, (0,), [BEFORE]),
    "the time since a day of treatment": (TREATED, (0, 13, 40), [BEFORE, DURING, DURING]),
    "the time since the last infusion": (TREATED, (0, 14, 40), [BEFORE, DURING, AFTER]),
    "in any order": (TREATED, (40, 14, 0), [BEFORE, DURING, AFTER]),
    "asked for the first time after treatment: about all of it": (TREATED, (40, 60), [DURING, AFTER]),
    "a further dose may follow": (ON_TREATMENT, (0, 40, 60), [BEFORE, DURING, DURING]),
    "not treated": (NOT_TREATED, (0, 40), [BEFORE, BEFORE]),
}


@pytest.mark.parametrize(("of", "days", "expected"), ASKED.values(), ids=ASKED)
def test_the_time_that_an_answer_speaks_of(of: Child, days: tuple[int, ...], expected: list[Period]) -> None:
    found = list(by_period(of, [DailyLife("FU1", day(on)) for on in days]))
    assert [period for period, _ in found] == expected
    assert [answer.on for _, answer in found] == [day(on) for on in sorted(days)]


def test_treatment_ends_with_the_last_infusion() -> None:
    assert [last_infusion(each) for each in (TREATED, ON_TREATMENT, NOT_TREATED)] == [day(14), None, None]


#: Before and then, a place for each child -> the change.
CHANGES = {
    "all": ([1.0, 2.0, 3.0], [3.0, 2.0, 1.0], "0.0 (-1.0 to 1.0), n = 3"),
    "those with both": ([1.0, None, 3.0], [5.0, 2.0, None], "4.0 (4.0 to 4.0), n = 1"),
    "nobody with both": ([1.0, None], [None, 2.0], ""),
    "nobody": ([], [], ""),
}


@pytest.mark.parametrize(("before", "then", "text"), CHANGES.values(), ids=CHANGES)
def test_the_change_of_those_with_both_values(before: list[float | None], then: list[float | None], text: str) -> None:
    assert against(before, then) == text


def test_values_of_different_children_are_not_compared() -> None:
    with pytest.raises(ValueError, match="longer"):
        against([1.0], [1.0, 2.0])
