"""The pages of the log as people use them: enter, sign what is shown, end, extend, print."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from delegation import actions
from demo.people import PASSWORD
from itp_trial.actions import create_user
from itp_trial.actor import System, acting
from itp_trial.models import RoleAssignment, User
from itp_trial.roles import Role
from tests.budgets.counting import counted
from tests.delegation.conftest import as_shown, sign
from tests.universe import signed_role

Enter = Callable[..., RoleAssignment]
SIGN = "/delegation/sign/"


@pytest.fixture
def adam(universe: Any, client_of: Callable[[User], Client]) -> Client:
    return client_of(universe.adam)


@pytest.fixture
def hana(universe: Any, client_of: Callable[[User], Client]) -> Client:
    return client_of(universe.hana)


def text_of(answer: Any) -> str:
    return str(answer.content.decode())


def ticks(page: str) -> list[str]:
    """The values of the boxes of the signing page."""
    return re.findall(r'name="entry" value="(\d+:[0-9a-f]{64})"', page)


class TestSigning:
    @pytest.mark.requirement("RQ-42", "RQ-32")
    def test_the_whole_way_from_the_entry_to_the_first_click(
        self, universe: Any, nada: User, adam: Client, hana: Client, client_of: Callable[[User], Client]
    ) -> None:
        page = reverse("participant", args=[universe.responder.pk])
        nadas = client_of(nada)
        answer = adam.post(reverse("assign-role"), {"user": nada.pk, "role": "coordinator", "site": universe.s1.pk}, follow=True)
        assert "begins to work when the entry is signed" in text_of(answer)
        nadas.post(reverse("confirm-training"), {"role": "coordinator", "how": "guide", "done": "on"})
        assert nadas.get(page).status_code == 403
        assert "1 entry waits for you" in text_of(hana.get(reverse("delegation")))
        shown = text_of(hana.get(SIGN))
        assert "I delegate these tasks to Nada Amin (nada), Site coordinator, site 01" in shown
        posted = {"entry": ticks(shown), "password": PASSWORD, "idempotency-key": "once"}
        assert "1 entry is signed" in text_of(hana.post(SIGN, posted, follow=True))
        assert nadas.get(page).status_code == 200
        assert hana.post(SIGN, posted).status_code == 302, "a double click"
        assert "Nothing that can be signed waits for you." in text_of(hana.get(SIGN))

    @pytest.mark.requirement("RQ-32")
    @pytest.mark.parametrize("password", ["", "wrong", PASSWORD.upper()])
    def test_without_the_password_nothing_is_signed(
        self, universe: Any, nada: User, enter: Enter, hana: Client, password: str
    ) -> None:
        entry = enter(nada)
        posted = {"entry": ticks(text_of(hana.get(SIGN))), "password": password}
        assert "The password is not right. Nothing was done." in text_of(hana.post(SIGN, posted, follow=True))
        entry.refresh_from_db()
        assert entry.signed_at is None

    def test_several_at_once_only_those_that_are_ticked(self, universe: Any, nada: User, enter: Enter, hana: Client) -> None:
        entries = [enter(nada), enter(nada, Role.PHARMACIST), enter(universe.omar, Role.INVESTIGATOR)]
        boxes = ticks(text_of(hana.get(SIGN)))
        assert len(boxes) == 3
        chosen = [box for box in boxes if int(box.split(":")[0]) != entries[1].pk]
        assert "2 entries are signed" in text_of(hana.post(SIGN, {"entry": chosen, "password": PASSWORD}, follow=True))
        assert [RoleAssignment.objects.get(pk=e.pk).signed_at is not None for e in entries] == [True, False, True]

    #: What a page could post that was never shown -> what is said.
    FORGED = {
        "nothing": ([], "Please tick the entries that you sign."),
        "no hash": (["{own}"], "has changed since the page was opened"),
        "another hash": (["{own}:" + "0" * 64], "has changed since the page was opened"),
        "an entry of another site": (["{foreign}:{hash}"], "only a principal investigator of this site signs"),
        "no entry": (["99999:{hash}", "x:y"], "There is no such entry."),
    }

    @pytest.mark.requirement("RQ-31")
    @pytest.mark.parametrize(("posted", "message"), FORGED.values(), ids=FORGED)
    def test_only_what_was_shown_is_signed(
        self, universe: Any, nada: User, enter: Enter, hana: Client, posted: list[str], message: str
    ) -> None:
        own, foreign = enter(nada), enter(universe.clara, Role.PHARMACIST, "02")
        names = {"own": own.pk, "foreign": foreign.pk, "hash": as_shown(foreign)[foreign.pk]}
        values = [value.format(**names) for value in posted]
        assert message in text_of(hana.post(SIGN, {"entry": values, "password": PASSWORD}, follow=True))
        assert not RoleAssignment.objects.filter(pk__in=[own.pk, foreign.pk], signed_at__isnull=False).exists()

    def test_an_entry_that_changed_in_between_is_read_again(
        self, universe: Any, nada: User, enter: Enter, hana: Client, adam: Client
    ) -> None:
        entry = enter(nada, ends=30)
        boxes = ticks(text_of(hana.get(SIGN)))
        adam.post(reverse("end-assignment", args=[entry.pk]), {"ends": f"{universe.today + timedelta(days=9):%d/%m/%Y}"})
        answer = text_of(hana.post(SIGN, {"entry": boxes, "password": PASSWORD}, follow=True))
        assert "has changed since the page was opened" in answer
        assert ticks(answer) != boxes

    @pytest.mark.requirement("RQ-59")
    def test_who_is_not_trained_is_shown_and_cannot_be_ticked(
        self, universe: Any, nada: User, enter: Enter, hana: Client
    ) -> None:
        enter(nada, trained=False)
        page = text_of(hana.get(SIGN))
        assert "Not ready: training missing" in page
        assert "Nada Amin (nada), Site coordinator, site 01" in page
        assert ticks(page) == []

    @pytest.mark.requirement("RQ-36")
    def test_the_statement_comes_first(
        self, universe: Any, nada: User, enter: Enter, client_of: Callable[[User], Client]
    ) -> None:
        signed_role(nada, Role.PRINCIPAL, universe.s3, universe.today)
        enter(universe.otto, Role.PHARMACIST, "03")
        client = client_of(nada)
        page = text_of(client.get(SIGN))
        assert "First: the statement" in page
        assert "Sign the ticked entries</button>" in page
        posted = {"entry": ticks(page), "password": PASSWORD}
        assert "accept the statement on electronic signatures first" in text_of(client.post(SIGN, posted, follow=True))
        client.post(reverse("signature-statement"), {"password": PASSWORD})
        assert "1 entry is signed" in text_of(client.post(SIGN, posted, follow=True))


class TestLog:
    @pytest.mark.requirement("RQ-42")
    def test_it_says_person_tasks_days_signature_and_state(self, universe: Any, nada: User, enter: Enter, hana: Client) -> None:
        enter(nada, ends=30)
        page = text_of(hana.get(reverse("delegation-log", args=[universe.s1.pk])))
        rows = re.findall(r"<tr>.*?</tr>", page, re.S)
        clara = next(row for row in rows if "Clara Naguib" in row)
        assert "enter and correct forms" in clara
        assert "Hana Selim" in clara
        assert re.search(r"\d\d \w{3} \d{4} \d\d:\d\d Cairo \(UTC\+\d\)", clara)
        assert "●</span> In force" in clara
        new = next(row for row in rows if "Nada Amin" in row)
        assert "◇</span> Waits for signature" in new
        assert "Otto Mansour" not in page

    def test_every_state_is_a_word_and_a_shape(self, universe: Any, nada: User, enter: Enter, hana: Client) -> None:
        never, later = enter(nada), enter(universe.omar, Role.INVESTIGATOR, starts=3)
        actions.stop_role(assignment=never, by=universe.hana)
        sign(later, by=universe.hana)
        actions.stop_role(assignment=universe.clara.assignments.get(), by=universe.hana)
        with acting(System("test")):
            universe.ines.assignments.update(ends=universe.today - timedelta(days=1))
        page = text_of(hana.get(reverse("delegation-log", args=[universe.s1.pk])))
        shown = set(re.findall(r'aria-hidden="true">(.)</span> ([A-Z][a-z ]+)</span>', page))
        assert shown == {("✕", "Never signed"), ("○", "Starts later"), ("✕", "Stopped"), ("–", "Ended"), ("●", "In force")}

    def test_it_is_made_to_be_printed(self, universe: Any, hana: Client) -> None:
        page = text_of(hana.get(reverse("delegation-log", args=[universe.s1.pk])))
        assert re.search(r'print-only">NCT\d+ · data as of .* · printed by Hana Selim \(hana\)<', page)
        assert '<td class="screen-only"><details>' in page

    def test_a_site_without_its_head_says_so(self, universe: Any, hana: Client, adam: Client) -> None:
        actions.stop_role(assignment=universe.hana.assignments.get(), by=universe.adam)
        assert "nobody can sign for its staff" in text_of(adam.get(reverse("delegation-log", args=[universe.s1.pk])))
        gone = hana.get(reverse("delegation-log", args=[universe.s1.pk]))
        assert gone.headers["Location"].startswith(reverse("sign-in")), "her sessions ended with her last role"

    def test_the_trials_own_people(self, universe: Any, client_of: Callable[[User], Client]) -> None:
        page = text_of(client_of(universe.nora).get(reverse("trial-log")))
        assert "Milo Aziz" in page
        assert "Clara Naguib" not in page
        assert "by command on the server" in page

    def test_the_overview_holds_the_own_sites(self, universe: Any, hana: Client, client_of: Callable[[User], Client]) -> None:
        assert "02 Delta" not in text_of(hana.get(reverse("delegation")))
        nora = text_of(client_of(universe.nora).get(reverse("delegation")))
        assert "02 Delta" in nora
        assert "The whole trial" in nora
        assert "4 in force" in nora

    def test_it_costs_the_same_however_many_people(
        self, universe: Any, hana: Client, adam: Client, client_of: Callable[[User], Client]
    ) -> None:
        clients = {"hana": hana, "adam": adam, "milo": client_of(universe.milo)}
        pages = [("hana", reverse("delegation-log", args=[universe.s1.pk])), ("hana", SIGN), ("adam", reverse("people")),
                 ("milo", reverse("training")), ("milo", reverse("access-rights")), ("milo", reverse("trial-log")),
                 ("milo", reverse("delegation"))]  # fmt: skip

        def costs() -> list[int]:
            found = []
            for who, url in pages:
                clients[who].get(url)
                with counted() as count:
                    assert clients[who].get(url).status_code == 200
                found.append(len(count))
            return found

        self._grow(universe, "first")
        small = costs()
        for name in ("second", "third"):
            self._grow(universe, name)
        assert costs() == small

    @staticmethod
    def _grow(universe: Any, name: str) -> None:
        who = {"password": PASSWORD, "by": System("test")}
        for role, site in ((Role.COORDINATOR, universe.s1), (Role.MONITOR, None)):
            username = f"{name}-{role}"
            user = create_user(username=username, full_name=username, email=f"{username}@example.org", **who)
            signed_role(user, role, site, universe.today)
        waits = create_user(username=name, full_name=name, email=f"{name}@example.org", **who)
        actions.assign_role(
            user=waits, role=Role.PHARMACIST, site=universe.s1, starts=universe.today, ends=None, by=universe.adam
        )


class TestChanges:
    def test_the_page_shows_who_works_where(self, adam: Client) -> None:
        text = text_of(adam.get(reverse("people")))
        assert "Clara Naguib" in text
        assert "Site coordinator" in text
        assert "(demo name)" in text

    @pytest.mark.requirement("RQ-41")
    def test_an_entry_is_ended_and_gone_the_next_day(
        self, universe: Any, adam: Client, client_of: Callable[[User], Client]
    ) -> None:
        clara = client_of(universe.clara)
        url = reverse("end-assignment", args=[universe.clara.assignments.get().pk])
        adam.post(url)
        assert clara.get(reverse("work-list")).status_code == 200, "the last day is still in force"
        adam.post(url, {"ends": f"{universe.today - timedelta(days=1):%d/%m/%Y}"})
        for page in ("work-list", "home"):
            assert clara.get(reverse(page)).headers["Location"].startswith(reverse("sign-in")), "her sessions ended at once"

    @pytest.mark.requirement("RQ-41")
    def test_the_head_of_the_site_stops_an_entry_at_once(
        self, universe: Any, hana: Client, client_of: Callable[[User], Client]
    ) -> None:
        clara = client_of(universe.clara)
        assert clara.get(reverse("work-list")).status_code == 200
        answer = hana.post(reverse("end-assignment", args=[universe.clara.assignments.get().pk]), {"now": "1"})
        assert answer.headers["Location"] == reverse("delegation-log", args=[universe.s1.pk])
        assert clara.get(reverse("work-list")).headers["Location"].startswith(reverse("sign-in"))

    def test_the_head_extends_and_signs(self, universe: Any, hana: Client) -> None:
        entry = universe.clara.assignments.get()
        extend = reverse("extend-assignment", args=[entry.pk])
        assert "has no last day" in text_of(hana.post(extend, follow=True))
        hana.post(reverse("end-assignment", args=[entry.pk]), {"ends": f"{universe.today + timedelta(days=7):%d/%m/%Y}"})
        until = f"{universe.today + timedelta(days=70):%d/%m/%Y}"
        assert "It waits for its signature." in text_of(hana.post(extend, {"until": until}, follow=True))
        boxes = ticks(text_of(hana.get(SIGN)))
        hana.post(SIGN, {"entry": boxes, "password": PASSWORD})
        following = universe.clara.assignments.latest("pk")
        assert (following.starts, following.standing) == (universe.today + timedelta(days=8), "to come")

    @pytest.mark.requirement("RQ-23")
    def test_the_sponsor_takes_nobody_of_a_site_away(self, universe: Any, client_of: Callable[[User], Client]) -> None:
        nora = client_of(universe.nora)
        for user in (universe.hana, universe.clara, universe.ines):
            assert nora.post(reverse("end-assignment", args=[user.assignments.get().pk]), {"now": "1"}).status_code == 403
        answer = nora.post(reverse("end-assignment", args=[universe.milo.assignments.get().pk]), {"now": "1"})
        assert answer.headers["Location"] == reverse("trial-log")
        assert universe.milo.assignments.get().standing == "stopped"

    def test_an_entry_of_another_site_is_not_there(self, universe: Any, hana: Client, adam: Client) -> None:
        for name in ("end-assignment", "extend-assignment"):
            assert hana.post(reverse(name, args=[universe.otto.assignments.get().pk])).status_code == 404
            assert hana.post(reverse(name, args=[universe.milo.assignments.get().pk])).status_code == 403
            assert hana.post(reverse(name, args=[universe.hana.assignments.get().pk])).status_code == 403, "one's own"
            assert adam.post(reverse(name, args=[99999])).status_code == 404

    def test_moving_to_another_site_closes_the_first(
        self, universe: Any, adam: Client, client_of: Callable[[User], Client]
    ) -> None:
        clara, hoda = client_of(universe.clara), client_of(universe.hoda)
        adam.post(reverse("end-assignment", args=[universe.clara.assignments.get().pk]), {"now": "1"})
        adam.post(reverse("assign-role"), {"user": universe.clara.pk, "role": "coordinator", "site": universe.s2.pk})
        hoda.post(SIGN, {"entry": ticks(text_of(hoda.get(SIGN))), "password": PASSWORD})
        assert clara.get(reverse("home")).headers["Location"].startswith(reverse("sign-in")), "she signs in anew"
        clara = client_of(universe.clara)
        assert clara.get(reverse("participant", args=[universe.responder.pk])).status_code == 404
        assert clara.get(reverse("participant", args=[universe.foreign.pk])).status_code == 200

    def test_a_role_with_dates(self, universe: Any, nada: User, adam: Client) -> None:
        posted = {"user": nada.pk, "role": "monitor", "site": "", "starts": "01/02/2026", "ends": "2027-03-01"}
        adam.post(reverse("assign-role"), posted)
        given = nada.assignments.get()
        assert (f"{given.starts}", f"{given.ends}", given.site) == ("2026-02-01", "2027-03-01", None)

    def test_a_conflict_is_said_on_the_page(self, universe: Any, adam: Client) -> None:
        answer = adam.post(reverse("assign-role"), {"user": universe.clara.pk, "role": "monitor", "site": ""}, follow=True)
        assert "Please end that role first." in text_of(answer)

    def test_a_closed_account_is_given_nothing(self, universe: Any, adam: Client) -> None:
        with acting(System("test"), "Account closed"):
            User.objects.filter(pk=universe.otto.pk).update(is_active=False)
        assert adam.post(reverse("assign-role"), {"user": universe.otto.pk, "role": "monitor"}).status_code == 404
