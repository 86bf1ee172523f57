"""The proposal for the next dose: from stored forms to a day, a reason, grams and mL."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from casebook.models import Participant
from enrollment.actions import end_participation
from responses.classification import classify
from responses.course import dossiers
from responses.next_dose import NO_REASON, NextDose, ended_reason, next_dose


def card(participant: Participant, today: date, reason: str = "") -> NextDose:
    [dossier] = dossiers([Participant.objects.get(pk=participant.pk)], today)
    return next_dose(dossier, classify(dossier.course), today, reason)


def day(universe: Any, number: int) -> date:
    return universe.today - timedelta(days=11 - number)


def test_before_the_first_decision_day_there_is_no_proposal(universe: Any) -> None:
    found = card(universe.responder, day(universe, 10))
    assert found.name == "Maintenance dose 1"
    assert found.proposal is not None
    assert (found.proposal.state, found.proposal.due) == ("no proposal: too early", None)


def test_the_count_proposes_the_day(universe: Any) -> None:
    universe.clinic().extra_count(universe.responder, day(universe, 11), 70)
    found = card(universe.responder, day(universe, 14))
    assert found.proposal is not None
    assert found.proposal.due == day(universe, 21)
    assert "Count 70 ×10⁹/L" in found.proposal.reasons[0].text


def test_bleeding_since_the_last_dose_asks_for_the_short_interval(universe: Any) -> None:
    on = day(universe, 11)
    universe.clinic().extra_count(universe.responder, on, 70, bleeding="2")
    found = card(universe.responder, day(universe, 13))
    assert found.proposal is not None
    assert found.proposal.due == day(universe, 14)
    assert "Bleeding of grade 2" in found.proposal.reasons[0].text


def test_a_count_in_the_washout_of_a_rescue_does_not_decide(universe: Any) -> None:
    clinic, on = universe.clinic(), day(universe, 11)
    clinic.extra_count(universe.responder, on, 70)
    clinic.log(universe.responder, "rescue", kind="ivig", started_on=on, ongoing="N", ended_on=on, dose="1 g/kg", why="Fall")
    found = card(universe.responder, day(universe, 14))
    assert found.proposal is not None
    assert found.proposal.state == "no proposal: count missing"


def test_the_dose_in_grams_and_ml_for_the_latest_weight_with_its_age(universe: Any) -> None:
    found = card(universe.responder, universe.today)
    assert (found.grams, found.g_per_kg) == (Decimal(9), Decimal("0.5"))
    assert found.weight is not None
    assert (found.weight.kg, found.weight.age_d, found.weight.too_old) == (18, 11, True)
    [supply] = found.supplies
    assert supply.ml == 200, "9 g at 45 g/L"


def test_the_lots_of_another_site_are_not_offered(universe: Any) -> None:
    assert [supply.lot.lot_number for supply in card(universe.responder, universe.today).supplies] == ["MP-01-1"]


def test_after_the_end_there_is_no_dose_and_no_lot(universe: Any) -> None:
    found = card(universe.responder, universe.today, "Remission")
    assert (found.is_wanted, found.grams, found.supplies) == (False, None, ())


def test_the_reason_of_the_end_is_found(universe: Any) -> None:
    child = universe.responder
    assert ended_reason(child, []) == ""
    end_participation(participant=child, state="withdrawn", reason="Moved away", by=universe.ines, on=universe.today)
    assert ended_reason(child, ["Withdrawn: Moved away"]) == "Moved away"
    assert ended_reason(child, ["End of treatment: Remission"]) == "Remission"
    assert ended_reason(Participant(state=Participant.State.FOLLOW_UP), []) == NO_REASON
