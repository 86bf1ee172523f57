"""What the trail says of the tables of this app."""

from __future__ import annotations

from casebook.changes import Change
from casebook.names import Names
from casebook.sentences import Words, tells
from itp_trial.models import AuditEntry


@tells("reports.TrailReview")
def _review(entry: AuditEntry, names: Names, changes: tuple[Change, ...]) -> Words:
    new = entry.new or {}
    scope = f"site {entry.site}" if entry.site else "all sites"
    outcome = new.get("findings") or "reviewed, nothing found"
    return Words(f"reviewed the trail of {scope} from {new.get('since')} to {new.get('until')}; findings: {outcome}")


@tells("reports.SiteCopy")
def _copy(entry: AuditEntry, names: Names, changes: tuple[Change, ...]) -> Words:
    if entry.operation == "INSERT":
        return Words(f"took a copy of the data of site {entry.site} ({(entry.new or {}).get('rows')} rows)")
    return Words(f"acknowledged that site {entry.site} holds the copy of its data")


@tells("reports.ImportRun")
def _import(entry: AuditEntry, names: Names, changes: tuple[Change, ...]) -> Words:
    new = entry.new or {}
    return Words(f"read the file “{new.get('file_name')}” into the form {new.get('form')}: "
                 f"{new.get('stored')} of {new.get('rows')} rows were stored")  # fmt: skip
