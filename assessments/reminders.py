"""Mails about the clocks of serious events: once when a deadline is near, once when it has passed without a notification.

They go at any hour and on every day, to those who have to act: the investigators of the site and the safety contact.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import date, datetime
from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils import timezone

from assessments import clocks, safety
from casebook.models import FormRecord, Participant
from casebook.outbox import DUE, OVERDUE, Outbox, Outgoing
from itp_trial.models import RoleAssignment
from itp_trial.roles import Role

#: Who has to act on a serious event.
TOLD = (Role.INVESTIGATOR, Role.PRINCIPAL, Role.SAFETY)


class SafetyReminder(Outgoing):
    """One line of a safety mail: this clock of this event, at this stage, told once to this person.

    A deadline that moves because a time was corrected is another one, and is told again.
    """

    #: The record of the adverse event.
    record = models.ForeignKey(FormRecord, on_delete=models.PROTECT, related_name="safety_reminders")
    duty = models.CharField(max_length=12)  # a code of clocks.RULES
    due_at = models.DateTimeField()

    class Meta(Outgoing.Meta):
        constraints = [
            models.UniqueConstraint(
                fields=["record", "duty", "kind", "due_at", "recipient"], name="safety_reminder_once"
            ),
        ]  # fmt: skip
        indexes = [models.Index(fields=["state"], condition=Q(state="waiting"), name="safety_reminder_waiting")]

    def __str__(self) -> str:
        return f"{self.kind} {self.duty} of {self.record_id} to {self.recipient_id} ({self.state})"


def sweep(now: datetime) -> None:
    """Writes whom to tell about which clock. Six queries, however many events there are."""
    recipients = _recipients(timezone.localdate(now))
    rows = (
        SafetyReminder(record_id=record, duty=step.rule.code, kind=kind, due_at=due, recipient_id=recipient)
        for (record, _, kind, due), step in pressing(safety.event_records(Participant.objects.all()), now).items()
        for recipient in recipients[step.case.event.record.site_id] | recipients[None]
    )
    SafetyReminder.objects.bulk_create(rows, ignore_conflicts=True)


def pressing(events: Iterable[Any], now: datetime) -> dict[tuple[Any, str, str, datetime], safety.Step]:
    """What is owed about the open serious events among these, near or past its deadline: by record, rule, stage, deadline."""
    found = {}
    for step in safety.steps_owed(case for case in safety.cases(events, now) if case.is_open):
        due = step.first.deadline.due
        if due is not None and clocks.is_near(step.rule, due, now):
            found[step.case.event.pk, step.rule.code, OVERDUE if clocks.is_late(due, now) else DUE, due] = step
    return found


def _recipients(today: date) -> dict[int | None, set[int]]:
    """Who is told today, by site; those of the whole trial stand at no site."""
    found: dict[int | None, set[int]] = defaultdict(set)
    assignments = RoleAssignment.objects.on(today).filter(role__in=TOLD, user__is_active=True)
    for site, user in assignments.values_list("site", "user"):
        found[site].add(user)
    return found


class SafetyMail(Outbox):
    """One mail about everything that presses."""

    model = SafetyReminder
    related = ("record__participant", "record__site")
    order = ("due_at", "pk")
    subject = "ITP Trial: safety deadlines"
    headings = {OVERDUE: "Overdue", DUE: "Due soon"}
    advisory_lock = 0x17C

    def still_true(self, rows: list[Any], recipient: int) -> list[Any]:
        """Notifications are noted, times corrected and roles ended meanwhile."""
        now = timezone.now()
        recipients = _recipients(timezone.localdate(now))
        steps = pressing({row.record_id for row in rows}, now)
        holding = []
        for row in rows:
            row.step = steps.get((row.record_id, row.duty, row.kind, row.due_at))
            if row.step and recipient in recipients[row.record.site_id] | recipients[None]:
                holding.append(row)
        return holding

    def line(self, row: Any) -> str:
        step, record = row.step, row.record
        return f"- {record.participant.number}  {record.title}: {step.rule.what}, to {step.bodies}: {step.first.words}"

    def identity(self, row: Any) -> str:
        return f"{row.kind}:{row.record_id}:{row.duty}:{row.due_at.isoformat()}:{row.recipient_id}"

    def ending(self) -> str:
        return f"Safety: {settings.SITE_URL}{reverse('safety')}"


MAIL = SafetyMail()
