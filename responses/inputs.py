"""What the classification of one child starts from: plain, frozen data (rules R12 to R23).

Pure: no Django, no clock. ``responses/course.py`` fills a Course from the database.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from responses.counts import Count


def _check_interval(what: str, start: date, end: date | None) -> None:
    if end is not None and end < start:
        raise ValueError(f"{what} from {start} ends on {end}, before it starts")


@dataclass(frozen=True)
class Bleed:
    """One dated bleeding episode with its ITP-BAT grade; ``end`` None = still bleeding. Both days are included."""

    start: date
    end: date | None
    grade: int

    def __post_init__(self) -> None:
        """Refuse an episode that ends before it starts."""
        _check_interval("Bleeding", self.start, self.end)


@dataclass(frozen=True)
class Rescue:
    """Treatment given to raise platelets or to stop bleeding outside the plan; ``end`` None = ongoing (R17)."""

    start: date
    end: date | None
    kind: str

    def __post_init__(self) -> None:
        """Refuse a rescue that ends before it starts."""
        _check_interval("Rescue", self.start, self.end)


@dataclass(frozen=True)
class Course:
    """The whole course of one child.

    ``counts`` holds at most one count per date. ``doses`` are the start dates of mini-pool infusions.
    ``bleeding_unknown`` are dates on which nobody knows whether the child bled (R12).
    ``other_itp_therapy_end`` is the last day of other ITP therapy continued from before the trial (R20).
    ``as_of`` is today, or the data cut; anything later is not looked at.
    ``on_treatment``: a further dose may follow, so there is no end of treatment yet and nothing off therapy (R7, R20).
    """

    day_0: date | None
    baseline: Decimal | None
    counts: tuple[Count, ...]
    doses: tuple[date, ...]
    bleeds: tuple[Bleed, ...]
    bleeding_unknown: frozenset[date] | tuple[date, ...]
    rescues: tuple[Rescue, ...]
    other_itp_therapy_end: date | None
    followup_ended: bool
    as_of: date
    death: date | None = None
    on_treatment: bool = False

    def __post_init__(self) -> None:
        """Refuse what the rules give no meaning to: two counts on one date, a count that is not a number >= 0."""
        _check_dates(count.on for count in self.counts)
        for value in (self.baseline, *(count.value for count in self.counts)):
            if value is not None and not (value.is_finite() and value >= 0):
                raise ValueError(f"A platelet count must be a number of at least 0, not {value}")


def _check_dates(dates: Iterable[date]) -> None:
    seen: set[date] = set()
    for on in dates:
        if on in seen:
            raise ValueError(f"Two counts on {on}: choose one count per date first (R9, daily_counts)")
        seen.add(on)
