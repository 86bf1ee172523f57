"""Password, then something that one has: asked of whoever has it, demanded of three roles, good for one use (RQ-44)."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest
from django.conf import settings
from django.db import connection
from django.test import Client, RequestFactory
from django.urls import reverse

from accounts import actions, second_factor
from accounts.models import Passkey, RecoveryCode, Totp
from accounts.sessions import SECOND_FACTOR
from demo.people import PASSWORD
from itp_trial.actor import acting
from itp_trial.models import AuditEntry
from itp_trial.refusal import Refused
from itp_trial.roles import Role
from tests.accounts.conftest import SECRET, WRONG, Browser, code_now, enrol, give_role, log, newcomer

pytestmark = [pytest.mark.django_db, pytest.mark.requirement("RQ-44"), pytest.mark.usefixtures("still")]


class TestSigningIn:
    @pytest.fixture(autouse=True)
    def clara_has_an_app(self, universe: Any) -> None:
        self.codes = enrol(universe.clara)

    def test_the_password_alone_opens_nothing(self, browser: Browser) -> None:
        answer = browser.password("clara")
        assert answer.headers["Location"] == reverse("second-factor")
        assert not browser.is_in
        assert browser.get(reverse("second-factor")).status_code == 200

    def test_password_and_code_open(self, browser: Browser) -> None:
        browser.password("clara", next="/participants/")
        assert browser.code(code_now()).headers["Location"] == "/participants/"
        assert browser.is_in
        assert browser.session[SECOND_FACTOR] is True
        assert log("sign_in")[0][2] == "with password and code of the app"

    @pytest.mark.parametrize(
        "spelling", [lambda c: f" {c[:3]} {c[3:]} ", lambda c: c.translate({48 + i: 0x660 + i for i in range(10)})]
    )
    def test_a_code_is_read_as_it_is_typed(self, browser: Browser, spelling: Callable[[str], str]) -> None:
        browser.password("clara")
        browser.code(spelling(code_now()))
        assert browser.is_in

    def test_a_code_is_accepted_once(self, browser: Browser) -> None:
        browser.password("clara")
        browser.code(code_now())
        again = Browser()
        again.password("clara")
        answer = again.code(code_now())
        assert "used before" in answer.content.decode()
        assert not again.is_in

    def test_the_code_of_the_enrolment_opens_nothing(self, universe: Any, browser: Browser) -> None:
        enrol(universe.ines, secret=SECRET[::-1])
        browser.password("ines")
        browser.code(code_now(SECRET[::-1], ahead=-1))
        assert not browser.is_in

    @pytest.mark.parametrize(("ahead", "opens"), [(-2, False), (0, True), (1, True), (2, False)])
    def test_a_clock_may_be_one_step_off(self, browser: Browser, ahead: int, opens: bool) -> None:
        browser.password("clara")
        browser.code(code_now(ahead=ahead))
        assert browser.is_in == opens

    def test_an_older_code_does_not_come_back_after_a_newer_one(self, browser: Browser) -> None:
        browser.password("clara")
        browser.code(code_now(ahead=1))
        later = Browser()
        later.password("clara")
        later.code(code_now())
        assert not later.is_in

    @pytest.mark.parametrize("sent", ["", "000000", "12345", "x" * 5000, "{", "{}", "[]", '{"id": 1}', "\u202e123456", "\x00"])
    def test_what_is_no_code_is_refused_in_plain_words(self, browser: Browser, sent: str) -> None:
        browser.password("clara")
        answer = browser.code(sent)
        assert answer.status_code == 200
        assert "not right" in answer.content.decode()
        assert not browser.is_in

    def test_a_recovery_code_works_once(self, browser: Browser) -> None:
        browser.password("clara")
        browser.code(self.codes[3].upper().replace("-", " "))
        assert browser.is_in
        assert log("sign_in")[0][2] == "with password and recovery code"
        again = Browser()
        again.password("clara")
        again.code(self.codes[3])
        assert not again.is_in

    def test_another_persons_recovery_code_opens_nothing(self, universe: Any, browser: Browser) -> None:
        browser.password("clara")
        browser.code(enrol(universe.ines)[0])
        assert not browser.is_in

    def test_five_wrong_codes_lock_the_account(self, browser: Browser) -> None:
        browser.password("clara")
        statuses = [browser.code("000000").status_code for _ in range(5)]
        assert statuses == [200, 200, 200, 200, 429]
        assert browser.code(code_now()).status_code == 429
        assert Browser().password("clara").status_code == 429, "the same lock as at the password"
        assert len(log("locked_out")) == 1

    def test_the_right_password_again_does_not_start_the_count_anew(self, browser: Browser) -> None:
        for _ in range(2):
            browser.password("clara")
            browser.code("000000")
            browser.code("000000")
        browser.password("clara")
        assert browser.code("000000").status_code == 429

    def test_the_step_is_open_for_five_minutes(self, browser: Browser, still: Any) -> None:
        browser.password("clara")
        still.shift(5 * 60 + 1)
        assert browser.code(code_now()).headers["Location"] == reverse("sign-in")
        assert not browser.is_in

    def test_a_password_that_changed_meanwhile_closes_it(self, universe: Any, browser: Browser) -> None:
        browser.password("clara")
        actions.change_password(user=universe.clara, password="another horse in the stable")
        assert browser.code(code_now()).headers["Location"] == reverse("sign-in")

    def test_without_a_password_there_is_no_second_step(self, browser: Browser) -> None:
        assert browser.get(reverse("second-factor")).headers["Location"] == reverse("sign-in")
        assert browser.code(code_now()).headers["Location"] == reverse("sign-in")

    def test_nothing_of_it_stands_in_clear(self, universe: Any) -> None:
        app = Totp.objects.get(user=universe.clara)
        assert SECRET not in app.secret
        trail = [f"{entry.old} {entry.new}" for entry in AuditEntry.objects.filter(table_name__startswith="accounts_")]
        stored = [app.secret, *RecoveryCode.objects.values_list("digest", flat=True)]
        assert not [text for text in trail if any(secret in text for secret in (*self.codes, *stored))]

    def test_an_app_that_another_key_sealed_is_no_way_in(self, browser: Browser, settings: Any) -> None:
        browser.password("clara")
        key, settings.SECRET_KEY = settings.SECRET_KEY, "another-key-" * 6
        settings.SECRET_KEY_FALLBACKS = []
        assert second_factor._secret(Totp.objects.first()) == ""
        settings.SECRET_KEY_FALLBACKS = [key]
        assert second_factor._secret(Totp.objects.first()) != "", "an earlier key still opens it"


class TestRequired:
    """Administrator, data manager and sponsor reach nothing but the enrolment until they have one."""

    @pytest.mark.parametrize("role", [Role.ADMINISTRATOR, Role.DATA_MANAGER, Role.SPONSOR])
    def test_only_the_enrolment_is_open(self, universe: Any, browser: Browser, role: Role) -> None:
        newcomer(role)
        browser.password("newly")
        for name in ("home", "account", "people", "work-list", "participants", "exports", "protocol"):
            assert browser.get(reverse(name)).headers["Location"] == reverse("second-factors"), name
        assert browser.post(reverse("create-token"), {"assignment": 1}).headers["Location"] == reverse("second-factors")
        assert browser.get("/api/v1/participants/").status_code == 403
        assert browser.get("/healthz").status_code == 200
        for name in ("second-factors", "enrol-app", "add-passkey"):
            assert browser.get(reverse(name)).status_code == 200
        assert "Your role needs a second factor" in browser.get(reverse("second-factors")).content.decode()

    def test_a_role_given_while_signed_in_counts_at_once(self, universe: Any, person_in: Callable[..., Browser]) -> None:
        milo = person_in("milo")
        give_role(universe.milo, Role.SPONSOR)
        assert milo.get(reverse("work-list")).headers["Location"] == reverse("second-factors")

    @pytest.mark.parametrize("username", ["clara", "ines", "hana", "milo", "pia", "sami"])
    def test_the_others_may_do_without(self, universe: Any, person_in: Callable[..., Browser], username: str) -> None:
        assert person_in(username).get(reverse("work-list")).status_code == 200

    def test_the_last_one_stays(self, universe: Any, person_in: Callable[..., Browser]) -> None:
        dana = person_in("dana")
        answer = dana.post(
            reverse("second-factors"), {"do": "app", "password": PASSWORD, "code": demo_code(universe.dana)}, follow=True
        )
        assert "Your role needs a second factor" in answer.content.decode()
        assert Totp.objects.filter(user=universe.dana).exists()


def demo_code(user: Any) -> str:
    shown = second_factor.demonstration(second_factor.app_of(user))
    return shown.code if shown else "nothing"


class TestEnrolling:
    def test_with_password_and_first_code(self, universe: Any, person_in: Callable[..., Browser]) -> None:
        clara, elsewhere = person_in("clara"), person_in("clara")
        page = clara.get(reverse("enrol-app")).content.decode()
        secret = page.split('id="totp-secret">')[1].split("<")[0].replace(" ", "")
        assert "data:image/svg+xml" in page
        assert clara.get(reverse("enrol-app")).content.decode().count(" ".join(secret[i : i + 4] for i in range(0, 32, 4))) == 1
        answer = clara.post(reverse("enrol-app"), {"first_code": code_now(secret), "password": PASSWORD}, follow=True)
        shown = answer.content.decode()
        assert shown.count('class="secret"') == second_factor.RECOVERY_CODES
        assert 'class="secret"' not in clara.get(reverse("second-factors")).content.decode(), "once"
        assert not elsewhere.is_in, "sessions without the second factor end"
        assert clara.is_in
        assert ("account", "Clara Naguib (clara)", "authenticator app enrolled") in log()
        assert second_factor.enrolled(universe.clara)

    @pytest.mark.parametrize(
        ("change", "said"),
        [
            ({"first_code": "000000"}, "does not fit"),
            ({"password": WRONG}, "password is not right"),
            ({"first_code": "no"}, "does not fit"),
        ],
    )
    def test_not_without_them(self, universe: Any, person_in: Callable[..., Browser], change: dict[str, str], said: str) -> None:
        clara = person_in("clara")
        page = clara.get(reverse("enrol-app")).content.decode()
        secret = page.split('id="totp-secret">')[1].split("<")[0].replace(" ", "")
        answer = clara.post(reverse("enrol-app"), {"first_code": code_now(secret), "password": PASSWORD, **change}, follow=True)
        assert said in answer.content.decode()
        assert secret[:4] in answer.content.decode(), "the same picture, so that it need not be photographed again"
        assert not second_factor.enrolled(universe.clara)

    def test_not_without_having_seen_the_picture(self, universe: Any, person_in: Callable[..., Browser]) -> None:
        answer = person_in("clara").post(reverse("enrol-app"), {"first_code": "1", "password": PASSWORD}, follow=True)
        assert "open this page again" in answer.content.decode()

    def test_replacing_an_app_asks_for_the_old_one(self, universe: Any, person_in: Callable[..., Browser]) -> None:
        enrol(universe.clara)
        clara = person_in("clara")
        page = clara.get(reverse("enrol-app")).content.decode()
        secret = page.split('id="totp-secret">')[1].split("<")[0].replace(" ", "")
        posted = {"first_code": code_now(secret), "password": PASSWORD}
        assert "second factor too" in clara.post(reverse("enrol-app"), posted, follow=True).content.decode()
        answer = clara.post(reverse("enrol-app"), {**posted, "code": code_now(ahead=1)}, follow=True)
        assert "is your second factor now" in answer.content.decode()
        assert 'class="secret"' not in answer.content.decode(), "the recovery codes stay the same"
        assert second_factor._secret(Totp.objects.get(user=universe.clara)) == secret


class TestTakingAway:
    @pytest.fixture
    def clara(self, universe: Any, person_in: Callable[..., Browser]) -> Browser:
        self.codes = enrol(universe.clara)
        return person_in("clara")

    def post(self, clara: Browser, do: str, **change: str) -> str:
        posted = {"do": do, "password": PASSWORD, "code": code_now(ahead=1), **change}
        return str(clara.post(reverse("second-factors"), posted, follow=True).content.decode())

    def test_the_app_and_its_recovery_codes(self, universe: Any, clara: Browser) -> None:
        assert "It is removed" in self.post(clara, "app")
        assert not second_factor.enrolled(universe.clara)
        assert not RecoveryCode.objects.filter(user=universe.clara).exists()
        assert ("account", "Clara Naguib (clara)", "authenticator app removed") in log()
        assert AuditEntry.objects.filter(table_name="accounts_totp", operation="DELETE").exists()

    def test_new_recovery_codes_end_the_old_ones(self, universe: Any, clara: Browser) -> None:
        page = self.post(clara, "codes")
        assert page.count('class="secret"') == second_factor.RECOVERY_CODES
        window = Browser()
        window.password("clara")
        window.code(self.codes[0])
        assert not window.is_in

    @pytest.mark.parametrize("do", ["", "passkey-1", "everything"])
    def test_what_one_does_not_have_is_refused(self, clara: Browser, do: str) -> None:
        assert "choose what is to be removed" in self.post(clara, do)

    def test_a_wrong_code_takes_nothing_away(self, universe: Any, clara: Browser) -> None:
        assert "code is not right" in self.post(clara, "app", code="000000")
        assert second_factor.enrolled(universe.clara)

    def test_recovery_codes_need_a_second_factor_to_stand_in_for(self, universe: Any, person_in: Callable[..., Browser]) -> None:
        answer = person_in("ines").post(reverse("second-factors"), {"do": "codes", "password": PASSWORD}, follow=True)
        assert "Please add one first" in answer.content.decode()

    def test_one_of_two_may_go_in_any_role(self, universe: Any) -> None:
        with acting(universe.adam):
            key = Passkey.objects.create(user=universe.adam, name="Key", credential="AAAA")
        actions.remove_factor(user=universe.adam, factor=key, roles={Role.ADMINISTRATOR})
        with pytest.raises(Refused, match="add another one before"):
            actions.remove_factor(user=universe.adam, factor=Totp.objects.get(user=universe.adam), roles={Role.ADMINISTRATOR})


class TestDemonstration:
    """The demonstration's page shows what the telephone would show: only there, and only for its published secret."""

    def test_a_newcomer_gets_in_as_the_administrator(self, universe: Any, browser: Browser) -> None:
        browser.password("adam")
        page = browser.get(reverse("second-factor")).content.decode()
        assert "Demonstration" in page
        browser.code(page.split('id="demo-code">')[1].split("<")[0])
        assert browser.get(reverse("accounts")).status_code == 200

    def test_a_second_time_in_the_same_half_minute(self, universe: Any) -> None:
        for _ in range(2):
            window = Browser()
            window.password("adam")
            window.code(demo_code(universe.adam))
            assert window.is_in
        assert demo_code(universe.adam) == "", "then the next half minute has to come"
        third = Browser()
        third.password("adam")
        assert "a new one in 15 seconds" in third.get(reverse("second-factor")).content.decode()

    def test_never_of_an_app_that_somebody_enrolled(self, universe: Any, browser: Browser) -> None:
        enrol(universe.clara)
        browser.password("clara")
        assert "demo-code" not in browser.get(reverse("second-factor")).content.decode()

    def test_never_outside_of_a_demonstration(self, universe: Any, browser: Browser, settings: Any) -> None:
        settings.DEMO = False
        browser.password("adam")
        assert "demo-code" not in browser.get(reverse("second-factor")).content.decode()


def test_the_published_secret_is_of_a_demonstration_only() -> None:
    assert settings.DEMO
    assert settings.DEMO_TOTP_SECRET


def test_the_page_has_no_picture_of_a_stranger(universe: Any) -> None:
    assert Client().get(reverse("enrol-app"), secure=True).status_code == 302


@pytest.mark.django_db(transaction=True)
def test_of_two_requests_with_one_code_one_gets_in(transactional_universe: Any) -> None:
    enrol(transactional_universe.clara)
    code, request, accepted = code_now(), RequestFactory().get("/"), []

    def send() -> None:
        accepted.append(second_factor.accept(request, transactional_universe.clara, code))
        connection.close()

    threads = [threading.Thread(target=send) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=30)
    assert sorted(accepted) == ["", "", "", "code of the app"]
