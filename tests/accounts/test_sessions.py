"""Sessions that end: by hand, by time, by whatever takes the access away (RQ-45, W7)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.conf import settings
from django.urls import reverse
from django.utils import timezone

from accounts import actions, sessions
from accounts.models import Attempts, Session
from accounts.tasks import tidy
from itp_trial.signals import rights_ended
from tests.accounts.conftest import Browser, log

pytestmark = [pytest.mark.django_db, pytest.mark.requirement("RQ-45")]
FIREFOX = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:131.0) Gecko/20100101 Firefox/131.0"


@pytest.fixture
def clara(person_in: Callable[..., Browser]) -> Browser:
    return person_in("clara")


class TestList:
    def test_it_says_where_from_and_since_when(self, universe: Any, person_in: Callable[..., Browser], clara: Browser) -> None:
        person_in("clara", address="10.9.9.9", HTTP_USER_AGENT=FIREFOX)
        page = clara.get(reverse("account")).content.decode()
        assert "Firefox 131 on Windows" in page
        assert "from 10.9.9.9" in page
        assert page.count("(this one)") == 1
        assert len(sessions.live(universe.clara)) == 2
        assert not sessions.live(universe.otto)

    def test_an_ended_one_is_dead_and_the_others_are_not(
        self, universe: Any, person_in: Callable[..., Browser], clara: Browser
    ) -> None:
        other = person_in("clara", address="10.9.9.9")
        (theirs,) = [one for one in sessions.live(universe.clara) if one.address == "10.9.9.9"]
        assert clara.post(reverse("end-session", args=[theirs.number])).headers["Location"] == reverse("account")
        assert not other.is_in
        assert clara.is_in
        assert log("sign_out")[0][2].startswith("session ended")

    def test_ones_own_session_can_be_ended_too(self, universe: Any, clara: Browser) -> None:
        (own,) = sessions.live(universe.clara)
        assert clara.post(reverse("end-session", args=[own.number])).headers["Location"] == reverse("sign-in")
        assert not clara.is_in

    def test_nobody_ends_anothers_session(self, universe: Any, clara: Browser, person_in: Callable[..., Browser]) -> None:
        otto = person_in("otto")
        (theirs,) = sessions.live(universe.otto)
        assert clara.post(reverse("end-session", args=[theirs.number])).status_code == 404
        assert otto.is_in

    def test_everywhere(self, universe: Any, clara: Browser, person_in: Callable[..., Browser]) -> None:
        others = [person_in("clara"), person_in("clara")]
        otto = person_in("otto")
        clara.post(reverse("end-all-sessions"))
        assert not any(window.is_in for window in (clara, *others))
        assert otto.is_in
        assert ("sign_out", "Clara Naguib (clara)", "signed out everywhere: 3 sessions ended") in log()

    def test_the_key_of_a_session_stands_on_no_page(self, clara: Browser) -> None:
        assert clara.session.session_key not in clara.get(reverse("account")).content.decode()

    def test_a_session_that_is_over_is_not_listed(self, universe: Any, clara: Browser) -> None:
        with time_machine.travel(timezone.now() + timedelta(minutes=16), tick=False):
            assert not sessions.live(universe.clara)


class TestLimits:
    @pytest.mark.parametrize(("hours", "open_still"), [(11, True), (12.1, False)])
    def test_twelve_hours_in_any_case(self, clara: Browser, hours: float, open_still: bool) -> None:
        start = timezone.now()
        for minutes in range(0, int(hours * 60), 10):
            with time_machine.travel(start + timedelta(minutes=minutes), tick=False):
                clara.get(reverse("protocol"))
        with time_machine.travel(start + timedelta(hours=hours), tick=False):
            assert clara.is_in == open_still
        if not open_still:
            assert log("sign_out")[0][2] == "after the longest time of a session"

    def test_the_end_by_inactivity_is_in_the_log(self, clara: Browser) -> None:
        with time_machine.travel(timezone.now() + timedelta(minutes=16), tick=False):
            assert not clara.is_in
        assert log("sign_out")[0] == ("sign_out", "Clara Naguib (clara)", "after a time without activity")

    def test_nobody_can_switch_it_off(self, clara: Browser) -> None:
        """There is no switch: neither in the address, the form nor a cookie."""
        clara.cookies["INACTIVITY_SECONDS"] = "999999"
        with time_machine.travel(timezone.now() + timedelta(minutes=16), tick=False):
            assert clara.get(reverse("account") + "?inactivity_seconds=999999").status_code == 302


class TestEnds:
    """W7, A7: what was stolen or left behind opens nothing."""

    def stolen(self, clara: Browser) -> Browser:
        thief = Browser("10.6.6.6")
        thief.cookies[settings.SESSION_COOKIE_NAME] = clara.session.session_key
        assert thief.is_in
        return thief

    def test_after_signing_out(self, clara: Browser) -> None:
        thief = self.stolen(clara)
        clara.post(reverse("sign-out"))
        assert not thief.is_in
        assert log("sign_out")[0] == ("sign_out", "Clara Naguib (clara)", "")

    def test_after_the_account_was_closed(self, universe: Any, clara: Browser) -> None:
        thief = self.stolen(clara)
        actions.close_account(user=universe.clara, reason="left the hospital", by=universe.adam)
        assert not thief.is_in
        assert not clara.is_in
        assert not Session.objects.filter(user=universe.clara).exists()

    def test_the_function_for_others_to_call(self, universe: Any, clara: Browser) -> None:
        """Whoever takes the last role away ends the sessions with it."""
        assert sessions.end_sessions(universe.clara, "last role ended") == 1
        assert not clara.is_in
        assert log("sign_out")[0] == ("sign_out", "Clara Naguib (clara)", "last role ended: 1 session ended")
        assert sessions.end_sessions(universe.clara) == 0, "nobody to sign out is no line"

    def test_with_the_last_role_at_once(self, universe: Any, clara: Browser) -> None:
        """Whoever ends roles sends this; ``itp_trial`` does not know who listens."""
        rights_ended.send(sender=type(self), user=universe.clara)
        assert not clara.is_in

    def test_a_new_sign_in_has_a_new_key(self, clara: Browser) -> None:
        before = clara.session.session_key
        clara.post(reverse("sign-out"))
        clara.password("clara")
        assert clara.session.session_key != before


class TestLock:
    """Ctrl+L: out at once, back where one was."""

    def test_the_way_back_is_kept(self, clara: Browser) -> None:
        answer = clara.post(reverse("sign-out"), {"lock": "1", "next": "/participants/?q=1"})
        assert answer.headers["Location"] == reverse("sign-in") + "?next=%2Fparticipants%2F%3Fq%3D1"
        assert not clara.is_in
        assert log("sign_out")[0][2] == "screen locked"

    @pytest.mark.parametrize("elsewhere", ["https://evil.example/", "//evil.example", "javascript:alert(1)", ""])
    def test_and_leads_nowhere_else(self, clara: Browser, elsewhere: str) -> None:
        answer = clara.post(reverse("sign-out"), {"lock": "1", "next": elsewhere})
        assert answer.headers["Location"] == reverse("sign-in")


def test_the_table_is_tidied(universe: Any, clara: Browser) -> None:
    now = timezone.now()
    Attempts.objects.create(key="old", count=3, until=now - timedelta(minutes=1))
    Attempts.objects.create(key="new", count=3, until=now + timedelta(minutes=1))
    with time_machine.travel(now, tick=False):
        tidy()
    assert set(Attempts.objects.values_list("key", flat=True)) >= {"new"}
    assert not Attempts.objects.filter(key="old").exists()
    assert clara.is_in
    with time_machine.travel(now + timedelta(hours=13), tick=False):
        tidy()
    assert not Session.objects.exists()


def test_the_engine_serves_its_own_table() -> None:
    assert Session.get_session_store_class() is sessions.SessionStore
    assert Session.get_session_store_class().get_model_class() is Session
