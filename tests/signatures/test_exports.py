"""Name, role, time with zone and meaning stand in the casebook, in the CSV and in the API (RQ-30)."""

from __future__ import annotations

import csv
import io
from typing import Any

import pytest
from django.urls import reverse

from demo.builder import fill, sign
from reports.pdf import casebook_html
from signatures.matters import Matter

pytestmark = [pytest.mark.django_db, pytest.mark.requirement("RQ-30")]


@pytest.fixture
def signed(universe: Any, visit: Matter) -> Any:
    """The visit of day 3, signed, changed, and signed again."""
    first = sign(visit, universe.ines)
    fill(universe.record(universe.responder, "blood-count", "D3"), universe.clara, platelets=61)
    second = sign(visit, universe.hana)
    first.refresh_from_db()
    return first, second


def test_the_casebook_shows_each_signature_and_what_it_covers(universe: Any, signed: Any) -> None:
    html = casebook_html(universe.responder)
    for signature in signed:
        assert html.count(signature.manifestation) == 2, "in the list, and at the form"
        assert signature.code in html
    assert "Signed as part of the visit: Hana Selim" in html
    assert f"{signed[0].what_superseded}; was signed as part of the visit: Ines Farouk" in html
    assert reverse("verify-signature") in html
    assert "Nothing was signed yet." in casebook_html(universe.screening)


def test_the_csv_and_the_api_hold_every_signature(universe: Any, signed: Any, client_of: Any) -> None:
    body = client_of(universe.ines).get(reverse("signatures-csv"), {"purpose": "analysis"}).content.decode()
    rows = {row["signature_id"]: row for row in csv.DictReader(io.StringIO(body))}
    first, second = (rows[str(signature.pk)] for signature in signed)
    assert (second["printed_name"], second["role"], second["meaning"], second["state"]) == (
        "Hana Selim", "Principal investigator", "review", "signed")  # fmt: skip
    assert (first["state"], first["superseded_by"]) == ("superseded", str(signed[0].superseded_by))
    assert second["signed_at_cairo"][-6] in "+-"
    assert second["signed_at_utc"].endswith("Z")
    record = universe.record(universe.responder, "blood-count", "D3").pk
    assert second["forms"] == f"{record}:sha256:{signed[1].manifest[str(record)]['hash']}"
    assert {row["site"] for row in rows.values()} == {"01"}
    answer = client_of(universe.milo).get(reverse("api-signatures", args=[universe.responder.pk])).json()
    assert second in answer["results"]
    everything = client_of(universe.dana).get(reverse("signatures-csv"), {"purpose": "analysis"}).content.decode()
    assert {row["site"] for row in csv.DictReader(io.StringIO(everything))} == {"01", "02"}
