"""The account of a bag as a specification: what may follow on what, and that it always balances."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

from dosing.account import NOTHING, Account, Illegal, Kind, Movement, Totals, describe, replay, total

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
PARTS = st.sampled_from([Decimal(0), Decimal("0.5"), Decimal(1)])
#: What may be done with a bag that is ..., as people would say it: written down here without looking at the code.
NEXT = {
    "whole": (Kind.FROZEN, Kind.THAWED, Kind.USED, Kind.WASTED, Kind.RETURNED),
    "thawed": (Kind.USED, Kind.WASTED),
    "opened": (Kind.WASTED,),
    "empty": (),
    "gone": (),
}


@dataclass
class OnPaper:
    """One bag on the sheet of paper beside the freezer."""

    volume: Decimal
    state: str = "whole"
    sums: dict[Kind, Decimal] = field(default_factory=lambda: dict.fromkeys((Kind.USED, Kind.WASTED, Kind.RETURNED), Decimal(0)))

    def note(self, kind: Kind, ml: Decimal) -> None:
        left = self.volume - self.sums[Kind.USED]
        if kind in self.sums:
            self.sums[kind] = ml if kind is Kind.USED else left
        opened = "opened" if ml < self.volume else "empty"
        self.state = {Kind.FROZEN: "whole", Kind.THAWED: "thawed", Kind.USED: opened}.get(kind, "gone")


class Freezer(RuleBasedStateMachine):
    """Bags come and something legal becomes of them, at random; whatever is not legal in that moment is refused."""

    accepted = 0

    def __init__(self) -> None:
        super().__init__()
        self.now, self.stories, self.papers = NOON, list[list[Movement]](), list[OnPaper]()

    def do(self, number: int, kind: Kind, ml: Decimal = NOTHING) -> None:
        """One legal operation: accepted, noted on paper, and counted."""
        self.now += timedelta(minutes=1)
        self.stories[number].append(Movement(kind, self.now, ml, place="Freezer 1", reason="broken"))
        self.last = number
        type(self).accepted += 1

    @rule(volume=VOLUMES)
    def receive(self, volume: Decimal) -> None:
        self.stories.append([])
        self.papers.append(OnPaper(volume))
        self.do(len(self.papers) - 1, Kind.RECEIVED, volume)

    @precondition(lambda self: any(NEXT[paper.state] for paper in self.papers))
    @rule(data=st.data(), part=PARTS)
    def go_on(self, data: st.DataObject, part: Decimal) -> None:
        number = data.draw(st.sampled_from([n for n, paper in enumerate(self.papers) if NEXT[paper.state]]))
        paper = self.papers[number]
        kind = data.draw(st.sampled_from(NEXT[paper.state]))
        ml = paper.volume * part if kind is Kind.USED else NOTHING
        paper.note(kind, ml)
        self.do(number, kind, ml)

    @invariant()
    def it_balances(self) -> None:
        accounts = [replay(story) for story in self.stories]
        for account, paper in zip(accounts, self.papers, strict=True):
            sums = account.totals
            assert sums.received == paper.volume == sums.used + sums.wasted + sums.returned + sums.on_hand
            assert min(sums.used, sums.wasted, sums.returned, sums.on_hand) >= 0
            assert {Kind.USED: sums.used, Kind.WASTED: sums.wasted, Kind.RETURNED: sums.returned} == paper.sums
        sums = total(accounts)
        assert sums.received == sum(p.volume for p in self.papers) == sums.used + sums.wasted + sums.returned + sums.on_hand

    @precondition(lambda self: self.papers)
    @invariant()
    def nothing_else_is_possible(self) -> None:
        paper, story = self.papers[self.last], self.stories[self.last]
        for kind in set(Kind) - set(NEXT[paper.state]):
            with pytest.raises(Illegal):
                replay([*story, Movement(kind, self.now + timedelta(minutes=1), paper.volume, place="F", reason="r")])
        too_much = Movement(Kind.USED, self.now + timedelta(minutes=1), paper.volume + 1)
        with pytest.raises(Illegal):
            replay([*story, too_much])


def test_a_thousand_legal_operations_keep_the_account_balanced() -> None:
    """After each of them: what came is what was used, wasted, returned and is left, of every bag and of all together."""
    Freezer.accepted = 0
    run_state_machine_as_test(Freezer, settings=settings(
        max_examples=30, stateful_step_count=50, deadline=None, database=None, derandomize=True,
        suppress_health_check=[*HealthCheck]))  # fmt: skip
    assert Freezer.accepted >= 1000
