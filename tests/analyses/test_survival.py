"""Survival curves at their ends: where all had the event, and where nobody was observed for long."""

from __future__ import annotations

import pytest

from analyses import paper
from tests.analyses.test_figures import TODAY, child, rows
from tests.analyses.test_platelets import ticks

#: Everybody responds, on days 3 and 5; and both lose the response after 10 and 20 days.
ALL = [
    child("01-001", {3: 60, 10: 70, 13: 9, 14: 8}, doses=(0,)),
    child("01-002", {5: 60, 12: 70, 25: 9, 26: 8}, doses=(0,)),
]


def test_where_all_had_the_event_there_is_no_interval() -> None:
    """The log-log interval is not defined at an estimate of 0: the cells are empty, never a number."""
    assert rows("time-to-response", ALL)[-1] == ("5", "1", "1", "0", "100.0", "", "")
    assert rows("duration-of-response", ALL)[-1] == ("20", "1", "1", "0", "0.0", "", "")
    assert rows("duration-of-response", ALL)[0][5:] == ("0.6", "91.0")


#: Last day observed -> the days below the curve.
DAYS = {0: ["0", "1"], 1: ["0", "1"], 2: ["0", "1", "2"]}


@pytest.mark.parametrize(("last", "below"), DAYS.items())
def test_the_days_below_the_curve(last: int, below: list[str]) -> None:
    seen = [child("01-001", {last: 12} if last else {}, doses=(0,))]
    middle = [said for _, said in ticks("time-to-response", seen)[1]]
    assert middle[: len(middle) // 2] == below, "then the numbers at risk, one under each"
    assert f"day {last}: last seen, no event yet" in paper.figure("time-to-response", seen, TODAY).svg
