"""Response off therapy: rules R20 to R23.

Pure: no Django, no clock. Two readings of the rules are worth knowing. R21 says "not lost" without a date, so a loss
after the 180-day count also ends SRoT. Section 7 makes every rescue a failure for SRoT, so any rescue after Day 0
does, also one before T.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise

from responses.inputs import Course
from responses.statuses import Timeline
from responses.verdicts import Episode, OffTherapy, Reason, Status


@dataclass(frozen=True)
class _Judged:
    """The state, and the one reason for it."""

    result: OffTherapy
    reason: Reason


def off_therapy(
    line: Timeline, course: Course, best: Status, episodes: tuple[Episode, ...]
) -> tuple[OffTherapy | None, tuple[Reason, ...]]:
    """The state off therapy with its reasons; None before the first dose and while treatment goes on."""
    if not line.doses:
        return None, (Reason("R7", "No dose was given, so there is no end of treatment."),)
    if course.on_treatment:
        return None, (Reason("R7", "A further dose may follow: there is no end of treatment yet."),)
    since = max(line.doses[-1], course.other_itp_therapy_end or line.doses[-1])
    start = Reason("R20", _start_text(since, line.doses[-1]))
    judged = _judge(line, course, best, episodes, since)
    return judged.result, (start, judged.reason)


def _start_text(since: date, last_dose: date) -> str:
    if since == last_dose:
        return f"Off therapy is counted from the last dose, {since}."
    return f"Off therapy is counted from {since}, the last day of other ITP therapy; the last dose was on {last_dose}."


def _judge(line: Timeline, course: Course, best: Status, episodes: tuple[Episode, ...], since: date) -> _Judged:
    if best == "NE":
        return _Judged(
            OffTherapy(since, "NE", "best_response_not_evaluable"),
            Reason("R23", "The best response is NE, so response off therapy is NE."),
        )
    begun = [item for item in episodes if (item.response.start - since).days <= line.rules.attrib_d]
    if best == "NR" or not begun:
        return _Judged(OffTherapy(since, "NONE"), Reason("R23", "None: there was no response that could be sustained."))
    episode = begun[-1]
    return _lost(line, episode, since) if episode.end.lost else _kept(line, course, episode, since)


def _level_counts(line: Timeline, episode: Episode, since: date, days: int) -> list[date]:
    """Dates of R-level counts of the episode, before any loss, at least this many days after T."""
    lost_on = episode.end.on if episode.end.lost else None
    return [
        point.on
        for point in line.points
        if point.meets("R")
        and point.on >= episode.response.start
        and (point.on - since).days >= days
        and (lost_on is None or point.on < lost_on)
    ]


def _lost(line: Timeline, episode: Episode, since: date) -> _Judged:
    """The episode ended: RoT if a count at R level was seen late enough before the loss, else none (R22, R23)."""
    rot_min, lost = line.rules.rot_min_d, episode.end.on
    good = _level_counts(line, episode, since, rot_min)
    day = f"day {(lost - since).days} off therapy"
    if good:
        seen = f"seen on {good[0]}, at least {rot_min} days off therapy"
        text = f"RoT, not SRoT: the response was {seen}, and was lost on {lost} ({day})."
        return _Judged(OffTherapy(since, "RoT", None, "lost_later"), Reason("R22", text))
    text = f"None: the response was lost on {lost} ({day}) with no count at response level from day {rot_min} on."
    return _Judged(OffTherapy(since, "NONE"), Reason("R23", text))


def _kept(line: Timeline, course: Course, episode: Episode, since: date) -> _Judged:
    """The episode was not lost: SRoT, pending, RoT or NE (R21 to R23)."""
    target = since + timedelta(days=line.rules.srot_d)
    late = _level_counts(line, episode, since, line.rules.srot_d)
    if late:
        return _reached(line, since, late[0])
    # A death would have been a loss, so only the end of follow-up closes the wait here.
    if not course.followup_ended and course.as_of <= target:
        day = f"day {line.rules.srot_d} off therapy"
        text = f"Pending: in response; a count on or after {target} ({day}) decides about SRoT."
        return _Judged(OffTherapy(since, "PENDING"), Reason("R23", text))
    good = _level_counts(line, episode, since, line.rules.rot_min_d)
    if good:
        text = (
            f"RoT; SRoT is not evaluable: the last count at response level is of {good[-1]}, "
            f"day {(good[-1] - since).days} off therapy, and day {line.rules.srot_d} is needed."
        )
        result = OffTherapy(since, "RoT", "followup_incomplete", "followup_incomplete")
        return _Judged(result, Reason("R22", text))
    text = f"NE: not lost, but no count at response level from day {line.rules.rot_min_d} off therapy on."
    return _Judged(OffTherapy(since, "NE", "followup_incomplete"), Reason("R23", text))


def _reached(line: Timeline, since: date, decisive: date) -> _Judged:
    """There is a count at R level at 180 days or later: SRoT unless a rescue or a gap forbids it (R21, R22)."""
    rescue, gap = line.first_rescue(), _gap(line, since, decisive)
    day = (decisive - since).days
    if rescue is not None:
        text = f"RoT, not SRoT: there was a rescue on {rescue.start}."
        return _Judged(OffTherapy(since, "RoT", None, "rescue"), Reason("R21", text))
    if gap is not None:
        days, limit = (gap[1] - gap[0]).days, line.rules.srot_max_gap_d
        text = f"RoT; SRoT is not evaluable: no count for {days} days from {gap[0]} to {gap[1]}, more than {limit}."
        return _Judged(OffTherapy(since, "RoT", "assessment_gap", "assessment_gap"), Reason("R21", text))
    text = f"SRoT: the response was not lost and the count of {decisive}, day {day} off therapy, is at response level."
    return _Judged(OffTherapy(since, "SRoT"), Reason("R21", text))


def _gap(line: Timeline, since: date, until: date) -> tuple[date, date] | None:
    """The first gap between evaluable counts, from T to the deciding count, that is too long (R21)."""
    dates = [since] + [point.on for point in line.points if since < point.on <= until]
    return next((pair for pair in pairwise(dates) if (pair[1] - pair[0]).days > line.rules.srot_max_gap_d), None)
