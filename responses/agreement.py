"""What the family has agreed to over time: every consent, what waits to be asked again, what was withdrawn. No queries."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any

from casebook.items import YesNo
from casebook.models import Visit
from enrollment.crfs import Consent, Reconsent
from enrollment.crfs.leaving import Who
from responses.course import READ, Entry, Read

#: Form -> the items that the card reads besides those of the rules.
CARD: Read = {
    "re-consent": ("reconsent", READ["consent"][1]),
    "withdrawal": ("withdrawal", ("withdrawn_on", "by_whom", "treatment", "follow_up", "data_use", "samples")),
    "blood-group": ("bloodgrouptest", ("first_at", "second_at", "first_abo", "second_abo", "abo", "rhd")),
}
WITHDRAWN = {"treatment": "no further infusions", "follow_up": "no further visits and contacts",
             "data_use": "no further use of the data", "samples": "stored samples to be destroyed"}  # fmt: skip
KINDS = {"consent": Consent, "re-consent": Reconsent}


@dataclass(frozen=True)
class Sheet:
    """One signed form: ``who`` says each parent and the guardian, ``gaps`` what is missing for it to be valid."""

    title: str
    on: date | None
    version: str
    who: tuple[str, ...]
    assent: str
    gaps: tuple[str, ...]
    ref: str


@dataclass(frozen=True)
class Withdrawn:
    """One withdrawal: when, by whom, and which of the four things."""

    on: date | None
    by_whom: str
    what: tuple[str, ...]
    ref: str


@dataclass(frozen=True)
class Agreement:
    """The consent card. ``asked_again`` is the visit at which a new version waits for the family."""

    sheets: tuple[Sheet, ...]
    withdrawn: tuple[Withdrawn, ...]
    asked_again: Visit | None


def agreement(entries: Iterable[Entry], asked_again: Visit | None) -> Agreement:
    """From the saved forms of one child; the newest consent first."""
    known = list(entries)
    sheets = [_sheet(entry) for entry in known if entry.form in KINDS]
    return Agreement(
        tuple(sorted(sheets, key=lambda sheet: sheet.on or date.min, reverse=True)),
        tuple(_withdrawn(entry) for entry in known if entry.form == "withdrawal"),
        asked_again,
    )


def _sheet(entry: Entry) -> Sheet:
    form = KINDS[entry.form](**entry.answers)
    assent = {YesNo.YES: "the child assented", YesNo.NO: "the child did not assent"}.get(form.assent, "")
    return Sheet("Consent" if entry.form == "consent" else "Consent to a new version", entry.day("consented_at"),
                 form.version or "", tuple(_who(form)), assent, tuple(form.gaps()), entry.ref)  # fmt: skip


def _who(form: Any) -> Iterator[str]:
    for who in ("mother", "father"):
        yield f"{who} {str(getattr(form, f'get_{who}_display')() or 'not answered').lower()}"
    if form.guardian == YesNo.YES:
        yield "guardian consented"


def _withdrawn(entry: Entry) -> Withdrawn:
    what = tuple(words for item, words in WITHDRAWN.items() if entry[item] == YesNo.YES)
    return Withdrawn(entry["withdrawn_on"], str(dict(Who.choices).get(entry["by_whom"], "")).lower(), what, entry.ref)
