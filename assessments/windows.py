"""When an adverse event began, seen from the infusions: during, immediate, delayed or late (``protocol.md`` 6.3).

Instants only, so that neither summer time nor midnight changes an answer. Pure.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from itp_trial.normalise import CAIRO
from itp_trial.protocol import value

IMMEDIATE = timedelta(hours=value("AE_IMMEDIATE_H"))
DELAYED = timedelta(days=value("AE_DELAYED_D"))


class Precision(StrEnum):
    """How exactly a moment is known."""

    MINUTE = "minute"
    HOUR = "hour"
    DAY = "day"


class Period(StrEnum):
    BEFORE = "before"
    DURING = "during"
    IMMEDIATE = "immediate"
    DELAYED = "delayed"
    LATE = "late"
    UNCERTAIN = "uncertain"


#: What the registry calls infusion-related.
INFUSION_RELATED = frozenset({Period.DURING, Period.IMMEDIATE})


@dataclass(frozen=True)
class Given:
    """One infusion; it still runs where it has no end. ``key`` is whatever the caller knows it by."""

    key: object
    started_at: datetime
    stopped_at: datetime | None

    def __post_init__(self) -> None:
        # Two moments of one zone are compared and subtracted by their wall clocks, which is an hour off over some nights.
        for name in ("started_at", "stopped_at"):
            if (moment := getattr(self, name)) is not None:
                object.__setattr__(self, name, moment.astimezone(UTC))


@dataclass(frozen=True)
class Onset:
    """Where an event stands: its period, the infusion that it is counted from, and the minutes since that one's start."""

    period: Period
    given: Given | None = None
    minutes: int | None = None

    @property
    def is_infusion_related(self) -> bool:
        return self.period in INFUSION_RELATED


def onset(at: datetime, infusions: Iterable[Given]) -> Onset:
    """The latest infusion that had started when the event began decides: the next one ends the window of the one before."""
    at = at.astimezone(UTC)
    started = [given for given in infusions if given.started_at <= at]
    if not started:
        return Onset(Period.BEFORE)
    latest = max(started, key=lambda given: given.started_at)
    return Onset(_period(at, latest), latest, int((at - latest.started_at).total_seconds() // 60))


def _period(at: datetime, given: Given) -> Period:
    if given.stopped_at is None or at <= given.stopped_at:
        return Period.DURING
    since = at - given.stopped_at
    if since <= IMMEDIATE:
        return Period.IMMEDIATE
    return Period.DELAYED if since <= DELAYED else Period.LATE


def onset_between(earliest: datetime, latest: datetime, infusions: Iterable[Given]) -> Onset:
    """The same for a start that is known only roughly: uncertain where the two ends do not agree."""
    known = list(infusions)
    first, last = onset(earliest, known), onset(latest, known)
    if (first.period, first.given) == (last.period, last.given):
        return Onset(first.period, first.given, None if earliest != latest else first.minutes)
    return Onset(Period.UNCERTAIN, first.given if first.given == last.given else None)


def known_between(at: datetime, precision: str) -> tuple[datetime, datetime]:
    """The first and last moment that a time means which is known to the minute, the hour or the day in Cairo."""
    at = at.astimezone(UTC)
    if precision == Precision.HOUR:
        return at - timedelta(minutes=30), at + timedelta(minutes=30)
    if precision == Precision.DAY:
        local = at.astimezone(CAIRO)
        return local.replace(hour=0, minute=0, fold=0), local.replace(hour=23, minute=59, fold=1)
    return at, at
