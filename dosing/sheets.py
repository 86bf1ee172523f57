"""The run sheet in the database: its events, and the bridge to the pure reading of them."""

from __future__ import annotations

import uuid
from datetime import date
from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from casebook.models import FormRecord
from dosing import run_sheet
from dosing.run_sheet import Event, Kind, Sheet
from enrollment.crfs import Screening
from enrollment.eligibility import completed_years


class RunEvent(models.Model):
    """One tap at the bedside. The key is made by the phone, so that a tap that is sent twice is stored once."""

    append_only = True

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    record = models.ForeignKey(FormRecord, on_delete=models.PROTECT, related_name="run_events")
    kind = models.CharField(max_length=10, choices=[(kind.value, kind.value) for kind in Kind])
    #: When it happened: the server's time, or the phone's where the tap waited for the network, or a corrected time.
    at = models.DateTimeField()
    #: What the phone's clock said. Kept beside the server's time also where they agree.
    device_at = models.DateTimeField(null=True)
    waited = models.BooleanField(default=False)
    values = models.JSONField(default=dict)
    bag = models.ForeignKey("dosing.Bag", on_delete=models.PROTECT, null=True, related_name="+")
    reason = models.CharField(max_length=300, blank=True)
    corrects = models.OneToOneField("self", on_delete=models.PROTECT, null=True, related_name="corrected_by")
    recorded_at = models.DateTimeField(default=timezone.now)
    recorded_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")

    class Meta:
        ordering = ["at", "recorded_at"]
        constraints = [
            models.CheckConstraint(condition=Q(corrects=None) | ~Q(reason=""), name="run_correction_has_reason"),
            models.CheckConstraint(condition=~Q(kind="void") | Q(corrects__isnull=False), name="run_void_takes_back_one"),
            models.CheckConstraint(condition=~Q(kind="stop") | ~Q(reason=""), name="run_stop_has_reason"),
            models.CheckConstraint(condition=Q(kind="bag", bag__isnull=False) | ~Q(kind="bag"), name="run_bag_is_named"),
        ]

    def __str__(self) -> str:
        return f"{self.record}: {self.kind}"

    @property
    def event(self) -> Event:
        return Event(str(self.pk), Kind(self.kind), self.at, self.values, self.reason, str(self.corrects_id or ""))


def events_of(record: FormRecord) -> list[RunEvent]:
    return list(RunEvent.objects.filter(record=record).select_related("recorded_by", "bag__crf"))


def sheet_of(record: FormRecord, now: Any = None) -> Sheet:
    """The run sheet of an infusion as it stands now."""
    return run_sheet.read([row.event for row in events_of(record)], now or timezone.now())


def watched_after(record: FormRecord) -> bool:
    """6.4: also after the end, for the first infusion and for the first dose of a lot that is new to the child."""
    from dosing.crfs import InfusionBag

    if record.visit is None or not record.visit.plan.infusion:
        return True
    lots = set(RunEvent.objects.filter(record=record, kind=Kind.BAG).values_list("bag__crf", flat=True))
    others = InfusionBag.objects.filter(crf__record__participant=record.participant_id).exclude(crf=record.pk)
    return not lots <= set(others.values_list("bag__crf", flat=True))


def missed_sets(record: FormRecord) -> int | None:
    """How many scheduled sets of vital signs were not measured; None without a run sheet."""
    sheet, now = sheet_of(record), timezone.now()
    if sheet.started is None:
        return None
    return len(run_sheet.missed(run_sheet.schedule(sheet, now, watched_after=watched_after(record)), now))


def age_of(record: FormRecord, on: date) -> int | None:
    """Completed years on a day, where the birth date is known."""
    born = Screening.objects.filter(record__participant=record.participant_id).values_list("birth_date", flat=True).first()
    return completed_years(born, on) if born else None
