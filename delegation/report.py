"""Who had which rights on a day (RQ-41), as the entries of the log say, and whether somebody looked through it lately."""

from __future__ import annotations

import csv
import hashlib
import io
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from django.db.models import Q
from django.utils import timezone

from delegation.models import AccessReview
from delegation.words import tasks
from itp_trial.formulas import disarmed
from itp_trial.models import AuditEntry, RoleAssignment, User
from itp_trial.normalise import CAIRO
from itp_trial.permissions import Access
from itp_trial.roles import Can

#: RQ-41, users.md 2.1 (12): a quarter.
REVIEW_EVERY = timedelta(days=90)


@dataclass(frozen=True)
class Line:
    """One entry that gave access on the day, or did until it was stopped on that day."""

    entry: RoleAssignment
    account_closed: bool

    @property
    def rights(self) -> str:
        """In the words of this version of the software; what was signed for stands in the entry itself."""
        return ", ".join(tasks(self.entry.role))

    @property
    def signed_by(self) -> str:
        return self.entry.signed_by.actor_name if self.entry.signed_by else "by command on the server"

    @property
    def late(self) -> bool:
        """The access was closed only after the last day that the log names."""
        entry = self.entry
        return entry.stopped_at is not None and entry.ends is not None and entry.ends < _day_of(entry.stopped_at)


def rights_on(day: date, access: Access | None = None) -> list[Line]:
    """What gave access on a day, by person; with ``access`` only what this person may see of it.

    Nothing is reconstructed: an entry is never deleted, gets no longer, and keeps the moments at which its access began
    (the signature) and was closed. Whether an account was open on that day is read from the trail.
    """
    open_then = Q(stopped_at__isnull=True) & (Q(ends__isnull=True) | Q(ends__gte=day)) | Q(stopped_at__gte=_start_of(day))
    entries = RoleAssignment.objects.filter(open_then, starts__lte=day, signed_at__lt=_start_of(day + timedelta(days=1)))
    if access is not None:
        entries = access.scope(Can.SEE_ACCESS, entries)
    closed = _closed_accounts(day)
    rows = entries.select_related("user", "site", "signed_by", "ended_by")
    return [
        Line(entry, entry.user_id in closed) for entry in rows.order_by("user__full_name", "user", "role", "site__code", "starts")
    ]


def _closed_accounts(day: date) -> set[int]:
    """The accounts that were closed before that day began."""
    changes = AuditEntry.objects.filter(table_name=User._meta.db_table, new__has_key="is_active", at__lt=_start_of(day))
    last = changes.order_by("row", "-pk").distinct("row").values_list("row", "new__is_active")
    return {int(row) for row, is_open in last if not is_open}


def _start_of(day: date) -> datetime:
    return datetime.combine(day, time(), tzinfo=CAIRO)


def _day_of(moment: datetime) -> date:
    return timezone.localtime(moment, CAIRO).date()


COLUMNS = ("day", "user_name", "full_name", "role_code", "role", "site", "rights", "from", "to", "signed_at", "signed_by",
           "stopped_at", "ended_by", "account_closed", "signed_text")  # fmt: skip


def as_csv(day: date, lines: Iterable[Line], *, excel: bool = False) -> bytes:
    """The report as a file; the variant for Excel has a byte order mark and runs no name as a formula."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    for line in lines:
        cells = _cells(day, line)
        writer.writerow([disarmed(cell) if excel else cell for cell in cells])
    return (("\ufeff" if excel else "") + text.getvalue()).encode()


def _cells(day: date, line: Line) -> list[str]:
    entry = line.entry
    return [
        day.isoformat(), entry.user.username, entry.user.full_name, entry.role, entry.get_role_display(),
        entry.site.code if entry.site else "all", line.rights, entry.starts.isoformat(),
        entry.ends.isoformat() if entry.ends else "", _iso(entry.signed_at), line.signed_by, _iso(entry.stopped_at),
        entry.ended_by.actor_name if entry.ended_by else "", "Y" if line.account_closed else "N", entry.signed_text,
    ]  # fmt: skip


def _iso(moment: datetime | None) -> str:
    return moment.astimezone(CAIRO).isoformat(timespec="seconds") if moment else ""


def digest_of(lines: Iterable[Line]) -> str:
    """Binds a review to what was looked at: the same entries in the same state, the same digest."""
    return hashlib.sha256(as_csv(date.min, lines)).hexdigest()


# --- reviews ---------------------------------------------------------------------------------------------------------


def next_period(until: date) -> date:
    """The first day of the review that ends now: the day after the last one, or the day of the first signature."""
    last = AccessReview.objects.order_by("-until").values_list("until", flat=True).first()
    return min(last + timedelta(days=1) if last else _first_signature(until), until)


def _first_signature(otherwise: date) -> date:
    first = RoleAssignment.objects.exclude(signed_at=None).order_by("signed_at").values_list("signed_at", flat=True).first()
    return _day_of(first) if first else otherwise


def review_due_on(today: date) -> date:
    """90 days after the last day that was looked through; without a review, after the first signature."""
    last = AccessReview.objects.order_by("-until").values_list("until", flat=True).first()
    return (last or _first_signature(today)) + REVIEW_EVERY
