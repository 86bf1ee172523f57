"""The page on which a form, a visit or a participant is frozen, locked and opened again, with the history of it."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.db.models import Q
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from accounts.reauthentication import confirm
from casebook import locks
from casebook.doors import participant_of, record_of, visit_of
from casebook.models import FormRecord, Lock, Participant
from itp_trial.access_log import Kind
from itp_trial.permissions import access, allow
from itp_trial.refusal import Refused
from itp_trial.roles import Can
from itp_trial.web import act_once, posted

DOORS = require_http_methods(["GET", "POST"])
FREEZE, LOCK, LIFT = "freeze", "lock", "lift"
#: What may be done, with which right, and whether the person proves once more who they are.
ACTS = {FREEZE: (Can.FREEZE, locks.freeze, False), LOCK: (Can.FREEZE, locks.lock, True), LIFT: (Can.UNLOCK, locks.lift, True)}
DONE = {FREEZE: "frozen", LOCK: "locked", LIFT: "open again"}


@DOORS
def of_participant(request: HttpRequest, pk: Any) -> HttpResponse:
    found = participant_of(request, pk)
    return _page(request, found, found, f"All forms of {found.number}", reverse("visits", args=[pk]))


@DOORS
def of_visit(request: HttpRequest, pk: Any) -> HttpResponse:
    found = visit_of(request, pk)
    back = f"{reverse('visits', args=[found.participant_id])}#visit-{pk}"
    return _page(request, found, found.participant, f"{found.participant.number}: {found.title}", back)


@DOORS
def of_record(request: HttpRequest, pk: Any) -> HttpResponse:
    found = record_of(request, pk)
    if found.participant is None:
        raise Http404("Product forms are not frozen or locked.")
    return _page(request, found, found.participant, f"{found.participant.number}: {locks.place_of(found)}",
                 reverse("record", args=[pk]))  # fmt: skip


def _page(request: HttpRequest, target: locks.Target, participant: Participant, title: str, back: str) -> HttpResponse:
    if request.method == "POST":
        return _act(request, target, participant, back)
    living = locks.Locks.of(participant)
    own, granted = living.own(target), access(request)
    context = {
        "participant": participant, "title": title, "back": back, "own": own, "closing": living.closing(target),
        "obstacles": locks.obstacles(target),
        "history": _history(target), "may_close": granted.may(Can.FREEZE, participant.site_id),
        "may_lift": granted.may(Can.UNLOCK, participant.site_id), "safety_stays": not isinstance(target, FormRecord),
    }  # fmt: skip
    return render(request, "casebook/lock.html", context)


def _history(target: locks.Target) -> list[Lock]:
    participant, visit, record = locks.key_of(target)
    wanted = Q(participant=participant, of_visit=visit, of_record=record)
    return list(Lock.objects.filter(wanted).select_related("set_by", "lifted_by"))


def _act(request: HttpRequest, target: locks.Target, participant: Participant, back: str) -> HttpResponse:
    act = request.POST.get("act", "")
    right, action, asks = ACTS.get(act, ACTS[LOCK])
    allow(request, right, participant.site_id)

    def once() -> str:
        if act not in ACTS:
            raise Refused("Please choose what to do: freeze, lock or open again.")
        data = posted(request)
        if asks:
            confirm(request, password=data.get("password", ""), code=data.get("code", ""), kind=Kind.REFUSED)
        action(target=target, reason=data.get("reason", ""), by=request.user)
        messages.success(request, f"{DONE[act][:1].upper()}{DONE[act][1:]}. The trail keeps the reason.")
        return request.path

    return act_once(request, once, back=request.path)
