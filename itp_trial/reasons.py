"""The shared answer to "why?": one sentence and the protocol rule behind it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date

_ISO_DATE = re.compile(r"\b\d{4}-\d{2}-\d{2}\b")


@dataclass(frozen=True)
class Reason:
    """Why a rule decided what it decided; ``text`` is shown to coordinators and doctors as it is."""

    rule: str
    text: str


def day_text(on: date) -> str:
    """``05 Mar 2026``."""
    return f"{on:%d %b %Y}"


def readable(text: str) -> str:
    """The sentence of a rule with its dates as people read them; what is no day of the calendar stays as it stands."""
    return _ISO_DATE.sub(lambda found: _day_of(found[0]), text)


def dates_in(text: str) -> list[date]:
    """The dates that a sentence of a rule names, each once, in their order."""
    return [date.fromisoformat(found) for found in dict.fromkeys(_ISO_DATE.findall(text))]


def _day_of(iso: str) -> str:
    try:
        return day_text(date.fromisoformat(iso))
    except ValueError:
        return iso
