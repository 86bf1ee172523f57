"""Look-back: from a lot or pool to every child, dose, day and bag, to later counts and events."""

from __future__ import annotations

import csv
import io
from datetime import timedelta
from typing import Any

import pytest
from django.urls import reverse
from django.utils import timezone

from dosing import actions
from dosing.crfs import InfusionBag, Lot
from itp_trial.models import AccessEntry
from itp_trial.permissions import access_of
from reports.look_back import known_words, look_back

pytestmark = pytest.mark.django_db


@pytest.fixture
def event(universe: Any) -> Any:
    """An adverse event of the responder after the infusion, one before it, and one whose time nobody knows yet."""
    start = timezone.localtime(timezone.now() - timedelta(days=9))
    for term, at in (("Headache", start), ("Cough", start - timedelta(days=20)), ("Rash", None)):
        universe.clinic("01").log(universe.responder, "adverse-event", term=term, grade="1", serious="N",
                                  started_at=f"{at:%d/%m/%Y %H:%M}" if at else "~UNK")  # fmt: skip


def test_it_finds_every_child_dose_bag_and_what_followed(universe: Any, event: Any) -> None:
    found = look_back("MP-01-1", access_of(universe.milo))
    [given] = found.given
    assert (given.record.participant, given.infusion.number, found.children) == (universe.responder, 0, 1)
    assert set(given.lines) == set(InfusionBag.objects.filter(bag__crf__lot_number="MP-01-1"))
    assert [count.platelets for count in given.counts] == [60, 70], "the count of that morning was before it"
    assert {each.term for each in given.events} == {"Headache", "Rash"}
    assert len(found.others) == 16 - len(given.lines)


def test_a_pool_finds_all_its_lots(universe: Any) -> None:
    for clinic in ("01", "02"):
        lot = Lot.objects.get(lot_number=f"MP-{clinic}-1")
        universe.fill(lot.record, universe.pia, pool="POOL-7")
    found = look_back("POOL-7", access_of(universe.sami))
    assert [lot.lot_number for lot in found.lots] == ["MP-01-1", "MP-02-1"]
    assert {each.record.participant for each in found.given} == {universe.responder, universe.foreign}


def test_a_site_sees_its_own_children_only(universe: Any) -> None:
    assert look_back("MP-02-1", access_of(universe.clara)).lots == []
    assert look_back("MP-02-1", access_of(universe.otto)).children == 1
    assert known_words(access_of(universe.clara)) == ["MP-01-1", "P-MP-01-1"]
    assert look_back("", access_of(universe.milo)).lots == []


def test_page_csv_and_pdf(universe: Any, client_of: Any, event: Any) -> None:
    client, asked = client_of(universe.milo), {"lot": "MP-01-1", "purpose": "inspection"}
    page = client.get(reverse("look-back"), asked).content.decode()
    assert universe.responder.number in page
    assert "Headache grade 1" in page
    assert "1 child received of MP-01-1" in page
    rows = list(csv.DictReader(io.StringIO(client.get(reverse("look-back-csv"), asked).content.decode())))
    assert len(rows) == InfusionBag.objects.filter(bag__crf__lot_number="MP-01-1").count()
    assert {row["participant"] for row in rows} == {universe.responder.number}
    assert "platelets 70" in rows[0]["later_counts"]
    assert abs(sum(float(row["igg_g"]) for row in rows) - 18) < 0.01
    assert client.get(reverse("look-back-pdf"), asked).content.startswith(b"%PDF-")
    noted = AccessEntry.objects.filter(kind="export", what__contains="look-back of MP-01-1")
    assert noted.filter(purpose="Inspection").count() == 2


def test_without_a_purpose_no_file(universe: Any, client_of: Any) -> None:
    for name in ("look-back-csv", "look-back-pdf"):
        assert client_of(universe.milo).get(reverse(name), {"lot": "MP-01-1"}).status_code == 400


def test_no_pdf_is_said_in_words(universe: Any, client_of: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from reports.pdf import PdfNotMade

    def refuse(html: str) -> bytes:
        raise PdfNotMade("Pango is missing.")

    monkeypatch.setattr("reports.pdf.rendered", refuse)
    answer = client_of(universe.milo).get(reverse("look-back-pdf"), {"lot": "MP-01-1", "purpose": "analysis"})
    assert (answer.status_code, "Pango is missing." in answer.content.decode()) == (503, True)


def test_a_recall_leads_to_the_children_and_stops_the_bags(universe: Any, client_of: Any) -> None:
    """From the alarm to both answers: nothing of the lot can be planned any more, and who received of it is known."""
    from dosing import planning

    lot = Lot.objects.get(lot_number="MP-01-1")
    record = universe.record(universe.untreated, "infusion", "LOAD")
    assert planning.freezer(record)
    actions.hold_lot(lots=[lot], kind="recalled", reason="A donor became reactive", by=universe.sami)
    assert planning.freezer(record) == []
    assert look_back("MP-01-1", access_of(universe.sami)).children == 1


def test_an_unknown_lot_is_said_in_words(universe: Any, client_of: Any) -> None:
    page = client_of(universe.clara).get(reverse("look-back"), {"lot": "MP-02-1"}).content.decode()
    assert "No lot and no pool is called" in page
