"""The matrix of requirements and tests: read from the marks, complete, and printed (RQ-55)."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from itp_trial.management.commands import traceability as command
from itp_trial.traceability import Requirement, markdown, marks, open_points, requirements

TESTS = '''
import pytest

pytestmark = [pytest.mark.django_db, pytest.mark.requirement("RQ-01")]


@pytest.mark.requirement("RQ-02", "RQ-03")
@pytest.mark.parametrize("x", [1])
def test_one(x):
    """Marked by itself and by its module."""


async def test_two():
    pass


def helper():
    pass


other = pytest.mark.requirement("RQ-99")
'''


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    tests = tmp_path / "tests"
    tests.mkdir()
    (tests / "test_some.py").write_text(TESTS)
    (tests / "deep").mkdir()
    (tests / "deep" / "test_more.py").write_text(
        'import pytest\npytestmark = pytest.mark.requirement("RQ-77")\ndef test_x(): ...'
    )
    (tests / "conftest.py").write_text('import pytest\npytestmark = pytest.mark.requirement("RQ-88")')
    return tests


@pytest.mark.requirement("RQ-55")
def test_marks_of_tests_and_of_modules_are_read(folder: Path) -> None:
    assert marks(folder) == {
        "RQ-01": ["tests/test_some.py::test_one", "tests/test_some.py::test_two"],
        "RQ-02": ["tests/test_some.py::test_one"],
        "RQ-03": ["tests/test_some.py::test_one"],
        "RQ-77": ["tests/deep/test_more.py::test_x"],
    }


KNOWN = [
    Requirement("RQ-01", "Proved.", "EMA 1", "V"),
    Requirement("RQ-02", "Not proved.", "EMA 2", "M"),
    Requirement("RQ-03", "Later.", "EMA 3", "L", in_scope=False),
]


@pytest.mark.requirement("RQ-55")
def test_what_is_open_is_said() -> None:
    assert open_points(KNOWN, {"RQ-01": ["tests/a.py::test_a"], "RQ-9": ["tests/b.py::test_b"]}) == [
        "RQ-02 has no test: Not proved.", "RQ-9 is no requirement, but marks tests/b.py::test_b",
    ]  # fmt: skip
    assert open_points(KNOWN[:1], {"RQ-01": ["tests/a.py::test_a"]}) == []


def test_the_document_names_every_requirement() -> None:
    text = markdown(KNOWN, {"RQ-01": ["tests/a.py::test_a", "tests/a.py::test_b"]})
    assert "In scope: 2 requirements, 1 with at least one test." in text
    assert "| RQ-01 | Proved. | EMA 1 (clause read) | `tests/a.py::test_a`<br>`tests/a.py::test_b` |" in text
    assert "| RQ-02 | Not proved. | EMA 2 (from memory) | **none yet** |" in text
    assert "| RQ-03 | Later. | EMA 3 (from summaries of law) | not in scope now |" in text


def ran(*arguments: str) -> tuple[int, str]:
    out = io.StringIO()
    try:
        call_command("traceability", *arguments, stdout=out)
    except SystemExit as end:
        return int(end.code or 0), out.getvalue()
    return 0, out.getvalue()


@pytest.fixture
def small(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A small project with two requirements."""
    listed = tmp_path / "requirements.toml"
    listed.write_text(
        "".join(f'[{key}]\nstatement = "S."\nsource = "EMA"\ntag = "A"\n' for key in ("RQ-01", "RQ-02", "RQ-03", "RQ-77"))
    )
    for name, value in (("TESTS", folder), ("REQUIREMENTS", listed), ("MATRIX", tmp_path / "matrix.md")):
        monkeypatch.setattr(command, name, value)
    return tmp_path / "matrix.md"


@pytest.mark.requirement("RQ-55")
def test_the_command_writes_and_checks(small: Path, folder: Path) -> None:
    code, said = ran("--check")
    assert (code, "docs/traceability.md is old" in said) == (1, True)
    code, said = ran()
    assert (code, said) == (0, "4 requirements in scope: nothing open.\n")
    assert "tests/test_some.py::test_one" in small.read_text()
    assert ran("--check")[0] == 0
    (folder / "test_more.py").write_text('import pytest\n@pytest.mark.requirement("RQ-100")\ndef test_y(): ...')
    code, said = ran()
    assert code == 1
    assert "RQ-100 is no requirement" in said


def test_where_there_are_no_tests_it_says_that_it_is_for_development(small: Path, folder: Path, monkeypatch: Any) -> None:
    monkeypatch.setattr(command, "TESTS", folder / "nothing")
    with pytest.raises(CommandError, match="for development"):
        ran("--check")


# --- ours -------------------------------------------------------------------------------------------------------------------


def test_the_list_is_whole_and_in_order() -> None:
    known = requirements(command.REQUIREMENTS)
    assert [requirement.id for requirement in known] == [f"RQ-{number:02d}" for number in range(1, 71)]
    assert all(r.statement.endswith(".") and r.source for r in known)


@pytest.mark.requirement("RQ-55")
def test_the_printed_matrix_is_current() -> None:
    text = markdown(requirements(command.REQUIREMENTS), marks(command.TESTS))
    assert command.MATRIX.read_text() == text, "run: python manage.py traceability"


def test_every_requirement_in_scope_has_a_test() -> None:
    """As ``manage.py traceability --check`` says; the matrix above is what it prints."""
    assert open_points(requirements(command.REQUIREMENTS), marks(command.TESTS)) == []
