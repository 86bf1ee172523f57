"""People, sites and role assignments."""

from __future__ import annotations

from datetime import date
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
