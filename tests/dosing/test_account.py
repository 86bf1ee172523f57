"""The account of a bag as a specification: what may follow on what, and that it always balances."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from dosing.account import Account, Illegal, Kind, Movement, Totals, describe, replay, total

NOON = datetime(2026, 3, 5, 10, tzinfo=UTC)
HUNDRED = Decimal(100)


def history(text: str) -> list[Movement]:
    """``"received frozen used:60 wasted"``, one hour after another."""
    found = []
    for hour, word in enumerate(text.split()):
        kind, _, ml = word.partition(":")
        volume = Decimal(ml or (100 if kind in ("received", "used") else 0))
        found.append(Movement(Kind(kind), NOON + timedelta(hours=hour), volume, place="Freezer 1", reason="broken"))
    return found


#: What happened -> received, used, wasted, returned, on hand; the word for its state.
LEGAL = {
    "received": ((100, 0, 0, 0, 100), "received"),
    "received frozen frozen": ((100, 0, 0, 0, 100), "frozen"),
    "received frozen thawed": ((100, 0, 0, 0, 100), "thawed"),
    "received frozen thawed used": ((100, 100, 0, 0, 0), "used"),
    "received used:0": ((100, 0, 0, 0, 100), "opened"),
    "received frozen thawed used:60": ((100, 60, 0, 0, 40), "opened"),
    "received frozen thawed used:60 wasted": ((100, 60, 40, 0, 0), "wasted"),
    "received thawed wasted": ((100, 0, 100, 0, 0), "wasted"),
    "received frozen returned": ((100, 0, 0, 100, 0), "returned"),
}

#: What cannot have happened -> the words.
ILLEGAL = {
    "frozen": "was not received yet",
    "received received": "received once",
    "received:0": "more than 0 mL",
    "received frozen thawed frozen": "was thawed before; it is never frozen again",
    "received used frozen": "was used before; it is never frozen again",
    "received thawed thawed": "was thawed before; it is thawed once",
    "received used thawed": "was used before; it is thawed once",
    "received used:60 used:40": "a bag is given once",
    "received used:101": "holds 100 mL; 101 mL cannot be given",
    "received wasted used": "was wasted before; it cannot be used any more",
    "received returned used": "was returned before; it cannot be used any more",
    "received used wasted": "Nothing is left",
    "received used:60 wasted wasted": "was wasted before; it cannot be wasted any more",
    "received thawed returned": "was thawed before; only whole frozen bags",
    "received used:60 returned": "was used before; only whole frozen bags",
}


@pytest.mark.parametrize(("story", "expected"), LEGAL.items(), ids=LEGAL)
def test_what_may_happen(story: str, expected: tuple[tuple[int, ...], str]) -> None:
    account, (numbers, state) = replay(history(story)), expected
    sums = account.totals
    assert (sums.received, sums.used, sums.wasted, sums.returned, sums.on_hand) == numbers
    assert account.state == state
    assert account.is_whole == (state in ("received", "frozen", "thawed"))


@pytest.mark.parametrize(("story", "words"), ILLEGAL.items(), ids=ILLEGAL)
def test_what_cannot_happen_is_refused_in_words(story: str, words: str) -> None:
    with pytest.raises(Illegal, match=words):
        replay(history(story))
    described = describe(history(story))
    assert any(words in problem for problem in described.problems), "a page names it instead of failing"
    assert described.totals.on_hand >= 0


@pytest.mark.parametrize(("kind", "missing"), [("frozen", "place"), ("wasted", "reason"), ("returned", "reason")])
def test_where_and_why_belong_to_it(kind: str, missing: str) -> None:
    received, movement = history(f"received {kind}")
    with pytest.raises(Illegal, match="Please say"):
        replay([received, replace(movement, **{missing: " "})])


def test_time_decides_not_the_order_of_entry() -> None:
    assert replay(reversed(history("received frozen thawed used:60 wasted"))).totals.wasted == 40


def test_at_one_moment_a_bag_is_thawed_before_it_is_used() -> None:
    received, thawed, used = history("received thawed used")
    assert replay([received, replace(used, at=NOON), replace(thawed, at=NOON)]).state == "used"


def test_a_bag_that_was_never_received_has_no_account() -> None:
    assert (replay([]).state, total([Account()])) == ("not received", Totals())


VOLUMES = st.integers(1, 3000).map(lambda tenth: Decimal(tenth) / 10)


class Freezer(RuleBasedStateMachine):
    """Some bags, and people who do with them whatever comes to mind: legal steps change the account, others are refused."""

    @initialize(volumes=st.lists(VOLUMES, min_size=1, max_size=6))
    def receive(self, volumes: list[Decimal]) -> None:
        self.now, self.volumes = NOON, volumes
        self.bags = [[Movement(Kind.RECEIVED, NOON, volume)] for volume in volumes]
        #: What people would write on a sheet of paper: independent of the code under test.
        self.paper = [{"state": "whole", "used": Decimal(0), "wasted": Decimal(0), "returned": Decimal(0)} for _ in volumes]

    def attempt(self, number: int, kind: Kind, allowed: bool, ml: Decimal = Decimal(0)) -> dict[str, Decimal] | None:
        self.now += timedelta(minutes=1)
        bag = self.bags[number]
        story = [*bag, Movement(kind, self.now, ml, place="F", reason="r")]
        if not allowed:
            with pytest.raises(Illegal):
                replay(story)
            return None
        replay(story)
        self.bags[number] = story
        return self.paper[number]

    @rule(number=st.integers(0, 5))
    def freeze(self, number: int) -> None:
        number %= len(self.bags)
        self.attempt(number, Kind.FROZEN, self.paper[number]["state"] == "whole")

    @rule(number=st.integers(0, 5))
    def thaw(self, number: int) -> None:
        number %= len(self.bags)
        if paper := self.attempt(number, Kind.THAWED, self.paper[number]["state"] == "whole"):
            paper["state"] = "thawed"

    @rule(number=st.integers(0, 5), part=st.sampled_from([Decimal(0), Decimal("0.5"), Decimal(1), Decimal("1.5")]))
    def use(self, number: int, part: Decimal) -> None:
        number %= len(self.bags)
        ml, state = self.volumes[number] * part, self.paper[number]["state"]
        if paper := self.attempt(number, Kind.USED, state in ("whole", "thawed") and part <= 1, ml):
            paper["state"], paper["used"] = "used", ml

    @rule(number=st.integers(0, 5))
    def waste(self, number: int) -> None:
        number %= len(self.bags)
        left = self.volumes[number] - self.paper[number]["used"]
        if paper := self.attempt(number, Kind.WASTED, self.paper[number]["state"] != "gone" and left > 0):
            paper["state"], paper["wasted"] = "gone", left

    @rule(number=st.integers(0, 5))
    def send_back(self, number: int) -> None:
        number %= len(self.bags)
        if paper := self.attempt(number, Kind.RETURNED, self.paper[number]["state"] == "whole"):
            paper["state"], paper["returned"] = "gone", self.volumes[number]

    @invariant()
    def it_balances(self) -> None:
        if not hasattr(self, "bags"):
            return
        accounts = [replay(bag) for bag in self.bags]
        for account, paper in zip(accounts, self.paper, strict=True):
            sums = account.totals
            assert sums.received == sums.used + sums.wasted + sums.returned + sums.on_hand
            assert min(sums.used, sums.wasted, sums.returned, sums.on_hand) >= 0
            assert (sums.used, sums.wasted, sums.returned) == (paper["used"], paper["wasted"], paper["returned"])
        sums = total(accounts)
        assert sums.received == sum(self.volumes) == sums.used + sums.wasted + sums.returned + sums.on_hand


# 50 stories of 40 steps each: 2,000 random operations, more than half of them legal.
TestFreezer = Freezer.TestCase
TestFreezer.settings = settings(max_examples=50, stateful_step_count=40, deadline=None, database=None,
                                suppress_health_check=[*HealthCheck])  # fmt: skip
