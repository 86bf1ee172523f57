"""What leaves the system about safety: the CIOMS form, the E2B data set, the line listing of serious events."""

from __future__ import annotations

import json
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from assessments import safety
from assessments.crfs.serious import SafetyReport
from casebook.models import Participant
from itp_trial.permissions import access, allow, allow_somewhere, visible
from itp_trial.roles import Can
from itp_trial.web import error_page
from reports import line_listing
from reports.cioms import cioms_pdf, file_name
from reports.e2b import e2b
from reports.making import one_file_at_a_time, snapshot
from reports.pdf import PdfNotMade
from reports.purpose import asks_why, exported, printed, stated
from reports.views import for_excel


@require_safe
@asks_why
@one_file_at_a_time
def cioms(request: HttpRequest, pk: Any) -> HttpResponse:
    """The CIOMS form of one version, as it was sent or would be sent now."""
    report, purpose = _report_of(request, pk), stated(request.GET)
    try:
        response = cioms_pdf(report).response()
    except PdfNotMade as reason:
        return error_page(request, 503, "No PDF this time", str(reason))
    printed(request, f"CIOMS form {report.control_number}, {report.name}", purpose, participant=report.participant)
    return response


@require_safe
@asks_why
def e2b_json(request: HttpRequest, pk: Any) -> HttpResponse:
    """The data set of one version, keyed by E2B(R3)."""
    report, purpose = _report_of(request, pk), stated(request.GET)
    what = f"E2B data set {report.control_number}, {report.name}"
    exported(request, what, purpose, participant=report.participant)
    name = f"{file_name(report)}-e2b.json"
    body = json.dumps(e2b(report), indent=1, ensure_ascii=False)
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return HttpResponse(body, content_type="application/json; charset=utf-8", headers=headers)


@require_safe
@asks_why
@one_file_at_a_time
def sae_csv(request: HttpRequest) -> HttpResponse:
    """Every serious event of the person's sites, one a line, with its deadlines."""
    allow_somewhere(request, Can.EXPORT)
    purpose = stated(request.GET)
    with snapshot():
        participants = access(request).scope(Can.EXPORT, Participant.objects)
        file = line_listing.sae_csv(safety.cases(safety.event_records(participants)), excel=for_excel(request))
    exported(request, f"CSV of serious events, {file.rows} rows", purpose)
    return file.response()


def _report_of(request: HttpRequest, pk: Any) -> SafetyReport:
    """The version, where the person may see its child (else 404) and take it out (else 403)."""
    reports = SafetyReport.objects.select_related("record__participant__site", "record__saved_by")
    found: SafetyReport = visible(request, reports, pk, path="record__site")
    allow(request, Can.EXPORT, found.record.site_id)
    return found
