"""The same course under the other readings of the rules, beside the main one (section 10 of the protocol).

Pure: no Django, no clock.
"""

from __future__ import annotations

from dataclasses import dataclass

from responses.classification import classify
from responses.inputs import Course
from responses.parameters import SENSITIVITY
from responses.verdicts import Verdict


@dataclass(frozen=True)
class Reading:
    """One sensitivity analysis of one child: its key, the question in words, and the verdict under its rules."""

    key: str
    title: str
    verdict: Verdict


def readings(course: Course) -> tuple[Reading, ...]:
    """The verdict of every sensitivity set, in the order of the protocol."""
    return tuple(Reading(key, title, classify(course, rules)) for key, (title, rules) in SENSITIVITY.items())


def differs(reading: Verdict, main: Verdict) -> bool:
    """Would the paper print something else: another best response, other dates, another state off therapy?"""
    return _printed(reading) != _printed(main)


def _printed(verdict: Verdict) -> tuple[object, ...]:
    off = verdict.off_therapy.state if verdict.off_therapy else None
    return verdict.best_response, verdict.response, verdict.response_end, verdict.complete_response, off
