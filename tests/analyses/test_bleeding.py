"""Bleeding by ITP-BAT: what could not be evaluated is missing, and the last assessment before treatment is the one before."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyses.bleeding import before_treatment, is_marked
from analyses.statistics import signed_rank
from assessments import smog
from tests.analyses.independent_bleeding import ITEMS, domain_grade, item_grade, wilcoxon
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


# --- the second way to the same numbers, on more than the demonstration has


@given(st.lists(st.integers(-4, 4), min_size=1, max_size=20))
def test_the_signed_rank_test_agrees_with_the_one_written_a_second_time(differences: list[int]) -> None:
    assert wilcoxon(differences) == signed_rank(differences).text


signs = st.fixed_dictionaries(
    {
        item.code: st.tuples(st.sampled_from([None, *item.grades]), st.sampled_from([None, "seen", "record", "report"]))
        for item in smog.ITEMS
    }
)


@given(signs)
def test_the_grades_of_the_domains_agree_with_those_written_a_second_time(
    found: dict[str, tuple[int | None, Any]],
) -> None:
    graded = smog.grade(smog.Observation(code, grade, evidence) for code, (grade, evidence) in found.items())
    row = {code: "" if grade is None else str(grade) for code, (grade, _) in found.items()}
    row |= {f"{code}_evidence": evidence or "" for code, (_, evidence) in found.items()}
    again = [domain_grade([item_grade(row, code) for code in codes.split()]) for codes in ITEMS.values()]
    assert again == [graded.skin, graded.mucosa, graded.organ]
