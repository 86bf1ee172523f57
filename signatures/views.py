"""The pages of signing: what waits, one page per thing to sign, reading a form before signing many."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods

from accounts.reauthentication import confirm, needs_code
from accounts.sessions import SIGN_IN
from casebook import selectors as casebook
from casebook.doors import participant_of, record_of, visit_of
from casebook.models import FormRecord, Participant
from delegation.statement import has_accepted
from itp_trial.permissions import access, allow, allow_somewhere
from itp_trial.roles import Can
from itp_trial.web import act_once, posted
from signatures import actions
from signatures.matters import Matter
from signatures.models import Meaning, Scope
from signatures.paper import Paper, known_to, paper_of
from signatures.selectors import waiting_of

DOORS = require_http_methods(["GET", "POST"])


@require_GET
def to_sign(request: HttpRequest) -> HttpResponse:
    """By site and child: the milestones that wait, and the forms that no signature covers."""
    allow_somewhere(request, Can.VIEW)
    participants = access(request).scope(Can.VIEW, casebook.PARTICIPANTS).order_by("site__code", "screening_number")
    rows = waiting_of(participants)
    context = {"rows": [row for row in rows if row.due or row.unsigned], "total": len(rows)}
    return render(request, "signatures/to_sign.html", context)


@require_GET
def of_participant(request: HttpRequest, pk: Any) -> HttpResponse:
    """Everything of one child that waits for a signature, and every signature with its state."""
    participant = participant_of(request, pk)
    [waiting] = waiting_of([participant])
    may_sign = access(request).may(Can.SIGN, participant.site_id)
    known = known_to(request.user, participant) if may_sign else {}
    unread = [record for record in waiting.unsigned if str(record.pk) not in known]
    held = [right for right in (Can.SIGN, Can.FREEZE) if access(request).may(right, participant.site_id)]
    context = {"participant": participant, "waiting": waiting, "may_sign": may_sign, "held": held, "unread": unread}
    return render(request, "signatures/participant.html", context)


@DOORS
def sign_eligibility(request: HttpRequest, pk: Any) -> HttpResponse:
    participant = participant_of(request, pk, Can.SIGN)
    return _sign(request, Matter(Scope.ELIGIBILITY, participant))


@DOORS
def sign_casebook(request: HttpRequest, pk: Any) -> HttpResponse:
    return _sign(request, Matter(Scope.CASEBOOK, participant_of(request, pk, Can.SIGN)))


@DOORS
def sign_lock(request: HttpRequest, pk: Any) -> HttpResponse:
    """The data lock of a locked casebook, by whoever locks."""
    return _sign(request, Matter(Scope.LOCK, participant_of(request, pk, Can.FREEZE)))


@DOORS
def sign_visit(request: HttpRequest, pk: Any) -> HttpResponse:
    visit = visit_of(request, pk)
    allow(request, Can.SIGN, visit.participant.site_id)
    return _sign(request, Matter(Scope.VISIT, visit.participant, visit=visit))


@DOORS
def sign_form(request: HttpRequest, pk: Any) -> HttpResponse:
    """A form that says of itself that it is signed."""
    record = _record(request, pk)
    if not record.crf_class.signed_as:
        raise Http404("This form is not signed by itself.")
    return _sign(request, Matter(Scope.FORM, _owner(record), record=record))


def _record(request: HttpRequest, pk: Any) -> FormRecord:
    record = record_of(request, pk)
    allow(request, Can.SIGN, record.site_id)
    if record.participant is None or record.removed_at is not None:
        raise Http404("This is no form of a casebook.")
    return record


def _owner(record: FormRecord) -> Participant:
    if record.participant is None:
        raise Http404("This is no form of a casebook.")
    return record.participant


def _sign(request: HttpRequest, matter: Matter) -> HttpResponse:
    back = reverse("signatures", args=[matter.participant.pk])
    if request.method == "GET":
        return _page(request, paper_of(matter, by=request.user, access=access(request)))

    def once() -> str:
        data = posted(request)
        confirm(request, password=data.get("password", ""), code=data.get("code", ""))
        factors = "password and second factor" if needs_code(request.user) else "password"
        session = request.session.get(SIGN_IN, {}).get("number", "")
        signature = actions.sign(matter=matter, shown=data.get("shown", ""), by=request.user, factors=factors, session=session)
        messages.success(request, f"Signed: {signature.manifestation}. Code {signature.code}.")
        return back

    return act_once(request, once, back=request.path)


def _page(request: HttpRequest, paper: Paper) -> HttpResponse:
    context = {
        "paper": paper, "matter": paper.matter, "participant": paper.matter.participant, "against": paper.against(),
        "meaning": Meaning(paper.meaning).label, "accepted": has_accepted(request.user),
    }  # fmt: skip
    return render(request, "signatures/sign.html", context)


@DOORS
def read(request: HttpRequest, pk: Any) -> HttpResponse:
    """A form with the others of its visit, to be read before many are signed at once; then on to the next unread one."""
    record = _record(request, pk)
    participant = _owner(record)
    alone = Matter(Scope.FORM, participant, record=record)
    matter = Matter(Scope.VISIT, participant, visit=record.visit) if record.visit else alone
    if request.method == "GET":
        paper = paper_of(matter, by=request.user, access=access(request))
        return render(request, "signatures/read.html", {"paper": paper, "participant": participant})

    def once() -> str:
        actions.mark_seen(matter=matter, shown=posted(request).get("shown", ""), by=request.user)
        return _next_unread(request, participant)

    return act_once(request, once, back=request.path)


def _next_unread(request: HttpRequest, participant: Participant) -> str:
    paper = paper_of(Matter(Scope.CASEBOOK, participant), by=request.user, access=access(request))
    if paper.unseen:
        return reverse("read-form", args=[paper.unseen[0].record.pk])
    messages.success(request, "Everything is read. The casebook can be signed.")
    return reverse("sign-casebook", args=[participant.pk])
