"""What every item means, from the declaration: the codebook file and the metadata of the API."""

from __future__ import annotations

from typing import Any

from casebook.crf import Substitute
from casebook.items import COMPUTED, NOT_SUBMITTED, Item, Ref
from reports.cells import is_coded
from reports.files import FormFile, form_files


def codebook_lines() -> list[dict[str, Any]]:
    """One line per item of every file, in the order of its columns, all as text; before them what a form is about."""
    return [{"file": file.slug, "form": file.title, **_flat(entry), "edition": file.crf.edition}
            for file in form_files() for entry in [*about(file), *entries(file)]]  # fmt: skip


def about(file: FormFile) -> list[dict[str, Any]]:
    """The columns of a form about another one: with the participant they are the key of that one's line in its own file."""
    if not file.crf.about:
        return []
    technical = _entry(Item()) | {"derived": True, "source": COMPUTED, "sdtm": "RELREC"}
    key = f"The line of {file.crf.about}.csv with the same participant and this record_repeat."
    return [
        technical | {"item": "about_form", "label": "The form that this one is about", "codes": {file.crf.about: file.crf.about}},
        technical | {"item": "about_repeat", "label": "Which of them", "type": "number", "help": key},
    ]


def entries(file: FormFile) -> list[dict[str, Any]]:
    """The items of one file with everything that is declared about them."""
    hidden = file.model.not_exported
    return [_substitute(hidden[name], item) if name in hidden else _entry(item) for name, item in file.model.items().items()]


def _entry(item: Item) -> dict[str, Any]:
    return {
        "item": item.name, "label": item.label, "type": item.kind, "unit": item.unit, "codes": _codes(item),
        "expected": _range(item.expected), "possible": _range(item.hard), "asked_if": _condition(item),
        "optional": item.optional, "derived": item.derived, "critical": item.critical, "source": item.source,
        "sdtm": str(item.sdtm), "help": item.help,
    }  # fmt: skip


def _substitute(substitute: Substitute, item: Item) -> dict[str, Any]:
    return _entry(item) | {
        "item": substitute.name, "label": substitute.label, "type": "number", "unit": substitute.unit, "derived": True,
        "source": COMPUTED, "sdtm": NOT_SUBMITTED, "help": f"In place of “{item.label}”, which stays at the site.",
    }  # fmt: skip


def _codes(item: Item) -> dict[str, str]:
    if not is_coded(item) or isinstance(item, Ref):
        return {}
    return {str(code): str(label) for code, label in item.flatchoices}


def _range(limits: tuple[Any, Any] | None) -> list[str]:
    return [str(limit) for limit in limits] if limits else []


def _condition(item: Item) -> dict[str, Any]:
    if item.asked_if is None:
        return {}
    name, wanted = item.asked_if
    return {"item": name, "values": [str(value) for value in (wanted if isinstance(wanted, tuple) else (wanted,))]}


def _flat(entry: dict[str, Any]) -> dict[str, str]:
    condition = entry["asked_if"]
    return {name: _yes_no(value) for name, value in entry.items()} | {
        "codes": "; ".join(f"{code} = {label}" for code, label in entry["codes"].items()),
        "expected": " to ".join(entry["expected"]),
        "possible": " to ".join(entry["possible"]),
        "asked_if": f"{condition['item']} = {' or '.join(condition['values'])}" if condition else "",
    }


def _yes_no(value: Any) -> str:
    return {True: "yes", False: "no"}[value] if isinstance(value, bool) else str(value)
