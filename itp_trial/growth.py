"""Weight and height by age and sex: what is usual, what hardly exists, and changes that ask for a second look. Pure.

Source: WHO Child Growth Standards (to 5 years) and Growth Reference 2007 (from 5 years), values at -3 SD, median and +3 SD
as printed in ``protocol.md`` 8.3; the hard limits for weight are its own (about 4 SD, rounded). Between two birthdays the
limits are interpolated by month; from the 10th birthday on the row of 10 years holds (WHO weight-for-age ends there).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from typing import Literal

from itp_trial.protocol import value

Sex = Literal["F", "M"]

WEIGHT_CHANGE: Decimal = value("WEIGHT_CHANGE")
WEIGHT_CHANGE_D: int = value("WEIGHT_CHANGE_D")
WEIGHT_LOSS: Decimal = value("WEIGHT_LOSS")

#: Completed years -> -3 SD, median, +3 SD in kg.
_KG: dict[Sex, dict[int, tuple[str, str, str]]] = {
    "M": {
        1: ("6.9", "9.6", "13.3"), 2: ("8.6", "12.1", "17.1"), 3: ("10.0", "14.3", "20.7"), 4: ("11.2", "16.3", "24.2"),
        5: ("12.4", "18.3", "27.9"), 6: ("14.1", "20.5", "31.5"), 7: ("15.7", "22.9", "36.1"), 8: ("17.3", "25.4", "41.5"),
        9: ("18.8", "28.1", "48.2"), 10: ("20.4", "31.2", "56.4"),
    },
    "F": {
        1: ("6.3", "8.9", "13.1"), 2: ("8.1", "11.5", "17.0"), 3: ("9.6", "13.9", "21.0"), 4: ("10.9", "16.1", "25.2"),
        5: ("12.1", "18.2", "29.5"), 6: ("13.5", "20.2", "33.4"), 7: ("14.8", "22.4", "38.3"), 8: ("16.3", "25.0", "44.1"),
        9: ("18.1", "28.2", "51.1"), 10: ("20.3", "31.9", "59.2"),
    },
}  # fmt: skip
#: Completed years -> lowest and highest possible weight in kg.
_POSSIBLE_KG = {1: (5, 16), 2: (7, 21), 3: (8, 26), 4: (9, 32), 5: (10, 38), 6: (11, 44), 7: (12, 50), 8: (13, 60),
                9: (15, 70), 10: (16, 80)}  # fmt: skip
#: Completed years -> -3 SD, median, +3 SD in cm.
_CM: dict[Sex, dict[int, tuple[str, str, str]]] = {
    "M": {
        1: ("68.6", "75.7", "82.9"), 2: ("78.6", "87.8", "97.0"), 3: ("85.0", "96.1", "107.2"), 4: ("90.7", "103.3", "115.9"),
        5: ("96.1", "110.0", "123.9"), 6: ("101.2", "116.0", "130.7"), 7: ("105.9", "121.7", "137.6"),
        8: ("110.3", "127.3", "144.2"), 9: ("114.5", "132.6", "150.6"), 10: ("118.7", "137.8", "156.9"),
    },
    "F": {
        1: ("66.3", "74.0", "81.7"), 2: ("76.7", "86.4", "96.1"), 3: ("83.6", "95.1", "106.5"), 4: ("89.8", "102.7", "115.7"),
        5: ("95.2", "109.4", "123.7"), 6: ("99.8", "115.1", "130.5"), 7: ("104.4", "120.8", "137.2"),
        8: ("109.2", "126.6", "143.9"), 9: ("114.2", "132.5", "150.8"), 10: ("119.4", "138.6", "157.8"),
    },
}  # fmt: skip
_FIRST, _LAST = 12, 120


@dataclass(frozen=True)
class Limits:
    """What is usual (-3 to +3 SD) and what is possible (about -4 to +4 SD) for one age and sex."""

    low: Decimal
    high: Decimal
    least: Decimal
    most: Decimal

    def is_usual(self, number: Decimal) -> bool:
        return self.low <= number <= self.high

    def is_possible(self, number: Decimal) -> bool:
        return self.least <= number <= self.most


def weight_limits(sex: Sex, months: int) -> Limits:
    """In kg, for an age in completed months; younger than 1 year counts as 1 year."""
    usual = [_between(_column(_KG[sex], place), months) for place in (0, 2)]
    possible = [_between({year: Decimal(pair[place]) for year, pair in _POSSIBLE_KG.items()}, months) for place in (0, 1)]
    return Limits(*usual, *possible)


def height_limits(sex: Sex, months: int) -> Limits:
    """In cm; what is possible lies one more SD away from the median on either side."""
    low, median, high = (_between(_column(_CM[sex], place), months) for place in (0, 1, 2))
    return Limits(low, high, _tenth(low - (median - low) / 3), _tenth(high + (high - median) / 3))


def _column(table: dict[int, tuple[str, str, str]], place: int) -> dict[int, Decimal]:
    return {year: Decimal(row[place]) for year, row in table.items()}


def _between(by_year: dict[int, Decimal], months: int) -> Decimal:
    """The value at an age: on the straight line between two birthdays."""
    months = min(max(months, _FIRST), _LAST)
    year, past = divmod(months, 12)
    after = by_year.get(year + 1, by_year[year])
    return _tenth(by_year[year] + (after - by_year[year]) * past / 12)


def _tenth(number: Decimal) -> Decimal:
    return number.quantize(Decimal("0.1"), ROUND_HALF_UP)


@dataclass(frozen=True)
class Weighed:
    """A weight in kg and its day."""

    on: date
    kg: Decimal


def surprising_change(before: Weighed, now: Weighed) -> str:
    """Why a weight asks for a second look beside the one before it, in words; an empty text if it does not."""
    days, change = (now.on - before.on).days, (now.kg - before.kg) / before.kg
    seen = f"{now.kg:f} kg after {before.kg:f} kg on {before.on:%d %b %Y}"
    if abs(change) > WEIGHT_CHANGE and 0 <= days <= WEIGHT_CHANGE_D:
        return f"{seen}: more than {WEIGHT_CHANGE:.0%} in at most {WEIGHT_CHANGE_D} days. Please weigh again, or confirm."
    if -change > WEIGHT_LOSS and days >= 0:
        return f"{seen}: a loss of more than {WEIGHT_LOSS:.0%}. Please weigh again, or confirm and say why."
    return ""
