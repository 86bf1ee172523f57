"""Accounts, second factors and sessions: what the trial keeps about signing in, beside the person (``itp_trial.User``)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.conf import settings
from django.contrib.sessions.base_session import AbstractBaseSession
from django.db import models
from django.utils import timezone


class Account(models.Model):
    """Who was checked to be this person, and the state of their password. Usernames and emails stay taken for ever (RQ-35)."""

    #: How long a password that the administrator knows opens the door to choosing one's own.
    STARTING_PASSWORD_LIFETIME = timedelta(days=7)

    user = models.OneToOneField(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="account")
    identity_checked_by = models.CharField(max_length=120)
    identity_checked_how = models.CharField(max_length=200)
    identity_checked_on = models.DateField()
    #: The administrator has seen the password: it opens nothing but the page that replaces it (RQ-34).
    must_change_password = models.BooleanField(default=False)
    password_set_at = models.DateTimeField(default=timezone.now)
    closed_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return f"Account of {self.user}"

    @property
    def starting_password_is_over(self) -> bool:
        return self.must_change_password and timezone.now() > self.password_set_at + self.STARTING_PASSWORD_LIFETIME


class PasswordHistory(models.Model):
    """Hashes of earlier passwords, so that none of the last ones comes back (RQ-43). In no trail and no export."""

    audited = False

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="earlier_passwords")
    password = models.CharField(max_length=128)
    replaced_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["-pk"]

    def __str__(self) -> str:
        return f"Earlier password of {self.user}"


class Totp(models.Model):
    """An authenticator app. The secret is stored sealed; a code is accepted once (``last_step`` only moves forward)."""

    rows_may_go = True

    user = models.OneToOneField(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="totp")
    secret = models.CharField(max_length=250)
    last_step = models.BigIntegerField(default=0)
    created_at = models.DateTimeField(default=timezone.now)

    def __str__(self) -> str:
        return f"Authenticator app of {self.user}"


class Passkey(models.Model):
    """A passkey or security key (WebAuthn): its public half, and how often it was used."""

    rows_may_go = True

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="passkeys")
    name = models.CharField(max_length=60)
    #: The authenticator's credential data (id and public key), as base64.
    credential = models.TextField(unique=True)
    sign_count = models.BigIntegerField(default=0)
    created_at = models.DateTimeField(default=timezone.now)
    last_used_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["pk"]

    def __str__(self) -> str:
        return f"Passkey {self.name} of {self.user}"


class RecoveryCode(models.Model):
    """One of ten codes on paper for the day the telephone is lost. Only a keyed digest is stored; each works once."""

    rows_may_go = True

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="recovery_codes")
    digest = models.CharField(max_length=64, unique=True)
    used_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return f"Recovery code of {self.user}"


class Session(AbstractBaseSession):
    """A session that knows whose it is, so that all sessions of a person can be listed and ended at once."""

    audited = False

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, null=True, related_name="sessions")

    @classmethod
    def get_session_store_class(cls) -> Any:
        from accounts.sessions import SessionStore

        return SessionStore


class Attempts(models.Model):
    """How often something was tried within a window of time (``accounts/throttle.py``)."""

    audited = False

    #: A digest of what is counted: an account or an address, never its name.
    key = models.CharField(primary_key=True, max_length=64)
    count = models.PositiveIntegerField()
    until = models.DateTimeField(db_index=True)

    class Meta:
        verbose_name_plural = "attempts"

    def __str__(self) -> str:
        return f"{self.count} until {self.until:%H:%M}"
