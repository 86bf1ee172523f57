"""The reasons of a verdict: one plain sentence, with dates and numbers, for each branch that was taken.

Pure: no Django, no clock. This module decides nothing; it says why ``classification`` decided.
"""

from __future__ import annotations

from collections.abc import Iterator

from responses.rules import number_text
from responses.statuses import Timeline
from responses.verdicts import End, Episode, Pair, Reason, Verdict


def explain(line: Timeline, verdict: Verdict) -> tuple[Reason, ...]:
    """All reasons but those about off therapy, in the order in which a person would ask."""
    reasons = (
        _baseline(line),
        *_best(line, verdict),
        *_main_episode(line, verdict),
        *_failing(verdict),
        *_excluded(verdict),
        *(_later(episode) for episode in verdict.later_episodes),
        _time(line, verdict),
    )
    return tuple(dict.fromkeys(reasons))  # a count may matter twice; it is told once


def _baseline(line: Timeline) -> Reason:
    if line.baseline is None:
        return Reason("R11", f"No valid count on Day 0 ({line.day_0}) or shortly before: the baseline is missing.")
    return Reason("R11", f"The baseline is {number_text(line.baseline)} ×10⁹/L; Day 0 is {line.day_0}.")


def _best(line: Timeline, verdict: Verdict) -> Iterator[Reason]:
    """Why this best response, why this flag, why provisional (R15)."""
    yield Reason("R15", _best_text(line, verdict))
    if verdict.best_response == "R":
        yield Reason("R14", _not_complete(line))
    if verdict.flag == "unconfirmed":
        yield Reason("R15", f"Unconfirmed: {_good_counts(line)} at response level, but no confirmed response.")
    if verdict.flag == "late":
        limit = line.rules.attrib_d
        yield Reason("R14", f"Late: {_good_counts(line)} at response level came more than {limit} days after a dose.")
    if verdict.provisional:
        yield Reason("R15", f"{verdict.best_response} is provisional while follow-up goes on.")


def _best_text(line: Timeline, verdict: Verdict) -> str:
    rescue = line.first_rescue()
    if verdict.response is not None:
        inside = "" if verdict.complete_response is None else " A complete response came before the response was lost."
        how = "confirmed" if verdict.response.confirmed else "accepted without confirmation"
        return f"{verdict.best_response}: the first response, from {verdict.response.start}, was {how}.{inside}"
    if verdict.flag == "rescue" and rescue is not None:
        kind = rescue.kind.replace("_", " ")
        return f"NR: rescue ({kind}) on {rescue.start} came before any confirmed response and fixes NR."
    failing = [point for point in line.points if point.status == "NR"]
    if verdict.best_response == "NR":
        return f"NR: no confirmed response, and {len(failing)} failing counts from {failing[0].on} to {failing[-1].on}."
    if not line.points:
        return "NE: no evaluable count after Day 0."
    gap = line.rules.loss_gap_d
    return f"NE: no confirmed response, and no two failing counts at least {gap} day{'s' if gap > 1 else ''} apart."


def _not_complete(line: Timeline) -> str:
    rules = line.rules
    return (
        f"Not CR: no counts of at least {number_text(rules.cr_min)} ×10⁹/L at least {rules.response_gap_d} days apart "
        "with nothing failing in between, before the response was lost."
    )


def _good_counts(line: Timeline) -> str:
    good = [point for point in line.points if point.meets("R")]
    return ", ".join(f"{number_text(point.value)} ×10⁹/L on {point.on}" for point in good[:3])


def _main_episode(line: Timeline, verdict: Verdict) -> Iterator[Reason]:
    """Why the response and the complete response count, and how each ended."""
    yield from _level(line, verdict, "response", verdict.response, verdict.response_end)
    yield from _level(line, verdict, "complete response", verdict.complete_response, verdict.complete_response_end)


def _level(line: Timeline, verdict: Verdict, name: str, pair: Pair | None, end: End | None) -> Iterator[Reason]:
    if pair is None or end is None:
        return
    yield from (item.reason for item in verdict.counts if item.on in (pair.start, pair.confirmed, end.on))
    yield Reason("R14", _pair_text(line, name, pair))
    yield Reason("R16" if end.lost else "R18", _end_text(line, name, end))


def _pair_text(line: Timeline, name: str, pair: Pair) -> str:
    dose = line.last_dose_before(pair.start)
    after = f"{(pair.start - dose).days} days after the dose of {dose}" if dose else "after no dose"
    if pair.confirmed is None:
        return f"The {name} starts on {pair.start}, {after}; unconfirmed responses are accepted in this analysis."
    return (
        f"The {name} starts on {pair.start}, {after}, and is confirmed on {pair.confirmed}, "
        f"{(pair.confirmed - pair.start).days} days later (at least {line.rules.response_gap_d} are needed), "
        "with no failing count, bleeding or rescue in between."
    )


def _end_text(line: Timeline, name: str, end: End) -> str:
    value = next((f"{number_text(point.value)} ×10⁹/L" for point in line.points if point.on == end.on), "the count")
    texts = {
        "censored": f"The {name} was not lost; the last count at this level is {value} on {end.on}.",
        "confirmed": f"The {name} was lost on {end.on}: {value}, and the next count was too low as well.",
        "confirmed_by_rescue": f"The {name} was lost on {end.on}: {value}, and rescue followed before the next count.",
        "unconfirmed_last_count": f"The {name} was lost on {end.on}: {value}, the very last count, so unconfirmed.",
        "bleeding": f"The {name} was lost on {end.on}: bleeding of grade {line.rules.bleed_grade} or more started.",
        "rescue": f"The {name} was lost on {end.on}: rescue started.",
        "death": f"The {name} ended with the death of the child on {end.on}.",
    }
    return texts[end.how]


def _failing(verdict: Verdict) -> Iterator[Reason]:
    """Without a response, the counts that failed are the reason."""
    if verdict.response is None:
        yield from (item.reason for item in verdict.counts if item.status == "NR")


def _excluded(verdict: Verdict) -> Iterator[Reason]:
    """Counts that were left out: washout, no value, bleeding unknown, baseline missing."""
    yield from (item.reason for item in verdict.counts if not item.evaluable)


def _later(episode: Episode) -> Reason:
    pair, end = episode.response, episode.end
    ended = f"lost on {end.on}" if end.lost else f"not lost by {end.on}"
    text = f"A later response, from {pair.start}, {ended}, counts for the time in response, not for the best response."
    return Reason("R19", text)


def _time(line: Timeline, verdict: Verdict) -> Reason:
    time = verdict.time_in_response
    cap = line.rules.pti_cap_d
    text = f"In response on {time.days} of {time.observed} observed days; a count speaks for {cap} days at most."
    return Reason("R18", text)
