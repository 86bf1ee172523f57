"""Bags and lots in the database: what people do with them through the actions, the forms and the pages."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import DatabaseError, IntegrityError, transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from demo.builder import NotFilled
from dosing import actions, selectors, stock
from dosing.account import total
from dosing.crfs import Bag, InfusionBag, Lot
from dosing.product import BagMovement, LotHold
from itp_trial.actor import System, acting
from itp_trial.refusal import Refused
from tests.input.conftest import at

pytestmark = pytest.mark.django_db

KINDS = ("frozen", "thawed", "wasted", "returned")


@pytest.fixture
def lot(universe: Any) -> Lot:
    return Lot.objects.select_related("record__site").get(lot_number="MP-01-1")


@pytest.fixture
def bags(universe: Any, lot: Lot) -> list[Bag]:
    """The whole bags in the freezer of site 01."""
    return [line.bag for line in stock.bag_lines(selectors.bags_of(lot)) if line.account.state == "frozen"]


def state(bag: Bag) -> str:
    [line] = stock.bag_lines([bag])
    assert line.account.problems == ()
    return line.account.state


def move(universe: Any, bags: list[Bag], kind: str, **more: Any) -> list[BagMovement]:
    usual = {"at": timezone.now(), "place": "Freezer 1", "reason": "leaking"}
    return actions.move_bags(**{"bags": bags, "kind": kind, "by": universe.pia, **usual, **more})


def give(universe: Any, bag: Bag, volume: Any, start: str = "00:01") -> None:
    day = universe.today
    universe.fill(universe.record(universe.untreated, "infusion", "LOAD"), universe.clara, weight_kg=9, weight_on=day,
                  started_at=at(day, start), stopped_at="~NA", bags=[{"bag": bag.pk, "volume_ml": volume}])  # fmt: skip


class TestMovements:
    def test_what_the_forms_say_needs_no_second_entry(self, universe: Any, bags: list[Bag]) -> None:
        """Received stands in the lot form, used in the infusion form: the account reads both."""
        give(universe, bags[0], 50)
        [line] = stock.bag_lines([bags[0]])
        assert (line.account.totals.received, line.account.totals.used) == (bags[0].volume_ml, 50)
        assert line.account.state == "opened"

    def test_a_correction_of_the_infusion_moves_the_account(self, universe: Any, bags: list[Bag]) -> None:
        give(universe, bags[0], 50)
        move(universe, bags[:1], "wasted", reason="rest")
        universe.fill(universe.record(universe.untreated, "infusion", "LOAD"), universe.clara, **{"bags-0-volume_ml": "20"})
        [line] = stock.bag_lines([bags[0]])
        assert (line.account.totals.used, line.account.totals.wasted) == (20, bags[0].volume_ml - 20)

    def test_several_bags_at_once_or_none(self, universe: Any, bags: list[Bag]) -> None:
        move(universe, bags[1:2], "thawed")
        with pytest.raises(Refused, match=rf"{bags[1].label}: This bag was thawed before"):
            move(universe, bags[:3], "thawed")
        assert state(bags[0]) == "frozen"

    @pytest.mark.parametrize(
        ("change", "words"),
        [({"at": 1}, "lies in the future"), ({"at": -400}, "not received yet"), ({"reason": " "}, "why the bag is wasted")],
    )
    def test_what_is_refused(self, universe: Any, bags: list[Bag], change: dict[str, Any], words: str) -> None:
        if "at" in change:
            change = {"at": timezone.now() + timedelta(days=change["at"])}
        with pytest.raises(Refused, match=words):
            move(universe, bags[:1], "wasted", **change)
        assert state(bags[0]) == "frozen"

    def test_no_bag_chosen(self, universe: Any) -> None:
        with pytest.raises(Refused, match="at least one bag"):
            move(universe, [], "thawed")

    def test_a_mistake_is_taken_back_by_a_further_line(self, universe: Any, bags: list[Bag]) -> None:
        [mistake] = move(universe, bags[:1], "thawed")
        with pytest.raises(Refused, match="why"):
            actions.take_back_movement(movement=mistake, reason=" ", by=universe.pia)
        actions.take_back_movement(movement=mistake, reason="wrong bag", by=universe.pia)
        assert state(bags[0]) == "frozen"
        assert bags[0].movements.count() == 3, "frozen, thawed, taken back"
        with pytest.raises(Refused, match="taken back already"):
            actions.take_back_movement(movement=mistake, reason="again", by=universe.pia)

    def test_what_followed_stands_when_the_first_is_taken_back(self, universe: Any, bags: list[Bag]) -> None:
        [thawed] = move(universe, bags[:1], "thawed")
        move(universe, bags[:1], "wasted")
        actions.take_back_movement(movement=thawed, reason="it was still frozen", by=universe.pia)
        assert state(bags[0]) == "wasted"

    @pytest.mark.parametrize("change", ["UPDATE dosing_bagmovement SET reason = 'x'", "DELETE FROM dosing_bagmovement",
                                        "UPDATE dosing_lothold SET reason = 'x'"])  # fmt: skip
    def test_the_database_lets_the_tables_only_grow(self, universe: Any, lot: Lot, change: str) -> None:
        from django.db import connection

        actions.hold_lot(lots=[lot], kind="quarantined", reason="alarm", by=universe.pia)
        with pytest.raises(DatabaseError), acting(System("test"), "tampering"), connection.cursor() as cursor:
            cursor.execute(change)

    @pytest.mark.parametrize(
        ("line", "constraint"),
        [({"kind": "frozen"}, "frozen_somewhere"), ({"kind": "wasted"}, "movement_has_reason"),
         ({"kind": "taken_back", "reason": "x"}, "movement_takes_back_one")],
    )  # fmt: skip
    def test_the_database_refuses_lines_that_say_nothing(
        self, universe: Any, bags: list[Bag], line: dict[str, str], constraint: str
    ) -> None:
        with pytest.raises(IntegrityError, match=constraint), transaction.atomic(), acting(System("test")):
            BagMovement.objects.create(bag=bags[0], site=universe.s1, at=timezone.now(), recorded_by=universe.pia, **line)


class TestChoosing:
    """A bag is not to be had before release, after expiry, twice, when it is gone or its lot held."""

    def refused(self, universe: Any, bag: Bag, words: str) -> None:
        with pytest.raises(NotFilled, match=words):
            give(universe, bag, 50)

    def test_gone_before_the_start(self, universe: Any, bags: list[Bag]) -> None:
        midnight = timezone.localtime().replace(hour=0, minute=0, second=0, microsecond=0)
        move(universe, bags[:1], "wasted", at=midnight)
        self.refused(universe, bags[0], "was wasted or returned since")

    def test_the_rest_was_wasted_before_the_form_was_entered(self, universe: Any, bags: list[Bag]) -> None:
        """Late entry of a truth: it was given at 00:01, what was left was wasted later, and the form comes last."""
        move(universe, bags[:1], "wasted", reason="rest")
        give(universe, bags[0], 50)
        assert state(bags[0]) == "wasted"

    def test_gone_on_an_earlier_day_is_not_even_offered(self, universe: Any, bags: list[Bag]) -> None:
        move(universe, bags[:1], "returned", at=timezone.now() - timedelta(days=3))
        self.refused(universe, bags[0], "one of the entries in the list")

    def test_a_lot_in_quarantine(self, universe: Any, lot: Lot, bags: list[Bag]) -> None:
        actions.hold_lot(lots=[lot], kind="quarantined", reason="cold chain alarm", by=universe.pia)
        start = timezone.localtime(timezone.now() + timedelta(minutes=1))
        held = InfusionBag(crf=universe.record(universe.untreated, "infusion", "LOAD").crf(), bag=bags[0])
        held.bag.gone_at, held.bag.held_at, held.crf.started_at = None, timezone.now(), start
        assert "quarantine or recalled" in held.gone_or_held()
        held.crf.started_at = timezone.now() - timedelta(hours=1)
        assert held.gone_or_held() == "", "given before anybody knew: that is the truth, and is stored"
        actions.lift_hold(lots=[lot], reason="alarm was false", by=universe.pia)
        give(universe, bags[0], 50)

    def test_held_since_yesterday_is_not_offered_today(self, universe: Any, lot: Lot, bags: list[Bag]) -> None:
        yesterday = timezone.now() - timedelta(days=2)
        with acting(universe.pia, "alarm"):
            LotHold.objects.create(lot=lot, site=universe.s1, kind="recalled", reason="alarm", by=universe.pia, at=yesterday)
        self.refused(universe, bags[0], "one of the entries in the list")

    def test_two_people_at_once(self, universe: Any, bags: list[Bag]) -> None:
        """The form was checked, then somebody else wasted the bag, then it is stored: refused."""
        from dosing.actions.stock import refuse_bags_that_were_gone

        give(universe, bags[0], 50)
        infusion = universe.record(universe.untreated, "infusion", "LOAD").crf()
        refuse_bags_that_were_gone(infusion=infusion, named=[bags[0].pk])
        midnight = timezone.localtime().replace(hour=0, minute=0, second=30, microsecond=0)
        with acting(universe.pia, "leaking"):
            BagMovement.objects.create(bag=bags[0], site=universe.s1, kind="wasted", at=midnight, reason="leaking",
                                       recorded_by=universe.pia)  # fmt: skip
        with pytest.raises(Refused, match="was wasted before this infusion started"):
            refuse_bags_that_were_gone(infusion=infusion, named=[bags[0].pk])
        refuse_bags_that_were_gone(infusion=infusion, named=[])


class TestHolds:
    def test_a_hold_is_noted_once_and_lifted_once(self, universe: Any, lot: Lot) -> None:
        actions.hold_lot(lots=[lot], kind="quarantined", reason="alarm", by=universe.pia)
        assert selectors.is_held(lot)
        assert list(selectors.held_lots()) == [{"lot": lot.pk}]
        with pytest.raises(Refused, match="stands like this already"):
            actions.hold_lot(lots=[lot], kind="quarantined", reason="again", by=universe.pia)
        actions.hold_lot(lots=[lot], kind="recalled", reason="donor reactive", by=universe.pia)
        actions.lift_hold(lots=[lot], reason="confirmatory test negative", by=universe.pia)
        assert not selectors.is_held(lot)
        assert lot not in {line.lot for line in selectors.lot_lines([lot]) if line.hold}

    def test_reason_and_kind(self, universe: Any, lot: Lot) -> None:
        with pytest.raises(Refused, match="reason"):
            actions.hold_lot(lots=[lot], kind="recalled", reason="  ", by=universe.pia)
        with pytest.raises(Refused, match="quarantined or recalled"):
            actions.hold_lot(lots=[lot], kind="lifted", reason="x", by=universe.pia)


#: What is missing or wrong -> the words on "released".
NOT_RELEASABLE = {
    "no IgA": ({"iga_g_per_l": None}, "still needed: “IgA concentration”"),
    "IgA unknown": ({"iga_g_per_l": "~UNK"}, "still needed: “IgA concentration”"),
    "nobody decided": ({"released_by": None}, "still needed: “Released by”"),
    "two things": ({"pool": None, "hiv": None}, "“Pool number”, “HIV 1/2 of the donors”"),
    "hepatitis": ({"hbsag": "POS"}, "“HBsAg of the donors” is reactive"),
    "NAT": ({"nat": "POS"}, "“Nucleic acid tests of the donors” is reactive"),
    "germs": ({"sterility": "growth"}, "not sterile"),
}


@pytest.mark.parametrize(("change", "words"), NOT_RELEASABLE.values(), ids=NOT_RELEASABLE)
def test_no_release_without_a_whole_certificate(universe: Any, lot: Lot, change: dict[str, Any], words: str) -> None:
    with pytest.raises(NotFilled, match=f"cannot be released.*{words}"):
        universe.fill(lot.record, universe.pia, **change)
    universe.fill(lot.record, universe.pia, **{**change, "released": "N", "released_by": None, "released_on": None})


def test_nucleic_acid_tests_stand_there_only_where_available(universe: Any, lot: Lot) -> None:
    assert universe.fill(lot.record, universe.pia, nat=None).open_findings == []


def test_a_concentration_that_rests_on_protein_is_asked_about(universe: Any, lot: Lot) -> None:
    saved = universe.fill(lot.record, universe.pia, basis="protein")
    assert [finding.code for finding in saved.open_findings] == ["LOT02"]


class TestPages:
    def test_the_account_of_site_and_lot_adds_up(self, universe: Any, client_of: Any) -> None:
        page = client_of(universe.milo).get(reverse("lots"))
        assert page.status_code == 200
        for _, sums in page.context["totals"]:
            assert sums.received == sums.used + sums.wasted + sums.returned + sums.on_hand > 0
        assert len(page.context["totals"]) == 2

    def test_freeze_thaw_waste_and_take_back_by_page(self, universe: Any, client_of: Any, lot: Lot, bags: list[Bag]) -> None:
        client, url = client_of(universe.pia), reverse("move-bags", args=[lot.pk])
        answer = client.post(url, {"bags": [b.pk for b in bags[:2]], "kind": "thawed", "at": ""}, follow=True)
        assert "2 bags thawed." in answer.content.decode()
        answer = client.post(url, {"bags": [bags[0].pk], "kind": "wasted", "reason": ""}, follow=True)
        assert "say why the bag is wasted" in answer.content.decode()
        answer = client.post(url, {"bags": [bags[0].pk], "kind": "wasted", "reason": "cloudy", "at": "noon"}, follow=True)
        assert "is not a date and time" in answer.content.decode()
        answer = client.post(url, {"bags": [bags[0].pk], "kind": "melted"}, follow=True)
        assert "choose what happened" in answer.content.decode()
        thawed = BagMovement.objects.get(bag=bags[1], kind="thawed")
        answer = client.post(reverse("take-back-movement", args=[thawed.pk]), {"reason": "wrong bag"}, follow=True)
        assert "taken back" in answer.content.decode()
        assert (state(bags[0]), state(bags[1])) == ("thawed", "frozen")

    def test_a_recall_reaches_every_site_of_the_person(self, universe: Any, client_of: Any, lot: Lot) -> None:
        universe.clinic("02").receive_lot("MP-01-1", volumes=[100], on=universe.today - timedelta(days=9),
                                          expires=universe.today + timedelta(days=90))  # fmt: skip
        url = reverse("hold-lot", args=[lot.pk])
        answer = client_of(universe.sami).post(url, {"kind": "recalled", "reason": "donor reactive"}, follow=True)
        assert "recalled at 2 sites" in answer.content.decode()
        answer = client_of(universe.ines).post(url, {"kind": "lifted", "reason": "wrong lot"}, follow=True)
        assert "set free again at 1 site." in answer.content.decode()
        assert selectors.held_lots().count() == 1


# --- a shorter walk through the actions -----------------------------------------------------------------------------


@contextmanager
def undone() -> Iterator[None]:
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


def test_whatever_people_do_in_the_database_it_balances(universe: Any, lot: Lot) -> None:
    """Random operations through the actions and the infusion form: the illegal ones are refused, the sums always hold."""
    everything = list(selectors.bags_of(lot))
    received = sum(bag.volume_ml for bag in everything)

    class Site(RuleBasedStateMachine):
        def __init__(self) -> None:
            super().__init__()
            self.undo = undone()
            self.undo.__enter__()

        def teardown(self) -> None:
            self.undo.__exit__(None, None, None)

        @rule(
            numbers=st.sets(st.integers(0, 5), min_size=1, max_size=3),
            kind=st.sampled_from(["frozen", "thawed", "wasted", "returned"]),
        )
        def move(self, numbers: set[int], kind: str) -> None:
            bags = [everything[-number - 1] for number in numbers]
            before = BagMovement.objects.count()
            try:
                move(universe, bags, kind)
            except Refused:
                assert BagMovement.objects.count() == before
            else:
                assert BagMovement.objects.count() == before + len(bags)

        @rule(number=st.integers(0, 5), volume=st.sampled_from([0, 20, 50, 999]))
        def give(self, number: int, volume: int) -> None:
            bag = everything[-number - 1]
            try:
                universe.fill(universe.record(universe.untreated, "infusion", "LOAD"), universe.clara, weight_kg=9,
                              weight_on=universe.today, started_at=at(universe.today, "00:01"), stopped_at="~NA",
                              bags=[{"bag": bag.pk, "volume_ml": volume}])  # fmt: skip
            except NotFilled:
                return
            assert volume <= bag.volume_ml

        @rule(number=st.integers(0, 5))
        def take_back(self, number: int) -> None:
            last = BagMovement.standing().filter(bag=everything[-number - 1]).last()
            if last is not None:
                actions.take_back_movement(movement=last, reason="mistake", by=universe.pia)

        @invariant()
        def it_balances(self) -> None:
            lines = stock.bag_lines(selectors.bags_of(lot))
            sums = total(line.account for line in lines)
            assert sums.received == received == sums.used + sums.wasted + sums.returned + sums.on_hand
            assert all(line.account.totals.on_hand >= 0 for line in lines)
            given = InfusionBag.objects.filter(bag__crf=lot)
            assert sums.used == sum((line.volume_ml for line in given), Decimal(0))

    run_state_machine_as_test(Site, settings=settings(max_examples=6, stateful_step_count=15, deadline=None, database=None,
                                                      suppress_health_check=[*HealthCheck]))  # fmt: skip


def test_the_pages_need_a_fixed_number_of_queries(
    universe: Any, client_of: Any, lot: Lot, django_assert_max_num_queries: Any
) -> None:
    client: Client = client_of(universe.milo)
    for address in (reverse("lots"), reverse("lot-stock", args=[lot.pk])):
        client.get(address)
        with django_assert_max_num_queries(16):
            client.get(address)
