"""People, sites, role assignments, API tokens, idempotency keys and the audit trail."""

from __future__ import annotations

import hashlib
import secrets
from datetime import date, timedelta
from typing import Any

from django.contrib.auth.models import AbstractBaseUser, BaseUserManager
from django.db import models
from django.db.models import Q
from django.utils import timezone

from itp_trial.roles import Role


class UserManager(BaseUserManager["User"]):
    def create_user(self, username: str, password: str | None = None, **fields: Any) -> User:
        user = self.model(username=self.model.normalize_username(username), **fields)
        user.set_password(password)
        user.save()
        return user


class User(AbstractBaseUser):
    """A person with an account. Accounts are closed, never deleted or reused (RQ-35)."""

    username = models.CharField(max_length=60, unique=True)
    full_name = models.CharField(max_length=120)
    email = models.EmailField(unique=True)
    is_active = models.BooleanField(default=True)
    created_at = models.DateTimeField(default=timezone.now)

    objects = UserManager()
    USERNAME_FIELD = "username"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS = ["full_name", "email"]

    def __str__(self) -> str:
        return self.full_name

    @property
    def actor_id(self) -> str:
        return f"user:{self.pk}"

    @property
    def actor_name(self) -> str:
        return f"{self.full_name} ({self.username})"


class Site(models.Model):
    """A hospital of the trial."""

    code = models.CharField(max_length=2, unique=True)
    name = models.CharField(max_length=120)
    city = models.CharField(max_length=60, blank=True)
    is_demo_name = models.BooleanField(
        default=False, help_text="The name is a stand-in: the registry record does not name the three centres."
    )

    class Meta:
        ordering = ["code"]

    def __str__(self) -> str:
        return f"{self.code} {self.name}{' (demo name)' if self.is_demo_name else ''}"


class RoleAssignmentQuerySet(models.QuerySet["RoleAssignment"]):
    def on(self, day: date) -> RoleAssignmentQuerySet:
        """Those in force on a day and not stopped; the end date is the last day in force."""
        return self.filter(Q(ends__isnull=True) | Q(ends__gte=day), starts__lte=day, stopped_at__isnull=True)


class RoleAssignment(models.Model):
    """One person in one role at one site (no site: at all sites), from a day to a day."""

    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="assignments")
    role = models.CharField(max_length=20, choices=Role.choices)
    site = models.ForeignKey(Site, on_delete=models.PROTECT, null=True, blank=True, related_name="assignments")
    starts = models.DateField()
    ends = models.DateField(null=True, blank=True)
    #: Set when the role was taken away at once, whatever its days say.
    stopped_at = models.DateTimeField(null=True, blank=True)

    objects = RoleAssignmentQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(ends__isnull=True) | Q(ends__gte=models.F("starts")), name="role_period"),
            models.UniqueConstraint(fields=["user", "role", "site", "starts"], nulls_distinct=False, name="role_once_per_start"),
        ]

    def __str__(self) -> str:
        return f"{self.user}: {self.get_role_display()} at {self.site or 'all sites'}"

    @property
    def is_over(self) -> bool:
        return self.stopped_at is not None or (self.ends is not None and self.ends < timezone.localdate())

    @property
    def is_in_force(self) -> bool:
        return not self.is_over and self.starts <= timezone.localdate()


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


class AuditEntry(models.Model):
    """One row that changed: who, when, why, and old and new of each changed column. Written by the database only."""

    audited = False

    at = models.DateTimeField(db_index=True)
    actor_id = models.CharField(max_length=40)
    actor_name = models.CharField(max_length=200)
    reason = models.TextField(blank=True)
    table_name = models.CharField(max_length=63)
    operation = models.CharField(max_length=6)
    row = models.CharField(max_length=40)
    old = models.JSONField(null=True)
    new = models.JSONField(null=True)

    class Meta:
        ordering = ["-pk"]
        indexes = [models.Index(fields=["table_name", "row", "-id"], name="audit_row")]

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M} {self.actor_name}: {self.operation} {self.table_name} {self.row}"
