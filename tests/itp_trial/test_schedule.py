"""The schedule of assessments is one table: what it promises about days, windows and forms (``protocol.md`` 11.3)."""

from __future__ import annotations

from datetime import timedelta
from itertools import pairwise
from typing import Any

import pytest

from itp_trial.protocol import value
from itp_trial.schedule import VISITS, Anchor, after_infusion, anchored_on

#: Visit -> first, target and last day after its anchor.
DAYS = {
    "SCREEN": (0, 0, 14), "LOAD": (0, 0, 7), "D3": (2, 3, 4), "D13": (12, 13, 14), "M1": (14, 21, 28), "M5": (14, 21, 28),
    "M1C7": (5, 7, 9), "M5C7": (5, 7, 9), "M1HB": (2, 3, 4), "FU14": (11, 14, 17), "FU1": (21, 28, 35), "FU2": (53, 60, 67),
    "C0": (4, 5, 7), "C5": (4, 5, 7), "FU5": (143, 150, 157), "FU6": (180, 180, 214),
}  # fmt: skip


@pytest.mark.parametrize(("code", "days"), DAYS.items(), ids=DAYS)
def test_days(code: str, days: tuple[int, int, int]) -> None:
    plan = VISITS[code]
    assert (plan.day - plan.early, plan.day, plan.day + plan.late) == days


def test_the_confirming_count_is_at_least_eight_days_after_the_first() -> None:
    """Eight days satisfy IWG (at least 7) and the strict ASH reading (more than 7) alike, wherever in their windows."""
    first, second = VISITS["D3"], VISITS["D13"]
    assert (second.day - second.early) - (first.day + first.late) >= value("CONFIRM_RESP_D") + 1


def test_the_counts_of_the_follow_up_never_leave_a_gap_that_forbids_a_sustained_response() -> None:
    """Each count on its target day: the days between neighbours stay within the gap rule (R21)."""
    targets = [0, *sorted(plan.day for plan in anchored_on(Anchor.OFF_THERAPY))]
    assert max(b - a for a, b in pairwise(targets)) <= value("SROT_MAX_GAP_D")
    assert all("blood-count" in plan.forms for plan in anchored_on(Anchor.OFF_THERAPY))


@pytest.mark.parametrize(
    ("number", "risk", "codes"),
    [
        (0, False, ["D3", "D13", "C0", "M1"]),
        (0, True, ["D3", "D13", "C0", "M1"]),
        (1, False, ["M1C7", "C1", "M2"]),
        (1, True, ["M1C7", "M1HB", "C1", "M2"]),
        (5, True, ["M5C7", "M5HB", "C5"]),
        (5, False, ["M5C7", "C5"]),
    ],
)
def test_what_an_infusion_brings_about(number: int, risk: bool, codes: list[str]) -> None:
    assert [plan.code for plan in after_infusion(number, haemolysis_risk=risk)] == codes


def test_only_children_of_another_group_than_o_get_the_haemoglobin_check(universe: Any) -> None:
    child, clinic = universe.responder, universe.clinic()
    day_0 = child.visits.get(code="LOAD").happened_on
    clinic.infuse(child, "M1", day_0 + timedelta(days=11), 18)
    assert not child.visits.filter(code="M1HB").exists()
    universe.fill(universe.record(child, "blood-group", "SCREEN"), universe.clara, first_abo="A", second_abo="A")
    universe.fill(universe.record(child, "infusion", "M1"), universe.clara)
    visit = child.visits.get(code="M1HB")
    assert (visit.opens, visit.closes) == (day_0 + timedelta(days=13), day_0 + timedelta(days=15))
    assert [record.form for record in visit.records_in_order()] == ["haemoglobin-check"]
