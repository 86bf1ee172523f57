"""The safety pages: all events and clocks of one's sites, one event, and what is noted there."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_POST

from assessments import actions, ctcae, safety
from assessments.crfs.safety import AdverseEvent
from assessments.crfs.serious import SafetyReport
from assessments.notification import Notification
from casebook.models import FormRecord, Participant
from casebook.selectors import RECORDS
from dosing.crfs import InfusionBag
from itp_trial.access_log import viewed
from itp_trial.normalise import Unreadable, moment
from itp_trial.permissions import access, allow, allow_somewhere, visible
from itp_trial.refusal import Refused
from itp_trial.roles import Can
from itp_trial.web import act_once, posted


@require_GET
def safety_page(request: HttpRequest) -> HttpResponse:
    """Everything that is owed, and every serious event, at the sites of this person."""
    allow_somewhere(request, Can.VIEW)
    participants = access(request).scope(Can.VIEW, Participant.objects)
    found = safety.cases(safety.event_records(participants))
    serious = [case for case in found if case.is_serious]
    context = {
        "steps": safety.steps_owed(found),
        "serious": serious,
        "open_serious": sum(case.is_open for case in serious),
        "others": [case for case in found if not case.is_serious],
        "may_export": access(request).has(Can.EXPORT),
    }
    return render(request, "assessments/safety.html", context)


@require_GET
def event(request: HttpRequest, pk: Any) -> HttpResponse:
    """One event: its clocks, what was told, its forms and the versions of its report."""
    record = _event_of(request, pk)
    viewed(request, record.participant)
    [case] = safety.cases([record.pk]) or [None]
    context = {
        "record": record, "participant": record.participant, "case": case, "event": record.crf(),
        "forms": record.followers.exclude(form=SafetyReport.slug).order_by("form"),
        "drafts": record.followers.filter(form=SafetyReport.slug, version=0),
        "taken_back": Notification.objects.filter(record=record, taken_back_at__isnull=False).select_related("noted_by"),
        "ways": Notification.Way.choices, "same_lot": _others_with_these_lots(case) if case else [],
        "term": ctcae.TERMS.get(case.event.coded_term or "") if case else None,
        "may_notify": access(request).may(Can.NOTIFY, record.site_id),
        "may_edit": access(request).may(Can.EDIT, record.site_id),
        "may_export": access(request).may(Can.EXPORT, record.site_id),
    }  # fmt: skip
    return render(request, "assessments/event.html", context)


@require_POST
def notify(request: HttpRequest, pk: Any) -> HttpResponse:
    """Notes that bodies were told."""
    record = _event_of(request, pk)
    allow(request, Can.NOTIFY, record.site_id)
    back, data = reverse("safety-event", args=[pk]), posted(request)

    def action() -> str:
        try:
            sent_at = moment(data.get("sent_at", ""))
        except Unreadable as error:
            raise Refused(str(error)) from error
        actions.note_notification(
            event=record, duties=request.POST.getlist("duty"), sent_at=sent_at, way=data.get("way", ""),
            proof=data.get("proof", ""), report=_version(record, data.get("report", "")), by=request.user,
        )  # fmt: skip
        return back

    return act_once(request, action, back=back)


@require_POST
def take_back(request: HttpRequest, pk: int) -> HttpResponse:
    """Takes a notification back that was noted by mistake."""
    found = visible(request, Notification.objects.select_related("record"), pk, path="record__site")
    allow(request, Can.NOTIFY, found.record.site_id)
    back = reverse("safety-event", args=[found.record_id])

    def action() -> str:
        actions.take_back_notification(notification=found, why=posted(request).get("why", ""), by=request.user)
        return back

    return act_once(request, action, back=back)


@require_POST
def add_report(request: HttpRequest, pk: Any) -> HttpResponse:
    """The next version of the report."""
    record = _event_of(request, pk)
    allow(request, Can.EDIT, record.site_id)

    def action() -> str:
        return reverse("record", args=[actions.start_report(event=record, by=request.user).pk])

    return act_once(request, action, back=reverse("safety-event", args=[pk]))


def _event_of(request: HttpRequest, pk: Any) -> FormRecord:
    """The record of an adverse event that the person may see, else 404."""
    events = RECORDS.filter(form=AdverseEvent.slug, removed_at=None)
    found: FormRecord = visible(request, events, pk)
    return found


def _version(record: FormRecord, key: str) -> FormRecord | None:
    versions = {str(r.pk): r for r in record.followers.filter(form=SafetyReport.slug, version__gt=0)} if key else {}
    return versions.get(key)


def _others_with_these_lots(case: safety.SafetyCase) -> list[Participant]:
    """The other children who were given a lot of that infusion: whom to look after."""
    lots = (case.event.lots or "").split(", ")
    given = InfusionBag.objects.filter(bag__crf__lot_number__in=lots).values("crf__record__participant")
    others = Participant.objects.filter(pk__in=given).exclude(pk=case.event.record.participant_id)
    return list(others.select_related("site"))
