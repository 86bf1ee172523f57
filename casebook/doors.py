"""The ways in to a participant and to a form: who may see it (else 404 or 403), and the note that somebody looked."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.http import HttpRequest

from casebook import selectors
from casebook.models import FormRecord, Participant, Visit
from itp_trial.access_log import viewed
from itp_trial.permissions import allow, visible
from itp_trial.roles import Can

READING = ("GET", "HEAD")


def participant_of(request: HttpRequest, pk: Any, right: Can = Can.VIEW) -> Participant:
    """The participant with this key, where the person may see it and holds the right. Reading is noted (RQ-15)."""
    found: Participant = visible(request, selectors.PARTICIPANTS, pk)
    allow(request, right, found.site_id)
    if request.method in READING:
        viewed(request, found)
    return found


def record_of(request: HttpRequest, pk: Any) -> FormRecord:
    """The form with this key, where the person may see it: participant forms by one right, product forms by another."""
    record: FormRecord = visible(request, selectors.RECORDS, pk, rights=(Can.VIEW, Can.VIEW_PRODUCT))
    allow(request, Can.VIEW if record.participant_id else Can.VIEW_PRODUCT, record.site_id)
    if record.participant is not None and request.method in READING:
        viewed(request, record.participant)
    return record


def visit_of(request: HttpRequest, pk: Any) -> Visit:
    """The visit with this key, where the person may see its participant."""
    found: Visit = visible(request, selectors.VISITS, pk, path="participant__site")
    allow(request, Can.VIEW, found.participant.site_id)
    if request.method in READING:
        viewed(request, found.participant)
    return found


def visit_named(request: HttpRequest) -> UUID | None:
    """The key of the visit from whose page the person came (``?visit=``)."""
    try:
        return UUID(request.GET.get("visit", ""))
    except ValueError:
        return None


def came_from(request: HttpRequest) -> str:
    """The end of an address that leads back to the page of that visit, or an empty text."""
    key = visit_named(request)
    return f"?visit={key}" if key else ""


def right_to_edit(record: FormRecord) -> Can:
    """The right that this form takes; each form says so itself."""
    right: Can = record.crf_class.entered_with
    return right
