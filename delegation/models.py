"""What stands behind a right besides the entry itself: training, the acceptance of electronic signatures, reviews."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils import timezone

from itp_trial.roles import Role


class Training(models.Model):
    """One person was trained for one role on one edition of its guide (RQ-59)."""

    class How(models.TextChoices):
        SESSION = "session", "Training session"
        GUIDE = "guide", "Read the guide"
        PRACTICE = "practice", "Practised in the demonstration"

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="trainings")
    role = models.CharField(max_length=20, choices=Role.choices)
    version = models.CharField(max_length=10)
    trained_on = models.DateField()
    how = models.CharField(max_length=10, choices=How.choices)
    #: Empty where somebody trained themselves.
    trainer = models.CharField(max_length=120, blank=True)
    #: The person themselves (their own tick) or whoever trained them.
    entered_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    entered_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["-trained_on", "-pk"]

    def __str__(self) -> str:
        return f"{self.user}: {self.get_role_display()}, guide {self.version}, {self.trained_on}"


class Acceptance(models.Model):
    """A person's statement that their electronic signature binds them like the handwritten one (RQ-36)."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="acceptances")
    version = models.CharField(max_length=10)
    #: Word for word what was accepted.
    text = models.TextField()
    accepted_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["-accepted_at"]
        constraints = [models.UniqueConstraint(fields=["user", "version"], name="accepted_once_per_version")]

    def __str__(self) -> str:
        return f"{self.user}: statement {self.version}"


class AccessReview(models.Model):
    """Somebody looked through who had access on a day, and said what they found (RQ-41)."""

    class Result(models.TextChoices):
        IN_ORDER = "in_order", "Everything in order"
        FINDINGS = "findings", "Findings"

    reviewer = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="access_reviews")
    #: The period that the review covers; its last day is the day whose rights were looked at.
    since = models.DateField()
    until = models.DateField()
    result = models.CharField(max_length=10, choices=Result.choices)
    findings = models.TextField(blank=True)
    #: SHA-256 of the report that was looked at, as CSV.
    report = models.CharField(max_length=64)
    reviewed_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["-reviewed_at"]
        constraints = [
            models.CheckConstraint(condition=models.Q(since__lte=models.F("until")), name="review_period"),
            models.CheckConstraint(
                condition=models.Q(result="in_order") | ~models.Q(findings=""), name="review_findings_have_words"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.until} by {self.reviewer}: {self.get_result_display()}"
