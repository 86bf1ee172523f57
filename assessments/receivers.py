"""What follows in the safety data when something else in the casebook changes, in the same transaction."""

from __future__ import annotations

from typing import Any

from casebook.actions import plan_visits, recompute
from casebook.models import FormRecord
from dosing.actions.treatment import is_dose
from dosing.blood_group import BloodGroup, blood_group_of
from dosing.crfs import Infusion
from itp_trial.schedule import haemoglobin_check


def check_haemoglobin(record: FormRecord, crf: Infusion, by: Any, **_: Any) -> None:
    """An infusion was entered: a child that is not known to be of group O has its haemoglobin checked (``protocol.md`` 5.3)."""
    plans = haemoglobin_check(crf.number)
    if not plans or crf.started_on is None or not is_dose(crf):
        return
    group = blood_group_of(record.participant_id)
    if group is None or group.abo != BloodGroup.O:
        plan_visits(participant=record.participant, plans=plans, anchor=crf.started_on, by=by)


def after_infusion(record: FormRecord, by: Any, **_: Any) -> None:
    """An infusion was entered or corrected: the events of this child are counted anew from the infusions."""
    events = FormRecord.objects.filter(participant=record.participant, form="adverse-event", version__gt=0)
    for event in events.order_by("repeat"):
        recompute(record=event, by=by)
