"""What a password must be, and that one which the administrator knows opens nothing but its replacement (RQ-34, RQ-43)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.conf import settings
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.urls import reverse
from django.utils import timezone

from accounts import actions, passwords
from accounts.models import Account, PasswordHistory
from demo.people import PASSWORD
from itp_trial.models import AuditEntry, IdempotencyKey, User
from itp_trial.refusal import Refused
from tests.accounts.conftest import WRONG, Browser, log

pytestmark = [pytest.mark.django_db, pytest.mark.requirement("RQ-43")]
GOOD = "four lorries under the moon"


#: Sentences, one letter twelve times over, digits alone, Arabic, spaces, a town among other words, 64 and 128 characters.
FINE = [GOOD, "abcdefghijklz", "19283746501928", "ززززز قمر فوق النيل", "  spaces  count  ", "correct-assiut-horse-battery",
        "a" * 63 + "b", "kf8-" * 32]  # fmt: skip


@pytest.mark.parametrize("good", FINE)
def test_long_ones_are_fine_whatever_they_are_made_of(universe: Any, good: str) -> None:
    validate_password(good, universe.clara)


@pytest.mark.parametrize(
    ("bad", "why"),
    [("eleven-char", "too short"), ("x" * 129, "too long"), ("password1234", "too common"), ("qwertyuiop123", "too common"),
     (PASSWORD, "words of this trial"), ("Assiut-ITP-2026!", "words of this trial"), ("minipool-ivig-1", "words of this trial"),
     ("clara.naguib", "too similar"), ("Clara Naguib1", "too similar"), ("clara@example.org", "too similar")],
)  # fmt: skip
def test_guessable_ones_are_not(universe: Any, bad: str, why: str) -> None:
    with pytest.raises(ValidationError, match=why):
        validate_password(bad, universe.clara)


def test_the_rules_can_be_read() -> None:
    from django.contrib.auth.password_validation import password_validators_help_texts

    assert all(password_validators_help_texts())


def test_argon2_is_what_stores_them() -> None:
    """The tests themselves use a fast hasher; the settings file names Argon2 alone (tests/itp_trial/test_sign_in.py)."""
    assert len(settings.AUTH_PASSWORD_VALIDATORS) == 5


class TestChanging:
    @pytest.fixture
    def clara(self, person_in: Callable[..., Browser]) -> Browser:
        return person_in("clara")

    def change(self, clara: Browser, new: str = GOOD, **change: str) -> str:
        posted = {"password": PASSWORD, "new_password": new, "new_password_again": new, **change}
        return str(clara.post(reverse("change-password"), posted, follow=True).content.decode())

    def test_the_new_one_opens_and_the_old_one_does_not(self, clara: Browser) -> None:
        assert clara.get(reverse("change-password")).status_code == 200
        assert "Your password is changed" in self.change(clara)
        assert Browser().password("clara").status_code == 200
        assert Browser().password("clara", GOOD).status_code == 302
        assert ("account", "Clara Naguib (clara)", "password changed") in log()

    @pytest.mark.requirement("RQ-45")
    def test_all_other_sessions_end_and_this_one_gets_a_new_key(self, clara: Browser, person_in: Callable[..., Browser]) -> None:
        elsewhere, old_key = person_in("clara"), clara.session.session_key
        self.change(clara)
        assert clara.is_in
        assert not elsewhere.is_in
        stolen = Browser()
        stolen.cookies[settings.SESSION_COOKIE_NAME] = old_key
        assert not stolen.is_in, "a copy of the old cookie is worth nothing"

    @pytest.mark.parametrize(
        ("change", "said"),
        [({"password": WRONG}, "password is not right"), ({"new_password_again": "x"}, "differ"),
         ({"new_password": "short", "new_password_again": "short"}, "too short"),
         ({"new_password": "platelets-12", "new_password_again": "platelets-12"}, "words of this trial")],
    )  # fmt: skip
    def test_what_is_wrong_is_said_and_nothing_changes(
        self, universe: Any, clara: Browser, change: dict[str, str], said: str
    ) -> None:
        assert said in self.change(clara, **change)
        assert User.objects.get(pk=universe.clara.pk).check_password(PASSWORD)

    def test_no_password_is_in_the_table_of_sent_forms(self, clara: Browser) -> None:
        """Their digests would be a way to try passwords without any limit."""
        from itp_trial.idempotency import digest_of

        one, other = ({"idempotency-key": "k", "password": text, "code": text} for text in ("a", "b"))
        assert digest_of("/x/", one) == digest_of("/x/", other)
        self.change(clara, **{"idempotency-key": "k"})
        assert IdempotencyKey.objects.filter(key="k").exists()


class TestReuse:
    def test_none_of_the_last_five_comes_back(self, universe: Any) -> None:
        used = [f"{word} lorries under the moon" for word in ("one", "two", "three", "four", "five")]
        for password in used:
            actions.change_password(user=universe.clara, password=password)
        for password in used:
            with pytest.raises(Refused, match="used this password before"):
                actions.change_password(user=universe.clara, password=password)
        for word in ("six", "one"):  # after one more the first is old enough
            actions.change_password(user=universe.clara, password=f"{word} lorries under the moon")

    def test_the_first_one_too_stays_away(self, universe: Any) -> None:
        actions.change_password(user=universe.clara, password=GOOD)
        with pytest.raises(ValidationError, match="used this password before"):
            passwords.refuse_reuse(universe.clara, PASSWORD)

    def test_old_hashes_are_few_and_in_no_trail(self, universe: Any) -> None:
        for n in range(8):
            actions.change_password(user=universe.clara, password=f"{n} lorries under the moon")
        hashes = list(PasswordHistory.objects.filter(user=universe.clara).values_list("password", flat=True))
        assert len(hashes) == passwords.REMEMBERED
        trail = "".join(f"{entry.old}{entry.new}" for entry in AuditEntry.objects.all())
        assert not [encoded for encoded in hashes if encoded in trail]
        assert not AuditEntry.objects.filter(table_name="accounts_passwordhistory").exists()


@pytest.mark.requirement("RQ-34")
class TestStartingPassword:
    @pytest.fixture
    def secret(self, universe: Any) -> str:
        identity = actions.IdentityCheck("Adam Zaki", "by telephone", universe.today)
        return actions.give_starting_password(user=universe.clara, identity=identity, by=universe.adam)

    def test_it_opens_only_the_page_that_replaces_it(self, browser: Browser, secret: str) -> None:
        browser.password("clara", secret)
        for name in ("home", "account", "work-list", "participants", "protocol", "second-factors"):
            assert browser.get(reverse(name)).headers["Location"] == reverse("change-password"), name
        assert "Choose your own password" in browser.get(reverse("change-password")).content.decode()
        assert browser.get("/api/v1/participants/").status_code == 403
        assert browser.post(reverse("screen"), {}).headers["Location"] == reverse("change-password")

    def test_replaced_it_opens_everything_and_never_returns(self, universe: Any, browser: Browser, secret: str) -> None:
        browser.password("clara", secret)
        posted = {"password": secret, "new_password": GOOD, "new_password_again": GOOD}
        assert browser.post(reverse("change-password"), posted).headers["Location"] == reverse("home")
        assert browser.get(reverse("work-list")).status_code == 200
        assert not Account.objects.get(user=universe.clara).must_change_password
        assert not Browser().password("clara", secret).headers.get("Location")

    def test_it_cannot_be_kept(self, browser: Browser, secret: str) -> None:
        browser.password("clara", secret)
        posted = {"password": secret, "new_password": secret, "new_password_again": secret}
        assert "used this password before" in browser.post(reverse("change-password"), posted, follow=True).content.decode()

    @pytest.mark.parametrize(("days", "opens"), [(6, True), (8, False)])
    def test_it_is_good_for_a_week(self, browser: Browser, secret: str, days: int, opens: bool) -> None:
        with time_machine.travel(timezone.now() + timedelta(days=days), tick=False):
            answer = browser.password("clara", secret)
        assert (answer.status_code == 302) == opens
        if not opens:
            assert "ask the administrator for a new one" in answer.content.decode()

    def test_after_a_week_a_wrong_password_says_nothing_of_it(self, browser: Browser, secret: str) -> None:
        with time_machine.travel(timezone.now() + timedelta(days=8), tick=False):
            assert "ask the administrator for a new one" not in browser.password("clara", WRONG).content.decode()

    def test_it_cannot_be_guessed(self) -> None:
        made = {passwords.starting_password() for _ in range(50)}
        assert len(made) == 50
        assert all(len(secret) == 19 for secret in made)
        validate_password(made.pop())


def test_a_password_of_ones_own_never_runs_out(browser: Browser, universe: Any) -> None:
    with time_machine.travel(timezone.now() + timedelta(days=3000), tick=False):
        assert browser.password("clara").status_code == 302


@pytest.mark.parametrize("length", [129, 100_000])
def test_a_very_long_password_is_not_hashed(
    browser: Browser, universe: Any, monkeypatch: pytest.MonkeyPatch, length: int
) -> None:
    def hashed(*_: Any, **__: Any) -> None:
        raise AssertionError("hashed")

    monkeypatch.setattr("django.contrib.auth.hashers.MD5PasswordHasher.encode", hashed)
    answer = browser.password("clara", "x" * length)
    assert answer.status_code == 200
    assert answer.content.decode().count("is not right") == 1
