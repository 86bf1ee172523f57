"""Live vaccines after IVIG: the antibodies of the product weaken measles and varicella vaccine for months. Pure.

Source: ACIP table of antibody products as printed in ``protocol.md`` 7; European labels say up to one year for measles.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from enrollment.eligibility import add_months
from itp_trial.protocol import value

#: Dose in g/kg up to which -> months to wait. A dose between two rows waits as long as the larger one.
INTERVALS: tuple[tuple[Decimal, int], ...] = (
    (Decimal("0.4"), value("LIVE_VACCINE_400_M")),
    (Decimal("1.0"), value("LIVE_VACCINE_1000_M")),
    (Decimal("2.0"), value("LIVE_VACCINE_2000_M")),
)
_TOLERANCE: Decimal = 1 + value("DOSE_TOL")


@dataclass(frozen=True)
class Dose:
    """An infusion of IgG: its day and g/kg."""

    on: date
    g_per_kg: Decimal


def months_to_wait(g_per_kg: Decimal) -> int:
    """The months after a dose before a measles or varicella vaccine; what was given within the dose tolerance is its dose."""
    return next((months for limit, months in INTERVALS if g_per_kg <= limit * _TOLERANCE), INTERVALS[-1][1])


def warning(vaccine_on: date, doses: Iterable[Dose]) -> str:
    """Why this vaccine may not work on this day, in words; an empty text if nothing stands against it."""
    waits = [(add_months(dose.on, months_to_wait(dose.g_per_kg)), dose) for dose in doses if dose.on <= vaccine_on]
    until, dose = max(waits, key=lambda wait: wait[0], default=(vaccine_on, None))
    if dose is None or vaccine_on >= until:
        return ""
    return (
        f"IVIG of {dose.g_per_kg:.2f} g/kg was given on {dose.on:%d %b %Y}: wait {months_to_wait(dose.g_per_kg)} months, until"
        f" {until:%d %b %Y}, or test antibodies and repeat the vaccine."
    )
