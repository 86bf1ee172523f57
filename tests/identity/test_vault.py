"""The page and the box behind it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from io import StringIO
from typing import Any

import pytest
from cryptography.fernet import Fernet
from django.core.management import CommandError, call_command
from django.db import connection
from django.test import Client
from django.urls import reverse

from casebook import sentences
from casebook.models import FormRecord
from casebook.names import Names
from identity.actions import decide_duplicate, keep_identity
from identity.details import Details
from identity.models import Fingerprint, Identity
from itp_trial import readiness, scope
from itp_trial.models import AccessEntry, AuditEntry
from itp_trial.refusal import Refused
from itp_trial.verification import verify
from tests.conformance.document import Document

pytestmark = [pytest.mark.django_db, pytest.mark.requirement("RQ-68")]

TYPED = {"child_name": "أحمد محمد عبد الرحمن", "mother_name": "سامية علي", "birth_date": "05/03/2019",
         "guardian": "Samia, mother", "phone": "٠١٠٠ ١٢٣ ٤٥٦٧", "other_phone": "02 2574 1234",
         "address": "Shubra, 3rd floor", "note": "After six", "version": "0"}  # fmt: skip
CHILD = Details("أحمد محمد عبد الرحمن", "سامية علي", "2019-03-05", "Samia, mother", "+20 10 01234567", "+20 2 25741234",
                "Shubra, 3rd floor", "After six")  # fmt: skip


def at(name: str, child: Any) -> str:
    return reverse(name, args=[child.pk])


def shown(answer: Any) -> Document:
    return Document(answer.content.decode())


@pytest.fixture
def clara(universe: Any, client_of: Callable[[Any], Client]) -> Client:
    return client_of(universe.clara)


@pytest.fixture
def kept(universe: Any) -> Identity:
    return keep_identity(participant=universe.responder, details=CHILD, version=0, by=universe.clara).identity


class TestThePage:
    def test_what_is_typed_is_kept_and_nothing_is_said_of_it(self, universe: Any, clara: Client) -> None:
        page = shown(clara.get(at("identity", universe.responder)))
        assert "Nothing is kept yet" in page.text
        assert {e.attrs["name"] for e in page.controls() if e.attrs.get("name")} >= set(CHILD.content())
        assert not [e for e in page.controls() if "national" in page.accessible_name(e).lower()]
        answer = clara.post(at("keep-identity", universe.responder), TYPED, follow=True)
        assert "Kept in the vault, version 1." in shown(answer).text
        assert "Samia" not in answer.content.decode()
        assert Identity.objects.get().details() == CHILD

    def test_it_opens_for_a_reason_and_the_look_is_noted(self, universe: Any, clara: Client, kept: Identity) -> None:
        closed = clara.get(at("identity", universe.responder)).content.decode()
        assert CHILD.child_name not in closed
        assert "Nobody has looked yet." in closed
        page = shown(clara.post(at("look-at-identity", universe.responder), {"why": "call"}))
        assert {name: page.value(name) for name in CHILD.content()} == CHILD.content()
        [look] = AccessEntry.objects.filter(kind=AccessEntry.Kind.IDENTITY)
        assert (look.user, look.site, look.participant, look.purpose) == (
            universe.clara, "01", universe.responder.pk, "to call the family")  # fmt: skip
        again = shown(clara.get(at("identity", universe.responder))).text
        assert "Clara Naguib (clara)" in again
        assert "to call the family" in again

    @pytest.mark.parametrize("why", ["", "curiosity"])
    def test_without_a_reason_it_stays_closed(self, universe: Any, clara: Client, kept: Identity, why: str) -> None:
        answer = clara.post(at("look-at-identity", universe.responder), {"why": why})
        assert answer.status_code == 422
        assert "Please say why you look." in shown(answer).text
        assert CHILD.child_name not in answer.content.decode()
        assert not AccessEntry.objects.filter(kind=AccessEntry.Kind.IDENTITY).exists()

    def test_where_nothing_is_kept_there_is_nothing_to_look_at(self, universe: Any, clara: Client) -> None:
        answer = clara.post(at("look-at-identity", universe.responder), {"why": "call"})
        assert answer.headers["Location"] == at("identity", universe.responder)
        assert not AccessEntry.objects.filter(kind=AccessEntry.Kind.IDENTITY).exists()

    def test_the_log_of_accesses_shows_it_to_the_head_of_the_site(self, universe: Any, client_of: Any, clara: Client,
                                                                  kept: Identity) -> None:  # fmt: skip
        clara.post(at("look-at-identity", universe.responder), {"why": "visit"})
        log = client_of(universe.hana).get(reverse("access-log") + "?kind=identity").content.decode()
        assert "Identity of a family looked at" in log
        assert "to arrange a visit" in log

    def test_two_at_once_are_compared_and_nothing_typed_is_lost(self, universe: Any, clara: Client, kept: Identity) -> None:
        answer = clara.post(at("keep-identity", universe.responder), {**TYPED, "note": "Only mornings"})
        assert answer.status_code == 409
        page = shown(answer)
        assert "Clara Naguib changed these details while you had them open." in page.text
        assert page.value("note") == "Only mornings"
        assert Identity.objects.get().details() == CHILD

    def test_a_correction_is_a_new_version_and_the_same_again_is_none(self, universe: Any, clara: Client, kept: Identity) -> None:
        clara.post(at("keep-identity", universe.responder), {**TYPED, "version": "1"})
        assert Identity.objects.get().version == 1
        clara.post(at("keep-identity", universe.responder), {**TYPED, "version": "1", "note": "Only mornings"})
        found = Identity.objects.get()
        assert (found.version, found.details()) == (2, replace(CHILD, note="Only mornings"))

    @pytest.mark.parametrize(("field", "typed", "said"), [
        ("child_name", "", "Please fill this in"),
        ("child_name", "أحمد", "the child’s and the father’s name"),
        ("birth_date", "", "Please fill this in"),
        ("birth_date", "31/02/2019", "not a day of the calendar"),
        ("birth_date", "05/03/2090", "lies in the future"),
        ("phone", "call my uncle", "is not a phone number"),
        ("phone", "0100 123 456", "not a number that exists"),
        ("other_phone", "٠١٩٠١٢٣٤٥٦٧", "not a number that exists"),
        ("address", "x" * 301, "at most 300"),
        ("note", "father's ID 27901052101234", "looks like an Egyptian national ID"),
        ("note", "a\u202eb", "cannot be stored"),
    ])  # fmt: skip
    def test_what_cannot_be_kept_is_said_where_it_happened(self, universe: Any, clara: Client, field: str, typed: str,
                                                           said: str) -> None:  # fmt: skip
        answer = clara.post(at("keep-identity", universe.responder), {**TYPED, field: typed})
        assert answer.status_code == 422
        page = shown(answer)
        [help_] = [e for e in page.elements if e.attrs.get("id") == f"{field}-help"]
        assert said in help_.text
        assert page.value(field) == typed
        assert not Identity.objects.exists()


class TestTheBox:
    def test_the_trail_says_that_it_was_kept_and_nothing_of_what(self, universe: Any, kept: Identity) -> None:
        keep_identity(participant=universe.responder, details=replace(CHILD, note="x"), version=1, by=universe.clara)
        first, second = AuditEntry.objects.filter(table_name="identity_identity").order_by("pk")
        assert "sealed" not in {*first.new, *second.new, *second.old}
        told = sentences.told(second, Names(FormRecord.objects.none())).sentence
        assert "Clara Naguib (site coordinator) kept the contact details of the family in the vault (version 2)" in told
        assert verify().broken == []

    def test_nothing_in_the_database_says_who_it_is(self, universe: Any, kept: Identity) -> None:
        words = {word for text in CHILD.content().values() for word in text.split() if len(word) > 3}
        with connection.cursor() as cursor:
            for table in connection.introspection.table_names():
                cursor.execute(f'SELECT row_to_json(t)::text FROM "{table}" t')
                told = " ".join(row[0] for row in cursor.fetchall()) if table != "django_session" else ""
                assert not {word for word in words - {"2019-03-05", "mother"} if word in told}, table

    def test_what_was_moved_to_another_row_does_not_open(self, universe: Any, client_of: Any, kept: Identity) -> None:
        other = keep_identity(participant=universe.untreated, details=replace(CHILD, child_name="عمر علي"), version=0,
                              by=universe.clara).identity  # fmt: skip
        with connection.cursor() as cursor:
            cursor.execute("SELECT set_config('itp.actor_id', 'system:test', true)")
            cursor.execute("UPDATE identity_identity SET sealed = %s WHERE id = %s", [kept.sealed, other.pk])
        answer = client_of(universe.clara).post(at("look-at-identity", universe.untreated), {"why": "call"})
        assert answer.status_code == 500
        assert "sealed for another participant" in answer.content.decode()
        assert CHILD.child_name not in answer.content.decode()

    def test_without_its_key_it_stays_closed(self, universe: Any, clara: Client, kept: Identity, settings: Any) -> None:
        settings.IDENTITY_KEYS = [Fernet.generate_key().decode()]
        answer = clara.post(at("look-at-identity", universe.responder), {"why": "call"})
        assert answer.status_code == 500
        assert "No key opens this" in answer.content.decode()
        with pytest.raises(CommandError, match="Nothing was changed"):
            call_command("rotate_identity_key")

    @pytest.mark.parametrize(("keys", "said"), [([], "has no key"), (["short"], "no Fernet key")])
    def test_the_application_does_not_start_without_one(self, settings: Any, keys: list[str], said: str) -> None:
        settings.IDENTITY_KEYS = keys
        with pytest.raises(readiness.NotReady, match=said):
            readiness.require()

    def test_a_new_key_takes_over(self, universe: Any, kept: Identity, settings: Any) -> None:
        old, new = settings.IDENTITY_KEYS[0], Fernet.generate_key().decode()
        settings.IDENTITY_KEYS = [new, old]
        twin = keep_identity(participant=universe.foreign, details=CHILD, version=0, by=universe.otto)
        assert twin.known, "found although one was entered under the old key and one under the new"
        out = StringIO()
        call_command("rotate_identity_key", stdout=out)
        assert out.getvalue().startswith("2 records are sealed with the first key.")
        settings.IDENTITY_KEYS = [new]
        assert Identity.objects.get(pk=kept.pk).details() == CHILD
        assert Fingerprint.objects.values("code").distinct().count() == 3, "the same child has the same fingerprints again"
        entry = AuditEntry.objects.filter(table_name="identity_identity").latest("pk")
        assert "sealed the contact details of the family with a new key" in sentences.told(
            entry, Names(FormRecord.objects.none())).sentence  # fmt: skip
        assert verify().broken == []


class TestTheSameChildAtTwoHospitals:
    @pytest.fixture
    def twice(self, universe: Any, kept: Identity) -> Any:
        """Site 02 enters the child of site 01, spelled its own way."""
        other = replace(CHILD, child_name="احمد محمد", mother_name="", phone="", address="")
        assert keep_identity(participant=universe.foreign, details=other, version=0, by=universe.otto).known
        return universe

    @pytest.fixture
    def otto(self, twice: Any, client_of: Any) -> Iterator[Client]:
        yield client_of(twice.otto)
        scope.open_sites(scope.EVERYWHERE)

    def test_the_second_hospital_learns_that_and_nothing_else(self, twice: Any, otto: Client) -> None:
        page = otto.get(at("identity", twice.foreign)).content.decode()
        assert "already known to the trial: call the data manager" in page
        for told in (
            twice.responder.number,
            twice.responder.screening_number,
            str(twice.responder.pk),
            "site 01",
            CHILD.guardian,
        ):
            assert told not in page

    def test_the_wall_stays_closed(self, twice: Any) -> None:
        """The same connection that gets the answer sees no fingerprint but those of its own site."""
        scope.enter(twice.otto)
        try:
            assert set(Fingerprint.objects.values_list("participant", flat=True)) == {twice.foreign.pk}
            assert Identity.objects.count() == 1
        finally:
            scope.open_sites(scope.EVERYWHERE)

    def test_the_data_manager_sees_both_numbers_and_decides(self, twice: Any, client_of: Any, otto: Client) -> None:
        dana = client_of(twice.dana)
        page = dana.get(reverse("duplicates")).content.decode()
        assert f"{twice.responder.number} (site 01) and {twice.foreign.number} (site 02)" in page
        assert "not decided" in page
        pair = {"first": twice.responder.screening_number, "second": twice.foreign.screening_number}
        said = shown(dana.post(reverse("duplicates"), {**pair, "verdict": "different"}, follow=True)).text
        assert "Two children: decided" in said
        assert "already known" not in otto.get(at("identity", twice.foreign)).content.decode()
        dana.post(reverse("duplicates"), {**pair, "verdict": "same"})
        assert "already known" in otto.get(at("identity", twice.foreign)).content.decode()
        entry = AuditEntry.objects.filter(table_name="identity_duplicatedecision").latest("pk")
        assert (entry.actor_id, entry.new["verdict"]) == (twice.dana.actor_id, "same")

    @pytest.mark.parametrize("posted", [{}, {"first": "S01-001"}, {"first": "x", "second": "y", "verdict": "same"}])
    def test_a_decision_needs_a_pair(self, twice: Any, client_of: Any, posted: dict[str, str]) -> None:
        said = shown(client_of(twice.dana).post(reverse("duplicates"), posted, follow=True)).text
        assert "Please choose a pair from the list." in said

    def test_a_decision_needs_a_verdict_and_two_children(self, twice: Any) -> None:
        for second, verdict in ((twice.foreign, "perhaps"), (twice.responder, "same")):
            with pytest.raises(Refused, match="one child or two"):
                decide_duplicate(first=twice.responder, second=second, verdict=verdict, by=twice.dana)

    def test_where_there_is_none_the_page_says_so(self, universe: Any, client_of: Any, kept: Identity) -> None:
        assert "No two children" in client_of(universe.dana).get(reverse("duplicates")).content.decode()
