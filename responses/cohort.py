"""The cohort list: filtered, sorted and paged in the database on the stored summaries; a fixed number of queries.

A page begins after the last row of the one before (its sort key and number), so that it costs the same at any depth.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db.models import Case, Count, F, IntegerField, Q, QuerySet, Value, When
from django.db.models.functions import Coalesce

from casebook.models import Participant, Visit
from responses import facts
from responses.classification import classify
from responses.course import Dossier, doses, dossiers
from responses.lanes import lane
from responses.models import ResponseSummary
from responses.selectors import next_visits

PAGE = 20
RESPONSE_STATES = ("CR", "R", "PENDING_CONFIRMATION", "LOST", "NR", "NE")
#: Where no dose follows: after every day that a dose may have.
NEVER = date(9999, 12, 31)

#: Word in the address -> (words of the choice, what it sorts by); the number decides between equals.
SORTS: dict[str, tuple[str, Any]] = {
    "number": ("Number", Value(0)),
    "response": (
        "Response, best first",
        Case(*(When(response__state=code, then=place) for place, code in enumerate(RESPONSE_STATES)),
             default=Value(len(RESPONSE_STATES) - 1), output_field=IntegerField()),
    ),
    "duration": ("Duration of response, longest first", 0 - Coalesce(F("response__duration_days"), -1)),
    "next-dose": ("Next dose, soonest first", Coalesce(F("response__next_dose_on"), NEVER)),
}  # fmt: skip


@dataclass(frozen=True)
class Asked:
    """What somebody wants to see: filters, order, and the row after which the page begins."""

    site: str = ""
    state: str = ""
    response: str = ""
    sort: str = "number"
    after: str = ""

    @classmethod
    def read(cls, query: Mapping[str, str]) -> Asked:
        """From the address; an unknown order is the order of the numbers."""
        said = {name: query.get(name, "") for name in ("site", "state", "response", "after")}
        sort = query.get("sort", "")
        return cls(**said, sort=sort if sort in SORTS else "number")

    @property
    def wanted(self) -> Q:
        """The filters as one condition; a child without a summary is not evaluable."""
        found = Q()
        if self.site:
            found &= Q(site__code=self.site)
        if self.state:
            found &= Q(state=self.state)
        if self.response:
            found &= Q(response__state=self.response) | (Q(response=None) if self.response == "NE" else Q())
        return found

    @property
    def begins(self) -> Q:
        """The rows after the last one of the page before. What cannot be read begins at the start."""
        key, _, number = self.after.partition("~")
        try:
            place: Any = date.fromisoformat(key) if self.sort == "next-dose" else int(key)
        except ValueError:
            return Q()
        return Q(key__gt=place) | Q(key=place, screening_number__gt=number)


@dataclass(frozen=True)
class CohortRow:
    """One child of the list; ``stored`` is None before the first decisive form."""

    participant: Participant
    stored: ResponseSummary | None
    age: str
    last_count: facts.LastCount | None
    doses: int
    next_visit: Visit | None
    lane: str

    @property
    def state(self) -> str:
        return self.stored.state if self.stored else "NE"


@dataclass(frozen=True)
class CohortPage:
    """``matching`` of ``total`` children; ``following`` is the address word of the next page, or empty."""

    rows: list[CohortRow]
    matching: int
    total: int
    following: str


def cohort(participants: QuerySet[Participant], asked: Asked, today: date) -> CohortPage:
    """One page of the children whom a person may see. Four queries."""
    counts = participants.aggregate(total=Count("pk"), matching=Count("pk", filter=asked.wanted))
    rows = participants.filter(asked.wanted).annotate(key=SORTS[asked.sort][1]).filter(asked.begins)
    ordered = rows.select_related("site", "response").order_by("key", "screening_number")
    found = list(ordered[: PAGE + 1])
    shown = found[:PAGE]
    following = f"{shown[-1].key}~{shown[-1].screening_number}" if len(found) > PAGE else ""
    return CohortPage(_rows(shown, today), counts["matching"], counts["total"], following)


def _rows(participants: list[Participant], today: date) -> list[CohortRow]:
    upcoming = next_visits(participants)
    read = dossiers(participants, today)
    horizon = max(((d.course.as_of - d.course.day_0).days for d in read if d.course.day_0), default=1)
    return [_row(dossier, upcoming.get(dossier.participant.pk), horizon) for dossier in read]


def _row(dossier: Dossier, upcoming: Visit | None, horizon: int) -> CohortRow:
    child = dossier.participant
    return CohortRow(
        participant=child,
        stored=getattr(child, "response", None),
        age=facts.age(dossier, dossier.course.as_of),
        last_count=facts.last_count(dossier),
        doses=len(doses(dossier.entries)),
        next_visit=upcoming,
        lane=lane(facts.chart(dossier, classify(dossier.course)), horizon),
    )
