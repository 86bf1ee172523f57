"""How the platelets of a synthetic child run: the recipe of ``docs/protocol.md`` 5.7. Pure, and the same for a seed.

Every number comes from a generator that is named by seed, child and purpose, so that a new child or visit changes no
other. The numbers are invented for demonstration and mean nothing.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from random import Random

BASELINE_MEDIAN, BASELINE_RANGE = 12, (3, 28)
PEAK_RANGE, PEAK_DAYS, HALF_DAYS = (60, 250), (3, 8), (6, 10)
MAINTENANCE_PART = (0.5, 0.7)
#: Adverse events: in a quarter of the infusions, most of them mild.
EVENT_RATE, MILD = 0.25, 0.85
EVENTS = {"Headache": 13.0, "Fever": 6.0, "Vomiting": 5.0, "Chills": 3.0, "Urticaria": 1.5}


@dataclass(frozen=True)
class Remission:
    """From this day after the loading dose the count stays at this level by itself, until it does no more."""

    day: int
    level: int
    until: int = 10_000


@dataclass(frozen=True)
class Platelets:
    """One child's kinetics: the loading dose lifts the count to ``peak``, later doses by a part of that."""

    key: str
    baseline: float
    peak: float
    peak_day: int
    half_days: float
    part: float
    remission: Remission | None = None

    def on(self, day: int, doses: Iterable[int]) -> int:
        """The count in 10^9/L in the morning of a day; doses of the same day come later."""
        given = [(number, day - dose) for number, dose in enumerate(doses) if dose < day]
        value = self.baseline + sum(self._lift(number) * self._shape(since) for number, since in given)
        if self.remission and self.remission.day <= day <= self.remission.until:
            value = max(value, self.remission.level)
        return max(1, round(value * rng(self.key, "count", day).uniform(0.94, 1.06)))

    def _lift(self, number: int) -> float:
        return max(self.peak - self.baseline, 0) * (self.part if number else 1)

    def _shape(self, since: int) -> float:
        if since <= self.peak_day:
            return since / self.peak_day
        return float(0.5 ** ((since - self.peak_day) / self.half_days))


def rng(*name: object) -> Random:
    """A generator of its own for this purpose; the same in every process."""
    return Random("/".join(map(str, name)))  # noqa: S311  (synthetic data, nothing secret)


def baseline(key: str) -> int:
    """Log-normal around 12, from 3 to 28."""
    low, high = BASELINE_RANGE
    return min(max(round(rng(key, "baseline").lognormvariate(math.log(BASELINE_MEDIAN), 0.5)), low), high)


def platelets(key: str, *, first: int, peak: int | None, part: float | None, remission: Remission | None) -> Platelets:
    """The kinetics of a child; what its story leaves open is drawn from the ranges of the recipe."""
    draw = rng(key, "kinetics")
    drawn_peak, peak_day = draw.uniform(*PEAK_RANGE), round(draw.triangular(*PEAK_DAYS, 3))
    half_days, drawn_part = draw.uniform(*HALF_DAYS), draw.uniform(*MAINTENANCE_PART)
    return Platelets(key, first, drawn_peak if peak is None else peak, peak_day, half_days,
                     drawn_part if part is None else part, remission)  # fmt: skip


def jitter(key: str, visit: str, most: int) -> int:
    """How many days early or late a family came."""
    return rng(key, "jitter", visit).randint(-most, most)


def haemoglobin(key: str, visit: str, after_infusion: bool) -> Decimal:
    """Around 11.8 g/dL, and 0.5-1 g/dL lower in the week after an infusion."""
    value = rng(key, "level").uniform(11.2, 12.8) + rng(key, visit, "hb").uniform(-0.3, 0.3)
    fall = rng(key, visit, "fall").uniform(0.5, 1.0) if after_infusion else 0
    return Decimal(value - fall).quantize(Decimal("0.1"))


def leukocytes(key: str, visit: str) -> Decimal:
    return Decimal(rng(key, visit, "wbc").uniform(5, 12)).quantize(Decimal("0.1"))


def history(key: str) -> dict[str, dict[str, str | int]]:
    """Where a child lives and what its family tells, by form: invented, and different from child to child."""
    draw = rng(key, "history")
    return {
        "demography": {
            "region": draw.choice(["upper", "delta", "coast", "cairo"]), "residence": draw.choice(["urban", "rural"]),
            "travel_hours": draw.choice(["0.5", "1", "1.5", "3"]), "kinship": draw.choice(["none", "none", "none", "first"]),
            "schooling": draw.choice(["none", "basic", "secondary", "higher"]),
        },
        "itp_history": {
            "trigger": draw.choice(["infection", "infection", "vaccination", "none"]), "first_count": draw.randint(1, 20),
            "bleeding_episodes": draw.randint(0, 6), "unplanned_visits": draw.randint(0, 4), "admissions": draw.randint(0, 2),
        },
        "medical_history": {"surgery_bleeding": draw.choice(["N", "N", "Y"]), "family_immune": draw.choice(["N", "N", "Y"])},
    }  # fmt: skip


@dataclass(frozen=True)
class Reaction:
    """An adverse event of an infusion, with its CTCAE grade."""

    term: str
    grade: int

    @property
    def coded_term(self) -> str:
        return self.term.lower()


def reaction(key: str, visit: str) -> Reaction | None:
    draw = rng(key, visit, "reaction")
    if draw.random() >= EVENT_RATE:
        return None
    term = draw.choices(list(EVENTS), list(EVENTS.values()))[0]
    return Reaction(term, 1 if draw.random() < MILD else 2)
