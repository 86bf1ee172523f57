"""API tokens and idempotency keys."""

from __future__ import annotations

import hashlib
import secrets
from datetime import timedelta

from django.db import models
from django.utils import timezone

from itp_trial.models.people import RoleAssignment, User


class ApiToken(models.Model):
    """A person's key to the API, bound to one role assignment. Only a digest is stored."""

    LIFETIME = timedelta(days=90)

    assignment = models.ForeignKey(RoleAssignment, on_delete=models.PROTECT, related_name="tokens")
    name = models.CharField(max_length=60)
    digest = models.CharField(max_length=64, unique=True)
    created_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-created_at"]

    def __str__(self) -> str:
        return f"{self.name} ({self.assignment})"

    @staticmethod
    def digest_of(secret: str) -> str:
        return hashlib.sha256(secret.encode("utf-8", "replace")).hexdigest()

    @staticmethod
    def new_secret() -> str:
        return f"itp_{secrets.token_urlsafe(32)}"

    @property
    def is_live(self) -> bool:
        return self.revoked_at is None and self.expires_at > timezone.now()


class IdempotencyKey(models.Model):
    """One posted form or API write: the same key again returns the first answer instead of a second row."""

    audited = False

    key = models.CharField(max_length=64)
    user = models.ForeignKey(User, on_delete=models.CASCADE)
    request_digest = models.CharField(max_length=64)
    answer = models.JSONField(default=dict)
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "key"], name="idempotency_key_once")]

    def __str__(self) -> str:
        return self.key
