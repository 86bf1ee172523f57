"""The very first sponsor and administrator: by a command, recorded as such, and only while nobody else could do it."""

from __future__ import annotations

from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from delegation import actions
from itp_trial.actions import create_user
from itp_trial.actor import System, acting
from itp_trial.models import AccessEntry, AuditEntry, RoleAssignment, User
from itp_trial.permissions import access_of
from itp_trial.refusal import Refused
from itp_trial.roles import Can, Role

pytestmark = pytest.mark.requirement("RQ-42", "RQ-13")


def appoint(*arguments: str) -> str:
    out = StringIO()
    call_command("appoint", *arguments, stdout=out)
    return out.getvalue()


def opened(username: str, full_name: str) -> None:
    named = ("--full-name", full_name, "--email", f"{username}@example.org")
    call_command("open_account", username, *named, "--checked-by", "Adel", "--checked-how", "passport seen", stdout=StringIO())


@pytest.mark.requirement("RQ-35")
def test_a_new_installation_gets_its_first_two_people(empty_database: None) -> None:
    opened("sonia", "Sonia Fahmy")
    said = appoint("sonia", "sponsor")
    assert said.startswith("Sonia Fahmy: Sponsor at all sites, from ")
    opened("amr", "Amr Fathy")
    appoint("amr", "administrator")
    assert access_of(User.objects.get(username="sonia")).may(Can.APPOINT)
    assert access_of(User.objects.get(username="amr")).may(Can.MANAGE_PEOPLE)
    authors = set(AuditEntry.objects.filter(table_name="itp_trial_roleassignment").values_list("actor_name"))
    assert authors == {("bootstrap (system)",)}
    entry = RoleAssignment.objects.get(role="sponsor")
    assert (entry.signed_by, entry.signed_text) == (None, actions.BY_COMMAND)
    assert AccessEntry.objects.filter(kind="role", user_name="bootstrap (system)").exists()


@pytest.mark.requirement("RQ-35")
def test_nobody_is_appointed_whose_identity_nobody_checked(empty_database: None) -> None:
    with pytest.raises(CommandError, match=r"There is no account lena\. Open it first: manage\.py open_account lena"):
        appoint("lena", "sponsor")
    create_user(username="lena", full_name="Lena", email="l@example.org", password="x" * 12, by=System("test"))
    with pytest.raises(CommandError, match="Nobody recorded who checked that lena is this person"):
        appoint("lena", "sponsor")
    assert not RoleAssignment.objects.exists()


def test_as_soon_as_somebody_is_there_the_pages_are_the_way(universe: Any, nada: User) -> None:
    with pytest.raises(CommandError, match="Nora Bakr is sponsor already"):
        appoint("nada", "sponsor")
    with pytest.raises(CommandError, match="Adam Zaki is administrator already"):
        appoint("nada", "administrator")
    with pytest.raises(CommandError, match="invalid choice"):
        appoint("nada", "principal")
    assert not nada.assignments.exists()


def test_only_these_two_roles_are_given_like_this(universe: Any, nada: User) -> None:
    with pytest.raises(Refused, match="Only the first sponsor and the first administrator"):
        actions.appoint(user=nada, role=Role.DATA_MANAGER, starts=universe.today, by=System("bootstrap"))


def test_when_the_last_one_is_gone_it_helps_again(universe: Any, nada: User) -> None:
    actions.stop_role(assignment=universe.nora.assignments.get(), by=universe.adam)
    appoint("nada", "sponsor")
    assert access_of(nada).roles == {"sponsor"}


def test_an_entry_that_waits_is_signed_and_not_doubled(universe: Any, nada: User) -> None:
    """After an update from a version without signatures, every entry waits; nobody is there who could sign."""
    with acting(System("test")):
        unsigned = {"signed_at": None, "signed_by": None, "signed_text": ""}
        RoleAssignment.objects.update(**unsigned)
    assert not access_of(universe.nora).rights
    appoint("nora", "sponsor")
    assert universe.nora.assignments.get().signed_text == actions.BY_COMMAND


def test_a_conflicting_role_is_refused_here_too(universe: Any) -> None:
    actions.stop_role(assignment=universe.nora.assignments.get(), by=universe.adam)
    with pytest.raises(CommandError, match="whoever enters or signs data of a site"):
        appoint("clara", "sponsor")


def test_a_closed_account_is_not_appointed(universe: Any, nada: User) -> None:
    with acting(System("test"), "Account closed"):
        User.objects.filter(pk=nada.pk).update(is_active=False)
    with pytest.raises(CommandError, match="account is closed"):
        appoint("nada", "sponsor")
