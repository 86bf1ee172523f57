"""Vital signs by age: soft limits for an awake child, and changes since before the infusion. Pure.

Source: PALS 2015 table as printed in ``protocol.md`` 8.4. Many healthy children lie outside: these limits ask, and never
refuse.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from itp_trial.protocol import value

HR_RISE: int = value("VS_HR_RISE")
SBP_FALL: Decimal = value("VS_SBP_FALL")
TEMPERATURE_RISE: Decimal = value("VS_T_RISE")
SPO2_WARN: int = value("SPO2_WARN")
SPO2_STOP: int = value("SPO2_STOP")

#: Nothing outside of these was ever measured on a living child (``protocol.md`` 8.4).
POSSIBLE = {
    "temperature": (33, 43), "heart_rate": (30, 260), "respiratory_rate": (5, 90), "systolic": (40, 200),
    "diastolic": (20, 140), "spo2": (50, 100),
}  # fmt: skip
NAMES = {"heart_rate": "Heart rate", "respiratory_rate": "Respiratory rate", "systolic": "Systolic pressure",
         "diastolic": "Diastolic pressure"}  # fmt: skip
UNITS = {"heart_rate": "/min", "respiratory_rate": "/min", "systolic": "mmHg", "diastolic": "mmHg"}
#: From this completed year on -> heart rate, respiratory rate, systolic, diastolic.
_USUAL = {
    1: ((98, 140), (22, 37), (86, 106), (42, 63)),
    3: ((80, 120), (20, 28), (89, 112), (46, 72)),
    6: ((75, 118), (18, 25), (97, 115), (57, 76)),
    10: ((75, 118), (18, 25), (102, 120), (61, 80)),
}


@dataclass(frozen=True)
class Signs:
    """One set of vital signs; ``None`` where a sign was not measured. Temperature in C, pressures in mmHg, SpO2 in %."""

    temperature: Decimal | None = None
    heart_rate: Decimal | None = None
    respiratory_rate: Decimal | None = None
    systolic: Decimal | None = None
    diastolic: Decimal | None = None
    spo2: Decimal | None = None


def usual(age: int) -> dict[str, tuple[int, int]]:
    """Sign -> (lowest, highest) usual value at an age in completed years; below 1 year as at 1 year."""
    row = _USUAL[max((first for first in _USUAL if first <= age), default=min(_USUAL))]
    return dict(zip(NAMES, row, strict=True))


def hypotension_below(age: int) -> int:
    """The systolic pressure in mmHg below which it is hypotension."""
    return min(70 + 2 * age, 90)


def outside(sign: str, number: Decimal, age: int) -> str:
    """What is unusual about one sign at an age, in words; an empty text if nothing is."""
    low, high = usual(age)[sign]
    years = f"{age} year{'s'[: age != 1]}"
    if sign == "systolic" and number < hypotension_below(age):
        return f"Systolic {number:f} mmHg is hypotension at {years} (below {hypotension_below(age)} mmHg)."
    if low <= number <= high:
        return ""
    return f"{NAMES[sign]} {number:f} {UNITS[sign]} is unusual at {years} ({low} to {high}). Correct it, or confirm it."


def oxygen(spo2: Decimal) -> str:
    """What an oxygen saturation in % asks for, or an empty text."""
    if spo2 < SPO2_STOP:
        return f"SpO2 {spo2:f} % is below {SPO2_STOP} %: during an infusion stop it for good."
    return f"SpO2 {spo2:f} % is below {SPO2_WARN} %. Measure again and look at the child." if spo2 < SPO2_WARN else ""


def changes(before: Signs, now: Signs) -> list[str]:
    """What changed since before the infusion so much that somebody should look at the child, in words."""
    found = []
    if before.heart_rate is not None and now.heart_rate is not None and now.heart_rate - before.heart_rate >= HR_RISE:
        found.append(f"Heart rate is {now.heart_rate - before.heart_rate:f} /min higher than before the infusion.")
    if before.systolic and now.systolic is not None and now.systolic <= before.systolic * (1 - SBP_FALL):
        found.append(f"Systolic pressure is {SBP_FALL:.0%} or more lower than before the infusion.")
    if (
        before.temperature is not None
        and now.temperature is not None
        and (now.temperature - before.temperature >= TEMPERATURE_RISE)
    ):
        found.append(f"Temperature is {now.temperature - before.temperature:f} °C higher than before the infusion.")
    return found + ([oxygen(now.spo2)] if now.spo2 is not None and oxygen(now.spo2) else [])
