"""What an investigator is told today, and what would change it.

Pure: no Django, no clock. "Today" is ``course.as_of``.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from responses.episodes import pending
from responses.inputs import Course
from responses.rules import number_text
from responses.statuses import Timeline
from responses.verdicts import End, Episode, Flag, State, Status


@dataclass(frozen=True)
class Today:
    """The state in which the child is now, since when, and when it was confirmed."""

    state: State
    since: date | None = None
    confirmed: date | None = None
    ending: End | None = None


def today(line: Timeline, course: Course, best: Status, flag: Flag | None, found: tuple[Episode, ...]) -> Today:
    """The present state. A rescue before the first response fixes NR for good, so later counts do not change it."""
    if flag == "rescue":
        rescue = line.first_rescue()
        return Today("NR", rescue.start if rescue else None)
    last = found[-1] if found else None
    if last is not None and not last.end.lost:
        return _in_response(last)
    over = course.followup_ended or line.death is not None
    waiting = None if over else pending(line, last.end.on if last else line.day_0, course.as_of)
    if waiting is not None:
        return Today("PENDING_CONFIRMATION", waiting.on)
    if last is not None:
        return Today("LOST", last.end.on, _loss_confirmed(line, last.end), last.end)
    return _no_response(line, best)


def _in_response(episode: Episode) -> Today:
    """CR as long as the complete response is not lost, else R."""
    complete = episode.complete
    if complete is not None and episode.complete_end is not None and not episode.complete_end.lost:
        return Today("CR", complete.start, complete.confirmed)
    return Today("R", episode.response.start, episode.response.confirmed)


def _loss_confirmed(line: Timeline, end: End) -> date | None:
    """The day that settled the loss: the second low count, or the rescue; an event settles itself."""
    if end.how == "confirmed":
        far = (point.on for point in line.points if line.rules.confirms_loss((point.on - end.on).days))
        return next(far, None)
    if end.how == "confirmed_by_rescue":
        return next((rescue.start for rescue in line.rescues if rescue.start >= end.on), None)
    return None if end.how == "unconfirmed_last_count" else end.on


def _no_response(line: Timeline, best: Status) -> Today:
    """NR since the first failing count, confirmed by the next one far enough away; else NE."""
    failing = [point.on for point in line.points if point.status == "NR"]
    if best != "NR":
        return Today("NE")
    far = (on for on in failing if line.rules.confirms_loss((on - failing[0]).days))
    return Today("NR", failing[0], next(far, None))


def what_would_change(line: Timeline, now: Today, flag: Flag | None, over: bool) -> tuple[str, ...]:
    """What would change the present state, as sentences for the investigator."""
    if over:
        return ("Follow-up has ended: only a correction of earlier data changes this.",)
    if flag == "rescue":
        return (f"Nothing: the rescue on {now.since} came before a confirmed response and fixes NR (R15).",)
    return _CHANGES[now.state](line, now)


def _events(line: Timeline) -> str:
    return f"Bleeding of grade {line.rules.bleed_grade} or more, or rescue,"


def _pending_changes(line: Timeline, now: Today) -> tuple[str, ...]:
    assert now.since is not None
    level = line.rules.response_text(line.baseline)
    on = now.since + timedelta(days=line.rules.response_gap_d)
    return (
        f"A second count of {level} ×10⁹/L on or after {on}, with none below in between, confirms the response.",
        f"A lower count before it is confirmed ends the wait. {_events(line)} does so too.",
    )


def _loss_text(line: Timeline) -> tuple[str, ...]:
    gap = line.rules.loss_gap_d
    level = line.rules.response_text(line.baseline)
    return (
        f"Two counts in a row that are not {level} ×10⁹/L, at least {gap} day{'s' if gap > 1 else ''} apart, "
        "end the response on the date of the first.",
        f"{_events(line)} ends the response on its first day.",
    )


def _complete_text(line: Timeline) -> str:
    rules = line.rules
    return (
        f"Two counts of at least {number_text(rules.cr_min)} ×10⁹/L, at least {rules.response_gap_d} days apart and "
        f"with none below in between, make it CR; the first at most {rules.attrib_d} days after a dose."
    )


def _response_changes(line: Timeline, now: Today) -> tuple[str, ...]:
    return (_complete_text(line), *_loss_text(line))


def _complete_changes(line: Timeline, now: Today) -> tuple[str, ...]:
    limit = number_text(line.rules.cr_min)
    complete = f"Two counts in a row below {limit} ×10⁹/L end the complete response, but not always the response."
    return (complete, *_loss_text(line))


def _lost_changes(line: Timeline, now: Today) -> tuple[str, ...]:
    assert now.since is not None
    level, again = line.rules.response_text(line.baseline), _new_pair(line)
    if now.ending is None or now.ending.how != "unconfirmed_last_count":
        return (f"{again} That is a later episode: it does not change the best response.",)
    on = now.since + timedelta(days=line.rules.loss_gap_d)
    return (
        f"The loss rests on the last count alone. A next count of {level} ×10⁹/L cancels it.",
        f"A second low count on or after {on} confirms it.",
    )


def _new_pair(line: Timeline) -> str:
    rules = line.rules
    return (
        f"A count of {rules.response_text(line.baseline)} ×10⁹/L without bleeding, at most {rules.attrib_d} days "
        f"after a dose, and a second one at least {rules.response_gap_d} days later, make a confirmed response."
    )


def _failing_changes(line: Timeline, now: Today) -> tuple[str, ...]:
    return (_new_pair(line), "Rescue before that fixes NR.")


def _unknown_changes(line: Timeline, now: Today) -> tuple[str, ...]:
    missing = "A valid count on Day 0, or in the days before it, gives the baseline that R needs."
    failing = "Two counts on different dates that are not at response level make it NR."
    return (*((missing,) if line.baseline is None else ()), _new_pair(line), failing, "Rescue before that fixes NR.")


_CHANGES = {
    "CR": _complete_changes,
    "R": _response_changes,
    "PENDING_CONFIRMATION": _pending_changes,
    "LOST": _lost_changes,
    "NR": _failing_changes,
    "NE": _unknown_changes,
}
