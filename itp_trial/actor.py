"""Who is acting, and why: the one place that tells the database.

Every action runs inside ``with acting(user, reason)``. It opens one transaction and hands the actor to the
audit triggers; a clinical write outside of it is refused by the database itself.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any, NamedTuple

from django.conf import settings
from django.db import connection, transaction
from django.utils import timezone

from itp_trial import witness


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


class Said(NamedTuple):
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
    opened = False
    with transaction.atomic():
        if said != outer:
            opened = "sites" in _tell_the_database(said)
        token = _now.set(said)
        try:
            yield
        finally:
            _now.reset(token)
        # An action inside an action: what follows it belongs to the outer one again. After an error the rollback of the
        # savepoint has already put the old settings back.
        if outer is not None and said != outer:
            _tell_the_database(outer)
    if outer is None and connection.in_atomic_block and not connection.needs_rollback:
        _be_nobody_again(opened)


def _tell_the_database(said: Said) -> set[str]:
    """Says it in one statement; returns the names of what was said."""
    origin = _origin.get()
    settled = {"actor_id": said.actor_id, "actor_name": said.actor_name, "reason_code": said.reason_code,
               "reason": said.reason, "request_id": request_id(), "software": settings.SOFTWARE_VERSION,
               "witness": witness.issue(*said, request_id())}  # fmt: skip
    told = {name: ("%s", [value]) for name, value in settled.items()}
    from_request = origin is not None and origin.actor_id == said.actor_id
    told |= {"role": ("%s", [origin.role()])} if from_request else _outside_of_requests(said, origin)
    names = ", ".join(f"set_config('itp.{name}', {sql}, true)" for name, (sql, _) in told.items())
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {names}", [value for _, values in told.values() for value in values])
    return set(told)


def _be_nobody_again(opened: bool) -> None:
    """Inside a longer transaction the author, and the sites opened for him, would stay until its end."""
    from itp_trial import scope

    sites = [scope.seen_now()] if opened else []
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('itp.actor_id', '', true)" + ", set_config('itp.sites', %s, true)" * opened, sites)


def _outside_of_requests(said: Said, origin: Origin | None) -> dict[str, tuple[str, list[Any]]]:
    """Role and sites of work that no request of this actor brought: commands, tasks, and what a machine does for a person."""
    from itp_trial import scope

    kind, _, key = said.actor_id.partition(":")
    if kind != "user":
        # Inside a person's request a machine sees what the person sees.
        return {"role": ("%s", [kind])} | ({} if origin else {"sites": ("%s", [scope.EVERYWHERE])})
    today = timezone.localdate()
    roles, values = scope.grants(int(key), today)
    return {
        "role": (f"coalesce((SELECT string_agg(DISTINCT role, ', ') FROM ({roles}) AS g), '')", values),  # noqa: S608  (Django's own SQL)
        "sites": scope.sites_of(int(key), today),
    }
