"""Working days in Egypt: Friday and Saturday are free, and so are the holidays. Pure.

Religious holidays move with the moon: those that are only expected are said to be estimated (``users.md`` 3.3).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache

import holidays

#: Friday and Saturday (an assumption; a clinic may work on Saturday).
WEEKEND = (4, 5)


@dataclass(frozen=True)
class WorkingDays:
    """How many working days a stretch has, and whether a holiday in it is only expected."""

    count: int
    estimated: bool = False

    def __str__(self) -> str:
        days = f"{self.count} working day{'' if self.count == 1 else 's'}"
        return f"{days} (holidays estimated)" if self.estimated else days


@cache
def _holidays(year: int) -> dict[date, str]:
    return dict(holidays.country_holidays("EG", years=year, language="en_US").items())


def working_days(first: date, last: date) -> WorkingDays:
    """The working days from ``first`` to ``last``, both included; none where ``last`` lies before ``first``."""
    count, estimated = 0, False
    for number in range((last - first).days + 1):
        day = first + timedelta(days=number)
        holiday = _holidays(day.year).get(day, "")
        estimated = estimated or "estimated" in holiday
        count += day.weekday() not in WEEKEND and not holiday
    return WorkingDays(count, estimated)
