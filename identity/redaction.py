"""Personal data that slipped into a text of the casebook leaves it again, by two persons (RQ-14)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from uuid import UUID

from django.db import connection, models
from django.db.models import QuerySet
from django.utils import timezone

from casebook.changes import label_of
from casebook.items import Item
from casebook.models import FormRecord, Participant
from casebook.names import columns_of, names_for, tables
from itp_trial.actor import acting
from itp_trial.models import AuditEntry, Redaction, User
from itp_trial.refusal import Refused

#: A column of this length is for sentences; a shorter one holds codes, numbers and names of forms.
SENTENCES_FROM = 200
MARKER = "[redacted "


@dataclass(frozen=True)
class Passage:
    """A text that somebody once entered, as one entry of the trail holds it."""

    entry: AuditEntry
    column: str
    text: str
    label: str
    place: str

    @property
    def key(self) -> str:
        return f"{self.entry.pk}-{self.column}"


def passages(participant: Participant) -> list[Passage]:
    """Every free text in the trail of a participant, the newest first; each only in the entry that brought it."""
    entries = list(AuditEntry.objects.filter(participant=participant.pk).order_by("-pk"))
    names = names_for(participant, entries)
    return [passage for entry in entries for passage in _of(entry, names.place(entry))]


def _of(entry: AuditEntry, place: str) -> Iterator[Passage]:
    model = tables().get(entry.table_name)
    for column, field in (columns_of(model) if model else {}).items():
        text = (entry.new or {}).get(column)
        if isinstance(text, str) and text.strip() and not text.startswith(MARKER) and _is_free(field):
            yield Passage(entry, column, text, label_of(field, column), place)


def _is_free(field: models.Field) -> bool:
    """Whether people write what they like in this column."""
    if isinstance(field, Item):
        return field.kind in ("text", "note")
    long = field.get_internal_type() == "TextField" or (field.max_length or 0) >= SENTENCES_FROM
    return bool(long and not field.flatchoices)


def requests_about(participant: Participant) -> QuerySet[Redaction]:
    return Redaction.objects.select_related("asked_by", "decided_by").filter(participant=participant.pk)


def ask_redaction(*, participant: Participant, key: str, why: str, by: User) -> Redaction:
    """Asks for the text behind this key of ``passages`` to be taken out."""
    found = next((passage for passage in passages(participant) if passage.key == key), None)
    if found is None:
        raise Refused("Please choose a text of this participant.")
    if not why.strip():
        raise Refused("Please say why this text has to leave the trail; do not repeat it.")
    if len(why) > Redaction._meta.get_field("why").max_length:
        raise Refused("Please give the reason in at most 500 characters.")
    entry = found.entry
    with acting(by, "Redaction asked for"):
        if Redaction.objects.filter(entry=entry.pk, column=found.column, decided_at=None).exists():
            raise Refused("Somebody has asked for this text already.")
        return Redaction.objects.create(
            participant=participant.pk, entry=entry.pk, table_name=entry.table_name, row=entry.row, column=found.column,
            why=why.strip(), asked_by=by,
        )  # fmt: skip


@dataclass(frozen=True)
class Request:
    """A request with what the second person has to see: whose it is and, until it is granted, the text."""

    redaction: Redaction
    number: str
    label: str
    text: str


def requests() -> list[Request]:
    """Every request of the trial, the open ones first."""
    found = list(Redaction.objects.select_related("asked_by", "decided_by"))
    entries = AuditEntry.objects.in_bulk([redaction.entry for redaction in found])
    numbers = {p.pk: p.number for p in Participant.objects.filter(pk__in=[redaction.participant for redaction in found])}
    records = FormRecord.everything.in_bulk([entry.record for entry in entries.values() if entry.record])
    return [_shown(r, entries[r.entry], numbers[r.participant], records)
            for r in sorted(found, key=lambda one: (one.decided_at is not None, -one.pk))]  # fmt: skip


def _shown(redaction: Redaction, entry: AuditEntry, number: str, records: dict[UUID, FormRecord]) -> Request:
    model = tables().get(redaction.table_name)
    label = label_of(columns_of(model).get(redaction.column) if model else None, redaction.column)
    record = records.get(entry.record) if entry.record else None
    text = str((entry.new or {}).get(redaction.column, ""))
    return Request(redaction, number, f"{record.title}: {label}" if record else label, text)


def grant_redaction(*, redaction: Redaction, by: User) -> None:
    """Takes the text out, wherever it stands in this row and its entries. The database checks both persons once more."""
    _refuse_decided(redaction, by)
    with acting(by, f"Redaction {redaction.pk}: {redaction.why}"), connection.cursor() as cursor:
        cursor.execute("SELECT itp_redact(%s)", [redaction.pk])


def decline_redaction(*, redaction: Redaction, by: User) -> None:
    """The text stays; the request and the refusal stay in the log."""
    _refuse_decided(redaction, by)
    with acting(by, f"Redaction {redaction.pk} declined"):
        redaction.decided_by, redaction.decided_at = by, timezone.now()
        redaction.save(update_fields=["decided_by", "decided_at"])


def _refuse_decided(redaction: Redaction, by: User) -> None:
    if redaction.decided_at is not None:
        raise Refused("This request was decided already.")
    if redaction.asked_by_id == by.pk:
        raise Refused("A redaction needs two persons: somebody else has to decide.")
