"""Entries of the log: who is entered, what makes no sense, and how an entry gets shorter, stops, and is followed."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.db import IntegrityError, connection
from django.utils import timezone

from delegation import actions
from delegation.tasks import end_sessions_of_leavers
from itp_trial.actions import create_token
from itp_trial.actor import System, acting
from itp_trial.models import AccessEntry, ApiToken, AuditEntry, RoleAssignment
from itp_trial.permissions import access_of
from itp_trial.refusal import Refused
from itp_trial.roles import Can, Role
from tests.delegation.conftest import sessions_ended, sign
from tests.universe import signed_role

Enter = Callable[..., RoleAssignment]


@pytest.fixture
def today(universe: Any) -> Any:
    return universe.today


@pytest.mark.requirement("RQ-42")
def test_an_entry_gives_no_right_before_it_is_signed(universe: Any, nada: Any, enter: Enter) -> None:
    entry = enter(nada)
    assert (entry.standing, entry.is_in_force) == ("unsigned", False)
    assert not access_of(nada).rights
    sign(entry, by=universe.hana)
    assert access_of(nada).may(Can.EDIT, universe.s1.pk)


@pytest.mark.requirement("RQ-12", "RQ-13")
def test_entering_is_recorded_in_the_trail_and_in_the_access_log(universe: Any, nada: Any, enter: Enter) -> None:
    entry = enter(nada)
    trail = AuditEntry.objects.filter(table_name="itp_trial_roleassignment").first()
    assert (trail.row, trail.operation, trail.reason) == (str(entry.pk), "INSERT", "Entered in the delegation log")
    assert (trail.actor_name, trail.site) == ("Adam Zaki (adam)", "01")
    noted = AccessEntry.objects.first()
    assert (noted.kind, noted.user, noted.site) == ("role", universe.adam, "01")
    assert noted.what == "Nada Amin (nada), Site coordinator, site 01: entered, not signed yet"


@pytest.mark.requirement("RQ-13")
def test_every_change_of_a_role_stands_in_the_access_log(universe: Any, nada: Any, enter: Enter, today: Any) -> None:
    entry = enter(nada)
    sign(entry, by=universe.hana)
    actions.end_role(assignment=entry, ends=today, by=universe.hana)
    actions.stop_role(assignment=entry, by=universe.adam)
    told = [(e.user_name.split()[0], e.what.split(": ")[1]) for e in AccessEntry.objects.order_by("-pk")[:4]][::-1]
    assert told == [("Adam", "entered, not signed yet"), ("Hana", "signed"), ("Hana", f"ends on {today:%d %b %Y}"),
                    ("Adam", "stopped at once")]  # fmt: skip


@pytest.mark.requirement("RQ-40")
def test_nobody_gives_rights_to_themselves(universe: Any, today: Any) -> None:
    with pytest.raises(Refused, match="Nobody gives rights to their own account"):
        actions.assign_role(user=universe.adam, role=Role.MONITOR, site=None, starts=today, ends=None, by=universe.adam)


#: What is wrong with a role -> what is said.
REFUSED = {
    "an unknown role": ({"role": "king"}, "choose a role from the list"),
    "a coordinator of all sites": ({"role": Role.COORDINATOR, "site": None}, "works at one site"),
    "an investigator of all sites": ({"role": Role.INVESTIGATOR, "site": None}, "works at one site"),
    "a principal investigator of all sites": ({"role": Role.PRINCIPAL, "site": None}, "works at one site"),
    "a pharmacist of all sites": ({"role": Role.PHARMACIST, "site": None}, "works at one site"),
    "a sponsor of one site": ({"role": Role.SPONSOR}, "holds for the whole trial"),
    "an administrator of one site": ({"role": Role.ADMINISTRATOR}, "holds for the whole trial"),
    "an end before the start": ({"ends": -1}, "would end before it starts"),
    "an end that has passed": ({"starts": -9, "ends": -1}, "would be over already"),
}


@pytest.mark.parametrize(("change", "message"), REFUSED.values(), ids=REFUSED)
def test_roles_that_make_no_sense_are_refused(universe: Any, nada: Any, today: Any, change: dict[str, Any], message: str) -> None:
    usual = {"user": nada, "role": Role.MONITOR, "site": universe.s1, "starts": today, "ends": None}
    change = {n: today + timedelta(days=v) if n in ("starts", "ends") else v for n, v in change.items()}
    with pytest.raises(Refused, match=message):
        actions.assign_role(**{**usual, **change}, by=universe.adam)
    assert not nada.assignments.exists()


def test_the_same_role_is_given_once(universe: Any, nada: Any, enter: Enter) -> None:
    first = enter(nada)
    with pytest.raises(Refused, match="already has this role"):
        enter(nada)
    actions.stop_role(assignment=first, by=universe.adam)
    assert enter(nada).pk != first.pk, "what was stopped by mistake is entered again"


#: What the database itself refuses, whoever writes: the constraint -> what is wrong with the row.
IMPOSSIBLE: dict[str, dict[str, Any]] = {
    "role_period": {"ends": "yesterday"},
    "role_signed_with_text": {"signed_at": "now", "signed_by": "hana"},
    "role_not_signed_by_oneself": {"signed_at": "now", "signed_by": "nada", "signed_text": "x"},
    "role_signed_by_a_person": {"signed_at": "now", "signed_text": "x"},
}


@pytest.mark.requirement("RQ-42")
@pytest.mark.parametrize(("constraint", "wrong"), IMPOSSIBLE.items(), ids=IMPOSSIBLE)
def test_the_database_says_no_as_well(universe: Any, nada: Any, today: Any, constraint: str, wrong: dict[str, Any]) -> None:
    meant = {"yesterday": today - timedelta(days=1), "now": timezone.now(), "hana": universe.hana, "nada": nada}
    row = {name: meant.get(value, value) for name, value in wrong.items()}
    with pytest.raises(IntegrityError, match=constraint), acting(System("test")):
        RoleAssignment.objects.create(user=nada, role="coordinator", site=universe.s1, starts=today, **row)


#: Days from today: start, end -> whether the entry gives rights today. The end is the last day in force.
PERIODS = [((0, None), True), ((-5, 0), True), ((0, 0), True), ((1, None), False), ((-5, 5), True)]


@pytest.mark.parametrize(("period", "in_force"), PERIODS)
def test_an_entry_is_in_force_from_its_first_to_its_last_day(
    universe: Any, nada: Any, today: Any, period: tuple[int, int | None], in_force: bool
) -> None:
    starts, ends = (None if days is None else today + timedelta(days=days) for days in period)
    entry = signed_role(nada, Role.COORDINATOR, universe.s1, starts, ends)
    assert (entry in nada.assignments.on(today)) == in_force == entry.is_in_force
    assert entry.standing == ("in force" if in_force else "to come")
    for later, standing in ((1, "in force"), (6, "ended" if ends else "in force")):
        with time_machine.travel(universe.nora.created_at + timedelta(days=later)):
            entry.refresh_from_db()
            if not (later == 1 and ends == today):
                assert entry.standing == standing


# --- two roles of one person -----------------------------------------------------------------------------------------


@pytest.mark.requirement("RQ-40", "RQ-23")
def test_a_second_role_that_conflicts_with_the_first_is_refused(universe: Any, enter: Enter) -> None:
    with pytest.raises(Refused, match=r"Clara Naguib is site coordinator \(site 01\), and whoever enters or signs data"):
        enter(universe.clara, Role.MONITOR, "02")
    with pytest.raises(Refused, match="whoever manages accounts holds no other right"):
        enter(universe.milo, Role.ADMINISTRATOR, None)
    with pytest.raises(Refused, match="whoever enters or signs data"):
        enter(universe.nora, Role.INVESTIGATOR, "03")


def test_also_one_that_waits_for_its_signature_or_comes_later(universe: Any, nada: Any, enter: Enter) -> None:
    enter(nada, starts=10, ends=20)
    with pytest.raises(Refused, match="end that role first"):
        enter(nada, Role.MONITOR, "02")
    with pytest.raises(Refused, match="end that role first"):
        enter(nada, Role.MONITOR, "02", starts=20)
    assert enter(nada, Role.MONITOR, "02", ends=9)
    assert enter(nada, Role.MONITOR, "02", starts=21)


def test_roles_that_agree_add_up(universe: Any, enter: Enter) -> None:
    entry = enter(universe.clara, Role.PHARMACIST)
    sign(entry, by=universe.hana)
    assert access_of(universe.clara).roles == {"coordinator", "pharmacist"}


def test_whoever_changed_sides_is_free_for_the_other_one(universe: Any, enter: Enter) -> None:
    actions.stop_role(assignment=universe.clara.assignments.get(), by=universe.adam)
    assert enter(universe.clara, Role.MONITOR, "02").standing == "unsigned"


# --- the end ---------------------------------------------------------------------------------------------------------


def test_nobody_changes_their_own_rights(universe: Any, today: Any) -> None:
    own = universe.adam.assignments.get()
    with pytest.raises(Refused, match="Nobody changes the rights of their own account"):
        actions.end_role(assignment=own, ends=today, by=universe.adam)
    with pytest.raises(Refused, match="Nobody changes the rights of their own account"):
        actions.stop_role(assignment=own, by=universe.adam)


@pytest.mark.requirement("RQ-42")
def test_a_signed_entry_only_gets_shorter(universe: Any, today: Any) -> None:
    entry = universe.otto.assignments.get()
    last = actions.end_role(assignment=entry, ends=today + timedelta(days=9), by=universe.hoda)
    assert (last.ends, last.ended_by, last.standing) == (today + timedelta(days=9), universe.hoda, "in force")
    with pytest.raises(Refused, match="only gets shorter"):
        actions.end_role(assignment=entry, ends=today + timedelta(days=10), by=universe.hoda)
    with pytest.raises(Refused, match="cannot end before it started"):
        actions.end_role(assignment=entry, ends=entry.starts - timedelta(days=1), by=universe.adam)


@pytest.mark.requirement("RQ-41")
def test_a_leaver_who_is_ended_late_loses_access_at_once_and_the_log_says_when(universe: Any, today: Any) -> None:
    entry = universe.otto.assignments.get()
    with sessions_ended() as told:
        ended = actions.end_role(assignment=entry, ends=today - timedelta(days=3), by=universe.adam)
    assert ended.stopped_at is not None
    assert ended.standing == "stopped"
    assert not access_of(universe.otto).rights
    assert told == [universe.otto]


@pytest.mark.requirement("RQ-41")
def test_sessions_end_with_the_last_role_and_not_before(universe: Any, enter: Enter) -> None:
    second = enter(universe.clara, Role.PHARMACIST)
    sign(second, by=universe.hana)
    with sessions_ended() as told:
        actions.stop_role(assignment=universe.clara.assignments.get(role=Role.COORDINATOR), by=universe.adam)
        assert told == []
        actions.stop_role(assignment=second, by=universe.hana)
    assert told == [universe.clara]


def test_an_entry_that_is_over_stays_so(universe: Any, today: Any) -> None:
    entry = universe.otto.assignments.get()
    actions.stop_role(assignment=entry, by=universe.adam)
    for again in (lambda: actions.stop_role(assignment=entry, by=universe.adam),
                  lambda: actions.end_role(assignment=entry, ends=today, by=universe.adam)):  # fmt: skip
        with pytest.raises(Refused, match="over already"):
            again()


@pytest.mark.requirement("RQ-41")
def test_whose_last_entry_runs_out_loses_the_sessions_in_the_night(universe: Any, today: Any) -> None:
    actions.end_role(assignment=universe.otto.assignments.get(), ends=today, by=universe.hoda)
    actions.end_role(assignment=universe.clara.assignments.get(), ends=today, by=universe.hana)
    signed_role(universe.clara, Role.PHARMACIST, universe.s1, today)
    with sessions_ended() as told:
        end_sessions_of_leavers()
        assert told == [], "the last day is still in force"
        with time_machine.travel(universe.nora.created_at + timedelta(days=3)):
            end_sessions_of_leavers()
    assert told == [universe.otto]


def test_longer_is_a_new_entry_with_a_new_signature(universe: Any, today: Any) -> None:
    entry = universe.otto.assignments.get()
    with pytest.raises(Refused, match="has no last day"):
        actions.extend_role(assignment=entry, ends=None, by=universe.hoda)
    entry = actions.end_role(assignment=entry, ends=today + timedelta(days=5), by=universe.hoda)
    following = actions.extend_role(assignment=entry, ends=None, by=universe.hoda)
    assert (following.user, following.role, following.site) == (entry.user, entry.role, entry.site)
    assert (following.starts, following.ends, following.standing) == (today + timedelta(days=6), None, "unsigned")
    with time_machine.travel(universe.nora.created_at + timedelta(days=30)):
        late = actions.extend_role(assignment=entry, ends=None, by=universe.hoda)
        assert late.starts == today + timedelta(days=30), "nothing is given for days that have passed"


def test_the_trail_knows_the_roles_of_a_person_outside_of_any_request(universe: Any, nada: Any, enter: Enter) -> None:
    """The fragment of SQL in ``actor.py`` counts what ``on`` counts: signed entries."""

    def role_of(user: Any) -> str:
        with acting(user), connection.cursor() as cursor:
            cursor.execute("SELECT current_setting('itp.role')")
            return str(cursor.fetchone()[0])

    entry = enter(nada)
    assert role_of(nada) == ""
    sign(entry, by=universe.hana)
    assert role_of(nada) == "coordinator"


def test_a_token_of_a_stopped_role_is_dead(universe: Any) -> None:
    entry = universe.milo.assignments.get()
    create_token(assignment=entry, name="x", by=universe.milo)
    actions.stop_role(assignment=entry, by=universe.adam)
    assert not ApiToken.objects.get().assignment.is_in_force
