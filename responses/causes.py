"""Why a class changed: what the trail says that a save, a removal or a confirmation has just rewritten.

New answers move a class on, which is what a trial is for, and are no correction; they are announced only where they
rewrite the past (the best response falls, which later data alone cannot do).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import dropwhile, islice, takewhile
from typing import Any

from casebook.changes import changes_of
from casebook.models import Finding, FormRecord, Participant
from casebook.names import Names, names_of_record, tables
from casebook.sentences import who
from itp_trial.models import AuditEntry
from responses.models import ResponseSummary

#: Given the summary before and after: why it changed, or an empty text where that is no news.
Cause = Callable[[ResponseSummary, ResponseSummary], str]
RECORDS = FormRecord._meta.db_table
#: One save writes far fewer entries than this.
LOOKED_AT = 200
RANK = {"CR": 2, "R": 1}


def nothing(before: ResponseSummary, after: ResponseSummary) -> str:
    """Days went by, or the participant moved on: the class follows its course."""
    return ""


def of_rules(before: ResponseSummary, after: ResponseSummary) -> str:
    """The same data under another version of the rules."""
    if before.rules_version == after.rules_version:
        return ""
    return f"the rules changed from version {before.rules_version} to {after.rules_version}"


def of_save(record: FormRecord) -> Cause:
    """The corrections in the save of this form that has just been written."""

    def cause(before: ResponseSummary, after: ResponseSummary) -> str:
        entries = _entries_of_save(record)
        corrections = list(_corrections(record, entries))
        if corrections:
            return f"{'; '.join(corrections)} ({_by(entries[0])})"
        if entries and RANK.get(after.best_response, 0) < RANK.get(before.best_response, 0):
            return f"{Names(FormRecord.objects.filter(pk=record.pk)).place(entries[0])} was entered ({_by(entries[0])})"
        return ""

    return cause


def of_event(participant: Participant, kind: Any) -> Cause:
    """A form was removed or put back, or a questioned value was confirmed: the newest entry of that kind says which."""
    tell = {FormRecord: _removal, Finding: _confirmation}.get(kind)

    def cause(before: ResponseSummary, after: ResponseSummary) -> str:
        if tell is None:
            return ""
        trail = AuditEntry.objects.filter(chain=str(participant.pk), table_name=kind._meta.db_table).order_by("-place")
        entry = trail.first()
        if entry is None:
            return ""
        return f"{tell(entry, Names(FormRecord.everything.filter(pk=entry.record)))} ({_by(entry)})"

    return cause


def _entries_of_save(record: FormRecord) -> list[AuditEntry]:
    """The entries of answers between this save's own entry of the form and that of the save before, newest first."""
    trail = islice(AuditEntry.objects.filter(record=record.pk).order_by("-pk")[:LOOKED_AT].iterator(), LOOKED_AT)
    since = dropwhile(lambda entry: entry.table_name != RECORDS, trail)
    next(since, None)
    answers = {model._meta.db_table for model in (record.crf_class, *record.crf_class.row_models)}
    return [entry for entry in takewhile(lambda entry: entry.table_name != RECORDS, since) if entry.table_name in answers]


def _corrections(record: FormRecord, entries: list[AuditEntry]) -> Iterator[str]:
    """``Platelets in Blood count, Count day 3 was corrected from 70 to 17 ×10⁹/L``: only what replaced another answer."""
    names = names_of_record(record, entries)
    for entry in reversed(entries):
        if entry.operation == "UPDATE" and entry.table_name in tables():
            for change in changes_of(entry, names):
                if change.old and not change.derived:
                    yield f"{change.label} in {names.place(entry)} was {_corrected(change.old, change.new)}"


def _corrected(old: str, new: str) -> str:
    return f"corrected from {old} to {new}" if new else f"emptied (it was {old})"


def _removal(entry: AuditEntry, names: Names) -> str:
    removed = (entry.new or {}).get("removed_at")
    return f"{names.place(entry)} was {'removed from' if removed else 'put back into'} the casebook"


def _confirmation(entry: AuditEntry, names: Names) -> str:
    return f"a value in {names.place(entry)} was confirmed as correct"


def _by(entry: AuditEntry) -> str:
    said = f": {entry.reason.strip()}" if entry.reason.strip() else ""
    return f"{who(entry)}{said}"
