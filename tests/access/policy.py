"""The access matrix as data. One line per address and method; every address of the application has to stand here.

``roles`` are the initials of those who may: Coordinator, Investigator, Head of the site (principal investigator), Monitor,
Data manager, Pharmacist, Safety contact, spoNsor, Administrator. ``target`` says what the address names, so that the walk can
ask for it at one's own and at another site.

    python -m tests.access.policy > docs/access-matrix.md
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import django
from django.urls import get_resolver

ROLES = {
    "C": "Coordinator", "I": "Investigator", "M": "Monitor", "D": "Data manager", "P": "Pharmacist",
    "S": "Safety contact", "A": "Administrator", "H": "Principal investigator", "N": "Sponsor",
}  # fmt: skip
SEE = "CIHMDPSN"
EXPORT = "CIHMDSN"
ENTER = "CIH"
#: Physicians.
DECIDE = "IH"
#: Looks after the data without entering any.
REVIEW = "MD"
WATCH = "MDH"
SIGN = "IH"
PEOPLE = "A"
LOG = SEE + PEOPLE
OVERSEE = "HMDNA"
#: Everybody with an account, also without any role today.
SIGNED_IN = "signed in"
#: Everybody, also strangers.
OPEN = "open"


@dataclass(frozen=True)
class Door:
    """Who may pass, and what stands behind it: ``target`` names the fixture in ``tests/access/conftest.py``."""

    roles: str
    target: str = ""
    says: str = ""


def _participant(roles: str, says: str) -> Door:
    return Door(roles, "participant", says)


def _record(roles: str, says: str) -> Door:
    return Door(roles, "record", says)


POLICY: dict[str, dict[str, Door]] = {
    "home": {"GET": Door(SEE + PEOPLE, says="where one's work is")},
    "sign-in": {"GET": Door(OPEN), "POST": Door(OPEN)},
    "second-factor": {"GET": Door(OPEN, says="after the password"), "POST": Door(OPEN)},
    "sign-out": {"POST": Door(SIGNED_IN)},
    "account": {"GET": Door(SIGNED_IN, says="one's own roles, sessions and tokens")},
    "change-password": {"GET": Door(SIGNED_IN), "POST": Door(SIGNED_IN, says="one's own")},
    "second-factors": {"GET": Door(SIGNED_IN), "POST": Door(SIGNED_IN, says="one's own")},
    "enrol-app": {"GET": Door(SIGNED_IN), "POST": Door(SIGNED_IN, says="one's own")},
    "add-passkey": {"GET": Door(SIGNED_IN), "POST": Door(SIGNED_IN, says="one's own")},
    "end-session": {"POST": Door(SIGNED_IN, "session", "only one's own")},
    "end-all-sessions": {"POST": Door(SIGNED_IN, says="one's own")},
    "create-token": {"POST": Door(SEE + PEOPLE, "assignment", "a key for the API, for one of one's own roles")},
    "revoke-token": {"POST": Door(SIGNED_IN, "token", "only one's own")},
    "protocol": {"GET": Door(SIGNED_IN)},
    "health": {"GET": Door("MDA", says="trail, clock and walls")},
    "healthz": {"GET": Door(OPEN)},
    "readyz": {"GET": Door(OPEN)},
    # accounts, people and sites
    "accounts": {"GET": Door(PEOPLE)},
    "open-account": {"GET": Door(PEOPLE), "POST": Door(PEOPLE)},
    "account-of": {"GET": Door(PEOPLE, "person")},
    "close-account": {"POST": Door(PEOPLE, "person", "not one's own")},
    "reopen-account": {"POST": Door(PEOPLE, "person", "not one's own")},
    "unlock-account": {"POST": Door(PEOPLE, "person", "not one's own")},
    "starting-password": {"POST": Door(PEOPLE, "person", "not one's own")},
    "remove-second-factors": {"POST": Door(PEOPLE, "person", "not one's own")},
    "people": {"GET": Door(PEOPLE)},
    "assign-role": {"POST": Door(PEOPLE, "anybody in the form")},
    "end-assignment": {"POST": Door("AH", "entry", "shorten or stop an entry of the delegation log")},
    "extend-assignment": {"POST": Door("AH", "entry", "enter the next one")},
    "edit-site": {"GET": Door(PEOPLE, "site"), "POST": Door(PEOPLE, "site")},
    # delegation
    "delegation": {"GET": Door(LOG, says="the logs of one's sites")},
    "delegation-log": {"GET": Door(LOG, "log", "who has which tasks, signed by whom")},
    "trial-log": {"GET": Door(OVERSEE, says="who works for the whole trial")},
    "sign-entries": {"GET": Door("HN"), "POST": Door("HN", says="sign entries, with the password")},
    "training": {"GET": Door(SIGNED_IN, says="one's own training, and that of one's sites")},
    "confirm-training": {"POST": Door(SIGNED_IN, says="one's own")},
    "record-training": {"POST": Door(OVERSEE, says="of people of one's sites")},
    "signature-statement": {"GET": Door(SIGNED_IN), "POST": Door(SIGNED_IN, says="accept it, with the password")},
    "access-rights": {"GET": Door(OVERSEE, says="everybody's rights on a day")},
    "access-rights-csv": {"GET": Door(OVERSEE)},
    "review-access": {"POST": Door("DA", says="record a review of the rights")},
    # casebook
    "work-list": {"GET": Door(SEE)},
    "places": {"GET": Door(SIGNED_IN, says="the children whom one sees, to go to")},
    "participants": {"GET": Door(SEE)},
    "participant": {"GET": _participant(SEE, "the answer for one child")},
    "family-page": {"GET": _participant(SEE, "the page for the family")},
    "family-pdf": {"GET": _participant(SEE, "the page for the family")},
    "decide-dose": {"POST": _participant(DECIDE, "agree to the next dose, or decide otherwise")},
    "answer-question": {"POST": _participant(DECIDE, "answer one question of a form")},
    "mark-seen": {"POST": _participant(DECIDE, "one's own bookmark in the corrections")},
    "take-note": {"POST": _participant(DECIDE, "of a changed class")},
    "visits": {"GET": _participant(SEE, "visits and forms")},
    "visit": {"GET": Door(SEE, "visit", "all forms of a visit")},
    "record": {"GET": _record(SEE, "read a form"), "POST": _record(ENTER, "fill or correct a form")},
    "draft": {"POST": _record(ENTER, "keep what is typed and not saved")},
    "remove-record": {"POST": _record(ENTER, "take an entry out that was made by mistake")},
    "restore-record": {"POST": _record(ENTER, "put it back")},
    "record-lock": {
        "GET": _record(SEE, "what closes a form"),
        "POST": _record("D", "freeze, lock, open again; with the password"),
    },
    "visit-lock": {"GET": Door(SEE, "visit"), "POST": Door("D", "visit", "all forms of a visit")},
    "participant-lock": {"GET": _participant(SEE, ""), "POST": _participant("D", "all forms of a child")},
    # signatures
    "to-sign": {"GET": Door(SEE, says="what waits for a signature, by site")},
    "signatures": {"GET": _participant(SEE, "signatures of a child, and what waits")},
    "sign-eligibility": {"GET": _participant(SIGN, ""), "POST": _participant(SIGN, "with the password")},
    "sign-casebook": {
        "GET": _participant(SIGN, "what changed since one signed last"),
        "POST": _participant(SIGN, "with the password"),
    },
    "sign-lock": {"GET": _participant("D", "the forms of a data lock"), "POST": _participant("D", "with the password")},
    "sign-visit": {"GET": Door(SIGN, "visit"), "POST": Door(SIGN, "visit", "with the password")},
    "sign-form": {"GET": Door(SIGN, "event", "a serious event"), "POST": Door(SIGN, "event", "with the password")},
    "read-form": {"GET": _record(SIGN, "read a form before signing"), "POST": _record(SIGN, "note that it was read")},
    "verify-signature": {"GET": Door(OPEN, says="the code printed beside a signature"), "POST": Door(OPEN)},
    "history": {"GET": _record(SEE, "who changed what")},
    "item-history": {"GET": _record(SEE, "the history of one question")},
    "comment": {"POST": _record(ENTER, "words beside one question")},
    "add-photo": {"POST": _record(ENTER, "a photo of the source beside one question")},
    "source-photo": {"GET": Door(SEE, "photo", "who kept it, when; the picture for the hospital and the monitor")},
    "photo-picture": {"GET": Door("CIHM", "photo", "the picture; each look is noted")},
    "take-away-photo": {"POST": Door(ENTER, "photo")},
    "put-back-photo": {"POST": Door(ENTER, "photo")},
    "erase-photo": {"POST": Door("D", "photo", "a second person, after it was taken away")},
    "trail": {"GET": _participant(SEE, "everything that happened, as sentences")},
    "add-visit": {"POST": _participant(ENTER, "an unscheduled visit")},
    "add-log": {"POST": _participant(ENTER, "an event at any time")},
    "plan-visit": {"POST": Door(ENTER, "visit", "the day agreed with the family")},
    "confirm-finding": {"POST": Door(ENTER, "finding", "confirm an unusual value")},
    # families
    "identity": {"GET": _participant(ENTER, "how to reach the family: closed until one says why")},
    "look-at-identity": {"POST": _participant(ENTER, "open the details; noted")},
    "keep-identity": {"POST": _participant(ENTER, "keep the details in the vault")},
    "duplicates": {"GET": Door("D", says="children that look like one"), "POST": Door("D", says="record what was found out")},
    "redactions": {"GET": _participant("H", "the texts of a child"), "POST": _participant("H", "ask that one is taken out")},
    "redaction-requests": {"GET": Door("D"), "POST": Door("D", says="grant or decline, with the password")},
    # enrolment
    "screen": {"GET": Door(ENTER), "POST": Door(ENTER, "site of the form")},
    "eligibility": {"GET": _participant(SEE, "criteria and consent")},
    "enrol": {"POST": _participant(ENTER, "enrol")},
    "screen-failure": {"POST": _participant(ENTER, "end a screening")},
    "end-participation": {"GET": _participant(ENTER, "the page"), "POST": _participant(ENTER, "end participation")},
    "take-back-end": {"GET": _participant(ENTER, "the page"), "POST": _participant(ENTER, "take a wrong end back")},
    "consent-versions": {"GET": Door(SEE, says="approved consent forms"), "POST": Door("H", "site of the form", "register one")},
    # product and treatment
    "lots": {"GET": Door(SEE)},
    "add-lot": {"POST": Door("P", "site of the form")},
    "lot-stock": {"GET": Door(SEE, "lot", "the bags of a lot and their account")},
    "move-bags": {"POST": Door("CIHP", "lot", "freeze, thaw, waste or return bags")},
    "take-back-movement": {"POST": Door("CIHP", "movement", "an entry about a bag was a mistake")},
    "hold-lot": {"POST": Door("IHPSD", "lot", "quarantine, recall, set free")},
    "dose-plan": {"GET": Door(SEE, "infusion", "compute a dose, see its plan")},
    "run-sheet": {"GET": Door(SEE, "infusion", "the sheet at the bedside"), "POST": Door(ENTER, "infusion", "one tap")},
    "accept-plan": {"POST": Door(ENTER, "infusion", "accept a calculation")},
    "confirm-plan": {"POST": Door("CIHP", "plan", "the second person, with the password")},
    "withdraw-plan": {"POST": Door(ENTER, "plan", "free the bags again")},
    "end-treatment": {"GET": _participant("IH", "the page"), "POST": _participant("IH", "end maintenance")},
    # safety
    "safety": {"GET": Door(SEE, says="events and clocks of one's sites")},
    "safety-event": {"GET": Door(SEE, "serious event", "one event, its clocks and versions")},
    "notify": {"POST": Door("CIHSN", "serious event", "note who was told")},
    "take-back-notification": {"POST": Door("CIHSN", "notification", "noted by mistake")},
    "add-report": {"POST": Door(ENTER, "serious event", "the next version of a report")},
    "sae-csv": {"GET": Door(EXPORT, says="serious events, one a line")},
    "cioms": {"GET": Door(EXPORT, "safety report", "the CIOMS form of one version")},
    "e2b": {"GET": Door(EXPORT, "safety report", "the data set of one version")},
    "look-back": {"GET": Door(SEE, says="lot or pool, and every child who received of it")},
    "look-back-csv": {"GET": Door(EXPORT)},
    "look-back-pdf": {"GET": Door(EXPORT)},
    "deviations": {"GET": Door(SEE, says="the register of deviations")},
    "deviations-csv": {"GET": Door(EXPORT, says="the register as a file")},
    # what leaves the system
    "exports": {"GET": Door(EXPORT)},
    "codebook-csv": {"GET": Door(EXPORT)},
    "participants-csv": {"GET": Door(EXPORT, says="the participants of one's sites")},
    "trial": {"GET": Door(SEE, says="results of one's own sites")},
    "trial-figure": {"GET": Door(EXPORT, says="results of one's own sites")},
    "trial-report": {"GET": Door(EXPORT, says="results of one's own sites")},
    "form-csv": {"GET": Door(EXPORT)},
    "casebook-csv": {"GET": _participant(EXPORT, "everything about one child")},
    "casebook-pdf": {"GET": _participant(EXPORT, "everything about one child")},
    "signatures-csv": {"GET": Door(EXPORT, says="the signatures of one's sites")},
    "participant-exports": {"GET": _participant(EXPORT, "the files of one child")},
    "participant-trail-csv": {"GET": _participant(EXPORT, "the trail of one child")},
    "trail-csv": {"GET": Door(EXPORT, says="the trail of one's sites")},
    "my-data": {"GET": Door(ENTER, says="copies of the own site's data")},
    "download-copy": {"POST": Door(ENTER, "site of the form", "a complete copy of the own site's data")},
    "receive-copy": {"POST": Door("IH", "copy", "the site says that it holds the copy")},
    # oversight
    "access-log": {"GET": Door(WATCH, says="who looked at what")},
    "access-log-csv": {"GET": Door(WATCH)},
    "trail-reviews": {"GET": Door(REVIEW, says="what was reviewed and what is due")},
    "new-trail-review": {"GET": Door(REVIEW, says="the listings of a period"), "POST": Door(REVIEW, says="record a review")},
    "trail-review": {"GET": Door(REVIEW, "review", "one recorded review")},
    # API
    "api-participants": {"GET": Door(SEE)},
    "api-participant": {"GET": _participant(SEE, "")},
    "api-visits": {"GET": _participant(SEE, "")},
    "api-records": {"GET": _participant(SEE, "")},
    "api-signatures": {"GET": _participant(SEE, "")},
    "api-response": {"GET": _participant(SEE, "")},
    "api-record": {"GET": _record(SEE, ""), "PUT": _record(ENTER, "")},
    "api-responses": {"GET": Door(SEE)},
    "api-forms": {"GET": Door(SEE)},
    "api-form-csv": {"GET": Door(EXPORT)},
    "api-casebook-csv": {"GET": _participant(EXPORT, "")},
    "api-casebook-pdf": {"GET": _participant(EXPORT, "")},
    "api-participant-trail-csv": {"GET": _participant(EXPORT, "")},
    "api-trail-csv": {"GET": Door(EXPORT)},
    "api-schema": {"GET": Door(SIGNED_IN)},
    "api-docs": {"GET": Door(SIGNED_IN)},
}

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")


def routes(resolver: Any, prefix: str = "") -> Iterator[tuple[str, str]]:
    """Every address below a resolver as (name, pattern)."""
    for found in resolver.url_patterns:
        pattern = prefix + str(found.pattern)
        if hasattr(found, "url_patterns"):
            yield from routes(found, pattern)
        else:
            yield found.name or f"(no name) {pattern}", pattern


def undeclared(resolver: Any) -> set[str]:
    """Addresses that nobody has decided about."""
    return {name for name, _ in routes(resolver)} - set(POLICY)


def doors() -> list[tuple[str, str]]:
    return [(name, method) for name, methods in POLICY.items() for method in methods]


def as_markdown(resolver: Any) -> str:
    """The matrix for people who do not read Python."""
    patterns = dict(routes(resolver))
    lines = [
        "# Access matrix",
        "",
        "Printed from `tests/access/policy.py`, which the tests walk over every address, role and site.",
        "A mark means: at the sites of the person's role. Another site's object answers 404, a missing right 403,",
        "a stranger is sent to the sign-in page (API: 401), any other method answers 405.",
        "",
        "| Address | Method | " + " | ".join(ROLES.values()) + " | |",
        "|---|---|" + ":-:|" * len(ROLES) + "---|",
    ]
    for name, method in doors():
        door = POLICY[name][method]
        everybody = door.roles in (OPEN, SIGNED_IN)
        marks = ["✓" if everybody or initial in door.roles else "–" for initial in ROLES]
        says = {OPEN: "open to strangers", SIGNED_IN: "everybody with an account"}.get(door.roles, "")
        note = "; ".join(text for text in (door.says, says) if text)
        lines.append(f"| `/{patterns[name]}` | {method} | {' | '.join(marks)} | {note} |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    from itp_trial import embedded

    embedded.provide(start=False)
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "itp_trial.settings")
    django.setup()
    print(as_markdown(get_resolver()), end="")
