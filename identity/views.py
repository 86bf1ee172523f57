"""The page of the vault: closed until somebody says why, open for that one answer, and every look is noted."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from casebook.doors import participant_of
from casebook.models import Participant
from identity import actions, selectors
from identity.details import FIELDS, MULTILINE, REQUIRED, Details, read
from identity.models import DuplicateDecision
from identity.vault import Unopened
from itp_trial.access_log import Kind, note
from itp_trial.permissions import allow
from itp_trial.refusal import Refused
from itp_trial.roles import Can
from itp_trial.web import act_once, error_page, number_of, posted

#: Why somebody may look, as the log keeps it.
REASONS = {
    "call": "to call the family",
    "visit": "to arrange a visit",
    "consent": "for consent or assent",
    "check": "to check or correct the details",
    "safety": "for the child’s safety",
}
KNOWN = "A child with this identity is already known to the trial: call the data manager before you go on."


@require_GET
def identity(request: HttpRequest, pk: Any) -> HttpResponse:
    """Whether something is kept, who looked, and the question why; the details themselves only after an answer."""
    return _page(request, participant_of(request, pk, Can.SEE_IDENTITY))


@require_POST
def look(request: HttpRequest, pk: Any) -> HttpResponse:
    """Opens the details for this one answer."""
    participant = participant_of(request, pk, Can.SEE_IDENTITY)
    kept, why = selectors.identity_of(participant), REASONS.get(request.POST.get("why", ""), "")
    if kept is None:
        return redirect("identity", pk=pk)
    if not why:
        return _page(request, participant, status=422, wrong={"why": "Please say why you look."})
    try:
        details = kept.details()
    except Unopened as error:
        return error_page(request, 500, "The vault does not open", str(error))
    note(Kind.IDENTITY, request=request, participant=participant, what=f"Contact details of {participant.number}", purpose=why)
    return _page(request, participant, details=details)


@require_POST
def keep(request: HttpRequest, pk: Any) -> HttpResponse:
    """Keeps what was typed, or shows it again with what is wrong. Nothing of it is ever put into an address or a message."""
    participant = participant_of(request, pk, Can.SEE_IDENTITY)
    allow(request, Can.EDIT, participant.site_id)
    typed = posted(request)
    details, wrong = read(typed)
    if wrong:
        return _page(request, participant, status=422, typed=typed, wrong=wrong)
    try:
        version = number_of(typed.get("version"))
        kept = actions.keep_identity(participant=participant, details=details, version=version, by=request.user)
    except Refused as refusal:
        return _page(request, participant, status=409, typed=typed, wrong={"": str(refusal)})
    messages.success(request, f"Kept in the vault, version {kept.identity.version}.")
    return redirect("identity", pk=pk)


def _page(request: HttpRequest, participant: Participant, *, details: Details | None = None, status: int = 200,
          typed: dict[str, str] | None = None, wrong: dict[str, str] | None = None) -> HttpResponse:  # fmt: skip
    kept, wrong = selectors.identity_of(participant), wrong or {}
    version = typed.get("version", "") if typed else (kept.version if kept else 0)
    shown = typed or (details.content() if details else {})
    context = {
        "participant": participant, "kept": kept, "details": details, "wrong": wrong, "reasons": REASONS.items(),
        "version": version, "refused": wrong.get("", ""),
        "known": KNOWN if kept and selectors.is_known(participant) else "", "looks": selectors.looks_at(participant),
        # Who has seen nothing yet could only overwrite what is there.
        "fields": _fields(shown, wrong) if details or typed or kept is None else [],
    }  # fmt: skip
    return render(request, "identity/identity.html", context, status=status)


def _fields(shown: dict[str, str], wrong: dict[str, str]) -> list[dict[str, Any]]:
    """The fields of the page, each with what stands in it and what is wrong with it."""
    return [
        {"name": name, "label": label, "help": help_, "typed": shown.get(name, ""), "wrong": wrong.get(name, ""),
         "required": name in REQUIRED, "multiline": name in MULTILINE}
        for name, (label, help_) in FIELDS.items()
    ]  # fmt: skip


@require_http_methods(["GET", "POST"])
def duplicates(request: HttpRequest) -> HttpResponse:
    """Children that look like one, by their numbers: the data manager asks both hospitals and writes down the answer."""
    allow(request, Can.SEE_DUPLICATES)
    if request.method == "GET":
        context = {"pairs": selectors.pairs(), "verdicts": DuplicateDecision.Verdict.choices}
        return render(request, "identity/duplicates.html", context)
    data = posted(request)

    def action() -> str:
        first, second = (Participant.objects.filter(screening_number=data.get(name, "")).first() for name in ("first", "second"))
        if first is None or second is None:
            raise Refused("Please choose a pair from the list.")
        actions.decide_duplicate(first=first, second=second, verdict=data.get("verdict", ""), by=request.user)
        messages.success(request, "The decision is recorded.")
        return reverse("duplicates")

    return act_once(request, action, back=reverse("duplicates"))
