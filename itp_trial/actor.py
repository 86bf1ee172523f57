"""Who is acting, and why: the one place that tells the database.

Every action runs inside ``with acting(user, reason)``. It opens one transaction and hands the actor to the
audit triggers; a clinical write outside of it is refused by the database itself.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

from django.db import connection, transaction

#: What the innermost running action told the database: actor's id and name, reason. None outside of any.
_now: ContextVar[tuple[str, str, str] | None] = ContextVar("itp_actor", default=None)


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


@contextmanager
def acting(by: Any, reason: str = "") -> Iterator[None]:
    """One transaction in which ``by`` is recorded as the author of every change.

    ``by`` has ``actor_id`` and ``actor_name`` (a ``User`` or a ``System``); ``reason`` says why a
    stored value changes; an inner action without a reason of its own has the outer one's. The settings live as long as
    the transaction and no longer.
    """
    outer = _now.get()
    inherited = outer[2] if outer and outer[0] == by.actor_id else ""
    said = (by.actor_id, by.actor_name, reason or inherited)
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


def _tell_the_database(said: tuple[str, str, str]) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT set_config('itp.actor_id', %s, true), set_config('itp.actor_name', %s, true),"
            " set_config('itp.reason', %s, true)",
            said,
        )
