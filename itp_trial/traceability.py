"""The matrix of requirements and tests (RQ-55), from ``docs/requirements.toml`` and the marks in the test files.

The tests are read, not run: a mark is ``@pytest.mark.requirement("RQ-01", ...)`` on a test or in a module's ``pytestmark``.
"""

from __future__ import annotations

import ast
import tomllib
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

LAYERS = {"V": "clause read", "M": "from memory", "L": "from summaries of law", "A": "our decision"}


@dataclass(frozen=True)
class Requirement:
    """One testable statement: where it comes from, and whether this software has to prove it now."""

    id: str
    statement: str
    source: str
    tag: str
    in_scope: bool = True


def requirements(file: Path) -> list[Requirement]:
    """All of them, in the order of the file."""
    return [Requirement(key, **entry) for key, entry in tomllib.loads(file.read_text(encoding="utf-8")).items()]


def marks(folder: Path) -> dict[str, list[str]]:
    """Requirement -> the tests that are marked with it, as ``tests/trail/test_x.py::test_y``."""
    found: dict[str, list[str]] = defaultdict(list)
    for file in sorted(folder.rglob("test_*.py")):
        tree = ast.parse(file.read_text(encoding="utf-8"))
        whole = [key for node in tree.body for key in _of_module(node)]
        for test, own in _tests(tree):
            for key in dict.fromkeys([*whole, *own]):
                found[key].append(f"{file.relative_to(folder.parent)}::{test}")
    return dict(found)


def _of_module(node: ast.stmt) -> Iterator[str]:
    if isinstance(node, ast.Assign) and any(isinstance(t, ast.Name) and t.id == "pytestmark" for t in node.targets):
        marked = node.value.elts if isinstance(node.value, ast.List | ast.Tuple) else [node.value]
        for mark in marked:
            yield from _keys(mark)


def _tests(tree: ast.Module) -> Iterator[tuple[str, list[str]]]:
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test_"):
            yield node.name, [key for mark in node.decorator_list for key in _keys(mark)]


def _keys(mark: ast.expr) -> Iterator[str]:
    """The names in ``pytest.mark.requirement("RQ-01", "RQ-02")``."""
    if isinstance(mark, ast.Call) and ast.unparse(mark.func) == "pytest.mark.requirement":
        yield from (str(ast.literal_eval(argument)) for argument in mark.args)


def open_points(known: list[Requirement], marked: dict[str, list[str]]) -> list[str]:
    """What keeps the matrix from being complete, one sentence each."""
    names = {requirement.id for requirement in known}
    unproved = [r for r in known if r.in_scope and r.id not in marked]
    points = [f"{r.id} has no test: {r.statement}" for r in unproved]
    unknown = {key: tests for key, tests in marked.items() if key not in names}
    return points + [f"{key} is no requirement, but marks {tests[0]}" for key, tests in sorted(unknown.items())]


def markdown(known: list[Requirement], marked: dict[str, list[str]]) -> str:
    """The whole document, ending with a newline."""
    proved = [r for r in known if r.in_scope and marked.get(r.id)]
    scope = [r for r in known if r.in_scope]
    lines = [
        "# Requirements and the tests that prove them",
        "",
        "Made by `manage.py traceability` from `docs/requirements.toml` and the marks of the tests; not edited by hand.",
        f"In scope: {len(scope)} requirements, {len(proved)} with at least one test.",
        "",
        "| | Requirement | Source | Tests |",
        "|---|---|---|---|",
    ]
    lines += [_row(requirement, marked.get(requirement.id, [])) for requirement in known]
    return "\n".join(lines) + "\n"


def _row(requirement: Requirement, tests: list[str]) -> str:
    proof = "<br>".join(f"`{test}`" for test in tests) or ("**none yet**" if requirement.in_scope else "not in scope now")
    source = f"{requirement.source} ({LAYERS[requirement.tag]})"
    return f"| {requirement.id} | {requirement.statement} | {source} | {proof} |"
