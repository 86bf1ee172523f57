"""What the casebook holds of one child besides the form in hand: its counts, infusions and bleeding. One query for all.

The checks that compare a form with others ask here, so that a save stays within its budget of queries.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from casebook.items import YesNo
from casebook.models import FormRecord

#: Form -> (relation, the items that are read).
_READ: dict[str, tuple[str, tuple[str, ...]]] = {
    "blood-count": ("bloodcount", ("taken_at", "quality", "platelets", "haemoglobin", "bleeding")),
    "infusion": ("infusion", ("started_at", "stopped_at", "g_per_kg")),
    "bleeding-episode": ("bleedingepisode", ("site_of_bleeding", "started_on", "ongoing", "ended_on", "peak_grade")),
    "bleeding-assessment": ("bleedingassessment", ("assessed_on", "present_grade")),
}  # fmt: skip


@dataclass(frozen=True)
class Sample:
    """A blood count that was taken: when, of which quality, and its results (``None`` where there is none)."""

    record: UUID
    at: datetime
    quality: str | None
    platelets: Decimal | None
    haemoglobin: Decimal | None
    bleeding: str | None


@dataclass(frozen=True)
class Infused:
    """An infusion that was started: at which visit, when, until when (``None`` while it runs), and the dose."""

    visit: UUID | None
    start: datetime
    end: datetime | None
    g_per_kg: Decimal | None


@dataclass(frozen=True)
class Episode:
    """A dated and graded bleeding; ``end`` is ``None`` while it goes on."""

    kind: str
    start: date
    end: date | None
    grade: int

    def covers(self, day: date) -> bool:
        return self.start <= day and (self.end is None or day <= self.end)


@dataclass(frozen=True)
class Assessed:
    """A bleeding assessment: its day and the worst grade present then (``None``: not evaluable)."""

    on: date
    present: int | None


@dataclass(frozen=True)
class Story:
    """The other forms of one child, each kind in the order of time."""

    samples: tuple[Sample, ...]
    infusions: tuple[Infused, ...]
    episodes: tuple[Episode, ...]
    assessments: tuple[Assessed, ...]

    def episodes_on(self, day: date) -> list[Episode]:
        return [episode for episode in self.episodes if episode.covers(day)]


def story_besides(record: FormRecord) -> Story:
    """Everything stored for the child of this record, without the record itself."""
    columns = [f"{table}__{item}" for table, items in _READ.values() for item in items]
    records = FormRecord.objects.filter(participant=record.participant_id, version__gt=0, form__in=_READ)
    rows = list(records.exclude(pk=record.pk).values("pk", "visit_id", "form", *columns))
    return Story(
        samples=tuple(sorted((s for row in rows if (s := _sample(row))), key=lambda s: s.at)),
        infusions=tuple(sorted((i for row in rows if (i := _infused(row))), key=lambda i: i.start)),
        episodes=tuple(sorted((e for row in rows if (e := _episode(row))), key=lambda e: e.start)),
        assessments=tuple(sorted((a for row in rows if (a := _assessed(row))), key=lambda a: a.on)),
    )


def _sample(row: dict[str, Any]) -> Sample | None:
    at = row["bloodcount__taken_at"]
    read = (row[f"bloodcount__{name}"] for name in ("quality", "platelets", "haemoglobin", "bleeding"))
    return Sample(row["pk"], at, *read) if at else None


def _infused(row: dict[str, Any]) -> Infused | None:
    start = row["infusion__started_at"]
    return Infused(row["visit_id"], start, row["infusion__stopped_at"], row["infusion__g_per_kg"]) if start else None


def _episode(row: dict[str, Any]) -> Episode | None:
    """As the classification reads it (R12): one that ended on an unknown day covers its first day only."""
    start, grade = row["bleedingepisode__started_on"], row["bleedingepisode__peak_grade"]
    if not start or not grade:
        return None
    end = None if row["bleedingepisode__ongoing"] == YesNo.YES else row["bleedingepisode__ended_on"] or start
    return Episode(row["bleedingepisode__site_of_bleeding"] or "", start, end, grade)


def _assessed(row: dict[str, Any]) -> Assessed | None:
    on = row["bleedingassessment__assessed_on"]
    return Assessed(on, row["bleedingassessment__present_grade"]) if on else None
