"""How often somebody may try: counted before anything is hashed, for every account and every address, known or not (W6)."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from axes.models import AccessAttempt
from django.db import connection
from django.test import Client, RequestFactory
from django.urls import reverse
from django.utils import timezone

from accounts import lockout, throttle
from accounts.middleware import ClientAddressMiddleware
from accounts.models import Attempts
from demo.people import PASSWORD
from itp_trial import actions as trial
from itp_trial.models import AccessEntry
from itp_trial.refusal import TooOften
from tests.accounts.conftest import WRONG, Browser, code_now, enrol, log

pytestmark = [pytest.mark.django_db, pytest.mark.requirement("RQ-46")]


@contextmanager
def hashes_counted(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """Every time that a password is hashed, whoever's it is."""
    from django.contrib.auth.hashers import MD5PasswordHasher

    encode, made = MD5PasswordHasher.encode, []

    def counting(self: Any, password: str, salt: str) -> str:
        made.append(password)
        return str(encode(self, password, salt))

    with monkeypatch.context() as patch:
        patch.setattr(MD5PasswordHasher, "encode", counting)
        yield made


class TestManyTries:
    def test_a_hundred_tries_at_one_account_hash_five_times(self, universe: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        with hashes_counted(monkeypatch) as made:
            answers = [Browser().password("clara", WRONG) for _ in range(100)]
        assert len(made) == 5
        assert {answer.status_code for answer in answers[4:]} == {429}
        assert all(0 < int(answer.headers["Retry-After"]) <= 900 for answer in answers[4:])

    def test_from_a_hundred_addresses_twenty_times(self, universe: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        with hashes_counted(monkeypatch) as made:
            answers = [Browser(f"10.1.0.{n}").password("clara", WRONG) for n in range(100)]
        assert len(made) == throttle.OF_ACCOUNT.tries
        assert [answer.status_code for answer in answers] == [200] * 20 + [429] * 80
        assert answers[-1].headers["Retry-After"]
        assert Browser("10.2.0.1").password("ines").status_code == 302, "others can still sign in"
        assert len(log("locked_out")) == 1, "said once"

    def test_one_address_at_many_accounts(self, universe: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        names = [f"name{n}" for n in range(30)] + ["clara", "ines", "otto"]
        with hashes_counted(monkeypatch) as made:
            answers = [Browser("10.3.0.1").password(name, WRONG) for name in names * 3]
        assert len(made) == throttle.OF_ADDRESS.tries
        assert {answer.status_code for answer in answers[40:]} == {429}
        assert Browser("10.3.0.2").password("clara").status_code == 302, "elsewhere everybody can still sign in"

    def test_it_passes(self, universe: Any) -> None:
        for n in range(25):
            Browser(f"10.1.0.{n}").password("clara", WRONG)
        assert Browser("10.9.0.1").password("clara").status_code == 429
        with time_machine.travel(timezone.now() + timedelta(minutes=15, seconds=5), tick=False):
            assert Browser("10.9.0.1").password("clara").status_code == 302

    def test_a_ward_behind_one_address_signs_in_all_day(self, universe: Any) -> None:
        for _ in range(throttle.OF_ADDRESS.tries + 10):
            assert Browser().password("clara").status_code == 302

    def test_an_ipv6_client_cannot_change_its_address_at_will(self) -> None:
        def network(address: str) -> str:
            return throttle.network_of(RequestFactory().get("/", REMOTE_ADDR=address))

        assert network("2001:db8:1:2::1") == network("2001:db8:1:2:ffff::9") != network("2001:db8:1:3::1")
        assert network("10.0.0.1") != network("10.0.0.2")
        assert network("") == ""


class TestNobodyLearnsWhoExists:
    def test_the_same_text_and_the_same_work(self, universe: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        told = {}
        for name in ("clara", "nobody-at-all", "adam"):
            with hashes_counted(monkeypatch) as made:
                answers = [Browser().password(name, WRONG) for _ in range(8)]
            typed = rf'name="csrfmiddlewaretoken" value="\w+"|value="{name}"|<time.*</time>'
            pages = [re.sub(typed, "", answer.content.decode()) for answer in answers]
            told[name] = ([answer.status_code for answer in answers], len(made), pages)
        assert told["clara"] == told["nobody-at-all"] == told["adam"]

    def test_a_closed_account_too(self, universe: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        from accounts import actions

        actions.close_account(user=universe.otto, reason="left", by=universe.adam)
        with hashes_counted(monkeypatch) as made:
            answer = Browser().password("otto")
        assert (answer.status_code, len(made)) == (200, 1)

    def test_the_second_factor_is_asked_of_nobody_without_the_password(self, universe: Any) -> None:
        enrol(universe.clara)
        assert Browser().password("clara", WRONG).status_code == 200

    def test_case_and_spaces_of_the_name_do_not_matter(self, universe: Any) -> None:
        assert Browser().password(" Clara ").status_code == 302
        for name in ("clara", "CLARA", " clara", "Clara ", "cLARA"):
            Browser().password(name, WRONG)
        assert Browser().password("clara").status_code == 429, "one account, one lock"


class TestSecondFactor:
    def test_codes_are_limited_over_all_addresses(self, universe: Any, still: Any) -> None:
        enrol(universe.clara)
        statuses = []
        for n in range(8):
            window = Browser(f"10.4.0.{n}")
            window.password("clara")
            statuses += [window.code(f"{n}0000{m}").status_code for m in range(4)]
            assert not window.is_in
        assert statuses.count(200) == throttle.OF_ACCOUNT.tries, "the others were not looked at"

    def test_what_was_sent_is_not_stored(self, universe: Any, still: Any) -> None:
        codes = enrol(universe.clara)
        window = Browser()
        window.password("clara")
        window.code(codes[0] + "x")
        assert codes[0] not in "".join(f"{attempt.post_data}{attempt.get_data}" for attempt in AccessAttempt.objects.all())


class TestTokens:
    def ask(self, secret: str, address: str = "10.5.0.1") -> Any:
        return Client(REMOTE_ADDR=address).get(
            "/api/v1/participants/", secure=True, headers={"Authorization": f"Bearer {secret}"}
        )

    def test_bad_ones_are_soon_answered_with_429(self, universe: Any) -> None:
        answers = [self.ask(f"itp_{n}") for n in range(40)]
        assert [answer.status_code for answer in answers] == [401] * 30 + [429] * 10
        assert int(answers[-1].headers["Retry-After"]) > 0
        assert answers[-1]["Content-Type"].startswith("application/problem+json")
        assert self.ask("itp_0", "10.5.0.2").status_code == 401, "another address starts anew"
        assert len(log("sign_in_failed")) == 31

    def test_good_ones_go_on_beside_them(self, universe: Any) -> None:
        _, secret = trial.create_token(assignment=universe.milo.assignments.get(), name="x", by=universe.milo)
        for n in range(35):
            self.ask(f"itp_{n}")
        assert self.ask(secret).status_code == 200


class TestClientAddress:
    """Behind the TLS proxy the right-most hop counts: what stands before it is what the client said."""

    @pytest.mark.parametrize(
        ("forwarded", "address"),
        [("198.51.100.7", "198.51.100.7"), ("1.2.3.4, 198.51.100.7", "198.51.100.7"),
         ("1.2.3.4,5.6.7.8 , 2001:db8::1", "2001:db8::1"), ("", "10.0.0.9"), ("unknown", "10.0.0.9"),
         ("1.2.3.4, <b>", "10.0.0.9")],
    )  # fmt: skip
    def test_the_right_most_hop(self, settings: Any, forwarded: str, address: str) -> None:
        settings.BEHIND_TLS_PROXY = True
        request = RequestFactory().get("/", REMOTE_ADDR="10.0.0.9", HTTP_X_FORWARDED_FOR=forwarded)
        assert ClientAddressMiddleware(lambda request: request.META["REMOTE_ADDR"])(request) == address  # type: ignore[arg-type, return-value]

    def test_without_a_proxy_the_header_is_not_believed(self, settings: Any) -> None:
        settings.BEHIND_TLS_PROXY = False
        request = RequestFactory().get("/", REMOTE_ADDR="10.0.0.9", HTTP_X_FORWARDED_FOR="198.51.100.7")
        assert ClientAddressMiddleware(lambda request: request.META["REMOTE_ADDR"])(request) == "10.0.0.9"  # type: ignore[arg-type, return-value]

    def test_it_is_the_address_of_the_lock_and_of_the_log(self, universe: Any, settings: Any) -> None:
        settings.BEHIND_TLS_PROXY = True
        for _ in range(5):
            Browser("10.0.0.9", HTTP_X_FORWARDED_FOR="6.6.6.6, 198.51.100.7").password("clara", WRONG)
        assert Browser("10.0.0.9", HTTP_X_FORWARDED_FOR="7.7.7.7, 198.51.100.7").password("clara").status_code == 429
        assert Browser("10.0.0.9", HTTP_X_FORWARDED_FOR="198.51.100.8").password("clara").status_code == 302
        assert AccessEntry.objects.filter(kind="locked_out").first().address == "198.51.100.7"


class TestUnlock:
    @pytest.fixture(autouse=True)
    def clara_is_locked(self, universe: Any) -> None:
        for _ in range(5):
            Browser().password("clara", WRONG)

    def test_the_lock_is_in_the_log_with_its_end(self) -> None:
        [(_, name, what)] = log("locked_out")
        assert name == "clara"
        assert "until" in what
        assert [entry[0] for entry in log()].count("sign_in_failed") == 5

    def test_more_tries_are_no_news_and_do_not_prolong_it(self) -> None:
        (until,) = lockout.locked().values()
        lines = len(log())
        with time_machine.travel(timezone.now() + timedelta(minutes=10), tick=False):
            assert Browser().password("clara").status_code == 429
            assert lockout.locked()["clara"] == until
        assert len(log()) == lines

    def test_the_administrator_unlocks(self, universe: Any, person_in: Callable[..., Browser]) -> None:
        adam = person_in("adam", address="10.8.0.1")
        assert f"Unlock {universe.clara}" in adam.get(reverse("people")).content.decode()
        page = adam.get(reverse("accounts")).content.decode()
        assert "Locked out, clara" in page
        adam.post(reverse("unlock-account", args=[universe.clara.pk]))
        assert log()[0] == ("account", "Adam Zaki (adam)", "clara: unlocked")
        assert Browser().password("clara").status_code == 302
        assert "Unlock" not in adam.get(reverse("people")).content.decode()

    def test_also_an_account_that_was_tried_from_everywhere(self, universe: Any, person_in: Callable[..., Browser]) -> None:
        for n in range(30):
            Browser(f"10.1.0.{n}").password("otto", WRONG)
        adam = person_in("adam", address="10.8.0.1")
        page = adam.get(reverse("account-of", args=[universe.otto.pk])).content.decode()
        assert "Unlock now" in page
        adam.post(reverse("unlock-account", args=[universe.otto.pk]))
        assert Browser("10.1.1.1").password("otto").status_code == 302


@pytest.mark.django_db(transaction=True)
def test_no_try_is_lost_when_many_come_at_once() -> None:
    """Two workers, four threads each: the counter is one statement."""
    limit, refused = throttle.Limit("together", 5, 60), []

    def knock() -> None:
        try:
            throttle.count(limit, "x")
        except TooOften:
            refused.append(1)
        finally:
            connection.close()

    threads = [threading.Thread(target=knock) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=30)
    assert len(refused) == 7
    assert Attempts.objects.get().count == 12


def test_the_password_is_never_stored_with_an_attempt(universe: Any) -> None:
    Browser().password("clara", WRONG)
    assert WRONG not in str([attempt.__dict__ for attempt in AccessAttempt.objects.all()])
    assert WRONG not in str(log())
    assert PASSWORD
    assert code_now()
