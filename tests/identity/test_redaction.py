"""A name in a text leaves the casebook and the trail: by two persons, with a log, and the trail stays whole."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import psycopg2
import pytest
from django.conf import settings
from django.db import DatabaseError, connection, transaction
from django.test import Client
from django.urls import reverse

from assessments.crfs.safety import AdverseEvent
from casebook import sentences
from casebook.comments import add_comment
from casebook.models import FormRecord
from casebook.names import Names
from demo.builder import at
from demo.people import PASSWORD
from identity.redaction import ask_redaction, decline_redaction, grant_redaction, passages
from itp_trial import scope
from itp_trial.actor import acting
from itp_trial.models import AuditEntry, Redaction
from itp_trial.refusal import Refused
from itp_trial.verification import verify
from tests.accounts.conftest import code_now
from tests.conformance.document import Document
from tests.database import owner_connection

pytestmark = [pytest.mark.django_db, pytest.mark.requirement("RQ-14")]

NAME = "Mother Samia Hassan 01001234567 says no fever"
TABLE = "assessments_adverseevent"


@pytest.fixture
def record(universe: Any) -> Any:
    """An event whose narrative names the mother; later somebody writes another one, and then the first one again."""
    saved = universe.clinic().log(
        universe.responder, "adverse-event", term="Headache", narrative=NAME, started_at=at(universe.today, 0, 1), ongoing="Y",
        grade=1, serious="N", related="POSSIBLY RELATED", action="DOSE NOT CHANGED", outcome="RECOVERING/RESOLVING",
    )  # fmt: skip
    for narrative in ("Repeated", NAME):
        universe.fill(saved.record, universe.clara, narrative=narrative)
    return saved.record


def key_of(universe: Any) -> str:
    return next(passage.key for passage in passages(universe.responder) if passage.text == NAME)


@pytest.fixture
def asked(universe: Any, record: Any) -> Redaction:
    return ask_redaction(participant=universe.responder, key=key_of(universe), why="Names the mother", by=universe.hana)


def everywhere() -> str:
    """The whole database as text."""
    told = []
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names():
            cursor.execute(f'SELECT row_to_json(t)::text FROM "{table}" t')
            told += [row[0] for row in cursor.fetchall()]
    return "\n".join(told)


def test_a_comment_that_names_somebody_is_redacted_though_it_is_written_once(universe: Any) -> None:
    count = universe.record(universe.responder, "blood-count", "D3")
    said = add_comment(record=count, item="platelets", text=NAME, by=universe.clara)
    asked = ask_redaction(participant=universe.responder, key=key_of(universe), why="Names the mother", by=universe.hana)
    grant_redaction(redaction=asked, by=universe.dana)
    said.refresh_from_db()
    assert said.text == f"[redacted {asked.pk}]"
    assert "Samia" not in everywhere()
    assert [str(broken) for broken in verify().broken] == []


def test_any_other_change_of_what_is_written_once_is_refused_to_the_owner_too(universe: Any) -> None:
    with owner_connection() as owner, owner.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM dosing_bagmovement")
        assert cursor.fetchone()[0] > 0
        with pytest.raises(psycopg2.DatabaseError, match="dosing_bagmovement is append-only"):
            cursor.execute("UPDATE dosing_bagmovement SET place = '[redacted 1]'")
        owner.rollback()


def test_the_text_is_gone_everywhere_and_the_trail_is_whole(universe: Any, asked: Redaction) -> None:
    assert "Samia" in everywhere()
    before = list(AuditEntry.objects.filter(table_name=TABLE).order_by("pk").values("pk", "hash", "place", "content", "reason"))
    grant_redaction(redaction=asked, by=universe.dana)
    assert "Samia" not in everywhere()
    marker = f"[redacted {asked.pk}]"
    assert AdverseEvent.objects.get(record_id=asked.row).narrative == marker
    asked.refresh_from_db()
    assert (asked.granted, asked.asked_by, asked.decided_by) == (True, universe.hana, universe.dana)
    assert len(asked.entries) == 4, "entered, replaced, entered again, and taken out of the row itself"
    after = AuditEntry.objects.filter(table_name=TABLE).order_by("pk").values("pk", "hash", "place", "content", "reason")
    assert list(after[: len(before)]) == before, "each entry keeps its place, hash and reason"
    entry = AuditEntry.objects.get(pk=asked.entry)
    assert entry.new["narrative"] == marker
    assert entry.salt is None, "nobody can try names against the digest"
    assert [str(broken) for broken in verify().broken] == []
    log = AuditEntry.objects.filter(table_name="itp_trial_redaction").order_by("pk")
    assert [e.actor_id for e in log] == [universe.hana.actor_id] + [universe.dana.actor_id] * 2
    told = " ".join(sentences.told(e, Names(FormRecord.objects.none())).sentence for e in log)
    for words in (f"asked that a text leaves the casebook and its trail (redaction {asked.pk}): Names the mother",
                  f"granted redaction {asked.pk}", f"took the text of redaction {asked.pk} out of 4 entries"):  # fmt: skip
        assert words in told


def test_two_texts_of_one_entry(universe: Any, asked: Redaction) -> None:
    """A second redaction of an entry that was redacted before; the newest log counts."""
    grant_redaction(redaction=asked, by=universe.dana)
    again = next(p for p in passages(universe.responder) if p.text == "Repeated")
    second = ask_redaction(participant=universe.responder, key=again.key, why="Also", by=universe.hana)
    grant_redaction(redaction=second, by=universe.dana)
    assert [str(broken) for broken in verify().broken] == []


class TestTwoPersons:
    def test_nobody_grants_their_own(self, universe: Any, asked: Redaction) -> None:
        with pytest.raises(Refused, match="two persons"):
            grant_redaction(redaction=asked, by=universe.hana)
        with pytest.raises(DatabaseError, match="two persons"), acting(universe.hana, "x"):
            call(asked.pk)

    @pytest.mark.parametrize("who", ["clara", "milo", "nora", "adam", "otto"])
    def test_the_database_asks_for_the_right_of_the_second(self, universe: Any, asked: Redaction, who: str) -> None:
        with pytest.raises(DatabaseError, match=r"may not grant|no open request"), acting(getattr(universe, who), "x"):
            call(asked.pk)

    def test_and_of_the_first(self, universe: Any, record: Any) -> None:
        asked = ask_redaction(participant=universe.responder, key=key_of(universe), why="x", by=universe.clara)
        with pytest.raises(DatabaseError, match="may not ask"), acting(universe.dana, "x"):
            call(asked.pk)

    def test_no_machine_grants(self, universe: Any, asked: Redaction) -> None:
        from itp_trial.actor import System

        with pytest.raises(DatabaseError, match="two persons"), acting(System("test"), "x"):
            call(asked.pk)

    def test_a_request_is_decided_once(self, universe: Any, asked: Redaction) -> None:
        decline_redaction(redaction=asked, by=universe.dana)
        for act in (grant_redaction, decline_redaction):
            with pytest.raises(Refused, match="decided already"):
                act(redaction=asked, by=universe.dana)
        with pytest.raises(DatabaseError, match="no open request"), acting(universe.dana, "x"):
            call(asked.pk)
        assert NAME in everywhere()

    def test_what_is_no_text_is_not_redacted(self, universe: Any, asked: Redaction) -> None:
        with acting(universe.hana, "x"):
            Redaction.objects.filter(pk=asked.pk).update(column="grade")
        with pytest.raises(DatabaseError, match="no text stands there"), acting(universe.dana, "x"):
            call(asked.pk)


def call(pk: int) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT itp_redact(%s)", [pk])


class TestAsking:
    @pytest.mark.parametrize(("why", "said"), [("", "say why"), ("x" * 501, "at most 500")])
    def test_it_needs_a_reason(self, universe: Any, record: Any, why: str, said: str) -> None:
        with pytest.raises(Refused, match=said):
            ask_redaction(participant=universe.responder, key=key_of(universe), why=why, by=universe.hana)

    def test_of_a_text_of_this_child_that_is_there(self, universe: Any, asked: Redaction) -> None:
        for child in (universe.untreated, universe.foreign):
            with pytest.raises(Refused, match="choose a text"):
                ask_redaction(participant=child, key=f"{asked.entry}-narrative", why="x", by=universe.hana)

    def test_once(self, universe: Any, asked: Redaction) -> None:
        with pytest.raises(Refused, match="already"):
            ask_redaction(participant=universe.responder, key=f"{asked.entry}-narrative", why="x", by=universe.hana)

    def test_only_texts_are_offered(self, universe: Any, asked: Redaction) -> None:
        columns = {passage.column for passage in passages(universe.responder)}
        assert {"narrative", "term"} <= columns
        assert not columns & {"platelets", "grade", "form", "status", "state", "code", "edition", "id"}


class TestThePages:
    def test_from_asking_to_the_marker(self, universe: Any, record: Any, client_of: Callable[[Any], Client]) -> None:
        hana, dana = client_of(universe.hana), client_of(universe.dana)
        page = reverse("redactions", args=[universe.responder.pk])
        assert "Samia Hassan" in hana.get(page).content.decode()
        told = hana.post(page, {"passage": key_of(universe), "why": "Names the mother"}, follow=True).content.decode()
        assert "Asked. The text stays until the data manager has granted it." in told
        requests = reverse("redaction-requests")
        shown = dana.get(requests).content.decode()
        assert "Samia Hassan" in shown
        assert "Names the mother" in shown
        asked = Redaction.objects.get()
        posted = {"redaction": str(asked.pk), "verdict": "grant"}
        refused = dana.post(requests, {**posted, "password": "wrong"}, follow=True).content.decode()
        assert "The password is not right." in refused
        done = dana.post(requests, {**posted, "password": PASSWORD, "code": code_now(settings.DEMO_TOTP_SECRET)}, follow=True)
        assert "The decision is recorded." in done.content.decode()
        assert "Samia Hassan" not in done.content.decode()
        assert f"[redacted {asked.pk}]" in dana.get(reverse("trail", args=[universe.responder.pk])).content.decode()

    @pytest.mark.parametrize("posted", [{}, {"redaction": "9999", "verdict": "grant"}])
    def test_a_decision_names_its_request(self, universe: Any, client_of: Any, posted: dict[str, str]) -> None:
        answer = client_of(universe.dana).post(reverse("redaction-requests"), posted, follow=True)
        assert "Please choose a request" in Document(answer.content.decode()).text

    def test_other_sites_see_no_request(self, universe: Any, asked: Redaction) -> None:
        scope.enter(universe.otto)
        try:
            assert not Redaction.objects.exists()
        finally:
            scope.open_sites(scope.EVERYWHERE)


def test_the_runtime_role_changes_no_entry_even_with_a_granted_request(universe: Any, asked: Redaction) -> None:
    with acting(universe.dana, "x"):
        Redaction.objects.filter(pk=asked.pk).update(granted=True, decided_by=universe.dana, decided_at=asked.asked_at)
    with pytest.raises(DatabaseError, match="permission denied"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("UPDATE itp_trial_auditentry SET new = NULL, salt = NULL WHERE id = %s", [asked.entry])
