"""Whatever can be typed into a form comes back as it was meant: typed, parsed, stored, shown, typed again."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from casebook.actions import save_form
from casebook.crf import Crf
from casebook.forms import CrfForm
from casebook.items import MissingReason
from casebook.models import Finding
from tests.conformance.conftest import Subject
from tests.strategies import answers, as_posted

#: Few examples, because each is a real save; every example is rolled back.
few = settings(
    max_examples=12, deadline=None, suppress_health_check=[*HealthCheck], database=None, derandomize=True
)  # fmt: skip


def stored(subject: Subject, posted: dict[str, str]) -> CrfForm:
    """Saves the answers as the page does and returns the bound form."""
    form = CrfForm(subject.fresh.crf(), {**posted, "record-version": str(subject.fresh.version)})
    assert form.is_valid(), form.errors
    save_form(form=form, by=subject.editor)
    return form


class rolled_back(transaction.Atomic):
    """Undoes what one example stored."""

    def __init__(self) -> None:
        super().__init__(using=None, savepoint=True, durable=False)

    def __exit__(self, *error: Any) -> None:
        if error[0] is None:
            transaction.set_rollback(True)
        super().__exit__(*error)


@pytest.fixture
def example(subject: Subject) -> Any:
    """Runs a check with random valid answers of this form, each in a transaction of its own."""

    def run(check: Any) -> None:
        @few
        @given(st.data())
        def each(data: st.DataObject) -> None:
            with rolled_back():
                check(data.draw(answers(subject.record)))

        each()

    return run


def test_valid_answers_are_stored_and_come_back_equal(subject: Subject, example: Any) -> None:
    def check(posted: dict[str, str]) -> None:
        bound = stored(subject, posted)
        again = subject.fresh.crf()
        assert again.answers() == bound.crf.answers(), "the database holds what was parsed"
        for name, item in again.asked_items().items():
            text = posted[name]
            if item.asked_if is None and not text.startswith("~") and text.strip() and item.kind != "reference":
                assert getattr(again, name) == item.parse(text), f"{name} holds what was typed: {text!r}"
            if item.asked_if is None and text[1:] in MissingReason.values and text.startswith("~"):
                assert again.missing[name] == text[1:], f"{name} holds why it is missing"

    example(check)


def test_a_page_that_nobody_touched_changes_nothing(subject: Subject, example: Any) -> None:
    """Stored value -> shown text -> parsed value: equal, and no reason for change is asked."""

    def check(posted: dict[str, str]) -> None:
        stored(subject, posted)
        before = subject.fresh.crf()
        page = CrfForm(before)
        rows = {row.pk: row.answers() for group in page.groups for row in group.kept if row.pk and not row._state.adding}
        again = CrfForm(subject.fresh.crf(), as_posted(page))
        assert again.is_valid(), again.errors
        assert again.crf.answers() == before.answers()
        assert again.crf.missing == before.missing
        assert not again.changes_answers
        assert {row.pk: row.answers() for row in again.rows} == rows
        assert all(not group.taken_away for group in again.groups)

    example(check)


def test_every_missing_answer_is_either_explained_or_asked_for(subject: Subject, example: Any) -> None:
    """An empty item is never just empty: it is optional, not asked, explained, or an open finding."""

    def check(posted: dict[str, str]) -> None:
        stored(subject, posted)
        crf, record = subject.fresh.crf(), subject.fresh
        live = record.findings.exclude(state=Finding.State.CURED)
        asked_for = set(live.filter(code="MISSING").values_list("item", flat=True))
        for name, item in crf.asked_items().items():
            settled = getattr(crf, name) is not None or item.optional or not crf.is_asked(item) or name in crf.missing
            assert (name in asked_for) == (not settled), name
        assert record.status == ("incomplete" if live.filter(code="MISSING", state="open") else "complete")

    example(check)


def test_values_outside_the_expected_range_become_findings(crf: type[Crf], subject: Subject, example: Any) -> None:
    def check(posted: dict[str, str]) -> None:
        stored(subject, posted)
        form = subject.fresh.crf()
        unusual = {
            name
            for name, item in crf.asked_items().items()
            if item.expected and getattr(form, name) is not None
            and not item.expected[0] <= getattr(form, name) <= item.expected[1]
        }  # fmt: skip
        found = subject.fresh.findings.filter(code="RANGE").values_list("item", flat=True)
        assert {name for name in found if name in crf.asked_items()} == unusual

    example(check)
