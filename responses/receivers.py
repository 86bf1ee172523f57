"""The casebook says that something changed; the summary follows in the same transaction."""

from __future__ import annotations

from typing import Any

from django.utils import timezone

from casebook.models import FormRecord, Participant
from responses import causes
from responses.actions import refresh
from responses.course import DECISIVE


def after_form(record: FormRecord, **_: Any) -> None:
    """A form was saved: only those that the rules read matter, and none before enrolment."""
    child = record.participant
    if record.form in DECISIVE and child is not None and child.state != Participant.State.SCREENING:
        refresh(participant=child, today=timezone.localdate(), cause=causes.of_save(record))


def after_course(sender: Any, participant: Participant, **_: Any) -> None:
    """The participant moved on: enrolled, in follow-up, ended; a person settled a finding, or removed an entry."""
    refresh(participant=participant, today=timezone.localdate(), cause=causes.of_event(participant, sender))
