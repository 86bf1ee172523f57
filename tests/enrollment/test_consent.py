"""When a consent is enough: the rule by itself, and the versions of the form (RQ-63)."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from enrollment.consent import ASSENT_FROM, Approval, Guardian, Parent, Sheet, approved_on, gaps, version_gap

pytestmark = pytest.mark.requirement("RQ-63")


def consenting(who: str) -> Parent:
    return Parent(who, "consented", signed=True, fingerprint=True)


def away(who: str, state: str = "absent", proof: bool = True) -> Parent:
    return Parent(who, state, proof=proof)


BOTH = Sheet((consenting("mother"), consenting("father")))
ALONE = Sheet((away("mother"), away("father", "deceased")), Guardian(document=True, signed=True, fingerprint=True))

#: A consent -> everything that is missing.
CASES = {
    "both parents": (BOTH, []),
    "one parent, the other dead with a certificate": (Sheet((consenting("mother"), away("father", "deceased"))), []),
    "a guardian with everything": (ALONE, []),
    "the other parent's absence without document": (
        Sheet((consenting("mother"), away("father", proof=False))),
        ["The father is absent: the reason with its document is missing."],
    ),
    "a refusal": (Sheet((consenting("mother"), Parent("father", "refused"))), ["The father refused."]),
    "nothing said": (Sheet((consenting("mother"), Parent("father", None))), ["Nothing is said about the father."]),
    "no signature, no fingerprint": (
        Sheet((consenting("mother"), Parent("father", "consented"))),
        ["The father's signature is missing.", "The father's fingerprint is missing."],
    ),
    "nobody": (Sheet((away("mother"), away("father"))), ["No parent has consented, and there is no guardian."]),
    "a guardian without anything": (
        replace(ALONE, guardian=Guardian()),
        ["The document of the guardianship is missing.", "The guardian's signature is missing.",
         "The guardian's fingerprint is missing."],
    ),
    "no date, no version": (
        replace(BOTH, has_date=False, has_version=False),
        ["The date and time of the consent are missing.", "The version of the consent form is missing."],
    ),
    "cannot read, no witness": (
        replace(BOTH, can_read=False),
        ["Whoever consents cannot read the form: the signature of a witness is missing."],
    ),
    "cannot read, with a witness": (replace(BOTH, can_read=False, witnessed=True), []),
    "it is not said whether they can read": (replace(BOTH, can_read=None), []),
    "a child that says no": (replace(BOTH, assented=False), ["The child did not assent."]),
    "one day before the age of assent": (replace(BOTH, age=ASSENT_FROM - 1), []),
    "at the age of assent, not asked": (
        replace(BOTH, age=ASSENT_FROM),
        ["The child is 7 years old: assent is asked from 7 years (assumption)."],
    ),
    "at the age of assent, asked": (replace(BOTH, age=ASSENT_FROM, assented=True), []),
}  # fmt: skip


@pytest.mark.parametrize(("sheet", "missing"), CASES.values(), ids=CASES)
def test_what_is_missing(sheet: Sheet, missing: list[str]) -> None:
    assert gaps(sheet) == missing


VERSIONS = [Approval("3.0", date(2026, 3, 1)), Approval("2.0", date(2025, 1, 1))]


@pytest.mark.parametrize(
    ("day", "version"),
    [(date(2024, 12, 31), None), (date(2025, 1, 1), "2.0"), (date(2026, 2, 28), "2.0"), (date(2026, 3, 1), "3.0")],
)
def test_the_version_in_force(day: date, version: str | None) -> None:
    found = approved_on(VERSIONS, day)
    assert (found.version if found else None) == version


@pytest.mark.parametrize(
    ("version", "day", "said"),
    [
        ("2.0", date(2026, 2, 28), ""),
        ("2.0", date(2026, 3, 1), "Version 2.0 was signed on 01 Mar 2026; version 3.0 was in force."),
        ("2.0", date(2024, 1, 1), "No approved consent form was registered for this site on 01 Jan 2024."),
        (None, date(2026, 3, 1), ""),
        ("2.0", None, ""),
    ],
)
def test_an_old_version_is_named(version: str | None, day: date | None, said: str) -> None:
    assert version_gap(VERSIONS, version, day) == said
