"""The planned day of a visit: beside the target, inside the window or with the reason, never in the past."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.urls import reverse

from casebook.actions import plan_visits
from casebook.planning import plan_date
from enrollment.actions import end_participation
from itp_trial.refusal import Refused
from itp_trial.schedule import VISITS


def visit_of(universe: Any, code: str = "M1") -> Any:
    return universe.responder.visits.get(code=code)


def test_a_day_in_the_window_needs_no_reason(universe: Any) -> None:
    visit = visit_of(universe)
    assert plan_date(visit=visit, on=visit.closes, reason="", by=universe.clara).planned_on == visit.closes


def test_a_day_outside_needs_one(universe: Any) -> None:
    visit = visit_of(universe)
    late = visit.closes + timedelta(days=1)
    with pytest.raises(Refused, match="lies outside the window of Maintenance dose 1"):
        plan_date(visit=visit, on=late, reason=" ", by=universe.clara)
    plan_date(visit=visit, on=late, reason="The family travels.", by=universe.clara)
    assert visit_of(universe).planned_why == "The family travels."


def test_a_plan_can_be_taken_away(universe: Any) -> None:
    visit = visit_of(universe)
    plan_date(visit=visit, on=visit.closes, reason="", by=universe.clara)
    assert plan_date(visit=visit, on=None, reason="x", by=universe.clara).planned_on is None
    assert visit_of(universe).planned_why == ""


def test_what_cannot_be_planned(universe: Any) -> None:
    with pytest.raises(Refused, match="has gone by"):
        plan_date(visit=visit_of(universe), on=universe.today - timedelta(days=1), reason="x", by=universe.clara)
    with pytest.raises(Refused, match="took place on"):
        plan_date(visit=visit_of(universe, "LOAD"), on=universe.today, reason="x", by=universe.clara)
    end_participation(participant=universe.responder, state="lost", reason="x", by=universe.clara)
    with pytest.raises(Refused, match="no longer needed"):
        plan_date(visit=visit_of(universe), on=universe.today, reason="x", by=universe.clara)


def test_a_window_that_moves_away_takes_the_plan_with_it(universe: Any) -> None:
    """Windows hang on the actual infusion: a day that was agreed for another window is agreed anew."""
    visit = visit_of(universe)
    anchor = visit.target - timedelta(days=21)
    plan_date(visit=visit, on=visit.closes, reason="", by=universe.clara)
    plan = {"participant": universe.responder, "plans": [VISITS["M1"]], "by": universe.clara}
    plan_visits(**plan, anchor=anchor + timedelta(days=1))
    assert visit_of(universe).planned_on == visit.closes
    plan_visits(**plan, anchor=anchor - timedelta(days=3))
    assert visit_of(universe).planned_on is None


def test_the_page_shows_the_three_days_side_by_side(universe: Any, client_of: Any) -> None:
    client, visit = client_of(universe.clara), visit_of(universe)
    url = reverse("plan-visit", args=[visit.pk])
    assert "is not a full date" in client.post(url, {"on": "soon"}, follow=True).content.decode()
    text = client.post(url, {"on": f"{visit.closes:%d/%m/%Y}"}, follow=True).content.decode()
    assert text.count("<dt>Target</dt>") == text.count("<dt>Planned</dt>") == text.count("<dt>Took place</dt>") > 3
    assert f'value="{visit.closes:%d %b %Y}"' in text
    assert "outside the window</span>" not in text


def test_a_visit_outside_its_window_is_marked(universe: Any, client_of: Any) -> None:
    universe.clinic().count(universe.responder, "D13", universe.today, 50)  # day 11: one day early
    text = client_of(universe.clara).get(reverse("visits", args=[universe.responder.pk])).content.decode()
    assert text.count("outside the window</span>") == 1
