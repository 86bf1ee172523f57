"""Saving a form, step by step: what moves on, what is refused, what others are told. The page is tested in ``tests/input``."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from casebook import actions
from casebook.forms import MOST_ROWS, CrfForm
from casebook.models import FormRecord, Visit
from casebook.selectors import next_record
from casebook.signals import form_saved
from enrollment.actions import end_participation
from itp_trial.models import AuditEntry
from itp_trial.refusal import Refused
from itp_trial.schedule import VISITS
from responses.models import ResponseSummary
from tests.input.conftest import at, count_of
from tests.strategies import as_posted


@pytest.fixture
def record(universe: Any) -> FormRecord:
    return universe.record(universe.untreated, "blood-count", "LOAD")


@pytest.fixture
def day(universe: Any) -> date:
    return universe.untreated.enrolled_on


def bound(record: FormRecord, posted: dict[str, str]) -> CrfForm:
    form = CrfForm(FormRecord.objects.get(pk=record.pk).crf(), posted)
    assert form.is_valid(), form.errors
    return form


def test_a_save_moves_the_record_on(universe: Any, record: FormRecord, day: date) -> None:
    saved = actions.save_form(form=bound(record, count_of(day)), by=universe.clara)
    record.refresh_from_db()
    assert (record.version, record.status, record.edition, record.saved_by) == (
        1,
        "complete",
        record.crf_class.edition,
        universe.clara,
    )
    assert record.saved_at is not None
    assert (saved.open_findings, saved.emptied) == ([], [])


def test_a_missing_answer_leaves_it_incomplete_and_a_reason_completes_it(universe: Any, record: FormRecord, day: date) -> None:
    actions.save_form(form=bound(record, count_of(day, haemoglobin="")), by=universe.clara)
    record.refresh_from_db()
    assert record.status == "incomplete"
    again = count_of(day, haemoglobin="~SL", **{"record-version": "1"})
    actions.save_form(form=bound(record, again), by=universe.clara)
    record.refresh_from_db()
    assert record.status == "complete"
    assert record.crf().missing == {"haemoglobin": "SL"}


def test_an_unusual_answer_is_complete_and_asks(universe: Any, record: FormRecord, day: date) -> None:
    """Low platelets are the truth in this disease: stored, and confirmed or not later."""
    saved = actions.save_form(form=bound(record, count_of(day, haemoglobin="7")), by=universe.clara)
    record.refresh_from_db()
    assert record.status == "complete"
    assert [finding.code for finding in saved.open_findings] == ["RANGE"]


def test_the_listeners_are_told_inside_the_transaction(universe: Any, record: FormRecord, day: date) -> None:
    """What fails there takes the save with it: answers and classification never differ."""

    def fail(**_: Any) -> None:
        raise RuntimeError("no classification")

    form_saved.connect(fail)
    try:
        with pytest.raises(RuntimeError):
            actions.save_form(form=bound(record, count_of(day)), by=universe.clara)
    finally:
        form_saved.disconnect(fail)
    assert FormRecord.objects.get(pk=record.pk).version == 0
    assert not AuditEntry.objects.filter(row=str(record.pk), table_name="assessments_bloodcount").exists()


def test_the_classification_follows_in_the_same_save(universe: Any) -> None:
    child = universe.responder
    before = ResponseSummary.objects.get(participant=child)
    universe.fill(universe.record(child, "blood-count", "D3"), universe.clara, platelets=9)
    after = ResponseSummary.objects.get(participant=child)
    assert after.input_digest != before.input_digest
    assert after.state != before.state


class TestTheDayOfTheVisit:
    """The first dated form says when a visit took place; a corrected day moves along; an infusion knows it best."""

    def happened(self, record: FormRecord) -> date | None:
        return Visit.objects.get(pk=record.visit_id).happened_on

    def test_the_first_form_dates_the_visit(self, universe: Any, record: FormRecord, day: date) -> None:
        assert self.happened(record) is None
        universe.fill(record, universe.clara, **count(day))
        assert self.happened(record) == day

    def test_a_second_form_of_another_day_does_not(self, universe: Any, record: FormRecord, day: date) -> None:
        universe.fill(record, universe.clara, **count(day))
        second = universe.record(universe.untreated, "bleeding-assessment", "LOAD")
        universe.fill(second, universe.clara, assessed_on=day - timedelta(days=1), any_bleeding="N")
        assert self.happened(record) == day

    def test_a_corrected_day_moves_the_visit(self, universe: Any, record: FormRecord, day: date) -> None:
        universe.fill(record, universe.clara, **count(day - timedelta(days=1)))
        universe.fill(record, universe.clara, **count(day))
        assert self.happened(record) == day

    def test_but_not_away_from_what_another_form_says(self, universe: Any, record: FormRecord, day: date) -> None:
        universe.fill(record, universe.clara, **count(day))
        second = universe.record(universe.untreated, "bleeding-assessment", "LOAD")
        universe.fill(second, universe.clara, assessed_on=day, any_bleeding="N")
        universe.fill(record, universe.clara, **count(day - timedelta(days=1)))
        assert self.happened(record) == day

    def test_entered_in_the_wrong_place(self, universe: Any, record: FormRecord, day: date) -> None:
        """Taken back, the visit is due again."""
        universe.fill(record, universe.clara, **count(day))
        universe.fill(record, universe.clara, done="N", why_not="wrong child", reason="wrong_form")
        assert self.happened(record) is None

    def test_an_infusion_dates_its_visit_whatever_came_before(self, universe: Any, record: FormRecord, day: date) -> None:
        universe.fill(record, universe.clara, **count(day - timedelta(days=1)))
        infusion = universe.record(universe.untreated, "infusion", "LOAD")
        universe.fill(infusion, universe.clara, weight_kg=18, weight_on=day, started_at=at(day, "00:10"))
        assert self.happened(record) == day

    def test_a_form_without_a_date_says_nothing(self, universe: Any, record: FormRecord) -> None:
        universe.fill(record, universe.clara, done="N", why_not="no blood")
        assert self.happened(record) is None


def count(day: date) -> dict[str, Any]:
    return {name: text for name, text in count_of(day).items() if name != "record-version"}


class TestRows:
    """Repeating rows: blank lines are ignored, blanked ones go, the order of the page is the order that is stored."""

    @pytest.fixture
    def lot(self, universe: Any) -> FormRecord:
        return actions.add_product_record(site=universe.s1, form="lot", by=universe.pia)

    def save(self, universe: Any, lot: FormRecord, **posted: str) -> list[str]:
        lot.refresh_from_db()
        form = CrfForm(lot.crf(), {"record-version": str(lot.version), "lot_number": "L1", "change-reason": "typing", **posted})
        assert form.is_valid(), form.errors
        actions.save_form(form=form, by=universe.pia)
        return list(lot.lot.bags.values_list("label", flat=True))

    def rows(self, *labels: str) -> dict[str, str]:
        return {"bags-count": str(len(labels))} | {f"bags-{i}-label": label for i, label in enumerate(labels)}

    def test_blank_lines_are_ignored_and_the_order_is_kept(self, universe: Any, lot: FormRecord) -> None:
        assert self.save(universe, lot, **self.rows("B", "", "A", " ")) == ["B", "A"]

    def test_a_stored_line_is_changed_in_place(self, universe: Any, lot: FormRecord) -> None:
        self.save(universe, lot, **self.rows("A"))
        [row] = lot.lot.bags.all()
        assert self.save(universe, lot, **{**self.rows("C"), "bags-0-id": str(row.pk)}) == ["C"]
        assert lot.lot.bags.get().pk == row.pk

    def test_a_line_that_is_not_sent_goes(self, universe: Any, lot: FormRecord) -> None:
        self.save(universe, lot, **self.rows("A", "B"))
        [first, _] = lot.lot.bags.all()
        assert self.save(universe, lot, **{**self.rows("A"), "bags-0-id": str(first.pk)}) == ["A"]

    def test_taking_a_line_away_needs_a_reason(self, universe: Any, lot: FormRecord) -> None:
        self.save(universe, lot, **self.rows("A"))
        form = CrfForm(lot.crf(), {"record-version": "1", "lot_number": "L1", **self.rows("")})
        form.record.refresh_from_db()
        form = CrfForm(form.record.crf(), form.data)
        assert not form.is_valid()
        assert form.reason_errors

    def test_adding_a_line_needs_none(self, universe: Any, lot: FormRecord) -> None:
        self.save(universe, lot, **self.rows("A"))
        lot.refresh_from_db()
        form = CrfForm(lot.crf(), {**as_posted(CrfForm(lot.crf())), "bags-1-label": "B"})
        assert form.is_valid(), form.errors
        assert not form.changes_answers

    @pytest.mark.row("A3")
    def test_the_lines_of_another_form_cannot_be_taken_over(self, universe: Any, lot: FormRecord) -> None:
        """A3: a foreign id is refused, and the other form keeps its line."""
        self.save(universe, lot, **self.rows("A"))
        foreign = lot.lot.bags.get()
        other = actions.add_product_record(site=universe.s1, form="lot", by=universe.pia)
        form = CrfForm(other.crf(), {"record-version": "0", **self.rows("Z"), "bags-0-id": str(foreign.pk)})
        assert not form.is_valid()
        assert "does not belong to this form" in " ".join(form.errors[""])
        foreign.refresh_from_db()
        assert (foreign.label, foreign.crf_id) == ("A", lot.pk)

    @pytest.mark.parametrize("count", ["", "x", "-3", "9" * 30, "²"])
    def test_an_unreadable_count_is_no_line(self, universe: Any, lot: FormRecord, count: str) -> None:
        form = CrfForm(lot.crf(), {"record-version": "0", "bags-count": count})
        assert len(form.groups[0].forms) <= MOST_ROWS
        if not count.isascii() or not count.isdigit():
            assert form.groups[0].forms == []

    def test_more_lines_than_allowed_are_refused_not_cut(self, universe: Any, lot: FormRecord) -> None:
        form = CrfForm(lot.crf(), {"record-version": "0", **self.rows(*(f"B{n}" for n in range(MOST_ROWS + 1)))})
        assert not form.is_valid()
        assert f"bags-{MOST_ROWS}-label" in form.general_errors[0]


class TestNewRecords:
    def test_a_log_entry_is_numbered(self, universe: Any) -> None:
        records = [actions.add_log_record(participant=universe.responder, form="rescue", by=universe.clara) for _ in range(3)]
        assert [record.title for record in records] == ["Rescue therapy", "Rescue therapy 2", "Rescue therapy 3"]

    def test_a_visit_form_is_no_log(self, universe: Any) -> None:
        with pytest.raises(Refused, match="belongs to a visit"):
            actions.add_log_record(participant=universe.responder, form="blood-count", by=universe.clara)

    #: What is wrong with an unscheduled visit -> what is said.
    REFUSED = {
        "in the future": ({"on": 1}, "lies in the future"),
        "without a form": ({"forms": []}, "choose at least one form"),
        "with a form of the schedule": ({"forms": ["consent"]}, "Not a form of an unscheduled visit: consent"),
    }

    @pytest.mark.parametrize(("change", "message"), REFUSED.values(), ids=REFUSED)
    def test_unscheduled_visits_that_are_refused(self, universe: Any, change: dict[str, Any], message: str) -> None:
        on = universe.today + timedelta(days=change.get("on", 0))
        forms = change.get("forms", ["blood-count"])
        with pytest.raises(Refused, match=message):
            actions.add_unscheduled_visit(participant=universe.responder, on=on, forms=forms, by=universe.clara)

    def test_no_visit_after_the_end(self, universe: Any) -> None:
        child = end_participation(participant=universe.responder, state="withdrawn", reason="moved", by=universe.clara)
        with pytest.raises(Refused, match="withdrawn: no further visits"):
            actions.add_unscheduled_visit(participant=child, on=universe.today, forms=["blood-count"], by=universe.clara)

    def test_but_safety_is_never_blocked(self, universe: Any) -> None:
        child = end_participation(participant=universe.responder, state="withdrawn", reason="moved", by=universe.clara)
        event = actions.add_log_record(participant=child, form="adverse-event", by=universe.clara)
        assert universe.fill(event, universe.clara, term="Headache").record.version == 1


class TestPlanning:
    def test_planning_twice_plans_once(self, universe: Any) -> None:
        plans = [VISITS["D3"], VISITS["D13"]]
        anchor = universe.untreated.enrolled_on
        first = actions.plan_visits(participant=universe.untreated, plans=plans, anchor=anchor, by=universe.clara)
        second = actions.plan_visits(participant=universe.untreated, plans=plans, anchor=anchor, by=universe.clara)
        assert ([visit.code for visit in first], second) == (["D3", "D13"], [])

    def test_a_new_anchor_moves_what_has_not_happened(self, universe: Any) -> None:
        anchor = universe.untreated.enrolled_on
        for days in (0, 2):
            actions.plan_visits(
                participant=universe.untreated, plans=[VISITS["D3"]], anchor=anchor + timedelta(days=days), by=universe.clara
            )
        visit = universe.untreated.visits.get(code="D3")
        assert (visit.target, visit.opens, visit.closes) == tuple(anchor + timedelta(days=n) for n in (5, 4, 6))

    def test_and_never_what_has(self, universe: Any) -> None:
        visit = universe.responder.visits.get(code="D3")
        actions.plan_visits(participant=universe.responder, plans=[VISITS["D3"]], anchor=universe.today, by=universe.clara)
        assert Visit.objects.get(pk=visit.pk).target == visit.target

    def test_save_and_next(self, universe: Any, record: FormRecord) -> None:
        """After a complete form comes the next one of the visit that is not complete; after the last one none."""
        forms = []
        while record is not None and record.form not in forms:
            forms.append(record.form)
            record = next_record(record)
        assert set(forms) <= {"blood-count", "bleeding-assessment", "infusion"}
        assert len(forms) > 1
        assert next_record(actions.add_log_record(participant=universe.untreated, form="rescue", by=universe.clara)) is None
