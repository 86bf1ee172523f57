"""Reading through the API: rights, pages, bad parameters, query counts, the schema."""

from __future__ import annotations

import base64
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.validation import validate_schema

from casebook.crf import crf_models
from casebook.models import FormRecord
from delegation.actions import end_role
from itp_trial.actions import revoke_token
from itp_trial.actor import System
from itp_trial.models import ApiToken
from reports import pdf
from reports.files import form_files
from tests.budgets.counting import counted
from tests.reports.conftest import token

PROBLEM = "application/problem+json"
LISTS = ("participants/", "responses/")


def of_child(child: Any) -> list[str]:
    names = ("", "visits/", "records/", "response/", "casebook.csv", "casebook.pdf")
    return [f"participants/{child.pk}/{name}" for name in names]


def all_addresses(universe: Any) -> list[str]:
    record = FormRecord.objects.filter(participant=universe.responder).first()
    return [*LISTS, "forms/", "forms/blood-count.csv", f"records/{record.pk}/", *of_child(universe.responder)]


@pytest.mark.row("A4")
def test_lists_hold_the_own_site_only(universe: Any, call: Any) -> None:
    mine = {str(c.pk) for c in (universe.responder, universe.screening, universe.untreated)}
    assert {row["id"] for row in call(universe.clara, "participants/").json()["results"]} == mine
    assert {row["participant"] for row in call(universe.clara, "responses/").json()["results"]} == mine
    everybody = call(universe.dana, "participants/").json()["results"]
    assert {row["id"] for row in everybody} == mine | {str(universe.foreign.pk)}
    assert [row["screening_number"] for row in everybody] == sorted(row["screening_number"] for row in everybody)


def test_pages_tell_every_row_once(universe: Any, call: Any) -> None:
    for path in ("participants/", "responses/", f"participants/{universe.responder.pk}/records/",
                 f"participants/{universe.responder.pk}/visits/"):  # fmt: skip
        whole = call(universe.dana, path).json()["results"]
        rows, url = [], f"{path}?page_size=2"
        while url:
            body = call(universe.dana, url.split("/api/v1/")[-1]).json()
            rows, url = rows + body["results"], body["next"]
        assert rows == whole
        assert len(whole) > 2


def test_a_participant_with_its_visits_and_forms(logged: Any, call: Any) -> None:
    child = logged.responder
    state = call(logged.clara, f"participants/{child.pk}/").json()
    assert (state["number"], state["site"], state["state"]) == (child.subject_number, "01", "treatment")
    visits = call(logged.clara, f"participants/{child.pk}/visits/").json()["results"]
    [day_3] = [visit for visit in visits if visit["code"] == "D3"]
    assert day_3["happened_on"]
    assert [record["form"] for record in day_3["records"]] == ["blood-count"]
    records = call(logged.clara, f"participants/{child.pk}/records/").json()["results"]
    assert len(records) == FormRecord.objects.filter(participant=child).count()
    [count] = [record for record in records if record["id"] == day_3["records"][0]["id"]]
    assert count["answers"]["platelets"] == {
        "label": "Platelets", "value": "60", "value_label": None, "unit": "10^9/L", "missing": None,
        "missing_label": None, "asked": True, "derived": False,
    }  # fmt: skip
    [unusual] = [r for r in records if any(a["value"] == "650" for a in r["answers"].values())]
    assert unusual["answers"]["haemoglobin"]["missing_label"] == "Sample lost"
    assert [finding["code"] for finding in unusual["open_findings"]] == ["RANGE"]
    [infusion] = [record for record in records if record["form"] == "infusion" and record["version"]]
    assert infusion["rows"]["bags"][0]["answers"]["bag"]["value_label"].startswith("MP-01-1 / ")
    assert infusion["answers"]["g_per_kg"]["derived"] is True


def test_one_record_is_told_as_in_the_list(logged: Any, call: Any) -> None:
    for record in call(logged.clara, f"participants/{logged.responder.pk}/records/").json()["results"]:
        assert call(logged.clara, f"records/{record['id']}/").json() == record


def test_the_birth_date_is_told_to_those_who_enter_it(universe: Any, call: Any) -> None:
    record = FormRecord.objects.get(form="screening", participant=universe.responder)
    for path in (f"records/{record.pk}/", f"participants/{universe.responder.pk}/records/"):
        assert '"birth_date"' in call(universe.clara, path).content.decode()
        read = call(universe.milo, path).content.decode()
        assert '"birth_date"' not in read
        assert '"age_years"' in read
        assert record.crf().birth_date.isoformat() not in read


def test_the_response_with_its_reasons(universe: Any, call: Any) -> None:
    state = call(universe.milo, f"participants/{universe.responder.pk}/response/").json()
    assert (state["best_response"], state["number"]) == ("R", universe.responder.number)
    assert {reason["rule"] for reason in state["reasons"]} >= {"R11", "R14"}
    assert state["counts"]
    empty = call(universe.milo, f"participants/{universe.screening.pk}/response/").json()
    assert (empty["best_response"], empty["state"]) == ("NE", "NE")


def test_product_forms_are_read_by_those_who_may(universe: Any, call: Any) -> None:
    lot = FormRecord.objects.get(form="lot", site=universe.s1)
    state = call(universe.clara, f"records/{lot.pk}/").json()
    assert (state["participant"], state["visit"], len(state["rows"]["bags"])) == (None, None, 16)
    assert call(universe.otto, f"records/{lot.pk}/").status_code == 404


def test_forms_are_described(universe: Any, call: Any) -> None:
    forms = {form["slug"]: form for form in call(universe.clara, "forms/").json()["results"]}
    assert set(forms) == {file.slug for file in form_files()}
    items = {item["item"]: item for item in forms["blood-count"]["items"]}
    assert items["done"]["codes"] == {"Y": "Yes", "N": "No"}
    assert items["platelets"]["asked_if"] == {"item": "done", "values": ["Y"]}
    assert forms["infusion-bags"]["is_rows"]


def test_files(universe: Any, call: Any) -> None:
    child = universe.responder
    everything = call(universe.clara, "forms/blood-count.csv", Accept="text/csv")
    assert (everything.status_code, everything["Content-Type"]) == (200, "text/csv; charset=utf-8")
    one = call(universe.dana, f"forms/blood-count.csv?participant={universe.foreign.pk}&for=excel")
    assert set(one.content.decode("utf-8-sig").split("\r\n")[1].split(",")) >= {universe.foreign.number, "02"}
    assert call(universe.clara, f"participants/{child.pk}/casebook.csv").status_code == 200
    made = call(universe.clara, f"participants/{child.pk}/casebook.pdf", Accept="application/pdf")
    assert (made["Content-Type"], made.content[:5]) == ("application/pdf", b"%PDF-")
    assert call(universe.clara, "forms/no-form.csv").status_code == 404
    assert call(universe.clara, f"forms/blood-count.csv?participant={universe.foreign.pk}").status_code == 404


def test_a_pdf_that_cannot_be_made_is_503(universe: Any, call: Any, monkeypatch: Any) -> None:
    def late(_: str) -> bytes:
        raise pdf.PdfNotMade(pdf.TOO_LONG)

    monkeypatch.setattr(pdf, "rendered", late)
    answer = call(universe.clara, f"participants/{universe.responder.pk}/casebook.pdf")
    assert (answer.status_code, answer["Content-Type"]) == (503, PROBLEM)
    assert "in time" in answer.json()["detail"]


def test_without_a_token_401(universe: Any) -> None:
    for path in all_addresses(universe):
        for headers in ({}, {"Authorization": "Bearer itp_wrong"}, {"Authorization": "Bearer"}):
            answer = Client().get(f"/api/v1/{path}", secure=True, headers=headers)
            assert (answer.status_code, answer["Content-Type"]) == (401, PROBLEM), path


@pytest.mark.row("A7")
def test_a_token_ends_with_its_role(universe: Any) -> None:
    secret = token(universe.clara)
    ask = {"path": "/api/v1/participants/", "secure": True, "headers": {"Authorization": f"Bearer {secret}"}}
    assert Client().get(**ask).status_code == 200
    revoked = token(universe.clara)
    revoke_token(token=ApiToken.objects.get(digest=ApiToken.digest_of(revoked)), by=universe.clara)
    assert Client().get(**ask | {"headers": {"Authorization": f"Bearer {revoked}"}}).status_code == 401
    role = universe.clara.assignments.get()
    end_role(assignment=role, ends=role.starts, by=System("Tests"))
    assert Client().get(**ask).status_code == 401


def test_a_session_reads_as_well(universe: Any, client_of: Any) -> None:
    client = client_of(universe.clara)
    assert len(client.get("/api/v1/participants/").json()["results"]) == 3
    assert client.get(f"/api/v1/participants/{universe.foreign.pk}/").status_code == 404


def test_without_the_right_403(universe: Any, call: Any) -> None:
    for path in all_addresses(universe):
        assert call(universe.adam, path).status_code == 403, path
    for path in ("forms/blood-count.csv", *of_child(universe.responder)[-2:]):
        assert call(universe.pia, path).status_code == 403, path


@pytest.mark.row("A1", "A9")
def test_other_sites_are_404(universe: Any, call: Any) -> None:
    record = FormRecord.objects.filter(participant=universe.foreign).first()
    for path in [*of_child(universe.foreign), f"records/{record.pk}/", f"records/{uuid4()}/", f"participants/{uuid4()}/"]:
        answer = call(universe.clara, path)
        assert (answer.status_code, answer["Content-Type"]) == (404, PROBLEM), path
        assert universe.foreign.number not in answer.content.decode()


def cursor(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


@pytest.mark.parametrize(
    "query",
    [
        "limit=100000", "ordering=__class__", "_connector=OR", "site__code=02", "state__in=x", "page_size=0", "page_size=-1",
        "page_size=abc", "page_size=1e3", "page_size=", "cursor=nonsense", f"cursor={cursor('p=%00')}",
        "cursor=%F0%9F%98%80",
    ],
)  # fmt: skip
@pytest.mark.row("A4")
def test_unreadable_parameters_are_400(universe: Any, call: Any, query: str) -> None:
    for path in (*LISTS, f"participants/{universe.responder.pk}/visits/"):
        assert call(universe.clara, f"{path}?{query}").status_code == 400


def test_a_cursor_far_behind_the_end_is_an_empty_page(universe: Any, call: Any) -> None:
    answer = call(universe.clara, f"participants/?cursor={cursor('o=100000000000000000000')}")
    assert (answer.status_code, answer.json()["results"]) == (200, [])


@pytest.mark.row("A5")
def test_a_cursor_of_another_list_is_400(universe: Any, call: Any) -> None:
    path = f"participants/{universe.responder.pk}/visits/"
    assert call(universe.clara, f"{path}?cursor={cursor('p=not-a-day')}").status_code == 400


@pytest.mark.parametrize("query", ["for=word", "participant=7", "participant=", "format=xml", "all=1"])
def test_unreadable_file_parameters_are_400(universe: Any, call: Any, query: str) -> None:
    assert call(universe.clara, f"forms/blood-count.csv?{query}").status_code == 400


def test_a_page_is_never_larger_than_500(universe: Any, call: Any) -> None:
    assert call(universe.clara, "participants/?page_size=99999999").status_code == 200
    assert call(universe.clara, "participants/?page_size=1234567890").status_code == 400


@pytest.mark.row("A6")
@pytest.mark.parametrize("method", ["post", "patch", "delete", "options", "trace"])
def test_other_methods_are_405(universe: Any, call: Any, method: str) -> None:
    for path in all_addresses(universe):
        assert call(universe.clara, path, method, {}).status_code == 405, path
    assert call(universe.clara, "participants/", "put", {}).status_code == 405


def test_queries_do_not_grow(logged: Any) -> None:
    secret = token(logged.dana)

    def queries(path: str) -> int:
        with counted() as seen:
            answer = Client().get(f"/api/v1/{path}", secure=True, headers={"Authorization": f"Bearer {secret}"})
        assert answer.status_code == 200
        return len(seen)

    paths = ["participants/", "responses/", "forms/", *of_child(logged.responder)[:5]]
    before = {path: queries(path) for path in paths}
    for days in range(3):
        logged.clinic().extra_count(logged.responder, logged.today, 50 + days)
        logged.clinic().admit(logged.today)
    assert {path: queries(path) for path in paths} == before
    # The token takes one of them, the note in the access log another one of each child's, the lock for one file at a time two.
    per_form = {path: count for path, count in before.items() if path.endswith(("records/", "casebook.csv"))}
    assert [count for path, count in before.items() if path not in per_form] == [2, 3, 1, 3, 5, 5]
    assert max(per_form.values()) <= 6 + len(crf_models()), "one query for every kind of form"


def test_the_schema_names_every_address_and_its_errors() -> None:
    schema = SchemaGenerator().get_schema(request=None, public=True)
    validate_schema(schema)
    ours = {path: methods for path, methods in schema["paths"].items() if path.startswith("/api/v1/")}
    assert len(ours) == 14
    for path, methods in ours.items():
        for method, operation in methods.items():
            codes = set(operation["responses"])
            assert {"200", "400", "401", "403"} <= codes, path
            assert "404" in codes or "{" not in path
            assert method == "get" or {"409", "413", "415", "422"} <= codes
            assert {"token": []} in operation["security"]
            assert operation["description"]


def test_every_answer_is_what_the_schema_says(logged: Any, call: Any) -> None:
    schema = SchemaGenerator().get_schema(request=None, public=True)
    for path in ("participants/", "responses/", "forms/", *of_child(logged.responder)[:4]):
        template = "/api/v1/" + path.replace(str(logged.responder.pk), "{id}")
        content = schema["paths"][template]["get"]["responses"]["200"]["content"]["application/json"]["schema"]
        _matches(call(logged.clara, path).json(), content, schema)


def _matches(value: Any, told: dict[str, Any], schema: Any) -> None:
    for reference in [told["$ref"]] if "$ref" in told else [part["$ref"] for part in told.get("allOf", [])]:
        told = schema["components"]["schemas"][reference.rsplit("/", 1)[-1]]
    if value is None:
        return
    if isinstance(value, dict) and "properties" in told:
        assert set(value) == set(told["properties"])
        for name, content in value.items():
            _matches(content, told["properties"][name], schema)
    elif isinstance(value, list):
        for content in value:
            _matches(content, told["items"], schema)
