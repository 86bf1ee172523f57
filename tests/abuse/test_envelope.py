"""What surrounds an answer: headers (W8), addresses without data (W11), forged hosts (W17), methods nobody needs."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.conf import settings
from django.db import connection
from django.test import Client
from django.urls import get_resolver, reverse

from casebook import reminders, selectors
from itp_trial.models import User
from tests.abuse.conftest import addresses
from tests.access.policy import POLICY, routes
from tests.conformance.document import Document

pytestmark = pytest.mark.django_db

# --- W8, W11 ----------------------------------------------------------------------------------------------------------

HEADERS = {
    "X-Content-Type-Options": "nosniff", "X-Frame-Options": "DENY", "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
}  # fmt: skip
POLICY_PARTS = ("default-src 'self'", "object-src 'none'", "base-uri 'none'", "frame-ancestors 'none'", "form-action 'self'")


def lacking(answer: Any) -> list[str]:
    """The protection that an answer lacks."""
    wrong = [name for name, value in HEADERS.items() if answer.headers.get(name) != value]
    policy = answer.headers.get("Content-Security-Policy", "")
    wrong += [part for part in POLICY_PARTS if part not in policy] + ["unsafe"] * ("unsafe" in policy)
    wrong += ["X-Request-ID"] * (not re.fullmatch("[0-9a-f]{32}", answer.headers.get("X-Request-ID", "")))
    caching = answer.headers.get("Cache-Control", "")
    return wrong + ["no-store"] * ("no-store" not in caching)


@pytest.mark.row("W8", "W11")
@pytest.mark.parametrize("who", ["stranger", "clara", "adam"])
def test_every_answer_carries_its_protection(universe: Any, client_of: Callable[[User], Client], who: str) -> None:
    client = Client() if who == "stranger" else client_of(getattr(universe, who))
    wrong = {}
    for address in addresses(universe, universe.responder, universe.s1).values():
        for method in ("get", "head", "post", "delete", "options") if who == "clara" else ("get", "post"):
            answer = getattr(client, method)(address, secure=True)
            if missing := lacking(answer):
                wrong[f"{method} {address} {answer.status_code}"] = missing
    assert not wrong


@pytest.mark.row("W8", "W13", "W17")
@pytest.mark.parametrize(
    ("address", "more", "status"),
    [("/no/such/page", {}, 404), ("/participants/?x=%00", {}, 400), ("/worklist/", {"HTTP_HOST": "evil.example"}, 400),
     ("/sign-in", {}, 301), ("/worklist/", {"broken": True}, 500), ("/api/v1/no/such", {}, 404)],
)  # fmt: skip
def test_errors_and_redirects_carry_it_too(
    universe: Any, client_of: Any, monkeypatch: pytest.MonkeyPatch, address: str, more: dict[str, Any], status: int
) -> None:
    def fail(*_: Any) -> None:
        raise RuntimeError

    client = client_of(universe.clara)
    client.raise_request_exception = False
    if more.pop("broken", False):
        monkeypatch.setattr(selectors, "work_list", fail)
    answer = client.get(address, **more)
    assert answer.status_code == status
    assert not lacking(answer)
    assert "evil" not in answer.content.decode() + str(answer.headers)


@pytest.mark.requirement("RQ-47")
@pytest.mark.row("W8")
def test_production_speaks_only_https() -> None:
    """In a process of its own, with the settings of production."""
    program = """
import django; django.setup()
from django.test import Client, RequestFactory
from django.middleware.security import SecurityMiddleware
from django.http import HttpResponse
from itp_trial.middleware import NumberMiddleware
chain = NumberMiddleware(SecurityMiddleware(lambda request: HttpResponse("ok")))
plain, safe = (chain(RequestFactory().get("/worklist/", secure=secure)) for secure in (False, True))
print(plain.status_code, plain["Location"], bool(plain["X-Request-ID"]))
print(safe["Strict-Transport-Security"])
"""
    environment = {"SECRET_KEY": "x" * 60, "DATABASE_URL": "postgres://u@/d", "REDIS_URL": "redis://r",
                   "PATH": os.environ["PATH"], "ALLOWED_HOSTS": "testserver",
                   "DJANGO_SETTINGS_MODULE": "itp_trial.settings"}  # fmt: skip
    done = subprocess.run([sys.executable, "-c", program], env=environment, cwd=settings.BASE_DIR, capture_output=True,
                          text=True, check=True)  # fmt: skip
    assert done.stdout.splitlines() == ["301 https://testserver/worklist/ True", "max-age=31536000; includeSubDomains; preload"]


@pytest.mark.row("W11")
def test_addresses_hold_ids_and_nothing_of_a_child(universe: Any, client_of: Callable[[User], Client]) -> None:
    """Every link of every page: random ids, names of forms and pages; no number, date, name or value of a child."""
    client = client_of(universe.clara)
    child = universe.responder
    told = {child.subject_number, child.screening_number, "S01-", "01-0"}
    links = set()
    for name, address in addresses(universe, child, universe.s1).items():
        answer = client.get(address)
        if "html" in answer.headers["Content-Type"] and name != "api-docs":
            page = Document(answer.content.decode())
            links |= {element.attrs.get(place, "") for element in page.elements for place in ("href", "src", "action")}
    assert len(links) > 30
    assert not [link for link in links for word in told if word in link]
    parts = {part for link in links for part in urlsplit(link).query.split("&")}
    assert {part for part in parts if not re.fullmatch(HARMLESS, part)} <= {"", "for=excel"} | _days(links)


#: What stands behind a question mark: the key of a row, how a page is sorted or drawn, where a list goes on, what a file is for.
HARMLESS = "purpose=other|purpose_text=For.the.family|row=[0-9a-f-]{36}|(order|scale|sort)=-?[a-z_]+|before=[0-9]+"


def _days(links: set[str]) -> set[str]:
    """The report of access rights is asked for by its day, which belongs to no child."""
    return {urlsplit(link).query for link in links if link.startswith("/access-rights")}


# --- W17 --------------------------------------------------------------------------------------------------------------


@pytest.mark.row("W17")
@pytest.mark.parametrize("header", ["HTTP_X_FORWARDED_HOST", "HTTP_X_HOST", "HTTP_FORWARDED", "HTTP_X_ORIGINAL_URL"])
def test_forwarded_names_are_not_believed(universe: Any, client_of: Any, header: str) -> None:
    answer = client_of(universe.clara).get(reverse("api-participants") + "?page_size=1", **{header: "evil.example"})
    assert answer.status_code == 200
    assert "evil" not in answer.content.decode()
    assert not settings.USE_X_FORWARDED_HOST
    assert not settings.USE_X_FORWARDED_PORT
    assert "*" not in settings.ALLOWED_HOSTS


@pytest.mark.row("W17")
def test_a_forwarded_address_or_scheme_is_not_believed(universe: Any) -> None:
    """Else anybody could get round the lock-out, or claim that plain HTTP was encrypted."""
    for n in range(5):
        posted = {"username": "clara", "password": "wrong-password-0"}
        last = Client().post(reverse("sign-in"), posted, secure=True, HTTP_X_FORWARDED_FOR=f"10.1.1.{n}")
    assert last.status_code == 429
    assert getattr(settings, "SECURE_PROXY_SSL_HEADER", None) is None, "only with BEHIND_TLS_PROXY"


@pytest.mark.row("W17")
def test_mails_name_the_configured_host(universe: Any, mailoutbox: list[Any]) -> None:
    from datetime import timedelta

    import time_machine
    from django.utils import timezone

    day = timezone.localtime()
    while day.weekday() in reminders.WEEKEND:
        day += timedelta(days=1)
    with time_machine.travel(day, tick=False):
        reminders.sweep(timezone.localdate())
        reminders.drain()
    assert mailoutbox
    for mail in mailoutbox:
        assert set(re.findall(r"https?://[^/\s]+", mail.body)) == {settings.SITE_URL}


@pytest.mark.row("A6")
@pytest.mark.parametrize("method", ["OPTIONS", "TRACE", "PROPFIND"])
def test_methods_that_nobody_needs_are_not_there(universe: Any, client_of: Any, method: str) -> None:
    client = client_of(universe.clara)
    client.raise_request_exception = False
    for name, address in addresses(universe, universe.responder, universe.s1).items():
        # Who is signed in is sent on from the sign-in page before anything else.
        assert client.generic(method, address).status_code == (302 if name == "sign-in" else 405), name


@pytest.mark.row("W2")
def test_reading_by_head_writes_nothing(universe: Any, client_of: Any) -> None:
    """As the walk over GET (tests/access) does; HEAD is the other method that must be safe."""
    from tests.access.test_matrix import read_only

    client = client_of(universe.clara)
    client.get(reverse("account"))  # the mark of the last request is written once a minute
    for address in addresses(universe, universe.responder, universe.s1).values():
        with read_only(), connection.cursor():
            assert client.head(address).status_code < 500


def test_every_route_is_walked(universe: Any) -> None:
    """The self-test of this file: no address that can be read is left out."""
    walked = {name.split(" ")[0] for name in addresses(universe, universe.responder, universe.s1)}
    assert walked == {name for name, methods in POLICY.items() if "GET" in methods} & {n for n, _ in routes(get_resolver())}
