"""The page for the family, to read, to print, and as PDF."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.utils import timezone
from django.views.decorators.http import require_safe

from casebook.doors import participant_of
from casebook.models import Participant
from casebook.selectors import PARTICIPANTS
from itp_trial.permissions import allow, visible
from itp_trial.roles import Can
from itp_trial.web import error_page
from reports import pdf
from reports.arabic import moment
from reports.family_page import family_page
from reports.making import one_file_at_a_time
from reports.pdf import PdfFile, PdfNotMade
from reports.purpose import asks_why, printed, stated


@require_safe
def family(request: HttpRequest, pk: Any) -> HttpResponse:
    """The page in the browser, which prints on one sheet."""
    found = participant_of(request, pk)
    context = _context(found)
    return render(request, "reports/family.html", context) if context["page"] else _none(request)


@require_safe
@asks_why
@one_file_at_a_time
def family_pdf(request: HttpRequest, pk: Any) -> HttpResponse:
    """The same page as PDF; the access log notes that it was printed. The link of the page says what it is for."""
    found: Participant = visible(request, PARTICIPANTS, pk)
    allow(request, Can.VIEW, found.site_id)
    purpose = stated(request.GET)
    context = _context(found) | {"is_file": True}
    if not context["page"]:
        return _none(request)
    try:
        body = pdf.rendered(render_to_string("reports/family.html", context, request))
    except PdfNotMade as not_made:
        return error_page(request, 503, "The PDF was not made", str(not_made))
    printed(request, f"Page for the family of {found.number}", purpose, participant=found)
    return PdfFile(f"{found.number}-family.pdf", body).response()


def _context(participant: Participant) -> dict[str, Any]:
    now = timezone.now()
    page = family_page(participant, timezone.localdate(now))
    return {"page": page, "participant": participant, "said": moment(now)}


def _none(request: HttpRequest) -> HttpResponse:
    """Nobody hands a family a page about the next visit of a child that has died."""
    return error_page(request, 404, "No page for the family", "This child has died. There is no page to hand out.")
