"""Runs before anything imports the settings: start the private servers that the tests use.

Under xdist the controller imports this file first and keeps the servers alive until the end; its workers inherit the
variables and start nothing. Each worker makes a database of its own on the one server.
"""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import django
import pytest

from itp_trial import embedded

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "itp_trial.settings")
# As ``make run`` does: plain HTTP on loopback, so that a real browser can talk to the live server.
os.environ.setdefault("ITP_DEMO", "1")
# Two runs at the same time need two folders: ITP_TEST_VAR_DIR=var/test2 pytest ...
embedded.provide(Path(os.environ.get("ITP_TEST_VAR_DIR") or embedded.BASE_DIR / "var" / "test"), durable=False)
django.setup()

#: Argon2 is slow on purpose. Tests open accounts, but none of them is about how passwords are hashed.
FAST_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


def pytest_configure() -> None:
    from django.conf import settings

    settings.PASSWORD_HASHERS = FAST_HASHERS


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: Any) -> None:
    """The test database holds the universe from the start: every ``db`` test sees it, and its changes roll back."""
    from django.db import connection
    from django.utils import timezone

    from tests.universe import build_universe

    # Without any test that is marked for the database pytest-django makes none, and we would write into the real one.
    assert connection.settings_dict["NAME"].startswith("test_"), "mark the test with pytest.mark.django_db"
    with django_db_blocker.unblock():
        build_universe(timezone.localdate())


def _universe() -> Any:
    """The universe as fresh objects; built anew where a transactional test has emptied the database."""
    from django.utils import timezone

    from itp_trial.models import Site
    from tests.universe import build_universe, load_universe

    today = timezone.localdate()
    return load_universe(today) if Site.objects.exists() else build_universe(today)


@pytest.fixture
def universe(db: None) -> Any:
    """The small trial of ``tests/universe.py``; whatever the test does to it is undone."""
    return _universe()


@pytest.fixture
def transactional_universe(transactional_db: None) -> Any:
    """The same for tests with real commits (threads, live server). The database is emptied after the test."""
    return _universe()


@pytest.fixture
def empty_database(db: None) -> None:
    """No row of ours, until the end of the test. Needs no flush: PostgreSQL rolls a TRUNCATE back."""
    empty_the_database()


def empty_the_database() -> None:
    """Inside a transaction only: the rows are back when it is rolled back."""
    from django.db import connection

    from itp_trial.audit import audited_models

    tables = ", ".join(f'"{model._meta.db_table}"' for model in audited_models())
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")  # a table with checks that are still to come cannot be emptied
        cursor.execute(f'TRUNCATE {tables}, "itp_trial_auditentry" RESTART IDENTITY CASCADE')


@pytest.fixture
def client_of() -> Callable[[Any], Any]:
    """``client_of(user)``: a test client that is signed in as this person and speaks HTTPS, as a browser would.

    Whoever has a second factor has used it.
    """
    from django.test import Client

    from accounts.second_factor import enrolled
    from accounts.sessions import SECOND_FACTOR

    class SecureClient(Client):
        def generic(self, method: str, path: str, *args: Any, **kwargs: Any) -> Any:
            return super().generic(method, path, *args, **{"secure": True, **kwargs})

    def sign_in(user: Any) -> Client:
        client = SecureClient()
        client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
        if enrolled(user):
            session = client.session
            session[SECOND_FACTOR] = True
            session.save()
        return client

    return sign_in
