"""Who acts must be who signed in: asked again at the moment of the act (RQ-32, RQ-34, RQ-37)."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from django.contrib.sessions.backends.base import SessionBase
from django.http import HttpRequest, HttpResponse
from django.template import Context, Template
from django.test import RequestFactory
from django.urls import path, reverse

from accounts import actions, lockout, second_factor
from accounts.models import Passkey
from accounts.reauthentication import confirm, needs_code
from demo.people import PASSWORD
from itp_trial import urls as our_urls
from itp_trial.actor import acting
from itp_trial.models import Site, User
from itp_trial.refusal import Refused, TooOften
from itp_trial.web import act_once, posted
from tests.accounts.authenticator import Authenticator
from tests.accounts.conftest import WRONG, Browser, code_now, enrol, log

pytestmark = [pytest.mark.django_db, pytest.mark.requirement("RQ-37", "RQ-34"), pytest.mark.usefixtures("still")]


@pytest.fixture
def at_a_page(universe: Any) -> Callable[..., HttpRequest]:
    """``at_a_page(user)``: the request of somebody who is signed in."""

    def request_of(user: Any, address: str = "10.0.0.1") -> HttpRequest:
        request = RequestFactory().post("/sign/", REMOTE_ADDR=address)
        request.user, request.session = user, SessionBase()
        return request

    return request_of


def test_the_right_password_passes(universe: Any, at_a_page: Callable[..., HttpRequest]) -> None:
    confirm(at_a_page(universe.clara), password=PASSWORD)
    assert not needs_code(universe.clara)


@pytest.mark.parametrize("password", ["", WRONG, "x" * 129, PASSWORD + " "])
def test_any_other_does_not(universe: Any, at_a_page: Callable[..., HttpRequest], password: str) -> None:
    request = at_a_page(universe.clara)
    with pytest.raises(Refused, match="password is not right"):
        confirm(request, password=password)
    lockout.settle(request)
    assert log()[0] == ("signature_failed", "Clara Naguib (clara)", "wrong password at /sign/")


def test_another_persons_password_does_not(universe: Any, at_a_page: Callable[..., HttpRequest]) -> None:
    """Only the person named can sign."""
    actions.change_password(user=universe.ines, password="four lorries under the moon")
    with pytest.raises(Refused):
        confirm(at_a_page(universe.clara), password="four lorries under the moon")


class TestWithASecondFactor:
    @pytest.fixture(autouse=True)
    def clara_has_an_app(self, universe: Any) -> None:
        self.codes = enrol(universe.clara)

    def test_password_and_code(self, universe: Any, at_a_page: Callable[..., HttpRequest]) -> None:
        assert needs_code(universe.clara)
        confirm(at_a_page(universe.clara), password=PASSWORD, code=code_now())

    def test_a_code_is_good_for_one_act(self, universe: Any, at_a_page: Callable[..., HttpRequest]) -> None:
        confirm(at_a_page(universe.clara), password=PASSWORD, code=code_now())
        with pytest.raises(Refused, match="used before"):
            confirm(at_a_page(universe.clara), password=PASSWORD, code=code_now())

    def test_also_between_signing_in_and_signing(self, universe: Any, at_a_page: Callable[..., HttpRequest]) -> None:
        window = Browser()
        window.password("clara")
        window.code(code_now())
        with pytest.raises(Refused, match="used before"):
            confirm(at_a_page(universe.clara), password=PASSWORD, code=code_now())

    def test_a_recovery_code(self, universe: Any, at_a_page: Callable[..., HttpRequest]) -> None:
        confirm(at_a_page(universe.clara), password=PASSWORD, code=self.codes[0])

    @pytest.mark.parametrize(
        ("code", "said"), [("", "second factor too"), ("  ", "second factor too"), ("000000", "not right"), ("{", "not right")]
    )
    def test_not_without(self, universe: Any, at_a_page: Callable[..., HttpRequest], code: str, said: str) -> None:
        with pytest.raises(Refused, match=said):
            confirm(at_a_page(universe.clara), password=PASSWORD, code=code)

    def test_a_wrong_password_does_not_use_the_code_up(self, universe: Any, at_a_page: Callable[..., HttpRequest]) -> None:
        with pytest.raises(Refused):
            confirm(at_a_page(universe.clara), password=WRONG, code=code_now())
        confirm(at_a_page(universe.clara), password=PASSWORD, code=code_now())


def test_a_password_that_the_administrator_knows_signs_nothing(universe: Any, at_a_page: Callable[..., HttpRequest]) -> None:
    identity = actions.IdentityCheck("Adam Zaki", "by telephone", universe.today)
    secret = actions.give_starting_password(user=universe.clara, identity=identity, by=universe.adam)
    with pytest.raises(Refused, match="choose your own one first"):
        confirm(at_a_page(universe.clara), password=secret)


def test_a_closed_account_signs_nothing(universe: Any, at_a_page: Callable[..., HttpRequest]) -> None:
    request = at_a_page(User.objects.get(pk=universe.clara.pk))
    actions.close_account(user=universe.clara, reason="left", by=universe.adam)
    with pytest.raises(Refused):
        confirm(request, password=PASSWORD)


# --- through a door --------------------------------------------------------------------------------------------------


def sign(request: HttpRequest) -> HttpResponse:
    """A door as others write it: the act is refused inside its transaction."""

    def action() -> str:
        with acting(request.user, "renamed"):
            Site.objects.filter(code="01").update(city="Signed")
        data = posted(request)
        confirm(request, password=data.get("password", ""), code=data.get("code", ""))
        return "/"

    return act_once(request, action, back="/account/")


def form(request: HttpRequest) -> HttpResponse:
    page = '{% include "accounts/_confirm.html" %}'
    return HttpResponse(Template(page).render(Context({"request": request, "user": request.user})))


urlpatterns = [path("sign/", sign, name="sign"), path("form/", form, name="form"), *our_urls.urlpatterns]


@pytest.mark.urls("tests.accounts.test_reauthentication")
class TestADoor:
    def post(self, window: Browser, password: str = WRONG, **more: str) -> Any:
        return window.post("/sign/", {"password": password, **more})

    def test_an_act_that_is_confirmed_happens(self, person_in: Callable[..., Browser]) -> None:
        assert self.post(person_in("clara"), PASSWORD).headers["Location"] == "/"
        assert Site.objects.filter(city="Signed").exists()

    def test_a_refused_act_is_undone_and_the_failure_stays(self, person_in: Callable[..., Browser]) -> None:
        clara = person_in("clara")
        assert self.post(clara).headers["Location"] == "/account/"
        assert not Site.objects.filter(city="Signed").exists()
        assert "password is not right" in clara.get(reverse("account")).content.decode()
        assert log()[0] == ("signature_failed", "Clara Naguib (clara)", "wrong password at /sign/")

    def test_five_failures_lock_signing_and_signing_in(self, person_in: Callable[..., Browser]) -> None:
        clara = person_in("clara")
        for _ in range(5):
            self.post(clara)
        answer = self.post(clara, PASSWORD)
        assert answer.status_code == 429
        assert 0 < int(answer.headers["Retry-After"]) <= 900
        assert not Site.objects.filter(city="Signed").exists()
        assert Browser().password("clara").status_code == 429
        assert {kind for kind, *_ in log()[:2]} == {"locked_out", "signature_failed"}

    def test_failures_at_signing_in_count_too(self, person_in: Callable[..., Browser]) -> None:
        clara = person_in("clara")
        for _ in range(3):
            Browser().password("clara", WRONG)
        self.post(clara)
        self.post(clara)
        assert self.post(clara, PASSWORD).status_code == 429

    def test_the_administrator_hears_of_it(self, person_in: Callable[..., Browser]) -> None:
        self.post(person_in("clara"))
        page = person_in("adam").get(reverse("accounts")).content.decode()
        assert "Signing refused, Clara Naguib (clara)" in page

    def test_the_same_form_twice_is_confirmed_once(self, universe: Any, person_in: Callable[..., Browser]) -> None:
        enrol(universe.clara)
        clara = person_in("clara")
        posted = {"password": PASSWORD, "code": code_now(ahead=1), "idempotency-key": "k"}
        assert [clara.post("/sign/", posted).headers["Location"] for _ in range(2)] == ["/", "/"]

    def test_the_inputs_ask_for_what_is_needed(self, universe: Any, person_in: Callable[..., Browser]) -> None:
        page = person_in("clara").get("/form/").content.decode()
        assert 'name="password"' in page
        assert 'name="code"' not in page
        page = person_in("dana").get("/form/").content.decode()
        assert 'name="code"' in page
        assert "Demonstration" in page
        enrol(universe.ines)
        assert "Demonstration" not in person_in("ines").get("/form/").content.decode()

    def test_a_newcomer_to_the_demonstration_can_sign(self, universe: Any, person_in: Callable[..., Browser]) -> None:
        dana = person_in("dana")
        shown = dana.get("/form/").content.decode().split('id="demo-code">')[1].split("<")[0]
        assert self.post(dana, PASSWORD, code=shown).headers["Location"] == "/"


def test_two_such_forms_on_one_page_ask_one_question(universe: Any, at_a_page: Callable[..., HttpRequest]) -> None:
    with acting(universe.clara):
        Passkey.objects.create(user=universe.clara, name="tablet", credential=b64encode(Authenticator().credential).decode())
    request = at_a_page(universe.clara)
    page = Template("{% load accounts %}{% confirmation as a %}{% confirmation as b %}{{ a.passkey }}|{{ b.passkey }}")
    one, other = page.render(Context({"request": request})).split("|")
    assert one == other
    assert "challenge" in one


def test_many_failures_from_many_addresses_are_limited_too(universe: Any, at_a_page: Callable[..., HttpRequest]) -> None:
    for n in range(25):
        request = at_a_page(universe.clara, f"10.7.0.{n}")
        with pytest.raises(Refused):
            confirm(request, password=WRONG)
        lockout.settle(request)
    with pytest.raises(TooOften, match="wait"):
        confirm(at_a_page(universe.clara, "10.7.1.1"), password=PASSWORD)


def test_a_request_of_the_api_is_settled_too() -> None:
    plain = HttpRequest()
    done: list[int] = []
    lockout.afterwards(SimpleNamespace(_request=plain), lambda: done.append(1))
    lockout.settle(plain)
    lockout.settle(plain)
    assert done == [1]


def test_one_place_decides(universe: Any, at_a_page: Callable[..., HttpRequest]) -> None:
    assert second_factor.accept(at_a_page(universe.clara), universe.clara, code_now()) == ""
