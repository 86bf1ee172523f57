"""The statistics of the paper: proportions, survival curves, paired tests, quartiles.

Pure: no Django, no clock. The numbers come from scipy, imported where they are needed, because its import costs more
than a page. Every function says what it does with nothing: an empty sample has no estimate, never a zero.
"""

from __future__ import annotations

import statistics
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

CONFIDENCE = 0.95
#: What captions call the interval of ``proportion``.
EXACT = "exact (Clopper-Pearson) 95 % CI"


@dataclass(frozen=True)
class Proportion:
    """``k`` of ``n`` with its exact two-sided 95 % interval, all as fractions from 0 to 1; None where n is 0."""

    k: int
    n: int
    share: float | None
    low: float | None
    high: float | None

    @property
    def text(self) -> str:
        """``14/20 (70.0 %, 45.7 to 88.1)``: percent with one decimal."""
        if self.share is None or self.low is None or self.high is None:
            return f"{self.k}/{self.n}"
        return f"{self.k}/{self.n} ({100 * self.share:.1f} %, {100 * self.low:.1f} to {100 * self.high:.1f})"


def proportion(k: int, n: int) -> Proportion:
    """Clopper-Pearson: the interval whose coverage is never below 95 % (``protocol.md`` 10.3)."""
    if not 0 <= k <= n:
        raise ValueError(f"{k} of {n} is no proportion")
    if n == 0:
        return Proportion(k, n, None, None, None)
    from scipy.stats import binomtest

    interval = binomtest(k, n).proportion_ci(CONFIDENCE, method="exact")
    return Proportion(k, n, k / n, float(interval.low), float(interval.high))


@dataclass(frozen=True)
class Observed:
    """One child under observation: days until the event, or until it was last seen without it (censored)."""

    days: int
    event: bool

    def __post_init__(self) -> None:
        """Refuse a negative time."""
        if self.days < 0:
            raise ValueError(f"{self.days} days of observation are impossible")


@dataclass(frozen=True)
class Step:
    """The curve from this day on: the share still without the event, its 95 % interval, and who is at risk just before."""

    day: int
    at_risk: int
    events: int
    survival: float
    low: float | None
    high: float | None


@dataclass(frozen=True)
class Survival:
    """A Kaplan-Meier curve: one step for each day with an event, the median with its interval, and who was observed."""

    observed: tuple[Observed, ...]
    steps: tuple[Step, ...]
    median: int | None
    median_low: int | None
    median_high: int | None

    @property
    def n(self) -> int:
        return len(self.observed)

    @property
    def events(self) -> int:
        return sum(each.event for each in self.observed)

    @property
    def last_day(self) -> int:
        """The longest observation, in days; 0 for nobody."""
        return max((each.days for each in self.observed), default=0)

    def at_risk(self, day: int) -> int:
        """How many are still under observation without the event just before this day."""
        return sum(each.days >= day for each in self.observed)

    def share(self, day: int) -> float:
        """The estimated share still without the event at the end of this day."""
        return next((step.survival for step in reversed(self.steps) if step.day <= day), 1.0)


def kaplan_meier(observed: Sequence[Observed]) -> Survival:
    """The product-limit estimate with log-log 95 % intervals (``protocol.md`` 10.5, 10.6).

    The interval is not defined where the estimate is 0, and says None there.
    """
    everybody = tuple(sorted(observed, key=lambda each: (each.days, not each.event)))
    steps = tuple(_steps(everybody)) if any(each.event for each in everybody) else ()
    return Survival(everybody, steps, _first_below(steps, "survival"), _first_below(steps, "low"), _first_below(steps, "high"))


def _steps(everybody: tuple[Observed, ...]) -> list[Step]:
    from scipy.stats import CensoredData, ecdf

    data = CensoredData(
        uncensored=[each.days for each in everybody if each.event], right=[each.days for each in everybody if not each.event]
    )
    curve = ecdf(data).sf
    with warnings.catch_warnings():
        # Where nobody is left the interval has no value; the step says None.
        warnings.filterwarnings("ignore", "The confidence interval is undefined", RuntimeWarning)
        bounds = curve.confidence_interval(CONFIDENCE, method="log-log")
    events = {each.days for each in everybody if each.event}
    return [
        Step(int(day), sum(e.days >= day for e in everybody), sum(e.event and e.days == day for e in everybody),
             float(share), _known(low), _known(high))
        for day, share, low, high in zip(curve.quantiles, curve.probabilities, bounds.low.probabilities,
                                         bounds.high.probabilities, strict=True)
        if int(day) in events
    ]  # fmt: skip


def _known(number: Any) -> float | None:
    return None if number != number else float(number)  # not a number is unequal to itself


def _first_below(steps: tuple[Step, ...], name: str) -> int | None:
    """The first day on which the curve (or its bound) is at one half or lower."""
    found = ((step.day, getattr(step, name)) for step in steps)
    return next((day for day, share in found if share is not None and share <= 0.5), None)


@dataclass(frozen=True)
class Paired:
    """Wilcoxon's signed-rank test of paired differences, zeros kept as Pratt does; ``p`` None where nothing changed."""

    n: int
    changed: int
    statistic: float | None
    p: float | None

    @property
    def text(self) -> str:
        """``p = 0.031 (n = 18, 12 changed)``."""
        if self.p is None:
            return f"no change in any of {self.n}" if self.n else "nobody with both values"
        shown = "p < 0.001" if self.p < 0.001 else f"p = {self.p:.3f}"
        return f"{shown} (n = {self.n}, {self.changed} changed)"


def signed_rank(differences: Sequence[int]) -> Paired:
    """Two-sided, by the normal approximation without continuity correction: grades are few and tied (``protocol.md`` 10.10)."""
    changed = sum(difference != 0 for difference in differences)
    if not changed:
        return Paired(len(differences), 0, None, None)
    from scipy.stats import wilcoxon

    found = wilcoxon(differences, zero_method="pratt", correction=False, method="asymptotic")
    return Paired(len(differences), changed, float(found.statistic), float(found.pvalue))


@dataclass(frozen=True)
class Quartiles:
    """Median with lower and upper quartile (linear interpolation, R's type 7); None for an empty sample."""

    n: int
    low: float | None
    median: float | None
    high: float | None

    @property
    def text(self) -> str:
        """``41.0 (22.5 to 80.0)``."""
        if self.median is None or self.low is None or self.high is None:
            return "none"
        return f"{self.median:.1f} ({self.low:.1f} to {self.high:.1f})"


def quartiles(values: Sequence[float]) -> Quartiles:
    """The middle half of a sample."""
    if not values:
        return Quartiles(0, None, None, None)
    if len(values) == 1:
        return Quartiles(1, values[0], values[0], values[0])
    low, middle, high = statistics.quantiles(values, n=4, method="inclusive")
    return Quartiles(len(values), low, middle, high)


def steps_down(survival: Survival) -> list[tuple[int, float]]:
    """The corners of the curve as drawn: (day, share), from (0, 1) to the last observation."""
    corners: list[tuple[int, float]] = [(0, 1.0)]
    for step in survival.steps:
        corners += [(step.day, corners[-1][1]), (step.day, step.survival)]
    return [*corners, (survival.last_day, corners[-1][1])]
