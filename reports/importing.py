"""Answers from a CSV file into forms that the schedule expects and nobody has filled yet (RQ-61).

The file has the column names of our own export. Every row goes through the same form and the same action as the page, so
it is checked, versioned and recorded alike; of a rejected row nothing is written. The source file is kept with its hash.
"""

from __future__ import annotations

import csv
import hashlib
import io
import os
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import transaction

from casebook.actions import save_form
from casebook.crf import Crf, crf_by_slug
from casebook.doors import right_to_edit
from casebook.forms import CrfForm
from casebook.models import FormRecord
from casebook.selectors import RECORDS
from itp_trial.actor import acting
from itp_trial.permissions import Access, access_of
from itp_trial.refusal import Refused
from reports.csv_export import WHOSE
from reports.models import ImportRun

LARGEST = 20 * 1024 * 1024


class Rejection(Exception):
    """One row cannot be stored; all reasons at once."""

    def __init__(self, *reasons: str) -> None:
        self.reasons = list(reasons)


@dataclass
class Outcome:
    """What a run did, row by row."""

    run: ImportRun
    kept: Path
    stored: list[FormRecord] = field(default_factory=list)


def import_form(*, slug: str, path: Path, by: Any, purpose: str) -> Outcome:
    """Reads a file into empty forms. Raises ``Refused`` where the file as a whole cannot be read."""
    if not purpose.strip():
        raise Refused("Please say what the import is for.")
    crf, body = _form(slug), _body(path)
    digest = hashlib.sha256(body).hexdigest()
    _refuse_known(slug, digest)
    rows = _rows(crf, body)
    kept = _keep(body, digest, slug)
    stored: list[FormRecord] = []
    rejected: list[dict[str, Any]] = []
    targets, granted = _Targets(RECORDS.filter(form=slug)), access_of(by)
    with acting(by, f"Imported from {path.name[:80]}: {purpose.strip()}"):
        for line, row in enumerate(rows, start=2):
            try:
                with transaction.atomic():
                    stored.append(_store(row, targets, granted, by))
            except Rejection as rejection:
                rejected.append({"line": line, "reasons": rejection.reasons})
        _reconcile(len(rows), stored, rejected)
        run = ImportRun.objects.create(form=slug, file_name=path.name[:200], sha256=digest, rows=len(rows), stored=len(stored),
                                       rejected=rejected, purpose=purpose.strip()[:200], by=by)  # fmt: skip
    return Outcome(run, kept, stored)


# --- the file -----------------------------------------------------------------------------------------------------------


def _form(slug: str) -> type[Crf]:
    try:
        return crf_by_slug(slug)
    except LookupError:
        raise Refused(f"There is no form “{slug}”.") from None


def _body(path: Path) -> bytes:
    if not path.is_file():
        raise Refused(f"There is no file {path}.")
    if path.stat().st_size > LARGEST:
        raise Refused(f"The file is larger than {LARGEST // 1024**2} MB.")
    return path.read_bytes()


def _refuse_known(slug: str, digest: str) -> None:
    if run := ImportRun.objects.filter(form=slug, sha256=digest).select_related("by").first():
        raise Refused(f"This file was read already, on {run.at:%d %b %Y %H:%M} UTC by {run.by}: {run.stored} of {run.rows}"
                      " rows were stored. Nothing was done.")  # fmt: skip


def _rows(crf: type[Crf], body: bytes) -> list[dict[str, str]]:
    try:
        reader = csv.DictReader(io.StringIO(body.decode("utf-8-sig"), newline=""), strict=True)
        rows, names = list(reader), list(reader.fieldnames or [])
    except (UnicodeDecodeError, csv.Error) as error:
        raise Refused(f"This is no CSV file in UTF-8: {error}.") from None
    if twice := [name for name, count in Counter(names).items() if count > 1]:
        raise Refused(f"These columns stand there twice: {', '.join(twice)}.")
    if unknown := [name for name in names if name not in _columns(crf)]:
        raise Refused(f"Not columns of this form: {', '.join(name[:40] for name in unknown[:20])}.")
    if not set(names) & set(crf.asked_items()):
        raise Refused("No column holds an answer of this form.")
    if "record_id" not in names and not {"participant", "visit_code"} <= set(names):
        raise Refused("The file needs the column record_id, or participant and visit_code.")
    return [{name: value or "" for name, value in row.items() if name is not None} for row in rows]


def _columns(crf: type[Crf]) -> set[str]:
    """The names of the columns of our own file of this form, the site's copy included. The computed ones are not read."""
    shown = [*crf.items(), *(substitute.name for substitute in crf.not_exported.values())]
    return {column.name for column in WHOSE} | {f"{name}{end}" for name in shown for end in ("", "_label", "_mr")}


def _keep(body: bytes, digest: str, slug: str) -> Path:
    """The source file, under its hash. It stands there whole or not at all."""
    folder = settings.VAR_DIR / "imports"
    folder.mkdir(parents=True, exist_ok=True)
    kept, part = folder / f"{digest}-{slug}.csv", folder / f".{digest}.part"
    with part.open("wb") as file:
        file.write(body)
        file.flush()
        os.fsync(file.fileno())
    part.replace(kept)
    if hashlib.sha256(kept.read_bytes()).hexdigest() != digest:
        raise Refused("The source file could not be kept as it is. Nothing was stored.")
    return kept


# --- one row ------------------------------------------------------------------------------------------------------------


class _Targets:
    """The records of a form, by their key and by participant and visit."""

    def __init__(self, records: Iterable[FormRecord]) -> None:
        self.by_key: dict[str, FormRecord] = {}
        self.by_visit: dict[tuple[str, str], list[FormRecord]] = defaultdict(list)
        for record in records:
            self.by_key[str(record.pk)] = record
            if record.visit is not None and record.participant is not None:
                for number in {record.participant.number, record.participant.screening_number}:
                    self.by_visit[number, record.visit.code].append(record)

    def find(self, row: dict[str, str]) -> FormRecord:
        key, whose = row.get("record_id", "").strip().lower(), (row.get("participant", ""), row.get("visit_code", ""))
        if not key:
            found = self.by_visit.get(whose, [])
            if len(found) != 1:
                raise Rejection(f"{len(found) or 'No'} forms of {whose[0] or 'nobody'} at the visit {whose[1] or '–'} fit.")
            return found[0]
        record = self.by_key.get(key)
        if record is None:
            raise Rejection("There is no such form.")
        if whose[0] and (record.participant is None or whose[0] not in (record.participant.number,
                                                                       record.participant.screening_number)):  # fmt: skip
            raise Rejection(f"The form belongs to {record.participant or record.site}, the row to {whose[0]}.")
        return record


def _store(row: dict[str, str], targets: _Targets, granted: Access, by: Any) -> FormRecord:
    record = targets.find(row)
    if not granted.may(right_to_edit(record), record.site_id):
        raise Rejection(f"{by} may not enter data at site {record.site.code}.")
    # The record is the one that an earlier row of the same file may have filled: its version tells.
    if record.version:
        raise Rejection("This form holds answers already. An import fills empty forms only.")
    form = CrfForm(record.crf(), _posted(record.crf_class, row))
    if not form.is_valid():
        labels = {name: field.item.label for name, field in form.main.fields.items()}
        raise Rejection(*(f"{labels.get(name, name) or 'Form'}: {text}" for name, texts in form.errors.items() for text in texts))
    try:
        return save_form(form=form, by=by).record
    except Refused as refusal:
        raise Rejection(str(refusal)) from refusal


def _posted(crf: type[Crf], row: dict[str, str]) -> dict[str, str]:
    """The fields that the page would post. What is computed is computed anew."""
    posted = {"record-version": "0"}
    for name in crf.asked_items():
        posted[name] = row.get(name, "")
        posted[f"{name}__missing"] = row.get(f"{name}_mr", "").strip()
    return posted


def _reconcile(rows: int, stored: list[FormRecord], rejected: list[Any]) -> None:
    """What came must be what was stored and what was rejected, counted in the database; else nothing is kept."""
    there = FormRecord.objects.filter(pk__in=[record.pk for record in stored], version=1).count()
    if there + len(rejected) != rows:
        raise Refused(f"{rows} rows came, but {there} are stored and {len(rejected)} rejected. Nothing was stored.")
