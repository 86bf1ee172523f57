"""The day on which a visit is to take place, as the site agreed it with the family: beside the target, inside its window or,
with the reason, outside of it."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST

from casebook.models import Participant, Visit
from itp_trial.actor import acting
from itp_trial.normalise import Unreadable, day
from itp_trial.permissions import allow, visible
from itp_trial.refusal import Refused
from itp_trial.roles import Can
from itp_trial.web import act_once, posted


def plan_date(*, visit: Visit, on: date | None, reason: str, by: Any) -> Visit:
    """Sets the planned day of a visit, or takes it away (None). Refused for a visit that is over, and for days gone by."""
    with acting(by, reason.strip() or "Day of the visit planned"):
        Participant.objects.select_for_update(no_key=True).get(pk=visit.participant_id)
        visit.refresh_from_db()
        _refuse(visit, on, reason.strip())
        visit.planned_on, visit.planned_why = on, reason.strip()[:200] if on else ""
        visit.save(update_fields=["planned_on", "planned_why"])
    return visit


def _refuse(visit: Visit, on: date | None, reason: str) -> None:
    if visit.happened_on:
        raise Refused(f"{visit.title} took place on {visit.happened_on:%d %b %Y}; there is nothing left to plan.")
    if visit.cancelled or visit.participant.is_ended:
        raise Refused(f"{visit.title} is no longer needed.")
    if on is None:
        return
    if on < timezone.localdate():
        raise Refused(f"{on:%d %b %Y} has gone by. Please choose a day to come.")
    if not visit.window.contains(on) and not reason:
        raise Refused(
            f"{on:%d %b %Y} lies outside the window of {visit.title} ({visit.opens:%d %b %Y} to {visit.closes:%d %b %Y})."
            " Please say why, or choose another day."
        )


@require_POST
def plan(request: HttpRequest, pk: Any) -> HttpResponse:
    """The coordinator sets the day of a visit. An empty day takes the plan away."""
    visit = visible(request, Visit.objects.select_related("participant__site"), pk, path="participant__site")
    allow(request, Can.PLAN, visit.participant.site_id)
    back = f"{reverse('visits', args=[visit.participant_id])}#visit-{visit.pk}"

    def action() -> str:
        data = posted(request)
        plan_date(visit=visit, on=_typed(data.get("on", "")), reason=data.get("reason", ""), by=request.user)
        return back

    return act_once(request, action, back=back)


def _typed(raw: str) -> date | None:
    try:
        return day(raw) if raw.strip() else None
    except Unreadable as error:
        raise Refused(str(error)) from error
