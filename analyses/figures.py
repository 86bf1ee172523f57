"""A figure or table of the paper: one drawing, one data table, and the sentence that says how it was made.

Pure: no Django. The same object is the page's picture, the PDF's picture, and the SVG, PNG and CSV that leave the system.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

#: One cell as it is printed; the CSV holds the same text, so that page and file can never differ.
Cell = str


@dataclass(frozen=True)
class Table:
    """Rows under a head. ``numeric`` names the columns that are set to the right."""

    head: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]

    def __post_init__(self) -> None:
        """Refuse a row that does not fit its head."""
        if wrong := [row for row in self.rows if len(row) != len(self.head)]:
            raise ValueError(f"{wrong[0]} does not fit {self.head}")


@dataclass(frozen=True)
class Figure:
    """One result. ``n`` are the children behind it; ``svg`` is empty for a table without a drawing.

    ``links`` leads from the text of a row's first cell to the page of the child, where there is one.
    """

    slug: str
    title: str
    n: int
    method: str
    table: Table
    svg: str = ""
    note: str = ""
    empty: str = ""
    links: dict[Cell, Any] = field(default_factory=dict, compare=False)

    @property
    def is_empty(self) -> bool:
        return not self.table.rows


@dataclass(frozen=True)
class Origin:
    """Where the numbers come from: whose data, read when, under which version of the rules.

    ``as_of`` is the data time in words, with its zone: ``26 Nov 2026 14:02:11 Cairo (UTC+2)``.
    """

    sites: str
    as_of: str
    rules_version: str

    def words(self, figure: Figure) -> str:
        """The line under each figure."""
        return f"n = {figure.n}. {figure.method} {self.sites}; data as of {self.as_of}; rules {self.rules_version}."


def table(head: Sequence[str], rows: Sequence[Sequence[object]]) -> Table:
    """A table of anything that prints: None is an empty cell."""
    return Table(tuple(head), tuple(tuple("" if cell is None else str(cell) for cell in row) for row in rows))
