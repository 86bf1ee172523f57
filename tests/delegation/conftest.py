"""People who are entered but not signed for, and the page's way of signing."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from accounts.actions import IdentityCheck, open_account
from delegation.actions import assign_role, sign_entries
from delegation.training import valid_trainings
from delegation.words import digest, sentence
from demo.people import PASSWORD, train
from itp_trial.actor import System
from itp_trial.models import RoleAssignment, User
from itp_trial.roles import Role
from itp_trial.signals import rights_ended


@pytest.fixture
def nada(universe: Any) -> User:
    """Somebody new: an account, opened after a check of who it is, and nothing else."""
    checked = IdentityCheck(by="Adam Zaki", how="passport seen", on=universe.today)
    user, _ = open_account(
        username="nada", full_name="Nada Amin", email="nada@example.org", password=PASSWORD, identity=checked, by=System("test")
    )
    return user


@pytest.fixture
def enter(universe: Any) -> Callable[..., RoleAssignment]:
    """Adam enters somebody; trained, unless the test says otherwise."""

    def entered(
        user: User, role: str = Role.COORDINATOR, site: Any = "01", *, trained: bool = True, **days: Any
    ) -> RoleAssignment:
        place = {"01": universe.s1, "02": universe.s2, "03": universe.s3, None: None}[site]
        period = {name: universe.today + timedelta(days=n) if n is not None else None for name, n in days.items()}
        if trained:
            train(user, role, universe.today, by=universe.adam if user != universe.adam else universe.milo)
        usual = {"starts": universe.today, "ends": None, **period}
        return assign_role(user=user, role=role, site=place, **usual, by=universe.adam)

    return entered


def as_shown(*entries: RoleAssignment) -> dict[int, str]:
    """What the page posts for these entries."""
    trainings = valid_trainings(entries)
    return {e.pk: digest(sentence(e, trainings[e.user_id, e.role])) if (e.user_id, e.role) in trainings else "" for e in entries}


def sign(*entries: RoleAssignment, by: User) -> None:
    sign_entries(shown=as_shown(*entries), by=by)


@contextmanager
def sessions_ended() -> Iterator[list[User]]:
    """Whose sessions are to end, as ``accounts`` is told."""
    told: list[User] = []

    def listen(user: User, **_: Any) -> None:
        told.append(user)

    rights_ended.connect(listen)
    try:
        yield told
    finally:
        rights_ended.disconnect(listen)


@pytest.fixture
def pages(client_of: Callable[..., Client]) -> Callable[[User], Client]:
    return client_of
