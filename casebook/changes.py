"""What one entry of the trail changed, value by value: label, and the decoded old and new as people and files read them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.db import models
from django.utils import timezone

from casebook.crf import Sheet
from casebook.items import Item, MissingReason, Ref
from casebook.names import Names, columns_of, tables
from itp_trial.models import AuditEntry
from itp_trial.normalise import CAIRO

#: Columns that only hold rows together; they say nothing to a reader.
TECHNICAL = ("id", "record_id", "crf_id", "position", "missing", "participant_id", "visit_id", "comment_id")


@dataclass(frozen=True)
class Change:
    """One value that an entry changed: in words, and as exports hold it."""

    name: str
    label: str
    old: str
    new: str
    old_value: str = ""
    new_value: str = ""
    critical: bool = False
    derived: bool = False
    #: False for keys, digests and stored structures, which files hold and sentences leave out.
    readable: bool = True

    @property
    def text(self) -> str:
        """For a list of several: ``Platelets: from 60 to 66 ×10⁹/L``."""
        asked = f"{self.label} (computed):" if self.derived else self.label if self.label.endswith("?") else f"{self.label}:"
        if self.old and self.new:
            return f"{asked} from {_without_unit(self.old, self.new)} to {self.new}"
        return f"{asked} {self.new}" if self.new else f"{asked} emptied, was {self.old}"

    def clause(self, place: str) -> str:
        """As the only thing that changed: ``changed Platelets in Blood count from 60 to 66 ×10⁹/L``."""
        if self.old and self.new:
            return f"changed {self.label} in {place} from {_without_unit(self.old, self.new)} to {self.new}"
        if self.new:
            return f"entered {self.label} in {place}: {self.new}"
        return f"emptied {self.label} in {place}, which was {self.old}"


def _without_unit(old: str, new: str) -> str:
    """60 ×10⁹/L beside 66 ×10⁹/L is 60."""
    unit = new.rpartition(" ")[2]
    return old.removesuffix(f" {unit}") if re.fullmatch(r"[0-9.]+ \S+", old) and re.fullmatch(r"[0-9.]+ \S+", new) else old


# --- values ---------------------------------------------------------------------------------------------------------


def shown(item: Item, raw: Any, names: Names) -> str:
    """A stored value of an item as people read it."""
    if raw is None:
        return ""
    if isinstance(item, Ref):
        return names.row(item.related_model, raw) or "an entry that is gone"
    return _as(item.display, item, raw)


def exported(item: Item, raw: Any) -> str:
    """The same as exports hold it."""
    if raw is None:
        return ""
    return str(raw) if isinstance(item, Ref) else _as(item.exported, item, raw)


def _as(face: Callable[[Any], str], field: models.Field, raw: Any) -> str:
    """A face of the value behind the JSON of the trail; what an older edition stored otherwise stays as it was written."""
    try:
        return face(field.to_python(raw))
    except (ValidationError, ValueError, TypeError):
        return str(raw)


def _plain(field: models.Field | None, raw: Any, names: Names) -> str:
    """A value of a column that is no item."""
    if raw is None or raw == "":
        return ""
    if field is None:
        return str(raw)
    if field.related_model is not None:
        return names.row(field.related_model, raw) or str(raw)
    return _as(lambda value: _said(field, value), field, raw)


def _said(field: models.Field, value: Any) -> str:
    if field.flatchoices:
        return str(dict(field.flatchoices).get(value, value))
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, datetime):
        return moment(value)
    return f"{value:%d %b %Y}" if isinstance(value, date) else str(value)


def moment(value: datetime, *, seconds: bool = False) -> str:
    """05 Mar 2026 14:02 Cairo (UTC+3); with ``seconds`` 14:02:11."""
    local = timezone.localtime(value, CAIRO)
    hours = int(local.utcoffset().total_seconds() // 3600)
    return f"{local:%d %b %Y} {local:{'%H:%M:%S' if seconds else '%H:%M'}} Cairo (UTC{hours:+d})"


# --- what changed ---------------------------------------------------------------------------------------------------


def changes_of(entry: AuditEntry, names: Names) -> tuple[Change, ...]:
    """Every value that the entry changed, in the order of the form."""
    model = tables().get(entry.table_name)
    if model is not None and issubclass(model, Sheet):
        return tuple(_item_changes(model, entry, names))
    return tuple(_column_changes(model, entry, names))


def _item_changes(sheet: type[Sheet], entry: AuditEntry, names: Names) -> Iterator[Change]:
    old, new = entry.old or {}, entry.new or {}
    gone, given = old.get("missing") or {}, new.get("missing") or {}
    items = {item.attname: item for item in sheet.items().values()}
    touched = [c for c in items if c in old or c in new or gone.get(items[c].name) != given.get(items[c].name)]
    for column in touched:
        item = items[column]
        before = shown(item, old.get(column), names) or _reason(gone.get(item.name))
        after = shown(item, new.get(column), names) or _reason(given.get(item.name))
        if before != after:
            values = exported(item, old.get(column)), exported(item, new.get(column))
            yield Change(item.name, item.label, before, after, *values, critical=item.critical, derived=item.derived)
    # What an older edition of the form called otherwise is told as it was written.
    for column in dict.fromkeys([*old, *new]):
        if column not in items and column not in TECHNICAL:
            words = [str(said[column]) if said.get(column) is not None else "" for said in (old, new)]
            if any(words):
                yield Change(column, f"{column.replace('_', ' ')} (no longer asked)", *words, *words)


def _reason(code: str | None) -> str:
    return f"no answer ({MissingReason(code).label.lower()})" if code in MissingReason.values else (code or "")


def _column_changes(model: type[models.Model] | None, entry: AuditEntry, names: Names) -> Iterator[Change]:
    fields = columns_of(model) if model else {}
    old, new = entry.old or {}, entry.new or {}
    there = dict.fromkeys([*(column for column in fields if column in old or column in new), *old, *new])
    for column in there:
        field = fields.get(column)
        if column in TECHNICAL or (field is not None and field.primary_key):
            continue
        words = _plain(field, old.get(column), names), _plain(field, new.get(column), names)
        if any(words):
            raw = ["" if said.get(column) is None else str(said[column]) for said in (old, new)]
            yield Change(column, label_of(field, column), *words, *raw, readable=_is_readable(field, words))


_STRUCTURES = ("JSONField", "ArrayField", "BinaryField", "UUIDField")


def _is_readable(field: models.Field | None, words: tuple[str, str]) -> bool:
    is_key = field is not None and field.related_model is not None and all(_KEY.fullmatch(word) for word in words if word)
    is_digest = any(re.fullmatch("[0-9a-f]{64}", word) for word in words)
    return not (is_key or is_digest or (field is not None and field.get_internal_type() in _STRUCTURES))


_KEY = re.compile("[0-9]+|[0-9a-f]{8}-[0-9a-f-]{27}")


def label_of(field: models.Field | None, column: str) -> str:
    text = str(field.verbose_name) if field is not None else column.removesuffix("_id").replace("_", " ")
    return text[:1].upper() + text[1:]
