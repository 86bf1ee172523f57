"""People, sites and role assignments."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.contrib.auth.models import AbstractBaseUser, BaseUserManager
from django.db import models
from django.db.models import Q
from django.utils import timezone

from itp_trial.roles import TRIAL_WIDE, Role


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
        """Those that give rights on a day, as the log stands now: signed, not stopped, within their days."""
        return self.not_over(day).filter(starts__lte=day, signed_at__isnull=False)

    def not_over(self, day: date) -> RoleAssignmentQuerySet:
        """Those that are in force, will be, or wait for their signature; the end date is the last day."""
        return self.filter(Q(ends__isnull=True) | Q(ends__gte=day), stopped_at__isnull=True)


class RoleAssignment(models.Model):
    """One entry of the delegation log: one person in one role at one site (no site: at all sites), from a day to a day.

    It gives rights only when it is signed (RQ-42), and after that it only ever gets shorter; longer is a new entry.
    ``delegation/actions.py`` is the one place that writes it, and says who signs what.
    """

    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="assignments")
    role = models.CharField(max_length=20, choices=Role.choices)
    site = models.ForeignKey(Site, on_delete=models.PROTECT, null=True, blank=True, related_name="assignments")
    starts = models.DateField()
    ends = models.DateField(null=True, blank=True)
    signed_at = models.DateTimeField(null=True, blank=True)
    #: Empty in a signed entry: appointed when the trial was set up, by the command that the trail names.
    signed_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, blank=True, related_name="signed_assignments")
    #: What the signer saw and signed, word for word.
    signed_text = models.TextField(blank=True)
    #: When its access was closed at once, whatever its days say.
    stopped_at = models.DateTimeField(null=True, blank=True)
    #: Who shortened or stopped it.
    ended_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, blank=True, related_name="ended_assignments")

    objects = RoleAssignmentQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(ends__isnull=True) | Q(ends__gte=models.F("starts")), name="role_period"),
            models.UniqueConstraint(
                fields=["user", "role", "site", "starts"], nulls_distinct=False, condition=Q(stopped_at__isnull=True),
                name="role_once_per_start",
            ),
            models.CheckConstraint(
                condition=Q(signed_at__isnull=True, signed_by__isnull=True, signed_text="")
                | (Q(signed_at__isnull=False) & ~Q(signed_text="")),
                name="role_signed_with_text",
            ),
            models.CheckConstraint(
                condition=Q(signed_by__isnull=True) | ~Q(signed_by=models.F("user")), name="role_not_signed_by_oneself"
            ),
            models.CheckConstraint(
                condition=Q(signed_at__isnull=True) | Q(signed_by__isnull=False) | Q(role__in=sorted(TRIAL_WIDE)),
                name="role_signed_by_a_person",
            ),
        ]  # fmt: skip

    def __str__(self) -> str:
        return f"{self.user}: {self.get_role_display()} at {self.site or 'all sites'}"

    @property
    def is_over(self) -> bool:
        return self.stopped_at is not None or (self.ends is not None and self.ends < timezone.localdate())

    @property
    def is_in_force(self) -> bool:
        return self.signed_at is not None and not self.is_over and self.starts <= timezone.localdate()

    @property
    def standing(self) -> str:
        """The state in one word, as ``{% state %}`` shows it."""
        if self.signed_at is None:
            return "never signed" if self.is_over else "unsigned"
        if self.is_over:
            return "stopped" if self.stopped_at else "ended"
        return "in force" if self.is_in_force else "to come"

    @property
    def place(self) -> str:
        return f"site {self.site.code}" if self.site else "all sites"
