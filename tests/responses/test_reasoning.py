"""The reasoning word for word: what investigators and auditors read about the shared cases and about rarer stories.

``tests/cases/reasoning.txt`` is read by a person whenever it changes: ``python -m tests.responses.test_reasoning`` prints it.
"""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from responses import casefile
from responses.classification import Count, classify
from responses.parameters import DEFAULTS, SENSITIVITY
from responses.reasoning import reasoning
from responses.rules import Rules
from tests.responses.courses import course, day

CASES = Path(__file__).parents[1] / "cases"
GOING_ON = {"ended": False, "as_of": 40}
STORIES = {
    "waits for confirmation": course({3: 60}, ended=False, as_of=8),
    "waits no longer": course({3: 60, 10: 12}, ended=False, as_of=12),
    "nothing yet": course({}, ended=False, as_of=2),
    "one low count": course({3: 12}, ended=False, as_of=5),
    "two low counts": course({3: 12, 9: 14}, **GOING_ON),
    "bleeding unknown": course({3: 60, 12: 60, 15: 9}, unknown=(3, 15), **GOING_ON),
    "no baseline": course({3: 60, 12: 120, 20: 5}, baseline=None, **GOING_ON),
    "high baseline": course({3: 90, 12: 96}, baseline=55, **GOING_ON),
    "rescue goes on": course({3: 60, 12: 65, 30: 70}, rescues=[(20, None, "corticosteroid")], **GOING_ON),
    "transfusion and washout": course({3: 60, 12: 65, 20: 70, 29: 80}, rescues=[(18, 18, "platelet_transfusion")], **GOING_ON),
    "rescue at 180 days": course({3: 60, 12: 65, 60: 70, 100: 80, 150: 70, 210: 60}, rescues=[(-3, 0, "ivig"), (2, 2, "ivig")]),
    "bleeding ends it": course({3: 60, 12: 65, 30: 70}, bleeds=[(25, None, 3)], **GOING_ON),
    "low at the end": course({3: 60, 12: 65, 30: 20}, **GOING_ON),
    "low and rescue": course({3: 60, 12: 65, 30: 20}, rescues=[(31, 31, "ivig")], **GOING_ON),
    "lost and back": course({3: 60, 12: 65, 30: 20, 32: 10, 40: 80, 50: 90}, ended=False, as_of=60),
    "complete, then less": course({3: 120, 12: 130, 30: 60, 32: 70}, **GOING_ON),
    "late": course({60: 70, 70: 75}, doses=(0,), ended=False, as_of=80),
    "death": course({3: 60, 12: 65}, death=20, as_of=40),
    "later than the cut": course({3: 60, 12: 65, 90: 10}, ended=False, as_of=20),
    "gap of 63 days": course({3: 60, 12: 65, 91: 70, 140: 70, 190: 60, 240: 66}, as_of=260),
    "other therapy goes on": course({3: 60, 12: 65, 60: 70}, other_end=80, as_of=100),
    "not dosed": replace(course({3: 60}), day_0=None),
    "treatment goes on": replace(course({3: 60, 12: 65}, **GOING_ON), on_treatment=True),
    "strict": course({3: 60, 10: 62, 12: 65, 30: 20, 31: 22, 33: 21}, **GOING_ON),
    "strict and low": course({3: 20, 4: 60, 5: 12}, baseline=30, **GOING_ON),
    "accepted unconfirmed": course({3: 60, 12: 10, 20: 70}, **GOING_ON),
    "no dose": course({3: 60, 12: 65}, doses=()),
    "rescue, back, and 180 days": course({3: 60, 10: 65, 45: 70, 53: 70, 100: 80, 150: 70, 210: 60}, rescues=[(12, 12, "ivig")]),
    "begins on day 35": course({35: 60, 42: 65, 70: 66}, doses=(0,)),
    "begins and ends off therapy": course({30: 60, 38: 65, 45: 20, 50: 10}, doses=(0,)),
    "not judged at the end": course({3: 60, 12: None}, ended=True),
    "from a form": replace(course({}, **GOING_ON), counts=(Count(day(3), Decimal(60), "form-7"),)),
    "on Day 0": course({0: 12}, ended=False, as_of=0),
    "rescue while it goes on": course({3: 12, 40: 60}, rescues=[(5, 5, "platelet_transfusion")], **GOING_ON),
    "strict, in response": course({3: 60, 11: 62}, **GOING_ON),
    "strict, one low count": course({3: 12}, **GOING_ON),
    "bleeding between four good counts": course({3: 60, 9: 61, 15: 62, 21: 63}, bleeds=[(6, 6, 1), (12, 12, 1), (18, 18, 1)]),
    "lost and back and bleeding": course(
        {3: 60, 12: 65, 30: 20, 32: 10, 40: 80, 50: 90, 60: 70}, bleeds=[(60, None, 2)], ended=False, as_of=62
    ),
    "lost and back and lost": course({3: 60, 12: 65, 30: 20, 32: 10, 40: 80, 50: 90, 60: 5, 61: 6}, ended=False, as_of=70),
}
#: The stories that are told under another set of parameters.
SETS = {
    "strict": "ash-strict",
    "strict and low": "ash-strict",
    "strict, in response": "ash-strict",
    "strict, one low count": "ash-strict",
    "accepted unconfirmed": "unconfirmed",
}
OTHERWISE: dict[str, Rules] = {name: SENSITIVITY[key][1] for name, key in SETS.items()}

LINES = (CASES / "responses.jsonl").read_text(encoding="utf-8").splitlines()
SHARED = dict(casefile.read_case(line, number) for number, line in enumerate(LINES, start=1))
GIVEN = {**SHARED, **STORIES}
#: Between two reasonings stand two empty lines.
BETWEEN = "\n\n\n"


def told(name: str) -> str:
    given = GIVEN[name]
    return reasoning(name, given, classify(given, OTHERWISE.get(name, DEFAULTS))).rstrip("\n")


#: As it was read: name -> reasoning, which begins with the name.
READ = {
    text.partition(": ")[0]: text for text in (CASES / "reasoning.txt").read_text(encoding="utf-8").rstrip("\n").split(BETWEEN)
}


def test_nothing_is_told_that_was_not_read() -> None:
    assert list(READ) == list(GIVEN)


@pytest.mark.parametrize("name", GIVEN)
def test_the_reasoning_is_the_one_that_was_read(name: str) -> None:
    assert told(name) == READ[name]


if __name__ == "__main__":
    print(BETWEEN.join(told(name) for name in GIVEN), end="\n\n")
