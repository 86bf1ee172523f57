"""Mails about the clocks of serious events: to those who have to act, once a stage, while it is true, naming no child."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from assessments import actions, clocks, reminders
from assessments.models import SafetyReminder
from assessments.tasks import tell_of_safety_deadlines
from casebook.actions import add_log_record
from casebook.models import FormRecord
from delegation.actions import end_role

pytestmark = pytest.mark.requirement("RQ-64")

BEGAN = datetime(2026, 3, 5, 20, 0, tzinfo=clocks.CAIRO)  # a Thursday evening: nobody waits for Sunday
NOTICE, SITE = "EG-24H", "SITE-24H"


def hours(number: float) -> datetime:
    return BEGAN + timedelta(hours=number)


#: Rule, hours from its deadline -> whether it is told.
NEAR = {
    "hours, long before": (clocks.NOTICE, -6.1, False),
    "hours, near": (clocks.NOTICE, -6, True),
    "hours, past": (clocks.NOTICE, 1, True),
    "days, long before": (clocks.FULL, -48.1, False),
    "days, near": (clocks.FULL, -48, True),
}


@pytest.mark.parametrize(("rule", "away", "expected"), NEAR.values(), ids=NEAR)
def test_what_is_near(rule: clocks.Rule, away: float, expected: bool) -> None:
    assert clocks.is_near(rule, BEGAN, hours(away)) == expected


@pytest.fixture
def event(universe: Any) -> FormRecord:
    """Began at eight in the evening; the site knew an hour later."""
    return serious_event(universe)


def serious_event(universe: Any, **answers: Any) -> FormRecord:
    record = add_log_record(participant=universe.responder, form="adverse-event", by=universe.clara)
    with time_machine.travel(hours(2), tick=False):
        told = {"term": "Stiff neck", "coded_term": "nervous_other", "started_at": BEGAN, "aware_at": hours(1), "grade": 3,
                "ongoing": "Y", "serious": "Y", "death": "N", "life_threatening": "N", "hospitalised": "Y",
                "related": "PROBABLY RELATED", "expected": "Y", **answers}  # fmt: skip
        typed = {name: f"{v:%Y-%m-%d %H:%M %z}" if isinstance(v, datetime) else v for name, v in told.items()}
        universe.fill(record, universe.clara, **typed)
    return FormRecord.objects.get(pk=record.pk)


def look(moment: datetime) -> None:
    with time_machine.travel(moment, tick=False):
        tell_of_safety_deadlines()


def told() -> set[tuple[str, str, str]]:
    return set(SafetyReminder.objects.filter(state=SafetyReminder.State.SENT).values_list("recipient__username", "duty", "kind"))


def test_near_then_overdue_once_each_to_the_investigators_of_the_site_and_the_safety_contact(
    universe: Any, event: FormRecord, mailoutbox: list[Any]
) -> None:
    look(hours(17.9))
    assert mailoutbox == []
    people = {"ines", "hana", "sami"}
    for moment in (18, 18.1, 19.5, 19.6):  # the notice at 18 h, the site's report, which began an hour later, at 19 h
        look(hours(moment))
    assert told() == {(who, duty, "due") for who in people for duty in (NOTICE, SITE)}
    assert len(mailoutbox) == 6, "one mail per person and stage, however often it looks"
    for moment in (24, 24.1, 24.2, 30):
        look(hours(moment))
    assert told() == {(who, duty, kind) for who in people for duty in (NOTICE, SITE) for kind in ("due", "overdue")}
    assert len(mailoutbox) == 12


def test_the_mail_names_the_child_by_number_and_says_nothing_clinical(
    universe: Any, event: FormRecord, mailoutbox: list[Any], settings: Any
) -> None:
    look(hours(18))
    mail = next(mail for mail in mailoutbox if mail.to == [universe.sami.email])
    assert mail.subject == "ITP Trial: safety deadlines"
    heading, line, empty, link = mail.body.rstrip().split("\n")
    assert (heading, empty, link) == ("Due soon (1)", "", f"Safety: {settings.SITE_URL}/safety/")
    assert line == (
        f"- {universe.responder.number}  Adverse event: Notice, with the protective measures taken, to Sponsor, Ethics committee"
        " of the institution, Egyptian Drug Authority (EDA), Supreme Council: due today 20:00 Cairo, in 6 h 0 min"
    )
    assert not re.search("neck|nervous|grade|Amal", mail.body)


def test_what_was_told_meanwhile_is_not_asked_for(universe: Any, event: FormRecord, mailoutbox: list[Any]) -> None:
    with time_machine.travel(hours(18), tick=False):
        reminders.sweep(timezone.now())
    duties = [f"{NOTICE}:{body}" for body in clocks.ALL]
    actions.note_notification(event=event, duties=duties, sent_at=hours(3), way="email", proof="EDA-17", report=None,
                              by=universe.clara)  # fmt: skip
    look(hours(18))
    assert mailoutbox == []
    assert set(SafetyReminder.objects.values_list("state", flat=True)) == {SafetyReminder.State.CANCELLED}


def test_a_role_that_ended_and_an_event_that_is_not_serious_tell_nobody(universe: Any, mailoutbox: list[Any]) -> None:
    event = serious_event(universe, serious="N")
    look(hours(7 * 24 + 5))
    assert mailoutbox == [], "not serious"
    universe.fill(event, universe.clara, serious="Y")
    with time_machine.travel(hours(30), tick=False):
        reminders.sweep(timezone.now())
    end_role(assignment=universe.ines.assignments.get(), ends=timezone.localdate(hours(-48)), by=universe.adam)
    look(hours(30))
    assert [mail.to[0] for mail in mailoutbox if mail.to == [universe.ines.email]] == []
    assert universe.sami.email in {mail.to[0] for mail in mailoutbox}


def test_a_corrected_time_is_another_deadline(universe: Any, event: FormRecord, mailoutbox: list[Any]) -> None:
    look(hours(18))
    universe.fill(event, universe.clara, started_at=f"{hours(-1):%Y-%m-%d %H:%M %z}")
    look(hours(18))
    due = SafetyReminder.objects.filter(duty=NOTICE, recipient=universe.sami).values_list("due_at", flat=True)
    assert sorted(due) == [hours(23), hours(24)]


def test_the_number_of_queries_does_not_depend_on_the_events(universe: Any, event: FormRecord, mailoutbox: list[Any]) -> None:
    sizes = []
    for more in (0, 4):
        SafetyReminder.objects.all().delete()
        for _ in range(more):
            serious_event(universe)
        with CaptureQueriesContext(connection) as captured:
            look(hours(30))
        sizes.append(len(captured))
    assert sizes[0] == sizes[1]
