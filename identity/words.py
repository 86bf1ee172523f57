"""The vault and the redactions in the trail: that somebody did something, and never to what text."""

from __future__ import annotations

from typing import Any

from casebook.names import Names
from casebook.sentences import Words, tells
from itp_trial.models import AuditEntry


@tells("identity.Identity")
def _identity(entry: AuditEntry, names: Names, changes: tuple[Any, ...]) -> Words:
    new = entry.new or {}
    if "version" not in new:
        return Words("sealed the contact details of the family with a new key")
    return Words(f"kept the contact details of the family in the vault (version {new['version']})")


@tells("itp_trial.Redaction")
def _redaction(entry: AuditEntry, names: Names, changes: tuple[Any, ...]) -> Words:
    new, number = entry.new or {}, f"redaction {entry.row}"
    if entry.operation == "INSERT":
        return Words(f"asked that a text leaves the casebook and its trail ({number}): {new.get('why')}")
    if new.get("entries"):
        return Words(f"took the text of {number} out of {len(new['entries'])} entries")
    return Words(f"{'granted' if new.get('granted') else 'declined'} {number}")
