"""Who looked at, exported or printed what, who came in and who was refused (RQ-13, RQ-15)."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest

from itp_trial.actor import request_id
from itp_trial.models import AccessEntry

Kind = AccessEntry.Kind


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
