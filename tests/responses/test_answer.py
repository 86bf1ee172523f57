"""The answer line of each state, in the words that an investigator reads."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from itp_trial.reasons import dates_in, readable
from responses.answer import ASSUMED_RULES, answer_line
from responses.classification import Course, classify
from tests.responses.courses import course, day

D0, D3, D10 = "02 Mar 2025", "05 Mar 2025", "12 Mar 2025"


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (
            {"counts": {3: 120, 10: 140}, "ended": False, "as_of": 12},
            f"COMPLETE RESPONSE since {D3}, confirmed {D10} (120 and 140 ×10⁹/L, 7 days apart; baseline 10; no bleeding). "
            "Day 10 of response.",
        ),
        (
            {"counts": {3: 60, 10: 70}, "as_of": 20},
            f"RESPONSE since {D3}, confirmed {D10} (60 and 70 ×10⁹/L, 7 days apart; baseline 10; no bleeding). "
            "It was not lost when follow-up ended on 22 Mar 2025.",
        ),
        (
            {"counts": {3: 60, 10: 70}, "ended": False, "as_of": 60},
            f"RESPONSE since {D3}, confirmed {D10} (60 and 70 ×10⁹/L, 7 days apart; baseline 10; no bleeding). "
            "Day 58 of response. The last evaluable count is 50 days old (12 Mar 2025).",
        ),
        (
            {"counts": {3: 60}, "ended": False, "as_of": 5},
            f"RESPONSE, NOT YET CONFIRMED since {D3} (60 ×10⁹/L; baseline 10; no bleeding). "
            "A second count of at least 30 ×10⁹/L on or after 12 Mar 2025, with none below in between, confirms the response.",
        ),
        (
            {"counts": {3: 60, 10: 70, 20: 9, 22: 8}, "ended": False, "as_of": 23},
            "RESPONSE LOST on 22 Mar 2025 (9 ×10⁹/L), confirmed on 24 Mar 2025. Best response: R.",
        ),
        (
            {"counts": {3: 60, 10: 70, 20: 9}, "ended": False, "as_of": 23},
            "RESPONSE LOST on 22 Mar 2025 (9 ×10⁹/L), not yet confirmed by a second count. Best response: R.",
        ),
        (
            {"counts": {3: 60, 10: 70, 20: 9}, "rescues": [(21, 22, "ivig")], "ended": False, "as_of": 23},
            "RESPONSE LOST on 22 Mar 2025 (9 ×10⁹/L), confirmed by rescue on 23 Mar 2025. Best response: R.",
        ),
        (
            {"counts": {3: 60, 10: 70}, "bleeds": [(20, 21, 2)], "ended": False, "as_of": 23},
            "RESPONSE LOST on 22 Mar 2025: bleeding started. Best response: R.",
        ),
        (
            {"counts": {3: 12, 10: 15}, "baseline": None, "ended": False, "as_of": 12},
            f"NO RESPONSE since {D3}, confirmed {D10} (12 and 15 ×10⁹/L, 7 days apart; baseline missing). "
            "Provisional while follow-up goes on.",
        ),
        (
            {"counts": {3: 12}, "rescues": [(5, 5, "ivig")], "ended": False, "as_of": 12},
            "NO RESPONSE: rescue on 07 Mar 2025 came before a confirmed response.",
        ),
        ({"counts": {}, "ended": False, "as_of": 2}, "NOT EVALUABLE: no evaluable count after Day 0."),
    ],
)
def test_each_state_says_since_when_and_why(arguments: dict[str, Any], line: str) -> None:
    seen = course(**arguments)
    assert answer_line(classify(seen), seen) == line


LOST = course({3: 60, 10: 70, 20: 9, 22: 8}, ended=False, as_of=23)
FAILED = course({3: 12, 10: 15})
#: Course, what its verdict leaves open -> the line. The rules leave none of these open today; the page must not fail on it.
OPEN = {
    "the day of no response": (FAILED, {"since": None}, "NO RESPONSE (15 ×10⁹/L; baseline 10)."),
    "the day of the loss": (LOST, {"since": None}, "RESPONSE LOST. Best response: R."),
    "the second low count": (LOST, {"confirmed": None}, "RESPONSE LOST on 22 Mar 2025 (9 ×10⁹/L). Best response: R."),
    "how it was lost": (
        LOST,
        {"response_end": None},
        "RESPONSE LOST on 22 Mar 2025 (9 ×10⁹/L), confirmed on 24 Mar 2025. Best response: R.",
    ),
    "why nothing can be judged": (course({}), {"reasons": ()}, "NOT EVALUABLE."),
}


@pytest.mark.parametrize(("seen", "changes", "line"), OPEN.values(), ids=OPEN)
def test_what_the_verdict_leaves_open_is_left_out(seen: Course, changes: dict[str, Any], line: str) -> None:
    assert answer_line(replace(classify(seen), **changes), seen) == line


def test_dates_are_read_and_found_in_the_sentences_of_the_rules() -> None:
    text = f"From {day(3)} to {day(10)}, then {day(3)}."
    assert readable(text) == f"From {D3} to {D10}, then {D3}."
    assert dates_in(text) == [day(3), day(10)]
    assert readable("lot 2026-13-45") == "lot 2026-13-45"


def test_rules_with_a_number_of_ours_are_known() -> None:
    assert {"R6", "R12", "R13", "R14", "R21"} <= ASSUMED_RULES
    assert "R11" not in ASSUMED_RULES
