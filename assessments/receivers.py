"""What follows in the safety data when something else in the casebook changes, in the same transaction."""

from __future__ import annotations

from typing import Any

from casebook.actions import recompute
from casebook.models import FormRecord


def after_infusion(record: FormRecord, by: Any, **_: Any) -> None:
    """An infusion was entered or corrected: the events of this child are counted anew from the infusions."""
    events = FormRecord.objects.filter(participant=record.participant, form="adverse-event", version__gt=0)
    for event in events.order_by("repeat"):
        recompute(record=event, by=by)
