"""The statement by which a signer accepts that the electronic signature equals the handwritten one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.test import Client
from django.urls import reverse

from delegation import statement
from delegation.models import Acceptance
from demo.people import PASSWORD
from itp_trial.actor import System, acting
from itp_trial.idempotency import digest_of
from itp_trial.models import AuditEntry, IdempotencyKey, User
from itp_trial.refusal import Refused

pytestmark = pytest.mark.requirement("RQ-36")
URL = "/signature-statement/"


@pytest.fixture
def client(universe: Any, client_of: Callable[[User], Client]) -> Client:
    return client_of(universe.clara)


def test_it_says_what_it_is(client: Client) -> None:
    page = client.get(URL).content.decode()
    assert reverse("signature-statement") == URL
    assert "legally binding equivalent of my handwritten signature" in page
    assert "21 CFR 11.10(j) and 11.100(c)" in page
    assert "Clara Naguib (clara)" in page
    assert "Not accepted yet" in page


@pytest.mark.requirement("RQ-32")
def test_it_is_accepted_with_the_password_at_that_moment(universe: Any, client: Client) -> None:
    for wrong in ("", "wrong", PASSWORD + " "):
        answer = client.post(URL, {"password": wrong}, follow=True)
        assert "The password is not right. Nothing was done." in answer.content.decode()
        assert not statement.has_accepted(universe.clara)
    answer = client.post(URL, {"password": PASSWORD}, follow=True).content.decode()
    assert "You have accepted the statement." in answer
    assert statement.has_accepted(universe.clara)
    found = Acceptance.objects.get(user=universe.clara)
    assert (found.version, found.text, str(found)) == (statement.VERSION, statement.TEXT, "Clara Naguib: statement 1.0")
    trail = AuditEntry.objects.filter(table_name="delegation_acceptance").first()
    assert (trail.actor_name, trail.new["text"]) == ("Clara Naguib (clara)", statement.TEXT)


def test_once_is_enough_and_a_double_click_does_no_harm(universe: Any, client: Client) -> None:
    posted = {"password": PASSWORD, "idempotency-key": "once"}
    for _ in range(2):
        assert client.post(URL, posted).status_code == 302
    assert Acceptance.objects.filter(user=universe.clara).count() == 1
    answer = client.post(URL, {"password": PASSWORD}, follow=True).content.decode()
    assert "You have already accepted this statement." in answer


def test_a_new_text_is_accepted_anew(universe: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    assert statement.has_accepted(universe.ines)
    monkeypatch.setattr(statement, "VERSION", "2.0")
    assert not statement.has_accepted(universe.ines)
    statement.accept(by=universe.ines)
    assert statement.acceptance_of(universe.ines).version == "2.0"


def test_nobody_accepts_for_somebody_else_or_twice(universe: Any) -> None:
    with pytest.raises(Refused, match="already accepted"):
        statement.accept(by=universe.ines)
    with pytest.raises(IntegrityError), transaction.atomic(), acting(System("test")):
        Acceptance.objects.create(user=universe.ines, version=statement.VERSION, text="x")


def test_the_password_leaves_no_trace_in_the_key_of_the_form(universe: Any, client: Client) -> None:
    """A fast digest of a form that holds a password would give it away to whoever reads the table."""
    client.post(URL, {"password": PASSWORD, "idempotency-key": "k"})
    stored = IdempotencyKey.objects.get(key="k", user=universe.clara)
    assert stored.request_digest == digest_of(URL, {"idempotency-key": "k"})
    assert stored.request_digest == digest_of(URL, {"idempotency-key": "k", "password": "other", "code": "123456"})
