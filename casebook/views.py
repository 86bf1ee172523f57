"""The pages of the casebook around its forms: work list, visits of a participant, what may be added."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET, require_POST

from casebook import actions, drafts, selectors
from casebook.actions import UNSCHEDULED_FORMS
from casebook.doors import came_from, participant_of
from casebook.locks import Locks
from casebook.models import Finding, Participant
from itp_trial.normalise import Unreadable, day
from itp_trial.permissions import access, allow, allow_somewhere, visible
from itp_trial.refusal import Refused
from itp_trial.roles import Can
from itp_trial.web import act_once, posted


@require_GET
def work_list(request: HttpRequest) -> HttpResponse:
    """What this person's sites have to do: overdue, now, soon, and what waits for an answer of this person."""
    allow_somewhere(request, Can.VIEW)
    participants = access(request).scope(Can.VIEW, Participant.objects)
    today = timezone.localdate()
    context = {
        "lanes": selectors.work_list(participants, today),
        "asked": selectors.to_answer(access(request).scope(Can.CONFIRM, Participant.objects)),
        "unfinished": list(selectors.open_work(participants)[:50]),
        "drafts": selectors.drafts_by(request.user, participants),
        "today": today,
        "may_screen": access(request).has(Can.SCREEN),
        "draft_key": drafts.local_key(request.user),
    }
    return render(request, "casebook/work_list.html", context)


@require_GET
def places(request: HttpRequest) -> HttpResponse:
    """Where Ctrl+K leads besides the links of the page: the children whom this person sees."""
    children = access(request).scope(Can.VIEW, Participant.objects).values_list("pk", "subject_number", "screening_number")
    found = [
        (number or screening, reverse("visits", args=[pk]), reverse("participant", args=[pk]))
        for pk, number, screening in children
    ]
    return JsonResponse({"places": [{"label": f"{number} {what}", "url": url} for number, visits, dashboard in found
                                    for what, url in (("visits", visits), ("response", dashboard))]})  # fmt: skip


@require_GET
def visits(request: HttpRequest, pk: Any) -> HttpResponse:
    """All visits and forms of a participant with their states, and what may be added."""
    participant = participant_of(request, pk)
    locks, granted = Locks.of(participant), access(request)
    context = {
        "participant": participant,
        "locks": locks,
        "closed": locks.over(participant),
        "visits": selectors.visits_with_records(participant),
        "log_records": selectors.log_records(participant),
        "removed_records": selectors.removed_records(participant),
        "log_forms": selectors.log_forms_for(granted, participant.site_id),
        "visit_forms": selectors.unscheduled_forms(),
        "today": timezone.localdate(),
        "may_edit": granted.may(Can.EDIT, participant.site_id),
    }
    return render(request, "casebook/visits.html", context)


@require_POST
def add_visit(request: HttpRequest, pk: Any) -> HttpResponse:
    participant = participant_of(request, pk, Can.PLAN)
    back = reverse("visits", args=[pk])

    def action() -> str:
        try:
            on = day(request.POST.get("on", ""))
        except Unreadable as error:
            raise Refused(str(error)) from error
        forms = [slug for slug in UNSCHEDULED_FORMS if slug in request.POST.getlist("forms")]
        visit = actions.add_unscheduled_visit(participant=participant, on=on, forms=forms, by=request.user)
        return reverse("visit", args=[visit.pk])

    return act_once(request, action, back=back)


@require_POST
def add_log(request: HttpRequest, pk: Any, form: str) -> HttpResponse:
    participant = participant_of(request, pk, selectors.right_to_add(form))

    def action() -> str:
        try:
            record = actions.add_log_record(participant=participant, form=form, by=request.user)
        except LookupError:
            raise Refused("There is no such form.") from None
        return reverse("record", args=[record.pk]) + came_from(request)

    return act_once(request, action, back=reverse("visits", args=[pk]))


@require_POST
def confirm(request: HttpRequest, pk: int) -> HttpResponse:
    """A person confirms an unusual value with the reason."""
    finding = visible(request, Finding.objects.select_related("record"), pk, path="record__site")
    allow(request, Can.CONFIRM, finding.record.site_id)
    url = reverse("record", args=[finding.record_id]) + came_from(request)

    def action() -> str:
        actions.confirm_finding(finding=finding, explanation=posted(request).get("explanation", ""), by=request.user)
        return url

    return act_once(request, action, back=url)
