"""Accounts as the administrator keeps them: opened for a person who was checked, closed at once, never given twice."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.urls import reverse

from accounts import actions, second_factor
from accounts.actions import IdentityCheck
from accounts.models import Account, Attempts, Passkey, PasswordHistory, RecoveryCode, Totp
from demo.people import PASSWORD
from itp_trial import actions as trial
from itp_trial.models import ApiToken, AuditEntry, User
from itp_trial.refusal import Refused
from itp_trial.roles import Role
from tests.accounts.conftest import Browser, enrol, give_role, log

pytestmark = [pytest.mark.django_db, pytest.mark.requirement("RQ-35")]

NEW = {"username": "Zeina", "full_name": " Zeina  Fahmy ", "email": "Zeina@Example.org", "checked_by": "Adam Zaki",
       "checked_how": "national ID card seen", "checked_on": "01/11/2026"}  # fmt: skip


@pytest.fixture
def adam(person_in: Callable[..., Browser]) -> Browser:
    return person_in("adam", address="10.8.0.1")


def said(answer: Any) -> str:
    return str(answer.content.decode())


class TestOpening:
    def test_an_account_with_its_identity_check(self, universe: Any, adam: Browser) -> None:
        assert adam.get(reverse("open-account")).status_code == 200
        page = said(adam.post(reverse("open-account"), NEW, follow=True))
        zeina = User.objects.get(username="zeina")
        assert (zeina.full_name, zeina.email, zeina.is_active) == ("Zeina Fahmy", "zeina@example.org", True)
        assert "01 Nov 2026 by Adam Zaki: national ID card seen" in page
        assert log()[0] == ("account", "Adam Zaki (adam)", "zeina: account opened")
        entry = AuditEntry.objects.filter(table_name="accounts_account").first()
        assert entry.new["identity_checked_how"] == "national ID card seen"

    def test_the_starting_password_is_shown_once_and_opens(self, universe: Any, adam: Browser) -> None:
        page = said(adam.post(reverse("open-account"), NEW, follow=True))
        secret = page.split('id="starting-password">')[1].split("<")[0]
        person = reverse("account-of", args=[User.objects.get(username="zeina").pk])
        assert 'id="starting-password"' not in said(adam.get(person))
        window = Browser()
        assert window.password("zeina", secret).status_code == 302
        assert window.get(reverse("home")).headers["Location"] == reverse("change-password")

    def test_it_is_shown_at_no_other_persons_page(self, universe: Any, adam: Browser) -> None:
        adam.post(reverse("open-account"), NEW)
        assert 'id="starting-password"' not in said(adam.get(reverse("account-of", args=[universe.clara.pk])))
        assert 'id="starting-password"' in said(adam.get(reverse("account-of", args=[User.objects.get(username="zeina").pk])))

    #: What is wrong -> what is said.
    REFUSED = {
        "a name that somebody has": ({"username": "clara"}, "is or was somebody"),
        "the same in capitals": ({"username": "CLARA"}, "is or was somebody"),
        "a name with spaces": ({"username": "ze ina"}, "small letters"),
        "a name that looks like another": ({"username": "сlara"}, "small letters"),
        "no name": ({"username": ""}, "small letters"),
        "no full name": ({"full_name": " "}, "full name"),
        "an email that somebody has": ({"email": "CLARA@example.org"}, "is or was somebody"),
        "no email": ({"email": "zeina"}, "email address"),
        "nobody checked": ({"checked_by": " "}, "who checked"),
        "nobody says how": ({"checked_how": ""}, "who checked"),
        "a check of tomorrow": ({"checked_on": "01/01/2099"}, "day to come"),
        "no day": ({"checked_on": "soon"}, "not a full date"),
    }

    @pytest.mark.parametrize(("change", "message"), REFUSED.values(), ids=REFUSED)
    def test_what_is_refused(self, universe: Any, adam: Browser, change: dict[str, str], message: str) -> None:
        before = User.objects.count()
        assert message in said(adam.post(reverse("open-account"), {**NEW, **change}, follow=True))
        assert User.objects.count() == before

    def test_a_closed_accounts_names_stay_taken(self, universe: Any, adam: Browser) -> None:
        actions.close_account(user=universe.otto, reason="left", by=universe.adam)
        assert "is or was somebody" in said(adam.post(reverse("open-account"), {**NEW, "username": "otto"}, follow=True))
        assert "is or was somebody" in said(adam.post(reverse("open-account"), {**NEW, "email": "otto@example.org"}, follow=True))

    def test_without_a_day_the_check_was_today(self, universe: Any, adam: Browser) -> None:
        adam.post(reverse("open-account"), {**NEW, "checked_on": ""})
        assert Account.objects.get(user__username="zeina").identity_checked_on == universe.today


class TestClosing:
    def close(self, adam: Browser, user: User, reason: str = "left the hospital") -> str:
        return said(adam.post(reverse("close-account", args=[user.pk]), {"reason": reason}, follow=True))

    def test_everything_of_the_person_ends_at_once(self, universe: Any, adam: Browser, person_in: Callable[..., Browser]) -> None:
        otto = person_in("otto")
        trial.create_token(assignment=universe.otto.assignments.get(), name="x", by=universe.otto)
        assert "The account is closed" in self.close(adam, universe.otto)
        assert not otto.is_in
        assert Browser().password("otto").status_code == 200
        assert not ApiToken.objects.filter(assignment__user=universe.otto, revoked_at=None).exists()
        assert ("account", "Adam Zaki (adam)", "otto: account closed: left the hospital") in log()
        assert Account.objects.get(user=universe.otto).closed_at

    def test_reopened_its_tokens_stay_dead(self, universe: Any, adam: Browser) -> None:
        trial.create_token(assignment=universe.otto.assignments.get(), name="x", by=universe.otto)
        self.close(adam, universe.otto)
        page = said(adam.post(reverse("reopen-account", args=[universe.otto.pk]), {"reason": "came back"}, follow=True))
        assert "open again" in page
        assert Browser().password("otto").status_code == 302
        assert not ApiToken.objects.filter(assignment__user=universe.otto, revoked_at=None).exists()
        assert Account.objects.get(user=universe.otto).closed_at is None

    @pytest.mark.parametrize(
        ("act", "message"), [("close-account", "why the account is closed"), ("reopen-account", "why the account is opened")]
    )
    def test_not_without_a_reason(self, universe: Any, adam: Browser, act: str, message: str) -> None:
        assert message in said(adam.post(reverse(act, args=[universe.otto.pk]), {"reason": " "}, follow=True))

    def test_not_twice(self, universe: Any, adam: Browser) -> None:
        self.close(adam, universe.otto)
        assert "closed already" in self.close(adam, universe.otto)
        reopen = reverse("reopen-account", args=[universe.clara.pk])
        assert "This account is open" in said(adam.post(reopen, {"reason": "x"}, follow=True))


SEEN = IdentityCheck("Somebody", "seen", date(2026, 1, 1))
#: Whatever changes an account, as somebody would do it to their own.
CHANGES: dict[str, Callable[[User], Any]] = {
    "close": lambda adam: actions.close_account(user=adam, reason="x", by=adam),
    "reopen": lambda adam: actions.reopen_account(user=adam, reason="x", by=adam),
    "unlock": lambda adam: actions.unlock_account(user=adam, by=adam),
    "starting password": lambda adam: actions.give_starting_password(user=adam, identity=SEEN, by=adam),
    "second factors": lambda adam: actions.remove_all_factors(user=adam, reason="x", by=adam),
}  # fmt: skip


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_nobody_changes_their_own_account(universe: Any, change: Callable[[User], Any]) -> None:
    with pytest.raises(Refused, match="Nobody changes the rights of their own account"):
        change(universe.adam)


class TestLettingIn:
    def test_a_forgotten_password(self, universe: Any, adam: Browser, person_in: Callable[..., Browser]) -> None:
        otto = person_in("otto")
        posted = {"checked_by": "Adam Zaki", "checked_how": "video call", "checked_on": ""}
        page = said(adam.post(reverse("starting-password", args=[universe.otto.pk]), posted, follow=True))
        secret = page.split('id="starting-password">')[1].split("<")[0]
        assert not otto.is_in
        assert Browser().password("otto").status_code == 200
        assert Browser().password("otto", secret).status_code == 302
        assert ("account", "Adam Zaki (adam)", "otto: new starting password") in log()
        assert Account.objects.get(user=universe.otto).identity_checked_how == "video call"

    def test_not_without_checking_who_asks(self, universe: Any, adam: Browser) -> None:
        answer = adam.post(
            reverse("starting-password", args=[universe.otto.pk]), {"checked_by": "", "checked_how": ""}, follow=True
        )
        assert "who checked" in said(answer)
        assert User.objects.get(pk=universe.otto.pk).check_password(PASSWORD)

    def test_an_account_from_before_gets_its_identity_check(self, universe: Any) -> None:
        older = trial.create_user(username="older", full_name="Older", email="o@example.org", password=PASSWORD, by=universe.adam)
        actions.give_starting_password(user=older, identity=IdentityCheck("Adam", "seen", universe.today), by=universe.adam)
        assert Account.objects.get(user=older).must_change_password

    def test_an_account_from_before_changes_its_password_too(self, universe: Any) -> None:
        older = trial.create_user(username="older", full_name="Older", email="o@example.org", password=PASSWORD, by=universe.adam)
        actions.change_password(user=older, password="four lorries by the sea")
        assert User.objects.get(pk=older.pk).check_password("four lorries by the sea")

    def test_a_lost_telephone(self, universe: Any, adam: Browser, person_in: Callable[..., Browser]) -> None:
        enrol(universe.otto)
        otto = person_in("otto")
        url = reverse("remove-second-factors", args=[universe.otto.pk])
        assert "how you know" in said(adam.post(url, {"reason": ""}, follow=True))
        adam.post(url, {"reason": "telephone stolen; knows him"})
        assert not second_factor.enrolled(universe.otto)
        assert not RecoveryCode.objects.filter(user=universe.otto).exists()
        assert not otto.is_in
        assert ("account", "Adam Zaki (adam)", "otto: second factors removed: telephone stolen; knows him") in log()

    def test_the_person_sees_what_was_done(self, universe: Any, adam: Browser, person_in: Callable[..., Browser]) -> None:
        actions.unlock_account(user=universe.otto, by=universe.adam)
        page = said(person_in("otto").get(reverse("account")))
        assert "otto: unlocked" in page
        assert "by Adam Zaki (adam)" in page


class TestPages:
    def test_the_list_says_how_each_account_stands(self, universe: Any, adam: Browser) -> None:
        identity = IdentityCheck("Adam Zaki", "seen", universe.today)
        actions.open_account(username="fresh", full_name="Fresh", email="f@example.org", identity=identity, by=universe.adam)
        actions.close_account(user=universe.otto, reason="left", by=universe.adam)
        give_role(universe.milo, Role.SPONSOR)
        page = said(adam.get(reverse("accounts")))
        for word in ("open", "closed", "starting password", "second factor missing"):
            assert f">{word}</span>" in page, word

    def test_a_starting_password_that_is_over(self, universe: Any, adam: Browser) -> None:
        identity = IdentityCheck("Adam Zaki", "seen", universe.today)
        user, _ = actions.open_account(
            username="fresh", full_name="Fresh", email="f@example.org", identity=identity, by=universe.adam
        )
        account = Account.objects.get(user=user)
        account.password_set_at -= timedelta(days=8)
        assert account.starting_password_is_over
        assert str(account) == "Account of Fresh"

    def test_ones_own_page_offers_nothing(self, universe: Any, adam: Browser) -> None:
        page = said(adam.get(reverse("account-of", args=[universe.adam.pk])))
        assert "This is your own account" in page
        assert "Close the account" not in page

    def test_a_closed_one_offers_to_open_it(self, universe: Any, adam: Browser) -> None:
        actions.close_account(user=universe.otto, reason="left", by=universe.adam)
        page = said(adam.get(reverse("account-of", args=[universe.otto.pk])))
        assert "Open the account again" in page
        assert "Password forgotten" not in page

    def test_nobody_of_that_number(self, universe: Any, adam: Browser) -> None:
        assert adam.get(reverse("account-of", args=[99999])).status_code == 404
        assert adam.post(reverse("close-account", args=[99999])).status_code == 404


def test_each_row_says_whose_it_is(universe: Any) -> None:
    """Names for logs and the shell; none of them shows a secret."""
    rows = [PasswordHistory(user=universe.clara), Totp(user=universe.clara), Passkey(user=universe.clara, name="tablet"),
            RecoveryCode(user=universe.clara)]  # fmt: skip
    assert [str(row) for row in rows] == [
        "Earlier password of Clara Naguib", "Authenticator app of Clara Naguib", "Passkey tablet of Clara Naguib",
        "Recovery code of Clara Naguib",
    ]  # fmt: skip
    assert str(Attempts(count=3, until=datetime(2026, 1, 1, 12, 30))) == "3 until 12:30"


class TestFromTheServer:
    """A new installation has nobody who could open an account, and the last administrator may lose the telephone."""

    CHECK = ("--checked-by", "Operator", "--checked-how", "in person")

    def run(self, *arguments: str) -> str:
        out = StringIO()
        call_command("open_account", *arguments, *self.CHECK, stdout=out)
        return out.getvalue().rpartition(": ")[2].strip()

    def test_a_first_account(self, universe: Any) -> None:
        secret = self.run("amal", "--full-name", "Amal Saad", "--email", "amal@example.org")
        assert Browser().password("amal", secret).status_code == 302
        assert ("account", "open_account (system)", "amal: account opened") in log()
        assert Account.objects.get(user__username="amal").identity_checked_by == "Operator"

    def test_the_way_back_in(self, universe: Any) -> None:
        for _ in range(5):
            Browser().password("adam", "x")
        secret = self.run("adam")
        assert not second_factor.enrolled(universe.adam)
        window = Browser()
        assert window.password("adam").status_code == 200
        window.password("adam", secret)
        assert window.get(reverse("people")).headers["Location"] == reverse("change-password")
        posted = {
            "password": secret,
            "new_password": "four lorries under the moon",
            "new_password_again": "four lorries under the moon",
        }
        window.post(reverse("change-password"), posted)
        assert window.get(reverse("people")).headers["Location"] == reverse("second-factors")

    @pytest.mark.parametrize(("username", "message"), [("otto", "is closed"), ("x", "small letters")])
    def test_what_is_refused(self, universe: Any, username: str, message: str) -> None:
        actions.close_account(user=universe.otto, reason="left", by=universe.adam)
        with pytest.raises(CommandError, match=message):
            self.run(username)
