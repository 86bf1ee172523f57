"""Keeping ``ResponseSummary`` equal to what the rules say. Not audited: it derives from forms that are."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import asdict
from datetime import date
from typing import Any

from django.core.serializers.json import DjangoJSONEncoder
from django.db import transaction
from django.utils import timezone

from casebook.models import Participant
from responses.classification import Verdict, classify
from responses.course import Dossier, dossiers
from responses.inputs import Course
from responses.models import ResponseSummary
from responses.rules import Rules

#: What a summary says; ``computed_at`` only tells when it was written.
PROJECTED = (
    "state", "since", "confirmed", "best_response", "flag", "provisional", "off_therapy", "verdict", "rules_version",
    "input_digest", "as_of",
)  # fmt: skip


def refresh(*, participant: Participant, today: date) -> ResponseSummary:
    """Classifies one participant anew and stores the summary, inside the transaction of the save that changed it."""
    return refresh_many(participants=[participant], today=today)[0]


def refresh_many(*, participants: Iterable[Participant], today: date) -> list[ResponseSummary]:
    """Three queries for any number of participants: lock, read, upsert.

    The lock comes first and by itself: two people who save two forms of one child at the same time would else each
    classify without the other's form, and the summary would stay wrong until the next save.
    """
    keys = [participant.pk for participant in participants]
    with transaction.atomic():
        locked = list(Participant.objects.select_for_update(no_key=True).filter(pk__in=keys).order_by("pk"))
        summaries = [summary(found, classify(found.course)) for found in dossiers(locked, today)]
        return ResponseSummary.objects.bulk_create(
            summaries,
            update_conflicts=True,
            unique_fields=["participant"],
            update_fields=[*PROJECTED, "computed_at"],
        )


def summary(found: Dossier, verdict: Verdict) -> ResponseSummary:
    """The row that stands for a verdict; not stored here."""
    return ResponseSummary(
        participant=found.participant,
        state=verdict.state,
        since=verdict.since,
        confirmed=verdict.confirmed,
        best_response=verdict.best_response,
        flag=verdict.flag or "",
        provisional=verdict.provisional,
        off_therapy=verdict.off_therapy.state if verdict.off_therapy else "",
        verdict=_plain(asdict(verdict)),
        rules_version=verdict.rules_version,
        input_digest=digest(found.course),
        as_of=found.course.as_of,
        computed_at=timezone.now(),
    )


def digest(course: Course, rules: Rules | None = None) -> str:
    """SHA-256 over the input of the rules and their thresholds, without ``as_of``: the passing of days is no new data."""
    content = _plain({"course": asdict(course), "rules": asdict(rules or Rules())})
    del content["course"]["as_of"]
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def _plain(content: dict[str, Any]) -> dict[str, Any]:
    """The same as JSON holds it: dates and decimals as text, tuples as lists."""
    return json.loads(json.dumps(content, cls=DjangoJSONEncoder))
