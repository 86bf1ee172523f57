"""From the database to the pure planner: the freezer of a site, and what is known of a child before a dose."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from typing import Any

from django.db.models import Exists, OuterRef, Q
from django.utils import timezone

from casebook.models import FormRecord
from dosing.blood_group import abo_of
from dosing.crfs import Bag, Infusion
from dosing.crfs.infusion import released_and_not_given, with_standing
from dosing.planner import Plan, Portion, StockBag, best_bags, plan
from dosing.plans import DosePlan, PlannedBag


def freezer(record: FormRecord) -> list[StockBag]:
    """The bags that may be planned for this infusion now: those on hand that are not kept for another."""
    others = PlannedBag.objects.filter(bag=OuterRef("pk"), kept=True).exclude(record=record)
    return [stock_bag(bag) for bag in on_hand([record.site_id]).exclude(Exists(others))]


def on_hand(sites: Any) -> Any:
    """The bags in the freezers of these sites today: released, in date, whole, not held. The first to expire first."""
    bags, today = with_standing(Bag.objects.filter(released_and_not_given(sites))), timezone.localdate()
    bags = bags.filter(gone_at=None, held_at=None, volume_ml__gt=0, crf__igg_g_per_l__gt=0, crf__expires_on__gte=today)
    received = bags.filter(Q(crf__received_on=None) | Q(crf__received_on__lte=today))
    return received.select_related("crf__record__site").order_by("crf__expires_on", "crf__lot_number", "label")


def stock_bag(bag: Bag) -> StockBag:
    lot = bag.crf
    return StockBag(str(bag.pk), f"{lot.lot_number} / {bag.label}", bag.volume_ml, lot.igg_g_per_l, lot.iga_g_per_l,
                    lot.expires_on, lot.blood_group or "")  # fmt: skip


def number_of(record: FormRecord) -> int:
    """0 = loading dose, 1-5 = maintenance doses."""
    infusion: Infusion = record.crf()
    return infusion.number


def compute(record: FormRecord, weight_kg: Decimal, weight_on: date, portions: Iterable[Portion]) -> Plan:
    """The plan for these portions today."""
    group = abo_of(record.participant_id)
    return plan(number_of(record), weight_kg, weight_on, timezone.localdate(), list(portions), group)


def proposed(record: FormRecord, weight_kg: Decimal, stock: list[StockBag]) -> list[Portion]:
    """The best whole bags of the freezer, leaving out those that must not be given to this child."""
    from dosing.compatibility import match
    from dosing.dose import planned_grams

    group = abo_of(record.participant_id)
    same = [bag for bag in stock if match(group, bag.blood_group).level in ("fits", "unknown")]
    compatible = [bag for bag in stock if match(group, bag.blood_group).level != "stop"]
    target = planned_grams(weight_kg, number_of(record))
    # The published practice is group-specific: another compatible group only where the own one is not enough.
    bags = best_bags(same, target) or best_bags(compatible, target)
    return [Portion(bag, bag.volume_ml) for bag in bags]


def standing_plan(record: FormRecord) -> DosePlan | None:
    """The plan that holds for this infusion, confirmed or not."""
    plans = DosePlan.objects.filter(record=record, withdrawn_at=None)
    return plans.select_related("accepted_by", "confirmed_by").prefetch_related("bags__bag__crf").first()


def last_weight(record: FormRecord) -> tuple[Any, Any]:
    """What the infusion form says already, else nothing: a weight for a dose is measured for that dose."""
    infusion = record.crf()
    return infusion.weight_kg, infusion.weight_on
