"""The pages of the participants: the cohort, and the answer for one child."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET, require_POST

from casebook.actions import save_form
from casebook.doors import participant_of
from casebook.locks import Locks
from casebook.models import Finding, Participant
from casebook.templatetags.casebook import STATES
from itp_trial.models import Site
from itp_trial.normalise import Unreadable, day
from itp_trial.permissions import access, allow_somewhere
from itp_trial.refusal import Refused
from itp_trial.roles import Can
from itp_trial.web import act_once, number_of, posted
from responses import actions
from responses.cohort import RESPONSE_STATES, SORTS, Asked, cohort
from responses.dashboard import dashboard
from responses.models import ClassChange
from responses.questions import FOR_A_PHYSICIAN, answer_form


@require_GET
def participants(request: HttpRequest) -> HttpResponse:
    """The children at the person's sites; ``?site=&state=&response=&sort=&after=``."""
    allow_somewhere(request, Can.VIEW)
    asked = Asked.read(request.GET)
    query = request.GET.copy()
    query.pop("after", None)
    context = {
        "page": cohort(access(request).scope(Can.VIEW, Participant.objects.all()), asked, timezone.localdate()),
        "asked": asked,
        "query": query.urlencode(),
        "sites": access(request).scope(Can.VIEW, Site.objects.all(), "pk"),
        "states": Participant.State.choices,
        "responses": [(code, STATES[code][0]) for code in RESPONSE_STATES],
        "sorts": [(code, words) for code, (words, _) in SORTS.items()],
        "may_screen": access(request).has(Can.SCREEN),
    }
    return render(request, "responses/participants.html", context)


@require_GET
def participant(request: HttpRequest, pk: Any) -> HttpResponse:
    """The answer for one child: state, since when, why; the course on one time axis; the next dose; safety."""
    found = participant_of(request, pk)
    granted = access(request)
    may_decide = granted.may(Can.DECIDE, found.site_id)
    scale = "linear" if request.GET.get("scale") == "linear" else "log"
    context = dashboard(found, timezone.localdate(), scale, request.user if may_decide else None) | {
        "closed": Locks.of(found).over(found),
        "may_decide": may_decide,
        "may_end_treatment": granted.may(Can.END_TREATMENT, found.site_id) and found.state == Participant.State.TREATMENT,
    }
    waiting = context["to_sign"]
    context["milestones"] = [each for each in waiting.due if granted.may(each.right, found.site_id)] if waiting else []
    return render(request, "responses/participant.html", context)


@require_POST
def take_note(request: HttpRequest, pk: Any) -> HttpResponse:
    """A physician has read that the class of a child was changed by a correction."""
    found = participant_of(request, pk, Can.DECIDE)
    url = reverse("participant", args=[pk])

    def action() -> str:
        number = number_of(posted(request).get("change"))
        change = ClassChange.objects.filter(participant=found, pk=number).first()
        if change is None:
            raise Refused("There is no such announcement about this child.")
        actions.acknowledge(change=change, by=request.user)
        messages.success(request, "You have taken note of the changed class. It stands in the audit trail.")
        return url

    return act_once(request, action, back=url)


@require_POST
def decide_dose(request: HttpRequest, pk: Any) -> HttpResponse:
    """A physician agrees to the proposed next dose, or decides otherwise."""
    found = participant_of(request, pk, Can.DECIDE)
    data, url = posted(request), reverse("participant", args=[pk])

    def action() -> str:
        decision = actions.decide_dose(
            participant=found,
            shown=data.get("proposal", ""),
            agree=data.get("choice") == "agreed",
            chosen_on=_day(data.get("chosen_on", "")),
            reason=data.get("reason", ""),
            by=request.user,
            today=timezone.localdate(),
        )
        messages.success(request, f"Your decision is recorded: {decision.get_choice_display().lower()}.")
        return f"{url}#dose-title"

    return act_once(request, action, back=f"{url}#dose-title")


def _day(typed: str) -> date | None:
    if not typed.strip():
        return None
    try:
        return day(typed)
    except Unreadable as error:
        raise Refused(f"Day of the next dose: {error}") from error


@require_POST
def answer_question(request: HttpRequest, pk: Any) -> HttpResponse:
    """A physician answers one question of a form without opening it; the form is saved as always."""
    found = participant_of(request, pk, Can.DECIDE)
    data, url = posted(request), f"{reverse('participant', args=[pk])}#questions-title"

    def action() -> str:
        asked = Finding.objects.filter(record__participant=found, item__in=FOR_A_PHYSICIAN, pk=number_of(data.get("finding")))
        question = asked.select_related("record__participant", "record__visit__participant").first()
        if question is None:
            raise Refused("There is no such question about this child.")
        form = answer_form(question, data.get("answer", ""))
        if not form.is_valid():
            raise Refused(" ".join(message for messages in form.errors.values() for message in messages))
        save_form(form=form, by=request.user)
        messages.success(request, f"{question.record.title}: your answer is stored.")
        return url

    return act_once(request, action, back=url)


@require_POST
def mark_seen(request: HttpRequest, pk: Any) -> HttpResponse:
    """A physician has read corrections since the last look."""
    found = participant_of(request, pk, Can.DECIDE)
    places = {number_of(place) for place in request.POST.getlist("seen")}
    if "all" in request.POST:
        places |= {number_of(place) for place in request.POST.getlist("shown")}
    url = f"{reverse('participant', args=[pk])}#since-title"

    def action() -> str:
        actions.mark_seen(participant=found, places=places, by=request.user)
        return url

    return act_once(request, action, back=url)
