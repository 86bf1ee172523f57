"""Who was told what about an event, when, how and with which proof. A row is never changed; a slip is taken back."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from assessments import clocks
from casebook.models import FormRecord

BODIES = {
    clocks.Body.SPONSOR: "Sponsor",
    clocks.Body.COMMITTEE: "Ethics committee of the institution",
    clocks.Body.EDA: "Egyptian Drug Authority (EDA)",
    clocks.Body.COUNCIL: "Supreme Council",
}


def duties() -> list[tuple[str, str]]:
    """The rules with what each asks to tell; a function, so that a reworded rule is no migration."""
    return [(code, f"{rule.what} ({rule.family})") for code, rule in clocks.RULES.items()]


def bodies() -> list[tuple[str, str]]:
    return [(str(body), words) for body, words in BODIES.items()]


class Standing(models.Manager["Notification"]):
    """Those that were not taken back."""

    def get_queryset(self) -> models.QuerySet[Notification]:
        return super().get_queryset().filter(taken_back_at=None)


class Notification(models.Model):
    """One clock of one body, met: at this time, by this way, with this proof."""

    class Way(models.TextChoices):
        EMAIL = "email", "E-mail"
        PORTAL = "portal", "Portal"
        HAND = "hand", "By hand, stamped"
        COURIER = "courier", "Courier"
        FAX = "fax", "Fax"
        PHONE = "phone", "Telephone, confirmed in writing"

    #: The record of the adverse event.
    record = models.ForeignKey(FormRecord, on_delete=models.PROTECT, related_name="notifications")
    #: The record of the version that was sent; none where only a notice went out.
    report = models.ForeignKey(FormRecord, on_delete=models.PROTECT, null=True, related_name="+")
    duty = models.CharField("what was told", max_length=12, choices=duties)
    body = models.CharField("to", max_length=10, choices=bodies)
    sent_at = models.DateTimeField()
    way = models.CharField(max_length=10, choices=Way.choices)
    proof = models.CharField(max_length=200)
    noted_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    noted_at = models.DateTimeField(default=timezone.now)
    taken_back_at = models.DateTimeField(null=True)
    taken_back_why = models.CharField(max_length=500, blank=True)

    objects = models.Manager["Notification"]()
    standing = Standing()

    class Meta:
        ordering = ["sent_at", "pk"]
        constraints = [
            models.CheckConstraint(condition=~Q(proof=""), name="notification_has_proof"),
            models.CheckConstraint(
                condition=Q(taken_back_at=None) | ~Q(taken_back_why=""), name="notification_taken_back_with_reason"
            ),
            models.UniqueConstraint(fields=["record", "duty", "body"], condition=Q(taken_back_at=None), name="notification_once"),
        ]

    def __str__(self) -> str:
        return f"{self.what}, to {self.to}"

    @property
    def what(self) -> str:
        return clocks.RULES[self.duty].what

    @property
    def to(self) -> str:
        return BODIES[clocks.Body(self.body)]

    @property
    def key(self) -> tuple[str, str]:
        return self.duty, self.body


def standing_of(events: Any) -> models.QuerySet[Notification]:
    """What was sent about these events, with the people and versions: one query."""
    return Notification.standing.filter(record__in=events).select_related("noted_by")
