"""Killing the web process (-9) in the middle of a save leaves the old answers or the new ones, never half."""

import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from decimal import Decimal

import pytest
from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.db import connection

from accounts.sessions import SessionStore
from assessments.models import BloodCount
from casebook.models import FormRecord
from itp_trial.models import AuditEntry, IdempotencyKey

pytestmark = [pytest.mark.fault, pytest.mark.django_db(transaction=True)]


class WebProcess:
    """A real gunicorn with one worker on the test database; dies at the named failpoint."""

    def __init__(self, failpoint=""):
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        url = urllib.parse.urlsplit(os.environ["DATABASE_URL"])
        database = os.environ["DATABASE_URL"].replace(
            url.path, url.path.rpartition("/")[0] + "/" + connection.settings_dict["NAME"]
        )
        environment = {**os.environ, "DATABASE_URL": database, "ITP_DEMO": "1", "ITP_FAILPOINT": failpoint}
        command = [
            sys.executable,
            "-m",
            "gunicorn",
            "itp_trial.wsgi",
            "--bind",
            f"127.0.0.1:{self.port}",
            "--log-level",
            "critical",
        ]
        self.process = subprocess.Popen(command, env=environment)

    def __enter__(self):
        for _ in range(150):
            try:
                self.get("/healthz")
                return self
            except OSError:
                time.sleep(0.1)
        raise AssertionError("The web process did not start.")

    def __exit__(self, *exc):
        self.process.terminate()
        self.process.wait(20)

    def get(self, path):
        return urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=5).status

    def post(self, path, data, session):
        """The status of a posted form, or None where the answer never came."""
        address = f"http://127.0.0.1:{self.port}{path}"
        token = "a" * 32
        request = urllib.request.Request(address, urllib.parse.urlencode({**data, "csrfmiddlewaretoken": token}).encode())
        request.add_header("Cookie", f"{settings.SESSION_COOKIE_NAME}={session}; csrftoken={token}")
        try:
            return urllib.request.urlopen(request, timeout=20).status
        except urllib.error.HTTPError as error:
            return error.code
        except OSError:
            return None


def session_of(user):
    """A signed-in session, made in the database: no password crosses the two processes."""
    store = SessionStore()
    store[SESSION_KEY], store[BACKEND_SESSION_KEY] = str(user.pk), "django.contrib.auth.backends.ModelBackend"
    store[HASH_SESSION_KEY] = user.get_session_auth_hash()
    store.create()
    return store.session_key


OLD, NEW = Decimal("60.0"), Decimal("64.0")


@pytest.fixture
def correction(transactional_universe):
    """Clara corrects the day-3 count of the responder from 60 to 64."""
    universe = transactional_universe
    record = universe.record(universe.responder, "blood-count", "D3")
    count = BloodCount.objects.get(pk=record.pk)
    data = {name: item.typed(getattr(count, name)) for name, item in count.asked_items().items()}
    data |= {"platelets": "64", "record-version": str(record.version), "change-reason": "typing", "idempotency-key": "kill-1"}
    return universe, record, data


def stored(record):
    """The answers, the version, and how many changes the trail holds: what must move together or not at all."""
    count = BloodCount.objects.get(pk=record.pk)
    version = FormRecord.objects.get(pk=record.pk).version
    changes = AuditEntry.objects.filter(table_name="assessments_bloodcount", row=str(record.pk), operation="UPDATE").count()
    return count.platelets, version, changes


@pytest.mark.parametrize("failpoint", ["after_answers", "after_record", "before_commit"])
def test_killed_before_the_commit_nothing_changed_and_the_retry_saves_once(correction, failpoint):
    universe, record, data = correction
    session, path = session_of(universe.clara), f"/records/{record.pk}/"
    with WebProcess(failpoint) as web:
        assert web.post(path, data, session) is None
    assert stored(record) == (OLD, record.version, 0)
    assert not IdempotencyKey.objects.exists()
    with WebProcess() as web:
        assert web.post(path, data, session) == 200
    assert stored(record) == (NEW, record.version + 1, 1)


def test_killed_after_the_commit_the_save_is_whole_and_the_retry_changes_nothing(correction):
    universe, record, data = correction
    session, path = session_of(universe.clara), f"/records/{record.pk}/"
    with WebProcess("after_commit") as web:
        assert web.post(path, data, session) is None
    assert stored(record) == (NEW, record.version + 1, 1)
    with WebProcess() as web:
        assert web.post(path, data, session) == 200
    assert stored(record) == (NEW, record.version + 1, 1)
