"""Who looked at, exported or printed what, who came in and who was refused (RQ-13, RQ-15)."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from django.db import connection
from django.http import HttpRequest
from django.utils import timezone

from itp_trial.actor import request_id
from itp_trial.models import AccessEntry
from itp_trial.protocol import value

Kind = AccessEntry.Kind
#: Views of one participant by one person are one line in this time: a visit of twenty pages is one look at the child.
VIEW_ONCE = timedelta(minutes=value("VIEW_ONCE_MIN"))
READING = ("GET", "HEAD", "OPTIONS", "TRACE")


def note(
    kind: str,
    *,
    request: HttpRequest | None = None,
    user: Any = None,
    user_name: str = "",
    participant: Any = None,
    site: str = "",
    what: str = "",
    purpose: str = "",
) -> AccessEntry:
    """Writes one line of the access log, in the caller's transaction.

    :param kind: one of ``AccessEntry.Kind``
    :param request: gives the person (unless ``user`` is given) and the address; the API's and the pages' alike
    :param user_name: what was typed, where nobody could be found under it
    :param participant: a ``Participant``; gives the site too
    :param what: in words, without values of the casebook
    """
    person = user or (request.user if request is not None and request.user.is_authenticated else None)
    return AccessEntry.objects.create(
        kind=kind,
        user=person,
        user_name=(user_name or (person.actor_name if person else ""))[:200],
        site=site or (participant.site.code if participant is not None else ""),
        participant=participant.pk if participant is not None else None,
        what=what[:200],
        purpose=purpose.strip()[:200],
        address=request.META.get("REMOTE_ADDR") or None if request is not None else None,
        request_id=request_id(),
    )


_VIEW = """INSERT INTO itp_trial_accessentry
    (at, kind, user_id, user_name, site, participant, what, purpose, address, request_id)
    SELECT %(at)s, %(kind)s, %(user)s, %(name)s, %(site)s, %(participant)s, %(what)s, '', %(address)s, %(request)s
    WHERE NOT EXISTS (SELECT 1 FROM itp_trial_accessentry WHERE participant = %(participant)s AND kind = %(kind)s
        AND user_id = %(user)s AND at > %(since)s)"""


def viewed(request: HttpRequest, participant: Any) -> None:
    """Notes that this person looked at a participant, at most once in ``VIEW_ONCE``. One statement, the pages' and the API's."""
    now, person = timezone.now(), request.user
    values = {
        "at": now, "kind": Kind.VIEW.value, "user": person.pk, "name": person.actor_name[:200], "site": participant.site.code,
        "participant": participant.pk, "what": f"Participant {participant.number}",
        "address": request.META.get("REMOTE_ADDR") or None, "request": request_id(), "since": now - VIEW_ONCE,
    }  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute(_VIEW, values)


def note_attempt(request: HttpRequest, what: str, *, record: Any = None) -> None:
    """A person tried to write what they must not: one line, without what they wanted to write."""
    person = getattr(request, "user", None)
    if request.method in READING or person is None or not person.is_authenticated:
        return
    about = {"participant": record.participant, "site": record.site.code} if record is not None else {}
    note(Kind.REFUSED, request=request, what=f"{request.method} {request.path}: {what}", **about)


def names(sent: Iterable[str]) -> str:
    """Names that somebody sent, harmless in any log."""
    return ", ".join(ascii(name[:40])[1:-1] for name in list(sent)[:20])
