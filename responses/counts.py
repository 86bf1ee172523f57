"""One platelet count per calendar date, and the baseline: rules R8 to R11.

Nothing is thrown away: a sample that was not chosen stays with its count, with the rule and the reason, so that the
chart and the listing can show it. Pure: no Django, no clock. Counts are 10^9/L.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, time
from decimal import Decimal

from responses.rules import Rules, number_text

#: Section 8.1: a higher value is not a platelet count in 10^9/L. Usually it was typed per microlitre.
PLATELET_LIMIT = Decimal(2000)
PER_MICROLITRE = Decimal(1000)

#: The sample's time, or the infusion's start, is unknown on a dosing day (R10).
ASSUMED_PRE_INFUSION = "assumed_pre_infusion"
#: The date has samples, but none of them may be used.
NO_VALID_COUNT = "no_valid_count"


@dataclass(frozen=True)
class Sample:
    """One platelet result as entered. ``ref`` is the opaque id of the form that it came from.

    ``acceptable`` is false for a clotted or clumped sample that neither smear nor citrate confirmed.
    """

    on: date
    value: Decimal | None
    at: time | None = None
    acceptable: bool = True
    primary: bool = False
    query_free: bool = True
    ref: str = ""


@dataclass(frozen=True)
class Infusion:
    """A mini-pool infusion that was started; the clock time may be unknown."""

    on: date
    started: time | None


@dataclass(frozen=True)
class Excluded:
    """A sample that does not speak for its date, and why: ``rule`` is R8, R9 or R10."""

    sample: Sample
    rule: str
    why: str


@dataclass(frozen=True)
class Count:
    """The count that speaks for one date; ``value`` is None if the date has no valid sample."""

    on: date
    value: Decimal | None
    ref: str = ""
    flags: tuple[str, ...] = ()
    why: str = ""
    excluded: tuple[Excluded, ...] = ()


def daily_counts(samples: Iterable[Sample], infusions: Iterable[Infusion], rules: Rules | None = None) -> tuple[Count, ...]:
    """One count per calendar date, earliest first; the order of the input does not matter.

    ``rules`` is accepted so that every rule has the same signature; R8 to R10 use no protocol parameter.
    """
    starts: dict[date, list[time | None]] = {}
    for infusion in infusions:
        starts.setdefault(infusion.on, []).append(infusion.started)
    days: dict[date, list[Sample]] = {}
    for sample in samples:
        days.setdefault(sample.on, []).append(sample)
    return tuple(_count_of_day(on, sorted(days[on], key=_order), starts.get(on)) for on in sorted(days))


def baseline(counts: Iterable[Count], day_0: date, rules: Rules | None = None) -> Count | None:
    """The valid count on Day 0, else the nearest earlier one inside the window, else None: never imputed (R11)."""
    window = (rules or Rules()).baseline_window_d
    usable = [count for count in counts if count.value is not None and 0 <= (day_0 - count.on).days <= window]
    return max(usable, key=lambda count: count.on, default=None)


def invalid_because(sample: Sample) -> str | None:
    """Why a sample is not a valid count (R8); None if it is valid. The rescue washout is judged later (R17)."""
    if sample.value is None:
        return "No result."
    if not sample.value.is_finite() or sample.value < 0:
        return "The result is not a number of platelets."
    if sample.value > PLATELET_LIMIT:
        return _too_high(sample.value)
    if not sample.acceptable:
        return "The sample was clotted or clumped and the count was not confirmed."
    return None if sample.query_free else "A query on this result is open."


def _too_high(value: Decimal) -> str:
    hint = number_text(value / PER_MICROLITRE)
    limit = number_text(PLATELET_LIMIT)
    return (
        f"{number_text(value)} is above the limit of {limit} ×10⁹/L. If the report is per microlitre, the count is {hint} ×10⁹/L."
    )


def _count_of_day(on: date, samples: list[Sample], starts: list[time | None] | None) -> Count:
    """Apply R8, then R10, then R9 to the samples of one date."""
    excluded: list[Excluded] = []
    usable: list[Sample] = []
    for sample in samples:
        reason = _not_usable(sample, starts)
        if reason is None:
            usable.append(sample)
        else:
            excluded.append(reason)
    if not usable:
        return Count(on, None, "", (NO_VALID_COUNT,), "No valid count on this date (R8, R10).", tuple(excluded))
    chosen, why = _choose(usable)
    excluded += [Excluded(other, "R9", f"Not chosen: {why}") for other in usable if other is not chosen]
    flags = (ASSUMED_PRE_INFUSION,) if _assumed(chosen, starts) else ()
    return Count(on, chosen.value, chosen.ref, flags, why, tuple(excluded))


def _not_usable(sample: Sample, starts: list[time | None] | None) -> Excluded | None:
    invalid = invalid_because(sample)
    if invalid is not None:
        return Excluded(sample, "R8", invalid)
    start = min((known for known in starts or () if known is not None), default=None)
    # A sample drawn at the very minute of the start is the pre-infusion sample: the nurse draws, then opens the line.
    if start is not None and sample.at is not None and sample.at > start:
        return Excluded(sample, "R10", f"Taken at {sample.at:%H:%M}, after the infusion started at {start:%H:%M}.")
    return None


def _assumed(sample: Sample, starts: list[time | None] | None) -> bool:
    """Did we have to assume that the sample was taken before the infusion?"""
    return starts is not None and (sample.at is None or None in starts)


def _choose(samples: list[Sample]) -> tuple[Sample, str]:
    """The sample that speaks for the date, and the reason (R9)."""
    primary = [sample for sample in samples if sample.primary]
    left = primary or samples
    if len(left) == 1:
        return left[0], "the sample that the site marked as primary is used." if primary else "the only valid sample."
    if any(sample.at is None for sample in left):
        return min(left, key=_order), "a sample time is missing, so the lowest count is used."
    latest = max(sample.at for sample in left if sample.at is not None)
    return next(sample for sample in left if sample.at == latest), "the latest sample of the date is used."


def _order(sample: Sample) -> tuple[Decimal, str]:
    """Lowest value first, so that a tie never depends on the order of the input."""
    known = sample.value is not None and sample.value.is_finite()
    return (sample.value if known and sample.value is not None else Decimal(-1), sample.ref)
