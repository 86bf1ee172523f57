"""Entering data: one form, and all forms of a visit on one page. Both post a form to the same address."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from casebook import actions, drafts, selectors
from casebook.doors import record_of, right_to_edit, visit_named, visit_of
from casebook.models import FormRecord, Visit
from casebook.pages import FormOnPage, form_on_page, place_of, stored_form, visit_page
from itp_trial.access_log import names, note_attempt
from itp_trial.failpoints import failpoint
from itp_trial.idempotency import KeyReused, claim, digest_of
from itp_trial.permissions import access, allow
from itp_trial.refusal import Refused
from itp_trial.roles import Can
from itp_trial.web import error_page, posted


@require_GET
def visit(request: HttpRequest, pk: Any) -> HttpResponse:
    """All forms of a visit on one page. Each keeps its own record, version and save."""
    return _visit_page(request, visit_of(request, pk))


def _visit_page(request: HttpRequest, found: Visit, bound: FormOnPage | None = None, status: int = 200) -> HttpResponse:
    page, today = visit_page(request, found, bound), timezone.localdate()
    if bound is not None and _is_fragment(request):
        return render(request, "casebook/_fragment.html", {"shown": bound, "visit": found}, status=status)
    context = {
        "page": page, "visit": found, "participant": found.participant, "today": today,
        "visit_day": found.happened_on or today,
        "window_state": found.window.state(today, done=found.happened_on is not None),
        "closed": page.locks.over(found), "child_closed": page.locks.over(found.participant),
        "may_edit_visit": access(request).may(Can.EDIT, found.participant.site_id),
        "log_forms": selectors.log_forms_for(access(request), found.participant.site_id),
        "visit_forms": selectors.unscheduled_forms(),
        "draft_key": drafts.local_key(request.user),
    }  # fmt: skip
    return render(request, "casebook/visit.html", context, status=status)


@require_http_methods(["GET", "POST"])
def record(request: HttpRequest, pk: Any) -> HttpResponse:
    """One form: read it, fill it, correct it. Posted from the page of its visit it answers with that page."""
    found = record_of(request, pk)
    if request.method == "GET":
        return _stored_page(request, found)
    allow(request, right_to_edit(found), found.site_id)
    return _save(request, found)


@require_POST
def draft(request: HttpRequest, pk: Any) -> HttpResponse:
    """Keeps what the page's script sends while somebody types. Nothing of the casebook changes."""
    found = record_of(request, pk)
    allow(request, right_to_edit(found), found.site_id)
    try:
        version, base, typed = drafts.read_draft(request.body)
        kept = drafts.keep_draft(record=found, version=version, base=base, typed=typed, by=request.user)
    except Refused as refusal:
        return JsonResponse({"refused": str(refusal)}, status=422)
    said = {"at": f"{timezone.localtime():%H:%M}", "kept": kept is not None}
    if found.version != version and found.saved_by:
        said["meanwhile"] = f"{found.saved_by.full_name} saved this form meanwhile; saving puts both together."
    return JsonResponse(said)


class _Invalid(Exception):
    """The posted form cannot be stored as typed."""


class _Disputed(Exception):
    """Somebody else answered the same question otherwise: a person has to choose."""


def _save(request: HttpRequest, found: FormRecord, *, again: bool = False) -> HttpResponse:
    data = posted(request)
    merge = drafts.merged(found.crf(), data)
    form = merge.form
    try:
        with transaction.atomic():
            taken = claim(request.user, data.get("idempotency-key", ""), digest_of(request.path, data))
            if taken.replay is not None:
                return redirect(_address(request, found))
            if merge.collisions:
                raise _Disputed
            if not form.is_valid():
                raise _Invalid  # the key is given back: the corrected form may carry it again
            saved = actions.save_form(form=form, by=request.user)
            drafts.settle_draft(record=found, saved=merge, by=request.user)
    except _Disputed:
        return _form_page(request, found, merge, status=409)
    except _Invalid:
        if form.unknown_names:
            note_attempt(request, f"names that cannot be written: {names(form.unknown_names)}", record=found)
        return _form_page(request, found, merge, status=422)
    except actions.StaleVersion as stale:
        if "record-base" in data and not again:  # somebody saved in this very moment: put together with that
            return _save(request, record_of(request, found.pk), again=True)
        form.version = stale.record.version
        return _form_page(request, stale.record, merge, status=409, stale=stale)
    except Refused as refusal:
        form.general_errors.append(str(refusal))
        return _form_page(request, found, merge, status=422)
    except KeyReused as conflict:
        return error_page(request, 409, "This form was already sent", str(conflict))
    failpoint("after_commit")
    return _after_save(request, saved, data)


def _after_save(request: HttpRequest, saved: actions.Saved, data: dict[str, str]) -> HttpResponse:
    """Back to the form where something needs an answer; else on to the next form of the visit."""
    record = saved.record
    _tell(request, saved)
    if "record-base" in data and data.get("record-version") != str(record.version - 1):
        messages.info(request, "Somebody else had saved this form meanwhile: their answers and yours are put together.")
    if saved.open_findings or _is_fragment(request):
        return redirect(_address(request, record))
    if record.participant_id is None:
        return redirect("lots")
    following = selectors.next_record(record)
    if around := _visit_around(request, record):
        place = f"form-{following.form}" if following else "leaving" if record.visit else "since"
        return redirect(f"{reverse('visit', args=[around.pk])}#{place}")
    return redirect("record", pk=following.pk) if following else redirect("visits", pk=record.participant_id)


def _tell(request: HttpRequest, saved: actions.Saved) -> None:
    record = saved.record
    when = timezone.localtime(record.saved_at)
    messages.success(request, f"{record.title} saved {when:%H:%M} Cairo, version {record.version}.")
    if saved.emptied:
        messages.info(request, f"Emptied because no longer asked: {', '.join(saved.emptied)}.")


def _stored_page(request: HttpRequest, record: FormRecord) -> HttpResponse:
    place, back = _place(request, record)
    return _show(request, stored_form(request, record, place=place, back=back))


def _form_page(request: HttpRequest, record: FormRecord, merge: drafts.Merge, status: int, stale: Any = None) -> HttpResponse:
    place, back = _place(request, record)
    return _show(request, form_on_page(request, record, merge, place=place, stale=stale, back=back), status)


def _place(request: HttpRequest, record: FormRecord) -> tuple[str, str]:
    """What stands before the ids of its inputs, and the end of its address: empty on a page of its own."""
    around = _visit_around(request, record)
    return place_of(record) if around and around.pk == record.visit_id else "", f"?visit={around.pk}" if around else ""


def _show(request: HttpRequest, shown: FormOnPage, status: int = 200) -> HttpResponse:
    """On the page of its visit where it was posted or asked for from there, else on a page of its own."""
    record, around = shown.record, _visit_around(request, shown.record)
    if around is not None and around.pk == record.visit_id and (request.method == "POST" or _is_fragment(request)):
        return _visit_page(request, visit_of(request, around.pk), shown, status)
    context = {"shown": shown, "form": shown.form, "record": record, "participant": record.participant, "stale": shown.stale,
               "around": around, "draft_key": drafts.local_key(request.user)}  # fmt: skip
    return render(request, "casebook/record.html", context, status=status)


# --- from the page of a visit and back -------------------------------------------------------------------------------


def _is_fragment(request: HttpRequest) -> bool:
    """The page's own script asks for one form instead of a whole page."""
    return "X-Fragment" in request.headers


def _address(request: HttpRequest, record: FormRecord) -> str:
    """This form again, where the person was: on its own page, or on that of its visit."""
    around = _visit_around(request, record)
    if around is None:
        return reverse("record", args=[record.pk])
    if around.pk == record.visit_id and not _is_fragment(request):
        return f"{reverse('visit', args=[around.pk])}#form-{record.form}"
    return f"{reverse('record', args=[record.pk])}?visit={around.pk}"


def _visit_around(request: HttpRequest, record: FormRecord) -> Visit | None:
    """The visit from whose page the person came to this form (``?visit=``); of the same child, else nothing."""
    key = visit_named(request)
    if key is None:
        return None
    if record.visit is not None:
        return record.visit if record.visit_id == key else None
    return Visit.objects.filter(pk=key, participant=record.participant_id).first() if record.participant_id else None
