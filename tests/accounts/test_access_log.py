"""Who came in, was refused, locked out or signed out, and what was done to an account: one line each (RQ-13)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.db import DatabaseError, transaction
from django.urls import reverse

from accounts import actions
from accounts.actions import IdentityCheck
from demo.people import PASSWORD
from itp_trial.models import AccessEntry
from tests.accounts.conftest import WRONG, Browser, enrol, log

pytestmark = [pytest.mark.django_db, pytest.mark.requirement("RQ-13")]


def last(kind: str) -> AccessEntry:
    return AccessEntry.objects.filter(kind=kind).first()


def test_a_sign_in_has_person_address_and_request(universe: Any) -> None:
    window = Browser("10.0.0.7")
    answer = window.password("clara")
    entry = last("sign_in")
    assert (entry.user, entry.user_name, entry.address) == (universe.clara, "Clara Naguib (clara)", "10.0.0.7")
    assert entry.request_id == answer.headers["X-Request-ID"]


@pytest.mark.parametrize("name", ["clara", "nobody", "<b>x</b>", "line\nbreak", "a" * 60])
def test_a_refused_one_has_the_name_as_it_was_typed_and_no_password(universe: Any, name: str) -> None:
    Browser().password(name, WRONG)
    entry = last("sign_in_failed")
    assert entry.user_name == name
    assert (entry.user == universe.clara) == (name == "clara")
    assert WRONG not in str(entry.__dict__)


def test_a_wrong_second_factor(universe: Any) -> None:
    enrol(universe.clara)
    window = Browser()
    window.password("clara")
    assert not log("sign_in"), "not in yet"
    window.code("000000")
    assert log("sign_in_failed")[0] == ("sign_in_failed", "Clara Naguib (clara)", "wrong second factor")


#: What is done to an account -> what the line says, by whom.
DONE: dict[str, tuple[Callable[[Any], Any], str, str]] = {
    "opened": (
        lambda u: actions.open_account(
            username="amal", full_name="Amal", email="amal@example.org",
            identity=IdentityCheck("Adam", "seen", u.today), by=u.adam,
        ), "amal: account opened", "adam"),
    "closed": (lambda u: actions.close_account(user=u.otto, reason="left", by=u.adam), "otto: account closed: left", "adam"),
    "unlocked": (lambda u: actions.unlock_account(user=u.otto, by=u.adam), "otto: unlocked", "adam"),
    "starting password": (
        lambda u: actions.give_starting_password(user=u.otto, identity=IdentityCheck("Adam", "seen", u.today), by=u.adam),
        "otto: new starting password", "adam"),
    "password": (lambda u: actions.change_password(user=u.otto, password="four lorries by the sea"), "password changed", "otto"),
    "enrolled": (lambda u: enrol(u.otto), "authenticator app enrolled", "otto"),
    "recovery codes": (lambda u: actions.renew_recovery_codes(user=u.otto), "new recovery codes", "otto"),
    "factors removed": (
        lambda u: actions.remove_all_factors(user=u.dana, reason="stolen", by=u.adam),
        "dana: second factors removed: stolen", "adam"),
}  # fmt: skip


@pytest.mark.parametrize(("act", "what", "who"), DONE.values(), ids=DONE)
def test_every_change_of_an_account(universe: Any, act: Callable[[Any], Any], what: str, who: str) -> None:
    act(universe)
    entry = AccessEntry.objects.get(kind="account", what=what, user__username=who)
    assert entry.at


def test_the_owner_sees_it_and_others_do_not(universe: Any, person_in: Callable[..., Browser]) -> None:
    Browser("10.6.6.6").password("clara", WRONG)
    page = person_in("clara").get(reverse("account")).content.decode()
    assert "wrong name or password" in page
    assert "from 10.6.6.6" in page
    assert "10.6.6.6" not in person_in("ines").get(reverse("account")).content.decode()


def test_the_lines_stay(universe: Any) -> None:
    Browser().password("clara", PASSWORD)
    with pytest.raises(DatabaseError, match="permission denied"), transaction.atomic():
        AccessEntry.objects.all().delete()
    with pytest.raises(DatabaseError, match="permission denied"), transaction.atomic():
        AccessEntry.objects.update(what="nothing")
