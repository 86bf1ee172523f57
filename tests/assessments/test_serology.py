"""An antibody that came with the product is no infection."""

from __future__ import annotations

import pytest

from assessments.serology import passive_antibody

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
    note = passive_antibody(antibody, before=before, now=now, virus=virus)
    assert says in note
    assert bool(note) is bool(says)
