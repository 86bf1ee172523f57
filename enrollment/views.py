"""Start screening, decide on eligibility, end participation."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from casebook.doors import participant_of
from casebook.models import Participant
from enrollment import actions, places, reconsent
from enrollment.versions import ConsentVersion
from itp_trial.models import Site
from itp_trial.normalise import Unreadable, day
from itp_trial.permissions import access, allow_somewhere
from itp_trial.protocol import PLANNED_PARTICIPANTS
from itp_trial.refusal import Refused
from itp_trial.roles import Can
from itp_trial.web import act_once, number_of, posted
from signatures.models import Scope


@require_http_methods(["GET", "POST"])
def screen(request: HttpRequest) -> HttpResponse:
    """A child comes to screening at one of the person's sites."""
    allow_somewhere(request, Can.SCREEN)
    sites = access(request).scope(Can.SCREEN, Site.objects.all(), "pk")
    if request.method == "GET":
        free = PLANNED_PARTICIPANTS - len(places.taken())
        return render(request, "enrollment/screen.html", {"sites": sites, "free": free, "full": places.full()})
    site = get_object_or_404(sites, pk=number_of(request.POST.get("site")))

    def action() -> str:
        participant = actions.start_screening(site=site, by=request.user, on=_day(posted(request).get("on", "")))
        messages.success(request, f"{participant} is in screening. Please fill the two forms below.")
        return reverse("visits", args=[participant.pk])

    return act_once(request, action, back=reverse("screen"))


@require_GET
def eligibility(request: HttpRequest, pk: Any) -> HttpResponse:
    """Each criterion with its evidence, the consent, and what stands against enrolment."""
    participant = participant_of(request, pk)
    context = {
        "participant": participant,
        "ready": actions.readiness(participant, participant.enrolled_on),
        "may_enrol": access(request).may(Can.ENROL, participant.site_id),
        "signatures": participant.signatures.filter(scope=Scope.ELIGIBILITY).select_related("of_record", "of_visit"),
        "may_sign": access(request).may(Can.SIGN, participant.site_id),
        "screening_open": participant.state == Participant.State.SCREENING,
    }
    return render(request, "enrollment/eligibility.html", context)


@require_POST
def enrol(request: HttpRequest, pk: Any) -> HttpResponse:
    participant = participant_of(request, pk, Can.ENROL)

    def action() -> str:
        enrolled = actions.enrol(participant=participant, by=request.user, on=_day(posted(request).get("on", "")))
        messages.success(request, f"Enrolled as {enrolled.subject_number}. The loading dose is planned.")
        return reverse("visits", args=[pk])

    return act_once(request, action, back=reverse("eligibility", args=[pk]))


@require_POST
def fail(request: HttpRequest, pk: Any) -> HttpResponse:
    participant = participant_of(request, pk, Can.ENROL)

    def action() -> str:
        data = posted(request)
        actions.fail_screening(participant=participant, reason=data.get("reason", ""), by=request.user)
        return reverse("visits", args=[pk])

    return act_once(request, action, back=reverse("eligibility", args=[pk]))


@require_http_methods(["GET", "POST"])
def end(request: HttpRequest, pk: Any) -> HttpResponse:
    """Completed, lost to follow-up or withdrawn, with the day and the reason."""
    participant = participant_of(request, pk, Can.PLAN)
    state = Participant.State
    if request.method == "GET":
        choices = [(s.value, s.label) for s in (state.COMPLETED, state.LOST, state.WITHDRAWN, state.DIED)]
        return render(request, "enrollment/end.html", {"participant": participant, "choices": choices})

    def action() -> str:
        data = posted(request)
        actions.end_participation(participant=participant, state=data.get("state", ""), reason=data.get("reason", ""),
                                  on=_day(data.get("on", "")), by=request.user)  # fmt: skip
        return reverse("visits", args=[pk])

    return act_once(request, action, back=reverse("end-participation", args=[pk]))


@require_http_methods(["GET", "POST"])
def take_back_end(request: HttpRequest, pk: Any) -> HttpResponse:
    """The end was a mistake, or the family came back."""
    participant = participant_of(request, pk, Can.PLAN)
    if request.method == "GET":
        return render(request, "enrollment/take_back_end.html", {"participant": participant})

    def action() -> str:
        back = actions.take_back_end(participant=participant, reason=posted(request).get("reason", ""), by=request.user)
        messages.success(request, f"{back} takes part again: {back.get_state_display().lower()}. Its visits are open again.")
        return reverse("visits", args=[pk])

    return act_once(request, action, back=reverse("take-back-end", args=[pk]))


@require_http_methods(["GET", "POST"])
def consent_versions(request: HttpRequest) -> HttpResponse:
    """The approved consent forms of the person's sites; the principal investigator registers a new one."""
    allow_somewhere(request, Can.VIEW)
    sites = access(request).scope(Can.APPROVE_CONSENT, Site.objects.all(), "pk")
    if request.method == "GET":
        versions = ConsentVersion.objects.select_related("site")
        context = {"versions": access(request).scope(Can.VIEW, versions, "site"), "sites": sites}
        return render(request, "enrollment/consent_versions.html", context)
    allow_somewhere(request, Can.APPROVE_CONSENT)
    site = get_object_or_404(sites, pk=number_of(request.POST.get("site")))

    def action() -> str:
        data = posted(request)
        found = reconsent.register_consent_version(
            site=site, version=data.get("version", ""), approved_on=_any_day(data.get("approved_on", "")),
            from_day=_any_day(data.get("from_day", "")), reference=data.get("reference", ""),
            asks_again=data.get("asks_again") == "Y", by=request.user,
        )  # fmt: skip
        messages.success(request, f"Version {found.version} is registered. It is used from {found.from_day:%d %b %Y}.")
        return reverse("consent-versions")

    return act_once(request, action, back=reverse("consent-versions"))


def _any_day(raw: str) -> Any:
    """A typed day, also one to come."""
    try:
        return day(raw)
    except Unreadable as error:
        raise Refused(str(error)) from error


def _day(raw: str) -> Any:
    """A typed day, not in the future; an empty text means today."""
    if not raw.strip():
        return timezone.localdate()
    try:
        found = day(raw)
    except Unreadable as error:
        raise Refused(str(error)) from error
    if found > timezone.localdate():
        raise Refused(f"{found:%d %b %Y} lies in the future.")
    return found
