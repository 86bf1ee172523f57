"""What is measured and asked at the visits of a synthetic child besides counts, bleeding and infusions.

One function a form; every number is drawn for the child and the visit, so that a new form changes no other.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from random import Random
from typing import Any

from django.utils import timezone

from assessments.crfs.contact import SYMPTOMS
from demo.platelets import rng
from itp_trial import growth, vital_signs


def at(day: date, hour: int, minute: int = 0) -> str:
    """A moment in Cairo as it is typed. Of today nothing later than now: whoever builds at night has no morning yet."""
    typed, now = f"{day.isoformat()} {hour:02d}:{minute:02d}", f"{timezone.localtime():%Y-%m-%d %H:%M}"
    return now if now[:10] == typed[:10] and now < typed else typed


@dataclass(frozen=True)
class Observed:
    """One child on the day of a visit. ``key`` and ``visit`` name the numbers that are drawn."""

    key: str
    visit: str
    on: date
    age: int
    sex: growth.Sex
    weight: Decimal | int | None = None
    abo: str = "O"
    #: What the family tells at the contact after an infusion, as the form names it.
    complaint: str = ""

    def draw(self, what: str) -> Random:
        return rng(self.key, self.visit, what)

    def near(self, what: str, low: float, high: float, places: int = 1) -> Decimal:
        """A number between two limits, the same for this child and visit."""
        return Decimal(self.draw(what).uniform(low, high)).quantize(Decimal(1).scaleb(-places))

    def at(self, hour: int, minute: int = 0) -> str:
        return at(self.on, hour, minute)


def _blood_group(seen: Observed) -> dict[str, Any]:
    rhd = "NEG" if rng(seen.key, "rhd").random() < 0.1 else "POS"
    first = {"first_at": seen.at(8), "first_abo": seen.abo, "first_rhd": rhd}
    return {**first, "second_at": seen.at(8, 40), "second_abo": seen.abo, "second_rhd": rhd}


def _growth(seen: Observed) -> dict[str, Any]:
    """The weight of the story, else the median of the age; the height near the median."""
    kg, cm = growth.weight_limits(seen.sex, 12 * seen.age), growth.height_limits(seen.sex, 12 * seen.age)
    weight = seen.weight or (kg.low + kg.high) / 2
    middle = float(cm.low + cm.high) / 2
    height = Decimal(middle * rng(seen.key, "height").uniform(0.97, 1.03)).quantize(Decimal("0.1"))
    return {"measured_on": seen.on, "weight_kg": Decimal(weight).quantize(Decimal("0.1")), "height_cm": height}


def _vital_signs(seen: Observed) -> dict[str, Any]:
    usual = {sign: round(seen.draw(sign).uniform(*limits)) for sign, limits in vital_signs.usual(seen.age).items()}
    return {"measured_at": seen.at(8, 10), "temperature": seen.near("temperature", 36.4, 37.2), "spo2": 98, **usual}


def _laboratory(seen: Observed) -> dict[str, Any]:
    """As an Egyptian report prints it: immunoglobulins in mg/dL."""
    return {
        "done": "Y", "taken_at": seen.at(8, 20), "creatinine": seen.near("creatinine", 0.3, 0.6, 2),
        "alt": seen.near("alt", 10, 35, 0), "ast": seen.near("ast", 20, 45, 0), "bilirubin": seen.near("bilirubin", 0.3, 0.8, 2),
        "ldh": seen.near("ldh", 200, 380, 0), "igg": f"{seen.near('igg', 700, 1300, 0)} mg/dL", "iga_below": "N",
        "iga": f"{seen.near('iga', 40, 150, 0)} mg/dL", "igm": f"{seen.near('igm', 60, 160, 0)} mg/dL", "dat": "NEG",
    }  # fmt: skip


def _virology(seen: Observed) -> dict[str, Any]:
    """Vaccinated children have anti-HBs; after the product more of them do (passive antibody)."""
    immune = seen.visit != "SCREEN" or rng(seen.key, "immune").random() < 0.6
    results = {"hbsag": "NEG", "anti_hbs": "POS" if immune else "NEG", "anti_hbc": "NEG", "anti_hcv": "NEG", "hiv": "NEG"}
    return {"taken_on": seen.on, **results, **{f"{marker}_method": "immunoassay" for marker in results}}


def _contact(seen: Observed) -> dict[str, Any]:
    """The mother tells again what was reported at the infusion; else the child was well."""
    usual = {"called_at": seen.at(11), "means": "TELEPHONE CALL", "reached": "Y", "respondent": "MOTHER"}
    if not seen.complaint:
        return {**usual, "any_symptom": "N"}
    return {**usual, "any_symptom": "Y", **dict.fromkeys(SYMPTOMS, "N"), seen.complaint: "Y"}


def _haemoglobin_check(seen: Observed) -> dict[str, Any]:
    return {"taken_at": seen.at(9), "haemoglobin": seen.near("hb check", 11.2, 11.6), "dat": "NEG"}


def _school_activity(seen: Observed) -> dict[str, Any]:
    """From 4 years a child goes somewhere; a few days are missed."""
    said = {"asked_on": seen.on, "respondent": "MOTHER", "by_physician": "contact", "by_parents": "most",
            "active_days": seen.draw("play").randint(3, 7), "helmet": "N"}  # fmt: skip
    if seen.age < 4:
        return {**said, "school": "none"}
    missed = seen.draw("missed").randint(0, 4)
    return {
        **said, "school": "primary" if seen.age >= 6 else "kindergarten", "scheduled_days": 20, "holiday": "N",
        "absent": "Y" if missed else "N", **({"absent_visit": 1, "absent_itp": missed - 1} if missed else {}),
    }  # fmt: skip


def _satisfaction(seen: Observed) -> dict[str, Any]:
    names = ("effect", "side_effects", "burden", "willing", "overall")
    return {"asked_on": seen.on, "respondent": "MOTHER", **{name: seen.draw(name).randint(3, 5) for name in names}}


#: Form -> the answers that a child gives to it.
ANSWERS: dict[str, Callable[[Observed], dict[str, Any]]] = {
    "blood-group": _blood_group,
    "growth": _growth,
    "vital-signs": _vital_signs,
    "laboratory": _laboratory,
    "virology": _virology,
    "contact": _contact,
    "haemoglobin-check": _haemoglobin_check,
    "school-activity": _school_activity,
    "satisfaction": _satisfaction,
}
