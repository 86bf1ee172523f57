"""The edit-check specification, from the declarations: every question that a form asks back, of every form, as lines."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from casebook.crf import EditCheck, Sheet
from casebook.items import Item
from reports.files import FormFile, form_files

COLUMNS = ("form", "items", "code", "level", "says", "reference")
#: What happens: ask for an answer or why there is none; explain an unusual one; stop, nothing is stored.
ASK, EXPLAIN, STOP = "ask", "explain", "stop"
CONSISTENCY = "consistency of the entries"


def specification() -> list[dict[str, str]]:
    """One line per check, the forms in the order of the codebook."""
    return [{"form": file.slug, **line} for file in form_files() for line in _lines(file)]


def _lines(file: FormFile) -> Iterator[dict[str, str]]:
    for name, item in file.model.asked_items().items():
        yield from ({"items": name, **line} for line in _of_item(item))
    for check in file.model.edit_checks:
        yield _of_check(check, file.model)


def _of_item(item: Item) -> Iterator[dict[str, str]]:
    if not item.optional:
        yield _line("MISSING", ASK, f"“{item.label}” has no answer: enter it, or say why it is missing.", "RQ-53")
    if item.expected:
        low, high = item.expected
        yield _line("RANGE", EXPLAIN, f"Unusual below {low} or above {high} {item.shown_unit}".strip() + ".", "protocol 8")
    if item.hard:
        low, high = item.hard
        yield _line("LIMIT", STOP, f"Not possible below {low} or above {high} {item.shown_unit}".strip() + ".", "protocol 8")


def _line(code: str, level: str, says: str, reference: str) -> dict[str, str]:
    return {"code": code, "level": level, "says": says, "reference": reference}


def _of_check(check: EditCheck, model: type[Sheet]) -> dict[str, str]:
    return {"items": " ".join(check.on), **_line(check.code, level_of(check), check.specified, check.rule or CONSISTENCY)}


def level_of(check: EditCheck) -> str:
    """A check that stops only new answers stops: what is stored can always be corrected."""
    return STOP if check.hard else EXPLAIN


def as_csv_rows() -> list[Any]:
    return [[line[column] for column in COLUMNS] for line in specification()]
