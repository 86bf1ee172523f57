"""Units as laboratories print them: from the typed text to the value in the unit of the trial. Pure, exact decimals.

The factors are those of ``standards.md`` 2.4. A count per µL becomes 10^9/L by an exact division, so that no rounding can
carry a count over a threshold.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction

from itp_trial import normalise

ONE = Fraction(1)


@dataclass(frozen=True)
class Quantity:
    """What is measured: the unit of the trial, and for every printed unit what one of it is worth in that unit."""

    unit: str
    factors: Mapping[str, Fraction]


CELLS = Quantity("10^9/L", {"10^9/L": ONE, "10^3/uL": ONE, "/uL": ONE / 1000})
HAEMOGLOBIN = Quantity("g/dL", {"g/dL": ONE, "g/L": ONE / 10})
IMMUNOGLOBULIN = Quantity("g/L", {"g/L": ONE, "mg/dL": ONE / 100})
CREATININE = Quantity("mg/dL", {"mg/dL": ONE, "umol/L": 1 / Fraction("88.4")})
BILIRUBIN = Quantity("mg/dL", {"mg/dL": ONE, "umol/L": 1 / Fraction("17.1")})

#: Ways of writing a unit, after ``_simplified``.
_SPELLINGS: Mapping[str, str] = {
    "10^9/l": "10^9/L", "giga/l": "10^9/L",
    "10^3/ul": "10^3/uL", "10^3/mm^3": "10^3/uL", "10^3/cmm": "10^3/uL", "k/ul": "10^3/uL", "k/mm^3": "10^3/uL", "k": "10^3/uL",
    "/ul": "/uL", "/mm^3": "/uL", "/cmm": "/uL", "/cumm": "/uL", "ul": "/uL", "cmm": "/uL", "mm^3": "/uL",
    "g/dl": "g/dL", "g%": "g/dL", "gm/dl": "g/dL", "g/l": "g/L", "gm/l": "g/L", "mg/dl": "mg/dL", "mg%": "mg/dL",
    "umol/l": "umol/L",
}  # fmt: skip
#: The Arabic signs for decimals and thousands stay with the number: ``normalise.number`` asks about a misplaced one.
_PARTS = re.compile(r"(-?\d[\d.,\u066b\u066c]*)\s*(.*)", re.DOTALL)
#: What begins like this goes on with the number and is no unit: the rest of ``85 000``, ``1_000``, ``1e3`` or ``0x10``.
_MORE_OF_THE_NUMBER = re.compile(r"[0-9_.,+-]|e[+-]?[0-9]|x[0-9]", re.IGNORECASE)
_THOUSANDS = re.compile(r"[0-9]{1,3}(,[0-9]{3})+")


@dataclass(frozen=True)
class Measurement:
    """A printed result: the value in the unit of the trial, the number as typed, its unit, and whether that was typed."""

    value: Decimal
    number: str
    unit: str
    unit_typed: bool

    @property
    def printed(self) -> str:
        """Number and unit as on the report, for example ``85000 /uL``."""
        return f"{self.number} {self.unit}"


def read(raw: str, quantity: Quantity, step: Decimal) -> Measurement:
    """A typed result, with or without its unit; without one it stands in the unit of the trial.

    A value that had to be converted is rounded half up to ``step``. Raises ``normalise.Unreadable`` for what is no number
    and for a unit that does not belong here.
    """
    parts = _PARTS.fullmatch(normalise.text(raw))
    typed, written = (parts[1], normalise.digits(parts[2])) if parts else (raw, "")
    if _simplified(written) not in _SPELLINGS and _MORE_OF_THE_NUMBER.match(written):
        typed, written = raw, ""
    unit = _unit(written, quantity) if written else quantity.unit
    grouped = unit == "/uL" and _THOUSANDS.fullmatch(normalise.digits(typed))
    value = normalise.number(typed.replace(",", "") if grouped else typed)
    return Measurement(converted(value, unit, quantity, step), normalise.digits(typed), unit, bool(written))


def converted(value: Decimal, unit: str, quantity: Quantity, step: Decimal) -> Decimal:
    """The value in the unit of the trial; unchanged where it stands in that unit already. ``KeyError`` for another unit."""
    factor = quantity.factors[unit]
    if factor == ONE:
        return value
    exact = Fraction(value) * factor
    return (Decimal(exact.numerator) / Decimal(exact.denominator)).quantize(step, ROUND_HALF_UP)


def _unit(written: str, quantity: Quantity) -> str:
    unit = _SPELLINGS.get(_simplified(written), "")
    if unit not in quantity.factors:
        possible = ", ".join(shown(each) for each in quantity.factors)
        raise normalise.Unreadable(f"“{written[:20]}” is not a unit of this result. Possible: {possible}.")
    return unit


def _simplified(written: str) -> str:
    """One spelling: small letters, ``u`` for micro, ``^`` for powers, no multiplication sign, no blanks."""
    text = re.sub(r"\s", "", written.lower()).translate(str.maketrans("µμ³⁹", "uu39"))
    text = re.sub(r"^[x×*]", "", text).replace("mcl", "ul")
    text = re.sub(r"^10[*e^]?([39])(?=/)", r"10^\1", text)
    return re.sub(r"mm\^?3", "mm^3", text)


def shown(unit: str) -> str:
    """The unit as people print it."""
    return unit.replace("10^9", "×10⁹").replace("10^3", "×10³").replace("u", "µ")
