"""The trail as a file: complete, sortable, of one participant, one site or the whole trial (RQ-09)."""

from __future__ import annotations

import csv
import io
from typing import Any

import pytest
from django.urls import reverse

from casebook.models import FormRecord
from casebook.trail import Filters
from itp_trial.actor import acting
from itp_trial.models import AuditEntry
from itp_trial.permissions import access_of
from reports.trail_csv import COLUMNS, STAYS, participant_trail_csv, trail_csv

FOR = "purpose=inspection"


def lines(body: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(body.decode("utf-8-sig"), newline="")))


def of_child(universe: Any, **filters: Any) -> list[dict[str, str]]:
    return lines(participant_trail_csv(universe.responder, Filters(**filters)).body)


@pytest.mark.requirement("RQ-09", "RQ-01")
def test_a_line_says_everything_about_one_changed_value(universe: Any, corrected: Any) -> None:
    record = corrected(platelets=66)
    [line] = [line for line in of_child(universe) if line["item"] == "platelets" and line["operation"] == "UPDATE"]
    entry = AuditEntry.objects.filter(record=record.pk, operation="UPDATE", table_name="assessments_bloodcount").get()
    assert list(line) == list(COLUMNS)
    assert line | {"at_utc": "", "at_cairo": ""} == {
        "at_utc": "", "at_cairo": "", "actor_id": universe.clara.actor_id, "actor_name": "Clara Naguib (clara)",
        "role": "coordinator", "site": "01", "participant": universe.responder.number, "visit_code": "D3",
        "visit_title": "Count day 3", "form": "blood-count", "form_title": "Blood count", "record_id": str(record.pk),
        "line_id": "", "operation": "UPDATE", "item": "platelets", "label": "Platelets", "old": "60", "old_label": "60 ×10⁹/L",
        "new": "66", "new_label": "66 ×10⁹/L", "critical": "yes", "computed": "no", "reason_code": "typing",
        "reason": "Typing error", "request_id": "", "software": entry.software, "table": "assessments_bloodcount",
        "chain": str(universe.responder.pk), "place": str(entry.place), "hash": entry.hash,
    }  # fmt: skip
    assert line["at_utc"].endswith("Z")
    assert line["at_cairo"][-6:] in ("+02:00", "+03:00")


@pytest.mark.requirement("RQ-09")
def test_every_entry_of_the_chain_is_in_the_file(universe: Any) -> None:
    """A gap in the places would be a gap in the trail: also an entry that changed no value has its line."""
    with acting(universe.clara, "Sorted"):
        universe.record(universe.responder, "infusion", "LOAD").infusion.bags.filter(position=1).update(position=9)
    places = sorted({int(line["place"]) for line in of_child(universe)})
    assert places == list(range(1, AuditEntry.objects.filter(chain=str(universe.responder.pk)).count() + 1))


@pytest.mark.requirement("RQ-02", "RQ-09")
def test_first_entries_stand_there_with_codes_and_labels(universe: Any) -> None:
    first = [line for line in of_child(universe) if line["form"] == "blood-count" and line["visit_code"] == "D3"
             and line["table"] == "assessments_bloodcount"]  # fmt: skip
    found = {line["item"]: (line["old"], line["new"], line["new_label"]) for line in first}
    assert found["done"] == ("", "Y", "Yes")
    assert found["quality"] == ("", "good", "Good")
    assert found["platelets"] == ("", "60", "60 ×10⁹/L")
    bags = [line for line in of_child(universe) if line["table"] == "dosing_infusionbag" and line["item"] == "bag"]
    assert len({line["line_id"] for line in bags}) == 4
    assert all(" / " in line["new_label"] for line in bags)


@pytest.mark.requirement("RQ-68")
def test_the_birth_date_stays_at_the_site(universe: Any) -> None:
    born = universe.record(universe.responder, "screening", "SCREEN").crf().birth_date
    for body in (participant_trail_csv(universe.responder, Filters()).body, trail_csv(access_of(universe.dana)).body):
        assert born.isoformat() not in body.decode()
        assert f"{born:%d %b %Y}" not in body.decode()
    [line] = [line for line in of_child(universe) if line["item"] == "birth_date"]
    assert (line["new"], line["new_label"], line["old"]) == (STAYS, STAYS, "")
    own = lines(trail_csv(access_of(universe.clara), site=universe.s1, at_site=True).body)
    assert born.isoformat() in [line["new"] for line in own if line["item"] == "birth_date"]


@pytest.mark.requirement("RQ-09")
def test_a_site_and_the_whole_trial(universe: Any) -> None:
    one = lines(trail_csv(access_of(universe.clara)).body)
    assert {line["site"] for line in one} == {"01"}
    named = lines(trail_csv(access_of(universe.dana), site=universe.s2).body)
    assert {line["site"] for line in named} == {"02"}
    whole = lines(trail_csv(access_of(universe.dana)).body)
    assert {line["site"] for line in whole} >= {"", "01", "02"}
    assert {"itp_trial_user", "itp_trial_roleassignment"} <= {line["table"] for line in whole}
    assert "itp_trial_user" not in {line["table"] for line in one}
    assert len(whole) > len(one) + len(named)


@pytest.mark.requirement("RQ-09")
def test_the_filters_of_the_page_go_with_it(universe: Any, corrected: Any, client_of: Any) -> None:
    corrected(platelets=66)
    corrected(platelets=67)
    address = reverse("participant-trail-csv", args=[universe.responder.pk])
    answer = client_of(universe.milo).get(f"{address}?{FOR}&item=blood-count:platelets&repeated=on")
    assert [(line["old"], line["new"]) for line in lines(answer.content)] == [("60", "66"), ("66", "67")]
    assert answer["Content-Disposition"] == f'attachment; filename="{universe.responder.number}-trail.csv"'
    assert answer["X-Rows"] == "2"


def test_the_file_for_excel_disarms_texts(universe: Any, corrected: Any) -> None:
    corrected(done="N", why_not="=1+1", reason="typing")
    record = universe.record(universe.responder, "blood-count", "D3")
    assert isinstance(record, FormRecord)
    body = participant_trail_csv(universe.responder, Filters(), excel=True).body
    assert body.startswith(b"\xef\xbb\xbf")
    [line] = [line for line in lines(body) if line["item"] == "why_not"]
    assert line["new"] == "'=1+1"
    [line] = [line for line in of_child(universe) if line["item"] == "why_not"]
    assert line["new"] == "=1+1"


def test_by_api(universe: Any, client_of: Any) -> None:
    client = client_of(universe.clara)
    own, all_of_mine = f"/api/v1/participants/{universe.responder.pk}/trail.csv", "/api/v1/trail.csv"
    assert len(lines(client.get(own).content)) > 50
    assert {line["site"] for line in lines(client.get(all_of_mine + "?site=01&for=excel").content)} == {"01"}
    assert client.get(all_of_mine + "?site=02").status_code == 404
    assert client.get(f"/api/v1/participants/{universe.foreign.pk}/trail.csv").status_code == 404
    assert client.get(all_of_mine + "?sight=01").status_code == 400


def test_on_the_pages_another_site_does_not_exist(universe: Any, client_of: Any) -> None:
    client = client_of(universe.clara)
    assert client.get(reverse("trail-csv") + f"?{FOR}&site=02").status_code == 404
    assert client.get(reverse("trail-csv") + f"?{FOR}&site=01").status_code == 200
