"""The canonical content of a form, and its hash: what a signature is bound to (``docs/adr/0010-signatures.md``).

Sorted JSON, UTF-8, NFC, texts only: study, subject, event, form with its repeat, edition and version, every item with value,
unit and missing code, the lines, the number of open questions, and the newest entry of the trail about the form.
"""

from __future__ import annotations

import hashlib
import json
import unicodedata
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.db.models import Count, Max

from casebook.crf import Crf, Row, Sheet, crf_by_slug, crf_models
from casebook.items import Ref
from casebook.models import Finding, FormRecord
from itp_trial.models import AuditEntry
from itp_trial.protocol import REGISTRY_ID


@dataclass
class Content:
    """One saved form with everything that is signed of it."""

    record: FormRecord
    crf: Crf
    rows: dict[str, list[Row]] = field(default_factory=dict)
    questions: int = 0
    #: The number of the newest entry of the trail about this form.
    head: int = 0

    @property
    def canonical(self) -> bytes:
        record, visit = self.record, self.record.visit
        said = {
            "study": REGISTRY_ID, "subject": record.participant.screening_number, "record": str(record.pk),
            "event": f"{visit.code}/{visit.repeat}" if visit else "", "form": record.form, "repeat": str(record.repeat),
            "edition": record.edition, "version": str(record.version), "items": _items(self.crf),
            "rows": {slug: [_items(row) | {"id": str(row.pk)} for row in rows] for slug, rows in self.rows.items()},
            "open_questions": str(self.questions), "head": str(self.head),
        }  # fmt: skip
        return _canonical(said)

    @property
    def hash(self) -> str:
        return hashlib.sha256(self.canonical).hexdigest()

    @property
    def line(self) -> dict[str, Any]:
        """Its line in a manifest."""
        return {"hash": self.hash, "head": self.head, "version": self.record.version}


def _canonical(said: Any) -> bytes:
    text = json.dumps(said, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return unicodedata.normalize("NFC", text).encode()


def _items(sheet: Sheet) -> dict[str, Any]:
    def raw(item: Any) -> str:
        value = getattr(sheet, item.attname)
        return ("" if value is None else str(value)) if isinstance(item, Ref) else item.exported(value)

    return {
        name: {"value": raw(item), "unit": item.unit, "missing": sheet.missing.get(name, "")}
        for name, item in sheet.items().items()
    }


def digest_of(scope: str, target: Any, meaning: str, manifest: dict[str, dict[str, Any]]) -> str:
    """The hash over the ordered list of (form key, form hash), bound to what is signed and with which meaning."""
    lines = [[key, manifest[key]["hash"]] for key in sorted(manifest)]
    return hashlib.sha256(_canonical([scope, str(target), meaning, lines])).hexdigest()


def signed_tables() -> list[str]:
    """The tables whose entries in the trail are changes of a form's content."""
    sheets: list[Any] = [sheet for crf in crf_models() for sheet in (crf, *crf.row_models)]
    return sorted(model._meta.db_table for model in [*sheets, FormRecord, Finding])


def contents(records: Iterable[FormRecord], using: str = "default") -> list[Content]:
    """The saved ones of these records with their content, in the order given: two queries, and one per table that they use."""
    saved = [record for record in records if record.version]
    keys = [record.pk for record in saved]
    found = _answers(saved, using)
    questions = dict(
        Finding.objects.using(using).filter(record__in=keys, state=Finding.State.OPEN)
        .order_by().values_list("record").annotate(Count("pk"))
    )  # fmt: skip
    entries = AuditEntry.objects.using(using).filter(record__in=keys, table_name__in=signed_tables())
    heads = dict(entries.order_by().values_list("record").annotate(Max("id")))
    for key, content in found.items():
        content.questions, content.head = questions.get(key, 0), heads.get(key, 0)
    return [found[key] for key in keys if key in found]


def _answers(saved: list[FormRecord], using: str) -> dict[UUID, Content]:
    by_form: dict[str, dict[UUID, FormRecord]] = defaultdict(dict)
    for record in saved:
        by_form[record.form][record.pk] = record
    found: dict[UUID, Content] = {}
    for form in sorted(by_form):
        model, records = crf_by_slug(form), by_form[form]
        for crf in model.everything.using(using).filter(pk__in=list(records)):
            crf.record = records[crf.pk]
            found[crf.pk] = Content(crf.record, crf, {row.slug: [] for row in model.row_models})
        for rows in model.row_models:
            standing = rows.everything.using(using).filter(crf__in=list(records), taken_away=False)
            for row in standing.order_by("position", "pk"):
                found[row.crf_id].rows[rows.slug].append(row)
    return found
