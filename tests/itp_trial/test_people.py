"""Sites and API tokens: what they are called, and what a token may do while its role is in force."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from delegation.actions import end_role
from itp_trial import actions
from itp_trial.actor import System, acting
from itp_trial.models import ApiToken, AuditEntry, RoleAssignment, Site, User
from itp_trial.refusal import Refused
from itp_trial.roles import Role
from tests.universe import signed_role


def last_entry(table: str) -> AuditEntry:
    return AuditEntry.objects.filter(table_name=table).first()


class TestSites:
    """The page of one site."""

    @pytest.fixture
    def adam(self, universe: Any, client_of: Callable[..., Client]) -> Client:
        return client_of(universe.adam)

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
    ENDED = ("revoked", "expired", "role ended", "role not begun", "role not signed", "account closed")

    @pytest.mark.parametrize("what", ENDED)
    def test_it_ends(self, universe: Any, secret: str, what: str) -> None:
        token, now = ApiToken.objects.get(), timezone.now()
        yesterday, tomorrow = (universe.today + timedelta(days=n) for n in (-1, 1))
        with acting(System("test"), what):
            if what == "revoked":
                actions.revoke_token(token=token, by=universe.milo)
            elif what == "role ended":
                end_role(assignment=token.assignment, ends=yesterday, by=universe.adam)
            elif what == "role not begun":
                RoleAssignment.objects.filter(pk=token.assignment_id).update(starts=tomorrow)
            elif what == "role not signed":
                unsigned = {"signed_at": None, "signed_by": None, "signed_text": ""}
                RoleAssignment.objects.filter(pk=token.assignment_id).update(**unsigned)
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

    @pytest.mark.row("A7")
    def test_it_has_the_rights_of_its_role_and_no_others(self, universe: Any) -> None:
        """A person with two roles asks with the token of one: it does not see what the other one sees."""
        both = signed_role(universe.sami, Role.MONITOR, universe.s1, universe.today)
        here = actions.create_token(assignment=both, name="01", by=universe.sami)[1]
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
