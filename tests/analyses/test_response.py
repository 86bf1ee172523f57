"""Response of the trial where children still can change, and every state off therapy."""

from __future__ import annotations

from dataclasses import replace

import pytest

from analyses import paper
from analyses.inputs import Child
from tests.analyses.test_figures import TODAY, child, rows

GOOD = dict.fromkeys(range(30, 160, 30), 80)
#: State off therapy -> a child in it: doses on days 0 and 14, a response of 60 and 70 unless it never responded.
STATES: dict[str, Child] = {
    "SRoT": child("01-001", {3: 60, 10: 70, **dict.fromkeys(range(30, 211, 30), 80)}, doses=(0, 14)),
    "RoT": child("01-002", {3: 60, 10: 70, **GOOD, 160: 12, 161: 11}, doses=(0, 14)),
    "PENDING": child("01-003", {3: 60, 10: 70, **GOOD}, doses=(0, 14), ended=False, as_of=155),
    "NE": child("01-004", {3: 60, 10: 70}, doses=(0, 14), as_of=30),
    "NONE": child("01-005", {3: 12, 10: 14, 40: 11}, doses=(0, 14)),
}
TREATED = child("01-006", {3: 60, 10: 70}, doses=(0, 14), ended=False, as_of=20)
ON_TREATMENT = replace(TREATED, verdict=replace(TREATED.verdict, off_therapy=None))
EVERYBODY = [*STATES.values(), ON_TREATMENT]


@pytest.mark.parametrize(("state", "of"), STATES.items(), ids=STATES)
def test_the_children_are_in_these_states(state: str, of: Child) -> None:
    assert of.verdict.off_therapy is not None
    assert of.verdict.off_therapy.state == state


def test_every_state_off_therapy_has_its_row() -> None:
    """One child of six in each; three of them can be judged, so that the sustained response is one of three there."""
    assert [row[:3] for row in rows("off-therapy", EVERYBODY)] == [
        ("SRoT, everything else a failure (main)", "1/6", "16.7"),
        ("SRoT, without those not evaluable or pending", "1/3", "33.3"),
        ("RoT, everything else a failure", "1/6", "16.7"), ("Pending (before day 180 off therapy)", "1/6", "16.7"),
        ("No response off therapy", "1/6", "16.7"), ("Not evaluable", "1/6", "16.7"), ("Still on treatment", "1/6", "16.7"),
    ]  # fmt: skip


#: Children -> what stands under the table of best responses.
NOTES: dict[str, tuple[list[Child], str]] = {
    "nobody can change": ([STATES["SRoT"], STATES["NONE"]], ""),
    "one can": ([STATES["SRoT"], child("02-001", {3: 12}, ended=False, as_of=9)],
                "1 of 2 can still change: their follow-up goes on."),
    "a response stays": ([TREATED], ""),
}  # fmt: skip


@pytest.mark.parametrize(("children", "note"), NOTES.values(), ids=NOTES)
def test_it_says_how_many_can_still_change(children: list[Child], note: str) -> None:
    assert paper.figure("best-response", children, TODAY).note == note
