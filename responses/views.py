"""The pages of the participants: the cohort, and the answer for one child."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_GET

from casebook.doors import participant_of
from casebook.locks import Locks
from casebook.models import Participant
from casebook.templatetags.casebook import STATES
from itp_trial.permissions import access, allow_somewhere
from itp_trial.roles import Can
from responses import selectors
from responses.dashboard import dashboard

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
        "may_end_treatment": granted.may(Can.END_TREATMENT, found.site_id) and found.state == Participant.State.TREATMENT,
    }
    return render(request, "responses/participant.html", context)
