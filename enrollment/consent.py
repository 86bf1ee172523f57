"""When a consent is enough (law 214/2020, art. 3; ``protocol.md`` 6.7). Pure."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Parent:
    """One parent: ``consented``, ``deceased``, ``absent``, ``refused`` or not yet answered, and how it was given."""

    who: str
    state: str | None
    signed: bool = False
    fingerprint: bool = False


def gaps(parents: list[Parent], has_document: bool, has_date: bool, has_version: bool) -> list[str]:
    """Everything that is missing for a valid consent, as sentences; an empty list means valid."""
    found = [] if has_date else ["The date and time of the consent are missing."]
    found += [] if has_version else ["The version of the consent form is missing."]
    for parent in parents:
        found += _gaps_of(parent, has_document)
    if not any(parent.state == "consented" for parent in parents) and not has_document:
        found.append("No parent has consented, and there is no guardian's document.")
    return found


def _gaps_of(parent: Parent, has_document: bool) -> list[str]:
    if parent.state is None:
        return [f"Nothing is said about the {parent.who}."]
    if parent.state == "refused":
        return [f"The {parent.who} refused."]
    if parent.state == "consented":
        missing = [] if parent.signed else [f"The {parent.who}'s signature is missing."]
        return missing + ([] if parent.fingerprint else [f"The {parent.who}'s fingerprint is missing."])
    return [] if has_document else [f"The {parent.who} is {parent.state}: the document is missing."]
