"""Accounts, sites, roles and API tokens: who gives what to whom, from when to when, and who must not."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.db import IntegrityError
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from itp_trial import actions
from itp_trial.actions import create_token
from itp_trial.actor import System, acting
from itp_trial.models import ApiToken, AuditEntry, RoleAssignment, Site, User
from itp_trial.refusal import Refused
from itp_trial.roles import Role


@pytest.fixture
def today(universe: Any) -> Any:
    return universe.today


def last_entry(table: str) -> AuditEntry:
    return AuditEntry.objects.filter(table_name=table).first()


class TestRoles:
    def test_a_role_is_given_from_a_day_to_a_day_and_recorded(self, universe: Any, today: Any) -> None:
        ends = today + timedelta(days=30)
        given = actions.assign_role(user=universe.otto, role=Role.MONITOR, site=None, starts=today, ends=ends, by=universe.adam)
        assert str(given) == "Otto Mansour: Monitor at all sites"
        entry = last_entry("itp_trial_roleassignment")
        assert (entry.operation, entry.reason, entry.actor_name) == ("INSERT", "Role given", "Adam Zaki (adam)")

    def test_nobody_gives_rights_to_themselves(self, universe: Any, today: Any) -> None:
        with pytest.raises(Refused, match="Nobody gives rights to their own account"):
            actions.assign_role(user=universe.adam, role=Role.MONITOR, site=None, starts=today, ends=None, by=universe.adam)

    def test_nobody_changes_their_own_rights(self, universe: Any, today: Any) -> None:
        with pytest.raises(Refused, match="Nobody changes the rights of their own account"):
            actions.end_role(assignment=universe.adam.assignments.get(), ends=today, by=universe.adam)

    #: What is wrong with a role -> what is said.
    REFUSED = {
        "an unknown role": ({"role": "king"}, "choose a role from the list"),
        "a coordinator of all sites": ({"role": Role.COORDINATOR, "site": None}, "works at one site"),
        "an investigator of all sites": ({"role": Role.INVESTIGATOR, "site": None}, "works at one site"),
        "a pharmacist of all sites": ({"role": Role.PHARMACIST, "site": None}, "works at one site"),
        "an end before the start": ({"ends": -1}, "would end before it starts"),
    }

    @pytest.mark.parametrize(("change", "message"), REFUSED.values(), ids=REFUSED)
    def test_roles_that_make_no_sense_are_refused(self, universe: Any, today: Any, change: dict[str, Any], message: str) -> None:
        usual = {"user": universe.otto, "role": Role.MONITOR, "site": universe.s1, "starts": today, "ends": None}
        if "ends" in change:
            change = {"ends": today + timedelta(days=change["ends"])}
        with pytest.raises(Refused, match=message):
            actions.assign_role(**{**usual, **change}, by=universe.adam)
        assert universe.otto.assignments.count() == 1

    def test_the_same_role_is_given_once(self, universe: Any, today: Any) -> None:
        given = {"user": universe.otto, "role": Role.MONITOR, "site": universe.s1, "starts": today, "ends": None}
        actions.assign_role(**given, by=universe.adam)
        with pytest.raises(Refused, match="already has this role"):
            actions.assign_role(**given, by=universe.adam)

    def test_the_database_says_no_as_well(self, universe: Any, today: Any) -> None:
        with pytest.raises(IntegrityError, match="role_period"), acting(System("test")):
            RoleAssignment.objects.create(user=universe.otto, role="monitor", starts=today, ends=today - timedelta(days=1))

    def test_a_role_cannot_end_before_it_started(self, universe: Any) -> None:
        assignment = universe.otto.assignments.get()
        with pytest.raises(Refused, match="cannot end before it started"):
            actions.end_role(assignment=assignment, ends=assignment.starts - timedelta(days=1), by=universe.adam)

    #: Days from today: start, end -> whether the role is in force today. The end is the last day in force.
    PERIODS = [((0, None), True), ((-5, 0), True), ((0, 0), True), ((1, None), False), ((-5, -1), False), ((-5, 5), True)]

    @pytest.mark.parametrize(("period", "in_force"), PERIODS)
    def test_a_role_is_in_force_from_its_first_to_its_last_day(
        self, universe: Any, today: Any, period: tuple[int, int | None], in_force: bool
    ) -> None:
        starts, ends = (None if days is None else today + timedelta(days=days) for days in period)
        given = actions.assign_role(user=universe.adam, role=Role.MONITOR, site=None, starts=starts, ends=ends, by=universe.dana)
        assert (given in universe.adam.assignments.on(today)) == in_force


class TestPages:
    """The administrator's pages, in the order in which they are used."""

    @pytest.fixture
    def adam(self, universe: Any, client_of: Callable[..., Client]) -> Client:
        return client_of(universe.adam)

    def test_the_page_shows_who_works_where(self, adam: Client) -> None:
        text = adam.get(reverse("people")).content.decode()
        assert "Clara Naguib" in text
        assert "Site coordinator" in text
        assert "(demo name)" in text

    def test_a_role_is_given_and_works_at_once(self, universe: Any, adam: Client, client_of: Callable[..., Client]) -> None:
        """A2 turned round: effective on the next request of the person, without signing in again."""
        otto = client_of(universe.otto)
        page = reverse("participant", args=[universe.responder.pk])
        assert otto.get(page).status_code == 404
        answer = adam.post(
            reverse("assign-role"), {"user": universe.otto.pk, "role": "coordinator", "site": universe.s1.pk}, follow=True
        )
        assert "has the role now" in answer.content.decode()
        assert otto.get(page).status_code == 200

    def test_a_role_is_ended_and_gone_the_next_day(self, universe: Any, adam: Client, client_of: Callable[..., Client]) -> None:
        clara = client_of(universe.clara)
        assignment = universe.clara.assignments.get()
        adam.post(reverse("end-assignment", args=[assignment.pk]))
        assert clara.get(reverse("work-list")).status_code == 200, "the last day is still in force"
        yesterday = f"{universe.today - timedelta(days=1):%d/%m/%Y}"
        adam.post(reverse("end-assignment", args=[assignment.pk]), {"ends": yesterday})
        assert clara.get(reverse("work-list")).status_code == 403
        assert clara.get(reverse("home")).status_code == 403

    def test_a_role_given_by_mistake_is_taken_away_at_once(
        self, universe: Any, adam: Client, client_of: Callable[..., Client]
    ) -> None:
        otto = client_of(universe.otto)
        adam.post(reverse("assign-role"), {"user": universe.otto.pk, "role": "monitor", "site": ""})
        page = reverse("participant", args=[universe.responder.pk])
        assert otto.get(page).status_code == 200
        mistake = universe.otto.assignments.get(role="monitor")
        _, secret = create_token(assignment=mistake, name="x", by=universe.otto)
        adam.post(reverse("end-assignment", args=[mistake.pk]), {"now": "1"})
        assert otto.get(page).status_code == 404
        assert (
            Client().get("/api/v1/participants/", headers={"authorization": f"Bearer {secret}"}, secure=True).status_code == 401
        )

    def test_moving_to_another_site_closes_the_first(self, universe: Any, adam: Client, client_of: Callable[..., Client]) -> None:
        clara = client_of(universe.clara)
        yesterday = f"{universe.today - timedelta(days=1):%d/%m/%Y}"
        adam.post(reverse("end-assignment", args=[universe.clara.assignments.get().pk]), {"ends": yesterday})
        adam.post(reverse("assign-role"), {"user": universe.clara.pk, "role": "coordinator", "site": universe.s2.pk})
        assert clara.get(reverse("participant", args=[universe.responder.pk])).status_code == 404
        assert clara.get(reverse("participant", args=[universe.foreign.pk])).status_code == 200

    def test_a_role_with_dates(self, universe: Any, adam: Client) -> None:
        posted = {"user": universe.otto.pk, "role": "monitor", "site": "", "starts": "01/02/2026", "ends": "2027-03-01"}
        adam.post(reverse("assign-role"), posted)
        given = universe.otto.assignments.get(role="monitor")
        assert (f"{given.starts}", f"{given.ends}", given.site) == ("2026-02-01", "2027-03-01", None)

    def test_a_site_is_renamed_and_keeps_its_code(self, universe: Any, adam: Client) -> None:
        url = reverse("edit-site", args=[universe.s1.pk])
        assert "Assiut" in adam.get(url).content.decode()
        adam.post(url, {"name": " Upper Nile Hospital ", "city": "Sohag", "code": "99"})
        site = Site.objects.get(pk=universe.s1.pk)
        assert (site.code, site.name, site.city, site.is_demo_name) == ("01", "Upper Nile Hospital", "Sohag", False)
        assert last_entry("itp_trial_site").old["name"] == universe.s1.name

    def test_a_site_needs_a_name(self, universe: Any, adam: Client) -> None:
        answer = adam.post(reverse("edit-site", args=[universe.s1.pk]), {"name": " ", "city": ""}, follow=True)
        assert "A site needs a name." in answer.content.decode()
        assert Site.objects.get(pk=universe.s1.pk).name == universe.s1.name

    def test_a_closed_account_is_given_nothing(self, universe: Any, adam: Client) -> None:
        with acting(System("test"), "Account closed"):
            User.objects.filter(pk=universe.otto.pk).update(is_active=False)
        assert adam.post(reverse("assign-role"), {"user": universe.otto.pk, "role": "monitor"}).status_code == 404


class TestTokens:
    """A token is shown once, stored as a digest, and acts with the rights of one role while that role is in force."""

    @pytest.fixture
    def secret(self, universe: Any) -> str:
        assignment = universe.milo.assignments.get()
        return actions.create_token(assignment=assignment, name="export", by=universe.milo)[1]

    @staticmethod
    def ask(secret: str, address: str = "/api/v1/participants/", **headers: str) -> Any:
        return Client().get(address, secure=True, headers={"Authorization": f"Bearer {secret}", **headers})

    def test_it_opens_the_api(self, secret: str) -> None:
        assert self.ask(secret).status_code == 200

    def test_it_opens_no_page(self, universe: Any, secret: str) -> None:
        assert self.ask(secret, reverse("participants")).status_code == 302

    def test_only_its_digest_is_stored(self, universe: Any, secret: str) -> None:
        token = ApiToken.objects.get()
        assert secret.startswith("itp_")
        assert token.digest == ApiToken.digest_of(secret)
        stored = [str(row) for row in ApiToken.objects.values()]
        trail = [f"{entry.old} {entry.new}" for entry in AuditEntry.objects.filter(table_name="itp_trial_apitoken")]
        assert not [text for text in stored + trail if secret in text]
        assert not [text for text in trail if token.digest in text], "nor its digest in the trail"

    def test_the_page_shows_it_once(self, universe: Any, client_of: Callable[..., Client]) -> None:
        client = client_of(universe.milo)
        posted = {"assignment": universe.milo.assignments.get().pk, "name": "monthly export", "idempotency-key": "t"}
        first = client.post(reverse("create-token"), posted, follow=True).content.decode()
        client.post(reverse("create-token"), posted)
        second = client.get(reverse("account")).content.decode()
        assert "itp_" in first
        assert "itp_" not in second
        assert "monthly export" in second
        assert ApiToken.objects.count() == 1, "a double click makes one"

    def test_it_is_made_for_ones_own_roles_only(self, universe: Any) -> None:
        with pytest.raises(Refused, match="one of your own roles"):
            actions.create_token(assignment=universe.clara.assignments.get(), name="x", by=universe.milo)

    def test_it_has_a_name(self, universe: Any) -> None:
        with pytest.raises(Refused, match="give the token a name"):
            actions.create_token(assignment=universe.milo.assignments.get(), name=" ", by=universe.milo)

    #: What happened meanwhile -> what the API answers.
    ENDED = ("revoked", "expired", "role ended", "role not begun", "account closed")

    @pytest.mark.parametrize("what", ENDED)
    def test_it_ends(self, universe: Any, secret: str, what: str) -> None:
        token, now = ApiToken.objects.get(), timezone.now()
        yesterday, tomorrow = (universe.today + timedelta(days=n) for n in (-1, 1))
        with acting(System("test"), what):
            if what == "revoked":
                actions.revoke_token(token=token, by=universe.milo)
            elif what == "role ended":
                actions.end_role(assignment=token.assignment, ends=yesterday, by=universe.adam)
            elif what == "role not begun":
                RoleAssignment.objects.filter(pk=token.assignment_id).update(starts=tomorrow)
            elif what == "account closed":
                User.objects.filter(pk=universe.milo.pk).update(is_active=False)
        with time_machine.travel(now + (ApiToken.LIFETIME if what == "expired" else timedelta(0)), tick=False):
            answer = self.ask(secret)
        assert answer.status_code == 401
        assert answer.headers["WWW-Authenticate"].startswith("Bearer")

    @pytest.mark.parametrize("header", ["Bearer", "Bearer a b", "Bearer itp_unknown", "Bearer \u0661", "bearer x"])
    def test_a_wrong_one_is_refused(self, universe: Any, header: str) -> None:
        answer = Client().get("/api/v1/participants/", secure=True, headers={"Authorization": header.encode().decode("latin-1")})
        assert answer.status_code == 401

    def test_it_has_the_rights_of_its_role_and_no_others(self, universe: Any) -> None:
        """A person with two roles asks with the token of one: it does not see what the other one sees."""
        both = actions.assign_role(
            user=universe.otto, role=Role.MONITOR, site=universe.s1, starts=universe.today, ends=None, by=universe.adam
        )
        here = actions.create_token(assignment=both, name="01", by=universe.otto)[1]
        numbers = {row["site"] for row in self.ask(here).json()["results"]}
        assert numbers == {"01"}
        record = universe.record(universe.responder, "blood-count", "D3")
        api = reverse("api-record", args=[record.pk])
        put = Client().put(api, "{}", "application/json", secure=True, headers={"Authorization": f"Bearer {here}"})
        assert put.status_code == 403, "a monitor's token does not write, whoever holds it"

    def test_it_is_revoked_on_the_page(self, universe: Any, secret: str, client_of: Callable[..., Client]) -> None:
        token = ApiToken.objects.get()
        assert client_of(universe.dana).post(reverse("revoke-token", args=[token.pk])).status_code == 404
        assert self.ask(secret).status_code == 200
        client_of(universe.milo).post(reverse("revoke-token", args=[token.pk]))
        assert self.ask(secret).status_code == 401
        assert "revoked" in client_of(universe.milo).get(reverse("account")).content.decode()


def test_names_are_readable(universe: Any) -> None:
    token, _ = actions.create_token(assignment=universe.milo.assignments.get(), name="export", by=universe.milo)
    assert str(universe.clara) == "Clara Naguib"
    assert (universe.clara.actor_id, universe.clara.actor_name) == (f"user:{universe.clara.pk}", "Clara Naguib (clara)")
    assert str(universe.s1) == "01 Nile Children's Centre (demo name)"
    assert str(token) == "export (Milo Aziz: Monitor at all sites)"
    assert str(last_entry("itp_trial_apitoken")).endswith(f"Milo Aziz (milo): INSERT itp_trial_apitoken {token.pk}")
