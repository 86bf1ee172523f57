"""Freeze, lock, lift: who may still change what (RQ-28). The state is rows of ``Lock``; whether a form is open is derived.

A **freeze** says "cleaned, please leave it"; a **lock** says "final": it needs every covered form signed and no open question.
Either closes a form, a visit or a participant to people and machines alike. Safety data (``Crf.is_safety``) stay open while
their visit or participant is closed, and new ones can always be added; they are closed one by one, by name.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from django.db.models import Count, Q
from django.utils import timezone

from casebook.models import Finding, FormRecord, Lock, Participant, Visit
from itp_trial.actor import acting
from itp_trial.refusal import Refused

Target = Participant | Visit | FormRecord

#: What else must hold before forms are locked; each says in words what is missing. The app that signs adds its own.
conditions: list[Callable[[Participant, list[FormRecord]], list[str]]] = []


class Closed(Refused):
    """The form, its visit or its participant is frozen or locked."""


# --- what is closed -----------------------------------------------------------------------------------------------------


@dataclass
class Locks:
    """Everything that is closed now about one participant: one query for any number of forms."""

    living: list[Lock] = field(default_factory=list)

    @classmethod
    def of(cls, participant: Participant | None) -> Locks:
        """Of a product form, which belongs to no participant, nothing is ever closed."""
        if participant is None:
            return cls()
        return cls(list(Lock.objects.filter(participant=participant, lifted_at=None).select_related("set_by")))

    def own(self, target: Target) -> Lock | None:
        """The lock that names exactly this."""
        return next((lock for lock in self.living if _key(lock) == key_of(target)), None)

    def closing(self, target: Target) -> list[Lock]:
        """Every lock that closes this, the strictest first."""
        found = [lock for lock in self.living if _key(lock) in _covering(target)]
        return sorted(found, key=lambda lock: lock.kind != Lock.Kind.LOCKED)

    def over(self, target: Target) -> Lock | None:
        """The lock that closes this, the strictest one where there are several."""
        return next(iter(self.closing(target)), None)


def closing(record: FormRecord) -> Lock | None:
    """What closes this form now, or None."""
    return Locks.of(record.participant).over(record)


def refuse_closed(target: Target) -> None:
    """Raises ``Closed`` where this takes no changes now. Inside an action, after the participant was locked for update."""
    participant = target if isinstance(target, Participant) else target.participant
    if lock := Locks.of(participant).over(target):
        raise Closed(f"{lock.sentence} Nothing was saved. A data manager can open it again.")


def key_of(target: Target) -> tuple[Any, Any, Any]:
    """Participant, visit and record, as a lock of exactly this has them."""
    if isinstance(target, Participant):
        return target.pk, None, None
    if isinstance(target, Visit):
        return target.participant_id, target.pk, None
    return target.participant_id, None, target.pk


def _key(lock: Lock) -> tuple[Any, Any, Any]:
    return lock.participant_id, lock.of_visit_id, lock.of_record_id


def _covering(target: Target) -> set[tuple[Any, Any, Any]]:
    """The keys of the locks that close this: its own, and unless it is safety data those of what it belongs to."""
    own = key_of(target)
    if isinstance(target, Participant) or (isinstance(target, FormRecord) and target.crf_class.is_safety):
        return {own}
    visit = target.visit_id if isinstance(target, FormRecord) else None
    return {own, (own[0], None, None)} | ({(own[0], visit, None)} if visit else set())


# --- what stands against a lock ----------------------------------------------------------------------------------------


def covered(target: Target) -> list[FormRecord]:
    """The forms that a lock of this closes: all but those of visits that are not needed, and safety data."""
    if isinstance(target, FormRecord):
        return [target]
    records = FormRecord.objects.filter(participant=key_of(target)[0]).select_related("visit__participant", "participant")
    if isinstance(target, Visit):
        records = records.filter(visit=target)
    not_needed = Q(version=0) & ~Q(visit__cancelled="") & Q(visit__isnull=False)
    found = records.exclude(not_needed).order_by("visit__target", "created_at", "form", "repeat")
    return [record for record in found if not record.crf_class.is_safety]


def obstacles(target: Target) -> list[str]:
    """Everything that has to be done before this can be locked, in words."""
    records = covered(target)
    opened = dict(
        Finding.objects.filter(record__in=records, state=Finding.State.OPEN)
        .values_list("record")
        .annotate(Count("pk"))
        .order_by()
    )
    found = [text for record in records if (text := _unfinished(record, opened.get(record.pk, 0)))]
    participant = target if isinstance(target, Participant) else target.participant
    return found + [text for condition in conditions for text in condition(participant, [r for r in records if r.version])]


def _unfinished(record: FormRecord, questions: int) -> str:
    place = place_of(record)
    if not record.version:
        return f"{place}: not filled yet."
    return f"{place}: {questions} open question{'' if questions == 1 else 's'}." if questions else ""


def place_of(record: FormRecord) -> str:
    """``Blood count, Count day 3``."""
    return f"{record.title}, {record.visit.title}" if record.visit else record.title


# --- closing and opening -----------------------------------------------------------------------------------------------


def freeze(*, target: Target, reason: str, by: Any) -> Lock:
    """Closes this until somebody lifts it; it need not be complete."""
    return _close(target, Lock.Kind.FROZEN, reason, by)


def lock(*, target: Target, reason: str, by: Any) -> Lock:
    """Closes what is final. The door has just asked for the password.

    :raises Refused: with everything that is still missing
    """
    return _close(target, Lock.Kind.LOCKED, reason, by)


def _close(target: Target, kind: Lock.Kind, reason: str, by: Any) -> Lock:
    if not reason.strip():
        raise Refused("Please give the reason.")
    participant, visit, record = key_of(target)
    if participant is None:
        raise Refused("Product forms are not closed: their bags are in the infusions of several participants.")
    with acting(by, reason.strip()):
        wait_for(participant)
        own = Locks.of(Participant(pk=participant)).own(target)
        if own is not None and (own.kind == kind or own.kind == Lock.Kind.LOCKED):
            raise Refused(f"{own.sentence} Nothing was done.")
        if kind == Lock.Kind.LOCKED and (missing := obstacles(target)):
            raise Refused("This cannot be locked yet. " + " ".join(missing))
        if own is not None:
            _end(own, "Locked", by)
        return Lock.objects.create(
            participant_id=participant, of_visit_id=visit, of_record_id=record, kind=kind, reason=reason.strip()[:500], set_by=by
        )


def lift(*, target: Target, reason: str, by: Any) -> Lock:
    """Opens again what was frozen or locked by name. The door has just asked for the password.

    A signature stays as it is; the change that follows supersedes it. What was computed anew meanwhile is taken over.
    """
    if not reason.strip():
        raise Refused("Please give the reason.")
    with acting(by, reason.strip()):
        wait_for(key_of(target)[0])
        own = Locks.of(Participant(pk=key_of(target)[0])).own(target)
        if own is None:
            raise Refused("This is not frozen or locked by itself.")
        _end(own, reason.strip()[:500], by)
        _take_over(own.participant, by)
    return own


def wait_for(participant: Any) -> None:
    """A save and a lock of one participant wait for each other here: they happen in exactly one order (C3)."""
    Participant.objects.select_for_update(no_key=True).get(pk=participant)


def _end(own: Lock, why: str, by: Any) -> None:
    own.lifted_at, own.lifted_by, own.lifted_why = timezone.now(), by, why
    own.save(update_fields=["lifted_at", "lifted_by", "lifted_why"])


def _take_over(participant: Participant, by: Any) -> None:
    from casebook.actions import recompute

    for record in waiting_to_be_computed(participant):
        recompute(record=record, by=by)


#: The code of the question about a closed form that would be computed otherwise now.
CLOSED = "CLOSED"


def waiting_to_be_computed(participant: Participant) -> Iterable[FormRecord]:
    """The forms that were closed when something that they rest on changed."""
    waiting = Q(findings__code=CLOSED, findings__state=Finding.State.OPEN)
    return list(FormRecord.objects.filter(waiting, participant=participant).select_related("participant", "visit"))
