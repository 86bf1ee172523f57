"""People who sign in the way a browser does, and an authenticator app in one's pocket."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import time_machine
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts import actions, second_factor
from accounts.second_factor import STEP_SECONDS, code_at, step_now
from demo.people import PASSWORD
from itp_trial.actor import System
from itp_trial.models import AccessEntry, User
from tests.universe import signed_role

SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
WRONG = "not-the-password-0"


class Browser(Client):
    """Speaks HTTPS from an address of its own, follows nothing."""

    def __init__(self, address: str = "10.0.0.1", **more: Any) -> None:
        super().__init__(REMOTE_ADDR=address, **more)

    def generic(self, method: str, path: str, *args: Any, **kwargs: Any) -> Any:
        return super().generic(method, path, *args, **{**kwargs, "secure": True})

    def password(self, username: str, password: str = PASSWORD, **more: str) -> Any:
        return self.post(reverse("sign-in"), {"username": username, "password": password, **more})

    def code(self, code: str) -> Any:
        return self.post(reverse("second-factor"), {"code": code})

    @property
    def is_in(self) -> bool:
        return bool(self.get(reverse("account")).status_code == 200)


@pytest.fixture
def browser() -> Browser:
    return Browser()


def enrol(user: Any, secret: str = SECRET) -> list[str]:
    """An app in use since a minute ago: its code of now was never used. Returns the recovery codes."""
    return actions.enrol_app(user=user, secret=secret, code=code_at(secret, step_now() - 1))


def code_now(secret: str = SECRET, ahead: int = 0) -> str:
    return code_at(secret, step_now() + ahead)


@pytest.fixture
def still() -> Any:
    """The clock stands in the middle of a time step, so that no test falls between two codes."""
    middle = (int(timezone.now().timestamp()) // STEP_SECONDS) * STEP_SECONDS + STEP_SECONDS // 2
    with time_machine.travel(middle, tick=False) as traveller:
        yield traveller


def give_role(user: Any, role: str) -> None:
    """A role for the whole trial, in force from today."""
    signed_role(user, role, None, timezone.localdate())


def newcomer(role: str, username: str = "newly") -> User:
    """Somebody whose account was opened today, in this role, with the password of the demonstration."""
    identity = actions.IdentityCheck("Adam Zaki", "seen", timezone.localdate())
    named = {"username": username, "full_name": username.title(), "email": f"{username}@example.org"}
    user, _ = actions.open_account(**named, password=PASSWORD, identity=identity, by=System("test"))
    give_role(user, role)
    return user


def log(kind: str | None = None) -> list[tuple[str, str, str]]:
    """The access log, the newest first: kind, name, what."""
    lines = AccessEntry.objects.filter(kind=kind) if kind else AccessEntry.objects.all()
    return [(line.kind, line.user_name, line.what) for line in lines]


@pytest.fixture
def person_in(universe: Any) -> Callable[[str], Browser]:
    """``person_in("clara")``: a browser in which this person has signed in, with everything that it takes."""

    def sign_in(username: str, **more: Any) -> Browser:
        window = Browser(**more)
        window.password(username)
        user = getattr(universe, username)
        app = second_factor.app_of(user)
        if app:
            window.code(code_at(second_factor._secret(app), max(step_now(), app.last_step + 1)))
        assert window.is_in, username
        return window

    return sign_in
