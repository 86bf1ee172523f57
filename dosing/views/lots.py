"""Lots and bags: what came, what became of it, what may be used."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET, require_POST

from casebook.actions import add_product_record
from dosing import account, actions, selectors, stock
from dosing.crfs import Lot
from dosing.product import BagMovement, LotHold
from itp_trial.models import Site
from itp_trial.normalise import Unreadable, moment
from itp_trial.permissions import access, allow, allow_somewhere, visible
from itp_trial.refusal import Refused
from itp_trial.roles import Can
from itp_trial.web import act_once, number_of, posted


@require_GET
def lots(request: HttpRequest) -> HttpResponse:
    """The lots at the person's sites: released or not, expiry, and the account of each and of each site."""
    allow_somewhere(request, Can.VIEW_PRODUCT)
    found = list(access(request).scope(Can.VIEW_PRODUCT, selectors.lots(), "record__site"))
    lines = selectors.lot_lines(found)
    context = {
        "lots": lines,
        "totals": selectors.site_totals(lines),
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


@require_GET
def lot_stock(request: HttpRequest, pk: Any) -> HttpResponse:
    """The bags of one lot with their accounts, and what may be done with them."""
    lot = _lot(request, pk)
    lines = stock.bag_lines(selectors.bags_of(lot))
    site = lot.record.site_id
    context = {
        "lot": lot, "lines": lines, "total": account.total(line.account for line in lines), "now": timezone.now(),
        "holds": lot.holds.select_related("by"), "is_held": selectors.is_held(lot), "kinds": LotHold.Kind,
        "may_move": access(request).may(Can.MOVE_BAGS, site), "may_hold": access(request).may(Can.HOLD_LOT, site),
    }  # fmt: skip
    return render(request, "dosing/lot_stock.html", context)


@require_POST
def move_bags(request: HttpRequest, pk: Any) -> HttpResponse:
    """Several bags of a lot are frozen, thawed, wasted or returned at once."""
    lot = _lot(request, pk, Can.MOVE_BAGS)
    back = reverse("lot-stock", args=[pk])

    def action() -> str:
        data = posted(request)
        chosen = set(request.POST.getlist("bags"))
        bags = [bag for bag in selectors.bags_of(lot) if str(bag.pk) in chosen]
        kind = data.get("kind", "")
        if kind not in BagMovement.Kind.values or kind == BagMovement.Kind.TAKEN_BACK:
            raise Refused("Please choose what happened to the bags.")
        moved = actions.move_bags(bags=bags, kind=kind, at=_time_of(data.get("at", "")), by=request.user,
                                  place=data.get("place", "")[:80], reason=data.get("reason", "")[:300])  # fmt: skip
        messages.success(request, f"{len(moved)} bag{'s'[: len(moved) > 1]} {kind}.")
        return back

    return act_once(request, action, back=back)


@require_POST
def take_back_movement(request: HttpRequest, pk: Any) -> HttpResponse:
    """An entry about a bag was a mistake."""
    movement = visible(request, BagMovement.objects.select_related("bag__crf"), pk, rights=(Can.VIEW_PRODUCT,))
    allow(request, Can.MOVE_BAGS, movement.site_id)
    back = reverse("lot-stock", args=[movement.bag.crf_id])

    def action() -> str:
        actions.take_back_movement(movement=movement, reason=posted(request).get("reason", "")[:300], by=request.user)
        messages.success(request, "The entry was taken back.")
        return back

    return act_once(request, action, back=back)


@require_POST
def hold_lot(request: HttpRequest, pk: Any) -> HttpResponse:
    """Puts a lot into quarantine, recalls it, or sets it free: wherever this person may, all sites that hold the same lot."""
    lot = _lot(request, pk, Can.HOLD_LOT)
    back = reverse("lot-stock", args=[pk])

    def action() -> str:
        kind, reason = posted(request).get("kind", ""), posted(request).get("reason", "")[:300]
        lots = access(request).scope(Can.HOLD_LOT, selectors.same_lot(lot), "record__site")
        if kind == LotHold.Kind.LIFTED:
            done = actions.lift_hold(lots=lots, reason=reason, by=request.user)
        else:
            done = actions.hold_lot(lots=lots, kind=kind, reason=reason, by=request.user)
        messages.success(request, f"{lot}: {done[0].get_kind_display().lower()} at {len(done)} site{'s'[: len(done) > 1]}.")
        return back

    return act_once(request, action, back=back)


def _lot(request: HttpRequest, pk: Any, right: Can = Can.VIEW_PRODUCT) -> Lot:
    lot: Lot = visible(request, Lot.objects.select_related("record__site"), pk, path="record__site", rights=(Can.VIEW_PRODUCT,))
    allow(request, right, lot.record.site_id)
    return lot


def _time_of(typed: str) -> datetime:
    """The moment that was typed; now where the field was left empty."""
    try:
        return moment(typed) if typed.strip() else timezone.now()
    except Unreadable as error:
        raise Refused(str(error)) from error
