"""A new version of the consent form: registered by the head of the site, asked for at the next visit (RQ-63)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.urls import reverse

from casebook.models import FormRecord
from demo.builder import Facts
from dosing.actions import end_treatment
from enrollment.reconsent import ask_again, register_consent_version
from itp_trial.refusal import Refused

pytestmark = pytest.mark.requirement("RQ-63")


def register(universe: Any, **changes: Any) -> Any:
    today = universe.today
    usual = {"site": universe.s1, "version": "3.0", "approved_on": today, "from_day": today, "reference": "REC-7",
             "asks_again": True, "by": universe.hana}  # fmt: skip
    return register_consent_version(**{**usual, **changes})


def tasks(universe: Any) -> list[tuple[str, str]]:
    found = FormRecord.objects.filter(form="re-consent").select_related("visit").order_by("participant__screening_number")
    return [(record.participant.number, record.visit.code) for record in found]


def test_each_child_of_the_site_that_takes_part_is_asked_at_its_next_visit(universe: Any) -> None:
    register(universe)
    assert tasks(universe) == [(universe.responder.number, "D13"), (universe.untreated.number, "LOAD")]


def test_a_version_that_changes_little_asks_nobody(universe: Any) -> None:
    register(universe, asks_again=False)
    assert tasks(universe) == []


def test_it_is_asked_at_the_first_visit_that_can_take_place_on_the_new_version(universe: Any) -> None:
    closes = universe.responder.visits.get(code="D13").closes
    register(universe, from_day=closes + timedelta(days=1))
    assert tasks(universe)[0] == (universe.responder.number, "M1")


def test_the_task_moves_on_where_its_visit_is_cancelled(universe: Any) -> None:
    child = universe.responder
    clinic = universe.clinic()
    clinic.count(child, "D13", universe.today, 80)
    register(universe)
    assert tasks(universe)[0] == (child.number, "M1")
    end_treatment(participant=child, reason="stable", by=universe.ines)
    child.refresh_from_db()
    ask_again(child, universe.ines)
    assert tasks(universe)[0] == (child.number, "FU14")


def test_who_has_consented_is_not_asked_again(universe: Any) -> None:
    register(universe)
    record = FormRecord.objects.get(form="re-consent", participant=universe.untreated)
    consent = universe.record(universe.untreated, "consent", "SCREEN").crf()
    answers = {name: getattr(consent, name) for name in consent.asked_items() if getattr(consent, name) is not None}
    universe.fill(record, universe.clara, **{**answers, "version": "3.0", "consented_at": f"{universe.today} 00:00"})
    assert ask_again(universe.untreated, universe.clara) is None
    assert len(tasks(universe)) == 2


def test_asking_twice_makes_one_task(universe: Any) -> None:
    register(universe)
    ask_again(universe.responder, universe.clara)
    register(universe, version="4.0")
    assert len(tasks(universe)) == 2


#: What is wrong with a registration -> what is said.
REFUSED = {
    "no version": ({"version": " "}, "give the version"),
    "no letter": ({"reference": ""}, "number of the committee"),
    "not approved yet": ({"approved_on": 1, "from_day": 2}, "lies in the future"),
    "used before it was approved": ({"from_day": -1}, "not used before it is approved"),
    "twice": ({"version": "2.0"}, "is registered at site 01 already"),
}


@pytest.mark.parametrize(("changes", "said"), REFUSED.values(), ids=REFUSED)
def test_registrations_that_are_refused(universe: Any, changes: dict[str, Any], said: str) -> None:
    days = {name: universe.today + timedelta(days=value) for name, value in changes.items() if isinstance(value, int)}
    with pytest.raises(Refused, match=said):
        register(universe, **{**changes, **days})


def test_the_page_lists_and_registers(universe: Any, client_of: Any) -> None:
    client, url = client_of(universe.hana), reverse("consent-versions")
    day = f"{universe.today:%d/%m/%Y}"
    posted = {
        "site": universe.s1.pk,
        "version": "3.0",
        "approved_on": day,
        "from_day": day,
        "reference": "REC-7",
        "asks_again": "Y",
    }
    assert "is registered. It is used from" in client.post(url, posted, follow=True).content.decode()
    assert "yes, at the next visit" in client.get(url).content.decode()
    assert "is not a full date" in client.post(url, {**posted, "from_day": "soon"}, follow=True).content.decode()
    assert "Register an approved version" not in client_of(universe.milo).get(url).content.decode()


def test_a_consent_on_an_old_version_asks(universe: Any) -> None:
    clinic = universe.clinic()
    child = clinic.start_screening(universe.today)
    register(universe, asks_again=False)
    saved = clinic.consent(child, universe.today, Facts())
    assert {f.code for f in saved.open_findings} == {"CON03"}
