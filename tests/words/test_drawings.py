"""Every drawing as a person has looked at it: tests/cases/drawings/*.svg, one element on a line.

Whoever changes a drawing on purpose runs ``python -m tests.words.test_drawings``, looks at the files that changed, and keeps
them.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.words.drawings import DRAWINGS

FOLDER = Path(__file__).parents[1] / "cases" / "drawings"


def drawn(name: str) -> str:
    return DRAWINGS[name]().replace("><", ">\n<") + "\n"


def shown() -> list[str]:
    """Those that draw something: some figures are only a table."""
    return [name for name, draw in DRAWINGS.items() if draw()]


def test_every_drawing_was_looked_at() -> None:
    assert sorted(path.stem for path in FOLDER.glob("*.svg")) == sorted(shown())


@pytest.mark.parametrize("name", DRAWINGS)
def test_a_drawing_is_the_one_that_was_looked_at(name: str) -> None:
    file = FOLDER / f"{name}.svg"
    assert drawn(name) == (file.read_text(encoding="utf-8") if file.exists() else "\n")


if __name__ == "__main__":
    for old in FOLDER.glob("*.svg"):
        old.unlink()
    for name in shown():
        (FOLDER / f"{name}.svg").write_text(drawn(name), encoding="utf-8")
