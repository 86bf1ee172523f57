"""Eligibility R1-R4: the protocol's cases E01-E15 and both sides of every limit."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from enrollment.eligibility import (
    Assessment,
    Criterion,
    Evidence,
    Outcome,
    PartialDate,
    Phase,
    add_months,
    assess,
    completed_years,
    phase_on,
)

D = date.fromisoformat
CHILD = Evidence(
    birth_date=D("2020-03-02"),
    confirmed_on=D("2025-03-02"),
    diagnosis="2024-10-02",
    tpo_ra_ever=False,
    severe_ivig_reaction=False,
    intracranial_haemorrhage=False,
    difficult_venous_access=False,
    other_thrombocytopenia=False,
    entry_count=Decimal(12),
    entry_count_on=D("2025-03-02"),
    day_0=None,
    iga_deficiency=False,
    renal_impairment=False,
    positive_dat=False,
    thrombosis_history=False,
    live_vaccine_recent=False,
    concurrent_steroids=False,
    in_another_study=False,
)
DAYS = st.dates(date(2000, 1, 1), date(2090, 12, 31))


def child(**changes: Any) -> Evidence:
    if "confirmed_on" in changes:
        changes.setdefault("entry_count_on", changes["confirmed_on"])
    return replace(CHILD, **changes)


def criterion(assessment: Assessment, code: str) -> Criterion:
    return next(each for each in assessment.criteria if each.code == code)


def test_a_suitable_child() -> None:
    found = assess(CHILD)
    assert (found.eligible, found.phase, found.boundary, found.warnings) == ("eligible", "persistent", False, ())
    assert found.reasons == ()
    assert [each.code for each in found.criteria] == [
        "INCL01", "INCL02", "INCL03", "EXCL01", "EXCL02", "EXCL03", "EXCL04", "ENTRYPLT",
    ]  # fmt: skip
    assert all(each.passes and each.text and each.evidence and len(each.code) <= 8 for each in found.criteria)


PERSISTENCE: list[tuple[str, str, str, Outcome, Phase | None, bool]] = [
    ("E01", "2025-01-15", "2025-04-14", "not eligible", "newly diagnosed", False),
    ("E02", "2025-01-15", "2025-04-15", "eligible", "persistent", True),
    ("E02+1", "2025-01-15", "2025-04-16", "eligible", "persistent", False),
    ("exactly 12 months", "2024-04-15", "2025-04-15", "eligible", "persistent", True),
    ("a day less than 12 months", "2024-04-15", "2025-04-14", "eligible", "persistent", False),
    ("E04", "2024-04-15", "2025-04-16", "not eligible", "chronic", False),
    ("E06-1", "2024-11-30", "2025-02-27", "not eligible", "newly diagnosed", False),
    ("E06", "2024-11-30", "2025-02-28", "eligible", "persistent", True),
    ("leap day", "2023-11-30", "2024-02-29", "eligible", "persistent", True),
    ("leap day, 12 months", "2024-02-29", "2025-02-28", "eligible", "persistent", True),
    ("leap day, 12 months + 1", "2024-02-29", "2025-03-01", "not eligible", "chronic", False),
    ("E08", "2025-01", "2025-04-20", "query", None, False),
    ("E08, both days qualify", "2024-12", "2025-04-20", "eligible", "persistent", False),
    ("last day just qualifies", "2025-01", "2025-04-30", "eligible", "persistent", True),
    ("last day just does not", "2025-01", "2025-04-29", "query", None, False),
    ("first day just qualifies", "2024-04", "2025-04-01", "eligible", "persistent", True),
    ("first day just does not", "2024-04", "2025-04-02", "query", None, False),
    ("chronic on every day", "2023-04", "2025-04-20", "not eligible", "chronic", False),
    ("newly diagnosed on every day", "2025-04", "2025-04-20", "not eligible", "newly diagnosed", False),
    ("only the year", "2024", "2025-04-20", "query", None, False),
    ("only the year, long ago", "2020", "2025-04-20", "not eligible", "chronic", False),
    ("same day", "2025-04-20", "2025-04-20", "not eligible", "newly diagnosed", False),
    ("diagnosis in the future", "2025-04-21", "2025-04-20", "query", None, False),
    ("month in the future", "2025-05", "2025-04-20", "query", None, False),
]


@pytest.mark.parametrize(
    ("diagnosis", "on", "outcome", "phase", "boundary"),
    [row[1:] for row in PERSISTENCE],
    ids=[r[0] for r in PERSISTENCE],
)
def test_persistence(diagnosis: str, on: str, outcome: Outcome, phase: Phase | None, boundary: bool) -> None:
    found = assess(child(diagnosis=diagnosis, confirmed_on=D(on)))
    assert (found.eligible, found.phase, found.boundary) == (outcome, phase, boundary)
    assert ("Boundary" in criterion(found, "INCL02").evidence) is boundary


def test_an_unknown_day_names_both_possibilities() -> None:
    found = assess(child(diagnosis="2025-01", confirmed_on=D("2025-04-20")))
    assert [reason.rule for reason in found.reasons] == ["R2"]
    assert "persistent if on 2025-01-01, newly diagnosed if on 2025-01-31" in found.reasons[0].text


AGES: list[tuple[str, str, str, Outcome, Outcome]] = [
    ("day before the first birthday", "2024-03-03", "2025-03-02", "not eligible", "not eligible"),
    ("E09", "2024-03-02", "2025-03-02", "eligible", "eligible"),
    ("tenth birthday", "2015-03-02", "2025-03-02", "eligible", "eligible"),
    ("day after the tenth birthday", "2015-03-01", "2025-03-02", "eligible", "not eligible"),
    ("E11", "2014-03-03", "2025-03-02", "eligible", "not eligible"),
    ("eleventh birthday", "2014-03-02", "2025-03-02", "not eligible", "not eligible"),
    ("29 February, 28 February", "2024-02-29", "2025-02-28", "not eligible", "not eligible"),
    ("29 February, 1 March", "2024-02-29", "2025-03-01", "eligible", "eligible"),
    ("29 February, ten on 1 March", "2012-02-29", "2022-03-01", "eligible", "eligible"),
    ("29 February, ten and a day", "2012-02-29", "2022-03-02", "eligible", "not eligible"),
    ("born after consent", "2025-03-03", "2025-03-02", "query", "query"),
]


@pytest.mark.parametrize(("birth", "on", "outcome", "strict"), [row[1:] for row in AGES], ids=[row[0] for row in AGES])
def test_age(birth: str, on: str, outcome: Outcome, strict: Outcome) -> None:
    dx = add_months(D(on), -5).isoformat()
    evidence = child(birth_date=D(birth), confirmed_on=D(on), diagnosis=dx)
    assert assess(evidence).eligible == outcome
    assert assess(evidence, strict_age=True).eligible == strict


def test_the_age_counts_on_the_day_of_consent() -> None:
    evidence = child(birth_date=D("2014-03-02"), consent_on=D("2025-03-01"))
    assert assess(evidence).eligible == "eligible"
    assert "2025-03-01" in criterion(assess(evidence), "INCL01").evidence


COUNTS: list[tuple[str, str, Outcome, list[str]]] = [
    ("E14 100", "100", "not eligible", []),
    ("99.9", "99.9", "eligible", ["30 or more", "R impossible"]),
    ("E14 99", "99", "eligible", ["30 or more", "R impossible"]),
    ("E14 55", "55", "eligible", ["30 or more", "R impossible"]),
    ("50", "50", "eligible", ["30 or more", "R impossible"]),
    ("49", "49", "eligible", ["30 or more"]),
    ("E14 30", "30", "eligible", ["30 or more"]),
    ("29", "29", "eligible", []),
    ("0", "0", "eligible", []),
]


@pytest.mark.parametrize(("count", "outcome", "words"), [row[1:] for row in COUNTS], ids=[row[0] for row in COUNTS])
def test_entry_count(count: str, outcome: Outcome, words: list[str]) -> None:
    found = assess(child(entry_count=Decimal(count)))
    assert found.eligible == outcome
    assert len(found.warnings) == len(words)
    assert all(word in warning.text and warning.rule == "R3" for word, warning in zip(words, found.warnings, strict=True))


@pytest.mark.parametrize(
    ("taken", "day_0", "outcome"),
    [
        ("2025-03-02", None, "eligible"),
        ("2025-02-23", None, "eligible"),
        ("2025-02-22", None, "query"),
        ("2025-03-03", None, "query"),
        ("2025-03-02", "2025-03-09", "eligible"),
        ("2025-03-02", "2025-03-10", "query"),
        ("2025-03-04", "2025-03-03", "query"),
    ],
)
def test_age_of_the_entry_count(taken: str, day_0: str | None, outcome: Outcome) -> None:
    evidence = child(entry_count_on=D(taken), day_0=D(day_0) if day_0 else None)
    assert assess(evidence).eligible == outcome


CRITERIA = [
    ("E13 eltrombopag for 3 days", "tpo_ra_ever", "INCL03", False),
    ("severe reaction", "severe_ivig_reaction", "EXCL01", True),
    ("haemorrhage", "intracranial_haemorrhage", "EXCL02", True),
    ("veins", "difficult_venous_access", "EXCL03", True),
    ("secondary", "other_thrombocytopenia", "EXCL04", True),
]


@pytest.mark.parametrize(("field", "code", "met"), [row[1:] for row in CRITERIA], ids=[row[0] for row in CRITERIA])
def test_each_criterion_rules_out_and_each_open_one_asks(field: str, code: str, met: bool) -> None:
    refused, asked = assess(child(**{field: True})), assess(child(**{field: None}))
    assert (refused.eligible, asked.eligible) == ("not eligible", "query")
    assert (criterion(refused, code).met, criterion(refused, code).passes) == (met, False)
    assert (criterion(asked, code).met, criterion(asked, code).passes) == (None, None)
    assert [reason.text.split()[0] for reason in asked.reasons] == [code]
    assert "Not answered" in asked.reasons[0].text


def test_e15_a_mild_reaction_does_not_exclude() -> None:
    assert assess(child(severe_ivig_reaction=False)).eligible == "eligible"


@pytest.mark.parametrize(
    ("field", "code", "words"),
    [
        ("birth_date", "INCL01", "date of birth is not answered"),
        ("diagnosis", "INCL02", "date of diagnosis is not answered"),
        ("entry_count", "ENTRYPLT", "count or its date is not answered"),
        ("entry_count_on", "ENTRYPLT", "count or its date is not answered"),
    ],
)
def test_unanswered_facts_are_named(field: str, code: str, words: str) -> None:
    found = assess(child(**{field: None}))
    assert found.eligible == "query"
    assert words in criterion(found, code).evidence


def test_without_a_confirmation_date_three_criteria_are_open() -> None:
    found = assess(replace(CHILD, confirmed_on=None))
    assert [each.code for each in found.criteria if each.passes is None] == ["INCL01", "INCL02", "ENTRYPLT"]


def test_a_failed_criterion_outweighs_an_open_one() -> None:
    assert assess(child(tpo_ra_ever=True, birth_date=None)).eligible == "not eligible"


def test_nothing_answered_is_a_query_with_a_reason_for_each() -> None:
    found = assess(Evidence())
    assert found.eligible == "query"
    assert len(found.reasons) == len(found.criteria)


def test_an_unreadable_diagnosis_is_a_query() -> None:
    assert "is not a date" in criterion(assess(child(diagnosis="last winter")), "INCL02").evidence


SCREENS = (
    "iga_deficiency", "renal_impairment", "positive_dat", "thrombosis_history", "live_vaccine_recent",
    "concurrent_steroids", "in_another_study",
)  # fmt: skip


@pytest.mark.parametrize("field", SCREENS)
def test_safety_screens_warn_and_never_exclude(field: str) -> None:
    found, unanswered = assess(child(**{field: True})), assess(child(**{field: None}))
    assert (found.eligible, unanswered.eligible) == ("eligible", "eligible")
    assert [warning.rule for warning in found.warnings] == ["R4"]
    assert "not answered yet" in unanswered.warnings[0].text


@pytest.mark.parametrize(("day_0", "warned"), [("2025-10-01", False), ("2025-10-02", False), ("2025-10-03", True)])
def test_day_0_warns_when_the_child_has_become_chronic(day_0: str, warned: bool) -> None:
    found = assess(child(day_0=D(day_0), entry_count_on=D(day_0)))
    assert found.eligible == "eligible"
    assert [warning.rule for warning in found.warnings] == ["R2"] * warned


@pytest.mark.parametrize("count", ["-1", "NaN", "Infinity"])
def test_an_impossible_count_is_refused(count: str) -> None:
    with pytest.raises(ValueError, match="A platelet count is a number from 0 up"):
        child(entry_count=Decimal(count))


@pytest.mark.parametrize(
    ("text", "first", "last"),
    [
        ("2025-01-15", "2025-01-15", "2025-01-15"),
        (" 2025-02 ", "2025-02-01", "2025-02-28"),
        ("2024-02", "2024-02-01", "2024-02-29"),
        ("2024", "2024-01-01", "2024-12-31"),
        ("9999-12", "9999-12-01", "9999-12-31"),
    ],
)
def test_partial_dates(text: str, first: str, last: str) -> None:
    found = PartialDate.parse(text)
    assert (found.first, found.last, found.complete) == (D(first), D(last), first == last)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "2025-1",
        "15.01.2025",
        "\u0662\u0660\u0662\u0665-\u0660\u0661",
        "2025-13",
        "2025-00",
        "2025-02-29",
        "2025-01-00",
        "0000",
    ],
)
def test_bad_dates_are_refused_in_plain_words(text: str) -> None:
    with pytest.raises(ValueError, match=r"is not a (date|day)"):
        PartialDate.parse(text)


@pytest.mark.parametrize(
    ("day", "months", "expected"),
    [
        ("2024-11-30", 3, "2025-02-28"),
        ("2023-11-30", 3, "2024-02-29"),
        ("2025-01-31", 1, "2025-02-28"),
        ("2025-12-15", 1, "2026-01-15"),
        ("2025-03-31", -1, "2025-02-28"),
        ("2025-08-31", 6, "2026-02-28"),
    ],
)
def test_add_months(day: str, months: int, expected: str) -> None:
    assert add_months(D(day), months) == D(expected)


@given(day=DAYS, months=st.integers(-60, 60), later=st.integers(0, 400))
def test_add_months_is_monotone_and_lands_in_the_right_month(day: date, months: int, later: int) -> None:
    moved = add_months(day, months)
    assert moved <= add_months(day + timedelta(days=later), months)
    assert moved < add_months(day, months + 1)
    assert (moved.year * 12 + moved.month) - (day.year * 12 + day.month) == months
    assert moved.day <= day.day


@given(birth=DAYS, later=st.integers(0, 9000))
def test_completed_years_grow_by_one_a_year(birth: date, later: int) -> None:
    on = birth + timedelta(days=later)
    assert completed_years(birth, birth) == 0
    assert 0 <= completed_years(birth, on + timedelta(days=1)) - completed_years(birth, on) <= 1
    assert later // 366 <= completed_years(birth, on) <= later // 365


@given(diagnosis=DAYS, later=st.integers(0, 500))
def test_the_phases_come_in_order(diagnosis: date, later: int) -> None:
    order = ["newly diagnosed", "persistent", "chronic"]
    on = diagnosis + timedelta(days=later)
    assert order.index(phase_on(diagnosis, on)) <= order.index(phase_on(diagnosis, on + timedelta(days=1)))
