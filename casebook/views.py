"""The pages of the casebook: work list, visits and forms of a participant, one form."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from casebook import actions, selectors
from casebook.actions import UNSCHEDULED_FORMS
from casebook.crf import crf_models
from casebook.doors import participant_of, record_of, right_to_edit
from casebook.forms import CHANGE_REASONS, CrfForm
from casebook.locks import Locks
from casebook.models import Finding, FormRecord, Participant
from itp_trial.access_log import names, note_attempt
from itp_trial.failpoints import failpoint
from itp_trial.idempotency import KeyReused, claim, digest_of
from itp_trial.normalise import Unreadable, day
from itp_trial.permissions import access, allow, allow_somewhere, visible
from itp_trial.refusal import Refused
from itp_trial.roles import Can
from itp_trial.web import act_once, error_page, posted


@require_GET
def work_list(request: HttpRequest) -> HttpResponse:
    """What this person's sites have to do: overdue, now, soon, and what waits for an answer."""
    allow_somewhere(request, Can.VIEW)
    participants = access(request).scope(Can.VIEW, Participant.objects)
    today = timezone.localdate()
    context = {
        "lanes": selectors.work_list(participants, today),
        "unfinished": list(selectors.open_work(participants)[:50]),
        "today": today,
        "may_screen": access(request).has(Can.SCREEN),
    }
    return render(request, "casebook/work_list.html", context)


@require_GET
def visits(request: HttpRequest, pk: Any) -> HttpResponse:
    """All visits and forms of a participant with their states, and what may be added."""
    participant = participant_of(request, pk)
    locks = Locks.of(participant)
    context = {
        "participant": participant,
        "locks": locks,
        "closed": locks.over(participant),
        "visits": selectors.visits_with_records(participant),
        "log_records": selectors.log_records(participant),
        "removed_records": selectors.removed_records(participant),
        "log_forms": selectors.log_forms(),
        "visit_forms": [m for m in crf_models() if m.slug in UNSCHEDULED_FORMS],
        "today": timezone.localdate(),
        "may_edit": access(request).may(Can.EDIT, participant.site_id),
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
        return reverse("record", args=[visit.records_in_order()[0].pk])

    return act_once(request, action, back=back)


@require_POST
def add_log(request: HttpRequest, pk: Any, form: str) -> HttpResponse:
    participant = participant_of(request, pk, Can.EDIT)

    def action() -> str:
        try:
            record = actions.add_log_record(participant=participant, form=form, by=request.user)
        except LookupError:
            raise Refused("There is no such form.") from None
        return reverse("record", args=[record.pk])

    return act_once(request, action, back=reverse("visits", args=[pk]))


@require_http_methods(["GET", "POST"])
def record(request: HttpRequest, pk: Any) -> HttpResponse:
    """One form: read it, fill it, correct it."""
    found = record_of(request, pk)
    if request.method == "GET":
        return _form_page(request, found, CrfForm(found.crf()))
    allow(request, right_to_edit(found), found.site_id)
    return _save(request, found)


class _Invalid(Exception):
    """The posted form cannot be stored as typed."""


def _save(request: HttpRequest, found: FormRecord) -> HttpResponse:
    data = posted(request)
    form = CrfForm(found.crf(), data)
    url = reverse("record", args=[found.pk])
    try:
        with transaction.atomic():
            taken = claim(request.user, data.get("idempotency-key", ""), digest_of(request.path, data))
            if taken.replay is not None:
                return redirect(url)
            if not form.is_valid():
                raise _Invalid  # the key is given back: the corrected form may carry it again
            saved = actions.save_form(form=form, by=request.user)
    except _Invalid:
        if form.unknown_names:
            note_attempt(request, f"names that cannot be written: {names(form.unknown_names)}", record=found)
        return _form_page(request, found, form, status=422)
    except actions.StaleVersion as stale:
        form.version = stale.record.version
        return _form_page(request, stale.record, form, status=409, stale=stale)
    except Refused as refusal:
        form.general_errors.append(str(refusal))
        return _form_page(request, found, form, status=422)
    except KeyReused as conflict:
        return error_page(request, 409, "This form was already sent", str(conflict))
    failpoint("after_commit")
    return _after_save(request, saved, url)


def _after_save(request: HttpRequest, saved: actions.Saved, url: str) -> HttpResponse:
    """Back to the form where something needs an answer; else on to the next form of the visit."""
    record = saved.record
    when = timezone.localtime(record.saved_at)
    messages.success(request, f"{record.title} saved {when:%H:%M} Cairo, version {record.version}.")
    if saved.emptied:
        messages.info(request, f"Emptied because no longer asked: {', '.join(saved.emptied)}.")
    if saved.open_findings:
        return redirect(url)
    if record.participant_id is None:
        return redirect("lots")
    following = selectors.next_record(record)
    return redirect("record", pk=following.pk) if following else redirect("visits", pk=record.participant_id)


def _form_page(request: HttpRequest, record: FormRecord, form: CrfForm, status: int = 200, stale: Any = None) -> HttpResponse:
    findings = list(record.findings.select_related("settled_by").exclude(state=Finding.State.CURED))
    _place_findings(form, findings)
    open_now = [f for f in findings if f.state == Finding.State.OPEN]
    may_edit_ever = access(request).may(right_to_edit(record), record.site_id)
    closed = Locks.of(record.participant).closing(record) if getattr(record, "has_locks", True) else []
    may_edit = may_edit_ever and record.removed_at is None and not closed
    context = {
        "record": record, "form": form, "crf": form.crf, "participant": record.participant, "stale": stale,
        "closed": closed, "open_findings": open_now, "may_edit": may_edit, "may_edit_ever": may_edit_ever,
        "missing_findings": [f for f in open_now if f.code == "MISSING"],
        "unusual_findings": [f for f in open_now if f.code != "MISSING"],
        "may_confirm": access(request).may(Can.CONFIRM, record.site_id) and not closed, "reasons": CHANGE_REASONS,
        "asks_reason": record.version > 0,
    }  # fmt: skip
    return render(request, "casebook/record.html", context, status=status)


def _place_findings(form: CrfForm, findings: list[Finding]) -> None:
    by_name = {f.name: f for f in form.main.fields.values()}
    by_name |= {f.name: f for group in form.groups for row in group.forms for f in row.fields.values()}
    for finding in findings:
        if finding.item in by_name:
            by_name[finding.item].findings.append(finding)


@require_POST
def confirm(request: HttpRequest, pk: int) -> HttpResponse:
    """A person confirms an unusual value with the reason."""
    finding = visible(request, Finding.objects.select_related("record"), pk, path="record__site")
    allow(request, Can.CONFIRM, finding.record.site_id)
    url = reverse("record", args=[finding.record_id])

    def action() -> str:
        actions.confirm_finding(finding=finding, explanation=posted(request).get("explanation", ""), by=request.user)
        return url

    return act_once(request, action, back=url)
