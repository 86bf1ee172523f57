"""Findings: opened by the data, cured by the data, confirmed by a person with a reason, never closed by themselves."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest
from django.db import IntegrityError
from django.urls import reverse

from casebook.actions import add_log_record, confirm_finding
from casebook.models import Finding, FormRecord, Participant
from casebook.selectors import open_work, to_answer
from itp_trial.actor import System, acting
from itp_trial.refusal import Refused
from responses.models import ResponseSummary
from tests.casebook.test_saving import count


@pytest.fixture
def day(universe: Any) -> date:
    return universe.untreated.enrolled_on


@pytest.fixture
def record(universe: Any, day: date) -> FormRecord:
    """A stored count with an unusual haemoglobin and no word about bleeding."""
    found = universe.record(universe.untreated, "blood-count", "LOAD")
    universe.fill(found, universe.clara, **{**count(day), "haemoglobin": "7", "bleeding": ""})
    return found


def states(record: FormRecord) -> list[tuple[str, str, str]]:
    return list(record.findings.order_by("pk").values_list("code", "item", "state"))


RANGE, MISSING = ("RANGE", "haemoglobin"), ("MISSING", "bleeding")


@pytest.mark.requirement("RQ-52")
def test_they_are_opened(record: FormRecord) -> None:
    assert sorted(states(record)) == [(*MISSING, "open"), (*RANGE, "open")]


def test_they_say_what_is_unusual(record: FormRecord) -> None:
    finding = record.findings.get(code="RANGE")
    assert finding.message == "7 g/dL is unusual (expected 9 to 15). Correct it, or confirm it."
    assert finding.value == "7"
    assert str(finding).endswith(finding.message)


def test_corrected_data_cure_them(universe: Any, record: FormRecord) -> None:
    universe.fill(record, universe.clara, haemoglobin="11", bleeding="0")
    assert {state for _, _, state in states(record)} == {"cured"}
    assert all(finding.settled_at and not finding.settled_by for finding in record.findings.all())


def test_a_reason_cures_a_missing_answer(universe: Any, record: FormRecord) -> None:
    universe.fill(record, universe.clara, bleeding="~UNK")
    assert (*MISSING, "cured") in states(record)


def test_saving_again_opens_them_only_once(universe: Any, record: FormRecord) -> None:
    for platelets in (80, 81, 82):
        universe.fill(record, universe.clara, platelets=platelets)
    assert len(states(record)) == 2


def test_another_unusual_value_is_another_question(universe: Any, record: FormRecord) -> None:
    universe.fill(record, universe.clara, haemoglobin="6")
    assert [s for s in states(record) if s[0] == "RANGE"] == [(*RANGE, "cured"), (*RANGE, "open")]


class TestConfirming:
    def confirmed(self, universe: Any, record: FormRecord) -> Finding:
        finding = record.findings.get(code="RANGE", state="open")
        return confirm_finding(finding=finding, explanation=" Same in the source ", by=universe.clara)

    def test_a_person_confirms_with_a_reason(self, universe: Any, record: FormRecord) -> None:
        finding = self.confirmed(universe, record)
        assert (finding.state, finding.settled_by, finding.explanation) == ("confirmed", universe.clara, "Same in the source")

    def test_it_stays_confirmed_as_long_as_the_value_stays(self, universe: Any, record: FormRecord) -> None:
        self.confirmed(universe, record)
        universe.fill(record, universe.clara, platelets=80)
        assert (*RANGE, "confirmed") in states(record)
        assert (*RANGE, "open") not in states(record)

    def test_a_changed_value_asks_again(self, universe: Any, record: FormRecord) -> None:
        """The explanation was about another number."""
        self.confirmed(universe, record)
        universe.fill(record, universe.clara, haemoglobin="6")
        assert (*RANGE, "open") in states(record)

    @pytest.mark.parametrize("explanation", ["", "   "])
    def test_not_without_a_reason(self, universe: Any, record: FormRecord, explanation: str) -> None:
        with pytest.raises(Refused, match="say why the value is correct"):
            confirm_finding(finding=record.findings.get(code="RANGE"), explanation=explanation, by=universe.clara)

    def test_a_missing_answer_is_not_confirmed_away(self, universe: Any, record: FormRecord) -> None:
        with pytest.raises(Refused, match="A missing answer is settled in the form"):
            confirm_finding(finding=record.findings.get(code="MISSING"), explanation="so what", by=universe.clara)

    def test_the_first_one_counts(self, universe: Any, record: FormRecord) -> None:
        finding = self.confirmed(universe, record)
        again = confirm_finding(finding=finding, explanation="something else", by=universe.ines)
        assert (again.settled_by, again.explanation) == (universe.clara, "Same in the source")

    def test_the_database_wants_a_name_and_a_reason_too(self, universe: Any, record: FormRecord) -> None:
        with pytest.raises(IntegrityError, match="confirmed_by_someone_with_reason"), acting(System("test")):
            record.findings.filter(code="RANGE").update(state="confirmed")

    def test_a_disputed_count_decides_nothing_until_it_is_confirmed(self, universe: Any) -> None:
        """R8: the classification follows the confirmation at once."""
        child = universe.responder
        universe.fill(universe.record(child, "blood-count", "D3"), universe.clara, platelets="1600")
        before = ResponseSummary.objects.get(participant=child).input_digest
        for finding in Finding.objects.filter(record__participant=child, state="open", item="platelets"):
            confirm_finding(finding=finding, explanation="Repeated and confirmed", by=universe.clara)
        assert ResponseSummary.objects.get(participant=child).input_digest != before


def test_what_waits_stands_on_the_work_list(universe: Any, record: FormRecord, client_of: Any) -> None:
    """What is missing stands in one lane, what is asked in the other, for those who may answer."""
    children = Participant.objects.filter(pk=universe.untreated.pk)
    [waiting] = open_work(children).filter(pk=record.pk)
    assert waiting.gaps == 1
    [asked] = to_answer(children)
    assert (asked.record, asked.first.code, asked.more) == (record, "RANGE", 0)
    for person, answers in ((universe.clara, True), (universe.milo, False)):
        page = client_of(person).get(reverse("work-list")).content.decode()
        assert "1 missing" in page
        assert (asked.first.message in page, "No question waits for your answer" in page) == (answers, not answers)


def test_safety_is_asked_first_then_what_decides(universe: Any, record: FormRecord) -> None:
    """The same question of an adverse event, of a critical item, and of another one that was asked before both."""

    def ask(record: FormRecord, item: str, hour: int) -> Finding:
        return Finding.objects.create(record=record, code="ASKED", item=item, message=item,
                                      raised_at=datetime(2026, 3, 5, hour, tzinfo=UTC))  # fmt: skip

    event = add_log_record(participant=universe.untreated, form="adverse-event", by=universe.clara)
    with acting(System("test")):
        record.findings.update(state="cured")
        for asked, item, hour in ((record, "leukocytes", 8), (record, "platelets", 9), (event, "treatment", 10)):
            ask(asked, item, hour)
    found = to_answer(Participant.objects.filter(pk=universe.untreated.pk))
    assert [[finding.item for finding in asked.findings] for asked in found] == [["treatment"], ["platelets", "leukocytes"]]


def test_one_living_finding_for_each_question(universe: Any, record: FormRecord) -> None:
    with pytest.raises(IntegrityError, match="finding_live_once"), acting(System("test")):
        Finding.objects.create(record=record, code="RANGE", item="haemoglobin", message="again")
