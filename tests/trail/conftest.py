"""Entries of any time and person: the trail cannot be rewritten, so tests write theirs through the trigger and set the clock."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest
from django.db import connection

from casebook import trail
from casebook.names import names_for
from casebook.trail import Filters, Told
from itp_trial.models import AuditEntry, User


@pytest.fixture
def moved() -> Callable[[datetime], None]:
    """``moved(moment)``: the entries written from now on stand there with this time (the clock of the database cannot travel)."""

    def at(moment: datetime) -> None:
        with connection.cursor() as cursor:
            cursor.execute("SELECT set_config('itp.test_clock', %s, true)", [moment.isoformat()])

    return at


@pytest.fixture
def corrected(universe: Any) -> Callable[..., Any]:
    """``corrected(platelets=66)``: Clara corrects the blood count of day 3 of the responder; returns its record."""

    def correct(by: User | None = None, reason: str = "typing", code: str = "D3", **answers: Any) -> Any:
        record = universe.record(universe.responder, "blood-count", code)
        universe.fill(record, by or universe.clara, reason=reason, **answers)
        return universe.record(universe.responder, "blood-count", code)

    return correct


def story(participant: Any, **filters: Any) -> list[Told]:
    """The whole trail of a participant in words, newest first."""
    entries = list(Filters(**filters).entries(trail.of_participant(participant)))
    return trail.tell(entries, names_for(participant, entries), Filters(**filters))


def last_entry(**wanted: Any) -> AuditEntry:
    return AuditEntry.objects.filter(**wanted).latest("pk")
