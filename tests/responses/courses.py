"""Builders of courses for the tests: days are counted from Day 0 (2025-03-02)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from decimal import Decimal

from responses.classification import Bleed, Count, Course, Rescue

DAY_0 = date(2025, 3, 2)
Number = int | str | Decimal


def day(number: int) -> date:
    """The date of study day D<number>."""
    return DAY_0 + timedelta(days=number)


def number(value: Number | None) -> Decimal | None:
    """A platelet count; None stays None."""
    return None if value is None else Decimal(value)


def course(
    counts: Mapping[int, Number | None],
    *,
    baseline: Number | None = 10,
    doses: Iterable[int] = (0, 14, 28),
    bleeds: Iterable[tuple[int, int | None, int]] = (),
    unknown: Iterable[int] = (),
    rescues: Iterable[tuple[int, int | None, str]] = (),
    other_end: int | None = None,
    ended: bool = True,
    as_of: int = 300,
    death: int | None = None,
) -> Course:
    """A course whose dates are all study days."""
    return Course(
        day_0=DAY_0,
        baseline=number(baseline),
        counts=tuple(Count(day(on), number(value)) for on, value in counts.items()),
        doses=tuple(day(on) for on in doses),
        bleeds=tuple(Bleed(day(start), None if end is None else day(end), grade) for start, end, grade in bleeds),
        bleeding_unknown=tuple(day(on) for on in unknown),
        rescues=tuple(Rescue(day(start), None if end is None else day(end), kind) for start, end, kind in rescues),
        other_itp_therapy_end=None if other_end is None else day(other_end),
        followup_ended=ended,
        as_of=day(as_of),
        death=None if death is None else day(death),
    )
