"""What happens to bags and lots besides their forms: movements and holds. Both tables only grow, by order of the database."""

from __future__ import annotations

import uuid
from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from itp_trial.models import Site


class BagMovement(models.Model):
    """A bag was frozen, thawed, wasted or returned; or an earlier movement was entered by mistake and is taken back.

    That a bag was received stands in the lot form, that it was used in the infusion form: each fact once.
    """

    append_only = True

    class Kind(models.TextChoices):
        FROZEN = "frozen", "Frozen"
        THAWED = "thawed", "Thawed"
        WASTED = "wasted", "Wasted"
        RETURNED = "returned", "Returned"
        TAKEN_BACK = "taken_back", "Taken back"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="+")
    bag = models.ForeignKey("dosing.Bag", on_delete=models.PROTECT, related_name="movements")
    kind = models.CharField(max_length=12, choices=Kind.choices)
    at = models.DateTimeField()
    place = models.CharField(max_length=80, blank=True)
    reason = models.CharField(max_length=300, blank=True)
    #: The movement that was a mistake. Taken back once.
    cancels = models.OneToOneField("self", on_delete=models.PROTECT, null=True, related_name="cancelled_by")
    recorded_at = models.DateTimeField(default=timezone.now)
    recorded_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")

    class Meta:
        ordering = ["at", "recorded_at"]
        constraints = [
            models.CheckConstraint(condition=Q(kind="taken_back") ^ Q(cancels__isnull=True), name="movement_takes_back_one"),
            models.CheckConstraint(condition=~Q(kind="frozen") | ~Q(place=""), name="frozen_somewhere"),
            models.CheckConstraint(
                condition=~Q(kind__in=["wasted", "returned", "taken_back"]) | ~Q(reason=""), name="movement_has_reason"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.bag}: {self.get_kind_display().lower()}"

    @classmethod
    def standing(cls) -> Any:
        """The movements that count: neither taken back nor the taking back itself."""
        return cls.objects.filter(cancels=None, cancelled_by=None)


class LotHold(models.Model):
    """A lot is put into quarantine or recalled, or set free again. The last line of a lot counts."""

    append_only = True

    class Kind(models.TextChoices):
        QUARANTINED = "quarantined", "Quarantined"
        RECALLED = "recalled", "Recalled"
        LIFTED = "lifted", "Set free again"

    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="+")
    lot = models.ForeignKey("dosing.Lot", on_delete=models.PROTECT, related_name="holds")
    kind = models.CharField(max_length=12, choices=Kind.choices)
    reason = models.CharField(max_length=300)
    at = models.DateTimeField(default=timezone.now)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")

    class Meta:
        ordering = ["pk"]
        constraints = [models.CheckConstraint(condition=~Q(reason=""), name="hold_has_reason")]

    def __str__(self) -> str:
        return f"{self.lot}: {self.get_kind_display().lower()}"
