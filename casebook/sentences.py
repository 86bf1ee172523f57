"""The trail in words: one entry as a sentence that an inspector reads without a code book.

Every audited table has words. Forms and their rows speak through their items (``_answers``); the tables of the kernel have
a maker here; any other table has the default, which reads labels and choices off its model. An app with a better sentence
registers it: ``@tells("app.Model")``.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db import models

from casebook.changes import Change, changes_of, moment
from casebook.crf import Row, Sheet
from casebook.models import Comment, Finding, FormRecord, Lock, Participant
from casebook.names import Names, question_label, tables
from itp_trial.models import AuditEntry
from itp_trial.roles import Role


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
    model = tables().get(entry.table_name)
    maker = _maker_of(model)
    return Told(entry, names.place(entry), maker(entry, names, everything), everything)


def _maker_of(model: type[models.Model] | None) -> Maker:
    if model is None:
        return _default
    if issubclass(model, Sheet):
        return _answers
    return _makers.get(model._meta.label, _default)


def _answers(entry: AuditEntry, names: Names, changes: tuple[Change, ...]) -> Words:
    sheet, place = tables()[entry.table_name], names.place(entry)
    is_row = issubclass(sheet, Row)
    where = f"a line of “{sheet.legend}” in {place}" if is_row else place
    if (moved := (entry.new or {}).get("taken_away")) is not None and entry.operation == "UPDATE":
        return Words(f"took away {where}" if moved else f"put back {where}")
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


@tells("casebook.Comment")
def _comment(entry: AuditEntry, names: Names, changes: tuple[Change, ...]) -> Words:
    """Comments are only ever added; a redacted one is told by its marker."""
    new, record = entry.new or {}, names.records.get(entry.record)
    if record is None or entry.operation != "INSERT":
        return _default(entry, names, changes)
    what = "added a photo of the source to" if new["kind"] == Comment.Kind.PHOTO else "commented on"
    return Words(f"{what} “{question_label(record.crf_class, new['item'])}” in {names.place(entry)}: “{new['text']}”")


@tells("casebook.Lock")
def _lock(entry: AuditEntry, names: Names, changes: tuple[Change, ...]) -> Words:
    """Freezing, locking and opening again, of one form, a visit or all forms."""
    lock = names.locks.get(entry.row)
    if lock is None:
        return _default(entry, names, changes)
    visit = names.visits.get(str(lock.of_visit_id))
    where = names.form(lock.of_record_id) or (f"the visit “{visit.title}”" if visit else "all forms of the participant")
    if entry.operation == "INSERT":
        return Words(f"{'froze' if lock.kind == Lock.Kind.FROZEN else 'locked'} {where}")
    return Words(f"opened {where} again ({lock.get_kind_display().lower()} before)")


_VERBS = {"INSERT": "added", "UPDATE": "changed", "DELETE": "took away"}


def _default(entry: AuditEntry, names: Names, changes: tuple[Change, ...]) -> Words:
    """For a table without words of its own: what kind of thing, and its columns by their labels."""
    model = tables().get(entry.table_name)
    kind = str(model._meta.verbose_name) if model is not None else entry.table_name.partition("_")[2].replace("_", " ")
    place = names.place(entry)
    thing = f"{'an' if kind[:1] in 'aeiou' else 'a'} {kind}{f' in {place}' if place else ''}"
    readable = [change for change in changes if change.readable]
    if len(readable) == 1 and entry.operation == "UPDATE":
        return Words(readable[0].clause(thing))
    return Words(f"{_VERBS[entry.operation]} {thing}", listed=bool(readable))
