"""The pages and files of the export: what a person may take out, for which purpose, and nothing of another site."""

from __future__ import annotations

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_safe

from casebook.doors import participant_of
from casebook.models import Participant
from casebook.selectors import PARTICIPANTS
from casebook.trail import Filters
from itp_trial.models import Site
from itp_trial.permissions import access, allow, allow_somewhere, visible
from itp_trial.roles import Can
from itp_trial.web import error_page
from reports import csv_export, selectors, trail_csv
from reports.csv_export import CsvFile
from reports.files import FormFile, file_by_slug
from reports.making import one_file_at_a_time, snapshot
from reports.pdf import PdfNotMade, casebook_pdf
from reports.proof import proof_for
from reports.purpose import PURPOSES, asks_why, exported, printed, stated
from reports.signatures_csv import signatures_csv


@require_safe
def exports(request: HttpRequest) -> HttpResponse:
    """Every file that this person may take out, with its size."""
    allow_somewhere(request, Can.EXPORT)
    context = {
        "files": selectors.row_counts(access(request)),
        "participants": selectors.exportable_participants(access(request)),
        "sites": access(request).scope(Can.EXPORT, Site.objects.all(), "pk"),
        "purposes": PURPOSES.items(),
    }
    return render(request, "reports/exports.html", context)


@require_safe
def participant_exports(request: HttpRequest, pk: Any) -> HttpResponse:
    """The files of one participant."""
    participant = participant_of(request, pk, Can.EXPORT)
    return render(request, "reports/participant.html", {"participant": participant, "purposes": PURPOSES.items()})


@require_safe
@asks_why
@one_file_at_a_time
def form_csv(request: HttpRequest, form: str) -> HttpResponse:
    """One form of all participants of the person's sites."""
    allow_somewhere(request, Can.EXPORT)
    file, purpose = known_file(form), stated(request.GET)
    with snapshot():
        table = csv_export.form_csv(file, access(request), excel=for_excel(request))
    return _handed_out(request, table, file.title, purpose)


@require_safe
@asks_why
@one_file_at_a_time
def participants_csv(request: HttpRequest) -> HttpResponse:
    """The participants of the person's sites with their states."""
    allow_somewhere(request, Can.EXPORT)
    purpose = stated(request.GET)
    with snapshot():
        file = csv_export.participants_csv(selectors.exportable_participants(access(request)), excel=for_excel(request))
    return _handed_out(request, file, "the participants", purpose)


@require_safe
@asks_why
def codebook_csv(request: HttpRequest) -> HttpResponse:
    allow_somewhere(request, Can.EXPORT)
    purpose = stated(request.GET)
    return _handed_out(request, csv_export.codebook_csv(excel=for_excel(request)), "the codebook", purpose)


@require_safe
@asks_why
@one_file_at_a_time
def trail(request: HttpRequest) -> HttpResponse:
    """The trail of all sites that the person may export, or of one of them: ``?site=01``."""
    allow_somewhere(request, Can.EXPORT)
    site, purpose = chosen_site(request, request.GET.get("site", "")), stated(request.GET)
    with snapshot():
        file = trail_csv.trail_csv(access(request), site=site, excel=for_excel(request))
    return _handed_out(request, file, f"the trail of {f'site {site.code}' if site else 'all sites'}", purpose, site=site)


@require_safe
@asks_why
def signatures(request: HttpRequest) -> HttpResponse:
    """Every signature of the sites that the person may export, with its manifestation and its state."""
    allow_somewhere(request, Can.EXPORT)
    purpose = stated(request.GET)
    return _handed_out(request, signatures_csv(access(request), excel=for_excel(request)), "the signatures", purpose)


@require_safe
@asks_why
@one_file_at_a_time
def participant_trail(request: HttpRequest, pk: Any) -> HttpResponse:
    """The trail of one participant, or what the filters of its page leave of it."""
    participant, purpose = exportable(request, pk), stated(request.GET)
    with snapshot():
        file = trail_csv.participant_trail_csv(participant, Filters.read(request.GET), excel=for_excel(request))
    return _handed_out(request, file, f"the trail of {participant.number}", purpose, participant=participant)


@require_safe
@asks_why
@one_file_at_a_time
def casebook_csv(request: HttpRequest, pk: Any) -> HttpResponse:
    participant, purpose = exportable(request, pk), stated(request.GET)
    with snapshot():
        file = csv_export.casebook_csv(selectors.casebook_of(participant), excel=for_excel(request))
    return _handed_out(request, file, f"the casebook of {participant.number}", purpose, participant=participant)


@require_safe
@asks_why
@one_file_at_a_time
def casebook_pdf_file(request: HttpRequest, pk: Any) -> HttpResponse:
    participant, purpose = exportable(request, pk), stated(request.GET)
    try:
        response = casebook_pdf(participant).response()
    except PdfNotMade as reason:
        return error_page(request, 503, "No PDF this time", str(reason))
    proof = proof_for(access(request), participant=participant)
    printed(request, f"PDF of the casebook of {participant.number}{proof.warning}", purpose, participant=participant)
    return proof.mark(response)


def _handed_out(
    request: HttpRequest, file: CsvFile, what: str, purpose: str, *, participant: Any = None, site: Any = None
) -> HttpResponse:
    """The file, and its line in the access log."""
    code, proof = site.code if site is not None else "", proof_for(access(request), participant=participant, site=site)
    exported(request, words_of(file, what) + proof.warning, purpose, participant=participant, site=code)
    return proof.mark(file.response())


def words_of(file: CsvFile, what: str) -> str:
    return f"CSV of {what}, {file.rows} rows"


def exportable(request: HttpRequest, pk: Any) -> Participant:
    """The participant, where the person may see it (else 404) and take it out (else 403)."""
    participant: Participant = visible(request, PARTICIPANTS, pk)
    allow(request, Can.EXPORT, participant.site_id)
    return participant


def chosen_site(request: HttpRequest, code: str) -> Site | None:
    """The site with this code where the person may export, None where none was chosen; else 404."""
    if not code:
        return None
    return get_object_or_404(access(request).scope(Can.EXPORT, Site.objects.all(), "pk"), code=code)


def known_file(slug: str) -> FormFile:
    try:
        return file_by_slug(slug)
    except LookupError:
        raise Http404 from None


def for_excel(request: HttpRequest) -> bool:
    return request.GET.get("for") == "excel"
