"""Every form's history in place, and words for every table: labels and decoded values, never codes or column names (RQ-08)."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.db import models
from django.urls import reverse

from casebook import sentences, trail
from casebook.actions import save_form
from casebook.crf import Crf
from casebook.forms import CrfForm
from casebook.models import FormRecord
from casebook.names import Names
from casebook.trail import Filters
from itp_trial import audit
from itp_trial.models import AuditEntry
from tests.conformance import forms_that
from tests.conformance.conftest import Subject
from tests.conformance.document import Document
from tests.strategies import fullest_answers

FRAGMENT = {"X-Fragment": "1"}


@pytest.fixture
def filled(subject: Subject) -> Subject:
    form = CrfForm(subject.record.crf(), {**fullest_answers(subject.record), "record-version": "0"})
    assert form.is_valid(), form.errors
    save_form(form=form, by=subject.editor)
    return subject


def words_of(client: Any, record: FormRecord, word: str, row: str = "") -> str:
    answer = client.get(reverse("item-history", args=[record.pk, word]) + (f"?row={row}" if row else ""), headers=FRAGMENT)
    assert answer.status_code == 200
    return re.sub(r"\s+", " ", Document(answer.content.decode()).text)


@pytest.mark.requirement("RQ-08")
def test_every_question_tells_its_history_as_people_read_it(filled: Subject, client_of: Any) -> None:
    client, crf = client_of(filled.reader), filled.fresh.crf()
    for name, item in crf.items().items():
        shown = crf.display(item)
        text = words_of(client, filled.record, name)
        if getattr(crf, name) is None and name not in crf.missing:
            assert text.strip() == "Nothing was entered here yet.", name
            continue
        assert re.sub(r"\s+", " ", shown).casefold() in text.casefold(), name
        assert filled.editor.full_name in text
        assert "Cairo (UTC" in text
        assert re.search(r"UTC \d{4}-\d\d-\d\dT", text)


@pytest.mark.requirement("RQ-08")
@forms_that(lambda crf: crf.row_models)
def test_every_line_has_its_own_history(crf: type[Crf], filled: Subject, client_of: Any) -> None:
    client = client_of(filled.reader)
    for model in crf.row_models:
        rows = list(model.objects.filter(crf=filled.fresh.crf()))
        assert rows
        for row in rows:
            for name, item in model.items().items():
                text = words_of(client, filled.record, f"{model.slug}-{name}", str(row.pk))
                if getattr(row, item.attname) is not None:
                    assert re.sub(r"\s+", " ", row.display(item)) in text


@pytest.mark.requirement("RQ-08")
def test_the_page_offers_the_history_of_each_question_and_only_when_there_is_one(subject: Subject, client_of: Any) -> None:
    page = Document(client_of(subject.reader).get(subject.url).content.decode())
    assert not [a for a in page.all("a") if a.attrs.get("class") == "past-link"], "nothing was saved yet"
    page = Document(client_of(subject.editor).get(subject.url).content.decode())
    assert [a for a in page.all("a") if a.attrs.get("class") == "past-link"], "who enters may comment before the first answer"
    form = CrfForm(subject.record.crf(), {**fullest_answers(subject.record), "record-version": "0"})
    assert form.is_valid()
    save_form(form=form, by=subject.editor)
    for who, tab in ((subject.editor, "-1"), (subject.reader, None)):
        page = Document(client_of(who).get(subject.url).content.decode())
        links = [a for a in page.all("a") if a.attrs.get("class") == "past-link"]
        crf = subject.fresh.crf()
        for name, item in crf.items().items():
            address = reverse("item-history", args=[subject.record.pk, name])
            [link] = [a for a in links if a.attrs["href"] == address]
            assert link.attrs["aria-label"] == f"History of {item.label}"
            # Who types walks with Tab from answer to answer and asks with a key; who reads has nothing else to stop at.
            assert link.attrs.get("tabindex") == tab


def test_a_question_that_does_not_exist_has_no_history(subject: Subject, client_of: Any) -> None:
    client = client_of(subject.reader)
    assert client.get(reverse("item-history", args=[subject.record.pk, "no-such-item"])).status_code == 404
    assert client.get(reverse("item-history", args=[subject.record.pk, "missing"])).status_code == 404


@pytest.mark.requirement("RQ-08")
def test_without_javascript_the_history_is_a_page(filled: Subject, client_of: Any) -> None:
    name, item = next(iter(filled.record.crf_class.items().items()))
    html = client_of(filled.reader).get(reverse("item-history", args=[filled.record.pk, name])).content.decode()
    page = Document(html)
    assert page.all("h1")[0].text == f"History: {item.label}"
    assert reverse("record", args=[filled.record.pk]) in html


@pytest.mark.requirement("RQ-08")
def test_sentences_hold_no_code_and_no_column_name(filled: Subject) -> None:
    """Neither ``taken_at`` nor ``clumped_ok``: an inspector reads labels."""
    crf = filled.fresh.crf()
    entries = list(AuditEntry.objects.filter(record=filled.record.pk))
    names = Names(FormRecord.objects.filter(pk=filled.record.pk), entries)
    text = " ".join(one.sentence for one in trail.tell(entries, names, Filters()))
    typed = {str(getattr(crf, i.name)) for i in crf.items().values() if i.kind in ("text", "note")}
    for model in (filled.record.crf_class, *filled.record.crf_class.row_models):
        assert model._meta.db_table not in text
        for name, item in model.items().items():
            words = [name] if "_" in name else []
            words += [str(code) for code, label in item.flatchoices if "_" in str(code)]
            for word in words:
                assert not re.search(rf"\b{re.escape(word)}\b", text) or any(word in said for said in typed), word


def test_every_audited_table_has_words(universe: Any) -> None:
    """Also a table that nobody wrote a sentence for, also with nothing in it but empty columns."""
    names = Names(FormRecord.objects.all()).read()
    for model in audit.audited_models():
        for operation in ("INSERT", "UPDATE", "DELETE"):
            _has_words(universe, names, model, operation)


def _has_words(universe: Any, names: Names, model: type[models.Model], operation: str) -> None:
    columns: dict[str, Any] = {field.column: _some(field) for field in model._meta.concrete_fields if not field.primary_key}
    old = {} if operation == "INSERT" else columns
    new = {} if operation == "DELETE" else columns | {name: None for name in list(columns)[1:] if operation == "UPDATE"}
    record = universe.record(universe.responder, "blood-count", "D3")
    entry = AuditEntry(
        at=universe.responder.screened_at, actor_id="user:1", actor_name="Clara Naguib (clara)", role="coordinator",
        table_name=model._meta.db_table, operation=operation, row="1", old=old, new=new, record=record.pk,
    )  # fmt: skip
    sentence = sentences.told(entry, names).sentence
    assert re.match(r"On \d\d \w{3} \d{4} \d\d:\d\d Cairo \(UTC[+-]\d\) .+ \w+", sentence)
    assert model._meta.db_table not in sentence
    for field in model._meta.concrete_fields:
        if "_" in field.column:
            assert field.column not in sentence, sentence


def _some(field: models.Field) -> Any:
    """A value as the trail would hold it."""
    if field.flatchoices:
        return field.flatchoices[0][0]
    return {"DateField": "2026-03-05", "DateTimeField": "2026-03-05T12:00:00+00:00", "BooleanField": True, "JSONField": {},
            "CharField": "some", "TextField": "some"}.get(field.get_internal_type())  # fmt: skip


def test_an_unknown_table_still_has_words(universe: Any) -> None:
    """The trail outlives the tables: a row of one that is gone is told with what stands in the entry."""
    entry = AuditEntry(
        at=universe.responder.screened_at, actor_id="system:import", actor_name="import (system)", operation="INSERT",
        table_name="casebook_old_thing", row="1", new={"size_of_it": 3},
    )  # fmt: skip
    sentence = sentences.told(entry, Names(FormRecord.objects.none())).sentence
    assert sentence.endswith("import (system) added an old thing: Size of it: 3.")
