"""Injection into SQL (W12) and into the logs (W14)."""

from __future__ import annotations

import io
import json
import logging
import re
from collections.abc import Callable, Iterator
from itertools import cycle, islice
from typing import Any
from urllib.parse import quote

import pytest
from django.conf import settings
from django.db import IntegrityError
from django.test import Client
from django.urls import reverse

from casebook import selectors
from itp_trial.log_lines import OneLine
from itp_trial.models import AuditEntry, User
from tests.abuse.conftest import addresses, write_everywhere
from tests.access.policy import POLICY
from tests.input.conftest import count_of

pytestmark = pytest.mark.django_db

# --- W12 --------------------------------------------------------------------------------------------------------------

INJECTIONS = (
    "'", "''", "' OR 1=1--", "1' OR '1'='1", "1); DROP TABLE casebook_participant;--", "1 UNION SELECT NULL--", "%27%20OR%201=1",
    "\\' OR 1=1#", "1;SELECT pg_sleep(5)", "'||pg_sleep(5)||'", "$$;SELECT 1;$$", "%", "_", "{}", "*/ OR 1=1 /*",
)  # fmt: skip
PARAMETERS = (
    "cursor",
    "page_size",
    "participant",
    "for",
    "day",
    "site",
    "ordering",
    "search",
    "next",
    "q",
    "id",
    "pk__in",
    "user",
)


#: Parameters that a page of ours reads or repeats (escaped): what it shows may differ, that it answers may not.
ANSWERED = {("participants", "site"), ("access-rights", "day"), ("access-rights-csv", "day"), ("sign-in", "next"),
            ("access-log", "participant"), ("access-log", "user"),
            *((page, parameter) for page in ("api-docs", "trail") for parameter in PARAMETERS)}  # fmt: skip


#: Pages with a challenge, and objects of others, which the access matrix walks.
NEW_EACH_TIME = ("add-passkey", "enrol-app", "account-of", "trail-review", "download-copy")


@pytest.mark.row("W12")
@pytest.mark.parametrize("name", [n for n, methods in POLICY.items() if "GET" in methods and n not in NEW_EACH_TIME])
def test_sql_in_a_parameter_is_a_word(universe: Any, client_of: Callable[[User], Client], name: str) -> None:
    """Never 500; where the answer is 200 it is the answer that everybody gets without the parameters.

    All parameters at once, each with another injection; one by one where that is answered otherwise, to see which it was.
    """
    client = client_of(universe.dana)
    found = addresses(universe, universe.responder, universe.s1)
    address = found.get(name) or next(value for key, value in found.items() if key.startswith(f"{name} "))
    plain = client.get(address)
    rows, ignored = _told(plain), [parameter for parameter in PARAMETERS if (name, parameter) not in ANSWERED]
    # Over the pages every parameter meets every injection.
    for first in range(len(name) % 3, len(INJECTIONS), 3):
        posted = dict(zip(PARAMETERS, islice(cycle(INJECTIONS), first, None), strict=False))
        together = client.get(address, {parameter: posted[parameter] for parameter in ignored})
        assert together.status_code < 500, posted
        apart = {parameter: posted[parameter] for parameter in PARAMETERS if parameter not in ignored}
        if together.status_code != plain.status_code or (plain.status_code == 200 and _told(together) != rows):
            apart = posted
        for parameter, injection in apart.items():
            answer = client.get(address, {parameter: injection})
            assert answer.status_code in (200, 302, 400, 403, 404), (parameter, injection)
            if answer.status_code == plain.status_code == 200 and parameter in ignored:
                assert _told(answer) == rows, (parameter, injection)


def _told(answer: Any) -> list[str]:
    # Without the time of day: a second may pass between two answers.
    lines = re.sub(r"\d\d:\d\d(:\d\d)?", "", answer.content.decode("utf-8", "replace")).splitlines()
    return [line for line in lines if not re.search("<time|csrfmiddlewaretoken|idempotency-key|The database.s clock", line)]


@pytest.mark.row("W12")
def test_sql_in_an_address_or_an_answer_is_a_word(universe: Any, client_of: Callable[[User], Client]) -> None:
    client = client_of(universe.clara)
    record = universe.record(universe.untreated, "blood-count", "LOAD")
    before = AuditEntry.objects.count()
    for injection in INJECTIONS:
        for start in ("/participants/", "/records/", "/exports/", "/api/v1/forms/", "/sites/"):
            assert client.get(f"{start}{quote(injection, safe='')}/").status_code in (301, 404)
        answer = client.post(reverse("record", args=[record.pk]), count_of(universe.today, platelets=injection))
        assert answer.status_code == 422
        assert client.post(reverse("screen"), {"site": injection}).status_code == 404
    assert AuditEntry.objects.count() == before


@pytest.mark.row("W12")
def test_no_query_is_made_from_the_parameters_as_they_are() -> None:
    """``filter(**request.GET)`` lets a stranger choose the columns (CVE-2025-64459)."""
    for app in ("itp_trial", "delegation", "casebook", "enrollment", "dosing", "assessments", "responses", "reports"):
        for path in (settings.BASE_DIR / app).rglob("*.py"):
            assert not re.search(r"\*\*\s*(?:self\.)?request\.(?:GET|POST|query_params|data)", path.read_text()), path


# --- W14 --------------------------------------------------------------------------------------------------------------


@pytest.fixture
def logged() -> Iterator[Callable[[], list[str]]]:
    """What the console would get, as our settings format it."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(OneLine())
    root = logging.getLogger()
    root.addHandler(handler)
    yield lambda: stream.getvalue().splitlines()
    root.removeHandler(handler)


@pytest.mark.row("W14")
def test_the_settings_use_it() -> None:
    assert settings.LOGGING["formatters"] == {"line": {"()": "itp_trial.log_lines.OneLine"}}
    assert {handler["formatter"] for handler in settings.LOGGING["handlers"].values()} == {"line"}
    assert settings.CELERY_WORKER_HIJACK_ROOT_LOGGER is False


EVIL = "x\r\nERROR forged: all is well\x1b[31m\u2028\x85y"


@pytest.mark.row("W14")
def test_nothing_that_is_sent_begins_a_line_of_its_own(universe: Any, client_of: Any, logged: Callable[[], list[str]]) -> None:
    client = client_of(universe.clara)
    headers = {"User-Agent": EVIL.replace("\r\n", "%0d%0a"), "X-Forwarded-For": "1.1.1.1\x1b[31m"}
    client.get(f"/{quote(EVIL)}", headers=headers)
    client.get("/worklist/", HTTP_HOST="evil\x1b[31m.example")
    client.post(reverse("record", args=[universe.record(universe.untreated, "blood-count", "LOAD").pk]), {EVIL: EVIL})
    Client().post(reverse("sign-in"), {"username": EVIL, "password": EVIL}, secure=True, headers=headers)
    logging.getLogger("any").warning("note %s", EVIL)
    lines = logged()
    assert len(lines) >= 4
    for line in lines:
        assert line.isascii()
        assert line.isprintable()
        assert set(json.loads(line)) >= {"at", "level", "logger", "message"}


@pytest.mark.row("W14")
def test_no_answer_of_a_child_is_in_the_logs(
    universe: Any, client_of: Any, logged: Callable[[], list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where the database repeats the whole row in its error, and where a library repeats the error in its message."""
    write_everywhere(universe, "01", lambda place: f"CANARY-S01-{place}")
    client = client_of(universe.clara)
    client.raise_request_exception = False

    def fail(*_: Any, **__: Any) -> None:
        raise IntegrityError("DETAIL: Failing row contains (CANARY-S01, 12, 2019-01-01)")

    for address in addresses(universe, universe.responder, universe.s1).values():
        client.get(address)
    monkeypatch.setattr(selectors, "work_list", fail)
    answer = client.get(reverse("work-list"))
    assert answer.status_code == 500
    try:
        fail()
    except IntegrityError as error:
        logging.getLogger("celery.app.trace").exception("Task raised unexpected: %r", error)
    text = "\n".join(logged())
    assert "IntegrityError" in text
    assert "CANARY" not in text
    assert universe.responder.subject_number not in text
    assert answer.headers["X-Request-ID"] in text, "and the number on the answer finds the line"
