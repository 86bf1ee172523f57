"""The trial dashboard: who sees what, what it costs, and that page, PDF, SVG, PNG and CSV are one result."""

from __future__ import annotations

import csv
import io
from datetime import timedelta
from typing import Any

import pypdf
import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from analyses import png
from analyses.paper import SLUGS
from itp_trial.models import AccessEntry
from tests.access.conftest import reported
from tests.budgets.counting import counted

PAGE = reverse("trial")


def file_of(slug: str, kind: str) -> str:
    return reverse("trial-figure", args=[slug, kind]) + "?purpose=analysis"


def test_the_page_shows_every_result_of_ones_sites(universe: Any, client_of: Any) -> None:
    html = client_of(universe.dana).get(PAGE).content.decode()
    assert all(f'id="{slug}"' in html for slug in SLUGS)
    assert universe.responder.number in html
    assert universe.foreign.number in html
    assert "All sites; data as of" in html
    own = client_of(universe.clara).get(PAGE).content.decode()
    assert universe.foreign.number not in own
    assert "Site 01 only; data as of" in own


def test_the_counts_of_the_sites_are_right(universe: Any, client_of: Any) -> None:
    overview = client_of(universe.clara).get(PAGE).context["overview"]
    [line] = overview.sites
    assert (line.site, line.screened, line.enrolled) == ("01", 3, 2)
    assert overview.total["screened"] == 3
    assert dict(overview.responses)["R"] == 1
    both = client_of(universe.dana).get(PAGE).context["overview"]
    assert [line.site for line in both.sites] == ["01", "02"]
    assert both.sites[1].late >= 1, "the count of day 12-14 of the child at site 02 is overdue"


def test_a_critical_answer_that_is_missing_is_counted_and_no_other(universe: Any, client_of: Any) -> None:
    client = client_of(universe.clara)
    before = client.get(PAGE).context["overview"].total["missing_critical"]
    record = universe.record(universe.untreated, "blood-count", "LOAD")
    universe.fill(record, universe.clara, done="Y", taken_at=f"{universe.today:%d/%m/%Y} 00:00", platelets=None)
    after = client.get(PAGE).context["overview"].total["missing_critical"]
    named = type(record.crf()).items()
    missing = [finding.item for finding in record.findings.filter(code="MISSING", state="open")]
    assert after - before == sum(named[item].critical for item in missing) >= 1
    assert len(missing) > after - before, "haemoglobin is missing too, and decides nothing"


def test_the_page_costs_the_same_for_more_children(universe: Any, client_of: Any) -> None:
    client = client_of(universe.dana)
    client.get(PAGE)
    with counted() as before:
        client.get(PAGE)
    clinic = universe.clinic()
    for _ in range(3):
        clinic.admit(universe.today)
    with counted() as after:
        client.get(PAGE)
    assert len(before) == len(after) <= 17, after


def test_page_and_files_are_one_result(universe: Any, client_of: Any) -> None:
    client = client_of(universe.dana)
    shown = {figure.slug: figure for figure in client.get(PAGE).context["figures"]}
    for slug, figure in shown.items():
        table = list(csv.reader(io.StringIO(client.get(file_of(slug, "csv")).content.decode())))
        assert table == [list(figure.table.head), *map(list, figure.table.rows)]
        answer = client.get(file_of(slug, "svg"))
        assert (answer.status_code == 200) is bool(figure.svg)
        if figure.svg:
            assert answer.content.decode() == figure.svg
            assert answer.headers["Content-Type"] == "image/svg+xml"
    picture = client.get(file_of("swimmer", "png")).content
    assert picture == png.png_of(shown["swimmer"].svg)
    assert picture.startswith(b"\x89PNG")
    assert client.get(file_of("best-response", "png")).status_code == 404


def test_the_letters_of_a_picture_come_with_the_product() -> None:
    """Without its font the picture would have no letters on a machine that has none."""
    words = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 90 20" font-family="sans-serif"><text y="15">{}</text></svg>'
    assert len(png.png_of(words.format("Platelets"))) > 1.5 * len(png.png_of(words.format("")))


@pytest.mark.row("W10")
def test_the_report_holds_every_figure(universe: Any, client_of: Any) -> None:
    body = client_of(universe.dana).get(reverse("trial-report") + "?purpose=analysis").content
    text = " ".join(" ".join(page.extract_text().split()) for page in pypdf.PdfReader(io.BytesIO(body)).pages)
    for title in ("Best response", "Swimmer plot", "Time to response", "Platelets by visit", "Flow of participants"):
        assert title in text
    assert "Clopper-Pearson" in text


@pytest.mark.requirement("RQ-15")
def test_taking_a_figure_out_needs_a_purpose_and_is_noted(universe: Any, client_of: Any) -> None:
    client = client_of(universe.ines)
    assert client.get(reverse("trial-figure", args=["swimmer", "csv"])).status_code == 400
    assert client.get(file_of("swimmer", "csv")).status_code == 200
    line = AccessEntry.objects.filter(kind=AccessEntry.Kind.EXPORT).latest("pk")
    assert (line.user, line.what, line.purpose, line.site) == (universe.ines, "figure swimmer as CSV", "Analysis", "01")
    assert universe.foreign.number not in client.get(file_of("swimmer", "csv")).content.decode()


def test_what_does_not_exist_is_not_found(universe: Any, client_of: Any) -> None:
    client = client_of(universe.dana)
    assert client.get("/trial/figures/nothing.csv?purpose=analysis").status_code == 404
    assert client.get("/trial/figures/swimmer.exe?purpose=analysis").status_code == 404
    assert client.get(PAGE, {"order": "nonsense"}).context["order"] == "number"


def test_where_no_pdf_can_be_made_the_page_says_so(universe: Any, client_of: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from reports import pdf
    from reports.pdf import PdfNotMade

    def refuse(html: str) -> bytes:
        raise PdfNotMade("Pango is missing.")

    monkeypatch.setattr(pdf, "rendered", refuse)
    answer = client_of(universe.dana).get(reverse("trial-report") + "?purpose=analysis")
    assert answer.status_code == 503
    assert b"Pango is missing." in answer.content


def test_an_empty_trial_has_a_page(universe: Any, client_of: Any) -> None:
    with CaptureQueriesContext(connection):
        html = client_of(universe.sara).get(PAGE).content.decode()
    assert "No child has come to screening at your sites yet." in html


def test_the_clocks_of_serious_events_stand_on_the_page(universe: Any, client_of: Any) -> None:
    client = client_of(universe.dana)
    assert "Nothing is owed about a serious event" in client.get(PAGE).content.decode()
    reported(universe, universe.responder, "serious event")
    answer = client.get(PAGE)
    steps = answer.context["clocks"].steps
    assert [step.first.deadline.due for step in steps] == sorted(step.first.deadline.due for step in steps)
    assert {step.case.event.record.participant for step in steps} == {universe.responder}
    assert f"{len(steps)} notification" in answer.content.decode()
    elsewhere = client_of(universe.sara).get(PAGE)
    assert not elsewhere.context["clocks"].steps


def test_the_freezers_are_counted_in_doses(universe: Any, client_of: Any) -> None:
    """Site 01 has 2 children on treatment, site 02 one; a lot that is not released counts for nobody."""
    [first, second] = client_of(universe.dana).get(PAGE).context["freezers"][:2]
    assert (first.site, first.next_doses, second.site, second.next_doses) == ("01", 2, "02", 1)
    not_yet = {"released": "N", "released_by": None, "released_on": None}
    clinic, on, expires = universe.clinic(), universe.today - timedelta(days=9), universe.today + timedelta(days=90)
    clinic.receive_lot("LATE", volumes=[100, 100], on=on, expires=expires, **not_yet)
    again = client_of(universe.clara).get(PAGE).context["freezers"]
    assert again == [first]
    clinic.receive_lot("MORE", volumes=[100, 100], on=on, expires=expires)
    [line] = client_of(universe.clara).get(PAGE).context["freezers"]
    assert line.bags == first.bags + 2
    assert line.first_expiry <= expires
