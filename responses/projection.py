"""The row that stands for a verdict, so that lists and exports stay cheap; nothing is stored here."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict
from datetime import date
from typing import Any

from django.core.serializers.json import DjangoJSONEncoder
from django.utils import timezone

from casebook.models import Participant
from responses.classification import Verdict, classify
from responses.course import Dossier
from responses.inputs import Course
from responses.models import ResponseSummary
from responses.next_dose import NO_REASON, proposal_of
from responses.rules import Rules
from responses.sensitivity import readings

#: What a summary says; ``computed_at`` only tells when it was written.
PROJECTED = (
    "state", "since", "confirmed", "best_response", "flag", "provisional", "off_therapy", "verdict", "readings", "duration_days",
    "next_dose_on", "rules_version", "input_digest", "as_of",
)  # fmt: skip


def summary(found: Dossier) -> ResponseSummary:
    """The row of one child, classified anew."""
    verdict = classify(found.course)
    return ResponseSummary(
        participant=found.participant,
        state=verdict.state,
        since=verdict.since,
        confirmed=verdict.confirmed,
        best_response=verdict.best_response,
        flag=verdict.flag or "",
        provisional=verdict.provisional,
        off_therapy=_off_state(verdict),
        verdict=plain(asdict(verdict)),
        readings={reading.key: _reading(reading.verdict) for reading in readings(found.course)},
        duration_days=duration_days(verdict),
        next_dose_on=_next_dose_on(found, verdict, found.course.as_of),
        rules_version=verdict.rules_version,
        input_digest=digest(found.course),
        as_of=found.course.as_of,
        computed_at=timezone.now(),
    )


def duration_days(verdict: Verdict) -> int | None:
    """Days from the response to its loss or its last good count (R18)."""
    if verdict.response is None or verdict.response_end is None:
        return None
    return (verdict.response_end.on - verdict.response.start).days


def _off_state(verdict: Verdict) -> str:
    return verdict.off_therapy.state if verdict.off_therapy else ""


def _reading(verdict: Verdict) -> dict[str, Any]:
    """What a table of sensitivity analyses needs of one child."""
    return plain({
        "best_response": verdict.best_response,
        "response": asdict(verdict.response) if verdict.response else None,
        "response_end": asdict(verdict.response_end) if verdict.response_end else None,
        "complete_response": asdict(verdict.complete_response) if verdict.complete_response else None,
        "off_therapy": _off_state(verdict),
        "rules_version": verdict.rules_version,
    })  # fmt: skip


def _next_dose_on(found: Dossier, verdict: Verdict, today: date) -> date | None:
    on_treatment = found.participant.state == Participant.State.TREATMENT
    proposal = proposal_of(found, verdict, today, "" if on_treatment else NO_REASON)
    return (proposal.due or proposal.latest) if proposal else None


def class_of(stored: ResponseSummary) -> tuple[str, str, str]:
    """What an announcement is about: the present state, the best response, the state off therapy."""
    return stored.state, stored.best_response, stored.off_therapy


def digest(course: Course, rules: Rules | None = None) -> str:
    """SHA-256 over the input of the rules and their thresholds, without ``as_of``: the passing of days is no new data."""
    content = plain({"course": asdict(course), "rules": asdict(rules or Rules())})
    del content["course"]["as_of"]
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def plain(content: dict[str, Any]) -> dict[str, Any]:
    """The same as JSON holds it: dates and decimals as text, tuples as lists."""
    found: dict[str, Any] = json.loads(json.dumps(content, cls=DjangoJSONEncoder))
    return found
