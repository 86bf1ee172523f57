"""Who is acting, and why: the one place that tells the database.

Every action runs inside ``with acting(user, reason)``. It opens one transaction and hands the actor to the
audit triggers; a clinical write outside of it is refused by the database itself.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.db import connection, transaction


@dataclass(frozen=True)
class System:
    """A named process that acts by itself (never a person's name on a machine's work; RQ-11)."""

    name: str

    @property
    def actor_id(self) -> str:
        return f"system:{self.name}"

    @property
    def actor_name(self) -> str:
        return f"{self.name} (system)"


@dataclass(frozen=True)
class Origin:
    """Where the work comes from: one request of one person, in the roles that it uses."""

    request_id: str
    actor_id: str
    #: Asked for only when something is written; reading a page does not need it.
    role: Callable[[], str]


@dataclass(frozen=True)
class Said:
    """What the innermost running action told the database."""

    actor_id: str
    actor_name: str
    reason_code: str
    reason: str


_now: ContextVar[Said | None] = ContextVar("itp_actor", default=None)
_origin: ContextVar[Origin | None] = ContextVar("itp_origin", default=None)


@contextmanager
def coming_from(origin: Origin) -> Iterator[None]:
    """Everything inside belongs to this request: its number and role stand in the trail."""
    token = _origin.set(origin)
    try:
        yield
    finally:
        _origin.reset(token)


def request_id() -> str:
    """The number of the request that is being answered, or an empty text outside of any."""
    origin = _origin.get()
    return origin.request_id if origin else ""


@contextmanager
def acting(by: Any, reason: str = "", *, code: str = "") -> Iterator[None]:
    """One transaction in which ``by`` is recorded as the author of every change.

    ``by`` has ``actor_id`` and ``actor_name`` (a ``User`` or a ``System``); ``reason`` says why a
    stored value changes and ``code`` is its word from a coded list, if there is one; an inner action without a reason of
    its own has the outer one's. The settings live as long as the transaction and no longer.
    """
    outer = _now.get()
    same = outer is not None and outer.actor_id == by.actor_id and not reason
    said = Said(by.actor_id, by.actor_name, *((outer.reason_code, outer.reason) if same else (code, reason)))
    with transaction.atomic():
        if said != outer:
            _tell_the_database(said)
        token = _now.set(said)
        try:
            yield
        finally:
            _now.reset(token)
        # An action inside an action: what follows it belongs to the outer one again. After an error the rollback of the
        # savepoint has already put the old settings back.
        if outer is not None and said != outer:
            _tell_the_database(outer)


#: The roles that a person has today, for work that no request brought (commands, tasks, tests).
_ROLES = """coalesce((SELECT string_agg(DISTINCT role, ', ') FROM itp_trial_roleassignment
    WHERE user_id = %s AND signed_at IS NOT NULL AND stopped_at IS NULL AND starts <= %s AND (ends IS NULL OR ends >= %s)), '')"""


def _tell_the_database(said: Said) -> None:
    origin = _origin.get()
    settled = {"actor_id": said.actor_id, "actor_name": said.actor_name, "reason_code": said.reason_code,
               "reason": said.reason, "request_id": request_id(), "software": settings.SOFTWARE_VERSION}  # fmt: skip
    role, values = _role(said, origin)
    names = ", ".join(f"set_config('itp.{name}', %s, true)" for name in settled)
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {names}, set_config('itp.role', {role}, true)", [*settled.values(), *values])


def _role(said: Said, origin: Origin | None) -> tuple[str, list[Any]]:
    """The role as an SQL expression with its values."""
    if origin is not None and origin.actor_id == said.actor_id:
        return "%s", [origin.role()]
    kind, _, key = said.actor_id.partition(":")
    if kind != "user":
        return "%s", [kind]
    from django.utils import timezone

    return _ROLES, [int(key), timezone.localdate(), timezone.localdate()]
