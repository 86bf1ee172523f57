"""The accepted plan of a dose: what one person computed and accepted and a second person confirmed."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from casebook.models import FormRecord


class DosePlan(models.Model):
    """The plan for one infusion, as it was shown when it was accepted. A changed plan is a new one."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    record = models.ForeignKey(FormRecord, on_delete=models.PROTECT, related_name="dose_plans")
    weight_kg = models.DecimalField(max_digits=4, decimal_places=1)
    weight_on = models.DateField()
    child_group = models.CharField(max_length=2, blank=True)
    target_g = models.DecimalField(max_digits=7, decimal_places=3)
    grams = models.DecimalField(max_digits=7, decimal_places=3)
    volume_ml = models.DecimalField(max_digits=6, decimal_places=1)
    #: The steps of the pump as (minute, mL/kg/h, mL/h), and what the planner said, word for word.
    steps = models.JSONField()
    findings = models.JSONField()
    rules_version = models.CharField(max_length=20)
    #: Why this plan although the planner asked a question.
    reason = models.CharField(max_length=300, blank=True)
    accepted_at = models.DateTimeField(default=timezone.now)
    accepted_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    confirmed_at = models.DateTimeField(null=True)
    confirmed_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    withdrawn_at = models.DateTimeField(null=True)
    withdrawn_why = models.CharField(max_length=300, blank=True)

    class Meta:
        ordering = ["-accepted_at"]
        constraints = [
            models.UniqueConstraint(fields=["record"], condition=Q(withdrawn_at=None), name="one_plan_per_dose"),
            models.CheckConstraint(condition=Q(confirmed_by=None) | ~Q(confirmed_by=F("accepted_by")), name="plan_by_two_people"),
            models.CheckConstraint(
                condition=Q(confirmed_by=None, confirmed_at=None) | Q(confirmed_by__isnull=False, confirmed_at__isnull=False),
                name="plan_confirmed_by_someone",
            ),
            models.CheckConstraint(condition=Q(withdrawn_at=None) | ~Q(withdrawn_why=""), name="plan_withdrawn_with_reason"),
        ]

    def __str__(self) -> str:
        return f"{self.record}: plan of {self.grams} g"


class PlannedBag(models.Model):
    """A bag that is kept for a plan. A bag is kept for one plan at a time."""

    record = models.ForeignKey(FormRecord, on_delete=models.PROTECT, related_name="+")
    plan = models.ForeignKey(DosePlan, on_delete=models.PROTECT, related_name="bags")
    bag = models.ForeignKey("dosing.Bag", on_delete=models.PROTECT, related_name="planned")
    volume_ml = models.DecimalField(max_digits=5, decimal_places=1)
    position = models.PositiveSmallIntegerField()
    #: False once the plan was withdrawn or the infusion started: then the infusion form says what was used.
    kept = models.BooleanField(default=True)

    class Meta:
        ordering = ["position"]
        constraints = [
            models.UniqueConstraint(fields=["bag"], condition=Q(kept=True), name="bag_kept_for_one_plan"),
            models.UniqueConstraint(fields=["plan", "bag"], name="bag_once_in_plan"),
        ]

    def __str__(self) -> str:
        return f"{self.bag}: {self.volume_ml} mL"
