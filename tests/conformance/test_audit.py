"""The trail of a form holds exactly what changed: old and new of each item, who, when and why. Nothing more, nothing less."""

from __future__ import annotations

from typing import Any

import pytest
from django.urls import reverse
from django.utils import timezone

from casebook.actions import save_form
from casebook.crf import Crf
from casebook.forms import CHANGE_REASONS, CrfForm
from itp_trial.models import AuditEntry
from tests.conformance import forms_that
from tests.conformance.conftest import Subject
from tests.strategies import as_posted, fullest_answers


@pytest.fixture
def filled(subject: Subject) -> Subject:
    """The same record with as many answers as the strategy finds, saved once."""
    form = CrfForm(subject.record.crf(), {**fullest_answers(subject.record), "record-version": "0"})
    assert form.is_valid(), form.errors
    save_form(form=form, by=subject.editor)
    return subject


def trail(subject: Subject) -> list[AuditEntry]:
    table = subject.record.crf_class._meta.db_table
    return list(AuditEntry.objects.filter(table_name=table, row=str(subject.record.pk)).order_by("pk"))


def another_answer(form: CrfForm) -> tuple[str, str]:
    """An item that holds an answer, and a different one that it also takes."""
    for name, field in form.main.fields.items():
        if field.item.kind in ("text", "note") and field.typed:
            return name, field.typed + " (corrected)"
        if field.item.kind == "code" and field.typed and not _decides(form, name):
            return name, next(code for code, _ in field.options if code != field.typed)
        if field.item.kind == "number" and field.typed:
            low, high = field.item.hard
            return name, str(low if field.typed != str(low) else high)
    for name, field in form.main.fields.items():
        if field.item.kind == "code" and field.typed:
            return name, next(code for code, _ in field.options if code != field.typed)
    raise AssertionError("the strategy left every item empty")


def _decides(form: CrfForm, name: str) -> bool:
    return any(item.asked_if and item.asked_if[0] == name for item in form.crf.items().values())


def corrected(subject: Subject, **more: str) -> tuple[CrfForm, str]:
    page = CrfForm(subject.fresh.crf())
    name, text = another_answer(page)
    return CrfForm(subject.fresh.crf(), {**as_posted(page), name: text, **more}), name


def test_the_first_save_is_one_entry_with_every_answer(filled: Subject) -> None:
    [entry] = trail(filled)
    assert entry.operation == "INSERT"
    assert (entry.actor_id, entry.actor_name) == (filled.editor.actor_id, filled.editor.actor_name)
    assert abs((timezone.now() - entry.at).total_seconds()) < 60
    crf = filled.fresh.crf()
    columns = {item.attname for name, item in crf.items().items() if crf.answers()[name] is not None}
    assert {name for name, value in entry.new.items() if value is not None} == columns | {"missing", "record_id"}


def test_a_correction_is_one_entry_with_only_what_changed(filled: Subject) -> None:
    before = filled.fresh.crf().answers()
    form, name = corrected(filled, **{"change-reason": "source"})
    assert form.is_valid(), form.errors
    save_form(form=form, by=filled.editor)
    _, entry = trail(filled)
    after = filled.fresh.crf().answers()
    changed = {filled.record.crf_class.items()[n].attname for n in after if after[n] != before[n]}
    assert entry.operation == "UPDATE"
    assert set(entry.old) == set(entry.new) == changed
    assert filled.record.crf_class.items()[name].attname in changed
    assert entry.actor_id == filled.editor.actor_id
    assert entry.reason == CHANGE_REASONS["source"]
    assert entry.old != entry.new


def test_a_save_that_changes_nothing_leaves_no_entry(filled: Subject) -> None:
    form = CrfForm(filled.fresh.crf(), as_posted(CrfForm(filled.fresh.crf())))
    assert form.is_valid(), form.errors
    save_form(form=form, by=filled.editor)
    assert len(trail(filled)) == 1


WITHOUT_REASON = {
    "no reason": ({}, "Please say why"),
    "an unknown reason": ({"change-reason": "because"}, "Please say why"),
    "another reason that is not written": ({"change-reason": "other", "change-reason-text": "  "}, "write the other reason"),
    "a reason with a NUL": ({"change-reason": "other", "change-reason-text": "x\x00y"}, "cannot be stored"),
}


@pytest.mark.parametrize(("reason", "message"), WITHOUT_REASON.values(), ids=WITHOUT_REASON)
def test_a_correction_without_a_reason_is_refused_and_nothing_changes(
    filled: Subject, client_of: Any, reason: dict[str, str], message: str
) -> None:
    before, version, known = filled.fresh.crf().answers(), filled.fresh.version, AuditEntry.objects.count()
    form, name = corrected(filled)
    answer = client_of(filled.editor).post(filled.url, {**form.data, **reason})
    assert answer.status_code == 422
    assert message in answer.content.decode()
    assert answer.context["form"].main.fields[name].typed == form.data[name], "what was typed is still there"
    assert filled.fresh.crf().answers() == before
    assert filled.fresh.version == version
    assert AuditEntry.objects.count() == known


def test_the_history_page_tells_the_story(filled: Subject, client_of: Any) -> None:
    form, _ = corrected(filled, **{"change-reason": "other", "change-reason-text": "the laboratory called"})
    assert form.is_valid(), form.errors
    save_form(form=form, by=filled.editor)
    text = client_of(filled.reader).get(reverse("history", args=[filled.record.pk])).content.decode()
    assert "the laboratory called" in text
    assert text.count(filled.editor.full_name) >= 2
    first = f" entered {filled.record.title}"
    assert text.index("the laboratory called") < text.index(first), "newest first"


@forms_that(lambda crf: crf.row_models)
def test_rows_are_in_the_trail_and_in_the_history(crf: type[Crf], filled: Subject, client_of: Any) -> None:
    """A line that was taken away is gone from the form and stays in the history."""
    page = CrfForm(filled.fresh.crf())
    [group] = page.groups
    before = list(group.model.objects.filter(crf=filled.fresh.crf()))
    assert before, "the strategy left no row"
    posted = {n: ("" if n.startswith(f"{group.model.slug}-0-") and not n.endswith("-id") else t)
              for n, t in as_posted(page).items()}  # fmt: skip
    form = CrfForm(filled.fresh.crf(), {**posted, "change-reason": "wrong_form"})
    assert form.is_valid(), form.errors
    save_form(form=form, by=filled.editor)
    assert group.model.objects.filter(crf=filled.fresh.crf()).count() == len(before) - 1
    entries = AuditEntry.objects.filter(table_name=group.model._meta.db_table, row=str(before[0].pk)).order_by("pk")
    assert [entry.operation for entry in entries] == ["INSERT", "UPDATE"]
    assert (entries[1].old, entries[1].new) == ({"taken_away": False}, {"taken_away": True})
    text = client_of(filled.reader).get(reverse("history", args=[filled.record.pk])).content.decode()
    assert CHANGE_REASONS["wrong_form"] in text
