"""Dose arithmetic: rule R5 (planned and given dose, time, rate, weight) and the partial dose of R7.

Units: volume mL, concentration g IgG per L, dose g and g/kg, rate mL/kg/h, time hours. All sums are exact; comparisons
use the unrounded numbers and never divide. Rounding (half up) is for display only.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Literal
from zoneinfo import ZoneInfo

from itp_trial.protocol import RULES_VERSION, TIME_ZONE, value
from itp_trial.reasons import Reason

Level = Literal["note", "warning", "query", "deviation"]
Topic = Literal["dose", "partial", "no volume", "duration", "rate", "weight", "group"]

LOAD_GKG: Decimal = value("LOAD_GKG")
MAINT_GKG: Decimal = value("MAINT_GKG")
DOSE_TOL: Decimal = value("DOSE_TOL")
MAX_MAINT: int = value("MAX_MAINT")
WEIGHT_MAX_AGE_D: int = value("WEIGHT_MAX_AGE_D")
RATE_WARN: Decimal = value("RATE_WARN")
RATE_QUERY: Decimal = value("RATE_QUERY")
PARTIAL_FLAG: Decimal = value("PARTIAL_FLAG")
LOAD_HOURS: tuple[Decimal, Decimal] = (value("LOAD_HOURS_MIN"), value("LOAD_HOURS_MAX"))
MAINT_HOURS: tuple[Decimal, Decimal] = (value("MAINT_HOURS_MIN"), value("MAINT_HOURS_MAX"))

_SECONDS_PER_HOUR = Decimal(3600)
_PERCENT = Decimal(100)
_UTC = ZoneInfo("UTC")


@dataclass(frozen=True)
class Bag:
    """What the child received from one bag: volume in mL, IgG of its lot in g/L.

    Raises ValueError for a negative volume or a concentration that is not above 0.
    """

    volume_ml: Decimal
    igg_g_per_l: Decimal
    ref: str = ""

    def __post_init__(self) -> None:
        name = f"Bag {self.ref}".strip()
        if not self.volume_ml.is_finite() or self.volume_ml < 0:
            raise ValueError(f"{name}: the volume must be 0 mL or more; got {self.volume_ml}.")
        if not self.igg_g_per_l.is_finite() or self.igg_g_per_l <= 0:
            raise ValueError(f"{name}: the IgG concentration must be above 0 g/L; got {self.igg_g_per_l}.")

    @property
    def grams(self) -> Decimal:
        """IgG given from this bag, in g."""
        return self.volume_ml * self.igg_g_per_l / 1000


@dataclass(frozen=True)
class Finding(Reason):
    """A reason with what it is about and how serious it is (shown, queried, or listed as a deviation)."""

    topic: Topic
    level: Level


@dataclass(frozen=True)
class DoseVerdict:
    """One infusion, computed. ``grams``, ``planned_g`` and ``volume_ml`` are exact; the others rounded for display.

    ``hours`` and ``ml_per_kg_h`` (the mean rate) are None while the infusion runs.
    """

    number: int
    grams: Decimal
    planned_g: Decimal
    g_per_kg: Decimal
    percent_of_plan: Decimal
    volume_ml: Decimal
    ml_per_kg: Decimal
    ml_per_kg_h: Decimal | None
    hours: Decimal | None
    findings: tuple[Finding, ...]
    rules_version: str = RULES_VERSION

    @property
    def counts_as_dose(self) -> bool:
        """R7: any volume given makes it a dose, and its start date a possible end of treatment."""
        return self.volume_ml > 0

    @property
    def partial(self) -> bool:
        """R7: less than half of the plan was given."""
        return self.counts_as_dose and _is_partial(self.grams, self.planned_g)


def planned_grams(weight_kg: Decimal, number: int) -> Decimal:
    """Planned IgG in g: number 0 is the loading dose (1 g/kg), 1-5 are maintenance doses (0.5 g/kg).

    Raises ValueError for a weight that is not above 0 and for a number outside 0-5 (R5).
    """
    if not weight_kg.is_finite() or weight_kg <= 0:
        raise ValueError(f"The weight must be above 0 kg; got {weight_kg}.")
    if not 0 <= number <= MAX_MAINT:
        raise ValueError(f"Doses are numbered 0 (loading) to {MAX_MAINT} (last maintenance); got {number}.")
    return weight_kg * (MAINT_GKG if number else LOAD_GKG)


def given(bags: Iterable[Bag]) -> Decimal:
    """IgG given in g: the sum over the bags of mL x g/L / 1000; 0 without bags (R5)."""
    return sum((bag.grams for bag in bags), Decimal(0))


def elapsed(started: datetime, stopped: datetime) -> timedelta:
    """Time that really passed, also over a change of the clock. Raises ValueError without a time zone or if not > 0."""
    if started.utcoffset() is None or stopped.utcoffset() is None:
        raise ValueError("Start and stop of an infusion need a time zone.")
    # Python subtracts wall clocks when both ends share a zone; through UTC the hour that the clock skips is not lost.
    duration = stopped.astimezone(_UTC) - started.astimezone(_UTC)
    if duration <= timedelta(0):
        raise ValueError("The infusion must stop after it started. Please check both times.")
    return duration


def check(
    number: int,
    weight_kg: Decimal,
    weight_on: date,
    started: datetime,
    stopped: datetime | None,
    bags: Sequence[Bag],
    stopped_early: bool = False,
) -> DoseVerdict:
    """Compute one infusion and say what is off (R5, R7).

    ``number`` and ``weight_kg`` as in ``planned_grams``; ``stopped`` is None while the infusion runs (dose, time and
    rate are then not judged yet); ``stopped_early`` (reaction, lost access) excuses a short time, nothing else.
    Raises ValueError for an impossible weight, number, bag or time.
    """
    planned, grams = planned_grams(weight_kg, number), given(bags)
    volume = sum((bag.volume_ml for bag in bags), Decimal(0))
    seconds = _seconds(started, stopped)
    findings = [*weight_findings(weight_on, local_date(started))]
    if seconds is not None:
        findings += [
            *amount_findings(grams, planned, volume),
            *_duration_findings(number, seconds, stopped_early),
            *_rate_findings(volume, weight_kg, seconds),
        ]
    return DoseVerdict(
        number=number,
        grams=grams,
        planned_g=planned,
        g_per_kg=_display(grams / weight_kg),
        percent_of_plan=_display(grams / planned * _PERCENT, "0.1"),
        volume_ml=volume,
        ml_per_kg=_display(volume / weight_kg),
        ml_per_kg_h=seconds and _display(volume * _SECONDS_PER_HOUR / (weight_kg * seconds)),
        hours=seconds and _display(seconds / _SECONDS_PER_HOUR),
        findings=tuple(findings),
    )


def local_date(instant: datetime) -> date:
    """The calendar date at the sites (Africa/Cairo). Raises ValueError without a time zone."""
    if instant.utcoffset() is None:
        raise ValueError("Start and stop of an infusion need a time zone.")
    return instant.astimezone(ZoneInfo(TIME_ZONE)).date()


def _seconds(started: datetime, stopped: datetime | None) -> Decimal | None:
    if stopped is None:
        return None
    return Decimal(elapsed(started, stopped) // timedelta(microseconds=1)) / 1_000_000


def _display(number: Decimal, step: str = "0.01") -> Decimal:
    return number.quantize(Decimal(step), ROUND_HALF_UP)


def _is_partial(grams: Decimal, planned: Decimal) -> bool:
    return grams < planned * PARTIAL_FLAG


def weight_findings(weight_on: date, infused_on: date) -> Iterator[Finding]:
    """A weight that is too old, or younger than the infusion."""
    age = (infused_on - weight_on).days
    if age < 0:
        text = f"The weight was measured on {weight_on}, after the infusion began on {infused_on}."
        yield Finding("R5", text, "weight", "query")
    elif age > WEIGHT_MAX_AGE_D:
        text = f"The weight is {age} days old; at most {WEIGHT_MAX_AGE_D} days are accepted (assumption)."
        yield Finding("R5", text, "weight", "query")


def amount_findings(grams: Decimal, planned: Decimal, volume: Decimal) -> Iterator[Finding]:
    """Nothing given, a partial dose, or a dose outside the tolerance."""
    amounts = f"Given {_display(grams)} g of the planned {_display(planned)} g"
    percent = f"{_display(grams / planned * _PERCENT, '0.1')} %"
    if volume == 0:
        yield Finding("R7", "No volume was given: this does not count as a dose.", "no volume", "query")
    elif _is_partial(grams, planned):
        limit = f"less than {_display(PARTIAL_FLAG * _PERCENT, '1')} % of the plan (assumption)"
        text = f"{amounts} ({percent}): partial dose, {limit}. It counts as a dose."
        yield Finding("R7", text, "partial", "deviation")
    elif abs(grams - planned) > planned * DOSE_TOL:
        tolerance = f"+-{_display(DOSE_TOL * _PERCENT, '1')} %"
        text = f"{amounts} ({percent}): outside the tolerance of {tolerance} (assumption)."
        yield Finding("R5", text, "dose", "deviation")


def _duration_findings(number: int, seconds: Decimal, stopped_early: bool) -> Iterator[Finding]:
    shortest, longest = MAINT_HOURS if number else LOAD_HOURS
    limits = f"{shortest}-{longest} h" + (" (assumption)" if number else "")
    took = f"The infusion took {_clock(seconds)}"
    if seconds < shortest * _SECONDS_PER_HOUR:
        if stopped_early:
            text = f"{took} because it was stopped early; the limit of {limits} is not applied."
            yield Finding("R5", text, "duration", "note")
        else:
            yield Finding("R5", f"{took}, shorter than {limits}.", "duration", "deviation")
    elif seconds > longest * _SECONDS_PER_HOUR:
        yield Finding("R5", f"{took}, longer than {limits}.", "duration", "deviation")


def duration_words(number: int, started: datetime, stopped: datetime, stopped_early: bool) -> str:
    """How long an infusion took, and whether that keeps the time of the protocol."""
    seconds = _seconds(started, stopped) or Decimal(0)
    shortest, longest = MAINT_HOURS if number else LOAD_HOURS
    found = [finding.text for finding in _duration_findings(number, seconds, stopped_early)]
    return found[0] if found else f"The infusion took {_clock(seconds)}, within {shortest}-{longest} h."


def _clock(seconds: Decimal) -> str:
    minutes = int(seconds // 60)
    rest = f" {seconds % 60:f} s" if seconds % 60 else ""
    return f"{minutes // 60} h {minutes % 60:02d} min{rest}"


def _rate_findings(volume: Decimal, weight_kg: Decimal, seconds: Decimal) -> Iterator[Finding]:
    scaled, one = volume * _SECONDS_PER_HOUR, weight_kg * seconds
    text = f"Mean rate {_display(scaled / one)} mL/kg/h, above"
    if scaled > RATE_QUERY * one:
        yield Finding("R5", f"{text} {RATE_QUERY} (assumption). Please check volume and times.", "rate", "query")
    elif scaled > RATE_WARN * one:
        yield Finding("R5", f"{text} {RATE_WARN} (assumption).", "rate", "warning")
