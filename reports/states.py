"""What the API says of a participant, a visit and a form: plain JSON, codes beside labels, values as text."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from django.utils import timezone

from casebook.models import Comment, Finding, FormRecord, Participant, Visit
from itp_trial.normalise import CAIRO
from reports.cells import Cell, cells
from reports.selectors import Entry


def participant_state(participant: Participant) -> dict[str, Any]:
    return {
        "id": str(participant.pk), "number": participant.number, "subject_number": participant.subject_number,
        "screening_number": participant.screening_number, "site": participant.site.code, "state": participant.state,
        "state_label": participant.get_state_display(), "screened_at": _moment(participant.screened_at),
        "enrolled_on": _day(participant.enrolled_on), "ended_on": _day(participant.ended_on),
        "end_reason": participant.end_reason,
    }  # fmt: skip


def visit_state(visit: Visit) -> dict[str, Any]:
    return _visit(visit) | {
        "repeat": visit.repeat, "target": _day(visit.target), "opens": _day(visit.opens), "closes": _day(visit.closes),
        "happened_on": _day(visit.happened_on), "cancelled": visit.cancelled,
        "records": [_record(record) | {"open_findings": record.open_findings} for record in visit.records_in_order()],
    }  # fmt: skip


def entry_state(entry: Entry, *, at_site: bool) -> dict[str, Any]:
    """One form with everything stored under it. Only people who enter it (``at_site``) get what stays at the site."""
    record = entry.record
    visit = record.visit
    return _record(record) | {
        "site": record.site.code, "participant": str(record.participant_id) if record.participant_id else None,
        "number": record.participant.number if record.participant else None,
        "visit": _visit(visit) if visit else None,
        "answers": _answers(cells(entry.crf, at_site=at_site)) if entry.crf else {},
        "rows": {group.model.slug: [{"id": str(row.pk), "position": row.position,
                                     "answers": _answers(cells(row, at_site=at_site))} for row in group.rows]
                 for group in entry.groups},
        "open_findings": [_finding(finding) for finding in entry.open_findings],
        "comments": [_comment(comment) for comment in entry.comments],
    }  # fmt: skip


def _record(record: FormRecord) -> dict[str, Any]:
    return {
        "id": str(record.pk), "form": record.form, "title": record.title, "repeat": record.repeat,
        "status": record.status, "version": record.version, "edition": record.edition,
        "saved_at": _moment(record.saved_at), "saved_by": record.saved_by.username if record.saved_by else None,
    }  # fmt: skip


def _visit(visit: Visit) -> dict[str, Any]:
    return {"id": str(visit.pk), "code": visit.code, "title": visit.title, "date": _day(visit.date)}


def _answers(found: list[Cell]) -> dict[str, dict[str, Any]]:
    return {cell.name: _answer(cell) for cell in found}


def _answer(cell: Cell) -> dict[str, Any]:
    return {
        "label": cell.label, "value": cell.value or None, "value_label": cell.value_label or None,
        "unit": cell.unit or None, "missing": cell.missing or None, "missing_label": cell.missing_label or None,
        "asked": cell.asked, "derived": cell.derived,
    }  # fmt: skip


def _finding(finding: Finding) -> dict[str, Any]:
    return {"id": finding.pk, "code": finding.code, "item": finding.item, "message": finding.message,
            "value": finding.value, "raised_at": _moment(finding.raised_at)}  # fmt: skip


def _comment(comment: Comment) -> dict[str, Any]:
    return {"item": comment.item, "line": comment.line or None, "kind": comment.kind, "text": comment.text,
            "said_at": _moment(comment.said_at), "said_by": comment.said_by.username}  # fmt: skip


def _day(value: date | None) -> str | None:
    return value.isoformat() if value else None


def _moment(value: datetime | None) -> str | None:
    return timezone.localtime(value, CAIRO).isoformat(timespec="seconds") if value else None
