"""The stock lane: thawed bags, expiry, and the freezer against the doses due, for those who see the product."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from assessments.supply import Line, stock_lines
from casebook.models import Participant, Visit
from dosing import actions, selectors, stock
from dosing.crfs import Lot
from itp_trial.models import Site
from itp_trial.normalise import CAIRO

pytestmark = pytest.mark.django_db


def lines(universe: Any, at: datetime | None = None) -> list[Line]:
    """What the freezer of site 01 asks for, now or at another moment."""
    sites = Site.objects.filter(code="01")
    return stock_lines(sites, Participant.objects.filter(site__in=sites), at or timezone.now())


def noon(day: date) -> datetime:
    """The middle of a day in Cairo; a number of hours from now is another day there when summer time begins."""
    return datetime.combine(day, time(12), CAIRO)


def lot_of(universe: Any) -> Lot:
    return Lot.objects.select_related("record__site").get(lot_number="MP-01-1")


def frozen(lot: Lot) -> list[Any]:
    return [line.bag for line in stock.bag_lines(selectors.bags_of(lot)) if line.account.state == "frozen"]


def test_a_thawed_bag_counts_down_and_is_over(universe: Any) -> None:
    assert lines(universe) == []
    bag = frozen(lot_of(universe))[0]
    actions.move_bags(bags=[bag], kind="thawed", at=timezone.now(), place="", reason="", by=universe.pia)
    [line] = lines(universe)
    assert (line.what, line.state) == (f"Bag {bag.label} of lot MP-01-1", "open")
    assert line.why.startswith("Thawed: use it until ")
    [line, *_] = lines(universe, timezone.now() + timedelta(hours=24, minutes=1))
    assert (line.state, line.why.endswith("waste it.")) == ("overdue", True)
    actions.move_bags(bags=[bag], kind="wasted", at=timezone.now(), place="", reason="over", by=universe.pia)
    assert lines(universe) == []


def test_bags_that_expire_are_named_with_how_many_are_left(universe: Any) -> None:
    lot = lot_of(universe)
    left = len(frozen(lot))
    assert lines(universe, noon(lot.expires_on - timedelta(days=29))) == []
    soon = lines(universe, noon(lot.expires_on - timedelta(days=28)))
    assert (soon[0].what, soon[0].state) == (f"{left} bags of lot MP-01-1", "open")
    assert soon[0].why == f"Expires on {lot.expires_on:%d %b %Y}: use first."
    over = lines(universe, noon(lot.expires_on + timedelta(days=1)))
    assert (over[0].state, over[0].why) == ("overdue", f"Expired on {lot.expires_on:%d %b %Y}: waste or return.")


def test_the_freezer_is_compared_with_the_doses_due(universe: Any) -> None:
    """What is held or gone is no stock; the weight is the latest, measured for a dose or outside of one."""
    lot = lot_of(universe)
    actions.hold_lot(lots=[lot], kind="quarantined", reason="Power cut", by=universe.pia)
    due = Visit.objects.filter(participant__site__code="01", code__in=["LOAD", "M1", "M2"], happened_on=None, cancelled="")
    assert due.exists()
    found = [line for line in lines(universe) if "blood group" in line.what]
    assert found
    assert all("Need " in line.why and "hold 0.0 g" in line.why for line in found)
    actions.lift_hold(lots=[lot], reason="Back to normal", by=universe.pia)
    assert lines(universe) == []


def test_the_number_of_queries_does_not_depend_on_the_bags(universe: Any) -> None:
    def cost() -> int:
        with CaptureQueriesContext(connection) as captured:
            lines(universe)
        return len(captured)

    before = cost()
    for bag in frozen(lot_of(universe))[:3]:
        actions.move_bags(bags=[bag], kind="thawed", at=timezone.now(), place="", reason="", by=universe.pia)
    assert cost() == before <= 6


def test_only_who_sees_the_product_reads_the_lane(universe: Any, client_of: Any) -> None:
    lot = lot_of(universe)
    bag = frozen(lot)[0]
    actions.move_bags(bags=[bag], kind="thawed", at=timezone.now(), place="", reason="", by=universe.pia)
    page = client_of(universe.clara).get(reverse("work-list")).content.decode()
    assert f"Bag {bag.label} of lot MP-01-1" in page
    assert reverse("lot-stock", args=[lot.pk]) in page
    other = client_of(universe.otto).get(reverse("work-list")).content.decode()
    assert "MP-01-1" not in other
    assert "No bag runs out of time" in other
