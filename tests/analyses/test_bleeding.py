"""Bleeding by ITP-BAT: what could not be evaluated is missing, and the last assessment before treatment is the one before."""

from __future__ import annotations

from dataclasses import replace

import pytest

from analyses.bleeding import before_treatment, is_marked
from tests.analyses.test_figures import COHORT, graded, rows
from tests.responses.courses import day


def test_bleeding_that_could_not_be_evaluated_is_missing_and_not_absent() -> None:
    """Of 02-001 at day 13 the skin was not evaluable: whether it bled by grade 2 is not known."""
    assert [row[:4] for row in rows("marked-bleeding")] == [
        ("Before treatment", "3", "0", "3"), ("Count day 12-14", "2", "1", "1"),
    ]  # fmt: skip
    nothing = [replace(COHORT[0], grades=(graded("D13", 13, None, None, None),))]
    assert rows("marked-bleeding", nothing) == [("Count day 12-14", "0", "1", "0", "", "", "")]
    assert rows("bleeding-change", nothing) == []


#: Skin, mucosa, organ -> whether the assessment says that there was bleeding of grade 2 or more.
MARKED: dict[str, tuple[int | None, int | None, int | None, bool | None]] = {
    "all evaluable, none": (0, 1, 1, False),
    "all evaluable, one": (0, 0, 2, True),
    "one of grade 2, the others not evaluable": (None, 2, None, True),
    "one of grade 1, another not evaluable": (1, 0, None, None),
    "two without bleeding, one not evaluable": (0, None, 0, None),
    "none evaluable": (None, None, None, None),
}


@pytest.mark.parametrize(("skin", "mucosa", "organ", "marked"), MARKED.values(), ids=MARKED)
def test_whether_bleeding_was_marked(skin: int | None, mucosa: int | None, organ: int | None, marked: bool | None) -> None:
    assert is_marked(graded("D13", 13, skin, mucosa, organ)) is marked


def test_the_last_assessment_up_to_day_0_is_the_one_before_treatment() -> None:
    seen = (graded("UNS", -1, 3), graded("LOAD", 0, 1), graded("UNS", -5, 2), graded("D13", 13, 0))
    treated = replace(COHORT[0], grades=seen)
    before = before_treatment(treated)
    assert before is not None
    assert before.on == day(0)
    assert before_treatment(replace(COHORT[-1], grades=seen)) is None, "not treated yet"
    assert before_treatment(replace(treated, grades=seen[3:])) is None
    assert rows("marked-bleeding", [treated])[0][:4] == ("Before treatment", "1", "0", "0")
