"""One answer as exports show it. CSV, PDF and API walk the declaration through here and name no item."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from casebook.crf import Row, Section, Sheet, Substitute
from casebook.items import Item, MissingReason, Ref


@dataclass(frozen=True)
class Cell:
    """An item with what was answered: the code or plain value, its label, its unit, or why there is none."""

    name: str
    label: str
    kind: str = "number"
    value: str = ""
    value_label: str = ""
    unit: str = ""
    read: str = ""
    missing: str = ""
    asked: bool = True
    derived: bool = False
    may_be_empty: bool = False

    @property
    def missing_label(self) -> str:
        return str(MissingReason(self.missing).label) if self.missing else ""

    @property
    def shown(self) -> str:
        """What people read: the value with its unit, or why there is none."""
        return self.read or self.missing_label or ("–" if self.may_be_empty else "Not answered yet")

    @property
    def is_worth_showing(self) -> bool:
        """False for a question that was not asked."""
        return bool(self.value or self.missing or self.asked)


def is_coded(item: Item) -> bool:
    """True where a value needs its label beside it: codes, grades and references."""
    return item.kind == "reference" or bool(item.kind == "code" and item.flatchoices)


def has_reason(item: Item) -> bool:
    """True where a missing value may carry a reason: a computed item has none."""
    return not item.derived


def cells(sheet: Sheet, *, at_site: bool = False) -> list[Cell]:
    """Every item of a form or row. Away from the site, what must stay there is replaced by its substitute."""
    answers = sheet.answers()
    hidden = {} if at_site else sheet.not_exported
    return [_substituted(hidden[name], answers, sheet, item) if name in hidden else _cell(sheet, item, answers[name])
            for name, item in sheet.items().items()]  # fmt: skip


def sections(sheet: Sheet) -> Iterator[tuple[Section, list[Cell]]]:
    """The cells by section, in the order of the form, as they may leave the site."""
    by_item = dict(zip(sheet.items(), cells(sheet), strict=True))
    for section in sheet.sections:
        yield section, [by_item[name] for name in section.names]


def _cell(sheet: Sheet, item: Item, value: Any) -> Cell:
    read = item.display(getattr(sheet, item.name)) if value is not None else ""
    return Cell(
        name=item.name,
        label=item.label,
        kind=item.kind,
        value=item.exported(value),
        value_label=read if is_coded(item) else "",
        unit=item.unit,
        read=read,
        missing=sheet.missing.get(item.name, ""),
        asked=sheet.is_asked(item),
        derived=item.derived,
        may_be_empty=item.derived or item.optional,
    )


def _substituted(substitute: Substitute, answers: dict[str, Any], sheet: Sheet, item: Item) -> Cell:
    value = substitute.of(answers)
    shown = "" if value is None else str(value)
    read = f"{shown} {substitute.unit}" if shown else ""
    missing = sheet.missing.get(item.name, "")
    return Cell(substitute.name, substitute.label, value=shown, unit=substitute.unit, read=read, missing=missing, derived=True)


def is_typed_text(kind: str) -> bool:
    """True for items in which people write what they like."""
    return kind in ("text", "note")


def with_references(model: type[Sheet]) -> Any:
    """The rows of a form or row table, with everything that the names of referenced rows need, in one query."""
    paths = ["__".join([ref.name, *naming(ref)]) for ref in model.items().values() if isinstance(ref, Ref)]
    rows = model.objects.all()
    return rows.select_related(*paths) if paths else rows


def naming(ref: Ref) -> list[str]:
    """What the name of a referenced row needs besides itself: a bag is called after its lot."""
    return ["crf"] if issubclass(ref.related_model, Row) else []
