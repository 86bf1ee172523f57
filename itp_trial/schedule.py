"""The schedule of assessments as one table: which visit, when, with which forms (``protocol.md`` 11.3).

Days count from the anchor: the loading infusion, the latest infusion, or the start of the time off therapy. Windows
re-anchor on the actual infusion. Forms are named by their slug. Pure data.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from itp_trial.protocol import value


class Anchor(StrEnum):
    SCREENING = "the first contact"
    ENROLMENT = "enrolment"
    INFUSION = "the previous infusion"
    OFF_THERAPY = "the last infusion"
    NONE = "nothing: at any time"


@dataclass(frozen=True)
class VisitPlan:
    """One planned visit: target day after its anchor, days it may be early or late, and its expected forms."""

    code: str
    title: str
    anchor: Anchor
    day: int
    early: int
    late: int
    forms: tuple[str, ...]
    infusion: int | None = None  # 0 = loading dose, 1-5 = maintenance dose
    repeats: bool = False


SCREENING = ("screening", "consent", "blood-group", "demography", "itp-history", "medical-history", "growth", "vital-signs",
             "laboratory", "virology", "school-activity")  # fmt: skip
COUNT = ("blood-count",)
COUNT_AND_BLEEDING = ("blood-count", "bleeding-assessment")
INFUSION = ("blood-count", "bleeding-assessment", "infusion")
_EARLIEST, _LATEST = value("INTERVAL_SHORT_D"), value("INTERVAL_LONG_D")
_SUSTAINED = value("SROT_D")
#: What some visits add to the forms of their kind: visits of maintenance stay short (school and activity at every other one).
_ADDED = {
    "M2": ("school-activity",),
    "M4": ("school-activity",),
    "FU1": ("growth", "vital-signs", "laboratory", "school-activity", "satisfaction"),
    "FU3": ("growth", "school-activity"),
    "FU6": ("growth", "vital-signs", "laboratory", "virology", "school-activity", "satisfaction"),
}
_DOSE_NAMES = ("the loading dose", *(f"dose {n}" for n in range(1, value("MAX_MAINT") + 1)))


def _follow_up(month: int) -> VisitPlan:
    day = value("ROT_MIN_D") if month == 1 else 30 * month
    last = day == _SUSTAINED
    return VisitPlan(f"FU{month}", f"Follow-up month {month}", Anchor.OFF_THERAPY, day, 0 if last else 7,
                     34 if last else 7, COUNT_AND_BLEEDING + _ADDED.get(f"FU{month}", ()))  # fmt: skip


_PLANS = (
    VisitPlan("SCREEN", "Screening", Anchor.SCREENING, 0, 0, 14, SCREENING),
    VisitPlan("LOAD", "Loading dose", Anchor.ENROLMENT, 0, 0, 7, INFUSION, infusion=0),
    VisitPlan("D3", "Count day 3", Anchor.INFUSION, 3, 1, 1, COUNT),
    VisitPlan("D13", "Count day 12-14", Anchor.INFUSION, 13, 1, 1, COUNT_AND_BLEEDING),
    *(
        VisitPlan(f"M{n}", f"Maintenance dose {n}", Anchor.INFUSION, 21, 21 - _EARLIEST, _LATEST - 21,
                  INFUSION + _ADDED.get(f"M{n}", ()), infusion=n)
        for n in range(1, value("MAX_MAINT") + 1)
    ),
    *(
        VisitPlan(f"M{n}C7", f"Count 7 days after dose {n}", Anchor.INFUSION, 7, 2, 2, COUNT)
        for n in range(1, value("MAX_MAINT") + 1)
    ),
    # 36 to 96 hours after the infusion; after the loading dose the count of day 3 is this check.
    *(
        VisitPlan(f"M{n}HB", f"Haemoglobin check after dose {n}", Anchor.INFUSION, 3, 1, 1, ("haemoglobin-check",))
        for n in range(1, value("MAX_MAINT") + 1)
    ),
    *(
        VisitPlan(f"C{n}", f"Contact after {name}", Anchor.INFUSION, 5, 1, 2, ("contact",))
        for n, name in enumerate(_DOSE_NAMES)
    ),
    VisitPlan("FU14", "Follow-up day 14", Anchor.OFF_THERAPY, 14, 3, 3, COUNT_AND_BLEEDING),
    *(_follow_up(month) for month in range(1, 7)),
    VisitPlan("UNS", "Unscheduled visit", Anchor.NONE, 0, 0, 0, COUNT, repeats=True),
)  # fmt: skip

VISITS: dict[str, VisitPlan] = {plan.code: plan for plan in _PLANS}


def anchored_on(anchor: Anchor) -> list[VisitPlan]:
    return [plan for plan in _PLANS if plan.anchor is anchor]


def after_infusion(number: int, *, haemolysis_risk: bool = False) -> list[VisitPlan]:
    """The visits that an infusion brings about: its counts and contact, and the next dose while one is left.

    ``haemolysis_risk``: the child is not known to be of group O, so its haemoglobin is looked at after every dose.
    """
    counts = [VISITS["D3"], VISITS["D13"]] if number == 0 else [VISITS[f"M{number}C7"]]
    checks = [VISITS[f"M{number}HB"]] if number and haemolysis_risk else []
    following = [VISITS[f"M{number + 1}"]] if number < value("MAX_MAINT") else []
    return [*counts, *checks, VISITS[f"C{number}"], *following]


def dose_visit(number: int) -> VisitPlan:
    """The visit of a dose: 0 = loading, 1-5 = maintenance. Raises ``KeyError`` for any other."""
    return VISITS["LOAD" if number == 0 else f"M{number}"]
