"""Sessions in the database that know whose they are (RQ-45): begin, list, end.

``SESSION_ENGINE`` names this module. A session is one row; whoever deletes the row has signed that person out.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from django.conf import settings
from django.contrib.auth import SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore as DatabaseStore
from django.http import HttpRequest
from django.utils import timezone

from accounts import device
from accounts.models import Session
from itp_trial import access_log

#: What a session remembers of its sign-in.
SIGN_IN = "sign_in"
#: When the person did something last, and after how many seconds it is written again.
LAST_SEEN = "last_seen"
NOTED_AGAIN_AFTER = 60
#: Present where the sign-in was confirmed by a second factor.
SECOND_FACTOR = "second_factor"
#: Present until a password that the administrator knows is replaced.
MUST_CHANGE = "must_change_password"


class SessionStore(DatabaseStore):
    """Django's database sessions, with the person in a column of its own."""

    @classmethod
    def get_model_class(cls) -> type[Session]:
        return Session

    def create_model_instance(self, data: dict[str, Any]) -> Session:
        row: Session = super().create_model_instance(data)  # type: ignore[assignment]  # the stubs know Django's table only
        row.user_id = data.get(SESSION_KEY)
        return row


@dataclass(frozen=True)
class Live:
    """A session that is open now, as its owner sees it."""

    key: str
    number: str
    device: str
    address: str
    since: datetime
    last_seen: datetime


def remember(request: HttpRequest) -> None:
    """Writes into a new session where and when it began."""
    request.session[SIGN_IN] = {
        "number": str(uuid.uuid4()), "since": _now(), "device": device.in_words(request.META.get("HTTP_USER_AGENT", "")),
        "address": request.META.get("REMOTE_ADDR", ""),
    }  # fmt: skip


def age(session: Any) -> int:
    """Seconds since the sign-in."""
    return _now() - int(session.get(SIGN_IN, {}).get("since", _now()))


def live(user: Any) -> list[Live]:
    """The open sessions of a person, the one used last first."""
    rows = Session.objects.filter(user=user, expire_date__gt=timezone.now())
    found = [_described(row) for row in rows]
    return sorted((one for one in found if not _is_over(one)), key=lambda one: one.last_seen, reverse=True)


def _described(row: Session) -> Live:
    data = row.get_decoded()
    began = data.get(SIGN_IN, {})
    since = int(began.get("since", row.expire_date.timestamp() - settings.SESSION_COOKIE_AGE))
    return Live(row.session_key, began.get("number", ""), began.get("device", ""), began.get("address", ""), _moment(since),
                _moment(int(data.get(LAST_SEEN, since))))  # fmt: skip


def _is_over(session: Live) -> bool:
    """Too long idle or too old: the next request would end it."""
    now = timezone.now()
    idle, since = (now - session.last_seen).total_seconds(), (now - session.since).total_seconds()
    return idle > settings.INACTIVITY_SECONDS or since > settings.SESSION_LIMIT_SECONDS


def end_sessions(user: Any, why: str = "all sessions ended", *, but: str | None = "", request: HttpRequest | None = None) -> int:
    """Signs a person out everywhere at once, and says so in the access log. Returns how many sessions ended.

    Call it in the transaction of what takes the access away (account closed, last role ended, password changed).

    :param but: the key of a session that goes on, such as the one in which the password was changed
    :param request: who asked for it, if it was a person at a page
    """
    count, _ = Session.objects.filter(user=user).exclude(session_key=but or "").delete()
    if count:
        what = f"{why}: {count} session{'s' if count > 1 else ''} ended"
        access_log.note(access_log.Kind.SIGN_OUT, request=request, user=user, what=what)
    return count


def end_one(session: Live, user: Any, *, request: HttpRequest) -> None:
    Session.objects.filter(user=user, session_key=session.key).delete()
    access_log.note(access_log.Kind.SIGN_OUT, request=request, user=user, what=f"session ended: {session.device}")


def _now() -> int:
    return int(timezone.now().timestamp())


def _moment(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, tz=UTC)
