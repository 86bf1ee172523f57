"""What the analyses know of one child: plain, frozen data. Pure: no Django. ``analyses/cohort.py`` fills it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from itp_trial.schedule import dose_visit
from responses.inputs import Course
from responses.verdicts import Verdict


@dataclass(frozen=True)
class Dose:
    """One infusion: 0 = loading, 1-5 = maintenance. Lots as their numbers; grams and g/kg as stored."""

    number: int
    on: date
    g_per_kg: Decimal | None
    grams: Decimal | None
    lots: tuple[str, ...] = ()

    @property
    def visit(self) -> str:
        """The code of its visit."""
        return dose_visit(self.number).code


@dataclass(frozen=True)
class VisitCount:
    """A platelet count (10^9/L) under the visit at which it was planned."""

    visit: str
    on: date
    value: Decimal


@dataclass(frozen=True)
class Grades:
    """ITP-BAT domain grades of one assessment (R24); None where the domain is not evaluable."""

    visit: str
    on: date
    skin: int | None
    mucosa: int | None
    organ: int | None


@dataclass(frozen=True)
class Event:
    """One adverse event: its coded term in words, the period in which it began and the dose visit that it is counted from
    (empty where unknown), the CTCAE grade, and whether it is serious and related (possible or more)."""

    term: str
    period: str
    counted_from: str
    grade: int | None
    serious: bool
    related: bool


@dataclass(frozen=True)
class DailyLife:
    """School and play as told at one visit: days since it was last asked. ``reasons``: days absent because of ITP, infusion or
    clinic, another illness, another reason. The restrictions are codes of the form, empty where not answered."""

    visit: str
    on: date
    school_days: int | None = None
    absent: int | None = None
    reasons: tuple[int, int, int, int] = (0, 0, 0, 0)
    by_physician: str = ""
    by_parents: str = ""
    active_days: int | None = None

    @property
    def tells_absence(self) -> bool:
        """Whether both numbers are there and agree: no rate in the holidays, none of more days than there were."""
        return bool(self.school_days) and self.absent is not None and self.absent <= (self.school_days or 0)


@dataclass(frozen=True)
class Opinion:
    """The five answers on satisfaction at one visit, 1 (very bad) to 5 (very good); None where not answered."""

    visit: str
    on: date
    scores: tuple[int | None, ...]


@dataclass(frozen=True)
class Contact:
    """A contact with a hospital that the trial did not plan: a stay of a night or more, because of ITP or its treatment,
    with a blood product."""

    on: date
    stay: bool
    for_itp: bool
    blood_product: bool


@dataclass(frozen=True)
class LookBack:
    """What happened in the months before the consent, as counted in the ITP history; None where not answered."""

    bleeding_episodes: int | None
    visits: int | None
    admissions: int | None
    transfusions: int | None


@dataclass(frozen=True)
class NextDose:
    """The dose that is next for a child on treatment: 0 = loading. Weight and blood group are the latest known."""

    number: int
    on: date
    weight_kg: Decimal | None
    blood_group: str


@dataclass(frozen=True)
class Child:
    """One screened child. ``page`` is the address of its dashboard; ``course`` and ``verdict`` are those of the rules."""

    number: str
    site: str
    page: str
    state: str
    screened_on: date
    enrolled_on: date | None
    ended_on: date | None
    course: Course
    verdict: Verdict
    doses: tuple[Dose, ...] = ()
    counts: tuple[VisitCount, ...] = ()
    grades: tuple[Grades, ...] = ()
    events: tuple[Event, ...] = ()
    end_reason: str = ""
    life: tuple[DailyLife, ...] = ()
    opinions: tuple[Opinion, ...] = ()
    contacts: tuple[Contact, ...] = ()
    episodes: tuple[date, ...] = ()
    look_back: LookBack | None = None
    next_dose: NextDose | None = None

    @property
    def day_0(self) -> date | None:
        return self.course.day_0

    @property
    def treated(self) -> bool:
        """In the full analysis set: received any mini-pool IVIG (``protocol.md`` 10.2)."""
        return self.course.day_0 is not None and self.course.day_0 <= self.course.as_of

    def study_day(self, on: date) -> int:
        """Days since Day 0. Raises ``ValueError`` for a child without one."""
        if self.course.day_0 is None:
            raise ValueError(f"{self.number} has no Day 0")
        return (on - self.course.day_0).days

    @property
    def last_seen(self) -> date:
        """The last day with a count, a dose or an assessment up to the day of the analysis; before those the screening."""
        days = [count.on for count in self.course.counts] + [dose.on for dose in self.doses] + [g.on for g in self.grades]
        return max((day for day in days if day <= self.course.as_of), default=self.screened_on)

    @property
    def last_evaluable(self) -> date | None:
        """The day of the last count that the rules could use after Day 0, else Day 0."""
        used = [status.on for status in self.verdict.counts if status.evaluable]
        return max(used, default=self.course.day_0)


def full_analysis_set(children: list[Child]) -> list[Child]:
    """All who received any mini-pool IVIG, in the order of their numbers."""
    return sorted((child for child in children if child.treated), key=lambda child: child.number)
