"""What a person reads before signing: the forms, what changed since that person last signed or read them, and the hash of it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from django.db.models import Q

from casebook import trail
from casebook.changes import Change
from casebook.locks import place_of
from casebook.models import Finding, FormRecord, Participant
from casebook.names import names_for
from casebook.sentences import Told
from itp_trial.models import AuditEntry
from itp_trial.permissions import Access
from signatures.content import Content, contents, digest_of, signed_tables
from signatures.matters import Matter, against
from signatures.models import Scope, Seen, Signature


@dataclass
class Leaf:
    """One form of what is signed, as this signer knows it."""

    content: Content
    #: The newest entry of the trail that this person knew when signing or reading it last; None: never did.
    known: int | None = None
    told: list[Told] = field(default_factory=list)

    @property
    def record(self) -> FormRecord:
        return self.content.record

    @property
    def place(self) -> str:
        return place_of(self.record)

    @property
    def is_unseen(self) -> bool:
        return self.known is None

    @property
    def is_changed(self) -> bool:
        return self.known is not None and self.known < self.content.head

    @property
    def changes(self) -> list[tuple[Told, Change]]:
        """Every value that changed since then, with the entry that says who, when and why."""
        answers = (one for one in self.told if one.entry.table_name != Finding._meta.db_table)
        return [(one, change) for one in answers for change in one.changes if change.readable]

    @property
    def questions(self) -> list[Told]:
        """What became of questions since then."""
        return [one for one in self.told if one.entry.table_name == Finding._meta.db_table]


@dataclass
class Paper:
    """What is signed: by its hash the server knows what was shown."""

    matter: Matter
    meaning: str
    leaves: list[Leaf]
    #: Forms that belong to it and hold no answers yet.
    empty: list[FormRecord]

    @property
    def manifest(self) -> dict[str, dict[str, Any]]:
        return {str(leaf.record.pk): leaf.content.line for leaf in self.leaves}

    @property
    def hash(self) -> str:
        return digest_of(self.matter.scope, self.matter.target, self.meaning, self.manifest)

    @property
    def in_full(self) -> bool:
        """A casebook is not shown whole: what is new to the signer, and what changed. Of a data lock the list of forms."""
        return self.matter.scope not in (Scope.CASEBOOK, Scope.LOCK)

    @property
    def unseen(self) -> list[Leaf]:
        """The forms that this person has never read: they cannot be signed together with others."""
        return [leaf for leaf in self.leaves if leaf.is_unseen] if self.matter.scope == Scope.CASEBOOK else []

    @property
    def changed(self) -> list[Leaf]:
        return [leaf for leaf in self.leaves if leaf.is_changed]

    @property
    def known(self) -> list[Leaf]:
        return [leaf for leaf in self.leaves if not leaf.is_unseen and not leaf.is_changed]

    @property
    def number_of_changes(self) -> int:
        return sum(len(leaf.changes) for leaf in self.leaves)

    def against(self) -> list[str]:
        """Everything that has to be done before this can be signed, in words."""
        found = [f"{place_of(record)} is not filled yet." for record in self.empty]
        if not self.leaves and not found:
            found.append("Nothing is filled in yet.")
        if self.unseen:
            found.append(f"Please read first: {'; '.join(leaf.place for leaf in self.unseen)}.")
        return found + [text for rule in against[self.matter.scope] for text in rule(self.matter.participant)]


def paper_of(matter: Matter, *, by: Any, access: Access) -> Paper:
    """Reads everything anew: the same questions for the page and for the signature."""
    records = matter.records()
    known = known_to(by, matter.participant)
    leaves = [Leaf(content, known.get(str(content.record.pk))) for content in contents(records)]
    _tell_changes(matter.participant, [leaf for leaf in leaves if leaf.is_changed])
    return Paper(matter, matter.meaning(access), leaves, [record for record in records if not record.version])


def _tell_changes(participant: Participant, leaves: list[Leaf]) -> None:
    """Two queries and those of the names, however many forms changed; none where nothing did."""
    if not leaves:
        return
    wanted = Q()
    for leaf in leaves:
        wanted |= Q(record=leaf.record.pk, id__gt=leaf.known)
    tables = [table for table in signed_tables() if table != FormRecord._meta.db_table]
    entries = list(AuditEntry.objects.filter(wanted, table_name__in=tables).order_by("id"))
    by_record: dict[Any, list[Told]] = {}
    for one in trail.tell(entries, names_for(participant, entries), trail.Filters()):
        by_record.setdefault(one.entry.record, []).append(one)
    for leaf in leaves:
        leaf.told = by_record.get(leaf.record.pk, [])


def known_to(by: Any, participant: Participant) -> dict[str, int]:
    """The forms that this person has signed or read, each with the newest entry of the trail that was known then."""
    heads = [(key, line["head"]) for manifest in _manifests(by, participant) for key, line in manifest.items()]
    heads += [(str(key), head) for key, head in Seen.objects.filter(record__participant=participant, by=by)
              .values_list("record", "head")]  # fmt: skip
    known: dict[str, int] = {}
    for key, head in heads:
        known[key] = max(known.get(key, 0), head)
    return known


def _manifests(by: Any, participant: Participant) -> Iterable[dict[str, Any]]:
    return Signature.objects.filter(participant=participant, signed_by=by).values_list("manifest", flat=True)
