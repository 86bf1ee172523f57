"""The places of the trial: a child reserves one at screening and keeps it when it is enrolled.

A place is a number from 1 to the planned number of children, unique in the database. Two hospitals that screen at the same
moment can therefore never take the same one, and nobody can take one too many.
"""

from __future__ import annotations

from django.db import connection

from itp_trial.protocol import PLANNED_PARTICIPANTS
from itp_trial.refusal import Refused

#: Whoever looks for a place waits for whoever is just taking one.
ADVISORY_LOCK = 0x17C
#: Counts over all hospitals; the function of the database tells numbers only, whatever the person may see.
TAKEN = "SELECT place FROM itp_places_taken()"


def taken() -> set[int]:
    """The places that are reserved or taken, in the whole trial."""
    with connection.cursor() as cursor:
        cursor.execute(TAKEN)
        return {place for (place,) in cursor.fetchall()}


def reserve() -> int:
    """The lowest free place, held until the end of this transaction. Raises ``Refused`` where there is none."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [ADVISORY_LOCK])
    free = set(range(1, PLANNED_PARTICIPANTS + 1)) - taken()
    if not free:
        raise Refused(full())
    return min(free)


def full() -> str:
    """What is said where no place is left, and what happens then."""
    return (
        f"All {PLANNED_PARTICIPANTS} places of the trial are taken by enrolled children or reserved by children in screening."
        " When a screening ends without enrolment, its place is free again. Please ask the sponsor before you inform another"
        " family; a child beyond these places needs an amendment of the protocol."
    )
