"""Three versions of a form become one: nothing that anybody typed is lost, and only real disagreement is asked about."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from casebook.merging import answers_in, as_posted, merge

LINE = {"id": "7", "bag": "A", "volume_ml": "50"}


@pytest.mark.row("C1")
@pytest.mark.parametrize(
    ("seen", "typed", "stored", "becomes", "disputed"),
    [
        ("12", "12", "12", "12", False),  # nobody changed it
        ("12", "12", "13", "13", False),  # they did
        ("12", "14", "12", "14", False),  # I did
        ("12", "14", "14", "14", False),  # both, and we agree
        ("12", "14", "13", "14", True),  # both, and we do not
        ("", "14", "13", "14", True),  # two first entries
        ("12", "", "13", "", True),  # emptied here, corrected there
        ("12", "~ND", "12", "~ND", False),  # a reason in place of a value
        (None, "14", "13", "14", True),  # nobody knows what was seen
        (None, "13", "13", "13", False),
        ([LINE], [LINE], [], [], False),  # a line that was taken away there
        ([], [{**LINE, "id": ""}], [LINE], [{**LINE, "id": ""}], True),
    ],
)
def test_each_case(seen: Any, typed: Any, stored: Any, becomes: Any, disputed: bool) -> None:
    result = merge({} if seen is None else {"x": seen}, {"x": typed}, {"x": stored})
    assert result.answers == {"x": becomes}
    assert result.collisions == (["x"] if disputed else [])


ANSWERS = st.dictionaries(st.sampled_from("abcdef"), st.sampled_from(["", "1", "2", "~ND"]))


@given(base=ANSWERS, typed=ANSWERS, stored=ANSWERS)
def test_nothing_is_lost(base: dict[str, str], typed: dict[str, str], stored: dict[str, str]) -> None:
    result = merge(base, typed, stored)
    for name in base.keys() | typed.keys() | stored.keys():
        seen, now = base.get(name), stored.get(name, "")
        mine = typed.get(name, seen if seen is not None else now)
        kept = result.answers.get(name, "")
        if name in typed and mine != seen:
            assert kept == mine, "what was typed stands there"
        else:
            assert kept == now, "what was not touched is what is stored"
        assert (name in result.collisions) == (name in typed and mine not in (seen, now) and now != seen)


@given(base=ANSWERS, typed=ANSWERS)
def test_alone_nobody_is_asked(base: dict[str, str], typed: dict[str, str]) -> None:
    """Where nobody else saved, the result is what was typed."""
    shared = {name: answer for name, answer in typed.items() if name in base}
    result = merge(base, shared, base)
    assert result.collisions == []
    assert result.answers == {**base, **shared}


LINES = st.lists(st.fixed_dictionaries({"id": st.sampled_from(["", "1"]), "bag": st.sampled_from(["A", "~UNK"]),
                                        "volume_ml": st.sampled_from(["", "50"])}))  # fmt: skip


@given(answers=st.fixed_dictionaries({"done": st.sampled_from(["", "Y", "~ND"]), "bags": LINES}))
def test_posting_and_reading_are_opposites(answers: dict[str, Any]) -> None:
    assert answers_in(as_posted(answers), ["done"], {"bags": ["bag", "volume_ml"]}) == answers


@pytest.mark.parametrize(
    ("posted", "answers"),
    [
        ({"x": " 12 "}, {"x": "12"}),
        ({"x": "a\r\nb"}, {"x": "a\nb"}),
        ({"x": "", "x__missing": "UNK"}, {"x": "~UNK"}),
        ({"x": "12", "x__missing": "UNK"}, {"x": "12"}),
        ({"x__missing": "UNK"}, {"x": "~UNK"}),
        ({"y": "1"}, {}),
        ({"bags-count": "2", "bags-1-bag": "A", "bags-1-id": "9"}, {"bags": [{"id": "9", "bag": "A", "volume_ml": ""}]}),
        ({"bags-count": "-1"}, {"bags": []}),
        ({"bags-count": "x"}, {"bags": []}),
        ({"bags-count": "99999999999"}, {"bags": []}),
    ],
)
def test_how_a_posted_form_is_read(posted: dict[str, str], answers: dict[str, Any]) -> None:
    assert answers_in(posted, ["x"], {"bags": ["bag", "volume_ml"]}) == answers
