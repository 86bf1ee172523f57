"""The blood group of the child: two samples that agree; in dispute there is none."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from demo.builder import at
from dosing.blood_group import ChildsGroup, blood_group_of

#: First sample, second sample (ABO, RhD; None = not yet typed), minutes between them -> what is known, findings.
CASES = {
    "two samples agree": (("A", "POS"), ("A", "POS"), 40, ChildsGroup("A", "POS", True), set()),
    "one sample so far": (("B", "NEG"), (None, None), 40, ChildsGroup("B", "NEG", False), {"MISSING"}),
    "only the second one": ((None, None), ("AB", "POS"), 40, ChildsGroup("AB", "POS", False), {"MISSING"}),
    "ABO disagrees": (("A", "POS"), ("O", "POS"), 40, None, {"ABO01"}),
    "RhD disagrees": (("A", "POS"), ("A", "NEG"), 40, ChildsGroup("A", None, True), {"ABO02"}),
    "the same puncture twice": (("O", "POS"), ("O", "POS"), 0, ChildsGroup("O", "POS", False), {"ABO03"}),
    "nothing typed": ((None, None), (None, None), 40, None, {"MISSING"}),
}


@pytest.mark.parametrize(("first", "second", "minutes", "known", "codes"), CASES.values(), ids=CASES)
def test_what_two_samples_say(
    universe: Any, first: tuple[Any, Any], second: tuple[Any, Any], minutes: int, known: ChildsGroup | None, codes: set[str]
) -> None:
    child, day = universe.screening, universe.today - timedelta(days=1)
    answers = {"first_abo": first[0], "first_rhd": first[1], "second_abo": second[0], "second_rhd": second[1]}
    times = {"first_at": at(day, 8, 0), "second_at": at(day, 8, minutes) if second[0] else None}
    saved = universe.fill(universe.record(child, "blood-group", "SCREEN"), universe.clara, **answers, **times)
    assert blood_group_of(child) == blood_group_of(child.pk) == known
    assert {finding.code for finding in saved.open_findings} == codes


def test_an_untested_child_has_no_group(universe: Any) -> None:
    assert blood_group_of(universe.screening) is None


def test_it_costs_one_query(universe: Any, django_assert_num_queries: Any) -> None:
    with django_assert_num_queries(1):
        assert blood_group_of(universe.responder) == ChildsGroup("O", "POS", True)
