"""Of every form: dates as far as they are known, missing as a fact, and the edition with which it was stored."""

from __future__ import annotations

from typing import Any

import pytest
from django.utils import timezone

from casebook import items
from casebook.actions import save_form
from casebook.crf import Crf
from casebook.forms import CrfForm
from casebook.items import COMPUTED, DIRECT, TRANSCRIBED, MissingReason
from casebook.models import FormRecord
from itp_trial.models import AuditEntry
from reports.codebook import codebook_lines
from tests.conformance import forms_that
from tests.conformance.conftest import Subject
from tests.strategies import as_posted, fullest_answers, items_of


def partial_dates(crf: type[Crf]) -> list[items.Item]:
    return [item for item in crf.asked_items().values() if item.kind == "partial date"]


def saved(subject: Subject, **answers: str) -> Crf:
    """The form with the fullest answers and these instead."""
    page = CrfForm(subject.fresh.crf())
    posted = {**fullest_answers(subject.record), "record-version": "0"} if not page.record.version else as_posted(page)
    form = CrfForm(subject.fresh.crf(), {**posted, **answers, "change-reason": "typing"})
    assert form.is_valid(), form.errors
    save_form(form=form, by=subject.editor)
    return subject.fresh.crf()


@pytest.mark.requirement("RQ-18")
@forms_that(partial_dates)
@pytest.mark.parametrize(("typed", "stored"), [("UN/UN/%Y", "%Y"), ("UN/%m/%Y", "%Y-%m"), ("%Y", "%Y"), ("%d/%m/%Y", "%Y-%m-%d")])
def test_a_date_keeps_its_precision(crf: type[Crf], subject: Subject, typed: str, stored: str) -> None:
    """What is not known is not filled in, on the page, in the trail and in files."""
    typed, stored = timezone.localdate().strftime(typed), timezone.localdate().strftime(stored)
    for item in partial_dates(crf):
        found = saved(subject, **{item.name: typed})
        assert getattr(found, item.name) == stored
        assert item.exported(getattr(found, item.name)) == stored
        entry = AuditEntry.objects.filter(table_name=crf._meta.db_table, row=str(subject.record.pk)).latest("pk")
        assert entry.new[item.name] == stored


@pytest.mark.requirement("RQ-18", "RQ-16")
@forms_that(lambda crf: any(item.kind == "date and time" for item in crf.items().values()))
def test_a_clinical_moment_is_stored_apart_from_the_time_of_entry(crf: type[Crf], subject: Subject) -> None:
    """The moment is what the source says, in UTC; when it was entered stands in the trail, by the server's clock."""
    found = saved(subject)
    entry = AuditEntry.objects.get(table_name=crf._meta.db_table, row=str(subject.record.pk))
    for item in crf.items().values():
        if item.kind == "date and time" and getattr(found, item.name) is not None:
            assert getattr(found, item.name).utcoffset().total_seconds() == 0
            assert entry.new[item.name].endswith("+00:00")
            assert getattr(found, item.name) <= entry.at
    assert entry.at.utcoffset().total_seconds() == 0


@pytest.mark.requirement("RQ-53")
def test_every_question_can_be_missing_for_every_reason(crf: type[Crf], subject: Subject) -> None:
    """Blank means not yet entered; why there is nothing is stored beside the form, never as a value."""
    for reason in MissingReason.values:
        page = CrfForm(subject.fresh.crf())
        wanted = {field.name: field for field in page.main.fields.values() if not field.item.optional}
        posted = dict.fromkeys(wanted, f"~{reason}") | {"record-version": str(page.record.version)}
        posted |= {f"{group.model.slug}-count": "0" for group in page.groups}
        form = CrfForm(subject.fresh.crf(), posted | {"change-reason": "source"})
        assert form.is_valid(), form.errors
        save_form(form=form, by=subject.editor)
        found = subject.fresh.crf()
        asked = [name for name, field in wanted.items() if found.is_asked(field.item)]
        assert asked
        for name in asked:
            assert getattr(found, wanted[name].item.attname) is None
            assert found.missing[name] == reason
            assert found.display(wanted[name].item) == MissingReason(reason).label


@pytest.mark.requirement("RQ-53")
def test_blank_is_not_yet_entered(crf: type[Crf], subject: Subject) -> None:
    posted = {"record-version": "0"} | {f"{model.slug}-count": "0" for model in crf.row_models}
    form = CrfForm(subject.record.crf(), posted)
    assert form.is_valid(), form.errors
    done = save_form(form=form, by=subject.editor)
    assert subject.fresh.crf().missing == {}
    asked = [name for name, item in crf.asked_items().items() if not item.optional and form.crf.is_asked(item)]
    assert {finding.item for finding in done.open_findings if finding.code == "MISSING"} == set(asked)
    assert subject.fresh.status == FormRecord.Status.INCOMPLETE


@pytest.mark.requirement("RQ-54")
def test_a_stored_form_names_its_edition_for_ever(crf: type[Crf], subject: Subject, monkeypatch: pytest.MonkeyPatch) -> None:
    """A later edition of the form changes nothing that is stored; the next save stores the new one, and the trail both."""
    assert crf.edition
    saved(subject)
    assert subject.fresh.edition == crf.edition
    before = AuditEntry.objects.count()
    monkeypatch.setattr(crf, "edition", "99")
    assert subject.fresh.edition != "99"
    assert AuditEntry.objects.count() == before
    saved(subject)
    assert subject.fresh.edition == "99"
    history = AuditEntry.objects.filter(table_name="casebook_formrecord", row=str(subject.record.pk), new__has_key="edition")
    assert [entry.new["edition"] for entry in history.order_by("pk")][-1] == "99"


@pytest.mark.requirement("RQ-29")
def test_every_item_says_where_it_comes_from(crf: type[Crf]) -> None:
    for item in items_of(crf):
        assert item.source in (TRANSCRIBED, DIRECT, COMPUTED), item.name
        assert (item.source == COMPUTED) == item.derived, item.name


@pytest.mark.requirement("RQ-29")
def test_the_codebook_lists_the_source_of_every_item(crf: type[Crf]) -> None:
    lines = {(line["file"], line["item"]): line["source"] for line in codebook_lines()}
    for model in (crf, *crf.row_models):
        slug = crf.slug if model is crf else f"{crf.slug}-{model.slug}"
        for name, item in model.items().items():
            if name not in model.not_exported:
                assert lines[slug, name] == item.source


@pytest.mark.requirement("RQ-29")
def test_the_list_of_direct_captures_is_what_we_decided(universe: Any) -> None:
    """For the monitoring plan: what is first written down here, form by form."""
    direct = {line["file"] for line in codebook_lines() if line["source"] == DIRECT}
    assert direct == {"infusion", "infusion-bags", "bleeding-assessment", "blood-count", "vital-signs", "contact",
                      "school-activity", "satisfaction"}  # fmt: skip
    counted = [line["item"] for line in codebook_lines() if line["source"] == DIRECT and line["file"] == "blood-count"]
    assert counted == ["bleeding"]
