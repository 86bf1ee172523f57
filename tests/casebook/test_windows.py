"""Visit windows: pure dates."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from casebook.windows import Window, WindowState, around

DAY_0 = date(2025, 3, 2)
D3 = around(DAY_0, 3, 1, 1)
DAYS = st.dates(date(2000, 1, 1), date(2090, 1, 1))
SPANS = st.integers(0, 60)


def test_around() -> None:
    assert Window(date(2025, 3, 4), date(2025, 3, 5), date(2025, 3, 6)) == D3
    assert around(DAY_0, -14, 0, 14) == Window(date(2025, 2, 16), date(2025, 2, 16), DAY_0)


@pytest.mark.parametrize(
    ("day", "contained", "outside"),
    [(2, False, -2), (3, False, -1), (4, True, 0), (5, True, 0), (6, True, 0), (7, False, 1), (9, False, 3)],
)
def test_both_sides_of_both_ends(day: int, contained: bool, outside: int) -> None:
    assert D3.contains(date(2025, 3, day)) is contained
    assert D3.days_outside(date(2025, 3, day)) == outside


@pytest.mark.parametrize(
    ("day", "done", "expected"),
    [
        (3, False, "not yet open"),
        (4, False, "open"),
        (5, False, "due today"),
        (6, False, "open"),
        (7, False, "overdue"),
        (3, True, "done"),
        (7, True, "done"),
    ],
)
def test_state(day: int, done: bool, expected: WindowState) -> None:
    assert D3.state(date(2025, 3, day), done) == expected


@pytest.mark.parametrize(("opens", "target", "closes"), [(2, 1, 3), (1, 4, 3), (3, 2, 1)])
def test_the_order_is_checked(opens: int, target: int, closes: int) -> None:
    with pytest.raises(ValueError, match="must open on or before its target"):
        Window(date(2025, 3, opens), date(2025, 3, target), date(2025, 3, closes))


@pytest.mark.parametrize(("before", "after"), [(-1, 0), (0, -1)])
def test_negative_spans_are_refused(before: int, after: int) -> None:
    with pytest.raises(ValueError, match="cannot be negative"):
        around(DAY_0, 3, before, after)


@given(anchor=DAYS, day=st.integers(-60, 400), before=SPANS, after=SPANS, other=DAYS)
def test_inside_means_no_days_outside(anchor: date, day: int, before: int, after: int, other: date) -> None:
    window = around(anchor, day, before, after)
    assert window.contains(other) is (window.days_outside(other) == 0)
    assert window.contains(other - timedelta(days=window.days_outside(other)))
    assert (window.closes - window.opens).days == before + after
    assert (window.state(other, False) in ("open", "due today")) is window.contains(other)
