"""The vault in the trail: that somebody kept something, and never what."""

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
