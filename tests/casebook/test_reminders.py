"""Reminders: told once, to the right people, only what is still true, and never with patient data (reliability.md 2.7)."""

import re
import smtplib
import threading
import time
from collections import Counter
from datetime import UTC, date, datetime, timedelta

import pytest
import time_machine
from django.core.mail import EmailMessage
from django.db import connection, connections
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from casebook import outbox, reminders
from casebook.actions import plan_visits
from casebook.models import Participant, Reminder, Visit
from casebook.tasks import drain_outbox, send_visit_digests
from delegation.actions import end_role
from demo.people import BUILDER
from enrollment.actions import end_participation
from itp_trial.actor import acting
from itp_trial.normalise import CAIRO
from itp_trial.schedule import VISITS

State = Reminder.State
LINE = re.compile(r"- (S?\d\d-\d{3}(-[A-Z2-9])?)  [A-Z][a-z0-9 -]+: .*\d{4}(, \d+ days? late)?")


def _next_morning(today):
    """06:00 in Cairo on today's date, or on Sunday where it is the weekend."""
    while today.weekday() in reminders.WEEKEND:
        today += timedelta(days=1)
    return datetime(today.year, today.month, today.day, 6, tzinfo=CAIRO)


@pytest.fixture
def clock(universe):
    with time_machine.travel(_next_morning(universe.today), tick=False) as traveller:
        yield traveller


@pytest.fixture
def mail_fails(monkeypatch):
    """The mail server hangs up, and its message holds an address; ``undo()`` repairs it."""

    def fail(self, *args, **kwargs):
        raise smtplib.SMTPServerDisconnected("closed while talking to clara@example.org")

    with monkeypatch.context() as patch:
        patch.setattr(EmailMessage, "send", fail)
        yield patch


def told():
    """Who was written a row about which child's visit, and how."""
    rows = Reminder.objects.select_related("visit__participant", "recipient")
    return {(row.recipient.username, row.visit.participant.number, row.visit.code, row.kind) for row in rows}


def states():
    return set(Reminder.objects.values_list("state", flat=True))


def mail_to(outbox, user):
    return [mail for mail in outbox if mail.to == [user.email]]


# --- what is told to whom --------------------------------------------------------------------------------------------


def test_due_and_overdue_visits_are_told_to_the_coordinator_of_the_site(universe, clock):
    reminders.sweep(timezone.localdate())
    assert ("clara", universe.untreated.number, "LOAD", "due") in told()
    assert ("clara", universe.screening.number, "SCREEN", "due") in told()
    assert ("otto", universe.foreign.number, "D13", "overdue") in told()
    assert ("otto", universe.foreign.number, "M1", "due") in told()
    assert {username for username, *_ in told()} == {"clara", "otto"}


def test_each_coordinator_gets_one_mail_and_only_about_their_own_site(universe, clock, mailoutbox):
    send_visit_digests()
    assert Counter(mail.to[0] for mail in mailoutbox) == {universe.clara.email: 1, universe.otto.email: 1}
    [to_clara], [to_otto] = mail_to(mailoutbox, universe.clara), mail_to(mailoutbox, universe.otto)
    assert universe.untreated.number in to_clara.body
    assert universe.foreign.number not in to_clara.body
    assert set(re.findall(r"S?(\d\d)-\d{3}", to_clara.body)) == {"01"}
    assert set(re.findall(r"S?(\d\d)-\d{3}", to_otto.body)) == {"02"}


def test_the_mail_holds_numbers_titles_dates_and_the_link_and_nothing_else(universe, clock, mailoutbox, settings):
    settings.SITE_URL = "https://trial.example"
    send_visit_digests()
    for mail in mailoutbox:
        lines = [line for line in mail.body.splitlines() if line]
        rest = [line for line in lines if not LINE.fullmatch(line)]
        assert [re.sub(r"\d+", "n", line) for line in rest[:-1]] in (["Due (n)"], ["Overdue (n)", "Due (n)"])
        assert rest[-1] == "Work list: https://trial.example/worklist/"
        assert mail.subject == "ITP Trial: visits due and overdue"
        assert mail.extra_headers["Message-ID"].endswith("@trial.example>")


def test_an_overdue_line_says_how_late(universe, clock, mailoutbox):
    send_visit_digests()
    visit = Visit.objects.get(participant=universe.foreign, code="D13")
    late = (timezone.localdate() - visit.closes).days
    assert f"Count day 12-14: until {visit.closes:%d %b %Y}, {late} days late" in mail_to(mailoutbox, universe.otto)[0].body


def test_a_role_that_ended_a_closed_account_and_other_roles_get_nothing(universe, clock, mailoutbox):
    assignment = universe.clara.assignments.get()
    end_role(assignment=assignment, ends=timezone.localdate() - timedelta(days=1), by=universe.adam)
    with acting(BUILDER):
        type(universe.otto).objects.filter(pk=universe.otto.pk).update(is_active=False)
    send_visit_digests()
    assert (told(), mailoutbox) == (set(), [])


def test_a_form_that_says_why_nothing_was_done_is_not_chased(universe, clock):
    count, bleeding = (universe.record(universe.foreign, form, "D13") for form in ("blood-count", "bleeding-assessment"))
    universe.fill(count, universe.otto, done="N", why_not="The family did not come")
    universe.fill(bleeding, universe.otto, any_bleeding="~ND", assessed_on="~ND")
    reminders.sweep(timezone.localdate())
    assert ("otto", universe.foreign.number, "D13", "overdue") not in told()


def test_nobody_is_told_on_the_weekend_and_thursday_looks_ahead(universe):
    thursday, friday, saturday = (date(2026, 11, day) for day in (19, 20, 21))
    plan_visits(participant=universe.untreated, plans=[VISITS["LOAD"]], anchor=saturday, by=universe.clara)
    for day in (friday, saturday):
        reminders.sweep(day)
    assert not Reminder.objects.exists()
    reminders.sweep(thursday - timedelta(days=1))
    assert not Reminder.objects.filter(visit__participant=universe.untreated).exists()
    reminders.sweep(thursday)
    assert Reminder.objects.filter(visit__participant=universe.untreated, kind="due").count() == 1


# --- once ------------------------------------------------------------------------------------------------------------


def test_running_twice_sends_once(universe, clock, mailoutbox):
    send_visit_digests()
    rows, mails = Reminder.objects.count(), len(mailoutbox)
    send_visit_digests()
    drain_outbox()
    assert (Reminder.objects.count(), len(mailoutbox), states()) == (rows, mails, {State.SENT})


def test_a_visit_is_told_once_as_due_and_once_as_overdue(universe, clock, mailoutbox):
    for _ in range(16):
        send_visit_digests()
        clock.shift(timedelta(days=1))
    rows = Reminder.objects.filter(visit__participant=universe.untreated, visit__code="LOAD")
    assert sorted(rows.values_list("kind", flat=True)) == ["due", "overdue"]
    lines = [line for mail in mailoutbox for line in mail.body.splitlines() if universe.untreated.number in line]
    assert len(lines) == 2


def test_the_same_rows_give_the_same_message_id(universe, clock):
    reminders.sweep(timezone.localdate())
    rows = list(Reminder.objects.all())
    assert reminders.DIGEST.message_id(rows) == reminders.DIGEST.message_id(rows[::-1])
    assert reminders.DIGEST.message_id(rows) != reminders.DIGEST.message_id(rows[1:])


@pytest.mark.row("C10")
@pytest.mark.parametrize("alone", [True, False], ids=["by recipient", "by row only"])
@pytest.mark.django_db(transaction=True)
def test_two_workers_send_each_row_once(transactional_universe, monkeypatch, mailoutbox, alone):
    if not alone:  # also without the lock on the recipient no row goes out twice
        monkeypatch.setattr(reminders.DIGEST, "alone_with", lambda recipient: True)
    send = EmailMessage.send
    monkeypatch.setattr(EmailMessage, "send", lambda self, *a, **k: (time.sleep(0.2), send(self, *a, **k))[1])
    reminders.sweep(_next_morning(transactional_universe.today).date())
    lines = _drain_together(workers=3, mailoutbox=mailoutbox)
    assert max(Counter(lines).values()) == 1
    assert len(lines) == Reminder.objects.filter(state=State.SENT).count()
    assert not Reminder.objects.filter(state=State.WAITING).exists()
    if alone:
        assert Counter(mail.to[0] for mail in mailoutbox).most_common(1)[0][1] == 1


def _drain_together(workers, mailoutbox):
    barrier, failures = threading.Barrier(workers), []

    def work():
        try:
            barrier.wait()
            reminders.drain()
        except BaseException as error:
            failures.append(error)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=work) for _ in range(workers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures
    return [line for mail in mailoutbox for line in mail.body.splitlines() if line.startswith("- ")]


# --- only what is still true -----------------------------------------------------------------------------------------


def _states_of(participant):
    return set(Reminder.objects.filter(visit__participant=participant).values_list("state", flat=True))


def test_a_visit_that_happened_in_between_is_not_mentioned(universe, clock, mailoutbox):
    reminders.sweep(timezone.localdate())
    universe.clinic().count(universe.untreated, "LOAD", universe.today - timedelta(days=1), 11)
    drain_outbox()
    assert _states_of(universe.untreated) == {State.CANCELLED}
    assert universe.untreated.number not in "".join(mail.body for mail in mailoutbox)


def test_a_participant_who_ended_in_between_is_not_mentioned(universe, clock, mailoutbox):
    reminders.sweep(timezone.localdate())
    end_participation(participant=universe.foreign, state=Participant.State.LOST, reason="No answer", by=universe.omar)
    drain_outbox()
    assert _states_of(universe.foreign) == {State.CANCELLED}
    assert mail_to(mailoutbox, universe.otto) == []


def test_a_visit_that_moved_is_told_with_its_new_dates(universe, clock, mailoutbox):
    today = timezone.localdate()
    reminders.sweep(today)
    plan_visits(participant=universe.untreated, plans=[VISITS["LOAD"]], anchor=today, by=universe.clara)
    send_visit_digests()
    rows = Reminder.objects.filter(visit__participant=universe.untreated).values_list("due_on", "state")
    moved = today + timedelta(days=7)
    assert dict(rows).pop(moved) == State.SENT
    assert {state for due_on, state in rows if due_on != moved} <= {State.CANCELLED}


def test_a_due_row_that_waited_until_it_was_overdue_is_dropped(universe, clock, mailoutbox):
    reminders.sweep(timezone.localdate())
    clock.shift(timedelta(days=30))
    drain_outbox()
    assert _states_of(universe.untreated) == {State.CANCELLED}


@pytest.mark.row("A10")
def test_a_role_that_ends_in_between_stops_the_mail(universe, clock, mailoutbox):
    reminders.sweep(timezone.localdate())
    assignment = universe.clara.assignments.get()
    end_role(assignment=assignment, ends=timezone.localdate() - timedelta(days=1), by=universe.adam)
    drain_outbox()
    assert mail_to(mailoutbox, universe.clara) == []
    assert _states_of(universe.untreated) == {State.CANCELLED}


# --- when mail fails -------------------------------------------------------------------------------------------------


def test_a_failed_mail_is_tried_again_later_and_then_sent(universe, clock, mail_fails, mailoutbox):
    send_visit_digests()
    drain_outbox()  # too early for the second try
    assert set(Reminder.objects.values_list("attempts", "state", "last_error")) == {(1, State.WAITING, "SMTPServerDisconnected")}
    mail_fails.undo()
    clock.shift(timedelta(minutes=2))
    drain_outbox()
    assert len(mailoutbox) == 2
    assert set(Reminder.objects.values_list("attempts", "state", "last_error")) == {(2, State.SENT, "")}


def test_after_eight_failures_a_row_is_parked_and_not_tried_again(universe, clock, mail_fails, mailoutbox, caplog):
    reminders.sweep(timezone.localdate())
    for minutes in (*outbox.TRY_AFTER[1:], 2000):
        drain_outbox()
        clock.move_to(_next_morning(universe.today) + timedelta(minutes=minutes))
    assert set(Reminder.objects.values_list("attempts", "state")) == {(8, State.PARKED)}
    mail_fails.undo()
    drain_outbox()
    assert mailoutbox == []
    assert "given up" in caplog.text
    assert "@" not in caplog.text + "".join(Reminder.objects.values_list("last_error", flat=True))


def test_one_row_that_cannot_be_written_does_not_hold_up_the_others(universe, clock, mailoutbox, monkeypatch):
    reminders.sweep(timezone.localdate())
    # Not ``delitem``: it would put the visit back at the end, and the order of the schedule is the order of every table.
    monkeypatch.setattr("casebook.models.VISITS", {code: plan for code, plan in VISITS.items() if code != "LOAD"})
    drain_outbox()
    poisoned = Reminder.objects.get(visit__participant=universe.untreated)
    assert (poisoned.state, poisoned.attempts, poisoned.last_error) == (State.WAITING, 1, "KeyError")
    assert universe.screening.number in mail_to(mailoutbox, universe.clara)[0].body


# --- growth and time -------------------------------------------------------------------------------------------------


def _queries(work):
    with CaptureQueriesContext(
        connection,
    ) as captured:
        work()
    return len(captured)


def test_the_number_of_queries_does_not_depend_on_the_visits(universe, clock):
    sizes = []
    for more in (0, 15):
        Reminder.objects.all().delete()
        for _ in range(more):
            universe.clinic().start_screening(universe.today - timedelta(days=1))
        swept = _queries(lambda: reminders.sweep(timezone.localdate()))
        sizes.append((swept, _queries(reminders.drain)))
    assert sizes[0] == sizes[1]
    assert sizes[0][0] <= 5


@pytest.mark.parametrize("last_day", [date(2026, 4, 24), date(2026, 10, 29)], ids=["clock forward", "clock back"])
def test_one_run_a_day_over_the_change_of_the_clock_gives_one_set(universe, mailoutbox, last_day):
    """The window closes on the day whose night loses or repeats an hour; runs come at 04:00 UTC on nine days."""
    plan_visits(participant=universe.untreated, plans=[VISITS["LOAD"]], anchor=last_day - timedelta(days=7), by=universe.clara)
    told_on = []
    for offset in range(-8, 6):
        on = last_day + timedelta(days=offset)
        with time_machine.travel(datetime(on.year, on.month, on.day, 4, tzinfo=UTC), tick=False):
            before = len(mailoutbox)
            send_visit_digests()
            told_on += [on] * (len(mailoutbox) - before)
    rows = Reminder.objects.filter(visit__participant=universe.untreated)
    assert sorted(rows.values_list("kind", "due_on")) == [("due", last_day), ("overdue", last_day)]
    # Both days before the change are Thursday or Friday: overdue is told on the Sunday after it.
    assert told_on[-1] == last_day + timedelta(days=(6 - last_day.weekday()) % 7)
    assert len(told_on) == 2
