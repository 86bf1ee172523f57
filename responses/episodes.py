"""Confirmed response, its loss, later episodes and time in response: rules R14, R16, R18 and R19.

Pure: no Django, no clock.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from itertools import pairwise, takewhile

from responses.statuses import Level, Point, Timeline
from responses.verdicts import End, Ending, Episode, Pair, Status, TimeInResponse


def confirmed(line: Timeline, level: Level, after: date) -> Pair | None:
    """The first confirmed response at this level that starts after a date (R14)."""
    for index, first in enumerate(line.points):
        if first.on <= after or not first.meets(level) or not line.attributable(first.on):
            continue
        second = _confirming(line, level, index)
        if second is not None or line.rules.accept_unconfirmed:
            return Pair(first.on, second)
    return None


def _confirming(line: Timeline, level: Level, index: int) -> date | None:
    """The date of the count that confirms the count at ``index``; the first thing in between that fails ends it."""
    first = line.points[index].on
    for later in line.points[index + 1 :]:
        if not later.meets(level) or line.interrupted(first, later.on):
            return None
        if line.rules.confirms_response((later.on - first).days):
            return later.on
    return None


def pending(line: Timeline, after: date, today: date) -> Point | None:
    """The count that the next good count could still confirm: all counts since are at R level, nothing came between."""
    for index, first in enumerate(line.points):
        waits = first.on > after and line.attributable(first.on)
        unbroken = all(point.meets("R") for point in line.points[index:])
        if waits and unbroken and not line.interrupted(first.on, today):
            return first
    return None


def end_of(line: Timeline, level: Level, pair: Pair) -> End:
    """How a confirmed response at this level ended: the earliest loss, else censored at the last good count (R16)."""
    ends = [End(bleed.start, "bleeding") for bleed in line.bleeds if bleed.start > pair.start]
    ends += [End(rescue.start, "rescue") for rescue in line.rescues if rescue.start > pair.start]
    if line.death is not None:
        ends.append(End(line.death, "death"))
    low = _low_loss(line, level, pair.settled)
    if low is not None:
        ends.append(low)
    if ends:
        return min(ends, key=lambda end: end.on)  # on the same date the first of this list counts
    return End(max(point.on for point in line.points if point.meets(level)), "censored")


def _low_loss(line: Timeline, level: Level, settled: date) -> End | None:
    """The first low count after ``settled`` that is not followed by recovery (R16 a to c)."""
    later = [point for point in line.points if point.on > settled]
    for index, low in enumerate(later):
        how = None if low.meets(level) else _how_low(line, level, low, later[index + 1 :])
        if how is not None:
            return End(low.on, how)
    return None


def _how_low(line: Timeline, level: Level, low: Point, rest: Sequence[Point]) -> Ending | None:
    """What makes a low count a loss; None if the child recovered."""
    still_low = list(takewhile(lambda point: not point.meets(level), rest))
    if _rescued(line, low.on, rest[0].on if rest else None):
        return "confirmed_by_rescue"
    # By default the very next count is far enough. Only a longer gap (strict ASH) has to look further along the run.
    if any(line.rules.confirms_loss((point.on - low.on).days) for point in still_low):
        return "confirmed"
    recovery = rest[len(still_low)].on if len(still_low) < len(rest) else None
    if _rescued(line, low.on, recovery):
        return "confirmed_by_rescue"
    return None if recovery is not None or line.rules.censor_unconfirmed_loss else "unconfirmed_last_count"


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
    complete = confirmed(line, "CR", pair.start - timedelta(days=1))
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
