"""The same form posted twice (double click, retry after a lost answer) is stored once and answered twice.

Call ``claim`` first inside the transaction of the action: a second request with the same key waits there for the first
one, then gets its answer.
"""

from __future__ import annotations

import hashlib
import uuid
from dataclasses import dataclass
from typing import Any

from django.db import connection
from django.utils import timezone

from itp_trial.models import IdempotencyKey


class KeyReused(Exception):
    """The key was used for something else: the sender mixes up two different requests."""


@dataclass
class Claim:
    """``replay`` holds the first answer when this request was seen before."""

    pk: int | None
    replay: dict[str, Any] | None

    def settle(self, answer: dict[str, Any]) -> None:
        """Remembers what the first request was answered with."""
        if self.pk is not None:
            IdempotencyKey.objects.filter(pk=self.pk).update(answer=answer)


def new_key() -> str:
    return uuid.uuid4().hex


#: Never part of a stored digest: who has the table could guess a password against it, and a code is new each time.
UNDIGESTED = ("csrfmiddlewaretoken", "password", "code", "new_password", "new_password_again")


def digest_of(path: str, data: dict[str, Any]) -> str:
    content = "\n".join(f"{k}={v}" for k, v in sorted(data.items()) if k not in UNDIGESTED)
    return hashlib.sha256(f"{path}\n{content}".encode("utf-8", "replace")).hexdigest()


def claim(user: Any, key: str, digest: str) -> Claim:
    """Takes the key for this request. Without a key nothing is remembered. Raises ``KeyReused``."""
    if not key:
        return Claim(None, None)
    key = key[:64].replace("\x00", "")
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO itp_trial_idempotencykey (key, user_id, request_digest, answer, created_at)"
            " VALUES (%s, %s, %s, '{}', %s) ON CONFLICT DO NOTHING RETURNING id",
            [key, user.pk, digest, timezone.now()],
        )
        row = cursor.fetchone()
    if row:
        return Claim(row[0], None)
    seen = IdempotencyKey.objects.get(user=user, key=key)
    if seen.request_digest != digest:
        raise KeyReused("This form was already sent with other contents. Please open it again.")
    return Claim(None, seen.answer)
