"""The stored projection of the pure classification: one row per participant, so that lists and exports stay cheap."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from casebook.models import Participant
from responses.crfs import ResponseAssessment

__all__ = ["ClassChange", "DoseDecision", "LastLook", "ResponseAssessment", "ResponseSummary"]


class ResponseSummary(models.Model):
    """What the rules say of one participant now. Derived: ``manage.py reclassify --check`` proves it equal to a fresh
    derivation. Never edited, so not audited; the answers that it derives from are."""

    audited = False

    participant = models.OneToOneField(Participant, on_delete=models.PROTECT, primary_key=True, related_name="response")
    state = models.CharField(max_length=30)
    since = models.DateField(null=True)
    confirmed = models.DateField(null=True)
    best_response = models.CharField(max_length=4)
    flag = models.CharField(max_length=20, blank=True)
    provisional = models.BooleanField(default=True)
    off_therapy = models.CharField(max_length=10, blank=True)
    verdict = models.JSONField(default=dict)
    #: The sensitivity analyses beside it: key -> best response, dates, state off therapy.
    readings = models.JSONField(default=dict)
    #: Days from the response to its loss or its last good count (R18); None without a response.
    duration_days = models.PositiveIntegerField(null=True)
    #: The proposed day of the next dose, or the day on which it is decided; None where no dose follows (R6).
    next_dose_on = models.DateField(null=True)
    rules_version = models.CharField(max_length=20)
    input_digest = models.CharField(max_length=64)
    #: The day seen from: a state such as "not yet confirmed" changes with the days, without new data.
    as_of = models.DateField()
    computed_at = models.DateTimeField(default=timezone.now)

    def __str__(self) -> str:
        return f"{self.participant_id}: {self.best_response} ({self.state})"


class ClassChange(models.Model):
    """The announcement that somebody's correction, or another version of the rules, changed the class of a child.

    Written by the rules themselves inside the save, and shown to the investigators until one of them takes note.
    """

    participant = models.ForeignKey(Participant, on_delete=models.PROTECT, related_name="class_changes")
    announced_at = models.DateTimeField(default=timezone.now)
    state_before = models.CharField(max_length=30)
    state_after = models.CharField(max_length=30)
    best_before = models.CharField(max_length=4)
    best_after = models.CharField(max_length=4)
    off_before = models.CharField(max_length=10, blank=True)
    off_after = models.CharField(max_length=10, blank=True)
    because = models.TextField()
    rules_version = models.CharField(max_length=20)
    acknowledged_at = models.DateTimeField(null=True)
    acknowledged_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")

    class Meta:
        ordering = ["pk"]
        verbose_name = "change of class"
        constraints = [
            models.CheckConstraint(
                condition=Q(acknowledged_at=None, acknowledged_by=None)
                | Q(acknowledged_at__isnull=False, acknowledged_by__isnull=False),
                name="class_change_acknowledged_by_someone",
            ),
            models.CheckConstraint(condition=~Q(because=""), name="class_change_with_reason"),
        ]

    def __str__(self) -> str:
        return f"{self.participant}: {self.what}"

    @property
    def what(self) -> str:
        """``changed from R to NR``, or which of the three changed if not the present state."""
        said = []
        if self.state_before != self.state_after:
            said.append(f"changed from {_word(self.state_before)} to {_word(self.state_after)}")
        for name, before, after in (
            ("best response", self.best_before, self.best_after),
            ("response off therapy", self.off_before, self.off_after),
        ):
            if before != after:
                said.append(f"{name} changed from {_word(before)} to {_word(after)}")
        return "; ".join(said)


def _word(code: str) -> str:
    return code.replace("_", " ").lower() if len(code) > 5 else code or "none"


class DoseDecision(models.Model):
    """What a physician decided about a proposed next dose: agreed, or another day (or none) with the reason.

    ``proposal`` is the fingerprint of what was shown: another proposal needs another decision.
    """

    class Choice(models.TextChoices):
        AGREED = "agreed", "Agreed"
        CHANGED = "changed", "Changed"

    participant = models.ForeignKey(Participant, on_delete=models.PROTECT, related_name="dose_decisions")
    dose_number = models.PositiveSmallIntegerField()
    proposal = models.CharField(max_length=64)
    proposed_on = models.DateField(null=True)
    choice = models.CharField(max_length=10, choices=Choice.choices)
    chosen_on = models.DateField(null=True)
    reason = models.CharField(max_length=500, blank=True)
    rules_version = models.CharField(max_length=20)
    decided_at = models.DateTimeField(default=timezone.now)
    decided_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")

    class Meta:
        ordering = ["pk"]
        verbose_name = "decision about a dose"
        constraints = [
            models.CheckConstraint(
                condition=Q(choice="agreed", chosen_on=F("proposed_on")) | (Q(choice="changed") & ~Q(reason="")),
                name="dose_changed_with_reason",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.participant}: dose {self.dose_number} {self.get_choice_display().lower()}"


class LastLook(models.Model):
    """Up to where in the trail of a child a person has looked: their own bookmark, no statement about the data."""

    audited = False

    participant = models.ForeignKey(Participant, on_delete=models.PROTECT, related_name="looks")
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    #: Everything up to this place of the chain was seen, and of what follows the ticked places.
    place = models.PositiveBigIntegerField(default=0)
    ticked = models.JSONField(default=list)
    looked_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["participant", "person"], name="one_look_a_person")]

    def __str__(self) -> str:
        return f"{self.person} looked at {self.participant} up to {self.place}"
