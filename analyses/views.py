"""The trial dashboard, and each of its figures as a file."""

from __future__ import annotations

import csv
import io
from datetime import datetime
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.utils import timezone
from django.views.decorators.http import require_safe

from analyses import operations
from analyses.cohort import children
from analyses.figures import Figure, Origin
from analyses.paper import SLUGS, figure, figures
from analyses.png import png_of
from analyses.supply import freezers
from analyses.swimmer import ORDERS
from casebook.changes import moment
from casebook.models import Participant
from itp_trial.models import Site
from itp_trial.permissions import access, allow_somewhere
from itp_trial.protocol import RULES_VERSION
from itp_trial.roles import Can
from itp_trial.web import error_page
from reports import pdf
from reports.csv_export import CsvFile
from reports.making import one_file_at_a_time, snapshot
from reports.pdf import PdfFile, PdfNotMade
from reports.purpose import PURPOSES, asks_why, exported, stated


@require_safe
def trial(request: HttpRequest) -> HttpResponse:
    """Where the trial stands and what it has found so far, at the sites that the person sees."""
    allow_somewhere(request, Can.VIEW)
    today = timezone.localdate()
    order = _order(request)
    participants = access(request).scope(Can.VIEW, Participant.objects.all())
    sites = access(request).scope(Can.VIEW, Site.objects.all(), "pk")
    everybody = children(participants, today)
    context = {
        "origin": _origin(request, Can.VIEW, timezone.now()),
        "figures": list(figures(everybody, today, order)),
        "overview": operations.overview(participants, today),
        "clocks": operations.serious_clocks(participants),
        "freezers": freezers(everybody, operations.bags_by_site(sites), today),
        "orders": [(name, words) for name, (words, _) in ORDERS.items()],
        "order": order,
        "may_export": access(request).has(Can.EXPORT),
        "purposes": PURPOSES.items(),
    }
    return render(request, "analyses/trial.html", context)


@require_safe
@asks_why
@one_file_at_a_time
def figure_file(request: HttpRequest, slug: str, kind: str) -> HttpResponse:
    """One figure as SVG, PNG or CSV: the same drawing and the same table as on the page."""
    allow_somewhere(request, Can.EXPORT)
    if slug not in SLUGS:
        raise Http404
    today, purpose = timezone.localdate(), stated(request.GET)
    with snapshot():
        found = figure(slug, children(_exportable(request), today), today, _order(request))
    if kind != "csv" and not found.svg:
        raise Http404("This result is a table without a drawing.")
    exported(request, f"figure {slug} as {kind.upper()}", purpose)
    return _file(found, kind)


@require_safe
@asks_why
@one_file_at_a_time
def report(request: HttpRequest) -> HttpResponse:
    """All figures as one PDF, with the same pictures as on the page."""
    allow_somewhere(request, Can.EXPORT)
    today, purpose = timezone.localdate(), stated(request.GET)
    with snapshot():
        found = list(figures(children(_exportable(request), today), today))
    now = timezone.now()
    origin = _origin(request, Can.EXPORT, now)
    html = render_to_string("analyses/report.html", {"figures": found, "origin": origin, "now": now}, request)
    try:
        body = pdf.rendered(html)
    except PdfNotMade as not_made:
        return error_page(request, 503, "The PDF was not made", str(not_made))
    exported(request, "all figures of the trial as PDF", purpose)
    return PdfFile("trial-figures.pdf", body).response()


def _order(request: HttpRequest) -> str:
    order = request.GET.get("order", "number")
    return order if order in ORDERS else "number"


def _exportable(request: HttpRequest) -> Any:
    return access(request).scope(Can.EXPORT, Participant.objects.all())


def _origin(request: HttpRequest, right: Can, now: datetime) -> Origin:
    """Which sites the numbers are of and when they were read: a share of one site must never be read as that of the trial."""
    codes = list(access(request).scope(right, Site.objects.all(), "pk").order_by("code").values_list("code", flat=True))
    every = len(codes) == Site.objects.count()
    return Origin("All sites" if every else f"Site {', '.join(codes)} only", moment(now, seconds=True), RULES_VERSION)


def _file(found: Figure, kind: str) -> HttpResponse:
    name = f"{found.slug}.{kind}"
    if kind == "csv":
        return CsvFile(name, csv_of(found), len(found.table.rows)).response()
    content, body = ("image/svg+xml", found.svg.encode()) if kind == "svg" else ("image/png", png_of(found.svg))
    return HttpResponse(body, content_type=content, headers={"Content-Disposition": f'attachment; filename="{name}"'})


def csv_of(found: Figure) -> bytes:
    """The table of a figure: UTF-8, one header row, the numbers exactly as the page shows them."""
    out = io.StringIO()
    csv.writer(out, lineterminator="\r\n").writerows([found.table.head, *found.table.rows])
    return out.getvalue().encode()
