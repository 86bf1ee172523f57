"""The register of protocol deviations: of a participant, a site or the whole trial, as page and as CSV."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from casebook.models import FormRecord, Participant
from enrollment.crfs import Deviation
from enrollment.crfs.deviation import Category, Grade
from itp_trial.models import Site
from itp_trial.permissions import access, allow_somewhere
from itp_trial.roles import Can
from itp_trial.web import number_of
from reports.csv_export import made
from reports.purpose import PURPOSES, asks_why, exported, stated
from reports.views import for_excel

#: Column -> whether people typed its text.
COLUMNS = {
    "participant": False, "site": False, "raised_at": False, "rule": False, "reference": False, "category": False,
    "occurred_on": False, "description": True, "explanation": True, "action": True, "grade": False, "state": False,
    "record_id": False,
}  # fmt: skip


@require_safe
def deviations(request: HttpRequest) -> HttpResponse:
    """Newest first. ``site`` and ``participant`` narrow it."""
    allow_somewhere(request, Can.VIEW)
    children = access(request).scope(Can.VIEW, Participant.objects.select_related("site"))
    context = {
        "lines": lines(request, Can.VIEW), "typed": request.GET, "children": children, "purposes": PURPOSES.items(),
        "sites": access(request).scope(Can.VIEW, Site.objects.all(), "pk"),
    }  # fmt: skip
    return render(request, "reports/deviations.html", context)


@require_safe
@asks_why
def deviations_csv(request: HttpRequest) -> HttpResponse:
    """The same lines as a file, those that nobody has explained yet included."""
    allow_somewhere(request, Can.EXPORT)
    purpose = stated(request.GET)
    file = made("deviations", COLUMNS, lines(request, Can.EXPORT), for_excel(request))
    exported(request, f"CSV of deviations, {file.rows} rows", purpose)
    return file.response()


def lines(request: HttpRequest, right: Can) -> list[dict[str, str]]:
    """Every deviation at the sites where the person holds this right: what the form says, else what the rule found."""
    records = FormRecord.objects.filter(form=Deviation.slug).select_related("participant__site", "deviation", "deviation_cause")
    found = access(request).scope(right, records)
    if site := number_of(request.GET.get("site")):
        found = found.filter(site=site)
    if number := request.GET.get("participant"):
        found = [record for record in found if record.participant is not None and record.participant.number == number]
    ordered = sorted(found, key=lambda record: record.created_at, reverse=True)
    return [_line(record) for record in ordered]


def _line(record: Any) -> dict[str, str]:
    cause = getattr(record, "deviation_cause", None)
    form = getattr(record, "deviation", None)
    said = form or cause
    return {
        "participant": record.participant.number, "site": record.site.code if record.site_id else "",
        "raised_at": timezone.localtime(record.created_at).isoformat(timespec="minutes"),
        "rule": cause.rule if cause else "", "reference": cause.reference if cause else "",
        "category": _label(Category, getattr(said, "category", None)),
        "occurred_on": said.occurred_on.isoformat() if said and said.occurred_on else "",
        "description": (form.description if form else cause.said if cause else "") or "",
        "explanation": (form.why if form else "") or "", "action": (form.action if form else "") or "",
        "grade": _label(Grade, form.grade if form else None), "state": state_of(form), "record_id": str(record.pk),
    }  # fmt: skip


def _label(choices: Any, code: str | None) -> str:
    return str(choices(code).label) if code else ""


def state_of(form: Any) -> str:
    """What the deviation waits for, in words."""
    if form is None or not form.why:
        return "to be explained"
    return "graded" if form.grade else "to be graded"
