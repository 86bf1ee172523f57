"""What the pure rules say about many stories, word for word and number for number, as a person has read it.

``tests/cases/words.txt`` is read by a person whenever it changes: ``python -m tests.words.test_words`` prints it.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.words import assessments, dosing, drawings, enrollment, responses, typed
from tests.words.shown import Stories, told

STORIES: Stories = {
    **dosing.STORIES,
    **enrollment.STORIES,
    **assessments.STORIES,
    **responses.STORIES,
    **typed.STORIES,
    **drawings.STORIES,
}
BETWEEN = "\n\n"
#: As it was read: name -> answer. The name stands on a line of its own.
READ = dict(
    block.split("\n", 1)
    for block in (Path(__file__).parents[1] / "cases" / "words.txt").read_text(encoding="utf-8").rstrip("\n").split(BETWEEN)
    if block
)


@pytest.fixture(autouse=True)
def far_away(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """On a machine in New Zealand: nothing may depend on its zone."""
    with monkeypatch.context() as there:
        there.setenv("TZ", "Pacific/Auckland")
        time.tzset()
        yield
    time.tzset()


def test_nothing_is_said_that_was_not_read() -> None:
    assert list(READ) == list(STORIES)


@pytest.mark.parametrize("story", STORIES)
def test_the_words_are_those_that_were_read(story: str) -> None:
    assert told(STORIES[story]) == READ[story]


if __name__ == "__main__":
    print(BETWEEN.join(f"{story}\n{told(ask)}" for story, ask in STORIES.items()))
