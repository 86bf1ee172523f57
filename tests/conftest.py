"""Runs before anything imports the settings: start the private servers that the tests use.

Under xdist the controller imports this file first and keeps the servers alive until the end; its workers inherit the
variables and start nothing. Each worker makes a database of its own on the one server.
"""

import os
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import django
import pytest
from django.utils import timezone

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
    from django.core.signals import request_finished
    from django.db.backends.signals import connection_created

    settings.PASSWORD_HASHERS = FAST_HASHERS
    # The test itself looks at all sites; each request that it sends sees what its person sees.
    connection_created.connect(_look_everywhere, weak=False)
    request_finished.connect(_look_everywhere, weak=False)


def _look_everywhere(connection: Any = None, **_: Any) -> None:
    from django.db import connection as default

    from itp_trial import scope

    if (connection or default).alias == "default" and (connection or default).connection and not default.needs_rollback:
        scope.open_sites(scope.EVERYWHERE)


@pytest.fixture(scope="session")
def django_db_setup(django_test_environment: None, django_db_modify_db_settings: None, django_db_blocker: Any) -> Iterator[None]:
    """Made and migrated by the owner of the tables, used by the application's role, as in production.

    The test database holds the universe from the start: every ``db`` test sees it, and its changes roll back.
    """
    from django.db import OperationalError, connections
    from django.test.utils import setup_databases, teardown_databases

    from tests.database import keep_the_universe
    from tests.universe import build_universe

    with django_db_blocker.unblock():
        made = setup_databases(verbosity=0, interactive=False, aliases={"default", "owner"}, serialized_aliases=set())
        with connections["owner"].cursor() as cursor:
            cursor.execute(TEST_CLOCK)
        connections["owner"].close()
        build_universe(timezone.localdate())
        keep_the_universe()
    yield
    with django_db_blocker.unblock():
        connections["default"].close()
        # A thread of a live server may still hold a session. The next run replaces what is left.
        with suppress(OperationalError):
            teardown_databases(made, verbosity=0)


#: The trail takes its time from the server. Tests of times may set another one for the entries of their own transaction.
TEST_CLOCK = """
CREATE OR REPLACE FUNCTION test_clock() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.at := coalesce(nullif(current_setting('itp.test_clock', true), '')::timestamptz, NEW.at);
    RETURN NEW;
END $$;
CREATE OR REPLACE TRIGGER test_clock BEFORE INSERT ON itp_trial_auditentry FOR EACH ROW EXECUTE FUNCTION test_clock();
"""


@pytest.fixture
def universe(db: None) -> Any:
    """The small trial of ``tests/universe.py``; whatever the test does to it is undone."""
    from tests.universe import load_universe

    return load_universe(timezone.localdate())


@pytest.fixture
def committed(transactional_db: None) -> Iterator[None]:
    """Real commits (threads, live server). Afterwards everything is as it was before."""
    from tests.database import put_the_universe_back

    yield
    put_the_universe_back()


@pytest.fixture
def transactional_universe(committed: None) -> Any:
    """The universe for tests with real commits."""
    from tests.universe import load_universe

    return load_universe(timezone.localdate())


@pytest.fixture
def empty_database(committed: None) -> None:
    """No row of ours."""
    from tests.database import empty_the_database

    empty_the_database()


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
