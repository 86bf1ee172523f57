"""The dose planner: a page that computes, and three doors that accept, confirm and withdraw."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_POST

from accounts.reauthentication import confirm
from casebook.doors import record_of
from casebook.models import FormRecord
from dosing import actions, planning
from dosing.blood_group import abo_of
from dosing.crfs import Infusion
from dosing.planner import Portion, StockBag
from dosing.plans import DosePlan
from itp_trial.normalise import Unreadable
from itp_trial.permissions import access, allow, visible
from itp_trial.refusal import Refused
from itp_trial.roles import Can
from itp_trial.web import act_once, posted


@dataclass(frozen=True)
class Asked:
    """What was typed into the planner: weight, its day, and the mL of each chosen bag."""

    weight_kg: Decimal
    weight_on: date
    portions: list[Portion] | None


@require_GET
def dose_plan(request: HttpRequest, pk: Any) -> HttpResponse:
    """Computes the dose from the weight and the freezer, and shows the plan that stands."""
    record = infusion_of(request, pk)
    stock = planning.freezer(record)
    asked, error = None, ""
    try:
        asked = _asked(request.GET, stock)
    except Unreadable as unreadable:
        error = str(unreadable)
    computed = _computed(record, asked, stock) if asked else None
    weight, weighed = planning.last_weight(record)
    context = {
        "record": record, "participant": record.participant, "stock": stock, "error": error, "plan": computed, "asked": asked,
        "standing": planning.standing_plan(record), "group": abo_of(record.participant_id),
        "started": record.crf().started_at,
        "weight_kg": request.GET.get("weight_kg", weight or ""), "weight_on": request.GET.get("weight_on", "") or weighed,
        "chosen": {portion.bag.key: portion.ml for portion in computed.portions} if computed else {},
        "may_plan": access(request).may(Can.EDIT, record.site_id),
        "may_confirm": access(request).may(Can.CONFIRM_DOSE, record.site_id),
    }  # fmt: skip
    return render(request, "dosing/plan.html", context, status=422 if error else 200)


@require_POST
def accept_plan(request: HttpRequest, pk: Any) -> HttpResponse:
    record = infusion_of(request, pk, Can.EDIT)
    back = reverse("dose-plan", args=[pk])

    def action() -> str:
        try:
            asked = _asked(request.POST, planning.freezer(record))
        except Unreadable as error:
            raise Refused(str(error)) from error
        if asked is None:
            raise Refused("Please enter the weight and the day on which it was measured.")
        actions.accept_plan(record=record, weight_kg=asked.weight_kg, weight_on=asked.weight_on, portions=asked.portions or [],
                            reason=posted(request).get("reason", "")[:300], by=request.user)  # fmt: skip
        messages.success(request, "The plan is stored and its bags are kept. A second person has to confirm it.")
        return back

    return act_once(request, action, back=back)


@require_POST
def confirm_plan(request: HttpRequest, pk: Any) -> HttpResponse:
    """The second person, signed in as themselves, with their own password at this moment."""
    plan = _plan(request, pk, Can.CONFIRM_DOSE)
    back = reverse("dose-plan", args=[plan.record_id])

    def action() -> str:
        data = posted(request)
        confirm(request, password=data.get("password", ""), code=data.get("code", ""))
        actions.confirm_plan(plan=plan, by=request.user)
        messages.success(request, "You confirmed this plan.")
        return back

    return act_once(request, action, back=back)


@require_POST
def withdraw_plan(request: HttpRequest, pk: Any) -> HttpResponse:
    plan = _plan(request, pk, Can.EDIT)
    back = reverse("dose-plan", args=[plan.record_id])

    def action() -> str:
        actions.withdraw_plan(plan=plan, reason=posted(request).get("reason", "")[:300], by=request.user)
        messages.success(request, "The plan was withdrawn; its bags are free again.")
        return back

    return act_once(request, action, back=back)


def infusion_of(request: HttpRequest, pk: Any, right: Can = Can.VIEW) -> FormRecord:
    """The record of an infusion, where the person may see it and holds the right."""
    record = record_of(request, pk)
    if record.form != Infusion.slug:
        raise Http404
    allow(request, right, record.site_id)
    return record


def _plan(request: HttpRequest, pk: Any, right: Can) -> DosePlan:
    plan: DosePlan = visible(request, DosePlan.objects.all(), pk, path="record__site")
    infusion_of(request, plan.record_id, right)
    return plan


def _computed(record: FormRecord, asked: Asked, stock: list[StockBag]) -> Any:
    portions = asked.portions
    if portions is None:
        portions = planning.proposed(record, asked.weight_kg, stock)
    return planning.compute(record, asked.weight_kg, asked.weight_on, portions)


def _asked(data: Mapping[str, Any], stock: list[StockBag]) -> Asked | None:
    """Reads what was typed; None on the first visit. Raises ``Unreadable``."""
    if not data.get("weight_kg", "").strip():
        return None
    weight, weighed = Infusion.items()["weight_kg"], Infusion.items()["weight_on"]
    if not data.get("weight_on", "").strip():
        raise Unreadable("Please enter the day on which the weight was measured.")
    typed = {bag: data.get(f"ml-{bag.key}", "").strip() for bag in stock}
    volume = Infusion.row_models[0].items()["volume_ml"]
    portions = [Portion(bag, volume.parse(ml)) for bag, ml in typed.items() if ml]
    return Asked(weight.parse(data["weight_kg"]), weighed.parse(data["weight_on"]), portions if "chosen" in data else None)
