"""How the trail tells announcements and decisions."""

from __future__ import annotations

from datetime import date
from typing import Any

from casebook.changes import Change
from casebook.names import Names
from casebook.sentences import Words, tells
from itp_trial.models import AuditEntry
from responses.models import ClassChange, DoseDecision


def _of(model: Any, values: dict[str, Any]) -> Any:
    """The row as the entry holds it: only plain columns are asked for."""
    known = {field.attname for field in model._meta.concrete_fields}
    return model(**{name: value for name, value in values.items() if name in known})


@tells("responses.ClassChange")
def _class_change(entry: AuditEntry, names: Names, changes: tuple[Change, ...]) -> Words:
    if entry.operation != "INSERT":
        return Words("took note of the changed class")
    change = _of(ClassChange, entry.new or {})
    return Words(f"announced that the class {change.what} (rules version {change.rules_version})")


@tells("responses.DoseDecision")
def _dose_decision(entry: AuditEntry, names: Names, changes: tuple[Change, ...]) -> Words:
    decision = _of(DoseDecision, entry.new or {})
    dose = f"maintenance dose {decision.dose_number}"
    proposed = f"the proposed {_day(decision.proposed_on)}" if decision.proposed_on else "the proposal"
    if decision.choice == DoseDecision.Choice.AGREED:
        return Words(f"agreed to {proposed} for {dose}")
    chosen = f"chose {_day(decision.chosen_on)}" if decision.chosen_on else "chose to give no dose yet"
    return Words(f"{chosen} for {dose} instead of {proposed}")


def _day(raw: Any) -> str:
    return f"{date.fromisoformat(str(raw)):%d %b %Y}"
