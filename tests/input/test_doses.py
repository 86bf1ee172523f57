"""Doses that must not be: without consent, before enrolment, a seventh one, a second one at the same visit."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from casebook.models import FormRecord, Visit
from itp_trial.actor import System, acting
from itp_trial.protocol import value
from itp_trial.schedule import VISITS, dose_visit
from tests.input.conftest import Desk, at
from tests.strategies import as_posted


@pytest.fixture
def infusion(universe: Any, desk_of: Any) -> Desk:
    return desk_of(universe.clara, universe.record(universe.untreated, "infusion", "LOAD"))


def dose(day: date, **more: str) -> dict[str, str]:
    usual = {"weight_kg": "18", "weight_on": f"{day:%d/%m/%Y}", "started_at": at(day, "00:10"), "stopped_at": at(day, "00:40")}
    return {"record-version": "0", "bags-count": "0", **usual, **more}


#: The answers that do not fit together -> the item that says so, and how.
IMPOSSIBLE = {
    "stopped before it started": ({"stopped_at": "00:05"}, "started_at", "stopped before it started"),
    "weighed after it started": ({"weight_on": 1}, "weight_on", "The weight was taken after"),
    "a year between start and stop": ({"started_at": -365}, "", "“Duration” would be"),
}


@pytest.mark.parametrize(("change", "item", "message"), IMPOSSIBLE.values(), ids=IMPOSSIBLE)
def test_times_that_cannot_be(infusion: Desk, day: date, change: dict[str, Any], item: str, message: str) -> None:
    """Also where a slip of the pen would make a computed value larger than its column: words, not an error page."""
    posted = dose(day)
    for name, slip in change.items():
        moved = day + timedelta(days=slip) if isinstance(slip, int) else day
        posted[name] = f"{moved:%d/%m/%Y}" if name == "weight_on" else at(moved, slip if isinstance(slip, str) else "00:10")
    answer = infusion.post(posted)
    assert answer.status_code == 422
    assert message in " ".join(answer.context["form"].errors[item])
    assert infusion.record.version == 0


def test_a_rate_larger_than_its_column_is_said_in_words(universe: Any, infusion: Desk, day: date) -> None:
    from dosing.crfs import Bag

    bag = Bag.objects.filter(crf__record__site=universe.s1, given=None).order_by("-volume_ml").first()
    row = {"bags-count": "1", "bags-0-bag": str(bag.pk), "bags-0-volume_ml": "100", "weight_kg": "5"}
    answer = infusion.post(dose(day, stopped_at=at(day, "00:11"), **row))
    assert answer.status_code == 422
    assert "“Mean rate” would be 1,200 mL/kg/h" in " ".join(answer.context["form"].errors[""])


def test_no_dose_before_consent(universe: Any, infusion: Desk, day: date) -> None:
    before = day - timedelta(days=30)
    answer = infusion.post(dose(before))
    assert answer.status_code == 422
    assert "A dose must not be given without consent." in " ".join(answer.context["form"].errors["started_at"])
    assert infusion.record.version == 0
    assert infusion.typed(answer, "weight_kg") == "18"


def test_no_dose_before_consent_by_api_either(infusion: Desk, day: date) -> None:
    before = day - timedelta(days=30)
    answers = {n: t for n, t in dose(before).items() if n not in ("record-version", "bags-count")}
    answer = infusion.put(**answers)
    assert answer.status_code == 422
    assert "without consent" in answer.json()["errors"]["started_at"][0]


def test_consent_taken_back_stops_the_next_dose(universe: Any, infusion: Desk, desk_of: Any, day: date) -> None:
    """A consent that becomes incomplete counts no longer, whatever was answered before."""
    consent = desk_of(universe.clara, universe.record(universe.untreated, "consent", "SCREEN"))
    posted = as_posted(consent.client.get(consent.url).context["form"])
    assert consent.post({**posted, "mother": "refused", "change-reason": "source"}).status_code == 302
    answer = infusion.post(dose(day))
    assert "without consent" in " ".join(answer.context["form"].errors["started_at"])


def test_no_dose_for_a_child_that_is_not_enrolled(universe: Any, desk_of: Any, day: date) -> None:
    visit = Visit(participant=universe.screening, code="LOAD", target=day, opens=day, closes=day)
    with acting(System("test")):
        visit.save()
        record = FormRecord.objects.create(site=universe.s1, participant=universe.screening, visit=visit, form="infusion")
    desk = desk_of(universe.clara, record)
    answer = desk.post(dose(day))
    assert "not enrolled" in " ".join(answer.context["form"].errors[""])
    assert desk.record.version == 0


def test_no_maintenance_dose_before_the_loading_dose(universe: Any, desk_of: Any, day: date) -> None:
    with acting(System("test")):
        visit = Visit.objects.create(participant=universe.untreated, code="M1", target=day, opens=day, closes=day)
        record = FormRecord.objects.create(site=universe.s1, participant=universe.untreated, visit=visit, form="infusion")
    desk = desk_of(universe.clara, record)
    answer = desk.post(dose(day))
    assert "no loading dose before this maintenance dose" in " ".join(answer.context["form"].errors[""])


# --- the database says no, whoever asks ------------------------------------------------------------------------------


@pytest.mark.row("C5")
def test_the_schedule_knows_six_doses() -> None:
    doses = [plan for plan in VISITS.values() if "infusion" in plan.forms]
    assert len(doses) == 1 + value("MAX_MAINT") == 6
    with pytest.raises(KeyError):
        dose_visit(6)


def in_the_database(participant: Any, today: date, **change: Any) -> None:
    values = {"participant": participant, "code": "UNS", "repeat": 1, "target": today, "opens": today, "closes": today}
    with transaction.atomic(), acting(System("test")):
        Visit.objects.create(**{**values, **change})


#: A visit that must not be -> the constraint that refuses it.
FORBIDDEN_VISITS = {
    "a seventh dose": ({"code": "M6"}, "visit_of_the_schedule"),
    "a visit of no schedule": ({"code": "XYZ"}, "visit_of_the_schedule"),
    "the loading dose again": ({"code": "LOAD", "repeat": 2}, "visit_repeats_where_planned"),
    "the same visit twice": ({"code": "LOAD"}, "visit_once"),
    "a window that closes before it opens": ({"repeat": 9, "opens": date(2031, 1, 1)}, "visit_window"),
}


@pytest.mark.row("C5")
@pytest.mark.parametrize(("change", "constraint"), FORBIDDEN_VISITS.values(), ids=FORBIDDEN_VISITS)
def test_visits_that_must_not_be(universe: Any, change: dict[str, Any], constraint: str) -> None:
    with pytest.raises(IntegrityError, match=constraint):
        in_the_database(universe.responder, universe.today, **change)


@pytest.mark.row("C5")
@pytest.mark.parametrize(("repeat", "constraint"), [(1, "record_once"), (2, "record_not_twice_a_visit")])
def test_a_second_infusion_at_a_visit_must_not_be(universe: Any, repeat: int, constraint: str) -> None:
    first = universe.record(universe.untreated, "infusion", "LOAD")
    with pytest.raises(IntegrityError, match=constraint), acting(System("test")):
        FormRecord.objects.create(
            site=first.site, participant=first.participant, visit=first.visit, form="infusion", repeat=repeat
        )


def test_an_unscheduled_visit_takes_no_infusion(universe: Any) -> None:
    from casebook.actions import add_unscheduled_visit
    from itp_trial.refusal import Refused

    with pytest.raises(Refused, match="Not a form of an unscheduled visit: infusion"):
        add_unscheduled_visit(participant=universe.responder, on=universe.today, forms=["infusion"], by=universe.clara)
