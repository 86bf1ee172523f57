"""What the system remembers of everybody: the audit trail of changes and the log of accesses."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone


class AuditEntry(models.Model):
    """One row that changed: who, in which role, when, why, and old and new of each changed column.

    Written by the database's triggers only (``itp_trial/audit.py``). Entries of one chain (a participant's, or the
    trial's for everything else) are numbered without a gap and hold each other by their hashes (RQ-01, RQ-07).
    """

    audited = False
    #: The chain of what belongs to no participant: people, sites, product.
    TRIAL_CHAIN = "trial"

    at = models.DateTimeField(db_index=True)
    actor_id = models.CharField(max_length=40)
    actor_name = models.CharField(max_length=200)
    role = models.CharField(max_length=120, blank=True)
    site = models.CharField(max_length=2, blank=True)
    participant = models.UUIDField(null=True)
    record = models.UUIDField(null=True)
    form = models.CharField(max_length=40, blank=True)
    reason_code = models.CharField(max_length=20, blank=True)
    reason = models.TextField(blank=True)
    request_id = models.CharField(max_length=36, blank=True)
    software = models.CharField(max_length=20, blank=True)
    #: The application's keyed code for actor and reason (``itp_trial/witness.py``).
    witness = models.CharField(max_length=80, blank=True)
    table_name = models.CharField(max_length=63)
    operation = models.CharField(max_length=6)
    row = models.CharField(max_length=40)
    old = models.JSONField(null=True)
    new = models.JSONField(null=True)
    #: Goes into the digest of the values; forgotten when values are redacted, so that they cannot be guessed (RQ-14).
    salt = models.UUIDField(null=True)
    content = models.CharField(max_length=64)
    chain = models.CharField(max_length=36)
    place = models.PositiveBigIntegerField()
    previous = models.CharField(max_length=64, blank=True)
    hash = models.CharField(max_length=64)

    class Meta:
        ordering = ["-pk"]
        indexes = [
            models.Index(fields=["table_name", "row", "-id"], name="audit_row"),
            models.Index(fields=["record", "-id"], name="audit_record"),
        ]
        constraints = [models.UniqueConstraint(fields=["chain", "place"], name="audit_place_once")]

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M} {self.actor_name}: {self.operation} {self.table_name} {self.row}"


class AccessEntry(models.Model):
    """Who looked at, exported or printed what, and who came in or was refused. Kept apart from the trail (RQ-13, RQ-15)."""

    class Kind(models.TextChoices):
        SIGN_IN = "sign_in", "Signed in"
        SIGN_IN_FAILED = "sign_in_failed", "Sign-in refused"
        SIGN_OUT = "sign_out", "Signed out"
        LOCKED_OUT = "locked_out", "Locked out"
        ACCOUNT = "account", "Account or second factor changed"
        ROLE = "role", "Role given, signed or ended"
        VIEW = "view", "Participant viewed"
        EXPORT = "export", "Exported"
        PRINT = "print", "Printed"
        IDENTITY = "identity", "Identity of a family looked at"
        SIGNATURE_FAILED = "signature_failed", "Signing refused"
        REFUSED = "refused", "Attempt refused"

    audited = False

    at = models.DateTimeField(default=timezone.now, db_index=True)
    kind = models.CharField(max_length=20, choices=Kind.choices)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="accesses")
    #: As typed or as known then: a name stays readable whatever happens to the account.
    user_name = models.CharField(max_length=200, blank=True)
    site = models.CharField(max_length=2, blank=True)
    participant = models.UUIDField(null=True)
    #: What was looked at or exported, in words.
    what = models.CharField(max_length=200, blank=True)
    #: Why it was exported, printed or looked at, as the person said.
    purpose = models.CharField(max_length=200, blank=True)
    address = models.GenericIPAddressField(null=True)
    request_id = models.CharField(max_length=36, blank=True)

    class Meta:
        ordering = ["-pk"]
        indexes = [
            models.Index(fields=["participant", "-id"], condition=Q(participant__isnull=False), name="access_participant"),
            models.Index(fields=["kind", "-id"], name="access_kind"),
        ]

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M} {self.user_name}: {self.get_kind_display()} {self.what}"


class TrailCheck(models.Model):
    """The result of one verification of the whole trail (``itp_trial/checking.py``)."""

    at = models.DateTimeField(default=timezone.now)
    entries = models.PositiveBigIntegerField()
    digest = models.CharField(max_length=64)
    #: Seconds by which the database's clock was ahead of the application's.
    clock_offset = models.FloatField()
    clock_synchronised = models.BooleanField(null=True)
    broken = models.JSONField(default=list)

    class Meta:
        ordering = ["-pk"]

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M}: {self.entries} entries, {len(self.broken)} broken"


class Redaction(models.Model):
    """Personal data that has to leave the trail: asked for by one person, granted by another (RQ-14). The log of it, too.

    ``itp_redact`` (``itp_trial/sql/redaction.sql``) does it: wherever this text stands in this column of this row, also in the
    row itself, a marker stands afterwards. Everything else of the entries stays, with their places and hashes.
    """

    participant = models.UUIDField()
    #: The entry that brought the text.
    entry = models.BigIntegerField()
    table_name = models.CharField(max_length=63)
    row = models.CharField(max_length=40)
    column = models.CharField(max_length=63)
    why = models.CharField(max_length=500)
    asked_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    asked_at = models.DateTimeField(default=timezone.now)
    decided_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    decided_at = models.DateTimeField(null=True)
    granted = models.BooleanField(default=False)
    #: The entries that were changed -> the digest of what is left in them, which ``verify_audit`` compares.
    entries = models.JSONField(default=dict)

    class Meta:
        ordering = ["-pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(decided_by=None) | ~Q(decided_by=models.F("asked_by")), name="redaction_needs_two_persons"
            ),
            models.CheckConstraint(
                condition=Q(decided_by=None, decided_at=None, granted=False)
                | Q(decided_by__isnull=False, decided_at__isnull=False),
                name="redaction_decided_by_somebody",
            ),
            models.UniqueConstraint(fields=["entry", "column"], condition=Q(decided_at=None), name="redaction_asked_once"),
        ]

    def __str__(self) -> str:
        return f"Redaction {self.pk}"

    @property
    def state(self) -> str:
        """As ``{% state %}`` shows it."""
        return "open" if self.decided_at is None else "granted" if self.granted else "declined"
