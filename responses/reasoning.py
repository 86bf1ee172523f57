"""The whole reasoning about one child as plain text, for ``manage.py classify --explain`` and for auditors.

Pure: no Django, no clock. Counts are 10^9/L.
"""

from __future__ import annotations

from collections.abc import Iterator

from responses.answer import answer_line
from responses.inputs import Course
from responses.rules import number_text
from responses.sensitivity import differs, readings
from responses.verdicts import CountStatus, End, Pair, Verdict


def reasoning(name: str, course: Course, verdict: Verdict) -> str:
    """Answer, dates, reasons with their rules, every count, what would change it, other readings, version."""
    parts = [
        f"{name}: {answer_line(verdict, course)}",
        "", *_results(verdict),
        "", "Why", *(f"  {reason.rule:<4} {reason.text}" for reason in verdict.reasons),
        "", "Counts (* = the verdict rests on it)", *(_count(count, verdict) for count in verdict.counts or ()),
        "", "What would change it", *(f"  - {text}" for text in verdict.what_would_change),
        "", "Other readings of the rules", *_others(course, verdict),
        "", f"Rules version {verdict.rules_version}, data as of {course.as_of}.", "", "",
    ]  # fmt: skip
    return "\n".join(parts)


def _results(verdict: Verdict) -> Iterator[str]:
    flag = f" [{verdict.flag}]" if verdict.flag else ""
    yield f"  Best response      {verdict.best_response}{flag}{', provisional' if verdict.provisional else ''}"
    yield f"  Response           {_episode(verdict.response, verdict.response_end)}"
    yield f"  Complete response  {_episode(verdict.complete_response, verdict.complete_response_end)}"
    yield f"  Time in response   {verdict.time_in_response.days} of {verdict.time_in_response.observed} observed days"
    if off := verdict.off_therapy:
        yield f"  Off therapy        {off.state} since {off.since}"


def _episode(pair: Pair | None, end: End | None) -> str:
    if pair is None or end is None:
        return "none"
    confirmed = f"confirmed {pair.confirmed}" if pair.confirmed else "not confirmed"
    ended = f"lost {end.on} ({end.how.replace('_', ' ')})" if end.lost else f"not lost by {end.on}"
    return f"from {pair.start}, {confirmed}; {ended}; {(end.on - pair.start).days} days"


def _count(count: CountStatus, verdict: Verdict) -> str:
    mark = "*" if count.evaluable and count.on in verdict.deciding else " "
    value = "-" if count.value is None else number_text(count.value)
    record = f" [{count.ref}]" if count.ref else ""
    return f"{mark} {count.on} {value:>7}  {count.status if count.evaluable else '--':<3} {count.reason.rule}{record}"


def _others(course: Course, verdict: Verdict) -> Iterator[str]:
    for reading in readings(course):
        same = "" if differs(reading.verdict, verdict) else " (the same)"
        dates = _episode(reading.verdict.response, reading.verdict.response_end)
        yield f"  {reading.title}: {reading.verdict.best_response}; response {dates}{same}. {reading.verdict.rules_version}"
