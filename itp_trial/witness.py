"""The application's word that this actor really acted: a keyed code with every change, checked by ``verify_audit``.

Whoever reaches the database past the application can claim to be anybody, but does not hold the key, which lives outside
of the database. A code that is copied from an earlier entry is too old (RQ-48).
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from django.conf import settings
from django.utils.crypto import constant_time_compare, salted_hmac

SALT = "itp_trial.witness"
#: No action lasts longer: the database ends idle transactions after a minute and statements after half of one.
LIFETIME = timedelta(minutes=15)
#: What the clocks of application and database may differ.
CLOCKS = timedelta(seconds=5)


def issue(*said: str) -> str:
    """The code for what is said now, with its time."""
    at = datetime.now(UTC).isoformat(timespec="microseconds")
    return f"{at} {_code(settings.SECRET_KEY, at, said)}"


def holds(witness: str, entered_at: datetime, *said: str) -> bool:
    """True where we issued this code for these words shortly before the entry."""
    at, _, code = witness.partition(" ")
    try:
        issued_at = datetime.fromisoformat(at)
    except ValueError:
        return False
    if not -CLOCKS <= entered_at - issued_at <= LIFETIME:
        return False
    keys = [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]
    return any(constant_time_compare(code, _code(key, at, said)) for key in keys)


def _code(key: str, at: str, said: tuple[str, ...]) -> str:
    return salted_hmac(SALT, "\x1f".join((at, *said)), secret=key, algorithm="sha256").hexdigest()[:40]
