"""Questions about responses: the stored summaries for API and exports, the header of a participant, the next visits."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db.models import QuerySet

from casebook.models import Participant, Visit
from itp_trial.protocol import RULES_VERSION, value
from responses import facts
from responses.classification import Verdict
from responses.course import Dossier

DAYS_PER_MONTH = value("DAYS_PER_MONTH")


@dataclass(frozen=True)
class Header:
    """What stands on top of every page of a participant, so that nobody opens the wrong child."""

    participant: Participant
    age: str
    weight: facts.Weight | None
    last_count: facts.LastCount | None
    state: str
    since: date | None
    confirmed: date | None
    consent: facts.ConsentState


def header_of(dossier: Dossier, verdict: Verdict, today: date) -> Header:
    """The header from what was read anyway: no query. The age is of today, or of the day on which participation ended."""
    return Header(
        participant=dossier.participant,
        age=facts.age(dossier, dossier.course.as_of),
        weight=facts.weight(dossier, today),
        last_count=facts.last_count(dossier),
        state=verdict.state,
        since=verdict.since,
        confirmed=verdict.confirmed,
        consent=facts.consent(dossier),
    )


def next_visits(participants: list[Participant]) -> dict[Any, Visit]:
    """The next visit that has not taken place, by participant. One query."""
    open_visits = Visit.objects.filter(participant__in=participants, happened_on=None, cancelled="")
    first = open_visits.order_by("participant_id", "target", "code").distinct("participant_id")
    return {visit.participant_id: visit for visit in first}


def responses(participants: QuerySet[Participant]) -> list[dict[str, Any]]:
    """The stored verdicts, one dictionary a participant, for API and exports. One query.

    Dates are ISO text; ``duration_*`` is loss minus response date, or up to the last count at response level (R18).
    A child of whom nothing decisive is stored yet is not evaluable.
    """
    return [_response(participant) for participant in participants.select_related("site", "response")]


def _response(participant: Participant) -> dict[str, Any]:
    stored = getattr(participant, "response", None)
    verdict = stored.verdict if stored else {}
    response, complete = verdict.get("response") or {}, verdict.get("complete_response") or {}
    end, off = verdict.get("response_end") or {}, verdict.get("off_therapy") or {}
    time = verdict.get("time_in_response") or {}
    days = _duration(response.get("start"), end.get("on"))
    return {
        "participant": str(participant.pk),
        "number": participant.number,
        "site": participant.site.code,
        "best_response": stored.best_response if stored else "NE",
        "flag": stored.flag if stored else "",
        "provisional": stored.provisional if stored else True,
        "state": stored.state if stored else "NE",
        "since": stored.since.isoformat() if stored and stored.since else None,
        "confirmed": stored.confirmed.isoformat() if stored and stored.confirmed else None,
        "response_from": response.get("start"),
        "response_confirmed": response.get("confirmed"),
        "response_end_on": end.get("on"),
        "response_end_how": end.get("how"),
        "complete_from": complete.get("start"),
        "duration_days": days,
        "duration_months": None if days is None else str(round(days / DAYS_PER_MONTH, 2)),
        "time_in_response_days": time.get("days", 0),
        "time_in_response_observed": time.get("observed", 0),
        "off_therapy_since": off.get("since"),
        "off_therapy_state": off.get("state"),
        "off_therapy_not_evaluable_because": off.get("sustained_not_evaluable_because"),
        "as_of": stored.as_of.isoformat() if stored else None,
        "rules_version": stored.rules_version if stored else RULES_VERSION,
    }


def _duration(start: str | None, end: str | None) -> int | None:
    """Days from the response to its loss or its last good count."""
    if start is None or end is None:
        return None
    return (date.fromisoformat(end) - date.fromisoformat(start)).days
