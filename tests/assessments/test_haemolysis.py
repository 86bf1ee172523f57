"""A fall of haemoglobin that has to be looked into, and an antibody that came with the product."""

from __future__ import annotations

from decimal import Decimal

import pytest

from assessments import haemolysis


@pytest.mark.parametrize(("before", "after", "asks"), [("12.0", "10.0", True), ("12.0", "10.1", False), ("12.0", "7.5", True),
                                                       ("10.0", "12.0", False)])  # fmt: skip
def test_a_fall_of_two_grams(before: str, after: str, asks: bool) -> None:
    said = haemolysis.prompt(Decimal(before), Decimal(after))
    assert bool(said) is asks is haemolysis.is_suspected(Decimal(before), Decimal(after))
    assert not asks or f"fell by {Decimal(before) - Decimal(after)} g/dL" in said


#: Antibody, before the first dose, now, virus found -> what the note holds (``protocol.md`` 12.8, A11).
SEROLOGY = {
    "A11 anti-HBs new, HBsAg negative": ("anti-HBs", False, True, False, "passive antibody, no infection"),
    "the state before is not known": ("anti-HBs", None, True, False, "passive antibody, no infection"),
    "virus not tested": ("anti-HBc", False, True, None, "Test HBsAg or HBV DNA before calling it an infection"),
    "virus found": ("anti-HCV", False, True, True, ""),
    "was there before": ("anti-HBs", True, True, False, ""),
    "still negative": ("anti-HBs", False, False, False, ""),
    "something else": ("anti-CMV", False, True, False, ""),
}


@pytest.mark.parametrize(("antibody", "before", "now", "virus", "says"), SEROLOGY.values(), ids=SEROLOGY)
def test_passive_antibodies(antibody: str, before: bool | None, now: bool, virus: bool | None, says: str) -> None:
    note = haemolysis.passive_antibody(antibody, before=before, now=now, virus=virus)
    assert says in note
    assert bool(note) is bool(says)
