"""Writing through the API: the same form, the same refusals and the same trail as the page, stored once."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client

from casebook.forms import MOST_ROWS
from casebook.items import plain
from casebook.models import FormRecord
from itp_trial.api import CleanJSONParser, TooLarge
from itp_trial.models import AuditEntry, IdempotencyKey
from tests.reports.conftest import token

PROBLEM = "application/problem+json"


@pytest.fixture
def put(universe: Any, call: Any) -> Callable[..., Any]:
    """``put(record, body, by=…)``: sends a form; Clara unless told."""

    def put(record: FormRecord, body: Any, by: Any = None, **headers: str) -> Any:
        return call(by or universe.clara, f"records/{record.pk}/", "put", body, **headers)

    return put


@pytest.fixture
def count(universe: Any) -> FormRecord:
    """The blood count of the loading dose of the child that has no dose yet: nothing is stored in it."""
    return FormRecord.objects.get(participant=universe.untreated, form="blood-count", visit__code="LOAD")


def counted(universe: Any, version: int = 0, **answers: Any) -> dict[str, Any]:
    usual = {"done": "Y", "taken_at": f"{universe.today - timedelta(days=1)} 08:00", "quality": "good", "platelets": "60",
             "leukocytes": "8", "bleeding": "0"}  # fmt: skip
    return {"version": version, "answers": usual | answers, "missing": {"haemoglobin": "ND"}}


def test_a_form_is_stored_as_the_page_stores_it(universe: Any, count: FormRecord, put: Any) -> None:
    answer = put(count, counted(universe, platelets=14.5, leukocytes=None))
    state = answer.json()
    assert (answer.status_code, state["version"], state["status"], state["saved_by"]) == (200, 1, "complete", "clara")
    assert state["answers"]["platelets"]["value"] == "14.5"
    assert state["answers"]["haemoglobin"]["missing"] == "ND"
    assert state["answers"]["leukocytes"]["value"] is None
    assert (state["open_findings"], state["emptied"]) == ([], [])
    stored = FormRecord.objects.get(pk=count.pk).crf()
    assert (plain(stored.platelets), stored.missing) == ("14.5", {"haemoglobin": "ND"})
    entry = AuditEntry.objects.filter(row=str(count.pk), table_name=stored._meta.db_table).get()
    assert entry.actor_name == "Clara Naguib (clara)"


def test_an_unusual_value_is_stored_and_asks(universe: Any, count: FormRecord, put: Any) -> None:
    state = put(count, counted(universe, platelets="650")).json()
    found = {(finding["code"], finding["item"]) for finding in state["open_findings"]}
    assert found == {("RANGE", "platelets"), ("CBC11", "platelets")}, "650 is unusual, and too high for Day 0 (R3)"


def test_the_whole_form_is_sent(universe: Any, count: FormRecord, put: Any) -> None:
    put(count, counted(universe))
    body = {"version": 1, "answers": {"done": "N", "why_not": "The vein was lost"}, "reason": "source"}
    state = put(count, body).json()
    assert state["answers"]["platelets"]["value"] is None
    assert "Platelets" in state["emptied"]
    assert AuditEntry.objects.filter(row=str(count.pk), reason="New or corrected source document").exists()


def test_all_errors_come_at_once(universe: Any, count: FormRecord, put: Any) -> None:
    answer = put(count, counted(universe, platelets="9000000", haemoglobin="high", done="maybe") | {"missing": {}})
    assert (answer.status_code, answer["Content-Type"]) == (422, PROBLEM)
    assert set(answer.json()["errors"]) >= {"done"}
    asked = put(count, counted(universe, platelets=2**63, leukocytes="1e3", quality="4"))
    assert set(asked.json()["errors"]) == {"platelets", "leukocytes", "quality"}
    assert FormRecord.objects.get(pk=count.pk).version == 0


def test_a_change_asks_why(universe: Any, count: FormRecord, put: Any) -> None:
    put(count, counted(universe))
    assert put(count, counted(universe, 1, platelets="61")).json()["errors"] == {
        "reason": ["A stored answer changes. Please say why."]
    }
    assert put(count, counted(universe, 1, platelets="61") | {"reason": "typing"}).json()["version"] == 2
    other = counted(universe, 2, platelets="62") | {"reason": "other", "reason_text": "A second look"}
    assert put(count, other).status_code == 200
    assert AuditEntry.objects.filter(row=str(count.pk), reason="A second look").exists()


@pytest.mark.row("C1")
def test_a_stale_version_shows_both_values(universe: Any, count: FormRecord, put: Any) -> None:
    put(count, counted(universe))
    answer = put(count, counted(universe, 0, platelets="70") | {"reason": "typing"})
    state = answer.json()
    assert (answer.status_code, answer["Content-Type"], state["version"]) == (409, PROBLEM, 1)
    assert [(d["label"], d["theirs"][:2], d["yours"][:2]) for d in state["differences"]] == [("Platelets", "60", "70")]
    assert plain(FormRecord.objects.get(pk=count.pk).crf().platelets) == "60"


@pytest.mark.row("C4")
def test_the_same_request_twice_is_stored_once(universe: Any, count: FormRecord, put: Any) -> None:
    first, second = (put(count, counted(universe), **{"Idempotency-Key": "k-1"}) for _ in range(2))
    assert (first.status_code, second.status_code) == (200, 200)
    assert first.json() == second.json()
    assert FormRecord.objects.get(pk=count.pk).version == 1


@pytest.mark.row("C4b")
def test_a_key_is_for_one_request(universe: Any, count: FormRecord, put: Any) -> None:
    put(count, counted(universe), **{"Idempotency-Key": "k-1"})
    answer = put(count, counted(universe, 1, platelets="61") | {"reason": "typing"}, **{"Idempotency-Key": "k-1"})
    assert (answer.status_code, answer["Content-Type"]) == (409, PROBLEM)
    assert FormRecord.objects.get(pk=count.pk).version == 1


def test_a_refused_request_leaves_its_key_free(universe: Any, count: FormRecord, put: Any) -> None:
    assert put(count, counted(universe, platelets="x"), **{"Idempotency-Key": "k-1"}).status_code == 422
    assert not IdempotencyKey.objects.filter(key="k-1").exists()
    assert put(count, counted(universe), **{"Idempotency-Key": "k-1"}).status_code == 200


@pytest.mark.parametrize("key", ["x" * 65, "a b", "schlüssel"])
def test_unreadable_keys(universe: Any, count: FormRecord, put: Any, key: str) -> None:
    assert put(count, counted(universe), **{"Idempotency-Key": key}).status_code == 400


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"answers": {"plateletes": "60"}}, "plateletes"),
        ({"answers": {"record-version": "7"}}, "record-version"),
        ({"answers": {"site": "02", "status": "complete"}}, "site, status"),
        ({"missing": {"haemoglobine": "ND"}}, "haemoglobine"),
        ({"rows": {"bags": []}}, "bags"),
        ({"site": 2, "saved_by": 1}, "saved_by, site"),
        ({"answers": {"done": True}}, "done"),
        ({"answers": {"done": ["Y"]}}, "done"),
        ({"answers": {"done": {"value": "Y"}}}, "done"),
        ({"missing": {"haemoglobin": 1.5}, "answers": ["done"]}, "answers"),
        ({"missing": "ND"}, "missing"),
        ({"rows": []}, "rows"),
        ({"answers": {"haemoglobin": "11"}, "missing": {"haemoglobin": "ND"}}, "haemoglobin"),
        ({"version": None}, "version"),
        ({"version": "²"}, "version"),
        ({"version": -1}, "version"),
        ({"version": True}, "version"),
        ({"reason": ["typing"]}, "reason"),
        ({"reason_text": "a\u202eb"}, "reason_text"),
    ],
)
@pytest.mark.row("W4")
def test_what_does_not_belong_is_named(universe: Any, count: FormRecord, put: Any, change: Any, named: str) -> None:
    answer = put(count, counted(universe) | change)
    assert (answer.status_code, answer["Content-Type"]) == (400, PROBLEM)
    assert named in answer.json()["detail"]
    assert FormRecord.objects.get(pk=count.pk).version == 0


RAW = {
    "NaN": b'{"version": 0, "answers": {"platelets": NaN}}',
    "infinity": b'{"version": 0, "answers": {"platelets": -Infinity}}',
    "a key twice": b'{"version": 0, "version": 1}',
    "an item twice": b'{"version": 0, "answers": {"platelets": 1, "platelets": 2}}',
    "a lone surrogate": b'{"version": 0, "answers": {"why_not": "\\ud800"}}',
    "NUL": b'{"version": 0, "answers": {"why_not": "a\\u0000b"}}',
    "NUL in a name": b'{"version": 0, "answers": {"a\\u0000": "b"}}',
    "a raw NUL": b'{"version": 0, "answers": {"why_not": "a\x00b"}}',
    "depth": b'{"a":' * 10_000 + b"1" + b"}" * 10_000,
    "lists in depth": b"[" * 10_000 + b"]" * 10_000,
    "a list": b"[]",
    "a text": b'"version"',
    "nothing": b"",
    "half": b'{"version": 0',
    "latin-1": '{"reason_text": "é"}'.encode("latin-1"),
    "a byte order mark": b"\xef\xbb\xbf{}",
}


@pytest.mark.parametrize("case", RAW)
def test_unreadable_json_is_400(universe: Any, count: FormRecord, put: Any, case: str) -> None:
    answer = put(count, RAW[case])
    assert (answer.status_code, answer["Content-Type"]) == (400, PROBLEM)


def test_a_backslash_before_u0000_is_text(universe: Any, count: FormRecord, put: Any) -> None:
    answer = put(count, {"version": 0, "answers": {"done": "N", "why_not": "\\u0000 is no letter"}})
    assert answer.json()["answers"]["why_not"]["value"] == "\\u0000 is no letter"


def test_huge_numbers_are_refused_at_their_item(universe: Any, count: FormRecord, put: Any) -> None:
    for number in (str(2**63), "1e400", "1E+5000000", "9" * 5000, "1_000", "-0.0000001"):
        body = json.dumps(counted(universe, platelets="#")).replace('"#"', number if "_" not in number else f'"{number}"')
        assert set(put(count, body).json()["errors"]) == {"platelets"}


def test_too_large_a_body_is_413(universe: Any, count: FormRecord, put: Any) -> None:
    assert put(count, counted(universe, why_not="x" * 2**20)).status_code == 413


def test_the_parser_itself_reads_no_more_than_its_limit() -> None:
    with pytest.raises(TooLarge):
        CleanJSONParser().parse(io.BytesIO(b" " * (2**20 + 1)))


@pytest.mark.row("W9", "W15")
@pytest.mark.parametrize("kind", ["application/x-www-form-urlencoded", "text/plain", "multipart/form-data; boundary=x", ""])
def test_another_content_type_is_415(universe: Any, count: FormRecord, kind: str) -> None:
    headers = {"Authorization": f"Bearer {token(universe.clara)}"}
    url = f"/api/v1/records/{count.pk}/"
    answer = Client().put(url, data=b'{"version": 0}', content_type=kind, secure=True, headers=headers)
    assert (answer.status_code, answer["Content-Type"]) == (415, PROBLEM)


def test_computed_items_are_refused(universe: Any, put: Any) -> None:
    infusion = FormRecord.objects.get(participant=universe.untreated, form="infusion")
    answer = put(infusion, {"version": 0, "answers": {"grams": "20", "g_per_kg": "1"}})
    assert answer.status_code == 400
    assert "g_per_kg, grams" in answer.json()["detail"]


def test_a_form_with_rows_comes_and_goes(universe: Any, put: Any) -> None:
    lot = FormRecord.objects.get(form="lot", site=universe.s1)
    body = _as_body(universe, lot)
    assert put(lot, body, universe.pia).json()["rows"]["bags"] == _state(universe, lot)["rows"]["bags"]
    used = {row["answers"]["bag"]["value"] for row in _given(universe)}
    free = next(row for row in body["rows"]["bags"] if row["id"] not in used)
    rest = [row for row in body["rows"]["bags"] if row is not free]
    changed = body | {"version": 2, "rows": {"bags": [*rest, {"id": None, "label": "99", "volume_ml": 33}]}, "reason": "typing"}
    rows = put(lot, changed, universe.pia).json()["rows"]["bags"]
    assert {row["id"] for row in rows} - {row["id"] for row in rest} == {rows[-1]["id"]} != {free["id"]}
    assert rows[-1]["answers"]["volume_ml"]["value"] == "33"


def _as_body(universe: Any, record: FormRecord) -> dict[str, Any]:
    state = _state(universe, record)
    answers = {name: a["value"] for name, a in state["answers"].items() if not a["derived"]}
    rows = {slug: [{"id": row["id"], **{n: a["value"] for n, a in row["answers"].items()}} for row in group]
            for slug, group in state["rows"].items()}  # fmt: skip
    return {"version": state["version"], "answers": answers, "rows": rows}


def _state(universe: Any, record: FormRecord) -> dict[str, Any]:
    headers = {"Authorization": f"Bearer {token(universe.pia)}"}
    return Client().get(f"/api/v1/records/{record.pk}/", secure=True, headers=headers).json()


def _given(universe: Any) -> list[Any]:
    infusions = FormRecord.objects.filter(participant=universe.responder, form="infusion", version__gt=0)
    return [row for infusion in infusions for row in _state(universe, infusion)["rows"]["bags"]]


@pytest.mark.row("A3")
def test_rows_of_another_form_are_refused(universe: Any, put: Any) -> None:
    lot = FormRecord.objects.get(form="lot", site=universe.s1)
    body = _as_body(universe, lot)
    twice = body | {"rows": {"bags": [*body["rows"]["bags"], body["rows"]["bags"][0]]}}
    strange = body | {"rows": {"bags": [*body["rows"]["bags"], {"id": str(uuid4()), "label": "x", "volume_ml": "50"}]}}
    for wrong in (twice, strange):
        answer = put(lot, wrong, universe.pia)
        assert answer.status_code == 422
        assert "Not a row of this form" in answer.json()["errors"]["rows"][0]
    for rows in ({"bags": "x"}, {"bags": ["x"]}, {"bags": [{}] * (MOST_ROWS + 1)}, {"bags": [{"colour": "red"}]}):
        assert put(lot, body | {"rows": rows}, universe.pia).status_code == 400


def test_a_reason_why_a_row_is_incomplete(universe: Any, put: Any) -> None:
    lot = FormRecord.objects.get(form="lot", site=universe.s1)
    body = _as_body(universe, lot)
    body["rows"]["bags"].append({"label": "77", "missing": {"volume_ml": "UNK"}})
    assert put(lot, body, universe.pia).json()["rows"]["bags"][-1]["answers"]["volume_ml"]["missing"] == "UNK"


def test_who_may_not_enter_is_refused(universe: Any, count: FormRecord, put: Any) -> None:
    lot = FormRecord.objects.get(form="lot", site=universe.s1)
    for record, who in ((count, universe.milo), (count, universe.pia), (lot, universe.clara), (count, universe.adam)):
        assert put(record, counted(universe), who).status_code == 403
    assert put(count, counted(universe), universe.otto).status_code == 404
    assert FormRecord.objects.get(pk=count.pk).version == 0


@pytest.mark.row("W1")
def test_a_session_needs_its_csrf_token(universe: Any, count: FormRecord) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(universe.clara, backend="django.contrib.auth.backends.ModelBackend")
    url = f"/api/v1/records/{count.pk}/"
    answer = client.put(url, counted(universe), content_type="application/json", secure=True)
    assert answer.status_code == 403


def test_an_action_that_refuses_is_409(universe: Any, put: Any, monkeypatch: Any, count: FormRecord) -> None:
    from itp_trial.refusal import Refused

    def refuse(**_: Any) -> None:
        raise Refused("This record takes no entries now.")

    monkeypatch.setattr("reports.api.save_form", refuse)
    answer = put(count, counted(universe))
    assert (answer.status_code, answer.json()["detail"]) == (409, "This record takes no entries now.")
