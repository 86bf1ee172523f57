"""Lots and bags of a site, and the end of maintenance."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from casebook.actions import add_product_record
from casebook.doors import participant_of
from dosing import actions, selectors
from itp_trial.models import Site
from itp_trial.permissions import access, allow_somewhere
from itp_trial.roles import Can
from itp_trial.web import act_once, number_of, posted


@require_GET
def lots(request: HttpRequest) -> HttpResponse:
    """The lots at the person's sites: released or not, expiry, bags left."""
    allow_somewhere(request, Can.VIEW_PRODUCT)
    context = {
        "lots": access(request).scope(Can.VIEW_PRODUCT, selectors.lots(), "record__site"),
        "drafts": access(request).scope(Can.VIEW_PRODUCT, selectors.lots_not_started(), "site"),
        "sites": access(request).scope(Can.EDIT_PRODUCT, Site.objects.all(), "pk"),
    }
    return render(request, "dosing/lots.html", context)


@require_POST
def add_lot(request: HttpRequest) -> HttpResponse:
    allow_somewhere(request, Can.EDIT_PRODUCT)
    sites = access(request).scope(Can.EDIT_PRODUCT, Site.objects.all(), "pk")
    site = get_object_or_404(sites, pk=number_of(request.POST.get("site")))

    def action() -> str:
        return reverse("record", args=[add_product_record(site=site, form="lot", by=request.user).pk])

    return act_once(request, action, back=reverse("lots"))


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
