"""What was corrected since a person last looked at a child: old value, new value, who, why. One query."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db.models import OuterRef, Subquery
from django.db.models.functions import Coalesce

from casebook.changes import Change, changes_of
from casebook.crf import crf_by_slug
from casebook.models import FormRecord, Participant
from casebook.names import Names
from casebook.sentences import who
from casebook.trail import answers_only
from itp_trial.models import AuditEntry
from itp_trial.schedule import VISITS
from responses.models import LastLook

#: A page shows this many; older ones stand in the trail.
SHOWN = 20


@dataclass(frozen=True)
class Seen:
    """One entry of the trail that replaced answers. ``place`` is what a tick refers to."""

    place: int
    record: Any
    where: str
    changes: tuple[Change, ...]
    who: str
    why: str
    at: Any
    ticked: bool


@dataclass(frozen=True)
class Since:
    """The corrections since the last look, newest first; ``more`` says that older ones are not shown."""

    looked_at: Any
    entries: tuple[Seen, ...]
    more: bool

    @property
    def left(self) -> int:
        return sum(not entry.ticked for entry in self.entries)


def since_last_look(participant: Participant, person: Any) -> Since:
    """For the person's own page: what to read before anything else."""
    mark = LastLook.objects.filter(participant=participant, person=person)
    after = Coalesce(Subquery(mark.values("place")[:1]), 0)
    form = FormRecord.everything.filter(pk=OuterRef("record"))
    found = corrections(participant, after).annotate(
        ticked=Subquery(mark.values("ticked")[:1]), looked_at=Subquery(mark.values("looked_at")[:1]),
        repeat=Subquery(form.values("repeat")), visit=Subquery(form.values("visit__code")),
        visit_repeat=Subquery(form.values("visit__repeat")),
    )  # fmt: skip
    entries = list(found[: SHOWN + 1])
    names = Names(FormRecord.everything.filter(participant=participant), entries)
    seen = [_seen(entry, names) for entry in entries[:SHOWN]]
    looked_at = entries[0].looked_at if entries else None
    return Since(looked_at, tuple(entry for entry in seen if entry.changes), len(entries) > SHOWN)


def corrections(participant: Participant, after: Any) -> Any:
    """The entries after a place of the chain that replaced an answer: only those need a reason, so all of them have one."""
    trail = AuditEntry.objects.filter(chain=str(participant.pk), place__gt=after, operation="UPDATE").exclude(reason="")
    return answers_only(trail).order_by("-place")


def _seen(entry: Any, names: Names) -> Seen:
    changes = tuple(change for change in changes_of(entry, names) if change.old and change.readable and not change.derived)
    ticked = entry.place in (entry.ticked or ())
    return Seen(entry.place, entry.record, _where(entry), changes, who(entry), entry.reason, entry.at, ticked)


def _where(entry: Any) -> str:
    """``Blood count, Unscheduled visit 2``."""
    crf = crf_by_slug(entry.form).title()
    form = f"{crf} {entry.repeat}" if entry.repeat > 1 else crf
    if entry.visit is None:
        return str(form)
    plan = VISITS[entry.visit]
    return f"{form}, {plan.title} {entry.visit_repeat}" if plan.repeats else f"{form}, {plan.title}"
