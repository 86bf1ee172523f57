"""Questions about the product."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, Q

from casebook.models import FormRecord
from dosing import stock
from dosing.account import Totals
from dosing.crfs import Bag, InfusionBag, Lot
from dosing.crfs.infusion import HELD
from dosing.product import BagMovement, LotHold


def lots() -> Any:
    """The lots that stand, with how many bags came and how many are left."""
    standing = Q(bags__taken_away=False)
    used, gone = InfusionBag.objects.values("bag"), BagMovement.standing().filter(kind__in=("wasted", "returned")).values("bag")
    left = standing & ~Q(bags__in=used) & ~Q(bags__in=gone)
    counted = Lot.objects.annotate(
        bags_all=Count("bags", filter=standing, distinct=True), bags_left=Count("bags", filter=left, distinct=True)
    )
    return counted.select_related("record__site").order_by("record__site__code", "expires_on", "lot_number")


def held_lots() -> Any:
    """The keys of the lots that nothing may be taken of now."""
    newest = LotHold.objects.order_by("lot", "-pk").distinct("lot").values("pk")
    return LotHold.objects.filter(pk__in=newest, kind__in=HELD).values("lot")


def usable_lots() -> Any:
    """Of ``lots`` those that are neither in quarantine nor recalled."""
    return lots().exclude(pk__in=held_lots())


def lots_not_started() -> Any:
    """Lots that somebody began to enter and did not save."""
    return FormRecord.objects.filter(form=Lot.slug, version=0).select_related("site")


@dataclass(frozen=True)
class LotLine:
    """One lot on a page, with its account and what it is held for."""

    lot: Any
    totals: Totals
    hold: str


def lot_lines(found: Iterable[Any]) -> list[LotLine]:
    """The lots with their accounts, in a fixed number of queries."""
    found = list(found)
    totals: dict[Any, Totals] = defaultdict(Totals)
    bags = Bag.objects.filter(crf__in=found).select_related("crf__record")
    for line in stock.bag_lines(bags):
        totals[line.bag.crf_id] += line.account.totals
    holds = {hold.lot_id: hold for hold in LotHold.objects.filter(lot__in=found)}  # in order: the last counts
    held = {pk: hold.get_kind_display() for pk, hold in holds.items() if hold.kind in HELD}
    return [LotLine(lot, totals[lot.pk], held.get(lot.pk, "")) for lot in found]


def site_totals(lines: Iterable[LotLine]) -> list[tuple[Any, Totals]]:
    """The account of each site: the sum over its lots."""
    sums: dict[Any, Totals] = {}
    for line in lines:
        site = line.lot.record.site
        sums[site] = sums.get(site, Totals()) + line.totals
    return list(sums.items())


def bags_of(lot: Lot) -> Any:
    return Bag.objects.filter(crf=lot).select_related("crf__record").order_by("position")


def is_held(lot: Lot) -> bool:
    last = lot.holds.last()
    return last is not None and last.kind in HELD


def same_lot(lot: Lot) -> Any:
    """The same lot wherever it was received."""
    return Lot.objects.filter(lot_number=lot.lot_number) if lot.lot_number else Lot.objects.filter(pk=lot.pk)
