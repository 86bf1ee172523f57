"""Signing in and out: locked after five wrong passwords, signed out after a while, and never told which half was wrong."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from axes.models import AccessAttempt
from django.conf import settings
from django.contrib.auth.hashers import Argon2PasswordHasher
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from demo.people import PASSWORD
from itp_trial.actor import System, acting
from itp_trial.models import AccessEntry, User
from tests.budgets.counting import counted

WRONG = "not-the-password-0"


def sign_in(password: str, username: str = "clara", address: str = "10.0.0.1", **more: str) -> Any:
    posted = {"username": username, "password": password, **more}
    return Client().post(reverse("sign-in"), posted, secure=True, REMOTE_ADDR=address)


def test_the_right_password_leads_to_the_work(universe: Any) -> None:
    answer = sign_in(PASSWORD)
    assert (answer.status_code, answer.headers["Location"]) == (302, reverse("home"))
    assert AccessEntry.objects.filter(kind="sign_in", user=universe.clara).count() == 1, "and it is recorded"


@pytest.mark.parametrize(
    ("role", "first_page"), [("clara", "work-list"), ("milo", "work-list"), ("pia", "work-list"), ("adam", "people")]
)
def test_everybody_starts_where_their_work_is(
    universe: Any, client_of: Callable[..., Client], role: str, first_page: str
) -> None:
    answer = client_of(getattr(universe, role)).get(reverse("home"))
    assert answer.headers["Location"] == reverse(first_page)


@pytest.mark.row("W6")
def test_a_wrong_password_and_an_unknown_name_get_the_same_answer(universe: Any) -> None:
    known, unknown = sign_in(WRONG), sign_in(WRONG, username="nobody")
    assert (known.status_code, unknown.status_code) == (200, 200)
    said = [answer.content.decode().split('role="alert"')[1].split("</p>")[0] for answer in (known, unknown)]
    assert said[0] == said[1]


def test_a_closed_account_gets_the_answer_of_a_wrong_password(universe: Any) -> None:
    with acting(System("test"), "Account closed"):
        User.objects.filter(pk=universe.clara.pk).update(is_active=False)
    assert "is not right" in sign_in(PASSWORD).content.decode()


@pytest.mark.row("W6")
class TestLockOut:
    """RQ-46: five failures lock the account for that address for 15 minutes; both are recorded."""

    @pytest.fixture(autouse=True)
    def five_failures(self, universe: Any) -> None:
        self.statuses = [sign_in(WRONG).status_code for _ in range(5)]

    def test_the_fifth_failure_locks(self) -> None:
        assert self.statuses == [200, 200, 200, 200, 429]

    def test_the_right_password_does_not_help_then(self) -> None:
        answer = sign_in(PASSWORD)
        assert answer.status_code == 429
        assert "locked from here for 15 minutes" in answer.content.decode()

    def test_it_is_recorded_without_the_password(self) -> None:
        attempt = AccessAttempt.objects.get(username="clara")
        assert attempt.failures_since_start == 5
        assert WRONG not in str(attempt.__dict__)

    def test_the_person_can_still_sign_in_from_elsewhere(self) -> None:
        """Else anybody could lock everybody out."""
        assert sign_in(PASSWORD, address="10.0.0.2").status_code == 302

    def test_others_can_still_sign_in_from_there(self) -> None:
        assert sign_in(PASSWORD, username="ines").status_code == 302

    @pytest.mark.parametrize(("minutes", "status"), [(14, 429), (16, 302)])
    def test_it_is_released_after_fifteen_minutes(self, minutes: int, status: int) -> None:
        with time_machine.travel(timezone.now() + timedelta(minutes=minutes), tick=False):
            assert sign_in(PASSWORD).status_code == status


def test_four_failures_and_the_right_password_start_anew(universe: Any) -> None:
    for _ in range(2):
        assert [sign_in(WRONG).status_code for _ in range(4)] == [200] * 4
        assert sign_in(PASSWORD).status_code == 302


@pytest.mark.row("W7")
class TestInactivity:
    """RQ-45: signed out after 15 minutes without a request; every request starts the time anew."""

    @pytest.fixture
    def client(self, universe: Any, client_of: Callable[..., Client]) -> Client:
        return client_of(universe.clara)

    @pytest.mark.parametrize(("minutes", "status"), [(14, 200), (16, 302)])
    def test_fifteen_minutes(self, client: Client, minutes: int, status: int) -> None:
        start = timezone.now()
        with time_machine.travel(start, tick=False):
            assert client.get(reverse("account")).status_code == 200
        with time_machine.travel(start + timedelta(minutes=minutes), tick=False):
            assert client.get(reverse("account")).status_code == status

    def test_working_keeps_the_session(self, client: Client) -> None:
        start = timezone.now()
        for minutes in range(0, 61, 10):
            with time_machine.travel(start + timedelta(minutes=minutes), tick=False):
                assert client.get(reverse("account")).status_code == 200

    def test_the_session_is_dead_on_the_server_too(self, client: Client) -> None:
        """The cookie of yesterday opens nothing, also where the browser kept it."""
        start = timezone.now()
        cookie = client.cookies[settings.SESSION_COOKIE_NAME].value
        with time_machine.travel(start + timedelta(minutes=1), tick=False):
            client.get(reverse("account"))
        with time_machine.travel(start + timedelta(minutes=30), tick=False):
            client.get(reverse("account"))
        again = Client()
        again.cookies[settings.SESSION_COOKIE_NAME] = cookie
        assert again.get(reverse("account"), secure=True).status_code == 302

    def test_the_mark_is_written_at_most_once_a_minute(self, client: Client) -> None:
        """Else every page would be a commit."""
        start = timezone.now()
        writes = []
        for seconds in (0, 20, 40, 59, 61, 80):
            with time_machine.travel(start + timedelta(seconds=seconds), tick=False), counted() as count:
                client.get(reverse("protocol"))
            writes.append(sum(sql.startswith("UPDATE") for sql in count.statements))
        assert writes == [1, 0, 0, 0, 1, 0]


@pytest.mark.row("W7")
def test_signing_out_ends_the_session_on_the_server(universe: Any, client_of: Callable[..., Client]) -> None:
    client = client_of(universe.clara)
    cookie = client.cookies[settings.SESSION_COOKIE_NAME].value
    assert client.post(reverse("sign-out")).status_code == 302
    client.cookies[settings.SESSION_COOKIE_NAME] = cookie
    assert client.get(reverse("account")).status_code == 302


@pytest.mark.row("W7")
def test_signing_in_changes_the_session_key(universe: Any) -> None:
    """W7: a key that somebody planted beforehand is worth nothing."""
    client = Client()
    session = client.session
    session["planted"] = True
    session.save()
    client.cookies[settings.SESSION_COOKIE_NAME] = session.session_key
    client.post(reverse("sign-in"), {"username": "clara", "password": PASSWORD}, secure=True)
    assert client.cookies[settings.SESSION_COOKIE_NAME].value != session.session_key


@pytest.mark.parametrize(
    ("wanted", "location"),
    [("/participants/", "/participants/"), ("//evil.example", "/"), ("https://evil.example/", "/"),
     ("\\\\evil.example", "/"), ("https:evil.example", "/"), ("javascript:alert(1)", "/")],
)  # fmt: skip
@pytest.mark.row("W16")
def test_after_sign_in_nobody_is_sent_elsewhere(universe: Any, wanted: str, location: str) -> None:
    """W16: only addresses of this application."""
    assert sign_in(PASSWORD, next=wanted).headers["Location"] == location


#: What the settings file says on a machine that is no demonstration.
IN_PRODUCTION = {
    "DEBUG": False,
    "PASSWORD_HASHERS": ["django.contrib.auth.hashers.Argon2PasswordHasher"],
    "SESSION_COOKIE_NAME": "__Host-session",
    "SESSION_COOKIE_SECURE": True,
    "SESSION_COOKIE_HTTPONLY": True,
    "CSRF_COOKIE_SECURE": True,
    "SECURE_SSL_REDIRECT": True,
    "SECURE_HSTS_SECONDS": 31536000,
    "SECURE_HSTS_INCLUDE_SUBDOMAINS": True,
    "AXES_FAILURE_LIMIT": 5,
    "AXES_COOLOFF_TIME": 0.25,
    "INACTIVITY_SECONDS": 900,
}


@pytest.mark.row("W7", "W13")
def test_the_settings_of_production() -> None:
    """Read in a process of its own: the tests use a fast hasher, and the demonstration speaks plain HTTP."""
    names = ", ".join(f"{name!r}: s.{name}" for name in IN_PRODUCTION)
    environment = {
        "SECRET_KEY": "x" * 60,
        "DATABASE_URL": "postgres://u@/d",
        "REDIS_URL": "redis://r",
        "PATH": os.environ["PATH"],
    }
    program = [sys.executable, "-c", f"import json, itp_trial.settings as s; print(json.dumps({{{names}}}))"]
    done = subprocess.run(program, env=environment, cwd=settings.BASE_DIR, capture_output=True, text=True, check=True)
    assert json.loads(done.stdout) == IN_PRODUCTION


def test_argon2_is_the_memory_hard_variant() -> None:
    assert Argon2PasswordHasher().encode(PASSWORD, "some-salt-of-16-b").startswith("argon2$argon2id$")


#: What every answer carries, whatever it is.
HEADERS = {
    "X-Content-Type-Options": "nosniff", "X-Frame-Options": "DENY", "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin", "Cache-Control": "no-store",
}  # fmt: skip


@pytest.mark.parametrize(
    "address", ["/worklist/", "/no-such-page/", "/people/", "/exports/rescue.csv", "/api/v1/participants/", "/account/"]
)
@pytest.mark.row("W8", "W11")
def test_every_answer_carries_its_protection(universe: Any, client_of: Callable[..., Client], address: str) -> None:
    answer = client_of(universe.clara).get(address)
    assert {name: answer.headers.get(name) for name in HEADERS} == HEADERS
    policy = answer.headers["Content-Security-Policy"]
    for directive in (
        "default-src 'self'",
        "object-src 'none'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
        "form-action 'self'",
    ):
        assert directive in policy
    assert "unsafe" not in policy
