"""How the trail tells of signatures."""

from __future__ import annotations

from uuid import UUID

from casebook.changes import Change
from casebook.names import Names
from casebook.sentences import Words, tells, who
from itp_trial.models import AuditEntry
from signatures.models import Meaning, Scope, Signature


@tells("signatures.Signature")
def _signature(entry: AuditEntry, names: Names, changes: tuple[Change, ...]) -> Words:
    new = entry.new or {}
    if entry.operation == "INSERT":
        visit = names.visits.get(str(new.get("of_visit_id")))
        whole = f"the visit “{visit.title}”" if visit else f"the {Scope(new['scope']).label.lower()}"
        what, many = names.form(_key(new.get("of_record_id"))) or whole, len(new["manifest"])
        forms = "" if new["scope"] == Scope.FORM else f", {many} form{'' if many == 1 else 's'}"
        return Words(f"signed {what}{forms}: {Meaning(new['meaning']).label}")
    signature = _signatures(names).get(entry.row)
    whose = f"the signature of {signature.printed_name} ({signature.get_meaning_display()})" if signature else "a signature"
    system = f"the system (software {entry.software}), when {who(entry)} changed what was signed,"
    return Words(f"superseded {whose}, by change {new.get('superseded_by')}", subject=system)


@tells("signatures.Seen")
def _seen(entry: AuditEntry, names: Names, changes: tuple[Change, ...]) -> Words:
    return Words(f"read {names.place(entry)} before signing")


def _signatures(names: Names) -> dict[str, Signature]:
    """Those of the participants that these sentences are about: asked once."""
    if "signatures" not in names.__dict__:
        found = Signature.objects.filter(participant__in=names.participants)
        names.__dict__["signatures"] = {str(signature.pk): signature for signature in found}
    known: dict[str, Signature] = names.__dict__["signatures"]
    return known


def _key(raw: str | None) -> UUID | None:
    return UUID(raw) if raw else None
