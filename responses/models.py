"""The stored projection of the pure classification: one row per participant, so that lists and exports stay cheap."""

from __future__ import annotations

from django.db import models
from django.utils import timezone

from casebook.models import Participant


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
    rules_version = models.CharField(max_length=20)
    input_digest = models.CharField(max_length=64)
    #: The day seen from: a state such as "not yet confirmed" changes with the days, without new data.
    as_of = models.DateField()
    computed_at = models.DateTimeField(default=timezone.now)

    def __str__(self) -> str:
        return f"{self.participant_id}: {self.best_response} ({self.state})"
