"""One morning digest per coordinator: which visits of their site are due or overdue.

``sweep`` writes one row per visit, recipient and state; the unique key makes a second run harmless. ``drain`` sends what
waits, one mail per recipient, while the rows are locked: two workers never send the same row. Nothing is scheduled
ahead: what is due stands in the tables, so a lost broker or a scheduler that slept for days changes nothing.
"""

from __future__ import annotations

import hashlib
import logging
from collections import defaultdict
from datetime import date, datetime, timedelta
from urllib.parse import urlsplit

from django.conf import settings
from django.core.mail import EmailMessage
from django.db import connection, transaction
from django.db.models import Exists, F, OuterRef, Q, QuerySet
from django.urls import reverse
from django.utils import timezone

from casebook.models import FormRecord, Participant, Reminder, Visit
from itp_trial.failpoints import failpoint
from itp_trial.models import RoleAssignment
from itp_trial.roles import Role

log = logging.getLogger(__name__)

SUBJECT = "ITP Trial: visits due and overdue"
DUE, OVERDUE = "due", "overdue"
#: Friday and Saturday: nobody is told on them; Thursday's digest looks ahead to them.
WEEKEND = (4, 5)
#: Minutes after it was written at which a row is tried the first, second, ... time. After the last one it is parked.
TRY_AFTER = (0, 1, 5, 15, 60, 180, 480, 1440)
ADVISORY_LOCK = 0x17B


# --- what is due -----------------------------------------------------------------------------------------------------


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


# --- the mail --------------------------------------------------------------------------------------------------------


def drain() -> int:
    """Sends what waits, at most one mail per recipient; returns how many mails went out."""
    recipients = _ready(timezone.now()).order_by("recipient").values_list("recipient", flat=True).distinct()
    return sum(_send_to(recipient) for recipient in list(recipients))


def _ready(now: datetime) -> QuerySet[Reminder]:
    """The waiting rows whose next try has come."""
    come = Q()
    for attempts, minutes in enumerate(TRY_AFTER):
        come |= Q(attempts=attempts, created_at__lte=now - timedelta(minutes=minutes))
    return Reminder.objects.filter(come, state=Reminder.State.WAITING)


def _send_to(recipient: int) -> bool:
    """One digest in one transaction; the rows stay locked until they are marked."""
    with transaction.atomic():
        if not _alone_with(recipient):
            return False
        rows = _claim(recipient)
        holding = _still_due(rows, recipient)
        _mark([row for row in rows if row not in holding], state=Reminder.State.CANCELLED)
        lines = _lines(holding)
        return bool(lines) and _send(lines)


def _alone_with(recipient: int) -> bool:
    """Whether no other worker is writing to this person now: they would share the rows and send two mails."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s, %s)", [ADVISORY_LOCK, recipient % 2**31])
        return bool(cursor.fetchone()[0])


def _claim(recipient: int) -> list[Reminder]:
    rows = _ready(timezone.now()).filter(recipient=recipient).select_for_update(skip_locked=True, of=("self",))
    return list(rows.select_related("recipient", "visit__participant").order_by("due_on", "pk"))


def _still_due(rows: list[Reminder], recipient: int) -> list[Reminder]:
    """The rows that are as true now as when they were written: visits happen, move and are cancelled meanwhile."""
    today = timezone.localdate()
    sites = {site for site, people in _coordinators(today).items() if recipient in people}
    asked = wanting(today).filter(pk__in=[row.visit_id for row in rows], participant__site__in=sites)
    true = {(visit, _kind(closes, today), closes) for visit, closes in asked.values_list("pk", "closes")}
    return [row for row in rows if (row.visit_id, row.kind, row.due_on) in true]


def _lines(rows: list[Reminder]) -> list[tuple[Reminder, str]]:
    """Each row with its line. A row that cannot be written fails by itself and does not hold up the others."""
    written = []
    for row in rows:
        try:
            written.append((row, _line(row)))
        except Exception as error:
            _fail([row], error)
    return written


def _line(row: Reminder) -> str:
    """Subject number, visit and dates: no name and no clinical value ever stands in a mail."""
    visit = row.visit
    if row.kind == OVERDUE:
        days = visit.window.days_outside(timezone.localdate())
        late = f"{days} day{'s'[: days > 1]} late"
        return f"- {visit.participant.number}  {visit.title}: until {visit.closes:%d %b %Y}, {late}"
    return f"- {visit.participant.number}  {visit.title}: {visit.opens:%d %b %Y} to {visit.closes:%d %b %Y}"


def _send(lines: list[tuple[Reminder, str]]) -> bool:
    rows = [row for row, _ in lines]
    try:
        failpoint("before_mail")
        _message(lines).send()
        failpoint("after_mail")
    except Exception as error:
        _fail(rows, error)
        return False
    _mark(rows, state=Reminder.State.SENT, sent_at=timezone.now(), attempts=F("attempts") + 1, last_error="")
    return True


def _message(lines: list[tuple[Reminder, str]]) -> EmailMessage:
    headers = {"Message-ID": _message_id([row for row, _ in lines]), "Auto-Submitted": "auto-generated"}
    return EmailMessage(SUBJECT, _body(lines), to=[lines[0][0].recipient.email], headers=headers)


def _body(lines: list[tuple[Reminder, str]]) -> str:
    parts = []
    for kind, title in ((OVERDUE, "Overdue"), (DUE, "Due")):
        if chosen := [line for row, line in lines if row.kind == kind]:
            parts.append("\n".join([f"{title} ({len(chosen)})", *chosen]))
    parts.append(f"Work list: {settings.SITE_URL}{reverse('work-list')}")
    return "\n\n".join(parts) + "\n"


def _message_id(rows: list[Reminder]) -> str:
    """The same rows give the same id: a mail that went out twice (a crash before the mark) can be told by it."""
    keys = sorted(f"{row.kind}:{row.visit_id}:{row.due_on}:{row.recipient_id}" for row in rows)
    digest = hashlib.sha256("\n".join(keys).encode()).hexdigest()
    return f"<{digest[:40]}@{urlsplit(settings.SITE_URL).hostname}>"


def _fail(rows: list[Reminder], error: Exception) -> None:
    """Counts a failed try; the name of the error only, because its text may hold addresses."""
    name = type(error).__name__
    for row in rows:
        row.attempts += 1
        row.last_error = name
        row.state = Reminder.State.PARKED if row.attempts >= len(TRY_AFTER) else Reminder.State.WAITING
    Reminder.objects.bulk_update(rows, ["attempts", "last_error", "state"])
    parked = sum(row.state == Reminder.State.PARKED for row in rows)
    log.log(logging.ERROR if parked else logging.WARNING, "%d reminders failed (%s), %d given up", len(rows), name, parked)


def _mark(rows: list[Reminder], **values: object) -> None:
    Reminder.objects.filter(pk__in=[row.pk for row in rows]).update(**values)
