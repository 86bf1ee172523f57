"""From the database to the pure account: every bag with everything that happened to it, in a fixed number of queries."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, time
from decimal import Decimal
from typing import Any
from uuid import UUID

from dosing import account
from dosing.account import Account, Kind, Movement
from dosing.crfs import Bag, InfusionBag
from dosing.product import BagMovement
from itp_trial.normalise import CAIRO


@dataclass(frozen=True)
class BagLine:
    """One bag on a page: the bag, its account, and its movements that stand (for taking one back)."""

    bag: Bag
    account: Account
    entries: list[BagMovement]


def movements_of(bags: Iterable[Bag], *, without: BagMovement | None = None) -> dict[UUID, list[Movement]]:
    """What happened to each bag. Received comes from its lot form, used from the infusion form, the rest was entered."""
    bags = list(bags)
    found: dict[UUID, list[Movement]] = {bag.pk: _received(bag) for bag in bags}
    for line in InfusionBag.objects.filter(bag__in=bags).select_related("crf__record"):
        found[line.bag_id].append(_used(line))
    for entry in _entries(bags):
        if without is None or entry.pk != without.pk:
            found[entry.bag_id].append(Movement(Kind(entry.kind), entry.at, place=entry.place, reason=entry.reason))
    return found


def bag_lines(bags: Iterable[Bag]) -> list[BagLine]:
    """The bags with their accounts; contradictions are named in the account, never raised."""
    bags = list(bags)
    movements, entries = movements_of(bags), defaultdict(list)
    for entry in _entries(bags):
        entries[entry.bag_id].append(entry)
    return [BagLine(bag, account.describe(movements[bag.pk]), entries[bag.pk]) for bag in bags]


def _entries(bags: list[Bag]) -> Any:
    return BagMovement.standing().filter(bag__in=bags).select_related("recorded_by")


def _received(bag: Bag) -> list[Movement]:
    """A lot whose day of receipt is not known yet was here when its form was opened."""
    lot = bag.crf
    if not bag.volume_ml:
        return []
    on = datetime.combine(lot.received_on, time.min, CAIRO) if lot.received_on else lot.record.created_at
    return [Movement(Kind.RECEIVED, on, ml=bag.volume_ml)]


def _used(line: InfusionBag) -> Movement:
    infusion = line.crf
    return Movement(Kind.USED, infusion.started_at or infusion.record.saved_at, ml=line.volume_ml or Decimal(0))
