"""The pages of the participants: the cohort, and the answer for one child."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET, require_POST

from casebook.doors import participant_of
from casebook.locks import Locks
from casebook.models import Participant
from casebook.templatetags.casebook import STATES
from itp_trial.permissions import access, allow_somewhere
from itp_trial.refusal import Refused
from itp_trial.roles import Can
from itp_trial.web import act_once, number_of, posted
from responses import actions, selectors
from responses.dashboard import dashboard
from responses.models import ClassChange

RESPONSE_STATES = ("CR", "R", "PENDING_CONFIRMATION", "LOST", "NR", "NE")


@require_GET
def participants(request: HttpRequest) -> HttpResponse:
    """The children at the person's sites, with their response state and what comes next; ``?site=&state=&response=``."""
    allow_somewhere(request, Can.VIEW)
    rows = selectors.cohort(access(request).scope(Can.VIEW, Participant.objects.all()), timezone.localdate())
    chosen = {name: request.GET.get(name, "") for name in ("site", "state", "response")}
    sites = {row.header.participant.site.code: row.header.participant.site for row in rows}
    context = {
        "rows": [row for row in rows if _matches(row, chosen)],
        "total": len(rows),
        "chosen": chosen,
        "sites": sites.values(),
        "states": Participant.State.choices,
        "responses": [(code, STATES[code][0]) for code in RESPONSE_STATES],
        "may_screen": access(request).has(Can.SCREEN),
    }
    return render(request, "responses/participants.html", context)


def _matches(row: selectors.CohortRow, chosen: dict[str, str]) -> bool:
    found = {
        "site": row.header.participant.site.code,
        "state": row.header.participant.state,
        "response": row.header.state,
    }
    return all(wanted in ("", found[name]) for name, wanted in chosen.items())


@require_GET
def participant(request: HttpRequest, pk: Any) -> HttpResponse:
    """The answer for one child: state, since when, why; the course on one time axis; the next dose; safety."""
    found = participant_of(request, pk)
    granted = access(request)
    context = dashboard(found, timezone.localdate()) | {
        "closed": Locks.of(found).over(found),
        "may_decide": granted.may(Can.DECIDE, found.site_id),
        "may_end_treatment": granted.may(Can.END_TREATMENT, found.site_id) and found.state == Participant.State.TREATMENT,
    }
    return render(request, "responses/participant.html", context)


@require_POST
def take_note(request: HttpRequest, pk: Any) -> HttpResponse:
    """A physician has read that the class of a child was changed by a correction."""
    found = participant_of(request, pk, Can.DECIDE)
    url = reverse("participant", args=[pk])

    def action() -> str:
        number = number_of(posted(request).get("change"))
        change = ClassChange.objects.filter(participant=found, pk=number).first()
        if change is None:
            raise Refused("There is no such announcement about this child.")
        actions.acknowledge(change=change, by=request.user)
        messages.success(request, "You have taken note of the changed class. It stands in the audit trail.")
        return url

    return act_once(request, action, back=url)
