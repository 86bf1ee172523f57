"""The pages and files of the export: what a person may take out, and nothing of another site."""

from __future__ import annotations

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from casebook.models import Participant
from casebook.selectors import PARTICIPANTS
from itp_trial.permissions import access, allow, allow_somewhere, visible
from itp_trial.roles import Can
from itp_trial.web import error_page
from reports import csv_export, selectors
from reports.files import FormFile, file_by_slug
from reports.making import one_file_at_a_time, snapshot
from reports.pdf import PdfNotMade, casebook_pdf


@require_safe
def exports(request: HttpRequest) -> HttpResponse:
    """Every file that this person may take out, with its size."""
    allow_somewhere(request, Can.EXPORT)
    context = {
        "files": selectors.row_counts(access(request)),
        "participants": selectors.exportable_participants(access(request)),
    }
    return render(request, "reports/exports.html", context)


@require_safe
@one_file_at_a_time
def form_csv(request: HttpRequest, form: str) -> HttpResponse:
    """One form of all participants of the person's sites."""
    allow_somewhere(request, Can.EXPORT)
    with snapshot():
        return csv_export.form_csv(known_file(form), access(request), excel=for_excel(request)).response()


@require_safe
def codebook_csv(request: HttpRequest) -> HttpResponse:
    allow_somewhere(request, Can.EXPORT)
    return csv_export.codebook_csv(excel=for_excel(request)).response()


@require_safe
@one_file_at_a_time
def casebook_csv(request: HttpRequest, pk: Any) -> HttpResponse:
    with snapshot():
        casebook = selectors.casebook_of(exportable(request, pk))
        return csv_export.casebook_csv(casebook, excel=for_excel(request)).response()


@require_safe
@one_file_at_a_time
def casebook_pdf_file(request: HttpRequest, pk: Any) -> HttpResponse:
    participant = exportable(request, pk)
    try:
        return casebook_pdf(participant).response()
    except PdfNotMade as reason:
        return error_page(request, 503, "No PDF this time", str(reason))


def exportable(request: HttpRequest, pk: Any) -> Participant:
    """The participant, where the person may see it (else 404) and take it out (else 403)."""
    participant: Participant = visible(request, PARTICIPANTS, pk)
    allow(request, Can.EXPORT, participant.site_id)
    return participant


def known_file(slug: str) -> FormFile:
    try:
        return file_by_slug(slug)
    except LookupError:
        raise Http404 from None


def for_excel(request: HttpRequest) -> bool:
    return request.GET.get("for") == "excel"
