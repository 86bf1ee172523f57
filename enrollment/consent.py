"""When a consent is enough (law 214/2020, art. 3; ``protocol.md`` 6.7). Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date

from itp_trial.protocol import value

#: The age from which a child is asked for assent.
ASSENT_FROM: int = value("ASSENT_FROM_Y")


@dataclass(frozen=True)
class Parent:
    """One parent: ``consented``, ``deceased``, ``absent``, ``refused`` or not yet answered, and how it was given.

    ``proof`` is true where the reason for the absence is written down with its document.
    """

    who: str
    state: str | None
    signed: bool = False
    fingerprint: bool = False
    proof: bool = False


@dataclass(frozen=True)
class Guardian:
    """A guardian in place of the parents: the document of the guardianship, signature and fingerprint."""

    document: bool = False
    signed: bool = False
    fingerprint: bool = False


@dataclass(frozen=True)
class Sheet:
    """Everything that one consent form says, as yes and no. None: not answered."""

    parents: tuple[Parent, ...]
    guardian: Guardian | None = None
    has_date: bool = True
    has_version: bool = True
    can_read: bool | None = True
    witnessed: bool = False
    assented: bool | None = None
    age: int | None = None


def gaps(sheet: Sheet) -> list[str]:
    """Everything that is missing for a valid consent, as sentences; an empty list means valid."""
    found = [] if sheet.has_date else ["The date and time of the consent are missing."]
    found += [] if sheet.has_version else ["The version of the consent form is missing."]
    for parent in sheet.parents:
        found += _gaps_of(parent)
    found += _gaps_of_guardian(sheet)
    if sheet.can_read is False and not sheet.witnessed:
        found.append("Whoever consents cannot read the form: the signature of a witness is missing.")
    return found + list(_assent(sheet))


def _gaps_of(parent: Parent) -> list[str]:
    if parent.state is None:
        return [f"Nothing is said about the {parent.who}."]
    if parent.state == "refused":
        return [f"The {parent.who} refused."]
    if parent.state == "consented":
        return _unsigned(f"The {parent.who}'s", parent.signed, parent.fingerprint)
    return [] if parent.proof else [f"The {parent.who} is {parent.state}: the reason with its document is missing."]


def _gaps_of_guardian(sheet: Sheet) -> list[str]:
    if any(parent.state == "consented" for parent in sheet.parents):
        return []
    if sheet.guardian is None:
        return ["No parent has consented, and there is no guardian."]
    missing = [] if sheet.guardian.document else ["The document of the guardianship is missing."]
    return missing + _unsigned("The guardian's", sheet.guardian.signed, sheet.guardian.fingerprint)


def _unsigned(whose: str, signed: bool, fingerprint: bool) -> list[str]:
    missing = [] if signed else [f"{whose} signature is missing."]
    return missing + ([] if fingerprint else [f"{whose} fingerprint is missing."])


def _assent(sheet: Sheet) -> Iterator[str]:
    """From the age of assent nobody takes part without having been asked, or against their word."""
    if sheet.assented is False:
        yield "The child did not assent."
    elif sheet.assented is None and sheet.age is not None and sheet.age >= ASSENT_FROM:
        yield f"The child is {sheet.age} years old: assent is asked from {ASSENT_FROM} years (assumption)."


@dataclass(frozen=True)
class Approval:
    """A version of the consent form that the committee approved for a site, and from when it is used there."""

    version: str
    from_day: date


def approved_on(approvals: Iterable[Approval], day: date) -> Approval | None:
    """The version in force on a day: the latest that had begun; None before the first one."""
    begun = [approval for approval in approvals if approval.from_day <= day]
    return max(begun, key=lambda approval: (approval.from_day, approval.version), default=None)


def version_gap(approvals: Iterable[Approval], version: str | None, day: date | None) -> str:
    """Why this version could not be signed on this day, or an empty text."""
    if not version or day is None:
        return ""
    valid = approved_on(approvals, day)
    if valid is None:
        return f"No approved consent form was registered for this site on {day:%d %b %Y}."
    if valid.version != version:
        return f"Version {version} was signed on {day:%d %b %Y}; version {valid.version} was in force."
    return ""
