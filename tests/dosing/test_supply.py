"""Whether the bags are enough for the doses to come, by blood group; and what runs out of time."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from dosing.planner import StockBag
from dosing.supply import Dose, Shortage, expires_soon, shortages, use_by

G = Decimal
TODAY = date(2026, 11, 26)


def bags(text: str) -> list[StockBag]:
    """``"O 10, AB 5"``: a bag of group O with 10 g of IgG, one of AB with 5 g."""
    pairs = [part.split() for part in text.split(", ") if part]
    return [StockBag(str(n), "bag", G(grams) * 20, G(50), None, TODAY, group) for n, (group, grams) in enumerate(pairs)]


def doses(text: str) -> list[Dose]:
    """``"A 10"``; ``? 10`` for a child whose group nobody knows, ``A -`` for one without a weight."""
    pairs = [part.split() for part in text.split(", ") if part]
    return [Dose(group.strip("?"), None if grams == "-" else G(grams)) for group, grams in pairs]


#: Doses, bags -> blood groups, number of doses, needed, at hand.
CASES: dict[str, tuple[str, str, list[tuple[tuple[str, ...], int, int, int]]]] = {
    "nothing to come": ("", "", []),
    "just enough": ("A 10", "A 10", []),
    "too little": ("A 10, A 5", "A 10", [(("A",), 2, 15, 10)]),
    "only bags that must not be given": ("A 10", "O 100", [(("A",), 1, 10, 0)]),
    "AB fits everybody": ("A 10, B 10, O 5", "AB 25", []),
    "a bag is given once": ("A 10, B 10", "AB 15", [(("A", "B"), 2, 20, 15)]),
    "two short by themselves are not named together": ("A 10, B 10", "", [(("A",), 1, 10, 0), (("B",), 1, 10, 0)]),
    "O children take every bag": ("O 10, A 10", "A 20", []),
    "group not known": ("? 10", "B 5", [(("",), 1, 10, 5)]),
    "without a weight": ("A -", "", []),
}


@pytest.mark.parametrize(("to_come", "freezer", "expected"), CASES.values(), ids=CASES)
def test_shortages(to_come: str, freezer: str, expected: list[tuple[tuple[str, ...], int, int, int]]) -> None:
    found = shortages(doses(to_come), bags(freezer))
    assert found == [Shortage(*each) for each in expected]
    assert {type(short.at_hand) for short in found} <= {Decimal}, "grams are never floats or whole numbers, not even of nothing"


def test_what_runs_out_of_time() -> None:
    thawed = datetime(2026, 11, 26, 9, 0, tzinfo=UTC)
    assert use_by(thawed) == thawed + timedelta(hours=24)
    assert [expires_soon(TODAY + timedelta(days=days), TODAY) for days in (-1, 28, 29)] == [True, True, False]
