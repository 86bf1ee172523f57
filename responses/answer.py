"""The verdict in one sentence, as an investigator says it: state, since when, why.

Pure: no Django, no clock. Counts are 10^9/L; day 1 of a response is its first day.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from decimal import Decimal

from itp_trial.protocol import PARAMETERS, value
from itp_trial.reasons import day_text, readable
from responses.inputs import Course
from responses.rules import number_text
from responses.verdicts import Ending, Verdict

#: Rules of which at least one number is ours until the sponsor confirms it.
ASSUMED_RULES = frozenset(parameter.rule for parameter in PARAMETERS.values() if parameter.assumption)
#: A count speaks for this many days at most (R18); an older one is told as old.
STALE_D: int = value("PTI_CAP_D")


def answer_line(verdict: Verdict, course: Course) -> str:
    """The present state, since when, when confirmed and by which counts."""
    return f"{WORDS[verdict.state]}{answer_rest(verdict, course)}"


def answer_rest(verdict: Verdict, course: Course) -> str:
    """The same without the word for the state, where a page shows that with its shape and colour."""
    parts = [_SAYS[verdict.state](verdict, course), _best(verdict), _stale(verdict, course)]
    return readable(" ".join(part for part in parts if part))


def _since(verdict: Verdict) -> str:
    confirmed = f", confirmed {day_text(verdict.confirmed)}" if verdict.confirmed else ""
    return f" since {day_text(verdict.since)}{confirmed}" if verdict.since else ""


def _value(verdict: Verdict, on: date | None) -> Decimal | None:
    return next((count.value for count in verdict.counts if count.on == on), None)


def _evidence(verdict: Verdict) -> str:
    """``60 and 70 ×10⁹/L, 7 days apart``; one count where there is no second."""
    values = [_value(verdict, on) for on in (verdict.since, verdict.confirmed)]
    line = f"{' and '.join(number_text(value) for value in values if value is not None)} ×10⁹/L"
    if verdict.since is None or verdict.confirmed is None:
        return line
    days = (verdict.confirmed - verdict.since).days
    return f"{line}, {days} day{'s'[: days != 1]} apart"


def _baseline(course: Course) -> str:
    return "baseline missing" if course.baseline is None else f"baseline {number_text(course.baseline)}"


def _in_response(verdict: Verdict, course: Course) -> str:
    line = f"{_since(verdict)} ({_evidence(verdict)}; {_baseline(course)}; no bleeding)."
    if course.followup_ended:
        return f"{line} It was not lost when follow-up ended on {day_text(course.as_of)}."
    assert verdict.since is not None
    return f"{line} Day {(course.as_of - verdict.since).days + 1} of response."


def _pending(verdict: Verdict, course: Course) -> str:
    line = f"{_since(verdict)} ({_evidence(verdict)}; {_baseline(course)}; no bleeding)."
    return f"{line} {verdict.what_would_change[0]}"


def _lost(verdict: Verdict, course: Course) -> str:
    """The day and the way of the loss: by event on that day, or by a low count and what settled it."""
    end = verdict.later_episodes[-1].end if verdict.later_episodes else verdict.response_end
    how = end.how if end else None
    value = _value(verdict, verdict.since)
    shown = f" ({number_text(value)} ×10⁹/L)" if value is not None and how not in _LOST_BY_EVENT else ""
    return f" on {day_text(verdict.since)}{shown}{_lost_how(verdict, how)}." if verdict.since else "."


def _lost_how(verdict: Verdict, how: Ending | None) -> str:
    if how in _LOST_BY_EVENT:
        return f": {_LOST_BY_EVENT[how]}"
    if how == "unconfirmed_last_count":
        return ", not yet confirmed by a second count"
    by = " by rescue" if how == "confirmed_by_rescue" else ""
    return f", confirmed{by} on {day_text(verdict.confirmed)}" if verdict.confirmed else ""


def _failing(verdict: Verdict, course: Course) -> str:
    if verdict.flag == "rescue" and verdict.since:
        return f": rescue on {day_text(verdict.since)} came before a confirmed response."
    provisional = " Provisional while follow-up goes on." if verdict.provisional else ""
    return f"{_since(verdict)} ({_evidence(verdict)}; {_baseline(course)}).{provisional}"


def _unknown(verdict: Verdict, course: Course) -> str:
    why = next((reason.text for reason in verdict.reasons if reason.rule in ("R15", "R11") and _explains(reason.text)), "")
    said = why.removeprefix("NE: ")
    return f": {said[:1].lower()}{said[1:]}" if said else "."


def _explains(text: str) -> bool:
    return text.startswith(("NE:", "No loading dose"))


_LOST_BY_EVENT = {
    "bleeding": "bleeding started",
    "rescue": "rescue started",
    "death": "the child died",
}
WORDS = {
    "CR": "COMPLETE RESPONSE",
    "R": "RESPONSE",
    "PENDING_CONFIRMATION": "RESPONSE, NOT YET CONFIRMED",
    "LOST": "RESPONSE LOST",
    "NR": "NO RESPONSE",
    "NE": "NOT EVALUABLE",
}
_SAYS: dict[str, Callable[[Verdict, Course], str]] = {
    "CR": _in_response,
    "R": _in_response,
    "PENDING_CONFIRMATION": _pending,
    "LOST": _lost,
    "NR": _failing,
    "NE": _unknown,
}


def _best(verdict: Verdict) -> str:
    """The best response, where the present state does not say it."""
    if verdict.best_response in ("CR", "R") and verdict.best_response != verdict.state:
        return f"Best response: {verdict.best_response}."
    return ""


def _stale(verdict: Verdict, course: Course) -> str:
    """Says so where the last evaluable count is too old to speak for today."""
    last = max((count.on for count in verdict.counts if count.evaluable), default=None)
    if last is None or course.followup_ended or (course.as_of - last).days <= STALE_D:
        return ""
    return f"The last evaluable count is {(course.as_of - last).days} days old ({day_text(last)})."
