"""Deviations that the data show: raised by rule, once for a cause, withdrawn by themselves while nobody has touched them."""

from __future__ import annotations

import csv
import io
from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError
from django.urls import reverse

from casebook.actions import recompute
from casebook.crf import crf_models
from casebook.forms import CrfForm
from casebook.models import FormRecord
from demo.builder import Facts, NotFilled, at
from enrollment import deviations
from enrollment.crfs import Deviation
from enrollment.deviations import RULES, TABLE, DeviationCause
from itp_trial.actor import acting

EXPLAINED = {"why": "The family came late.", "action": "Told the family about the windows.", "affects_safety": "N"}


def raised(child: Any) -> dict[str, str]:
    """Rule -> what the candidate says, of those that stand."""
    causes = DeviationCause.objects.filter(record__participant=child, record__removed_at=None)
    return {cause.rule: cause.said for cause in causes}


def record_of(child: Any, rule: str) -> FormRecord:
    return DeviationCause.objects.get(record__participant=child, rule=rule).record


@pytest.fixture
def late(universe: Any) -> Any:
    """The count of day 12-14 was taken on day 11: one day early."""
    universe.clinic().count(universe.responder, "D13", universe.today, 55)
    return universe.responder


class TestWhatIsRaised:
    def test_nothing_for_children_who_keep_to_the_protocol(self, universe: Any) -> None:
        assert raised(universe.responder) == raised(universe.foreign) == {}

    def test_a_visit_outside_its_window(self, late: Any) -> None:
        said = raised(late)["DV-WINDOW"]
        assert "Count day 12-14 took place on" in said
        assert "1 day before its window" in said

    def test_a_count_that_was_not_done(self, universe: Any) -> None:
        universe.clinic().no_count(universe.responder, "D13", "The vein could not be found.")
        assert raised(universe.responder)["DV-NO-COUNT"] == "Count day 12-14: no blood count. The vein could not be found."

    def test_a_sample_that_cannot_be_used(self, universe: Any) -> None:
        universe.clinic().count(universe.responder, "D3", universe.today - timedelta(days=8), 60, quality="clotted")
        assert set(raised(universe.responder)) == {"DV-SAMPLE"}

    def test_an_entry_count_that_is_too_high_on_day_0(self, universe: Any) -> None:
        """R3 judges again on Day 0: 100 is no ITP any more, 99 is."""
        clinic, child = universe.clinic(), universe.untreated
        clinic.count(child, "LOAD", universe.today, 150)
        assert "below 100" in raised(child)["DV-ENTRY-COUNT"]
        clinic.count(child, "LOAD", universe.today, 99)
        assert raised(child) == {}

    def test_a_short_infusion(self, universe: Any) -> None:
        child = universe.responder
        day_0 = child.visits.get(code="LOAD").happened_on
        universe.fill(universe.record(child, "infusion", "LOAD"), universe.clara, stopped_at=at(day_0, 14), max_rate=120)
        assert "DV-DURATION" in raised(child)

    def test_a_dose_while_the_consent_has_a_gap(self, universe: Any) -> None:
        child = universe.responder
        consent = universe.record(child, "consent", "SCREEN")
        universe.fill(consent, universe.clara, father_fingerprint="N")
        assert "The father's fingerprint is missing." in raised(child)["DV-CONSENT"]
        universe.fill(consent, universe.clara, father_fingerprint="Y")
        assert raised(child) == {}

    def test_a_child_in_screening_deviates_from_nothing(self, universe: Any) -> None:
        universe.clinic().consent(universe.screening, universe.today, Facts(), father="refused", father_signature=None,
                                  father_fingerprint=None)  # fmt: skip
        assert raised(universe.screening) == {}


class TestWithdrawing:
    def test_what_is_cured_goes_and_comes_back(self, universe: Any, late: Any) -> None:
        record = record_of(late, "DV-WINDOW")
        count = universe.record(late, "blood-count", "D13")
        window = late.visits.get(code="D13").window
        assert window.opens > universe.today - timedelta(days=1)
        universe.fill(count, universe.clara, done="N", why_not="Another child's count.", taken_at=None, quality=None,
                      platelets=None, haemoglobin=None, leukocytes=None, bleeding=None)  # fmt: skip
        assert set(raised(late)) == {"DV-NO-COUNT"}, "the visit has no day any more, but there is no count either"
        record.refresh_from_db()
        assert record.removed_why == "The data no longer show it."
        universe.clinic().count(late, "D13", universe.today, 55, why_not=None)
        assert set(raised(late)) == {"DV-WINDOW"}
        assert record_of(late, "DV-WINDOW").pk == record.pk, "one cause has one deviation, also when it comes back"

    def test_what_somebody_explained_stays(self, universe: Any, late: Any) -> None:
        record = record_of(late, "DV-WINDOW")
        page = CrfForm(record.crf())
        offered = {name: field.typed for name, field in page.main.fields.items()}
        universe.fill(record, universe.clara, **{**offered, **EXPLAINED, "grade": None, "reported": None})
        universe.fill(universe.record(late, "blood-count", "D13"), universe.clara, done="N", why_not="x", taken_at=None,
                      quality=None, platelets=None, haemoglobin=None, leukocytes=None, bleeding=None)  # fmt: skip
        record.refresh_from_db()
        assert record.removed_at is None

    def test_one_cause_has_one_deviation(self, universe: Any, late: Any) -> None:
        universe.fill(universe.record(late, "blood-count", "D13"), universe.clara, platelets=56)
        recompute(record=universe.record(late, "blood-count", "D13"), by=universe.clara)
        [cause] = DeviationCause.objects.filter(record__participant=late)
        second = FormRecord(site=late.site, participant=late, form="deviation", repeat=9)
        with pytest.raises(IntegrityError, match="deviation_once_per_cause"), acting(RULES):
            _store_again(cause, second)

    def test_a_candidate_follows_what_is_corrected(self, universe: Any) -> None:
        universe.clinic().no_count(universe.responder, "D13", "first words")
        universe.clinic().no_count(universe.responder, "D13", "other words")
        assert raised(universe.responder)["DV-NO-COUNT"].endswith("other words")


def _store_again(cause: DeviationCause, record: FormRecord) -> None:
    record.save()
    DeviationCause.objects.create(record=record, rule=cause.rule, source=cause.source, occurred_on=cause.occurred_on, said="x")


class TestTheForm:
    def test_it_opens_filled_and_nothing_of_it_is_stored_yet(self, universe: Any, late: Any, client_of: Any) -> None:
        record = record_of(late, "DV-WINDOW")
        text = client_of(universe.clara).get(reverse("record", args=[record.pk])).content.decode()
        assert "1 day before its window" in text
        assert not Deviation.objects.exists()

    def test_the_coordinator_explains_and_only_an_investigator_grades(self, universe: Any, late: Any, client_of: Any) -> None:
        record = record_of(late, "DV-WINDOW")
        said = {"category": "window", "occurred_on": universe.today, "description": "Day 11.", **EXPLAINED}
        answer = client_of(universe.clara).post(
            reverse("record", args=[record.pk]),
            {**said, "occurred_on": f"{universe.today}", "grade": "minor", "record-version": "0"},
        )
        assert answer.status_code == 422
        assert "Only an investigator grades a deviation." in answer.content.decode()
        assert "The family came late." in answer.content.decode(), "nothing typed is lost"
        assert [f.item for f in universe.fill(record, universe.clara, **said).open_findings] == ["grade"]
        assert universe.fill(record, universe.ines, grade="minor").open_findings == []
        universe.fill(record, universe.clara, why="The bus did not run.")

    def test_a_critical_one_is_reported(self, universe: Any, late: Any) -> None:
        said = {"category": "window", "occurred_on": universe.today, "description": "x", **EXPLAINED}
        saved = universe.fill(record_of(late, "DV-WINDOW"), universe.ines, **said, grade="critical", reported="N")
        assert [finding.code for finding in saved.open_findings] == ["DEV01"]

    def test_a_day_before_screening_asks(self, universe: Any, late: Any) -> None:
        said = {"category": "window", "occurred_on": universe.today - timedelta(days=90), "description": "x", **EXPLAINED}
        saved = universe.fill(record_of(late, "DV-WINDOW"), universe.clara, **said)
        assert "DEV02" in {finding.code for finding in saved.open_findings}


class TestTheRegister:
    def test_it_shows_what_waits_and_narrows_to_a_child(self, universe: Any, late: Any, client_of: Any) -> None:
        client, url = client_of(universe.milo), reverse("deviations")
        text = client.get(url).content.decode()
        assert "To be explained" in text
        assert "DV-WINDOW" in text
        assert "No deviation is recorded." in client.get(url, {"participant": universe.foreign.number}).content.decode()
        assert "No deviation is recorded." in client.get(url, {"site": universe.s2.pk}).content.decode()
        assert "No deviation is recorded." in client_of(universe.otto).get(url).content.decode()

    def test_the_file_holds_the_same_lines(self, universe: Any, late: Any, client_of: Any) -> None:
        record = record_of(late, "DV-WINDOW")
        said = {"category": "window", "occurred_on": universe.today, "description": "Day 11.", **EXPLAINED}
        universe.fill(record, universe.ines, **said, grade="minor")
        answer = client_of(universe.milo).get(reverse("deviations-csv"), {"purpose": "monitoring"})
        [line] = csv.DictReader(io.StringIO(answer.content.decode()))
        assert (line["participant"], line["rule"], line["grade"], line["state"]) == (late.number, "DV-WINDOW", "Minor", "graded")
        assert line["occurred_on"] == universe.today.isoformat()


def test_the_table_names_checks_that_exist_and_each_only_once() -> None:
    known = {check.code for crf in crf_models() for check in crf.edit_checks}
    known |= {check.code for crf in crf_models() for row in crf.row_models for check in row.edit_checks}
    named = [rule.check for rule in TABLE if rule.check]
    assert set(named) <= known
    assert len(named) == len(set(named))
    assert len({rule.code for rule in TABLE}) == len(TABLE)
    assert all(rule.reference for rule in TABLE)


def test_the_days_between_doses_are_told_by_their_own_rule(universe: Any) -> None:
    """A late maintenance dose is one cause: R6 says it, the window of the visit is silent."""
    visit = universe.responder.visits.get(code="M1")
    visit.happened_on = visit.closes + timedelta(days=1)
    assert list(deviations._in_window(visit)) == []


def test_by_hand_anybody_who_enters_may_add_one(universe: Any) -> None:
    with pytest.raises(NotFilled):
        universe.clinic().log(universe.responder, "deviation", category="nonsense")
    universe.clinic().log(
        universe.responder, "deviation", category="other", occurred_on=universe.today, description="x", **EXPLAINED
    )
