"""What follows in the safety data when something else in the casebook changes, in the same transaction."""

from __future__ import annotations

from typing import Any

from assessments import actions
from assessments.crfs.safety import AdverseEvent
from casebook.actions import recompute
from casebook.models import FormRecord


def after_infusion(record: FormRecord, by: Any, **_: Any) -> None:
    """An infusion was entered or corrected: the events of this child are counted anew from the infusions."""
    events = FormRecord.objects.filter(participant=record.participant, form=AdverseEvent.slug, version__gt=0)
    for event in events.order_by("repeat"):
        recompute(record=event, by=by)
        for serious in event.followers.filter(form="serious-event", version__gt=0):
            recompute(record=serious, by=by)
        actions.refresh_report(event=event.pk, by=by)


def after_event(record: FormRecord, crf: AdverseEvent, by: Any, **_: Any) -> None:
    actions.after_event(event=crf, by=by)
    actions.refresh_report(event=record.pk, by=by)


def after_part_of_event(record: FormRecord, by: Any, **_: Any) -> None:
    """The serious side or the short form was saved."""
    actions.refresh_report(event=record.about_id, by=by)
