"""CSV of every form, of one casebook and of the codebook, all derived from the declaration.

Plain files hold exactly what is stored: UTF-8, ISO dates, codes beside their labels, one header row. The variant for Excel
adds a byte order mark and disarms texts that a spreadsheet would run as a formula; nothing else differs.
"""

from __future__ import annotations

import csv
import hashlib
import io
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import OuterRef, Value
from django.db.models.functions import Concat
from django.http import HttpResponse
from django.utils import timezone

from casebook.crf import Substitute
from casebook.items import Item, Ref
from casebook.models import Finding, Participant
from itp_trial.formulas import disarmed
from itp_trial.normalise import CAIRO
from itp_trial.permissions import Access
from itp_trial.schedule import VISITS
from reports.cells import Cell, cells, has_reason, is_coded, is_typed_text, naming
from reports.codebook import codebook_lines
from reports.files import FormFile
from reports.selectors import Casebook, Entry
from reports.states import participant_state

Read = Callable[[dict[str, Any]], str]


def _never(row: dict[str, Any]) -> bool:
    return False


def _always(row: dict[str, Any]) -> bool:
    return True


@dataclass(frozen=True)
class CsvFile:
    """A complete file. Rows and digest travel as headers, so that a cut transfer is noticed."""

    name: str
    body: bytes
    rows: int

    def response(self) -> HttpResponse:
        return HttpResponse(
            self.body,
            content_type="text/csv; charset=utf-8",
            headers={
                "Content-Disposition": f'attachment; filename="{self.name}"',
                "Content-Length": str(len(self.body)),
                "X-Rows": str(self.rows),
                "X-SHA256": hashlib.sha256(self.body).hexdigest(),
            },
        )


@dataclass(frozen=True)
class Column:
    """One column: its name, how it is read from a row, and in which rows it holds text (which Excel may misread)."""

    name: str
    read: Read
    is_text: Callable[[dict[str, Any]], bool] = _never


def form_csv(file: FormFile, access: Access, *, participant: Participant | None = None, excel: bool = False,
             at_site: bool = False) -> CsvFile:  # fmt: skip
    """One form at the sites that this person may export, in one query (and one for the names that references show).

    :param at_site: for the site's own copy, which also holds what else stays at the site
    """
    rows = file.rows(access)
    if participant is not None:
        rows = rows.filter(**{f"{file.to_record}__participant": participant})
    paths = _paths(file)
    rows = rows.annotate(questions=_open_questions(file))
    stored = rows.order_by(*_order(file)).values_list(*paths.values())
    read = [dict(zip(paths, row, strict=True)) for row in stored.iterator(chunk_size=2000)]
    columns = _columns(file, read, at_site)
    return _file(file.slug, columns, read, excel)


def casebook_csv(casebook: Casebook, *, excel: bool = False) -> CsvFile:
    """Everything about one participant, one answer a line."""
    lines = [line for entry in casebook.saved() for line in _lines(entry)]
    columns = [Column(name, _reader(name), _CASEBOOK_TEXTS.get(name, _never)) for name in _CASEBOOK]
    return _file(f"{casebook.participant.number}-casebook", columns, lines, excel)


def participants_csv(participants: Iterable[Participant], *, excel: bool = False) -> CsvFile:
    """Who takes part, in which state: what the files of the forms do not say."""
    lines = [{name: "" if value is None else value for name, value in participant_state(p).items()} for p in participants]
    return made("participants", _OF_PARTICIPANTS, lines, excel)


#: The columns, and whether somebody typed them.
_OF_PARTICIPANTS = {"number": False, "screening_number": False, "site": False, "state": False, "state_label": False,
                    "screened_at": False, "enrolled_on": False, "ended_on": False, "end_reason": True}  # fmt: skip


def codebook_csv(*, excel: bool = False) -> CsvFile:
    """What every column of every form means."""
    lines = codebook_lines()
    columns = [Column(name, _reader(name), _always) for name in lines[0]]
    return _file("codebook", columns, lines, excel)


def made(name: str, columns: Mapping[str, bool], lines: list[dict[str, Any]], excel: bool = False) -> CsvFile:
    """A file of lines that are already text; ``columns`` says which of them people typed."""
    return _file(name, [Column(c, _reader(c), _always if typed else _never) for c, typed in columns.items()], lines, excel)


def _file(name: str, columns: list[Column], rows: list[dict[str, Any]], excel: bool) -> CsvFile:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow([column.name for column in columns])
    reads = [_disarmed(column) if excel and column.is_text is not _never else column.read for column in columns]
    writer.writerows([read(row) for read in reads] for row in rows)
    suffix, start = ("-for-excel.csv", "\ufeff") if excel else (".csv", "")
    return CsvFile(name + suffix, (start + text.getvalue()).encode(), len(rows))


def _disarmed(column: Column) -> Read:
    def guarded(row: dict[str, Any]) -> str:
        text = column.read(row)
        return disarmed(text) if column.is_text(row) else text

    return guarded


def _reader(name: str) -> Read:
    return lambda row: str(row[name])


# --- one form


def _paths(file: FormFile) -> dict[str, str]:
    """What is asked of the database: a name for each value, and the path where it stands."""
    record = file.to_record
    paths = {
        "subject": f"{record}__participant__subject_number", "screening": f"{record}__participant__screening_number",
        "site": f"{record}__site__code", "visit_code": f"{record}__visit__code",
        "visit_repeat": f"{record}__visit__repeat", "visit_date": f"{record}__visit__happened_on",
        "record_id": f"{record}_id" if not file.is_rows else "crf_id", "repeat": f"{record}__repeat",
        "status": f"{record}__status", "version": f"{record}__version", "edition": f"{record}__edition",
        "questions": "questions",
        "saved_at": f"{record}__saved_at", "saved_by": f"{record}__saved_by__username", "missing": "missing",
    }  # fmt: skip
    if file.crf.about:
        paths |= {"about_form": f"{record}__about__form", "about_repeat": f"{record}__about__repeat"}
    if file.is_rows:
        paths |= {"row_id": "pk", "position": "position"}
    return {f" {name}": path for name, path in paths.items()} | {n: item.attname for n, item in file.model.items().items()}


def _open_questions(file: FormFile) -> ArraySubquery:
    """What is still asked about a form, as ``code:item``: a count with an open question is not evaluable (R8)."""
    asked = Finding.objects.filter(record=OuterRef(file.to_record), state=Finding.State.OPEN).exclude(code="MISSING")
    return ArraySubquery(asked.order_by("item", "code").values_list(Concat("code", Value(":"), "item"), flat=True))


def _order(file: FormFile) -> list[str]:
    parts = ("site__code", "participant__screening_number", "visit__target", "visit__code", "visit__repeat", "repeat", "pk")
    return [f"{file.to_record}__{part}" for part in parts] + (["position", "pk"] if file.is_rows else [])


def _columns(file: FormFile, rows: list[dict[str, Any]], at_site: bool) -> list[Column]:
    found = [*WHOSE, *(_ABOUT if file.crf.about else ()), *(_WHICH_ROW if file.is_rows else ())]
    for name, item in file.model.items().items():
        substitute = file.model.not_exported.get(name)
        found += [_stand_in(substitute)] if substitute else []
        found += _of_item(item, rows) if at_site or not substitute else []
        shown = substitute.name if substitute and not at_site else name
        found += [Column(f"{shown}_mr", _missing(name))] if has_reason(item) else []
    return found


def _of_item(item: Item, rows: list[dict[str, Any]]) -> list[Column]:
    value = Column(item.name, _value(item), _always if is_typed_text(item.kind) else _never)
    return [value, Column(f"{item.name}_label", _label(item, rows), _always)] if is_coded(item) else [value]


def _text(name: str) -> Read:
    """A value about the record; its name starts with a space, so that no item is ever called the same."""
    key = f" {name}"
    return lambda row: "" if row[key] is None else str(row[key])


def _visit_title(row: dict[str, Any]) -> str:
    plan = VISITS.get(row[" visit_code"])
    return "" if plan is None else f"{plan.title} {row[' visit_repeat']}" if plan.repeats else plan.title


def _moment(value: Any) -> str:
    return "" if value is None else timezone.localtime(value, CAIRO).isoformat(timespec="seconds")


WHOSE = (
    Column("participant", lambda row: row[" subject"] or row[" screening"] or ""),
    Column("site", _text("site")),
    Column("visit_code", _text("visit_code")),
    Column("visit_title", _visit_title, _always),
    Column("visit_date", _text("visit_date")),
    Column("record_id", _text("record_id")),
    Column("record_repeat", _text("repeat")),
    Column("record_status", _text("status")),
    Column("record_version", _text("version")),
    Column("record_edition", _text("edition")),
    Column("open_questions", lambda row: " ".join(row[" questions"])),
    Column("saved_at", lambda row: _moment(row[" saved_at"])),
    Column("saved_by", _text("saved_by"), _always),
)
#: Of a form about another one: with the participant, the key of that one's line in its own file.
_ABOUT = (Column("about_form", _text("about_form")), Column("about_repeat", _text("about_repeat")))
_WHICH_ROW = (Column("row_id", _text("row_id")), Column("row_position", _text("position")))


def _value(item: Item) -> Read:
    return lambda row: item.exported(row[item.name])


def _missing(name: str) -> Read:
    return lambda row: row[" missing"].get(name, "")


def _stand_in(substitute: Substitute) -> Column:
    def read(row: dict[str, Any]) -> str:
        value = substitute.of(row)
        return "" if value is None else str(value)

    return Column(substitute.name, read)


def _label(item: Item, rows: list[dict[str, Any]]) -> Read:
    names = _names_of(item, rows) if isinstance(item, Ref) else {code: str(label) for code, label in item.flatchoices}
    return lambda row: names.get(row[item.name], "")


def _names_of(ref: Ref, rows: list[dict[str, Any]]) -> dict[Any, str]:
    keys = {row[ref.name] for row in rows} - {None}
    rows_named = ref.related_model.objects.filter(pk__in=keys)
    joins = naming(ref)
    return {found.pk: str(found) for found in (rows_named.select_related(*joins) if joins else rows_named)}


# --- one casebook

_CASEBOOK = (
    "participant", "site", "visit_code", "visit_title", "visit_date", "form", "form_title", "record_repeat", "about_form",
    "about_repeat", "rows", "row_position", "item", "label", "type", "value", "value_label", "unit", "missing_reason",
    "record_id", "record_version", "saved_at",
)  # fmt: skip
_CASEBOOK_TEXTS = {
    "visit_title": _always, "form_title": _always, "label": _always, "value_label": _always,
    "value": lambda line: is_typed_text(line["type"]),
}  # fmt: skip


def _lines(entry: Entry) -> Iterator[dict[str, Any]]:
    """Every question of a stored form that was asked, then those of its rows."""
    whose = _whose(entry)
    yield from _answers(whose | {"rows": "", "row_position": ""}, cells(entry.crf)) if entry.crf else ()
    for group in entry.groups:
        for row in group.rows:
            yield from _answers(whose | {"rows": group.model.slug, "row_position": row.position}, cells(row))


def _answers(whose: dict[str, Any], found: Iterable[Cell]) -> Iterator[dict[str, Any]]:
    for cell in found:
        if cell.is_worth_showing:
            yield whose | {"item": cell.name, "label": cell.label, "type": cell.kind, "value": cell.value,
                           "value_label": cell.value_label, "unit": cell.unit, "missing_reason": cell.missing}  # fmt: skip


def _whose(entry: Entry) -> dict[str, Any]:
    record, visit = entry.record, entry.record.visit
    return {
        "participant": record.participant.number, "site": record.participant.site.code,
        "visit_code": visit.code if visit else "", "visit_title": visit.title if visit else "",
        "visit_date": (visit.happened_on or "") if visit else "", "form": record.form,
        "form_title": record.crf_class.title(), "record_repeat": record.repeat, "record_id": record.pk,
        "about_form": entry.about.form if entry.about else "", "about_repeat": entry.about.repeat if entry.about else "",
        "record_version": record.version, "saved_at": _moment(record.saved_at),
    }  # fmt: skip
