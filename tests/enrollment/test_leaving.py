"""How children leave, and how a wrong end is taken back."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from django.urls import reverse
from django.utils import timezone

from casebook.actions import add_log_record
from casebook.models import FormRecord, Participant
from demo.builder import NotFilled, at
from dosing.actions import end_treatment
from enrollment import actions
from itp_trial.refusal import Refused

WITHDRAWN = {"by_whom": "both", "treatment": "Y", "follow_up": "N", "data_use": "N", "samples": "N", "informed": "Y"}


def withdraw(universe: Any, child: Participant, on: date, **answers: Any) -> Any:
    record = add_log_record(participant=child, form="withdrawal", by=universe.clara)
    return universe.fill(record, universe.clara, withdrawn_on=on, **{**WITHDRAWN, **answers})


def codes(saved: Any) -> set[str]:
    return {finding.code for finding in saved.open_findings}


@pytest.mark.requirement("RQ-39")
def test_after_treatment_is_withdrawn_no_dose_is_given(universe: Any) -> None:
    """A family may stop the infusions and go on with the visits; the next dose is refused, what was given before is not."""
    child, today = universe.untreated, universe.today
    withdraw(universe, child, today - timedelta(days=1))
    record = universe.record(child, "infusion", "LOAD")
    with pytest.raises(NotFilled, match="must not be given without consent"):
        universe.fill(record, universe.clara, weight_kg=20, weight_on=today, started_at=at(today, 0))
    assert actions.has_valid_consent(record, timezone.now() - timedelta(days=1, hours=2))


#: Answers of the withdrawal -> the checks that ask.
ASKED = {
    "treatment only": ({}, {"WDR03"}),
    "follow-up too": ({"follow_up": "Y"}, {"WDR03", "WDR04"}),
    "data only": ({"treatment": "N", "data_use": "Y"}, set()),
    "nothing": ({"treatment": "N"}, {"WDR01"}),
    "not told": ({"treatment": "N", "samples": "Y", "informed": "N"}, {"WDR02"}),
}


@pytest.mark.parametrize(("answers", "asked"), ASKED.values(), ids=ASKED)
def test_what_a_withdrawal_still_asks_for(universe: Any, answers: dict[str, Any], asked: set[str]) -> None:
    assert codes(withdraw(universe, universe.responder, universe.today, **answers)) == asked


def test_the_end_asks_for_the_form_of_the_end(universe: Any) -> None:
    child = actions.end_participation(participant=universe.responder, state="lost", reason="no answer", by=universe.clara)
    record = FormRecord.objects.get(participant=child, form="end-of-study")
    saved = universe.fill(record, universe.clara, cause="unreachable", last_contact_on=universe.today, attempts=4,
                          care_arranged="N", events_followed="~NA")  # fmt: skip
    assert codes(saved) == set()


class TestTakingBack:
    def test_a_child_on_treatment_goes_on_where_it_stood(self, universe: Any) -> None:
        child = universe.responder
        before = list(child.visits.values_list("code", "cancelled", "opens", "closes"))
        actions.end_participation(participant=child, state="withdrawn", reason="moved", by=universe.clara)
        actions.take_back_end(participant=child, reason="It was another child.", by=universe.clara)
        child.refresh_from_db()
        assert (child.state, child.ended_on, child.end_reason) == ("treatment", None, "")
        assert list(child.visits.values_list("code", "cancelled", "opens", "closes")) == before
        assert not FormRecord.objects.filter(participant=child, form="end-of-study").exists()
        assert FormRecord.everything.filter(participant=child, form="end-of-study").exists(), "it stays in the casebook's trail"

    def test_a_child_in_follow_up_goes_back_there_and_its_doses_stay_cancelled(self, universe: Any) -> None:
        child = universe.responder
        end_treatment(participant=child, reason="stable", by=universe.ines)
        child.refresh_from_db()
        actions.end_participation(participant=child, state="lost", reason="no answer", by=universe.clara)
        actions.take_back_end(participant=child, reason="The family came back.", by=universe.clara)
        assert child.state == "follow_up"
        assert child.visits.get(code="M1").cancelled == "End of treatment: stable"
        assert child.visits.get(code="FU1").cancelled == ""

    def test_it_needs_a_reason_and_an_end(self, universe: Any) -> None:
        with pytest.raises(Refused, match="takes part: on treatment"):
            actions.take_back_end(participant=universe.responder, reason="x", by=universe.clara)
        with pytest.raises(Refused, match="say why"):
            actions.take_back_end(participant=universe.responder, reason=" ", by=universe.clara)

    def test_the_page(self, universe: Any, client_of: Any) -> None:
        client, child = client_of(universe.clara), universe.responder
        url = reverse("take-back-end", args=[child.pk])
        assert "There is no end to take back" in client.get(url).content.decode()
        actions.end_participation(participant=child, state="lost", reason="no answer", by=universe.clara)
        assert url in client.get(reverse("visits", args=[child.pk])).content.decode()
        assert "no answer" in client.get(url).content.decode()
        answer = client.post(url, {"reason": "they came back"}, follow=True)
        assert "takes part again: on treatment" in answer.content.decode()


class TestDeath:
    def death(self, universe: Any, on: date) -> Any:
        record = add_log_record(participant=universe.responder, form="death", by=universe.clara)
        return universe.fill(record, universe.clara, died_on=on, cause="unknown", cause_text="Not known", certificate="N",
                             autopsy="N")  # fmt: skip

    def test_it_asks_for_the_end_and_comes_after_every_visit(self, universe: Any) -> None:
        with pytest.raises(NotFilled, match="after this day"):
            self.death(universe, universe.today - timedelta(days=9))
        assert codes(self.death(universe, universe.today)) == {"DTH01"}

    def test_it_reaches_the_classification(self, universe: Any) -> None:
        from responses.course import dossiers

        self.death(universe, universe.today)
        [found] = dossiers([universe.responder], universe.today)
        assert found.course.death == universe.today
