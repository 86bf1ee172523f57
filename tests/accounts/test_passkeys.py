"""Passkeys: an answer opens only if this key signed this challenge, at this address, once (RQ-44)."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Callable
from typing import Any

import pytest
from django.test import RequestFactory
from django.urls import reverse
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accounts import passkeys, second_factor
from accounts.models import Passkey
from accounts.sessions import SECOND_FACTOR
from demo.people import PASSWORD
from itp_trial.models import AuditEntry
from tests.accounts.authenticator import Authenticator
from tests.accounts.conftest import WRONG, Browser, code_now, enrol, log

pytestmark = [pytest.mark.django_db, pytest.mark.requirement("RQ-44")]


def asked(page: Any, attribute: str = "data-ask") -> dict[str, Any]:
    """What the page asks the browser."""
    found = re.search(rf'{attribute}="([^"]+)"', page.content.decode())
    assert found, "the page offers no passkey"
    options: dict[str, Any] = json.loads(html.unescape(found[1]))
    return options


def add(window: Browser, device: Authenticator, name: str = "tablet", **change: str) -> str:
    offer = asked(window.get(reverse("add-passkey")), "data-new-passkey")
    posted = {"name": name, "passkey": device.create(offer), "password": PASSWORD, **change}
    return str(window.post(reverse("add-passkey"), posted, follow=True).content.decode())


@pytest.fixture
def device(universe: Any, person_in: Callable[..., Browser]) -> Authenticator:
    """Clara's key, added at her page."""
    key = Authenticator()
    self_window = person_in("clara")
    assert "is your second factor now" in add(self_window, key)
    assert self_window.session[SECOND_FACTOR] is True
    return key


def at_the_second_step() -> Browser:
    window = Browser()
    assert window.password("clara").headers["Location"] == reverse("second-factor")
    return window


def test_it_is_added_with_the_password(universe: Any, device: Authenticator) -> None:
    key = Passkey.objects.get(user=universe.clara)
    assert key.name == "tablet"
    assert ("account", "Clara Naguib (clara)", "passkey added: tablet") in log()
    assert AuditEntry.objects.filter(table_name="accounts_passkey", operation="INSERT").count() == 1
    assert second_factor.enrolled(universe.clara)


def test_not_without_it(universe: Any, person_in: Callable[..., Browser]) -> None:
    assert "password is not right" in add(person_in("clara"), Authenticator(), password=WRONG)
    assert not Passkey.objects.exists()


@pytest.mark.parametrize("answer", ["", "{}", "[]", "null", "x", '{"id":"AA","rawId":"AA","type":"public-key","response":{}}'])
def test_nonsense_is_not_added(universe: Any, person_in: Callable[..., Browser], answer: str) -> None:
    assert "could not be checked" in add(person_in("clara"), Authenticator(), passkey=answer)


def test_an_answer_without_a_question_is_not_added(universe: Any, person_in: Callable[..., Browser]) -> None:
    clara, ines = person_in("clara"), person_in("ines")
    answer = Authenticator().create(asked(clara.get(reverse("add-passkey")), "data-new-passkey"))
    posted = {"name": "x", "passkey": answer, "password": PASSWORD}
    assert "could not be checked" in ines.post(reverse("add-passkey"), posted, follow=True).content.decode()


def test_it_opens(universe: Any, device: Authenticator) -> None:
    window = at_the_second_step()
    window.code(device.get(asked(window.get(reverse("second-factor")))))
    assert window.is_in
    assert log("sign_in")[0][2] == "with password and passkey"
    assert Passkey.objects.get().last_used_at


#: What is wrong with the answer -> how it is made.
WRONG_ANSWERS: dict[str, Callable[[Authenticator, dict[str, Any]], str]] = {
    "another key": lambda device, options: Authenticator(credential_id=device.credential_id).get(options),
    "a key that nobody knows": lambda device, options: Authenticator(key=device.key).get(options),
    "another challenge": lambda device, options: device.get({**options, "challenge": "AAAA" * 10}),
    "another site's name": lambda device, options: device.get({**options, "rpId": "evil.example"}),
    "another address": lambda device, options: Authenticator("https://evil.example", 5, device.key, device.credential_id).get(
        options
    ),
    "plain HTTP": lambda device, options: Authenticator("http://testserver", 5, device.key, device.credential_id).get(options),
    "another port": lambda device, options: Authenticator("https://testserver:444", 5, device.key, device.credential_id).get(
        options
    ),
    "an answer to another question": lambda device, options: device.create({**options, "rp": {"id": options["rpId"]}}),
}


@pytest.mark.parametrize("wrong", WRONG_ANSWERS.values(), ids=WRONG_ANSWERS)
def test_a_wrong_answer_opens_nothing(device: Authenticator, wrong: Callable[..., str]) -> None:
    window = at_the_second_step()
    answer = window.code(wrong(device, asked(window.get(reverse("second-factor")))))
    assert "not right" in answer.content.decode()
    assert not window.is_in


def test_an_answer_is_good_once(device: Authenticator) -> None:
    window = at_the_second_step()
    answer = device.get(asked(window.get(reverse("second-factor"))))
    window.code(answer)
    again = at_the_second_step()
    again.get(reverse("second-factor"))
    again.code(answer)
    assert not again.is_in


def test_a_challenge_is_used_up_by_a_wrong_answer(device: Authenticator) -> None:
    window = at_the_second_step()
    options = asked(window.get(reverse("second-factor")))
    before = window.session[passkeys.ASKED]
    window.code("{}")
    assert window.session[passkeys.ASKED] != before, "the page asks anew"
    window.code(device.get(options))
    assert not window.is_in


@pytest.mark.parametrize(("behind", "opens"), [(0, True), (1, False), (3, False)])
def test_a_counter_that_goes_back_is_a_copied_key(device: Authenticator, behind: int, opens: bool) -> None:
    for _ in range(3):
        window = at_the_second_step()
        window.code(device.get(asked(window.get(reverse("second-factor")))))
        assert window.is_in
    device.count -= behind
    window = at_the_second_step()
    window.code(device.get(asked(window.get(reverse("second-factor")))))
    assert window.is_in == opens


def test_a_key_without_a_counter_opens_every_time(device: Authenticator) -> None:
    for _ in range(2):
        device.count = -1
        window = at_the_second_step()
        window.code(device.get(asked(window.get(reverse("second-factor")))))
        assert window.is_in


def test_another_persons_key_opens_nothing(universe: Any, device: Authenticator, person_in: Callable[..., Browser]) -> None:
    other = Authenticator()
    add(person_in("ines"), other)
    window = at_the_second_step()
    window.code(other.get(asked(window.get(reverse("second-factor")))))
    assert not window.is_in


def test_it_signs_too(universe: Any, device: Authenticator) -> None:
    """At the moment of an act the passkey's answer stands where the code would."""
    window = at_the_second_step()
    window.code(device.get(asked(window.get(reverse("second-factor")))))
    options = asked(window.get(reverse("second-factors")))
    posted = {"do": f"passkey-{Passkey.objects.get().pk}", "password": PASSWORD, "code": device.get(options)}
    assert "It is removed" in window.post(reverse("second-factors"), posted, follow=True).content.decode()
    assert not second_factor.enrolled(universe.clara)


@pytest.mark.usefixtures("still")
def test_beside_an_app(universe: Any, person_in: Callable[..., Browser]) -> None:
    enrol(universe.clara)
    clara, key = person_in("clara"), Authenticator()
    add(clara, key, code=code_now(ahead=1))
    window = at_the_second_step()
    window.code(key.get(asked(window.get(reverse("second-factor")))))
    assert window.is_in
    page = clara.get(reverse("second-factors")).content.decode()
    assert "authenticator app" in page
    assert "tablet" in page


@pytest.mark.parametrize(("host", "possible"), [("testserver", True), ("localhost:8000", True), ("127.0.0.1:8000", False)])
def test_passkeys_belong_to_names(
    universe: Any, person_in: Callable[..., Browser], settings: Any, host: str, possible: bool
) -> None:
    settings.ALLOWED_HOSTS = ["testserver", "localhost", "127.0.0.1"]
    page = person_in("clara").get(reverse("add-passkey"), HTTP_HOST=host).content.decode()
    assert ("data-new-passkey" in page) == possible
    assert ("belong to a host name" in page) != possible


NAMES = ["id", "rawId", "type", "response", "clientDataJSON", "authenticatorData", "signature", "userHandle"]
LEAVES = st.none() | st.booleans() | st.integers() | st.text(max_size=20)
ANYTHING = st.recursive(
    LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(NAMES), inner, max_size=6)
)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(ANYTHING)
def test_no_answer_breaks_it(universe: Any, anything: Any) -> None:
    request, asked_before = RequestFactory().get("/", secure=True), {"challenge": "AAAA", "user_verification": None}
    request.session = {passkeys.ASKED: asked_before, passkeys.OFFERED: asked_before}
    assert passkeys.verify(request, [Passkey(credential="A" * 100)], json.dumps(anything)) is None
    assert passkeys.register(request, json.dumps(anything)) is None
