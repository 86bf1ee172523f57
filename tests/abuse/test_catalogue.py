"""The fault and abuse catalogue is complete: every row is named by a test, and no test names a row that there is not."""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

from django.conf import settings

#: reliability.md 2.2, 2.3, 2.5 and 2.6.
ROWS = {"C4b", *(f"{letter}{n}" for letter, most in {"C": 10, "A": 13, "W": 20, "P": 7}.items() for n in range(1, most + 1))}


def named(source: str) -> Iterator[tuple[str, str]]:
    """Each row that a file names with ``pytest.mark.row(...)``, with the test, class or ``pytestmark`` that does."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            is_test = node.name.startswith(("test_", "Test"))
            marks, where = (node.decorator_list if is_test else []), node.name
        elif isinstance(node, ast.Assign) and any(isinstance(t, ast.Name) and t.id == "pytestmark" for t in node.targets):
            marks, where = [node.value], "pytestmark"
        else:
            continue
        for mark in marks:
            for call in ast.walk(mark):
                if isinstance(call, ast.Call) and ast.unparse(call.func) == "pytest.mark.row":
                    yield from ((ast.literal_eval(argument), where) for argument in call.args)


def test_every_row_is_named_by_a_test_and_every_named_row_exists() -> None:
    proven: dict[str, list[str]] = defaultdict(list)
    for path in sorted(Path(settings.BASE_DIR / "tests").rglob("test_*.py")):
        for row, where in named(path.read_text()):
            proven[row].append(f"{path.name}::{where}")
    assert ROWS - set(proven) == set(), "rows that no test proves"
    assert set(proven) - ROWS == set(), "rows that are not in the catalogue"
    assert len(ROWS) == 51


def test_the_reader_is_not_blind() -> None:
    marked = '@pytest.mark.row("A2", "A3")\ndef test_x(): ...\n@pytest.mark.row("A4")\ndef helper(): ...'
    source = f'pytestmark = [pytest.mark.row("A1")]\n{marked}'
    assert {row for row, _ in named(source)} == {"A1", "A2", "A3"}
