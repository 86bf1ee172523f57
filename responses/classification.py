"""The response of one child: best response, dates, loss, off therapy, and what to tell the investigator today.

Rules R12 to R23 of the protocol, IWG 2009 by default. Counts are 10^9/L, and all arithmetic is exact: Decimal, whole
days and dates. Pure: no Django, no clock; the same Course always gives the same Verdict, with the reason for each
part of it. The parts live in ``statuses``, ``episodes``, ``off_therapy`` and ``advice``.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from responses.advice import today, what_would_change
from responses.counts import Count
from responses.episodes import episodes, time_in_response
from responses.explain import explain
from responses.inputs import Bleed, Course, Rescue
from responses.off_therapy import off_therapy
from responses.rules import Rules
from responses.statuses import Timeline, status_of, timeline
from responses.verdicts import (
    CountStatus,
    End,
    Episode,
    Flag,
    OffTherapy,
    Pair,
    Reason,
    Status,
    TimeInResponse,
    Verdict,
)

__all__ = [
    "Bleed",
    "Count",
    "CountStatus",
    "Course",
    "End",
    "Episode",
    "OffTherapy",
    "Pair",
    "Reason",
    "Rescue",
    "Rules",
    "TimeInResponse",
    "Verdict",
    "classify",
    "status_of",
]

_DEFAULTS = Rules()


@dataclass(frozen=True)
class _Best:
    """Best response with its flag (R15), and the first episode if it is the one that counts."""

    status: Status
    flag: Flag | None
    episode: Episode | None


def classify(course: Course, rules: Rules = _DEFAULTS) -> Verdict:
    """The verdict about one child, seen from ``course.as_of``."""
    if course.day_0 is None or course.day_0 > course.as_of:
        return _not_dosed(course, rules)
    line, counts = timeline(course, rules)
    found = episodes(line)
    best = _best(line, found)
    over = course.followup_ended or line.death is not None
    provisional = best.status in ("NR", "NE") and not over and best.flag != "rescue"
    off, off_reasons = off_therapy(line, course, best.status, found)
    time = time_in_response(line)
    now = today(line, course, best.status, best.flag, found)
    first = best.episode
    later = found[1:] if first else found
    verdict = Verdict(
        best_response=best.status,
        flag=best.flag,
        provisional=provisional,
        response=first.response if first else None,
        response_end=first.end if first else None,
        complete_response=first.complete if first else None,
        complete_response_end=first.complete_end if first else None,
        time_in_response=time,
        off_therapy=off,
        later_episodes=later,
        counts=counts,
        state=now.state,
        since=now.since,
        confirmed=now.confirmed,
        reasons=(),
        what_would_change=what_would_change(line, now, best.flag, over),
        rules_version=rules.version,
    )
    return replace(verdict, reasons=(*explain(line, verdict), *off_reasons))


def _not_dosed(course: Course, rules: Rules) -> Verdict:
    """Before the loading dose nothing can be judged."""
    reason = Reason("R11", "No loading dose has been given, so there is no Day 0: nothing can be judged yet.")
    counts = tuple(
        CountStatus(count.on, count.value, "NE", False, reason, count.ref)
        for count in sorted(course.counts, key=lambda count: count.on)
    )
    return Verdict(
        best_response="NE",
        flag=None,
        provisional=not course.followup_ended and course.death is None,
        response=None,
        response_end=None,
        complete_response=None,
        complete_response_end=None,
        time_in_response=TimeInResponse(0, 0),
        off_therapy=None,
        later_episodes=(),
        counts=counts,
        state="NE",
        since=None,
        confirmed=None,
        reasons=(reason,),
        what_would_change=("The loading dose sets Day 0; counts after it are judged.",),
        rules_version=rules.version,
    )


def _best(line: Timeline, found: tuple[Episode, ...]) -> _Best:
    """Confirmed CR, else confirmed R, else NR by rescue, else NR by two failing dates, else NE (R15)."""
    rescue = line.first_rescue()
    first = found[0] if found else None
    if first is not None and (rescue is None or rescue.start > first.response.settled):
        return _Best("CR" if first.complete else "R", None, first)
    if rescue is not None:
        return _Best("NR", "rescue", None)
    failing = [point.on for point in line.points if point.status == "NR"]
    proven = bool(failing) and line.rules.confirms_loss((failing[-1] - failing[0]).days)
    return _Best("NR" if proven else "NE", _unproven(line), None)


def _unproven(line: Timeline) -> Flag | None:
    """Counts at response level that did not make a response: unconfirmed, or too late after a dose (R15)."""
    good = [point.on for point in line.points if point.meets("R")]
    if any(line.attributable(on) for on in good):
        return "unconfirmed"
    return "late" if good else None
