"""Look-back: lot or pool -> every child, dose, day, bags, later counts and adverse events; as page, CSV and PDF."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from itp_trial.permissions import access, allow_somewhere
from itp_trial.roles import Can
from itp_trial.web import error_page
from reports.look_back import known_words, look_back, look_back_csv, look_back_pdf, shown
from reports.making import one_file_at_a_time, snapshot
from reports.pdf import PdfNotMade
from reports.purpose import asks_why, exported, stated
from reports.views import for_excel


@require_safe
def look_back_page(request: HttpRequest) -> HttpResponse:
    """What became of a lot or pool at the sites of this person."""
    allow_somewhere(request, Can.VIEW_PRODUCT)
    word = request.GET.get("lot", "").strip()
    found = look_back(word, access(request))
    context = {"found": found, "given": shown(found.given), "words": known_words(access(request)),
               "may_export": access(request).has(Can.EXPORT)}  # fmt: skip
    return render(request, "reports/look_back.html", context)


@require_safe
@asks_why
@one_file_at_a_time
def look_back_csv_file(request: HttpRequest) -> HttpResponse:
    allow_somewhere(request, Can.EXPORT)
    word, purpose = request.GET.get("lot", "").strip(), stated(request.GET)
    with snapshot():
        file = look_back_csv(look_back(word, access(request), Can.EXPORT), excel=for_excel(request))
    exported(request, f"CSV of the look-back of {word[:40] or 'no lot'}, {file.rows} rows", purpose)
    return file.response()


@require_safe
@asks_why
@one_file_at_a_time
def look_back_pdf_file(request: HttpRequest) -> HttpResponse:
    allow_somewhere(request, Can.EXPORT)
    word, purpose = request.GET.get("lot", "").strip(), stated(request.GET)
    with snapshot():
        found = look_back(word, access(request), Can.EXPORT)
    try:
        response = look_back_pdf(found).response()
    except PdfNotMade as reason:
        return error_page(request, 503, "No PDF this time", str(reason))
    exported(request, f"PDF of the look-back of {word[:40] or 'no lot'}, {len(found.given)} infusions", purpose)
    return response
