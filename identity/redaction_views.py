"""Asking for a redaction, and granting it: two pages for two persons."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from accounts.reauthentication import confirm
from casebook.doors import participant_of
from identity import redaction
from itp_trial.models import Redaction
from itp_trial.permissions import allow
from itp_trial.refusal import Refused
from itp_trial.roles import Can
from itp_trial.web import act_once, number_of, posted


@require_http_methods(["GET", "POST"])
def ask(request: HttpRequest, pk: Any) -> HttpResponse:
    """The principal investigator names a text of a participant that says who somebody is."""
    participant = participant_of(request, pk, Can.ASK_REDACTION)
    here = reverse("redactions", args=[pk])
    if request.method == "GET":
        context = {
            "participant": participant,
            "passages": redaction.passages(participant),
            "requests": redaction.requests_about(participant),
        }
        return render(request, "identity/redactions.html", context)

    def action() -> str:
        data = posted(request)
        redaction.ask_redaction(participant=participant, key=data.get("passage", ""), why=data.get("why", ""), by=request.user)
        messages.success(request, "Asked. The text stays until the data manager has granted it.")
        return here

    return act_once(request, action, back=here)


@require_http_methods(["GET", "POST"])
def decide(request: HttpRequest) -> HttpResponse:
    """The data manager reads the request and the text, and grants or declines, with the password."""
    allow(request, Can.GRANT_REDACTION)
    here = reverse("redaction-requests")
    if request.method == "GET":
        return render(request, "identity/redaction_requests.html", {"requests": redaction.requests()})

    def action() -> str:
        data = posted(request)
        found = Redaction.objects.filter(pk=number_of(data.get("redaction"))).first()
        act = {"grant": redaction.grant_redaction, "decline": redaction.decline_redaction}.get(data.get("verdict", ""))
        if found is None or act is None:
            raise Refused("Please choose a request, and whether you grant it.")
        confirm(request, password=data.get("password", ""), code=data.get("code", ""))
        act(redaction=found, by=request.user)
        messages.success(request, "The decision is recorded.")
        return here

    return act_once(request, action, back=here)
