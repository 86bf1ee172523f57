"""What people do with bags and lots: freeze, thaw, waste, return, take back a mistake; hold a lot and set it free."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime
from typing import Any

from django.utils import timezone

from dosing.account import Illegal, Kind, Movement, replay
from dosing.crfs import Bag, Infusion, Lot
from dosing.crfs.infusion import GONE, HELD
from dosing.product import BagMovement, LotHold
from dosing.stock import movements_of
from itp_trial.actor import acting
from itp_trial.refusal import Refused


def move_bags(*, bags: Iterable[Bag], kind: str, at: datetime, by: Any, place: str = "", reason: str = "") -> list[BagMovement]:
    """Freezes, thaws, wastes or returns these bags: all of them or, where one of them cannot, none.

    :raises Refused: in words, naming the bag, where this cannot have happened to it
    """
    if at > timezone.now():
        raise Refused("This lies in the future. Please enter what has happened.")
    with acting(by, reason):
        locked = _locked(bags)
        known = movements_of(locked)
        new = Movement(Kind(kind), at, place=place.strip(), reason=reason.strip())
        for bag in locked:
            _refuse_illegal(bag, [*known[bag.pk], new])
        rows = [BagMovement(bag=bag, site_id=bag.crf.record.site_id, kind=kind, at=at, place=new.place, reason=new.reason,
                            recorded_by=by) for bag in locked]  # fmt: skip
        return BagMovement.objects.bulk_create(rows)


def take_back_movement(*, movement: BagMovement, reason: str, by: Any) -> BagMovement:
    """A movement was entered by mistake. Both lines stay; the account forgets the first."""
    if not reason.strip():
        raise Refused("Please say why this entry is taken back.")
    with acting(by, reason.strip()):
        [bag] = _locked([movement.bag])
        if not BagMovement.standing().filter(pk=movement.pk).exists():
            raise Refused("This entry was taken back already.")
        _refuse_illegal(bag, movements_of([bag], without=movement)[bag.pk])
        return BagMovement.objects.create(bag=bag, site_id=movement.site_id, kind=BagMovement.Kind.TAKEN_BACK,
                                          at=timezone.now(), reason=reason.strip(), cancels=movement, recorded_by=by)  # fmt: skip


def _locked(bags: Iterable[Bag]) -> list[Bag]:
    """The bags, in one order everywhere. The full lock also waits for an infusion form that is naming one of them now."""
    chosen = Bag.objects.filter(pk__in=[bag.pk for bag in bags]).order_by("pk").select_for_update(of=("self",))
    if not (locked := list(chosen.select_related("crf__record"))):
        raise Refused("Please choose at least one bag.")
    return locked


def _refuse_illegal(bag: Bag, movements: list[Movement]) -> None:
    try:
        replay(movements)
    except Illegal as problem:
        raise Refused(f"Bag {bag.crf.lot_number} / {bag.label}: {problem} Nothing was stored.") from problem


def refuse_bags_that_were_gone(*, infusion: Infusion, named: Collection[Any]) -> None:
    """Two people at the same time: one wastes a bag, the other enters that it was given. Whoever is second is told.

    Only of bags ``named`` for the first time: what is stored already can always be corrected.
    """
    # One query, however many bags, also where none of them is new.
    lines = BagMovement.standing().filter(bag__given__crf=infusion.pk, bag__given__taken_away=False, kind__in=GONE)
    before = lines.filter(at__lte=infusion.started_at or timezone.now()).select_related("bag")
    gone = next((line for line in before if line.bag_id in named), None)
    if gone is not None:
        raise Refused(f"Bag {gone.bag.label} was {gone.kind} before this infusion started. Nothing was saved: please check.")


def hold_lot(*, lots: Iterable[Lot], kind: str, reason: str, by: Any) -> list[LotHold]:
    """Puts lots into quarantine or recalls them: from now on none of their bags can be chosen."""
    if kind not in HELD:
        raise Refused("A lot is quarantined or recalled.")
    return _note(lots, kind, reason, by)


def lift_hold(*, lots: Iterable[Lot], reason: str, by: Any) -> list[LotHold]:
    """Sets lots free again, with the reason."""
    return _note(lots, LotHold.Kind.LIFTED, reason, by)


def _note(lots: Iterable[Lot], kind: str, reason: str, by: Any) -> list[LotHold]:
    if not reason.strip():
        raise Refused("Please give the reason.")
    with acting(by, reason.strip()):
        locked = list(Lot.objects.filter(pk__in=[lot.pk for lot in lots]).order_by("pk").select_for_update(of=("self",)))
        standing = {hold.lot_id: hold.kind for hold in LotHold.objects.filter(lot__in=locked)}  # in order: the last counts
        before = LotHold.Kind.LIFTED
        wanted = [lot for lot in locked if standing.get(lot.pk, before) != kind]
        if not wanted:
            raise Refused("There is nothing to do: the lot stands like this already.")
        sites = dict(Lot.objects.filter(pk__in=wanted).values_list("pk", "record__site"))
        rows = [LotHold(lot=lot, site_id=sites[lot.pk], kind=kind, reason=reason.strip(), by=by) for lot in wanted]
        return LotHold.objects.bulk_create(rows)
