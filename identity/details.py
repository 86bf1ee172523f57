"""What the vault keeps of a family: read from what was typed, or said what is wrong with it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import date

import phonenumbers
from django.utils import timezone

from identity.comparable import words
from itp_trial import normalise
from itp_trial.normalise import Unreadable

REGION = "EG"
LONGEST = 300


@dataclass(frozen=True)
class Details:
    """Texts as typed, phone numbers in the international form, the birth date as ISO 8601."""

    child_name: str = ""
    mother_name: str = ""
    birth_date: str = ""
    guardian: str = ""
    phone: str = ""
    other_phone: str = ""
    address: str = ""
    note: str = ""

    @property
    def born(self) -> date:
        return date.fromisoformat(self.birth_date)

    def content(self) -> dict[str, str]:
        return asdict(self)


#: Field -> (label, help). In the order of the page.
FIELDS = {
    "child_name": (
        "Child’s name",
        "As on the birth certificate: the child’s, father’s and grandfather’s name, in Arabic.",
    ),
    "mother_name": ("Mother’s name", "As on the birth certificate. It helps to recognise the child at another hospital."),
    "birth_date": ("Birth date", "For example 05/03/2019"),
    "guardian": ("Whom to call", "The name, and who it is: “Samia, mother”."),
    "phone": ("Phone", "Egyptian numbers as people dial them; others with + and the country."),
    "other_phone": ("Second phone", ""),
    "address": ("Address", "As far as a visit or a letter needs it."),
    "note": ("How to reach the family", "Times, languages, a neighbour. No medical facts: those belong into the casebook."),
}
REQUIRED = ("child_name", "birth_date")
MULTILINE = ("address", "note")


def read(typed: Mapping[str, str]) -> tuple[Details, dict[str, str]]:
    """The details, and what is wrong by field; with anything wrong the details are not to be kept."""
    found: dict[str, str] = {}
    wrong: dict[str, str] = {}
    for name in FIELDS:
        try:
            found[name] = _READERS.get(name, _text)(typed.get(name, ""))
        except Unreadable as error:
            wrong[name] = str(error)
        else:
            if name in REQUIRED and not found[name]:
                wrong[name] = "Please fill this in: without it the child cannot be recognised at another hospital."
    return Details(**found), wrong


def _text(raw: str) -> str:
    text = normalise.text(raw)
    if len(text) > LONGEST:
        raise Unreadable(f"This text has {len(text)} characters; at most {LONGEST} are kept here.")
    return text


def _child_name(raw: str) -> str:
    name = _text(raw)
    if name and len(words(name)) < 2:
        raise Unreadable("Please enter at least the child’s and the father’s name.")
    return name


def _birth_date(raw: str) -> str:
    if not raw.strip():
        return ""
    born = normalise.day(raw)
    if born > timezone.localdate():
        raise Unreadable(f"{born:%d %b %Y} lies in the future.")
    return born.isoformat()


def _phone(raw: str) -> str:
    typed = normalise.digits(raw)
    if not typed:
        return ""
    try:
        number = phonenumbers.parse(typed, REGION)
    except phonenumbers.NumberParseException:
        raise Unreadable(f"“{raw.strip()}” is not a phone number. Please enter for example 0100 123 4567.") from None
    if not phonenumbers.is_valid_number(number):
        raise Unreadable(f"“{raw.strip()}” is not a number that exists: a digit too many or too few, or an unknown prefix.")
    return str(phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.INTERNATIONAL))


_READERS = {"child_name": _child_name, "birth_date": _birth_date, "phone": _phone, "other_phone": _phone}
