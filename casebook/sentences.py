"""The trail in words: what one entry changed, as a sentence that an inspector reads without a code book.

Every audited table has words. Forms and their rows speak through their items (``_answers``); the tables of the kernel have
a maker here; any other table has the default, which reads labels and choices off its model. An app with a better sentence
registers it: ``@tells("app.Model")``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache, cached_property
from typing import Any
from uuid import UUID

from django.apps import apps
from django.core.exceptions import ValidationError
from django.db import models
from django.utils import timezone

from casebook.crf import Row, Sheet, crf_models
from casebook.items import Item, MissingReason, Ref
from casebook.models import Finding, FormRecord, Participant, Visit
from itp_trial.models import AuditEntry, Site, User
from itp_trial.normalise import CAIRO
from itp_trial.roles import Role

#: Columns that only hold rows together; they say nothing to a reader.
TECHNICAL = ("id", "record_id", "crf_id", "position", "missing", "participant_id", "visit_id")


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
        note = " (computed)" if self.derived else ""
        if self.old and self.new:
            return f"{self.label}{note}: from {_without_unit(self.old, self.new)} to {self.new}"
        return f"{self.label}{note}: {self.new}" if self.new else f"{self.label}{note}: emptied, was {self.old}"

    def clause(self, place: str) -> str:
        """As the only thing that changed: ``changed Platelets in Blood count from 60 to 66 ×10⁹/L``."""
        if self.old and self.new:
            return f"changed {self.label} in {place} from {_without_unit(self.old, self.new)} to {self.new}"
        if self.new:
            return f"entered {self.label} in {place}: {self.new}"
        return f"emptied {self.label} in {place}, which was {self.old}"


@dataclass(frozen=True)
class Words:
    """What a maker says of an entry: who did it (if not the person), what, and whether the changes are listed below it."""

    did: str
    listed: bool = False
    subject: str = ""


@dataclass(frozen=True)
class Told:
    """One entry of the trail as people read it."""

    entry: AuditEntry
    place: str
    words: Words
    changes: tuple[Change, ...]

    @property
    def when(self) -> str:
        return moment(self.entry.at)

    @property
    def who(self) -> str:
        return who(self.entry)

    @property
    def why(self) -> str:
        return self.entry.reason

    @property
    def opening(self) -> str:
        """The sentence up to its reason; with a list below it, it ends with a colon."""
        return f"On {self.when} {self.words.subject or self.who} {self.words.did}{':' if self.words.listed else '.'}"

    @property
    def reason(self) -> str:
        text = self.why.strip()
        return f"Reason: {text}" + ("" if text.endswith((".", "!", "?")) else ".") if text else ""

    @property
    def listed(self) -> tuple[Change, ...]:
        return tuple(change for change in self.changes if change.readable) if self.words.listed else ()

    @property
    def sentence(self) -> str:
        """Everything as one running text."""
        listed = f" {'; '.join(change.text for change in self.listed)}." if self.listed else ""
        return " ".join(part for part in (self.opening + listed, self.reason) if part)


# --- names that the sentences need, loaded once -------------------------------------------------------------------------


class Names:
    """The names behind the keys in some entries (or in all, where none are given). A fixed number of queries."""

    def __init__(self, records: Any, entries: Iterable[AuditEntry] | None = None) -> None:
        self._records = records
        self._entries = None if entries is None else list(entries)
        self._rows: dict[Any, dict[str, str]] = {}

    def read(self) -> Names:
        """Asks for everything now, so that the number of queries does not depend on what the entries hold."""
        _ = self.records, self.findings, self.people, self.sites
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
    def people(self) -> dict[str, str]:
        return {str(pk): name for pk, name in User.objects.values_list("pk", "full_name")}

    @cached_property
    def sites(self) -> dict[str, str]:
        return {str(site.pk): str(site) for site in Site.objects.all()}

    def place(self, entry: AuditEntry) -> str:
        """Where it happened: ``Blood count, Count day 3``."""
        record = self.records.get(entry.record) if entry.record else None
        if record is None:
            return ""
        return f"{record.title}, {record.visit.title}" if record.visit else record.title

    def row(self, model: type[models.Model], key: Any) -> str:
        """The name of a row that an answer or a column refers to, also where that row was taken away since."""
        if model is User:
            return self.people.get(str(key), str(key))
        if model is Site:
            return self.sites.get(str(key), str(key))
        if model not in self._rows:
            self.load(model)
        return self._rows[model].get(str(key), "")

    def load(self, model: type[models.Model]) -> None:
        """Reads the names of the rows of this model that the entries refer to, also of those taken away since: two queries."""
        rows, gone = model._default_manager.all(), AuditEntry.objects.filter(table_name=model._meta.db_table, operation="DELETE")
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


# --- values ---------------------------------------------------------------------------------------------------------


def shown(item: Item, raw: Any, names: Names) -> str:
    """A stored value of an item as people read it."""
    if raw is None:
        return ""
    if isinstance(item, Ref):
        return names.row(item.related_model, raw) or "an entry that is gone"
    return item.display(_python(item, raw))


def exported(item: Item, raw: Any) -> str:
    """The same as exports hold it."""
    if raw is None:
        return ""
    return str(raw) if isinstance(item, Ref) else item.exported(_python(item, raw))


def _python(field: models.Field, raw: Any) -> Any:
    """The value behind the JSON of the trail; what an older edition stored in another way stays as it was written."""
    try:
        return field.to_python(raw)
    except (ValidationError, ValueError, TypeError):
        return raw


def _plain(field: models.Field | None, raw: Any, names: Names) -> str:
    """A value of a column that is no item."""
    if raw is None or raw == "":
        return ""
    if field is None:
        return str(raw)
    if field.related_model is not None:
        return names.row(field.related_model, raw) or str(raw)
    value = _python(field, raw)
    if field.flatchoices:
        return str(dict(field.flatchoices).get(value, value))
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, datetime):
        return moment(value)
    return f"{value:%d %b %Y}" if isinstance(value, date) else str(value)


def moment(value: datetime) -> str:
    """05 Mar 2026 14:02 Cairo (UTC+3)."""
    local = timezone.localtime(value, CAIRO)
    hours = int(local.utcoffset().total_seconds() // 3600)
    return f"{local:%d %b %Y %H:%M} Cairo (UTC{hours:+d})"


def who(entry: AuditEntry) -> str:
    """Clara Naguib (site coordinator): the name as it was then, and the role in which it was done."""
    if not entry.actor_id.startswith("user:"):
        return entry.actor_name
    name = re.sub(r" \([^()]*\)$", "", entry.actor_name)
    return f"{name} ({roles(entry)})" if entry.role else name


def roles(entry: AuditEntry) -> str:
    """The roles of an entry in words: ``site coordinator``; of a machine ``system``."""
    known = {role.value: str(role.label).lower() for role in Role}
    return ", ".join(known.get(word, word) for word in entry.role.split(", ")) if entry.role else ""


def _without_unit(old: str, new: str) -> str:
    """60 ×10⁹/L beside 66 ×10⁹/L is 60."""
    unit = new.rpartition(" ")[2]
    return old.removesuffix(f" {unit}") if re.fullmatch(r"[0-9.]+ \S+", old) and re.fullmatch(r"[0-9.]+ \S+", new) else old


# --- what changed ---------------------------------------------------------------------------------------------------


@cache
def _tables() -> dict[str, type[models.Model]]:
    return {model._meta.db_table: model for model in apps.get_models()}


@cache
def _columns(model: type[models.Model]) -> dict[str, models.Field]:
    return {field.column: field for field in model._meta.concrete_fields}


@cache
def _pointing_at(model: type[models.Model]) -> dict[str, list[str]]:
    """The columns that hold keys of this model, by their table."""
    pointing = {t: [c for c, f in _columns(m).items() if f.related_model is model] for t, m in _tables().items()}
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


@cache
def referred_models() -> list[type[models.Model]]:
    """What answers may refer to, such as a bag of the stock."""
    refs = [item for sheet in sheets().values() for item in sheet.items().values() if isinstance(item, Ref)]
    return list(dict.fromkeys(ref.related_model for ref in refs))


def changes_of(entry: AuditEntry, names: Names) -> tuple[Change, ...]:
    """Every value that the entry changed, in the order of the form."""
    model = _tables().get(entry.table_name)
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
    fields = _columns(model) if model else {}
    old, new = entry.old or {}, entry.new or {}
    for column in dict.fromkeys([*old, *new]):
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


# --- who says what ----------------------------------------------------------------------------------------------------

Maker = Callable[[AuditEntry, Names, tuple[Change, ...]], Words]
_makers: dict[str, Maker] = {}


def tells(label: str) -> Callable[[Maker], Maker]:
    """Registers the sentence maker of a model, for example ``@tells("casebook.Visit")``."""

    def register(maker: Maker) -> Maker:
        _makers[label] = maker
        return maker

    return register


def told(entry: AuditEntry, names: Names, changes: tuple[Change, ...] | None = None) -> Told:
    """One entry in words. ``changes`` narrows it to some of what it changed."""
    everything = changes_of(entry, names) if changes is None else changes
    model = _tables().get(entry.table_name)
    maker = _maker_of(model)
    return Told(entry, names.place(entry), maker(entry, names, everything), everything)


def _maker_of(model: type[models.Model] | None) -> Maker:
    if model is None:
        return _default
    if issubclass(model, Sheet):
        return _answers
    return _makers.get(model._meta.label, _default)


def _answers(entry: AuditEntry, names: Names, changes: tuple[Change, ...]) -> Words:
    sheet, place = _tables()[entry.table_name], names.place(entry)
    is_row = issubclass(sheet, Row)
    where = f"a line of “{sheet.legend}” in {place}" if is_row else place
    if entry.operation == "DELETE":
        return Words(f"took away {where}", listed=bool(changes))
    if not changes:
        return Words(f"saved {where} without an answer" if entry.operation == "INSERT" else f"put {where} in another order")
    if len(changes) == 1:
        return Words(changes[0].clause(where))
    return Words(f"{'entered' if entry.operation == 'INSERT' else 'changed'} {where}", listed=True)


@tells("casebook.FormRecord")
def _form_record(entry: AuditEntry, names: Names, changes: tuple[Change, ...]) -> Words:
    place = names.place(entry)
    if entry.operation == "INSERT":
        record = names.records.get(entry.record)
        return Words(f"{'planned' if record is not None and record.visit_id else 'opened'} the form {place}")
    new = entry.new or {}
    version = f" as version {new['version']}" if "version" in new else ""
    state = f"; it is now {_chosen(FormRecord.Status, new['status']).lower()}" if "status" in new else ""
    return Words(f"saved {place}{version}{state}")


def _chosen(choices: type[models.TextChoices], code: Any) -> str:
    """The label of a code; of one that no longer exists the code itself."""
    return str(dict(choices.choices).get(code, code or "nothing"))


@tells("casebook.Visit")
def _visit(entry: AuditEntry, names: Names, changes: tuple[Change, ...]) -> Words:
    visit, new = names.visits.get(entry.row), entry.new or {}
    title = f"the visit “{visit.title}”" if visit else "a visit"
    if entry.operation == "INSERT":
        days = ", ".join(f"{word} {_day(new.get(name))}" for word, name in (("opens", "opens"), ("closes", "closes")))
        happened = f"; it took place on {_day(new['happened_on'])}" if new.get("happened_on") else ""
        return Words(f"planned {title} for {_day(new.get('target'))} ({days}){happened}")
    old, said = entry.old or {}, []
    if "happened_on" in new:
        was = f" (before: {_day(old['happened_on'])})" if old.get("happened_on") else ""
        day = _day(new["happened_on"])
        said.append(f"recorded that {title} took place on {day}{was}" if day else f"took back the day of {title}{was}")
    if "target" in new:
        said.append(f"moved {title} from {_day(old.get('target'))} to {_day(new['target'])}")
    if "cancelled" in new:
        said.append(f"cancelled {title}: {new['cancelled']}" if new["cancelled"] else f"planned {title} again")
    return Words(" and ".join(said)) if said else _default(entry, names, changes)


def _day(raw: str | None) -> str:
    return f"{date.fromisoformat(raw):%d %b %Y}" if raw else ""


@tells("casebook.Participant")
def _participant(entry: AuditEntry, names: Names, changes: tuple[Change, ...]) -> Words:
    old, new = entry.old or {}, entry.new or {}
    if entry.operation == "INSERT":
        return Words(f"took {new.get('screening_number')} into screening")
    if "state" not in new:
        return _default(entry, names, changes)
    before, after = (_chosen(Participant.State, said.get("state")) for said in (old, new))
    number = f" and gave the subject number {new['subject_number']}" if new.get("subject_number") else ""
    day = next((f" on {_day(new[name])}" for name in ("enrolled_on", "ended_on") if new.get(name)), "")
    return Words(f"moved the participant from “{before}” to “{after}”{day}{number}")


@tells("casebook.Finding")
def _finding(entry: AuditEntry, names: Names, changes: tuple[Change, ...]) -> Words:
    """Questions come from the system, in the save of a person; confirming is a person's (RQ-11)."""
    finding, place = names.findings.get(entry.row), names.place(entry)
    message = (entry.new or {}).get("message") or (finding.message if finding else "")
    system = f"the system (software {entry.software}), when {who(entry)} saved,"
    state = (entry.new or {}).get("state")
    if entry.operation == "INSERT":
        return Words(f"asked about {place}: “{message}”", subject=system)
    if state == Finding.State.CURED:
        return Words(f"closed a question about {place}, which the data answered: “{message}”", subject=system)
    if state == Finding.State.CONFIRMED:
        return Words(f"confirmed what stands in {place}, about which the system had asked: “{message}”")
    return _default(entry, names, changes)


_VERBS = {"INSERT": "added", "UPDATE": "changed", "DELETE": "took away"}


def _default(entry: AuditEntry, names: Names, changes: tuple[Change, ...]) -> Words:
    """For a table without words of its own: what kind of thing, and its columns by their labels."""
    model = _tables().get(entry.table_name)
    kind = str(model._meta.verbose_name) if model is not None else entry.table_name.partition("_")[2].replace("_", " ")
    place = names.place(entry)
    thing = f"{'an' if kind[:1] in 'aeiou' else 'a'} {kind}{f' in {place}' if place else ''}"
    readable = [change for change in changes if change.readable]
    if len(readable) == 1 and entry.operation == "UPDATE":
        return Words(readable[0].clause(thing))
    return Words(f"{_VERBS[entry.operation]} {thing}", listed=bool(readable))
