"""One electronic signature: who signed what, with which meaning, and exactly which content."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from casebook.models import FormRecord, Participant, Visit


class Scope(models.TextChoices):
    FORM = "form", "Form"
    VISIT = "visit", "Visit"
    ELIGIBILITY = "eligibility", "Eligibility"
    CASEBOOK = "casebook", "Casebook"
    LOCK = "lock", "Data lock"


class Meaning(models.TextChoices):
    """What a signature says; no other meaning can be signed."""

    AUTHORSHIP = "authorship", "Authorship"
    REVIEW = "review", "Review"
    APPROVAL = "approval", "Approval by the principal investigator"
    ELIGIBILITY = "eligibility", "Confirmation of eligibility"
    CAUSALITY = "causality", "Assessment of seriousness and causality"
    LOCK = "lock", "Data lock: complete, reviewed and final"


class Signature(models.Model):
    """Written once. Only the database itself sets ``superseded_by``, when something that is covered changes.

    ``manifest`` holds for each covered form the hash of its content, its version, and the newest entry of the trail that the
    signer could know; ``content_hash`` binds all of it to scope, object and meaning. ``code`` seals the whole row.
    """

    #: The application adds signatures and never changes one; the database itself supersedes them.
    written_once = True

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    participant = models.ForeignKey(Participant, on_delete=models.PROTECT, related_name="signatures")
    of_visit = models.ForeignKey(Visit, on_delete=models.PROTECT, null=True, related_name="signatures")
    of_record = models.ForeignKey(FormRecord, on_delete=models.PROTECT, null=True, related_name="signatures")
    scope = models.CharField(max_length=12, choices=Scope.choices)
    meaning = models.CharField(max_length=12, choices=Meaning.choices)
    signed_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="signatures")
    #: As they were at that moment, whatever happens to the account.
    printed_name = models.CharField(max_length=200)
    role = models.CharField(max_length=100)
    site_code = models.CharField(max_length=2)
    signed_at = models.DateTimeField(default=timezone.now)
    content_hash = models.CharField(max_length=64)
    manifest = models.JSONField()
    #: What the person entered at that moment: the password, or the password and a second factor.
    factors = models.CharField(max_length=40)
    session = models.CharField(max_length=40, blank=True)
    #: The edition of the statement that the signer had accepted (RQ-36).
    statement = models.CharField(max_length=10)
    code = models.CharField(max_length=24, unique=True)
    superseded_by = models.BigIntegerField(null=True)
    superseded_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["signed_at", "pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(superseded_by=None, superseded_at=None) | Q(superseded_by__isnull=False, superseded_at__isnull=False),
                name="superseded_by_a_change",
            ),
            models.CheckConstraint(
                condition=Q(scope="form", of_record__isnull=False, of_visit=None)
                | Q(scope="visit", of_record=None, of_visit__isnull=False)
                | Q(scope__in=["eligibility", "casebook", "lock"], of_record=None, of_visit=None),
                name="signature_of_its_scope",
            ),
        ]  # fmt: skip
        indexes = [models.Index(fields=["participant"], condition=Q(superseded_by=None), name="signature_valid")]

    def __str__(self) -> str:
        return f"{self.get_meaning_display()}: {self.printed_name}"

    @property
    def is_valid(self) -> bool:
        return self.superseded_by is None

    @property
    def state(self) -> str:
        return "signed" if self.is_valid else "superseded"

    @property
    def manifestation(self) -> str:
        """Printed name, role, meaning, date and time with zone (RQ-30): on screen, in print and in every export."""
        local = timezone.localtime(self.signed_at)
        hours = int(local.utcoffset().total_seconds() // 3600)  # type: ignore[union-attr]  (aware)
        return (f"{self.printed_name}, {self.role}, {local:%d %b %Y %H:%M:%S} Cairo (UTC{hours:+d}):"
                f" {self.get_meaning_display()}")  # fmt: skip

    @property
    def what_superseded(self) -> str:
        """``Superseded by change 123 on 05 Mar 2026 14:02 Cairo``, or an empty text."""
        if self.superseded_at is None:
            return ""
        return f"Superseded by change {self.superseded_by} on {timezone.localtime(self.superseded_at):%d %b %Y %H:%M} Cairo"

    def covers(self, record_id: object) -> bool:
        return str(record_id) in self.manifest


class Seen(models.Model):
    """A signer has read this form in this state: only then it may be part of a signature of many forms."""

    append_only = True

    record = models.ForeignKey(FormRecord, on_delete=models.PROTECT, related_name="seen")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    #: The hash of the content that was shown, and the newest entry of the trail in it.
    content = models.CharField(max_length=64)
    head = models.BigIntegerField()
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["at", "pk"]
        constraints = [models.UniqueConstraint(fields=["record", "by", "content"], name="seen_once")]

    def __str__(self) -> str:
        return f"{self.by}: {self.record}"
