"""The end of maintenance."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from casebook.doors import participant_of
from dosing import actions
from itp_trial.roles import Can
from itp_trial.web import act_once, posted


@require_http_methods(["GET", "POST"])
def end_treatment(request: HttpRequest, pk: Any) -> HttpResponse:
    """The investigator ends maintenance before the fifth dose, with the reason."""
    participant = participant_of(request, pk, Can.END_TREATMENT)
    if request.method == "GET":
        return render(request, "dosing/end_treatment.html", {"participant": participant})

    def action() -> str:
        reason = posted(request).get("reason", "")
        actions.end_treatment(participant=participant, reason=reason, by=request.user)
        messages.success(request, "Maintenance has ended. The follow-up visits are planned.")
        return reverse("visits", args=[pk])

    return act_once(request, action, back=reverse("end-treatment", args=[pk]))
