"""Questions about signatures: what is signed, what waits, and for which milestone. Each in a fixed number of queries."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from casebook.crf import crf_models
from casebook.locks import Locks, place_of
from casebook.models import FormRecord, Lock, Participant
from itp_trial.models import AuditEntry
from itp_trial.roles import Can
from signatures import seal
from signatures.models import Scope, Signature


def valid_signatures(participant: Participant) -> list[Signature]:
    """The signatures of a participant that stand, and that the application made: one written by hand opens nothing."""
    found = Signature.objects.filter(participant=participant.pk, superseded_by=None)
    return [signature for signature in found if seal.holds(signature)]


def is_eligibility_signed(participant: Participant) -> bool:
    """True where an investigator's confirmation of eligibility stands: without it no infusion is started (RQ-39)."""
    return any(signature.scope == Scope.ELIGIBILITY for signature in valid_signatures(participant))


def not_locked(participant: Participant) -> list[str]:
    """For the signature of a data lock: it follows the lock of the whole casebook."""
    own = Locks.of(participant).own(participant)
    is_locked = own is not None and own.kind == Lock.Kind.LOCKED
    return [] if is_locked else ["The casebook is not locked yet. Lock it first, with every form signed and no open question."]


def not_signed(participant: Participant, records: list[FormRecord]) -> list[str]:
    """For a lock: the saved forms among these that no valid signature covers, in words."""
    signed = _covered(valid_signatures(participant))
    return [f"{place_of(record)}: not signed." for record in records if str(record.pk) not in signed]


def _covered(signatures: Iterable[Signature]) -> set[str]:
    """The forms that somebody vouches for; a data lock says only that they are final."""
    return {key for signature in signatures if signature.scope != Scope.LOCK for key in signature.manifest}


@dataclass(frozen=True)
class Milestone:
    """A moment at which an investigator signs (RQ-26): ``door`` and ``key`` lead to the page, ``state`` says how it stands."""

    title: str
    state: str
    door: str
    key: UUID
    #: The right that signing it takes.
    right: Can = Can.SIGN

    @property
    def is_due(self) -> bool:
        return self.state != "signed"


@dataclass
class Waiting:
    """What of one participant waits for a signature."""

    participant: Participant
    signatures: list[Signature]
    milestones: list[Milestone]
    #: Saved forms that no valid signature covers, and those among them that were signed before.
    unsigned: list[FormRecord]
    changed: list[FormRecord]

    @property
    def due(self) -> list[Milestone]:
        return [milestone for milestone in self.milestones if milestone.is_due]


def waiting_of(participants: Iterable[Participant]) -> list[Waiting]:
    """The state of signing of each participant: at most four queries, and one per kind of form that is signed by itself."""
    children = list(participants)
    signatures, records = defaultdict(list), defaultdict(list)
    for signature in Signature.objects.filter(participant__in=children).select_related("of_record", "of_visit"):
        signatures[signature.participant_id].append(signature)
    found = FormRecord.objects.filter(participant__in=children, version__gt=0).select_related("visit", "saved_by")
    saved = list(found.order_by("visit__target", "visit", "created_at", "form", "repeat"))
    for record in saved:
        records[record.participant_id].append(record)
    asked, moved, locked = _signed_by_themselves(saved), _moved_on(children), _locked(children)
    return [
        _waiting(child, signatures[child.pk], records[child.pk], asked, moved.get(str(child.pk), {}), child.pk in locked)
        for child in children
    ]


def _locked(children: list[Participant]) -> set[Any]:
    """Those whose whole casebook is locked."""
    whole = Lock.objects.filter(participant__in=children, of_visit=None, of_record=None, lifted_at=None, kind=Lock.Kind.LOCKED)
    return set(whole.values_list("participant", flat=True))


def _signed_by_themselves(saved: list[FormRecord]) -> set[UUID]:
    """The forms that say of themselves that they need a signature, such as a serious adverse event."""
    kinds = {record.form for record in saved}
    models = [crf for crf in crf_models() if crf.signed_as and crf.slug in kinds]
    forms = [crf for model in models for crf in model.objects.filter(record__in=saved).select_related("record")]
    return {crf.pk for crf in forms if crf.needs_signature()}


def _moved_on(children: list[Participant]) -> dict[str, dict[str, datetime]]:
    """When each participant whose treatment has ended came into a state last, by the trail."""
    children = [child for child in children if any(child.state in states for states in ENDS.values())]
    moved: dict[str, dict[str, datetime]] = defaultdict(dict)
    if not children:
        return moved
    entries = AuditEntry.objects.filter(table_name=Participant._meta.db_table, operation="UPDATE", new__has_key="state")
    for row, state, at in (
        entries.filter(participant__in=[c.pk for c in children]).values_list("row", "new__state", "at").order_by("id")
    ):
        moved[row][state] = at
    return moved


def _waiting(child: Participant, signatures: list[Signature], records: list[FormRecord], asked: set[UUID],
             moved: dict[str, datetime], is_locked: bool) -> Waiting:  # fmt: skip
    signed, ever = _covered(s for s in signatures if s.is_valid), _covered(signatures)
    unsigned = [record for record in records if str(record.pk) not in signed]
    milestones = [*_eligibility(child, signatures, records), *_forms(signatures, records, asked),
                  *_ends(child, signatures, moved), *_lock(child, signatures, is_locked)]  # fmt: skip
    return Waiting(child, signatures, milestones, unsigned, [record for record in unsigned if str(record.pk) in ever])


def _state(signatures: Iterable[Signature]) -> str:
    """Signed, signed once and changed since, or waiting."""
    found = list(signatures)
    if any(signature.is_valid for signature in found):
        return "signed"
    return "superseded" if found else "unsigned"


def _eligibility(child: Participant, signatures: list[Signature], records: list[FormRecord]) -> Iterable[Milestone]:
    """From the first form of it on, and unless the child was not let in."""
    forms = {crf.slug for crf in crf_models() if crf.decides_eligibility}
    if child.state != Participant.State.SCREEN_FAILED and any(record.form in forms for record in records):
        state = _state(s for s in signatures if s.scope == Scope.ELIGIBILITY)
        yield Milestone("Eligibility", state, "sign-eligibility", child.pk)


def _forms(signatures: list[Signature], records: list[FormRecord], asked: set[UUID]) -> Iterable[Milestone]:
    for record in records:
        if record.pk in asked:
            state = _state(s for s in signatures if s.of_record_id == record.pk)
            yield Milestone(place_of(record), state, "sign-form", record.pk)


#: The states of participation at whose beginning the casebook is signed.
ENDS = {"End of treatment": [Participant.State.FOLLOW_UP],
        "End of study": [Participant.State.COMPLETED, Participant.State.LOST, Participant.State.WITHDRAWN,
                         Participant.State.DIED]}  # fmt: skip


def _lock(child: Participant, signatures: list[Signature], is_locked: bool) -> Iterable[Milestone]:
    """A casebook that is locked as a whole waits for the signature of its data lock."""
    if is_locked:
        state = _state(s for s in signatures if s.scope == Scope.LOCK)
        yield Milestone("Data lock", state, "sign-lock", child.pk, Can.FREEZE)


def _ends(child: Participant, signatures: list[Signature], moved: dict[str, datetime]) -> Iterable[Milestone]:
    """A casebook signature after the end of treatment, and another after the end of participation."""
    for title, states in ENDS.items():
        reached = [moved[state] for state in states if state in moved]
        if reached and (child.state in states or child.is_ended):
            after = [s for s in signatures if s.scope == Scope.CASEBOOK and s.signed_at >= max(reached)]
            yield Milestone(title, "signed" if after else "unsigned", "sign-casebook", child.pk)
