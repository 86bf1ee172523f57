"""Where the trial stands today, site by site: children, visits due and late, open questions, responses, product, clocks.

Each number is counted in SQL, so the page costs the same at 20 and at 20,000 children.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db.models import Count, Exists, OuterRef, Q, QuerySet

from assessments import safety
from casebook.crf import crf_models
from casebook.items import YesNo
from casebook.models import Finding, FormRecord, Participant, Visit
from dosing.planner import StockBag
from dosing.planning import on_hand, stock_bag
from responses.models import ResponseSummary


@dataclass(frozen=True)
class SiteLine:
    """One site in numbers."""

    site: str
    screened: int
    enrolled: int
    due: int
    late: int
    missing_critical: int
    questions: int


@dataclass(frozen=True)
class Overview:
    """The top of the trial dashboard: a line a site, and how many children are in each response state."""

    sites: list[SiteLine]
    responses: list[tuple[str, int]]

    @property
    def total(self) -> dict[str, int]:
        names = ("screened", "enrolled", "due", "late", "missing_critical", "questions")
        return {name: sum(getattr(line, name) for line in self.sites) for name in names}


def overview(participants: QuerySet[Participant], today: date) -> Overview:
    """Five queries, whatever the size."""
    people = _by_site(participants.values("site__code").annotate(
        screened=Count("pk"), enrolled=Count("pk", filter=Q(enrolled_on__isnull=False))))  # fmt: skip
    visits = _by_site(_open_visits(participants).values("participant__site__code").annotate(
        due=Count("pk", filter=Q(opens__lte=today, closes__gte=today)),
        late=Count("pk", filter=Q(closes__lt=today))))  # fmt: skip
    findings = Finding.objects.filter(state=Finding.State.OPEN, record__participant__in=participants, record__removed_at=None)
    open_now = _by_site(findings.values("record__site__code").annotate(
        missing_critical=Count("pk", filter=_missing_critical()), questions=Count("pk", filter=~Q(code="MISSING"))))  # fmt: skip
    lines = [
        SiteLine(site, row["screened"], row["enrolled"], *(visits.get(site, {}).get(name, 0) for name in ("due", "late")),
                 *(open_now.get(site, {}).get(name, 0) for name in ("missing_critical", "questions")))
        for site, row in sorted(people.items())
    ]  # fmt: skip
    return Overview(lines, _responses(participants))


def _by_site(rows: Iterable[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """The rows of a grouped query by their first column, the site."""
    return {next(iter(row.values())): row for row in rows}


def _open_visits(participants: QuerySet[Participant]) -> QuerySet[Visit]:
    untouched = FormRecord.objects.filter(visit=OuterRef("pk"), version=0)
    visits = Visit.objects.filter(Exists(untouched), participant__in=participants, happened_on=None, cancelled="")
    return visits.order_by()


def _missing_critical() -> Q:
    """An answer that decides eligibility, dose, response or safety and was neither given nor explained."""
    wanted = Q(pk__in=[])
    for model in crf_models():
        names = [name for name, item in model.items().items() if item.critical]
        wanted |= Q(record__form=model.slug, item__in=names)
    return Q(code="MISSING") & wanted


def _responses(participants: QuerySet[Participant]) -> list[tuple[str, int]]:
    """Response state -> children, as the stored summaries say."""
    found = ResponseSummary.objects.filter(participant__in=participants).values_list("state").annotate(Count("pk"))
    return sorted(found.order_by("state"))


@dataclass(frozen=True)
class Clocks:
    """What is owed about serious events: every step, the earliest deadline first, and how many are overdue."""

    steps: list[safety.Step]
    overdue: int
    events: int

    #: So many are shown; the page of the safety has all.
    SHOWN = 5

    @property
    def first(self) -> list[safety.Step]:
        return self.steps[: self.SHOWN]


def serious_clocks(participants: QuerySet[Participant]) -> Clocks:
    """The clocks that run for serious events. Four queries."""
    serious = safety.event_records(participants).filter(adverseevent__serious=YesNo.YES)
    steps = safety.steps_owed(safety.cases(serious))
    return Clocks(steps, sum(step.first.state == "overdue" for step in steps), len({step.case.event.pk for step in steps}))


def bags_by_site(sites: Any) -> dict[str, list[StockBag]]:
    """The bags on hand at these sites; a site without any has an empty freezer. Two queries."""
    found: dict[str, list[StockBag]] = {site.code: [] for site in sites}
    for bag in on_hand(sites):
        found[bag.crf.record.site.code].append(stock_bag(bag))
    return found
