"""The export page and its files: who may take out what."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from reports import pdf
from reports.files import form_files

#: Whoever takes a file out says what it is for.
FOR = "?purpose=analysis"


def addresses(child: Any) -> list[str]:
    return [reverse("casebook-csv", args=[child.pk]), reverse("casebook-pdf", args=[child.pk])]


def test_the_page_lists_every_file_and_participant(universe: Any, client_of: Any) -> None:
    html = client_of(universe.clara).get(reverse("exports")).content.decode()
    files = [reverse("form-csv", args=[file.slug]) for file in form_files()]
    tables = [
        *files,
        reverse("codebook-csv"),
        reverse("participants-csv"),
        reverse("trail-csv"),
        addresses(universe.responder)[0],
    ]
    for address in (*tables, *addresses(universe.responder), *addresses(universe.untreated)):
        assert f'<button formaction="{address}">' in html
    for address in tables:
        assert f'<button formaction="{address}" name="for" value="excel">' in html
    assert universe.foreign.number not in html
    assert str(universe.foreign.pk) not in html


def test_the_page_costs_the_same_for_more_children(universe: Any, client_of: Any) -> None:
    client = client_of(universe.dana)

    def queries() -> int:
        with CaptureQueriesContext(connection) as seen:
            assert client.get(reverse("exports")).status_code == 200
        return len(seen)

    queries()
    before = queries()
    universe.clinic().admit(universe.today)
    assert queries() == before


@pytest.mark.parametrize("who", ["pia", "adam"])
def test_without_the_right_nothing_is_taken_out(universe: Any, client_of: Any, who: str) -> None:
    client = client_of(getattr(universe, who))
    shared = [reverse("exports"), reverse("codebook-csv"), reverse("participants-csv"), reverse("form-csv", args=["blood-count"])]
    for address in [*shared, *addresses(universe.responder)]:
        assert client.get(address).status_code == 403, address


@pytest.mark.row("A9")
def test_a_child_of_another_site_does_not_exist(universe: Any, client_of: Any) -> None:
    client = client_of(universe.clara)
    for address in [*addresses(universe.foreign), reverse("casebook-csv", args=[uuid4()])]:
        assert client.get(address).status_code == 404


def test_every_file_opens(universe: Any, client_of: Any) -> None:
    client = client_of(universe.milo)
    for slug in [file.slug for file in form_files()]:
        for variant in ("", "&for=excel"):
            response = client.get(reverse("form-csv", args=[slug]) + FOR + variant)
            assert (response.status_code, response["Content-Type"]) == (200, "text/csv; charset=utf-8")
            assert response["Cache-Control"] == "no-store"
    assert client.get(reverse("codebook-csv") + FOR).status_code == 200
    assert client.get(reverse("form-csv", args=["no-form"])).status_code == 404
    for address in addresses(universe.foreign):
        response = client.get(address + FOR)
        assert response.status_code == 200
        assert universe.foreign.number in response["Content-Disposition"]


def test_a_pdf_that_cannot_be_made_says_so(universe: Any, client_of: Any, monkeypatch: Any) -> None:
    def late(_: str) -> bytes:
        raise pdf.PdfNotMade(pdf.TOO_LONG)

    monkeypatch.setattr(pdf, "rendered", late)
    response = client_of(universe.clara).get(reverse("casebook-pdf", args=[universe.responder.pk]) + FOR)
    assert response.status_code == 503
    assert "could not be made in time" in response.content.decode()


def test_only_reading_is_offered(universe: Any, client_of: Any) -> None:
    assert client_of(universe.clara).post(reverse("exports")).status_code == 405
