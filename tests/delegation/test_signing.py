"""Who signs which entry, what exactly is signed, and what a signature needs."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from delegation import actions, statement
from delegation.authority import may_end, may_sign, waiting_for
from delegation.models import Acceptance
from itp_trial.actor import System, acting
from itp_trial.models import AuditEntry, RoleAssignment, User
from itp_trial.permissions import access_of
from itp_trial.refusal import Refused
from itp_trial.roles import Role
from tests.delegation.conftest import as_shown, sign
from tests.universe import signed_role

Enter = Callable[..., RoleAssignment]
pytestmark = pytest.mark.requirement("RQ-42")
PEOPLE = ("clara", "ines", "hana", "otto", "hoda", "pia", "milo", "dana", "sami", "nora", "adam")

#: Role and site of an entry -> the only people of the cast who sign it.
SIGNERS = {
    (Role.COORDINATOR, "01"): {"hana"},
    (Role.INVESTIGATOR, "01"): {"hana"},
    (Role.PHARMACIST, "02"): {"hoda"},
    (Role.PRINCIPAL, "01"): {"nora"},
    (Role.MONITOR, "01"): {"nora"},
    (Role.MONITOR, None): {"nora"},
    (Role.DATA_MANAGER, None): {"nora"},
    (Role.SAFETY, None): {"nora"},
    (Role.SPONSOR, None): {"nora"},
    (Role.ADMINISTRATOR, None): {"nora"},
}
#: The same -> who ends or stops it. The sponsor takes no site's people away from their data (RQ-23).
ENDERS = {key: {"adam"} | (signers if key[0] not in (Role.PRINCIPAL,) else set()) for key, signers in SIGNERS.items()}


@pytest.mark.parametrize(("role", "site"), SIGNERS, ids=lambda part: str(part))
def test_who_signs_and_who_ends_which_entry(universe: Any, nada: User, enter: Enter, role: str, site: str | None) -> None:
    entry = enter(nada, role, site)
    people = {name: getattr(universe, name) for name in PEOPLE}
    assert {n for n, user in people.items() if may_sign(access_of(user), user, entry)} == SIGNERS[role, site]
    assert {n for n, user in people.items() if may_end(access_of(user), user, entry)} == ENDERS[role, site]
    assert {n for n, user in people.items() if entry in waiting_for(access_of(user), user)} == SIGNERS[role, site]
    for name, user in people.items():
        if name not in SIGNERS[role, site]:
            accepted(user)
            with pytest.raises(Refused, match=r"only .* signs this entry"):
                sign(entry, by=user)
    entry.refresh_from_db()
    assert entry.signed_at is None


def accepted(user: User) -> None:
    """The statement is not what this test is about."""
    if not statement.has_accepted(user):
        statement.accept(by=user)


def test_the_signature_holds_who_when_and_what(universe: Any, nada: User, enter: Enter) -> None:
    entry = enter(nada, ends=30)
    sign(entry, by=universe.hana)
    entry.refresh_from_db()
    assert entry.signed_by == universe.hana
    until = universe.today + timedelta(days=30)
    assert entry.signed_text == (
        "I delegate these tasks to Nada Amin (nada), Site coordinator, site 01, "
        f"from {universe.today:%d %b %Y} until {until:%d %b %Y}: "
        "view participants, start screening, enrol, enter and correct forms, confirm unusual values, plan visits, view product "
        "lots, record what happens to bags, confirm the plan of a dose, export, note who was told of an adverse event, "
        "see the contacts of families, see photos of sources, see the delegation log. "
        f"Trained on the guide coordinator 1.0 on {universe.today:%d %b %Y}."
    )
    trail = AuditEntry.objects.filter(table_name="itp_trial_roleassignment").first()
    assert (trail.actor_name, trail.reason, trail.role) == ("Hana Selim (hana)", "Delegation log signed", "principal")
    assert trail.new["signed_text"] == entry.signed_text


def test_the_sponsor_appoints(universe: Any, nada: User, enter: Enter) -> None:
    entry = enter(nada, Role.PRINCIPAL, "03")
    sign(entry, by=universe.nora)
    entry.refresh_from_db()
    assert entry.signed_text.startswith("I appoint to these tasks Nada Amin (nada), Principal investigator, site 03, from ")
    assert "until further notice" in entry.signed_text


def test_several_are_signed_together_all_or_none(universe: Any, nada: User, enter: Enter) -> None:
    mine, other = enter(nada, Role.PHARMACIST), enter(universe.samir, Role.INVESTIGATOR, "02")
    with pytest.raises(Refused, match="only a principal investigator of this site"):
        sign(mine, other, by=universe.hana)
    assert not RoleAssignment.objects.filter(pk=mine.pk, signed_at__isnull=False).exists()
    again = enter(universe.samir, Role.INVESTIGATOR, "01")
    sign(mine, again, by=universe.hana)
    assert RoleAssignment.objects.filter(pk__in=[mine.pk, again.pk], signed_by=universe.hana).count() == 2


@pytest.mark.requirement("RQ-31")
def test_what_changed_after_it_was_shown_is_not_signed(universe: Any, nada: User, enter: Enter) -> None:
    entry = enter(nada, ends=30)
    shown = as_shown(entry)
    actions.end_role(assignment=entry, ends=universe.today + timedelta(days=3), by=universe.adam)
    with pytest.raises(Refused, match="has changed since the page was opened"):
        actions.sign_entries(shown=shown, by=universe.hana)
    for forged in ("", "0" * 64):
        with pytest.raises(Refused, match="has changed since the page was opened"):
            actions.sign_entries(shown={entry.pk: forged}, by=universe.hana)


def test_nobody_signs_their_own_entry(universe: Any, enter: Enter) -> None:
    with pytest.raises(Refused, match="nobody signs their own entry"):
        sign(enter(universe.hana, Role.INVESTIGATOR), by=universe.hana)
    with pytest.raises(Refused, match="nobody signs their own entry"):
        sign(enter(universe.nora, Role.MONITOR, None), by=universe.nora)


def test_a_second_sponsor_signs_for_the_first(universe: Any, nada: User, enter: Enter) -> None:
    sign(enter(nada, Role.SPONSOR, None), by=universe.nora)
    accepted(nada)
    entry = enter(universe.nora, Role.MONITOR, None)
    sign(entry, by=nada)
    assert access_of(universe.nora).roles == {"sponsor", "monitor"}


def test_only_who_is_in_force_signs(universe: Any, nada: User, enter: Enter) -> None:
    """An entry that was signed before the signer left keeps its rights; what still waits needs the successor."""
    early, late = enter(nada), enter(universe.omar, Role.INVESTIGATOR, "01")
    sign(early, by=universe.hana)
    actions.stop_role(assignment=universe.hana.assignments.get(), by=universe.adam)
    with pytest.raises(Refused, match="only a principal investigator of this site signs this entry, while in force"):
        sign(late, by=universe.hana)
    assert access_of(nada).roles == {"coordinator"}
    signed_role(universe.samir, Role.PRINCIPAL, universe.s1, universe.today)
    accepted(universe.samir)
    sign(late, by=universe.samir)
    assert access_of(universe.omar).may("enrol", universe.s1.pk)


def test_a_head_of_a_site_who_is_not_signed_for_signs_nothing(universe: Any, nada: User, enter: Enter) -> None:
    head, staff = enter(nada, Role.PRINCIPAL, "03"), enter(universe.otto, Role.PHARMACIST, "03")
    accepted(nada)
    with pytest.raises(Refused, match="only a principal investigator"):
        sign(staff, by=nada)
    sign(head, by=universe.nora)
    sign(staff, by=nada)


def test_what_is_signed_over_or_of_a_closed_account_is_not_signed(universe: Any, nada: User, enter: Enter) -> None:
    entry = enter(nada)
    sign(entry, by=universe.hana)
    with pytest.raises(Refused, match="signed already"):
        sign(entry, by=universe.hana)
    second = enter(nada, Role.PHARMACIST)
    with acting(System("test"), "Account closed"):
        User.objects.filter(pk=nada.pk).update(is_active=False)
    with pytest.raises(Refused, match="account is closed"):
        sign(second, by=universe.hana)
    assert second not in waiting_for(access_of(universe.hana), universe.hana)
    actions.stop_role(assignment=second, by=universe.adam)
    with pytest.raises(Refused, match="is over"):
        sign(second, by=universe.hana)
    second.refresh_from_db()
    assert second.standing == "never signed"


def test_nothing_ticked_and_nothing_there(universe: Any) -> None:
    with pytest.raises(Refused, match="Please tick the entries"):
        actions.sign_entries(shown={}, by=universe.hana)
    with pytest.raises(Refused, match="There is no such entry"):
        actions.sign_entries(shown={0: "x"}, by=universe.hana)


@pytest.mark.requirement("RQ-59")
def test_without_training_nothing_is_signed(universe: Any, nada: User, enter: Enter) -> None:
    entry = enter(nada, trained=False)
    with pytest.raises(Refused, match="no training for this role is recorded"):
        sign(entry, by=universe.hana)
    usual = {"user": nada, "on": universe.today, "how": "guide", "by": nada}
    actions.record_training(role=Role.PHARMACIST, **usual)
    with pytest.raises(Refused, match="no training for this role is recorded"):
        sign(entry, by=universe.hana)
    actions.record_training(role=Role.COORDINATOR, **usual)
    sign(entry, by=universe.hana)


@pytest.mark.requirement("RQ-36")
def test_without_the_statement_nothing_is_signed(universe: Any, nada: User, enter: Enter) -> None:
    sign(enter(nada, Role.PRINCIPAL, "03"), by=universe.nora)
    staff = enter(universe.otto, Role.PHARMACIST, "03")
    with pytest.raises(Refused, match="accept the statement on electronic signatures first"):
        sign(staff, by=nada)
    accepted(nada)
    sign(staff, by=nada)
    assert Acceptance.objects.filter(user=nada).count() == 1
