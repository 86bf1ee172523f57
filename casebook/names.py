"""The names behind the keys in the trail, and which table and column belongs to which form and question."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache, cached_property
from typing import Any
from uuid import UUID

from django.apps import apps
from django.db import models

from casebook.crf import Row, Sheet, crf_models
from casebook.items import Item, Ref
from casebook.models import Finding, FormRecord, Lock, Participant, Visit
from itp_trial.models import AuditEntry, Site, User


@cache
def tables() -> dict[str, type[models.Model]]:
    return {model._meta.db_table: model for model in apps.get_models()}


@cache
def columns_of(model: type[models.Model]) -> dict[str, models.Field]:
    return {field.column: field for field in model._meta.concrete_fields}


@cache
def _pointing_at(model: type[models.Model]) -> dict[str, list[str]]:
    """The columns that hold keys of this model, by their table."""
    pointing = {t: [c for c, f in columns_of(m).items() if f.related_model is model] for t, m in tables().items()}
    return {table: columns for table, columns in pointing.items() if columns}


@cache
def sheets() -> dict[str, type[Sheet]]:
    """Every form and every kind of repeating row, by the word that filters and files use: ``infusion``, ``infusion-bags``."""
    found: dict[str, type[Sheet]] = {}
    for crf in crf_models():
        found[crf.slug] = crf
        found |= {f"{crf.slug}-{row.slug}": row for row in crf.row_models}
    return found


def sheet_title(sheet: type[Sheet]) -> str:
    """``Infusion``, and ``Infusion: bags given`` for its lines."""
    if not issubclass(sheet, Row):
        return sheet.title()
    return f"{sheet._meta.get_field('crf').related_model.title()}: {sheet.legend.lower()}"


def question(crf: type[Sheet], word: str) -> tuple[type[Sheet], Item]:
    """The question behind its word in addresses: ``platelets``, in a line ``bags-volume_ml``. Raises ``LookupError``."""
    for model in crf.row_models:
        if word.startswith(f"{model.slug}-"):
            return model, model.items()[word.removeprefix(f"{model.slug}-")]
    return crf, crf.items()[word]


def question_label(crf: type[Sheet], word: str) -> str:
    """The label of a question; of one that is no longer asked its word."""
    try:
        return str(question(crf, word)[1].label)
    except LookupError:
        return word.replace("_", " ")


@cache
def referred_models() -> list[type[models.Model]]:
    """What answers may refer to, such as a bag of the stock."""
    refs = [item for sheet in sheets().values() for item in sheet.items().values() if isinstance(item, Ref)]
    return list(dict.fromkeys(ref.related_model for ref in refs))


class Names:
    """The names behind the keys in some entries (or in all, where none are given). A fixed number of queries."""

    def __init__(self, records: Any, entries: Iterable[AuditEntry] | None = None) -> None:
        self._records = records
        self._entries = None if entries is None else list(entries)
        self._rows: dict[Any, dict[str, str]] = {}

    def read(self) -> Names:
        """Asks for everything now, so that the number of queries does not depend on what the entries hold."""
        _ = self.records, self.findings, self.locks, self.people, self.sites
        for model in referred_models():
            self.load(model)
        return self

    @cached_property
    def records(self) -> dict[UUID, FormRecord]:
        return {r.pk: r for r in self._records.select_related("visit__participant", "participant", "site")}

    @cached_property
    def visits(self) -> dict[str, Visit]:
        """Every visit has a form, so the forms know all of them."""
        return {str(record.visit_id): record.visit for record in self.records.values() if record.visit is not None}

    @cached_property
    def participants(self) -> dict[UUID, Participant]:
        return {r.participant.pk: r.participant for r in self.records.values() if r.participant is not None}

    @cached_property
    def findings(self) -> dict[str, Finding]:
        return {str(finding.pk): finding for finding in Finding.objects.filter(record__in=self._records)}

    @cached_property
    def locks(self) -> dict[str, Lock]:
        return {str(lock.pk): lock for lock in Lock.objects.filter(participant__in=self.participants)}

    @cached_property
    def people(self) -> dict[str, str]:
        return {str(pk): name for pk, name in User.objects.values_list("pk", "full_name")}

    @cached_property
    def sites(self) -> dict[str, str]:
        return {str(site.pk): str(site) for site in Site.objects.all()}

    def place(self, entry: AuditEntry) -> str:
        """Where it happened: ``Blood count, Count day 3``."""
        return self.form(entry.record)

    def form(self, key: Any) -> str:
        """The form behind a key, and its visit: ``Blood count, Count day 3``."""
        record = self.records.get(key) if key else None
        if record is None:
            return ""
        return f"{record.title}, {record.visit.title}" if record.visit else record.title

    def row(self, model: type[models.Model], key: Any) -> str:
        """The name of a row that an answer or a column refers to, also where that row was taken away since."""
        if model is User:
            return self.people.get(str(key), str(key))
        if model is Site:
            return self.sites.get(str(key), str(key))
        if model is FormRecord:  # read already, all of them
            return self.form(UUID(str(key)))
        if model not in self._rows:
            self.load(model)
        return self._rows[model].get(str(key), "")

    def load(self, model: type[models.Model]) -> None:
        """Reads the names of the rows of this model that the entries refer to, also of those taken away since: two queries."""
        rows, gone = model._base_manager.all(), AuditEntry.objects.filter(table_name=model._meta.db_table, operation="DELETE")
        if self._entries is not None:
            # The key that no row has keeps the number of queries the same whether or not anything is referred to.
            wanted = [*_referred(model, self._entries), str(_NO_ROW.get(type(model._meta.pk), 0))]
            rows, gone = rows.filter(pk__in=wanted), gone.filter(row__in=wanted)
        label = next((f.attname for f in model._meta.concrete_fields if isinstance(f, Item)), "")
        names = {entry.row: f"{(entry.old or {}).get(label) or 'a line'} (taken away since)" for entry in gone}
        found = rows.select_related("crf") if issubclass(model, Row) else rows
        self._rows[model] = names | {str(row.pk): str(row) for row in found}


_NO_ROW = {models.UUIDField: UUID(int=0)}


def _referred(model: type[models.Model], entries: list[AuditEntry]) -> set[str]:
    columns = _pointing_at(model)
    values = (
        (said or {}).get(column)
        for entry in entries
        for column in columns.get(entry.table_name, ())
        for said in (entry.old, entry.new)
    )
    return {str(value) for value in values if value is not None}


def names_for(participant: Participant, entries: list[AuditEntry]) -> Names:
    """Everything that the sentences of one participant may need, always in the same number of queries."""
    return Names(FormRecord.objects.filter(participant=participant), entries).read()


def names_of_record(record: FormRecord, entries: list[AuditEntry]) -> Names:
    names = Names(FormRecord.objects.filter(pk=record.pk), entries)
    names.__dict__["records"] = {record.pk: record}  # already read by the page
    return names
