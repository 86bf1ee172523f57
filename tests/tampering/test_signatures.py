"""Signatures under attack: as a member of a site, as somebody who speaks SQL with the application's rights, as the owner."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.db import DatabaseError, connection, connections, transaction
from django.urls import reverse

from accounts import actions as accounts
from accounts.second_factor import code_at, step_now
from demo.builder import sign
from demo.people import BUILDER, PASSWORD
from itp_trial.actor import System, acting
from itp_trial.verification import verify
from signatures.matters import Matter
from signatures.models import Scope, Signature
from signatures.recheck import broken
from signatures.selectors import is_eligibility_signed
from tests.tampering.test_as_the_owner import found, named, say

COUNT, SIGNATURES = "assessments_bloodcount", "signatures_signature"
pytestmark = [pytest.mark.row("W19")]


# --- a member of a site ------------------------------------------------------------------------------------------------


@pytest.fixture
def door(universe: Any) -> str:
    return reverse("sign-eligibility", args=[universe.untreated.pk])


def shown_at(client: Any, door: str) -> str:
    found_there = re.search(r'name="shown" value="([0-9a-f]{64})"', client.get(door).content.decode())
    assert found_there
    return found_there[1]


@pytest.mark.django_db
@pytest.mark.requirement("RQ-32", "RQ-34")
def test_a_signing_that_is_sent_again_is_one_signature(universe: Any, client_of: Any, door: str) -> None:
    """With the key of the form it is answered as the first time; without it, it is refused, also with the right password."""
    hana = client_of(universe.hana)
    posted = {"shown": shown_at(hana, door), "password": PASSWORD, "idempotency-key": "once"}
    for _ in range(3):
        assert hana.post(door, posted).status_code == 302
    del posted["idempotency-key"]
    assert "You have signed exactly this already" in hana.post(door, posted, follow=True).content.decode()
    assert "The password is not right" in hana.post(door, posted | {"password": ""}, follow=True).content.decode()
    assert Signature.objects.filter(participant=universe.untreated, signed_by=universe.hana).count() == 1


@pytest.mark.django_db
@pytest.mark.requirement("RQ-34")
def test_nobody_signs_for_somebody_else(universe: Any, client_of: Any, door: str) -> None:
    """Neither with the other's password in one's own session, nor by naming the other in the form."""
    from accounts.models import Account

    shown = shown_at(client_of(universe.ines), door)
    before = Signature.objects.count()
    for person in (universe.clara, universe.omar, universe.dana):
        answer = client_of(person).post(door, {"shown": shown, "password": PASSWORD, "signed_by": str(universe.ines.pk)})
        assert answer.status_code in (403, 404)
    assert Signature.objects.count() == before
    named_other = {"shown": shown_at(client_of(universe.hana), door), "password": PASSWORD, "by": str(universe.ines.pk),
                   "signed_by": str(universe.ines.pk), "printed_name": "Ines Farouk"}  # fmt: skip
    client_of(universe.hana).post(door, named_other)
    newest = Signature.objects.latest("signed_at")
    assert (newest.signed_by, newest.printed_name) == (universe.hana, "Hana Selim")
    with acting(BUILDER):
        Account.objects.filter(user=universe.ines).update(must_change_password=True)
    answer = client_of(universe.ines).post(door, {"shown": shown, "password": PASSWORD}, follow=True)
    assert Signature.objects.filter(participant=universe.untreated, signed_by=universe.ines).count() == 1
    assert "password" in answer.content.decode().lower()


@pytest.mark.django_db
@pytest.mark.requirement("RQ-32", "RQ-37")
def test_an_old_code_of_the_second_factor_signs_nothing(universe: Any, client_of: Any, door: str) -> None:
    secret = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
    used = code_at(secret, step_now() - 1)
    accounts.enrol_app(user=universe.hana, secret=secret, code=used, by=BUILDER)
    hana = client_of(universe.hana)
    shown = shown_at(hana, door)
    for code, why in (("", "enter the code of your second factor"), (used, "not right, or it was used before")):
        answer = hana.post(door, {"shown": shown, "password": PASSWORD, "code": code}, follow=True)
        assert why in answer.content.decode()
    assert not Signature.objects.filter(signed_by=universe.hana).exists()
    hana.post(door, {"shown": shown, "password": PASSWORD, "code": code_at(secret, step_now())})
    assert Signature.objects.get(signed_by=universe.hana).factors == "password and second factor"


@pytest.mark.django_db
@pytest.mark.requirement("RQ-31")
def test_the_hash_of_one_thing_signs_no_other(universe: Any, client_of: Any, door: str) -> None:
    hana = client_of(universe.hana)
    elsewhere = reverse("sign-eligibility", args=[universe.responder.pk])
    for shown in (shown_at(hana, elsewhere), "", "0" * 64):
        answer = hana.post(door, {"shown": shown, "password": PASSWORD}, follow=True)
        assert "The content has changed since you opened this page" in answer.content.decode()


# --- SQL with the rights of the application ----------------------------------------------------------------------------


@pytest.mark.django_db
@pytest.mark.requirement("RQ-31", "RQ-33")
@pytest.mark.parametrize("statement", [
    f"UPDATE {SIGNATURES} SET printed_name = 'Omar Halim'",
    f"UPDATE {SIGNATURES} SET superseded_by = NULL, superseded_at = NULL",
    f"DELETE FROM {SIGNATURES}", f"TRUNCATE {SIGNATURES} CASCADE", "UPDATE signatures_seen SET content = ''",
    "DROP TRIGGER supersede ON itp_trial_auditentry", f"ALTER TABLE {SIGNATURES} DISABLE TRIGGER USER",
    "DROP TRIGGER closed ON assessments_bloodcount",
])  # fmt: skip
def test_the_application_itself_cannot_change_a_signature(universe: Any, statement: str) -> None:
    with pytest.raises(DatabaseError, match=r"permission denied|must be owner"), acting(System("test"), "because"), \
            connection.cursor() as cursor:  # fmt: skip
        cursor.execute(statement)


@pytest.mark.django_db
@pytest.mark.requirement("RQ-31")
def test_a_signature_written_by_hand_is_found(universe: Any) -> None:
    """A copy for another child: its code does not fit, so it opens nothing, and is found."""
    assert list(broken()) == []
    columns = "scope, meaning, printed_name, role, site_code, signed_at, content_hash, factors, session, statement, signed_by_id"
    with acting(universe.clara), connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {SIGNATURES} (id, participant_id, manifest, code, {columns}) SELECT gen_random_uuid(), %s,"
            f" manifest, 'AAAAA-AAAAA-AAAAA-AAAAA', {columns} FROM {SIGNATURES} WHERE participant_id = %s",
            [universe.screening.pk, universe.responder.pk],
        )
    assert universe.screening.signatures.filter(superseded_by=None).exists()
    assert not is_eligibility_signed(universe.screening)
    assert {one.what for one in broken()} >= {"its code does not fit what it says: the application did not write it so",
                                              "its hash does not fit its list of forms"}  # fmt: skip
    assert any("code does not fit" in one.what for one in verify().broken), "verify_audit says so too"


# --- the owner of the tables -------------------------------------------------------------------------------------------

Sql = Callable[..., list[Any]]


@pytest.fixture
def sql(tmp_path: Path, settings: Any) -> Iterator[Sql]:
    """Statements as the owner; undone afterwards."""
    settings.VAR_DIR = tmp_path

    def run(statement: str, *values: Any) -> list[Any]:
        with connections["owner"].cursor() as cursor:
            cursor.execute(statement, values)
            return cursor.fetchall() if cursor.description else []

    with transaction.atomic(using="owner"):
        yield run
        transaction.set_rollback(True, using="owner")


@pytest.fixture
def screening(sql: Sql) -> tuple[str, str]:
    """The signed screening form of the responder, and the signature of its eligibility."""
    child = "(SELECT id FROM casebook_participant WHERE screening_number = 'S01-001')"
    [[record]] = sql(f"SELECT id::text FROM casebook_formrecord WHERE form = 'screening' AND participant_id = {child}")
    [[signature]] = sql(f"SELECT id::text FROM {SIGNATURES} WHERE participant_id = {child}")
    return record, signature


owner = [pytest.mark.django_db(databases=["owner"]), pytest.mark.requirement("RQ-31", "RQ-33")]
OF_SCREENING = "UPDATE enrollment_screening SET tpo_ra_ever = 'Y' WHERE record_id = %s"


class TestAsTheOwner:
    pytestmark = owner

    def test_untouched_every_signature_holds(self, sql: Sql) -> None:
        assert found().broken == []

    def test_a_signed_value_that_was_altered_behind_everything(self, sql: Sql, screening: tuple[str, str]) -> None:
        record, signature = screening
        sql("ALTER TABLE enrollment_screening DISABLE TRIGGER USER")
        sql(OF_SCREENING, record)
        sql("ALTER TABLE enrollment_screening ENABLE TRIGGER USER")
        [where] = named(found(), f"the form {record} is not what was signed, and no change superseded it")
        assert where.startswith(f"signature {signature} (Ines Farouk, ")

    def test_a_change_in_the_trail_that_supersedes_nothing(self, sql: Sql, screening: tuple[str, str]) -> None:
        record, signature = screening
        sql("ALTER TABLE itp_trial_auditentry DISABLE TRIGGER supersede")
        say(sql)
        sql(OF_SCREENING, record)
        report = found()
        assert named(report, "this trigger is missing or switched off") == ["supersede of itp_trial_auditentry"]
        assert signature in named(report, "no change superseded it")[0]

    def test_a_superseded_signature_made_valid_again(self, sql: Sql, screening: tuple[str, str]) -> None:
        record, signature = screening
        say(sql)
        sql(OF_SCREENING, record)
        back = f"UPDATE {SIGNATURES} SET superseded_by = NULL, superseded_at = NULL WHERE id = %s"
        with pytest.raises(DatabaseError, match="a signature is written once"), transaction.atomic(using="owner"):
            sql(back, signature)
        sql(f"ALTER TABLE {SIGNATURES} DISABLE TRIGGER USER")
        sql(back, signature)
        report = found()
        assert signature in named(report, "no change superseded it")[0]
        assert f"{SIGNATURES} {signature}" in named(report, "changed behind the trail")

    @pytest.mark.parametrize("column", ["printed_name = 'Omar Halim'", "signed_at = signed_at - interval '1 day'",
                                        "meaning = 'approval'", "manifest = '{}'", "signed_by_id = 1",
                                        "role = 'Principal investigator'", "content_hash = repeat('0', 64)"])  # fmt: skip
    def test_another_name_time_or_meaning(self, sql: Sql, screening: tuple[str, str], column: str) -> None:
        _, signature = screening
        alter = f"UPDATE {SIGNATURES} SET {column} WHERE id = %s"
        say(sql)
        with pytest.raises(DatabaseError, match="a signature is written once"), transaction.atomic(using="owner"):
            sql(alter, signature)
        sql(f"ALTER TABLE {SIGNATURES} DISABLE TRIGGER USER")
        sql(alter, signature)
        assert signature in named(found(), "its code does not fit what it says")[0]

    def test_a_signature_moved_to_another_child(self, sql: Sql, screening: tuple[str, str]) -> None:
        _, signature = screening
        sql(f"ALTER TABLE {SIGNATURES} DISABLE TRIGGER USER")
        sql(f"UPDATE {SIGNATURES} SET participant_id = (SELECT id FROM casebook_participant WHERE screening_number = 'S01-002')"
            " WHERE id = %s", signature)  # fmt: skip
        report = found()
        assert signature in named(report, "its code does not fit what it says")[0]
        assert signature in named(report, "its hash does not fit its list of forms")[0]

    def test_a_removed_signature(self, sql: Sql, screening: tuple[str, str]) -> None:
        _, signature = screening
        sql(f"ALTER TABLE {SIGNATURES} DISABLE TRIGGER USER")
        sql(f"DELETE FROM {SIGNATURES} WHERE id = %s", signature)
        assert named(found(), "the row of these entries is gone") == [f"{SIGNATURES} {signature}"]

    def test_an_answer_to_what_is_locked(self, sql: Sql, screening: tuple[str, str]) -> None:
        """Neither the owner writes into a locked form without switching the trigger off, and then the signature falls."""
        record, signature = screening
        say(sql)
        columns = "participant_id, of_record_id, kind, reason, set_at, set_by_id, lifted_why"
        sql(f"INSERT INTO casebook_lock ({columns}) SELECT participant_id, id, 'locked', 'Final', now(), 1, ''"
            " FROM casebook_formrecord WHERE id = %s", record)  # fmt: skip
        with pytest.raises(DatabaseError, match="closed to changes"), transaction.atomic(using="owner"):
            sql(OF_SCREENING, record)
        sql("ALTER TABLE enrollment_screening DISABLE TRIGGER closed")
        sql(OF_SCREENING, record)
        assert named(found(), "this trigger is missing") == ["closed of enrollment_screening"]
        [[by]] = sql(f"SELECT superseded_by FROM {SIGNATURES} WHERE id = %s", signature)
        assert by is not None


@pytest.mark.django_db
def test_the_start_is_refused_without_the_triggers(monkeypatch: pytest.MonkeyPatch) -> None:
    from itp_trial import audit, readiness

    monkeypatch.setitem(audit.guards, "supersede", lambda: ["a_table"])
    assert any("the trigger supersede of a_table is missing" in problem for problem in readiness.problems())


@pytest.mark.django_db
@pytest.mark.requirement("RQ-33")
def test_a_casebook_covers_what_was_read(universe: Any) -> None:
    """The signature of a visit names its forms by hash; one of another visit is not in it."""
    count = universe.record(universe.responder, "blood-count", "D3")
    signature = sign(Matter(Scope.VISIT, universe.responder, visit=count.visit), universe.ines)
    assert list(signature.manifest) == [str(count.pk)]
