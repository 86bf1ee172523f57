"""What follows from an infusion, and the end of treatment."""

from __future__ import annotations

from typing import Any

from casebook.actions import cancel_visits, change_state, plan_visits, recompute
from casebook.models import Participant
from dosing.blood_group import BloodGroup, abo_of
from dosing.crfs import Infusion, InfusionBag, Lot, doses_of
from itp_trial.actor import acting
from itp_trial.protocol import value
from itp_trial.refusal import Refused
from itp_trial.schedule import VISITS, Anchor, after_infusion, anchored_on


def follow_infusion(*, infusion: Infusion, by: Any) -> None:
    """The schedule re-anchors on the actual infusion: counts, next dose; after the last one, follow-up."""
    participant = infusion.record.participant
    after = infusion.following()
    if after is not None:
        recompute(record=after.record, by=by)
    if infusion.started_on is None or not is_dose(infusion):
        return
    if participant.state == Participant.State.TREATMENT:
        plans = after_infusion(infusion.number, haemolysis_risk=abo_of(participant) != BloodGroup.O)
        plan_visits(participant=participant, plans=plans, anchor=infusion.started_on, by=by)
        if infusion.number == value("MAX_MAINT"):
            end_treatment(participant=participant, reason="The last dose of the protocol was given.", by=by)
    elif participant.state == Participant.State.FOLLOW_UP:
        last = max([*infusion.others(), infusion], key=lambda each: each.started_at)
        plan_visits(participant=participant, plans=anchored_on(Anchor.OFF_THERAPY), anchor=last.started_on, by=by)


def is_dose(infusion: Infusion) -> bool:
    """R7: any volume given makes it a dose; a running infusion is one; a stopped one without volume was none."""
    return bool(infusion.volume_ml) or infusion.stopped_at is None


def recompute_infusions(*, lot: Lot, by: Any) -> None:
    """Every infusion that used this lot is computed anew from the corrected certificate."""
    lines = InfusionBag.objects.filter(bag__crf=lot)
    used = Infusion.objects.filter(pk__in=lines.values("crf")).select_related("record__participant", "record__visit")
    for infusion in used:
        recompute(record=infusion.record, by=by)


def end_treatment(*, participant: Participant, reason: str, by: Any) -> Participant:
    """Ends maintenance. Follow-up hangs on the last dose actually started (R7); the definitions never move."""
    if not reason.strip():
        raise Refused("Please give the reason for ending maintenance.")
    last = doses_of(participant).order_by("started_at").last()
    if last is None:
        raise Refused("No dose was given yet. Without a dose there is no end of treatment.")
    if participant.state != Participant.State.TREATMENT:
        raise Refused(f"{participant} is not on treatment: {participant.get_state_display().lower()}.")
    with acting(by, reason):
        Participant.objects.select_for_update(no_key=True).get(pk=participant.pk)
        participant.refresh_from_db(fields=["state"])
        if participant.state != Participant.State.TREATMENT:
            raise Refused(f"{participant} is not on treatment: {participant.get_state_display().lower()}.")
        doses = [code for code, plan in VISITS.items() if plan.infusion]
        cancel_visits(participant=participant, codes=doses, why=f"End of treatment: {reason}", by=by)
        change_state(participant=participant, by=by, reason=reason, state=Participant.State.FOLLOW_UP)
        plan_visits(participant=participant, plans=anchored_on(Anchor.OFF_THERAPY), anchor=last.started_on, by=by)
    return participant
