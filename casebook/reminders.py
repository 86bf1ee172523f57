"""One morning digest per coordinator: which visits of their site are due or overdue.

``sweep`` writes one row per visit, recipient and state; the unique key makes a second run harmless. ``casebook/outbox.py``
sends what waits.
"""

from __future__ import annotations

from collections import defaultdict
from datetime import date, timedelta
from typing import Any

from django.conf import settings
from django.db.models import Exists, OuterRef, QuerySet
from django.urls import reverse
from django.utils import timezone

from casebook.models import FormRecord, Participant, Reminder, Visit
from casebook.outbox import DUE, OVERDUE, Outbox
from itp_trial.models import RoleAssignment
from itp_trial.roles import Role

#: Friday and Saturday: nobody is told on them; Thursday's digest looks ahead to them.
WEEKEND = (4, 5)


def sweep(today: date) -> None:
    """Writes what the coordinators are to be told today. Three queries, however many visits there are."""
    if today.weekday() in WEEKEND:
        return
    recipients = _coordinators(today)
    visits = wanting(today).values_list("pk", "participant__site", "closes")
    rows = (
        Reminder(visit_id=visit, recipient_id=recipient, kind=_kind(closes, today), due_on=closes)
        for visit, site, closes in visits
        for recipient in recipients[site]
    )
    Reminder.objects.bulk_create(rows, ignore_conflicts=True)


def wanting(today: date) -> QuerySet[Visit]:
    """The visits whose window is open or past, and that still have a form nobody has saved."""
    empty = FormRecord.objects.filter(visit=OuterRef("pk"), version=0)
    visits = Visit.objects.filter(Exists(empty), happened_on=None, cancelled="", opens__lte=_reach(today))
    return visits.exclude(participant__state__in=Participant.ENDED)


def _reach(today: date) -> date:
    """The last day before the next digest: today, or on the eve of the weekend its end."""
    following = today + timedelta(days=1)
    return _reach(following) if following.weekday() in WEEKEND else today


def _kind(closes: date, today: date) -> str:
    return OVERDUE if closes < today else DUE


def _coordinators(today: date) -> dict[int, set[int]]:
    """Who coordinates each site today. A role that has ended, or a closed account, gets nothing."""
    found: dict[int, set[int]] = defaultdict(set)
    assignments = RoleAssignment.objects.on(today).filter(role=Role.COORDINATOR, user__is_active=True, site__isnull=False)
    for site, user in assignments.values_list("site", "user"):
        found[site].add(user)
    return found


class VisitDigest(Outbox):
    """The morning digest."""

    model = Reminder
    related = ("visit__participant",)
    order = ("due_on", "pk")
    subject = "ITP Trial: visits due and overdue"
    headings = {OVERDUE: "Overdue", DUE: "Due"}
    advisory_lock = 0x17B

    def still_true(self, rows: list[Any], recipient: int) -> list[Any]:
        """Visits happen, move and are cancelled meanwhile."""
        today = timezone.localdate()
        sites = {site for site, people in _coordinators(today).items() if recipient in people}
        asked = wanting(today).filter(pk__in=[row.visit_id for row in rows], participant__site__in=sites)
        true = {(visit, _kind(closes, today), closes) for visit, closes in asked.values_list("pk", "closes")}
        return [row for row in rows if (row.visit_id, row.kind, row.due_on) in true]

    def line(self, row: Any) -> str:
        visit = row.visit
        if row.kind == OVERDUE:
            days = visit.window.days_outside(timezone.localdate())
            late = f"{days} day{'s'[: days > 1]} late"
            return f"- {visit.participant.number}  {visit.title}: until {visit.closes:%d %b %Y}, {late}"
        return f"- {visit.participant.number}  {visit.title}: {visit.opens:%d %b %Y} to {visit.closes:%d %b %Y}"

    def identity(self, row: Any) -> str:
        return f"{row.kind}:{row.visit_id}:{row.due_on}:{row.recipient_id}"

    def ending(self) -> str:
        return f"Work list: {settings.SITE_URL}{reverse('work-list')}"


DIGEST = VisitDigest()


def drain() -> int:
    """Sends what waits, at most one mail per recipient; returns how many mails went out."""
    return DIGEST.drain()
