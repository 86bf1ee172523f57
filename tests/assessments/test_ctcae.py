"""CTCAE v5.0: which grades exist, and what is one event and what is none."""

from __future__ import annotations

import re

import pytest

from assessments import ctcae
from assessments.ctcae import TERMS

#: Written down by hand from ``protocol.md`` 6.2, as the opposite reading of the table: the grades that do NOT exist.
IMPOSSIBLE = {
    "headache": {4, 5}, "chills": {4, 5}, "urticaria": {4, 5}, "rash": {4, 5}, "pruritus": {4, 5}, "nausea": {4, 5},
    "meningitis": {1, 2}, "anaphylaxis": {1, 2}, "kidney_injury": {1, 2}, "ards": {1, 2},
    "creatinine": {5}, "alt": {5}, "ast": {5}, "neutrophils": {5}, "leukocytes": {5}, "platelets": {5},
    "infusion_reaction": set(), "fever": set(), "allergic_reaction": set(), "vomiting": set(), "hypotension": set(),
    "hypertension": set(), "dyspnoea": set(), "bronchospasm": set(), "haemolysis": set(), "anaemia": set(),
    "thromboembolism": set(), "epistaxis": set(), "intracranial_haemorrhage": set(), "serum_sickness": set(),
}  # fmt: skip
#: The pick list of ``protocol.md`` 6.1 -> the term that codes it.
PICK_LIST = {
    "headache": "headache", "fever": "fever", "chills": "chills", "flushing": "flushing", "nausea": "nausea",
    "vomiting": "vomiting", "abdominal pain": "abdominal_pain", "back pain": "back_pain", "chest tightness": "chest_pain",
    "myalgia": "myalgia", "arthralgia": "arthralgia", "fatigue": "fatigue", "dizziness": "dizziness",
    "tachycardia": "tachycardia", "hypertension": "hypertension", "hypotension": "hypotension", "pruritus": "pruritus",
    "urticaria": "urticaria", "rash": "rash", "dyspnoea": "dyspnoea", "wheeze": "wheezing", "cough": "cough",
    "infusion-site extravasation": "extravasation", "infusion-site pain, phlebitis": "site_reaction",
}  # fmt: skip


@pytest.mark.parametrize(("code", "missing"), IMPOSSIBLE.items(), ids=IMPOSSIBLE)
def test_which_grades_do_not_exist(code: str, missing: set[int]) -> None:
    assert {grade for grade in range(1, 6) if not ctcae.is_possible(code, grade)} == missing


def test_every_term_of_the_protocol_is_there() -> None:
    assert {code for code, term in TERMS.items() if term.source == ctcae.READ} - set(IMPOSSIBLE) <= {
        "extravasation",
        "nervous_other",
    }
    assert set(PICK_LIST.values()) | set(IMPOSSIBLE) <= set(TERMS)


@pytest.mark.parametrize("term", TERMS.values(), ids=TERMS)
def test_every_term_says_what_it_means(term: ctcae.Term) -> None:
    assert term.grades
    assert all(text.strip() for text in term.grades.values())
    assert list(term.grades) == sorted(term.grades)
    assert set(term.grades) <= set(range(1, 6))
    assert len(term.code) <= 40, "it has to fit its column"
    assert re.fullmatch(r"100\d{5}", term.meddra) or term.code == "other"


def test_no_two_terms_share_a_code() -> None:
    codes = [term.meddra for term in TERMS.values() if term.meddra]
    assert len(codes) == len(set(codes))


def test_the_refusal_names_what_is_possible() -> None:
    assert ctcae.no_such_grade("headache", 4) == "“Headache” has no grade 4 in CTCAE v5.0. Possible grades: 1, 2, 3."


def test_a_definition_of_a_grade_that_exists_and_of_one_that_does_not() -> None:
    assert ctcae.definition("fever", 1) == "38.0 to 39.0 °C"
    assert ctcae.definition("headache", 4) == ""


#: Term, began in the day of the infusion, a reaction is reported already -> does it ask?
ASKED_TWICE = [
    ("allergic_reaction", True, True, True),
    ("allergic_reaction", True, False, True),
    ("allergic_reaction", False, False, False),
    ("urticaria", True, True, True),
    ("urticaria", True, False, False),
    ("urticaria", False, True, False),
    ("headache", True, True, False),
]


@pytest.mark.parametrize(("code", "related", "beside", "asks"), ASKED_TWICE)
def test_one_event_for_one_reaction(code: str, related: bool, beside: bool, asks: bool) -> None:
    said = ctcae.reported_twice(code, infusion_related=related, beside_reaction=beside)
    assert bool(said) is asks
    if code == "allergic_reaction" and asks:
        assert ("already" in said) is beside


@pytest.mark.parametrize(
    ("baseline", "count", "consequences", "event"),
    [(8, 6, False, False), (8, 6, True, True), (8, 8, True, False), (8, 12, True, False)],
)
def test_low_platelets_are_the_disease(baseline: int, count: int, consequences: bool, event: bool) -> None:
    assert ctcae.is_platelet_event(baseline=baseline, count=count, with_consequences=consequences) is event
