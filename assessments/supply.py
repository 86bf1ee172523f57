"""The stock lane of the work list: bags that run out of time, and freezers that hold less than the next doses need.

Five queries, however many bags and children there are.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from django.db.models import OuterRef, Q, QuerySet, Subquery
from django.urls import reverse
from django.utils import timezone

from assessments.crfs.growth import Growth
from casebook.models import Participant, Visit
from dosing import supply
from dosing.blood_group import BloodGroupTest
from dosing.crfs import Bag, Infusion
from dosing.crfs.infusion import released_and_not_given, with_standing
from dosing.dose import planned_grams
from dosing.planning import stock_bag
from dosing.product import BagMovement
from itp_trial.normalise import CAIRO
from itp_trial.schedule import VISITS

_INFUSIONS = [code for code, plan in VISITS.items() if plan.infusion is not None]


@dataclass(frozen=True)
class Line:
    """One thing to do about the stock of a site: what, why now, and where."""

    site: str
    what: str
    why: str
    url: str
    overdue: bool
    #: The sooner something is lost, the smaller.
    until: datetime

    @property
    def state(self) -> str:
        return "overdue" if self.overdue else "open"


def stock_lines(sites: QuerySet[Any], participants: QuerySet[Participant], now: datetime) -> list[Line]:
    """What the freezers of these sites ask for, what is lost first on top."""
    bags: dict[int, list[Any]] = defaultdict(list)
    for bag in _bags_at(sites):
        bags[bag.crf.record.site_id].append(bag)
    doses = _doses_of(participants, timezone.localdate(now))
    named = {site.pk: site for site in sites if site.pk in bags or site.pk in doses}
    found = [line for pk, site in named.items() for line in _of_site(site, bags[pk], doses[pk], now)]
    return sorted(found, key=lambda line: (not line.overdue, line.until, line.what))


def _of_site(site: Any, bags: list[Any], doses: list[supply.Dose], now: datetime) -> Iterable[Line]:
    today = timezone.localdate(now)
    thawed = [bag for bag in bags if bag.thawed_at]
    yield from (_thawed(site, bag, now) for bag in thawed)
    lots: dict[Any, list[Any]] = defaultdict(list)
    for bag in bags:
        if not bag.thawed_at and bag.crf.expires_on and supply.expires_soon(bag.crf.expires_on, today):
            lots[bag.crf].append(bag)
    yield from (_expiring(site, lot, len(of_lot), today) for lot, of_lot in lots.items())
    yield from _short(site, bags, doses, now)


def _thawed(site: Any, bag: Any, now: datetime) -> Line:
    until = supply.use_by(bag.thawed_at)
    when = f"{until.astimezone(CAIRO):%d %b %H:%M} Cairo"
    over = until < now
    why = f"Thawed; its time was over on {when}: waste it." if over else f"Thawed: use it until {when}, or waste it."
    return Line(site.code, f"Bag {bag.label} of lot {bag.crf.lot_number}", why, _page(bag.crf), over, until)


def _expiring(site: Any, lot: Any, bags: int, today: date) -> Line:
    over, day = lot.expires_on < today, f"{lot.expires_on:%d %b %Y}"
    why = f"Expired on {day}: waste or return." if over else f"Expires on {day}: use first."
    until = datetime.combine(lot.expires_on + timedelta(days=1), datetime.min.time(), CAIRO)
    return Line(site.code, f"{bags} bag{'s'[: bags > 1]} of lot {lot.lot_number}", why, _page(lot), over, until)


def _short(site: Any, bags: list[Any], doses: list[supply.Dose], now: datetime) -> Iterable[Line]:
    """The bags that may still be given, against the doses of the next weeks."""
    today = timezone.localdate(now)
    usable = [stock_bag(bag) for bag in bags if bag.held_at is None and _is_usable(bag, today, now)]
    until = now + supply.AHEAD
    for short in supply.shortages(doses, usable):
        groups = " or ".join(group or "unknown" for group in short.groups)
        what = f"{short.doses} dose{'s'[: short.doses > 1]} until {until:%d %b}, blood group {groups}"
        why = f"Need {short.needed:.1f} g of IgG; the bags that fit hold {short.at_hand:.1f} g."
        yield Line(site.code, what, why, reverse("lots"), False, until)


def _is_usable(bag: Any, today: date, now: datetime) -> bool:
    in_date = bag.crf.expires_on is None or bag.crf.expires_on >= today
    return in_date and (bag.thawed_at is None or supply.use_by(bag.thawed_at) >= now)


def _page(lot: Any) -> str:
    return reverse("lot-stock", args=[lot.pk])


def _bags_at(sites: QuerySet[Any]) -> Any:
    """The whole bags of released lots, each with the moment at which it was thawed. One query."""
    thawed = BagMovement.standing().filter(bag=OuterRef("pk"), kind=BagMovement.Kind.THAWED).order_by("at")
    bags = with_standing(Bag.objects.filter(released_and_not_given(sites)))
    bags = bags.filter(gone_at=None, volume_ml__gt=0, crf__igg_g_per_l__gt=0)
    bags = bags.annotate(thawed_at=Subquery(thawed.values("at")[:1]))
    return bags.select_related("crf__record").order_by("crf__expires_on", "crf__lot_number", "label")


def _doses_of(participants: QuerySet[Participant], today: date) -> dict[int, list[supply.Dose]]:
    """The doses that are due soon or late, by site. Four queries."""
    due = Visit.objects.filter(participant__in=participants, code__in=_INFUSIONS, happened_on=None, cancelled="",
                               target__lte=today + supply.AHEAD)  # fmt: skip
    due = due.exclude(participant__state__in=Participant.ENDED).select_related("participant")
    visits = list(due)
    children = {visit.participant_id for visit in visits}
    groups = dict(BloodGroupTest.objects.filter(record__participant__in=children)
                  .order_by("-record__created_at").values_list("record__participant", "abo"))  # fmt: skip
    weights = _weights(children)
    found: dict[int, list[supply.Dose]] = defaultdict(list)
    for visit in visits:
        weight = weights.get(visit.participant_id)
        grams = planned_grams(weight, visit.plan.infusion or 0) if weight else None
        found[visit.participant.site_id].append(supply.Dose(groups.get(visit.participant_id) or "", grams))
    return found


def _weights(children: Iterable[Any]) -> dict[Any, Decimal]:
    """The latest weight of each child, measured for a dose or outside of one. Two queries."""
    known = Q(record__participant__in=list(children), weight_kg__gt=0)
    measured = [(Infusion, "weight_on"), (Growth, "measured_on")]
    found = [
        line
        for form, day in measured
        for line in form.objects.filter(known, **{f"{day}__isnull": False}).values_list(day, "record__participant", "weight_kg")
    ]
    return {child: weight for _, child, weight in sorted(found, key=lambda line: line[0])}
