"""What people see when something is refused or goes wrong: plain words, a way on, and nothing of the data or the machine."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.conf import settings
from django.db import DatabaseError, OperationalError
from django.test import Client
from django.urls import reverse

from casebook import selectors
from itp_trial.actions import create_user

SECRETS = ("Traceback", str(settings.BASE_DIR), "SELECT ", "psycopg2", "SECRET_KEY", "S02-001")


@pytest.fixture
def client(universe: Any, client_of: Callable[..., Client]) -> Client:
    found = client_of(universe.clara)
    found.raise_request_exception = False
    return found


def failing(error: Exception) -> Callable[..., Any]:
    def fail(*_: Any, **__: Any) -> None:
        raise error

    return fail


#: What happens -> the status, and the words on the page.
HAPPENS = {
    "an error of ours": (RuntimeError("platelets of S02-001"), 500, "report the number"),
    "an error of the database": (DatabaseError("SELECT platelets"), 500, "report the number"),
    "a busy database": (OperationalError("psycopg2: canceling statement due to lock timeout"), 503, "try again in a moment"),
}


@pytest.mark.row("W13")
@pytest.mark.parametrize(("error", "status", "words"), HAPPENS.values(), ids=HAPPENS)
def test_errors_are_told_in_plain_words(
    client: Client, monkeypatch: pytest.MonkeyPatch, error: Exception, status: int, words: str
) -> None:
    """W13: no trace, no query, no setting, no data."""
    monkeypatch.setattr(selectors, "work_list", failing(error))
    answer = client.get(reverse("work-list"))
    text = answer.content.decode()
    assert answer.status_code == status
    assert words in text
    assert reverse("home") in text, "and there is a way on"
    assert not [secret for secret in SECRETS if secret in text]


@pytest.mark.row("W13")
def test_without_any_database_there_is_still_a_sentence(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    """The page itself would have to ask who is signed in."""
    monkeypatch.setattr(selectors, "work_list", failing(OperationalError("gone")))
    monkeypatch.setattr("itp_trial.views.render", failing(OperationalError("gone")))
    monkeypatch.setattr("itp_trial.views.error_page", failing(OperationalError("gone")))
    answer = client.get(reverse("work-list"))
    assert answer.status_code == 503
    assert answer.headers["Content-Type"] == "text/plain"
    assert "Nothing was stored." in answer.content.decode()


@pytest.mark.parametrize(
    ("address", "status", "words"),
    [
        ("/no/such/page/", 404, "it belongs to another site"),
        ("/people/", 403, "Your role does not include: manage people and sites."),
    ],
)
def test_refusals_are_pages_of_ours(client: Client, address: str, status: int, words: str) -> None:
    answer = client.get(address)
    assert answer.status_code == status
    assert words in answer.content.decode()
    assert "<nav" in answer.content.decode(), "with the menu of the person"


def test_too_many_fields_get_a_page_too(client: Client, universe: Any) -> None:
    record = universe.record(universe.untreated, "blood-count", "LOAD")
    answer = client.post(reverse("record", args=[record.pk]), {f"f{n}": "" for n in range(1001)})
    assert answer.status_code == 400
    assert "cannot be read" in answer.content.decode()


def test_a_person_without_any_role_is_told_so(universe: Any, client_of: Callable[..., Client]) -> None:
    new = create_user(username="nina", full_name="Nina", email="n@example.org", password="x" * 12, by=universe.adam)
    answer = client_of(new).get(reverse("home"))
    assert answer.status_code == 403
    assert "Your account has no role today." in answer.content.decode()


class TestSmallForms:
    """The forms behind the buttons answer with a sentence on the page where the person was."""

    def said(self, client: Client, name: str, pk: Any, **posted: str) -> str:
        answer = client.post(reverse(name, args=[pk]), posted, follow=True)
        assert answer.status_code == 200
        return str(answer.content.decode())

    def test_a_day_that_is_none(self, client: Client, universe: Any) -> None:
        assert "is not a full date" in self.said(client, "add-visit", universe.responder.pk, on="yesterday", forms="blood-count")
        assert "is not a full date" in self.said(client, "enrol", universe.screening.pk, on="yesterday")

    def test_a_log_form_that_is_none(self, client: Client, universe: Any) -> None:
        url = reverse("add-log", args=[universe.responder.pk, "no-such-form"])
        assert "There is no such form." in client.post(url, follow=True).content.decode()

    def test_a_screen_failure(self, client: Client, universe: Any) -> None:
        text = self.said(client, "screen-failure", universe.screening.pk, reason="moved away")
        assert "moved away" in text
        universe.screening.refresh_from_db()
        assert universe.screening.state == "screen_failed"

    def test_a_key_that_was_used_for_something_else(self, client: Client, universe: Any) -> None:
        key = {"idempotency-key": "same"}
        client.post(reverse("screen-failure", args=[universe.screening.pk]), {"reason": "a", **key})
        answer = client.post(reverse("screen-failure", args=[universe.screening.pk]), {"reason": "b", **key})
        assert answer.status_code == 409
        assert "already sent with other contents" in answer.content.decode()
