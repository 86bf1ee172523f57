"""What follows from an infusion, and the end of treatment."""

from __future__ import annotations

from typing import Any

from casebook.actions import cancel_visits, change_state, plan_visits
from casebook.models import Participant
from dosing.crfs import Infusion
from itp_trial.actor import acting
from itp_trial.protocol import value
from itp_trial.refusal import Refused
from itp_trial.schedule import VISITS, Anchor, after_infusion, anchored_on


def follow_infusion(*, infusion: Infusion, by: Any) -> None:
    """The schedule re-anchors on the actual infusion: counts, next dose; after the fifth maintenance dose, follow-up."""
    if infusion.started_on is None:
        return
    participant = infusion.record.participant
    if participant.state == Participant.State.TREATMENT:
        plan_visits(participant=participant, plans=after_infusion(infusion.number), anchor=infusion.started_on, by=by)
        if infusion.number == value("MAX_MAINT"):
            end_treatment(participant=participant, reason="The last dose of the protocol was given.", by=by)


def end_treatment(*, participant: Participant, reason: str, by: Any) -> Participant:
    """Ends maintenance. Follow-up hangs on the last dose actually started (R7); the definitions never move."""
    if not reason.strip():
        raise Refused("Please give the reason for ending maintenance.")
    last = Infusion.objects.filter(record__participant=participant, started_at__isnull=False).order_by("started_at").last()
    if last is None or last.started_on is None:
        raise Refused("No dose was given yet. Without a dose there is no end of treatment.")
    with acting(by, reason):
        Participant.objects.select_for_update().get(pk=participant.pk)
        participant.refresh_from_db(fields=["state"])
        if participant.state != Participant.State.TREATMENT:
            raise Refused(f"{participant} is not on treatment: {participant.get_state_display().lower()}.")
        doses = [code for code, plan in VISITS.items() if plan.infusion]
        cancel_visits(participant=participant, codes=doses, why=f"End of treatment: {reason}", by=by)
        change_state(participant=participant, by=by, reason=reason, state=Participant.State.FOLLOW_UP)
        plan_visits(participant=participant, plans=anchored_on(Anchor.OFF_THERAPY), anchor=last.started_on, by=by)
    return participant
