"""Questions that the reports ask, each in a fixed number of queries however many visits there are."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.db.models import Count, Prefetch, Q, QuerySet

from casebook.crf import Crf, Row, crf_by_slug
from casebook.models import Comment, Finding, FormRecord, Participant, Visit
from casebook.selectors import RECORDS
from itp_trial.permissions import Access
from itp_trial.roles import Can
from reports.cells import with_references
from reports.files import FormFile, form_files


@dataclass
class RowGroup:
    """The repeating rows of one kind in a form, in their order."""

    model: type[Row]
    rows: list[Row]


@dataclass
class Entry:
    """One form record with everything stored under it. ``crf`` is None before the first save."""

    record: FormRecord
    crf: Crf | None = None
    groups: list[RowGroup] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    comments: list[Comment] = field(default_factory=list)
    #: The record that this one is about, where it stands among those asked for.
    about: FormRecord | None = None

    @property
    def open_findings(self) -> list[Finding]:
        return [finding for finding in self.findings if finding.state == Finding.State.OPEN]


@dataclass
class Casebook:
    """All forms of one participant: those of each visit in order, then those outside visits."""

    participant: Participant
    visits: list[tuple[Visit, list[Entry]]]
    logs: list[Entry]

    def saved(self) -> list[Entry]:
        """Every form that holds answers, in reading order."""
        entries = [entry for _, entries in self.visits for entry in entries] + self.logs
        return [entry for entry in entries if entry.crf is not None]


def casebook_of(participant: Participant) -> Casebook:
    """The whole casebook. Visits, records, findings and comments are one query each, every form and row table one more."""
    visits = sorted(participant.visits.all(), key=lambda visit: visit.place)
    known: dict[UUID, Visit] = {visit.pk: visit for visit in visits}
    records = list(participant.records.select_related("saved_by").order_by("created_at", "form", "repeat"))
    for record in records:
        record.participant = participant
        record.visit = known.get(record.visit_id) if record.visit_id else None
    by_visit: dict[Any, list[Entry]] = defaultdict(list)
    for entry in entries_of(records):
        by_visit[entry.record.visit_id].append(entry)
    return Casebook(participant, [(visit, by_visit[visit.pk]) for visit in visits], by_visit[None])


def entries_of(records: list[FormRecord]) -> list[Entry]:
    """These records with their answers, rows, living findings and comments: one query per table that they use."""
    known = {record.pk: record for record in records}
    entries = {record.pk: Entry(record, about=known.get(record.about_id)) for record in records}
    saved: dict[str, list[Entry]] = defaultdict(list)
    for entry in entries.values():
        if entry.record.version:
            saved[entry.record.form].append(entry)
    for slug in sorted(saved):
        _fill(crf_by_slug(slug), {entry.record.pk: entry for entry in saved[slug]})
    living = Finding.objects.filter(record__in=list(entries)).exclude(state=Finding.State.CURED)
    for finding in living.select_related("settled_by").order_by("pk"):
        entries[finding.record_id].findings.append(finding)
    for comment in Comment.objects.filter(record__in=list(entries)).select_related("said_by").order_by("said_at"):
        entries[comment.record_id].comments.append(comment)
    return list(entries.values())


def _fill(model: type[Crf], entries: dict[UUID, Entry]) -> None:
    for crf in with_references(model).filter(pk__in=list(entries)):
        entry = entries[crf.pk]
        crf.record, entry.crf = entry.record, crf
        entry.groups = [RowGroup(rows, []) for rows in model.row_models]
    for number, rows in enumerate(model.row_models):
        for row in with_references(rows).filter(crf__in=list(entries)).order_by("position", "pk"):
            entries[row.crf_id].groups[number].rows.append(row)


def entry_of(record: FormRecord) -> Entry:
    return entries_of([record])[0]


def row_counts(access: Access) -> list[tuple[FormFile, int]]:
    """Every file with its number of rows at the sites that this person may export: one query, and one per row table."""
    records = access.scope(Can.EXPORT, FormRecord.objects.filter(version__gt=0))
    saved = dict(records.values_list("form").annotate(number=Count("pk")).order_by())
    return [(file, _count(file, access) if file.is_rows else saved.get(file.crf.slug, 0)) for file in form_files()]


def _count(file: FormFile, access: Access) -> int:
    return int(file.rows(access).count())


def exportable_participants(access: Access) -> QuerySet[Participant]:
    """The participants whose casebook this person may take out."""
    participants = access.scope(Can.EXPORT, Participant.objects.select_related("site"))
    return participants.order_by("site__code", "screening_number")


def visits_of(participant: Participant) -> QuerySet[Visit]:
    """The visits in order, each with its records and their open findings: two queries."""
    is_open = Q(findings__state=Finding.State.OPEN)
    records = FormRecord.objects.select_related("saved_by").annotate(open_findings=Count("findings", filter=is_open))
    return participant.visits.prefetch_related(Prefetch("records", queryset=records))


def records_of(participant: Participant) -> QuerySet[FormRecord]:
    return RECORDS.filter(participant=participant)
