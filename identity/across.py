"""Is this child known to the trial already? Asked across the sites, answered with yes or no."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path
from typing import Any
from uuid import UUID

from django.db import connection, connections

FUNCTIONS = Path(__file__).with_name("sql") / "across.sql"


def install(using: str = "default", **_: Any) -> None:
    """Puts the functions in place; harmless to repeat. Runs after every migrate."""
    if "identity_duplicatedecision" in connections[using].introspection.table_names():
        with connections[using].cursor() as cursor:
            cursor.execute(FUNCTIONS.read_text())


def known_to_the_trial(codes: Iterable[str], participant: UUID) -> bool:
    """True where a child other than this one, at whatever site, has one of these fingerprints."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT itp_known_to_the_trial(%s, %s)", [list(codes), participant])
        return bool(cursor.fetchone()[0])


def pair_of(one: UUID, other: UUID) -> str:
    """The name of a pair, in either order the same."""
    first, second = sorted((str(one), str(other)))
    return hashlib.sha256(f"{first} {second}".encode()).hexdigest()
