"""The bridge from the database to the analyses: every child of the person's sites, in a fixed number of queries."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from typing import Any

from django.db.models import QuerySet
from django.urls import reverse
from django.utils import timezone

from analyses.inputs import Child, Dose, Event, Grades, NextDose, VisitCount
from analyses.reported import Reported, reported
from assessments.crfs.safety import RELATED, AdverseEvent
from casebook.items import YesNo
from casebook.models import Participant
from dosing.crfs import InfusionBag
from responses import facts
from responses.classification import classify
from responses.course import Dossier, doses, dossiers
from responses.facts import dose_number
from responses.next_dose import proposal_of
from responses.verdicts import Verdict


def children(participants: QuerySet[Participant], today: date) -> list[Child]:
    """Each child with the verdict of the rules as of ``today``. Four queries, however many children."""
    found = dossiers(participants.select_related("site").order_by("site__code", "screening_number"), today)
    happened = events_by_child(found)
    lots = lots_by_infusion([entry.ref for dossier in found for entry in doses(dossier.entries)])
    told = reported(found)
    return [child_of(dossier, lots, happened.get(dossier.participant.pk, ()), told[dossier.participant.pk]) for dossier in found]


def lots_by_infusion(infusions: list[str]) -> dict[str, tuple[str, ...]]:
    """The lot numbers of each infusion, in the order of their bags. One query."""
    lots: dict[str, list[str]] = defaultdict(list)
    bags = InfusionBag.objects.filter(crf__in=infusions, bag__isnull=False).order_by("position")
    for infusion, lot in bags.values_list("crf_id", "bag__crf__lot_number"):
        if lot and lot not in lots[str(infusion)]:
            lots[str(infusion)].append(lot)
    return {infusion: tuple(found) for infusion, found in lots.items()}


def events_by_child(found: list[Dossier]) -> dict[Any, tuple[Event, ...]]:
    """The adverse events of each child that began by the day of the analysis. One query."""
    seen_until = {dossier.participant.pk: dossier.course.as_of for dossier in found}
    events: dict[Any, list[Event]] = defaultdict(list)
    for event in AdverseEvent.objects.filter(record__participant__in=seen_until).select_related("record").order_by("started_at"):
        child = event.record.participant_id
        if event.started_at is None or timezone.localtime(event.started_at).date() <= seen_until[child]:
            events[child].append(_event(event))
    return {child: tuple(their) for child, their in events.items()}


def _event(event: AdverseEvent) -> Event:
    term = event.get_coded_term_display() if event.coded_term else "Not coded"
    return Event(term, event.period or "", event.counted_from or "", event.grade, event.serious == YesNo.YES,
                 event.related in RELATED)  # fmt: skip


def child_of(dossier: Dossier, lots: dict[str, tuple[str, ...]], events: tuple[Event, ...], told: Reported) -> Child:
    participant, verdict = dossier.participant, classify(dossier.course)
    return Child(
        number=participant.number,
        site=participant.site.code,
        page=reverse("participant", args=[participant.pk]),
        state=participant.state,
        screened_on=timezone.localtime(participant.screened_at).date(),
        enrolled_on=participant.enrolled_on,
        ended_on=participant.ended_on,
        end_reason=participant.end_reason,
        course=dossier.course,
        verdict=verdict,
        doses=tuple(_doses(dossier, lots)),
        counts=tuple(_counts(dossier, verdict)),
        grades=tuple(_grades(dossier)),
        events=events,
        life=told.life,
        opinions=told.opinions,
        contacts=told.contacts,
        episodes=tuple(_episodes(dossier)),
        look_back=told.look_back,
        next_dose=_next_dose(dossier, verdict, told),
    )


def _doses(dossier: Dossier, lots: dict[str, tuple[str, ...]]) -> Iterator[Dose]:
    for entry in doses(dossier.entries):
        number, on = dose_number(entry), entry.day("started_at")
        if number is not None and on is not None and on <= dossier.course.as_of:
            yield Dose(number, on, entry["g_per_kg"], entry["grams"], lots.get(entry.ref, ()))


def _counts(dossier: Dossier, verdict: Verdict) -> Iterator[VisitCount]:
    """The counts that the rules use, under the visits at which they were planned; the baseline under the loading dose."""
    course = dossier.course
    if course.day_0 and course.baseline is not None:
        yield VisitCount("LOAD", course.day_0, course.baseline)
    visits = {entry.ref: entry.visit for entry in dossier.of("blood-count")}
    for status in verdict.counts:
        visit = visits.get(status.ref, "")
        if status.evaluable and status.value is not None and visit not in ("", "LOAD"):
            yield VisitCount(visit, status.on, status.value)


def _grades(dossier: Dossier) -> Iterator[Grades]:
    for entry in dossier.of("bleeding-assessment"):
        on: Any = entry["assessed_on"]
        if on and on <= dossier.course.as_of:
            yield Grades(entry.visit, on, entry["smog_skin"], entry["smog_mucosa"], entry["smog_organ"])


def _next_dose(dossier: Dossier, verdict: Verdict, told: Reported) -> NextDose | None:
    """None unless the child is on treatment and another dose may follow."""
    participant, today = dossier.participant, dossier.course.as_of
    if participant.state != Participant.State.TREATMENT or participant.enrolled_on is None:
        return None
    proposal = proposal_of(dossier, verdict, today, "")
    if proposal is not None and proposal.end_of_treatment is not None:
        return None
    on = (proposal.due or proposal.latest) if proposal else participant.enrolled_on
    return NextDose(len(dossier.course.doses), on, _weight(dossier, told, today), told.blood_group) if on else None


def _weight(dossier: Dossier, told: Reported, today: date) -> Decimal | None:
    """The latest weight in kg, of an infusion form or of a growth form."""
    dosed = facts.weight(dossier, today)
    known = [told.weight, (dosed.on, dosed.kg) if dosed else None]
    return max((pair for pair in known if pair), default=(today, None))[1]


def _episodes(dossier: Dossier) -> Iterator[date]:
    """The first days of the bleeding episodes."""
    for entry in dossier.of("bleeding-episode"):
        on: Any = entry["started_on"]
        if on and on <= dossier.course.as_of:
            yield on
