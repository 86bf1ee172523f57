"""A dose is planned by one person and confirmed by a second one; a wrong blood group stops at every door."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.urls import reverse
from django.utils import timezone

from casebook.models import FormRecord
from demo.builder import NotFilled
from demo.people import PASSWORD
from dosing import actions, planning
from dosing.blood_group import abo_of
from dosing.crfs import Bag
from dosing.planner import Portion
from dosing.plans import DosePlan, PlannedBag
from itp_trial.actor import acting
from itp_trial.models import AuditEntry
from itp_trial.refusal import Refused
from tests.input.conftest import at

pytestmark = pytest.mark.django_db


@pytest.fixture
def record(universe: Any) -> FormRecord:
    """The loading dose of a child of group O; every lot in the freezer is of group O too."""
    return universe.record(universe.untreated, "infusion", "LOAD")


def has_group(universe: Any, abo: str | None) -> None:
    """The child turns out to be of another group: both samples are corrected."""
    tested = universe.record(universe.untreated, "blood-group", "SCREEN")
    universe.fill(tested, universe.clara, first_abo=abo, second_abo=abo)
    assert abo_of(universe.untreated) == (abo or "")


def accept(universe: Any, record: FormRecord, **change: Any) -> DosePlan:
    weight = change.pop("weight_kg", Decimal(9))
    usual = {"weight_kg": weight, "weight_on": universe.today, "by": universe.clara,
             "portions": planning.proposed(record, weight, planning.freezer(record))}  # fmt: skip
    return actions.accept_plan(record=record, **{**usual, **change})


class TestTwoPeople:
    @pytest.mark.requirement("RQ-12")
    def test_the_calculation_stands_in_the_trail(self, universe: Any, record: FormRecord) -> None:
        plan = accept(universe, record)
        assert abs(plan.grams - 9) <= Decimal("0.9")
        entry = AuditEntry.objects.filter(table_name="dosing_doseplan").latest("pk")
        assert (entry.actor_name, entry.participant) == (universe.clara.actor_name, record.participant_id)
        assert entry.reason.startswith("Dose calculation accepted: 9 kg, target 9.00 g, planned ")

    def test_never_the_same_person(self, universe: Any, record: FormRecord) -> None:
        plan = accept(universe, record)
        with pytest.raises(Refused, match="accepted this plan yourself"):
            actions.confirm_plan(plan=plan, by=universe.clara)
        with pytest.raises(IntegrityError, match="plan_by_two_people"), transaction.atomic(), acting(universe.clara, "x"):
            DosePlan.objects.filter(pk=plan.pk).update(confirmed_by=universe.clara, confirmed_at=timezone.now())

    def test_both_names_are_recorded(self, universe: Any, record: FormRecord) -> None:
        plan = actions.confirm_plan(plan=accept(universe, record), by=universe.pia)
        assert (plan.accepted_by, plan.confirmed_by) == (universe.clara, universe.pia)
        with pytest.raises(Refused, match="confirmed already"):
            actions.confirm_plan(plan=plan, by=universe.ines)

    def test_by_page_with_the_own_password(self, universe: Any, record: FormRecord, client_of: Any) -> None:
        page, url = reverse("dose-plan", args=[record.pk]), reverse("accept-plan", args=[record.pk])
        clara, ines = client_of(universe.clara), client_of(universe.ines)
        asked = {"weight_kg": "9", "weight_on": f"{universe.today:%d/%m/%Y}"}
        shown = clara.get(page, asked)
        chosen = {f"ml-{portion.bag.key}": str(portion.ml) for portion in shown.context["plan"].portions}
        assert "waits for the second person" in clara.post(url, {**asked, "chosen": "1", **chosen}, follow=True).content.decode()
        confirm = reverse("confirm-plan", args=[DosePlan.objects.get().pk])
        assert "accepted this plan yourself" in clara.post(confirm, {"password": PASSWORD}, follow=True).content.decode()
        assert "password is not right" in ines.post(confirm, {"password": "guess"}, follow=True).content.decode()
        assert "confirmed by two people" in ines.post(confirm, {"password": PASSWORD}, follow=True).content.decode()


class TestAccepting:
    def test_one_plan_at_a_time_and_its_bags_are_kept(self, universe: Any, record: FormRecord) -> None:
        plan = accept(universe, record)
        with pytest.raises(Refused, match="a plan for this dose already"):
            accept(universe, record)
        kept = {line.bag_id for line in plan.bags.all()}
        other = universe.record(universe.responder, "infusion", "M1")
        assert not kept & {Bag.objects.get(pk=bag.key).pk for bag in planning.freezer(other)}
        with pytest.raises(Refused, match="just taken for another dose"):
            accept(universe, other, portions=[Portion(planning.stock_bag(Bag.objects.get(pk=next(iter(kept)))), Decimal(1))],
                   reason="two at once")  # fmt: skip
        actions.withdraw_plan(plan=plan, reason="fever", by=universe.clara)
        assert kept <= {Bag.objects.get(pk=bag.key).pk for bag in planning.freezer(other)}
        assert planning.standing_plan(record) is None

    def test_what_is_refused(self, universe: Any, record: FormRecord) -> None:
        stock = planning.freezer(record)
        with pytest.raises(Refused, match="choose the bags"):
            accept(universe, record, portions=[])
        with pytest.raises(Refused, match="mL cannot be given"):
            accept(universe, record, portions=[Portion(stock[0], stock[0].volume_ml + 1)], reason="x")
        with pytest.raises(Refused, match="give the reason"):
            accept(universe, record, weight_on=universe.today - timedelta(days=8))
        plan = accept(universe, record, weight_on=universe.today - timedelta(days=8), reason="the scales are broken")
        assert plan.reason == "the scales are broken"
        assert "8 days old" in " ".join(plan.findings)
        with pytest.raises(Refused, match="why the plan is withdrawn"):
            actions.withdraw_plan(plan=plan, reason=" ", by=universe.clara)
        actions.withdraw_plan(plan=plan, reason="fever", by=universe.clara)
        for again, words in ((actions.confirm_plan, {}), (actions.withdraw_plan, {"reason": "again"})):
            with pytest.raises(Refused, match="withdrawn already"):
                again(plan=plan, by=universe.ines, **words)
        with pytest.raises(Refused, match="planned for an infusion"):
            actions.accept_plan(record=universe.record(universe.untreated, "blood-count", "LOAD"), weight_kg=Decimal(9),
                                weight_on=universe.today, portions=[], by=universe.clara)  # fmt: skip

    def test_after_the_start_the_form_says_what_was_used(self, universe: Any, record: FormRecord) -> None:
        plan = accept(universe, record)
        kept = plan.bags.first()
        universe.fill(record, universe.clara, weight_kg=9, weight_on=universe.today, started_at=at(universe.today, "00:01"),
                      stopped_at="~NA", bags=[{"bag": kept.bag_id, "volume_ml": kept.volume_ml}])  # fmt: skip
        assert not PlannedBag.objects.filter(kept=True).exists()
        for act in (lambda: accept(universe, record), lambda: actions.withdraw_plan(plan=plan, reason="x", by=universe.ines)):
            with pytest.raises(Refused, match="has started"):
                act()


class TestBloodGroup:
    def test_a_wrong_group_is_never_proposed_and_stops_the_plan(self, universe: Any, record: FormRecord) -> None:
        stock = planning.freezer(record)
        assert planning.proposed(record, Decimal(9), stock)
        has_group(universe, "A")
        assert planning.proposed(record, Decimal(9), stock) == []
        with pytest.raises(Refused, match="carries anti-A and must not be given to a child of group A"):
            accept(universe, record, portions=[Portion(stock[0], Decimal(90))], reason="there is no other")

    def test_the_own_group_first_then_a_compatible_one(self, universe: Any, record: FormRecord) -> None:
        has_group(universe, "A")
        for group, volumes in (("AB", [100, 100]), ("A", [110, 90])):
            universe.clinic("01").receive_lot(f"LOT-{group}", volumes=volumes, on=universe.today - timedelta(days=9),
                                              expires=universe.today + timedelta(days=90), blood_group=group)  # fmt: skip
        stock = planning.freezer(record)
        for offered, expected in ((stock, {"A"}), ([bag for bag in stock if bag.blood_group != "A"], {"AB"})):
            assert {portion.bag.blood_group for portion in planning.proposed(record, Decimal(9), offered)} == expected

    def test_the_infusion_form_stops_too_unless_it_really_happened(self, universe: Any, record: FormRecord) -> None:
        has_group(universe, "AB")
        bag = planning.freezer(record)[0]
        line = {"bag": bag.key, "volume_ml": 50}
        times = {"weight_kg": 9, "weight_on": universe.today, "started_at": at(universe.today, "00:01"), "stopped_at": "~NA"}
        with pytest.raises(NotFilled, match="carries anti-A and anti-B and must not be given"):
            universe.fill(record, universe.clara, **times, bags=[line])
        saved = universe.fill(record, universe.clara, **times, bags=[{**line, "despite": "Mixed up with the next bed"}])
        assert "BAG04" in {finding.code for finding in saved.open_findings}, "stored, and it does not go unseen"

    def test_without_a_known_group_the_plan_needs_a_reason(self, universe: Any, record: FormRecord) -> None:
        has_group(universe, None)
        with pytest.raises(Refused, match="give the reason"):
            accept(universe, record)


class TestThePage:
    def test_what_can_be_typed_wrong(self, universe: Any, record: FormRecord, client_of: Any) -> None:
        client, page = client_of(universe.clara), reverse("dose-plan", args=[record.pk])
        for typed, words in (({"weight_kg": "nine", "weight_on": "1/1/2026"}, "is not a number"),
                             ({"weight_kg": "9"}, "the day on which the weight was measured")):  # fmt: skip
            answer = client.get(page, typed)
            assert (answer.status_code, words in answer.content.decode()) == (422, True)
        url = reverse("accept-plan", args=[record.pk])
        assert "enter the weight" in client.post(url, {}, follow=True).content.decode()
        assert "is not a number" in client.post(url, {"weight_kg": "x", "weight_on": "1/1/2026"}, follow=True).content.decode()

    def test_another_form_has_no_plan(self, universe: Any, client_of: Any) -> None:
        other = universe.record(universe.untreated, "blood-count", "LOAD")
        assert client_of(universe.clara).get(reverse("dose-plan", args=[other.pk])).status_code == 404

    def test_it_can_be_withdrawn_by_page(self, universe: Any, record: FormRecord, client_of: Any) -> None:
        url = reverse("withdraw-plan", args=[accept(universe, record).pk])
        assert "bags are free again" in client_of(universe.ines).post(url, {"reason": "fever"}, follow=True).content.decode()

    def test_without_bags_it_says_so(self, universe: Any, record: FormRecord, client_of: Any) -> None:
        asked = {"weight_kg": "80", "weight_on": f"{universe.today:%d/%m/%Y}"}
        page = client_of(universe.clara).get(reverse("dose-plan", args=[record.pk]), asked)
        assert "No combination of whole bags" in page.content.decode()
