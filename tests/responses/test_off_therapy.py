"""The state off therapy with its reasons, whole: T, the state, why SRoT is not evaluable, and the sub-reason (R20 to R23)."""

from __future__ import annotations

import pytest

from responses.classification import OffTherapy, classify
from tests.responses.courses import day
from tests.responses.test_reasoning import GIVEN


@pytest.mark.parametrize(
    ("story", "expected"),
    [
        ("not judged at the end", OffTherapy(day(28), "NE", "best_response_not_evaluable", None)),
        ("T02", OffTherapy(day(0), "NE", "followup_incomplete", None)),
        ("death", OffTherapy(day(14), "NONE", None, None)),
        ("rescue goes on", OffTherapy(day(28), "NONE", None, None)),
        ("begins and ends off therapy", OffTherapy(day(0), "RoT", None, "lost_later")),
        ("begins on day 35", OffTherapy(day(0), "RoT", "followup_incomplete", "followup_incomplete")),
        ("rescue, back, and 180 days", OffTherapy(day(28), "RoT", None, "rescue")),
        ("gap of 63 days", OffTherapy(day(28), "RoT", "assessment_gap", "assessment_gap")),
        ("treatment goes on", None),
        ("no dose", None),
    ],
)
def test_the_state_and_its_reasons(story: str, expected: OffTherapy | None) -> None:
    assert classify(GIVEN[story]).off_therapy == expected
