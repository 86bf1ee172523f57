"""Who the families are: apart from the casebook, sealed, and never in any export."""

from __future__ import annotations

import hashlib

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from casebook.models import Comment, FormRecord, Participant
from identity.details import Details
from identity.vault import Unopened, seal, seal_bytes, unseal, unseal_bytes


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


class SourcePhoto(models.Model):
    """The picture of a comment that is a photo of the source: a slip that fades, a letter. Sealed, and outside every export.

    The trail says who kept it, when, with which SHA-256. Taken away it is shown to nobody and can be put back; a second
    person may then erase the picture for good, and all the rest stays.
    """

    #: That of its comment; the trail tells the photos of one form apart by it.
    id = models.UUIDField(primary_key=True, editable=False)
    comment = models.OneToOneField(Comment, on_delete=models.PROTECT, related_name="photo")
    record = models.ForeignKey(FormRecord, on_delete=models.PROTECT, related_name="photos")
    #: A JPEG without anything that a camera writes into it; empty once it is erased. Never enters the trail.
    sealed = models.BinaryField()
    sha256 = models.CharField("SHA-256 of the picture", max_length=64)
    width, height = models.PositiveSmallIntegerField("width in pixels"), models.PositiveSmallIntegerField("height in pixels")
    removed_at = models.DateTimeField("taken away at", null=True)
    removed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+", verbose_name="taken away by"
    )
    removed_why = models.CharField("taken away because", max_length=500, blank=True)
    erased_at = models.DateTimeField(null=True)
    erased_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    rotated_at = models.DateTimeField("sealed with a new key at", null=True)

    class Meta:
        verbose_name = "photo of the source"
        constraints = [
            models.CheckConstraint(
                condition=Q(removed_at=None, removed_by=None) | Q(removed_at__isnull=False, removed_by__isnull=False)
                & ~Q(removed_why=""), name="photo_taken_away_with_reason",
            ),
            models.CheckConstraint(
                condition=Q(erased_at=None, erased_by=None) | Q(erased_at__isnull=False, erased_by__isnull=False)
                & Q(removed_at__isnull=False) & ~Q(erased_by=models.F("removed_by")), name="photo_erased_by_a_second_person",
            ),
        ]  # fmt: skip

    def __str__(self) -> str:
        return f"Photo of {self.record_id}"

    def picture(self) -> bytes:
        """The JPEG. Raises ``Unopened``: no key opens it, or it is not the one that was kept."""
        content = unseal_bytes(self.pk, self.sealed)
        if hashlib.sha256(content).hexdigest() != self.sha256:
            raise Unopened("This is not the picture that was kept: its SHA-256 is another one.")
        return content

    def lock_away(self, picture: bytes) -> None:
        self.sealed, self.sha256 = seal_bytes(self.pk, picture), hashlib.sha256(picture).hexdigest()


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
