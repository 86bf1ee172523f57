"""Who the families are: apart from the casebook, sealed, and never in any export."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils import timezone

from casebook.models import Participant
from identity.details import Details
from identity.vault import seal, unseal


class Identity(models.Model):
    """The contact details of one family. The trail says that and when they were written, and nothing of what they are."""

    participant = models.OneToOneField(Participant, on_delete=models.PROTECT, related_name="identity")
    #: Never enters the trail (``itp_trial.audit.HIDDEN``): what is corrected or sealed anew leaves no old copy behind.
    sealed = models.TextField()
    version = models.PositiveIntegerField(default=1)
    kept_at = models.DateTimeField(default=timezone.now)
    kept_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    #: When it was last sealed with a new key.
    rotated_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = "record of contact details"

    def __str__(self) -> str:
        return f"Contact details of {self.participant}"

    def lock_away(self, details: Details) -> None:
        self.sealed = seal(self.participant_id, details.content())

    def details(self) -> Details:
        """:raises Unopened: no key opens it, or it belongs to another row"""
        return Details(**unseal(self.participant_id, self.sealed))


class Fingerprint(models.Model):
    """A keyed code of names and birth date: equal codes mean probably the same child. Nothing can be read from it."""

    audited = False
    participant = models.ForeignKey(Participant, on_delete=models.PROTECT, related_name="fingerprints")
    code = models.CharField(max_length=64)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["code", "participant"], name="fingerprint_once")]

    def __str__(self) -> str:
        return f"Fingerprint of {self.participant_id}"


class DuplicateDecision(models.Model):
    """What the data manager found out about two children that looked like one."""

    class Verdict(models.TextChoices):
        SAME = "same", "One child, entered twice"
        DIFFERENT = "different", "Two children"

    #: Names the two without naming them: SHA-256 over both keys in their order (``itp_pair`` computes the same).
    pair = models.CharField(max_length=64, unique=True)
    verdict = models.CharField(max_length=10, choices=Verdict.choices)
    decided_at = models.DateTimeField(default=timezone.now)
    decided_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")

    class Meta:
        verbose_name = "decision on a possible duplicate"

    def __str__(self) -> str:
        return self.get_verdict_display()
