"""How old a child is on a day, and of which sex: from its screening form, where both are asked once."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from enrollment.crfs import Screening
from itp_trial.growth import Sex


@dataclass(frozen=True)
class Child:
    """Birth date and sex as screened."""

    born: date
    sex: Sex

    def months_on(self, day: date) -> int:
        """Completed months on a day."""
        months = (day.year - self.born.year) * 12 + day.month - self.born.month
        return months - (day.day < self.born.day)

    def years_on(self, day: date) -> int:
        """Completed years on a day."""
        return self.months_on(day) // 12


def child_of(participant: Any) -> Child | None:
    """The child behind a participant (or the key of one); ``None`` while birth date or sex are not entered. One query."""
    screened = Screening.objects.filter(record__participant=participant, birth_date__isnull=False, sex__isnull=False)
    found = screened.values_list("birth_date", "sex").first()
    return Child(*found) if found else None
