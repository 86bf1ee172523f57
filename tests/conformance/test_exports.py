"""Every saved form leaves the system complete: in its CSV file, in the casebook of its participant, by API and as PDF."""

from __future__ import annotations

import csv
import io
from typing import Any

import pytest
from django.urls import reverse

from casebook.actions import save_form
from casebook.crf import Crf
from casebook.forms import CrfForm
from reports.pdf import casebook_html
from tests.conformance import forms_that
from tests.conformance.conftest import Subject
from tests.conformance.document import Document
from tests.strategies import fullest_answers

#: Whoever takes a file out says what it is for.
FOR = "?purpose=monitoring"


@pytest.fixture
def saved(subject: Subject) -> Subject:
    form = CrfForm(subject.record.crf(), {**fullest_answers(subject.record), "record-version": "0"})
    assert form.is_valid(), form.errors
    save_form(form=form, by=subject.editor)
    return subject


def rows_of(answer: Any) -> list[dict[str, str]]:
    assert answer.status_code == 200
    return list(csv.DictReader(io.StringIO(answer.content.decode("utf-8"), newline="")))


def leaving(crf: type[Crf]) -> dict[str, Any]:
    """The items that may leave the site."""
    return {name: item for name, item in crf.items().items() if name not in crf.not_exported}


@pytest.mark.parametrize("who", ["clara", "milo", "dana"])
def test_the_file_of_the_form_holds_every_answer(crf: type[Crf], saved: Subject, client_of: Any, universe: Any, who: str) -> None:
    rows = rows_of(client_of(getattr(universe, who)).get(reverse("form-csv", args=[crf.slug]) + FOR))
    [row] = [row for row in rows if row["record_id"] == str(saved.record.pk)]
    stored = saved.fresh.crf()
    for name, item in leaving(crf).items():
        assert row[name] == item.exported(getattr(stored, name)), name
        if item.flatchoices and getattr(stored, name) is not None:
            assert row[f"{name}_label"] == item.display(getattr(stored, name)), name
        if not item.derived:
            assert row[f"{name}_mr"] == stored.missing.get(name, ""), name
    for name in crf.not_exported:
        assert not {name, f"{name}_label", f"{name}_mr"} & set(row), f"{name} stays at the site"
    assert row["record_version"] == "1"
    assert row["saved_by"] == saved.editor.username


@pytest.mark.row("A9")
def test_another_site_gets_the_file_without_the_row(crf: type[Crf], saved: Subject, client_of: Any) -> None:
    rows = rows_of(client_of(saved.foreigner).get(reverse("form-csv", args=[crf.slug]) + FOR))
    assert str(saved.record.pk) not in {row["record_id"] for row in rows}
    assert "01" not in {row["site"] for row in rows}


def test_the_rows_of_a_form_are_a_file_of_their_own(crf: type[Crf], saved: Subject, client_of: Any) -> None:
    for model in crf.row_models:
        rows = rows_of(client_of(saved.reader).get(reverse("form-csv", args=[f"{crf.slug}-{model.slug}"]) + FOR))
        stored = list(model.objects.filter(crf=saved.fresh.crf()))
        assert stored
        found = {row["row_id"]: row for row in rows if row["record_id"] == str(saved.record.pk)}
        assert set(found) == {str(line.pk) for line in stored}
        for line in stored:
            for name, item in model.items().items():
                exported = getattr(line, name)
                assert found[str(line.pk)][name] in (item.exported(exported), str(line.answers()[name] or ""))


@forms_that(lambda crf: not crf.is_product)
def test_the_casebook_file_holds_every_answer_as_a_line(crf: type[Crf], saved: Subject, client_of: Any) -> None:
    answer = client_of(saved.reader).get(reverse("casebook-csv", args=[saved.record.participant_id]) + FOR)
    lines = [line for line in rows_of(answer) if line["record_id"] == str(saved.record.pk)]
    stored = saved.fresh.crf()
    values = {(line["item"], line["value"]) for line in lines}
    for name, item in leaving(crf).items():
        if getattr(stored, name) is not None:
            assert (name, item.exported(getattr(stored, name))) in values, name


def test_the_api_tells_every_answer_with_label_unit_and_reason(crf: type[Crf], saved: Subject, client_of: Any) -> None:
    body = client_of(saved.reader).get(reverse("api-record", args=[saved.record.pk])).json()
    stored = saved.fresh.crf()
    assert (body["form"], body["version"], body["saved_by"]) == (crf.slug, 1, saved.editor.username)
    for name, item in leaving(crf).items():
        told = body["answers"][name]
        assert told["value"] == (item.exported(getattr(stored, name)) or None), name
        assert (told["label"], told["unit"]) == (item.label, item.unit or None)
        assert told["missing"] == stored.missing.get(name)
        assert told["derived"] == item.derived
    assert not set(crf.not_exported) & set(body["answers"])
    told_rows = {row["id"] for rows in body["rows"].values() for row in rows}
    assert told_rows == {str(row.pk) for model in crf.row_models for row in model.objects.filter(crf=stored)}


def test_what_the_api_tells_can_be_sent_back(crf: type[Crf], saved: Subject, client_of: Any) -> None:
    """GET, then PUT of the same answers: accepted, and nothing changes."""
    address = reverse("api-record", args=[saved.record.pk])
    client = client_of(saved.editor)
    body = client.get(address).json()
    before = saved.fresh.crf()
    sent = {"version": body["version"], **_answers(body["answers"])}
    sent["rows"] = {slug: [{"id": row["id"], **_row(row["answers"])} for row in rows] for slug, rows in body["rows"].items()}
    answer = client.put(address, sent, "application/json")
    assert answer.status_code == 200, answer.json()
    after = saved.fresh.crf()
    assert after.answers() == before.answers()
    assert after.missing == before.missing
    assert saved.fresh.version == 2


def _answers(told: dict[str, Any]) -> dict[str, Any]:
    asked = {name: cell for name, cell in told.items() if not cell["derived"]}
    return {
        "answers": {name: cell["value"] for name, cell in asked.items() if cell["value"] is not None},
        "missing": {name: cell["missing"] for name, cell in asked.items() if cell["missing"]},
    }


def _row(told: dict[str, Any]) -> dict[str, Any]:
    sent = _answers(told)
    return sent["answers"] | {"missing": sent["missing"]}


@forms_that(lambda crf: not crf.is_product)
def test_the_printed_casebook_shows_every_answer(crf: type[Crf], saved: Subject) -> None:
    printed = " ".join(Document(casebook_html(saved.record.participant)).text.split())
    stored = saved.fresh.crf()
    for name, item in leaving(crf).items():
        if getattr(stored, name) is not None:
            assert " ".join(item.display(getattr(stored, name)).split()) in printed, name


@forms_that(lambda crf: crf.slug == "blood-count")
def test_the_pdf_of_the_participant_is_a_pdf(saved: Subject, crf: type[Crf], client_of: Any) -> None:
    """One PDF is made here; what stands in it is tested above without the time that the printing takes."""
    answer = client_of(saved.reader).get(reverse("casebook-pdf", args=[saved.record.participant_id]) + FOR)
    assert answer.status_code == 200
    assert answer.content.startswith(b"%PDF-")
