"""Confirmed response, its loss, later episodes and time in response: rules R14, R16, R18 and R19.

Pure: no Django, no clock.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from itertools import pairwise, takewhile
from operator import attrgetter

from responses.statuses import Level, Point, Timeline
from responses.verdicts import End, Ending, Episode, Pair, Status, TimeInResponse


def confirmed(line: Timeline, level: Level, after: date, until: date | None = None) -> Pair | None:
    """The first confirmed response at this level that starts after a date, and not later than ``until`` (R14)."""
    for index in range(bisect_right(line.points, after, key=attrgetter("on")), len(line.points)):
        first = line.points[index]
        if until is not None and first.on > until:
            return None
        if not first.meets(level) or not line.attributable(first.on):
            continue
        second = _confirming(line, level, index)
        if second is not None or line.rules.accept_unconfirmed:
            return Pair(first.on, second)
    return None


def _confirming(line: Timeline, level: Level, index: int) -> date | None:
    """The date of the count that confirms the count at ``index``; the first thing in between that fails ends it."""
    first = line.points[index].on
    for later in _from(line.points, index + 1):
        if not later.meets(level) or line.interrupted(first, later.on):
            return None
        if line.rules.confirms_response((later.on - first).days):
            return later.on
    return None


def _from(points: Sequence[Point], start: int) -> Iterator[Point]:
    """The points from a place on, without copying them: every walk costs what it looks at."""
    return (points[index] for index in range(start, len(points)))


def pending(line: Timeline, after: date, today: date) -> Point | None:
    """The count that the next good count could still confirm: all counts since are at R level, nothing came between."""
    good = len(list(takewhile(lambda point: point.meets("R"), reversed(line.points))))
    for first in _from(line.points, len(line.points) - good):
        if first.on > after and line.attributable(first.on) and not line.interrupted(first.on, today):
            return first
    return None


def end_of(line: Timeline, level: Level, pair: Pair) -> End:
    """How a confirmed response at this level ended: the earliest loss, else censored at the last good count (R16)."""
    ends = [End(bleed.start, "bleeding") for bleed in line.bleeds if bleed.start > pair.start]
    ends += [End(rescue.start, "rescue") for rescue in line.rescues if rescue.start > pair.start]
    if line.death is not None:
        ends.append(End(line.death, "death"))
    event = min(ends, key=lambda end: end.on, default=None)  # on the same date the first of this list counts
    lost = _low_loss(line, level, pair.settled, event.on if event else None) or event
    if lost is not None:
        return lost
    return End(next(point.on for point in reversed(line.points) if point.meets(level)), "censored")


def _low_loss(line: Timeline, level: Level, settled: date, before: date | None) -> End | None:
    """The first low count after ``settled``, and before an event, that is not followed by recovery (R16 a to c)."""
    for index in range(bisect_right(line.points, settled, key=attrgetter("on")), len(line.points)):
        low = line.points[index]
        if before is not None and low.on >= before:
            return None
        how = None if low.meets(level) else _how_low(line, level, index)
        if how is not None:
            return End(low.on, how)
    return None


def _how_low(line: Timeline, level: Level, index: int) -> Ending | None:
    """What makes the low count at ``index`` a loss; None if the child recovered."""
    low = line.points[index].on
    following = next(_from(line.points, index + 1), None)
    if _rescued(line, low, following.on if following else None):
        return "confirmed_by_rescue"
    # By default the very next count is far enough. Only a longer gap (strict ASH) has to look further along the run.
    for later in _from(line.points, index + 1):
        if later.meets(level):
            return "confirmed_by_rescue" if _rescued(line, low, later.on) else None
        if line.rules.confirms_loss((later.on - low).days):
            return "confirmed"
    if _rescued(line, low, None):
        return "confirmed_by_rescue"
    return None if line.rules.censor_unconfirmed_loss else "unconfirmed_last_count"


def _rescued(line: Timeline, start: date, before: date | None) -> bool:
    """Did a rescue start on ``start`` or later, but before the given date?"""
    return any(start <= rescue.start and (before is None or rescue.start < before) for rescue in line.rescues)


def episodes(line: Timeline) -> tuple[Episode, ...]:
    """Every confirmed response, first to last; a new one can start only after the loss of the one before (R19)."""
    found: list[Episode] = []
    after = line.day_0
    while (pair := confirmed(line, "R", after)) is not None:
        episode = _episode(line, pair)
        found.append(episode)
        if not episode.end.lost:
            break
        after = episode.end.on
    return tuple(found)


def _episode(line: Timeline, pair: Pair) -> Episode:
    end = end_of(line, "R", pair)
    complete = confirmed(line, "CR", pair.start - timedelta(days=1), end.on if end.lost else None)
    # The confirming count must come before the loss. Only a death can share its date; that count came first.
    if complete is None or (end.lost and complete.settled > end.on):
        return Episode(pair, end, None, None)
    return Episode(pair, end, complete, end_of(line, "CR", complete))


def time_in_response(line: Timeline) -> TimeInResponse:
    """Days in response and days observed, from Day 0 to the last evaluable count (R18).

    Each status is carried to the next count, at most ``pti_cap_d`` days. Day 0 itself has the status NR.
    """
    marks: list[tuple[date, Status]] = [(line.day_0, "NR"), *((point.on, point.status) for point in line.points)]
    days = observed = 0
    for (start, status), (following, _) in pairwise(marks):
        carried = min((following - start).days, line.rules.pti_cap_d)
        observed += carried
        if status != "NR":
            span = (start + timedelta(days=day) for day in range(carried))
            days += sum(not line.out_of_response(day) for day in span)
    return TimeInResponse(days, observed)
