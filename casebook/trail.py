"""Questions to the trail: which entries, by which filter. The words stand in ``casebook.sentences``.

Every filter is a condition in the database, so that a page costs the same at any size; pages follow each other by the
place in the chain (no offset, no count).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any

from django.db import connection
from django.db.models import BooleanField, DateField, ExpressionWrapper, F, OuterRef, Q, QuerySet, Subquery
from django.db.models.expressions import RawSQL

from casebook import sentences
from casebook.changes import Change, changes_of
from casebook.crf import crf_models
from casebook.models import Comment, Finding, FormRecord, Participant, Visit
from casebook.names import Names, names_of_record, question, sheet_title, sheets
from casebook.sentences import Told
from itp_trial.models import AuditEntry
from itp_trial.normalise import Unreadable, day
from itp_trial.protocol import value

PAGE = 50
LATE_ENTRY_D, NIGHT_FROM, NIGHT_UNTIL = value("LATE_ENTRY_D"), value("NIGHT_FROM_H"), value("NIGHT_UNTIL_H")
ANSWERS, QUESTIONS, COMMENTS, VISITS, FORMS = "answers", "questions", "comments", "visits", "forms"
KINDS = {
    ANSWERS: "Answers", QUESTIONS: "Questions of the system", COMMENTS: "Comments and photos", VISITS: "Visits and states",
    FORMS: "Forms opened and saved",
}  # fmt: skip
#: The filters that are switched on or off, with their words.
SWITCHES = {
    "critical": "critical items only",
    "repeated": "changed more than once",
    "late": f"first entered more than {LATE_ENTRY_D} days after the visit (assumption)",
    "night": f"between {NIGHT_FROM}:00 and {NIGHT_UNTIL:02d}:00 Cairo (assumption)",
    "signed": "after the first signature of the form",
}


@dataclass(frozen=True)
class Filters:
    """What somebody wants to see of a trail. ``item`` is ``form:item``, ``person`` the key of an actor."""

    kind: str = ""
    form: str = ""
    item: str = ""
    person: str = ""
    role: str = ""
    since: date | None = None
    until: date | None = None
    critical: bool = False
    repeated: bool = False
    late: bool = False
    night: bool = False
    signed: bool = False
    error: str = ""

    @classmethod
    def read(cls, query: Mapping[str, str]) -> Filters:
        """From the address. What cannot be read finds nothing and says so: it never answers with everything."""
        words = {name: query.get(name, "") for name in ("kind", "form", "item", "person", "role")}
        found = cls(**words, **{name: name in query for name in SWITCHES})
        try:
            since, until = (day(query[name]) if query.get(name, "").strip() else None for name in ("since", "until"))
        except Unreadable as error:
            return replace(found, error=str(error))
        if found.item and not _pairs_of(found.item):
            return replace(found, error="There is no such question.")
        return replace(found, since=since, until=until)

    @property
    def is_narrow(self) -> bool:
        """True where only some of the changes of an entry are shown."""
        return bool(self.item) or self.critical or self.repeated

    def entries(self, trail: QuerySet[AuditEntry]) -> QuerySet[AuditEntry]:
        """The entries of this trail that pass."""
        if self.error:
            return trail.none()
        wanted = Q()
        if self.kind:
            wanted &= Q(table_name__in=_tables_of(self.kind))
        if self.form:
            wanted &= Q(form=self.form)
        if self.person:
            wanted &= Q(actor_id=self.person)
        if self.role:
            wanted &= role_is(self.role)
        if self.since:
            wanted &= Q(at__date__gte=self.since)
        if self.until:
            wanted &= Q(at__date__lte=self.until)
        if self.night:
            wanted &= AT_NIGHT
        return self._by_values(trail.filter(wanted))

    def _by_values(self, trail: QuerySet[AuditEntry]) -> QuerySet[AuditEntry]:
        if self.item:
            trail = touching(trail, _pairs_of(self.item))
        if self.critical:
            trail = touching(trail, critical_items())
        if self.repeated:
            trail = changed_again(trail)
        if self.late:
            trail = late(trail)
        return after_signature(trail) if self.signed else trail

    def narrowed(self, entry: AuditEntry, changes: tuple[Change, ...], again: set[tuple[str, str, str]]) -> tuple[Change, ...]:
        """Those changes of an entry that pass."""
        wanted = self.item.partition(":")[2]
        return tuple(
            change
            for change in changes
            if (not wanted or change.name == wanted)
            and (not self.critical or change.critical)
            and (not self.repeated or (entry.table_name, entry.row, change.name) in again)
        )


def tell(entries: list[AuditEntry], names: Names, filters: Filters) -> list[Told]:
    """The entries in words, narrowed to what the filters ask for."""
    again = changed_items([entry.row for entry in entries]) if filters.repeated else set()
    found = []
    for entry in entries:
        changes = changes_of(entry, names)
        kept = filters.narrowed(entry, changes, again) if filters.is_narrow else changes
        if kept or not filters.is_narrow:
            found.append(sentences.told(entry, names, kept))
    return found


# --- whose trail ------------------------------------------------------------------------------------------------------


def of_participant(participant: Participant) -> QuerySet[AuditEntry]:
    """Everything about one participant, newest first. The chain is the participant's own, so its places are the order."""
    return AuditEntry.objects.filter(chain=str(participant.pk)).order_by("-place")


def page_of(trail: QuerySet[AuditEntry], before: int = 0, size: int = PAGE) -> tuple[list[AuditEntry], int]:
    """One page below a place, and the place where the next one begins (0: there is none)."""
    rows = list((trail.filter(place__lt=before) if before else trail)[: size + 1])
    return rows[:size], rows[size - 1].place if len(rows) > size else 0


def actors(trail: QuerySet[AuditEntry]) -> list[tuple[str, str]]:
    """Who stands in a trail: key and name."""
    found = trail.order_by("actor_name").values_list("actor_id", "actor_name").distinct()
    return list(dict(found).items())


def of_item(record: FormRecord, word: str, line: str = "") -> tuple[str, list[Told]]:
    """The label of one question of a form, and its history, newest first. Raises ``LookupError``."""
    sheet, item = question(record.crf_class, word)
    trail = AuditEntry.objects.filter(table_name=sheet._meta.db_table, row=line or str(record.pk), record=record.pk)
    entries = list(trail)
    names = names_of_record(record, entries)
    return item.label, tell(entries, names, Filters(item=f"{record.form}:{item.name}"))


def of_record(record: FormRecord) -> list[Told]:
    """What the trail says of the answers of a form and of its lines, newest first."""
    crf = record.crf_class
    tables = [model._meta.db_table for model in (crf, *crf.row_models)]
    entries = list(AuditEntry.objects.filter(record=record.pk, table_name__in=tables))
    return tell(entries, names_of_record(record, entries), Filters())


# --- conditions -------------------------------------------------------------------------------------------------------

AT_NIGHT = Q(at__hour__gte=NIGHT_FROM) | Q(at__hour__lt=NIGHT_UNTIL)


def role_is(role: str) -> Q:
    """Done in this role, also where the person had several; ``system`` is every machine."""
    return Q(role__regex=rf"(^|, ){role}(,|$)") if role.replace("_", "").isalpha() else Q(pk=None)


Pairs = Iterable[tuple[str, str]]


def _where(sql: str, *values: Any) -> RawSQL:
    """A condition on an entry that has no words in the ORM. The SQL is ours; values travel apart from it."""
    return RawSQL(sql, list(values), BooleanField())  # noqa: S611  (constants of this module)


_TOUCHED = """EXISTS (SELECT 1 FROM (
    SELECT key FROM jsonb_each_text(coalesce(old, '{}')) WHERE value IS NOT NULL
    UNION ALL SELECT key FROM jsonb_each_text(coalesce(new, '{}')) WHERE value IS NOT NULL
    UNION ALL SELECT why.key FROM jsonb_each_text(coalesce(old -> 'missing', '{}') || coalesce(new -> 'missing', '{}')) AS why
        WHERE old -> 'missing' ->> why.key IS DISTINCT FROM new -> 'missing' ->> why.key
    ) AS touched WHERE table_name || '.' || touched.key = ANY(%s))"""


def touching(trail: QuerySet[AuditEntry], pairs: Pairs) -> QuerySet[AuditEntry]:
    """The entries that gave, changed or took away one of these (table, column) values, or the reason why it is missing."""
    return trail.filter(_where(_TOUCHED, [f"{t}.{c}" for t, c in pairs]))


_TAKEN = """EXISTS (SELECT 1 FROM jsonb_each_text(coalesce(old, '{}')) AS was
    WHERE was.value IS NOT NULL AND table_name || '.' || was.key = ANY(%s))"""


def taking(trail: QuerySet[AuditEntry], pairs: Pairs) -> QuerySet[AuditEntry]:
    """The entries that changed or took away one of these (table, column) values; a first answer is none of them."""
    return trail.filter(_where(_TAKEN, [f"{t}.{c}" for t, c in pairs]))


_AGAIN = """EXISTS (SELECT 1 FROM jsonb_each_text(coalesce(itp_trial_auditentry.old, '{}')) AS was
    WHERE was.value IS NOT NULL AND was.key NOT IN ('missing', 'position') AND 1 < (
        SELECT count(*) FROM itp_trial_auditentry AS other
        WHERE other.table_name = itp_trial_auditentry.table_name AND other."row" = itp_trial_auditentry."row"
        AND other.operation = 'UPDATE' AND other.old ->> was.key IS NOT NULL))"""


def changed_again(trail: QuerySet[AuditEntry]) -> QuerySet[AuditEntry]:
    """Changes of an answer that was changed more than once."""
    tables = _tables_of(ANSWERS)
    return trail.filter(_where(_AGAIN), operation="UPDATE", table_name__in=tables)


def changed_items(rows: Iterable[str]) -> set[tuple[str, str, str]]:
    """Which answers (table, row, item) of these rows were changed more than once. One query."""
    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT table_name, "row", was.key FROM itp_trial_auditentry, jsonb_each_text(coalesce(old, '{}')) AS was
               WHERE operation = 'UPDATE' AND was.value IS NOT NULL AND "row" = ANY(%s) AND table_name = ANY(%s)
               GROUP BY table_name, "row", was.key HAVING count(*) > 1""",
            [sorted(set(rows)), _tables_of(ANSWERS)],
        )
        names = {(t, item.attname): item.name for t, sheet in _sheets().items() for item in sheet.items().values()}
        return {(table, row, names.get((table, column), column)) for table, row, column in cursor.fetchall()}


_FILLS = """EXISTS (SELECT 1 FROM jsonb_each_text(coalesce(new, '{}')) AS given
    WHERE given.value IS NOT NULL AND given.key NOT IN ('missing', 'position', 'id', 'record_id', 'crf_id')
    AND old ->> given.key IS NULL)"""


def late(trail: QuerySet[AuditEntry]) -> QuerySet[AuditEntry]:
    """Answers first entered more than ``LATE_ENTRY_D`` days after their visit took place."""
    happened = FormRecord.objects.filter(pk=OuterRef("record")).values("visit__happened_on")[:1]
    latest = ExpressionWrapper(F("happened") + timedelta(days=LATE_ENTRY_D), output_field=DateField())
    answers = trail.filter(_where(_FILLS), table_name__in=_tables_of(ANSWERS))
    return answers.alias(happened=Subquery(happened)).filter(at__date__gt=latest)


_SIGNED = """EXISTS (SELECT 1 FROM signatures_signature AS s WHERE s.participant_id = itp_trial_auditentry.participant
    AND s.manifest ? itp_trial_auditentry.record::text
    AND (s.manifest -> itp_trial_auditentry.record::text ->> 'head')::bigint < itp_trial_auditentry.id
    AND itp_trial_auditentry.at > s.signed_at)"""


def after_signature(trail: QuerySet[AuditEntry]) -> QuerySet[AuditEntry]:
    """Entries of a form that are younger than its first signature.

    Signatures stand in the app above this one, which is asked in SQL.
    """
    return trail.filter(_where(_SIGNED))


# --- what belongs to what ---------------------------------------------------------------------------------------------


def _sheets() -> dict[str, Any]:
    return {sheet._meta.db_table: sheet for sheet in sheets().values()}


def _tables_of(kind: str) -> list[str]:
    models = {QUESTIONS: [Finding], COMMENTS: [Comment], VISITS: [Visit, Participant], FORMS: [FormRecord]}
    return list(_sheets()) if kind == ANSWERS else [model._meta.db_table for model in models.get(kind, [])]


def _pairs_of(word: str) -> list[tuple[str, str]]:
    """``infusion-bags:volume_ml`` as (table, column), twice where the column is called otherwise than the item."""
    slug, _, name = word.partition(":")
    sheet = sheets().get(slug)
    item = sheet.items().get(name) if sheet else None
    return [(sheet._meta.db_table, column) for column in dict.fromkeys([item.attname, name])] if sheet and item else []


def answers_only(trail: QuerySet[AuditEntry]) -> QuerySet[AuditEntry]:
    return trail.filter(table_name__in=_tables_of(ANSWERS))


def critical_items(*, typed: bool = False) -> list[tuple[str, str]]:
    """Every item that decides eligibility, dose, response or safety, as (table, column); ``typed`` leaves the computed out."""
    items = [(table, item) for table, sheet in _sheets().items() for item in sheet.items().values()]
    critical = [(table, item) for table, item in items if item.critical and not (typed and item.derived)]
    return [(table, column) for table, item in critical for column in dict.fromkeys([item.attname, item.name])]


def item_choices() -> list[tuple[str, list[tuple[str, str]]]]:
    """All questions by form, for the filter."""
    return [
        (sheet_title(sheet), [(f"{slug}:{name}", item.label) for name, item in sheet.items().items()])
        for slug, sheet in sheets().items()
    ]


def form_choices() -> list[tuple[str, str]]:
    return [(crf.slug, crf.title()) for crf in crf_models()]
