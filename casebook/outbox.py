"""Mails that wait in a table until they are sent: at most one mail per person, each line once, only while it is true.

A row is one line of a mail to one person. ``drain`` sends what waits, one mail per recipient, while the rows are locked: two
workers never send the same row. What is due stands in the tables and is written by a sweep whose unique key makes a second
run harmless, so a lost broker or a scheduler that slept for days changes nothing.
"""

from __future__ import annotations

import hashlib
import logging
from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.mail import EmailMessage
from django.db import connection, models, transaction
from django.db.models import F, Q, QuerySet
from django.utils import timezone

from itp_trial.failpoints import failpoint

log = logging.getLogger(__name__)

DUE, OVERDUE = "due", "overdue"
#: Minutes after it was written at which a row is tried the first, second, ... time. After the last one it is parked.
TRY_AFTER = (0, 1, 5, 15, 60, 180, 480, 1440)


class Outgoing(models.Model):
    """One line of a mail to one person. Each kind adds what it is about, and a unique key: told once."""

    class State(models.TextChoices):
        WAITING = "waiting", "Waiting to be sent"
        SENT = "sent", "Sent"
        CANCELLED = "cancelled", "No longer due"
        PARKED = "parked", "Given up after several failures"

    audited = False
    recipient = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    kind = models.CharField(max_length=10)  # due, overdue
    state = models.CharField(max_length=10, choices=State.choices, default=State.WAITING)
    attempts = models.PositiveSmallIntegerField(default=0)
    created_at = models.DateTimeField(default=timezone.now)
    sent_at = models.DateTimeField(null=True)
    last_error = models.CharField(max_length=200, blank=True)

    class Meta:
        abstract = True
        ordering = ["pk"]


class Outbox(ABC):
    """The way of one kind of row into the mails. Each kind says what is still true and how it reads."""

    model: type[Any]
    #: What the lines need of other tables.
    related: tuple[str, ...] = ()
    order: tuple[str, ...] = ("pk",)
    subject: str
    #: The headings of the mail by kind, in their order.
    headings: dict[str, str]
    #: Apart from the other kinds: two workers may write a person mails of different kinds.
    advisory_lock: int

    @abstractmethod
    def still_true(self, rows: list[Any], recipient: int) -> list[Any]:
        """Those of the waiting rows that are as true now as when they were written, and still concern this person."""

    @abstractmethod
    def line(self, row: Any) -> str:
        """Subject number, what it is about and dates: no name and no clinical value ever stands in a mail."""

    @abstractmethod
    def identity(self, row: Any) -> str:
        """What makes this row the same one in a second mail."""

    @abstractmethod
    def ending(self) -> str:
        """The last line: where to go."""

    def drain(self) -> int:
        """Sends what waits, at most one mail per recipient; returns how many mails went out."""
        recipients = self._ready(timezone.now()).order_by("recipient").values_list("recipient", flat=True).distinct()
        return sum(self._send_to(recipient) for recipient in list(recipients))

    def _ready(self, now: datetime) -> QuerySet[Any]:
        """The waiting rows whose next try has come."""
        come = Q()
        for attempts, minutes in enumerate(TRY_AFTER):
            come |= Q(attempts=attempts, created_at__lte=now - timedelta(minutes=minutes))
        ready: QuerySet[Any] = self.model.objects.filter(come, state=Outgoing.State.WAITING)
        return ready

    def _send_to(self, recipient: int) -> bool:
        """One mail in one transaction; the rows stay locked until they are marked."""
        with transaction.atomic():
            if not self.alone_with(recipient):
                return False
            rows = self._claim(recipient)
            holding = self.still_true(rows, recipient)
            self._mark([row for row in rows if row not in holding], state=Outgoing.State.CANCELLED)
            lines = self._lines(holding)
            return bool(lines) and self._send(lines)

    def alone_with(self, recipient: int) -> bool:
        """Whether no other worker is writing to this person now: they would share the rows and send two mails."""
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_try_advisory_xact_lock(%s, %s)", [self.advisory_lock, recipient % 2**31])
            return bool(cursor.fetchone()[0])

    def _claim(self, recipient: int) -> list[Any]:
        rows = self._ready(timezone.now()).filter(recipient=recipient).select_for_update(skip_locked=True, of=("self",))
        return list(rows.select_related("recipient", *self.related).order_by(*self.order))

    def _lines(self, rows: Iterable[Any]) -> list[tuple[Any, str]]:
        """Each row with its line. A row that cannot be written fails by itself and does not hold up the others."""
        written = []
        for row in rows:
            try:
                written.append((row, self.line(row)))
            except Exception as error:
                self._fail([row], error)
        return written

    def _send(self, lines: list[tuple[Any, str]]) -> bool:
        rows = [row for row, _ in lines]
        try:
            failpoint("before_mail")
            self._message(lines).send()
            failpoint("after_mail")
        except Exception as error:
            self._fail(rows, error)
            return False
        self._mark(rows, state=Outgoing.State.SENT, sent_at=timezone.now(), attempts=F("attempts") + 1, last_error="")
        return True

    def _message(self, lines: list[tuple[Any, str]]) -> EmailMessage:
        headers = {"Message-ID": self.message_id([row for row, _ in lines]), "Auto-Submitted": "auto-generated"}
        return EmailMessage(self.subject, self._body(lines), to=[lines[0][0].recipient.email], headers=headers)

    def _body(self, lines: list[tuple[Any, str]]) -> str:
        parts = []
        for kind, title in self.headings.items():
            if chosen := [line for row, line in lines if row.kind == kind]:
                parts.append("\n".join([f"{title} ({len(chosen)})", *chosen]))
        return "\n\n".join([*parts, self.ending()]) + "\n"

    def message_id(self, rows: Sequence[Any]) -> str:
        """The same rows give the same id: a mail that went out twice (a crash before the mark) can be told by it."""
        digest = hashlib.sha256("\n".join(sorted(map(self.identity, rows))).encode()).hexdigest()
        return f"<{digest[:40]}@{urlsplit(settings.SITE_URL).hostname}>"

    def _fail(self, rows: list[Any], error: Exception) -> None:
        """Counts a failed try; the name of the error only, because its text may hold addresses."""
        name = type(error).__name__
        for row in rows:
            row.attempts += 1
            row.last_error = name
            row.state = Outgoing.State.PARKED if row.attempts >= len(TRY_AFTER) else Outgoing.State.WAITING
        self.model.objects.bulk_update(rows, ["attempts", "last_error", "state"])
        parked = sum(row.state == Outgoing.State.PARKED for row in rows)
        log.log(logging.ERROR if parked else logging.WARNING, "%d reminders failed (%s), %d given up", len(rows), name, parked)

    def _mark(self, rows: list[Any], **values: object) -> None:
        self.model.objects.filter(pk__in=[row.pk for row in rows]).update(**values)
