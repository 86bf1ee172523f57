"""What somebody can do who speaks SQL with the rights of the application: nothing that leaves no trace."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction

from assessments.crfs.blood_count import BloodCount
from itp_trial import scope
from itp_trial.actor import System, acting
from itp_trial.models import AuditEntry
from itp_trial.verification import verify

MACHINE = System("test")
COUNT = "assessments_bloodcount"

pytestmark = [pytest.mark.django_db, pytest.mark.requirement("RQ-04"), pytest.mark.requirement("RQ-05"), pytest.mark.row("W19")]


def sql(statement: str, *parameters: Any) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)


#: Way -> (statement, what the database answers). All of them with an actor and a reason.
REFUSED = {
    "rewrite an entry": ("UPDATE itp_trial_auditentry SET reason = 'x'", "permission denied"),
    "delete entries": ("DELETE FROM itp_trial_auditentry", "permission denied"),
    "truncate the trail": ("TRUNCATE itp_trial_auditentry", "permission denied"),
    "write an entry": ("INSERT INTO itp_trial_auditentry SELECT * FROM itp_trial_auditentry LIMIT 1", "permission denied"),
    "append through the trail's own function": (
        "SELECT itp_append(e) FROM itp_trial_auditentry e LIMIT 1", "permission denied"),
    "switch a trigger off": (f"ALTER TABLE {COUNT} DISABLE TRIGGER audit", "must be owner"),
    "drop a trigger": (f"DROP TRIGGER audit ON {COUNT}", "must be owner"),
    "replace the function of the trail": (
        "CREATE OR REPLACE FUNCTION itp_audit() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'",
        "permission denied"),
    "pretend to be a replica": ("SET session_replication_role = replica", "permission denied"),
    "delete a clinical row": (f"DELETE FROM {COUNT}", "permission denied"),
    "truncate a clinical table": (f"TRUNCATE {COUNT} CASCADE", "permission denied"),
    "take the wall down": ("ALTER TABLE casebook_participant DISABLE ROW LEVEL SECURITY", "must be owner"),
    "drop a policy": ("DROP POLICY sites ON casebook_participant", "must be owner"),
    "become the owner": ("SET ROLE itp_owner", "permission denied"),
    "rewrite the access log": ("UPDATE itp_trial_accessentry SET what = ''", "permission denied"),
    "empty the access log": ("DELETE FROM itp_trial_accessentry", "permission denied"),
    "add a table to hide things in": ("CREATE TABLE elsewhere (id int)", "permission denied"),
}  # fmt: skip


@pytest.mark.parametrize(("statement", "answer"), REFUSED.values(), ids=REFUSED)
def test_it_is_refused(universe: Any, statement: str, answer: str) -> None:
    with pytest.raises(DatabaseError, match=answer), acting(MACHINE, "because"):
        sql(statement)


def _bulk_update() -> None:
    crf = BloodCount.objects.filter(platelets=60).get()
    crf.platelets = 66
    BloodCount.objects.bulk_update([crf], ["platelets"])


#: Ways to change a stored answer past the form.
CHANGES: dict[str, Callable[[], Any]] = {
    "SQL": lambda: sql(f"UPDATE {COUNT} SET platelets = 66 WHERE platelets = 60"),
    "queryset.update": lambda: BloodCount.objects.filter(platelets=60).update(platelets=66),
    "bulk_update": _bulk_update,
    "SQL that empties": lambda: sql(f"UPDATE {COUNT} SET platelets = NULL WHERE platelets = 60"),
    "SQL that takes a reason for missing away": lambda: sql(
        f"""UPDATE {COUNT} SET missing = '{{"platelets": "ND"}}', platelets = NULL WHERE platelets = 60"""),
}  # fmt: skip


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_a_change_without_an_author_is_refused(universe: Any, change: Callable[[], Any]) -> None:
    with pytest.raises(DatabaseError, match="needs to say who is acting"), transaction.atomic():
        change()


@pytest.mark.requirement("RQ-03")
@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_a_change_without_a_reason_is_refused(universe: Any, change: Callable[[], Any]) -> None:
    with pytest.raises(DatabaseError, match="changes only with a reason"), acting(MACHINE):
        change()


@pytest.mark.requirement("RQ-01")
@pytest.mark.parametrize("change", list(CHANGES.values())[:3], ids=list(CHANGES)[:3])
def test_with_author_and_reason_it_is_one_full_entry(universe: Any, change: Callable[[], Any]) -> None:
    with acting(universe.clara, "Typing error", code="typing"):
        change()
    entry = AuditEntry.objects.latest("pk")
    record = universe.record(universe.responder, "blood-count", "D3")
    assert (entry.old, entry.new) == ({"platelets": 60.0}, {"platelets": 66})
    assert (entry.actor_id, entry.actor_name, entry.role) == (universe.clara.actor_id, "Clara Naguib (clara)", "coordinator")
    assert (entry.site, entry.participant, entry.record, entry.form) == ("01", universe.responder.pk, record.pk, "blood-count")
    assert (entry.reason_code, entry.reason, entry.software) == ("typing", "Typing error", "0.1.0")


@pytest.mark.requirement("RQ-02")
def test_the_first_entry_of_a_value_is_in_the_trail(universe: Any) -> None:
    record = universe.record(universe.responder, "blood-count", "D3")
    first = AuditEntry.objects.filter(table_name=COUNT, row=str(record.pk)).earliest("pk")
    assert (first.operation, first.old, first.new["platelets"], first.reason) == ("INSERT", None, 60.0, "")


def test_copy_is_recorded_or_refused_like_any_write(universe: Any) -> None:
    from io import StringIO

    def copy() -> None:
        with connection.cursor() as cursor:
            cursor.cursor.copy_expert(
                "COPY itp_trial_site (code, name, city, is_demo_name) FROM STDIN", StringIO("09\tNinth\t\tf\n")
            )

    with pytest.raises(Exception, match="needs to say who is acting"), transaction.atomic():
        copy()
    with acting(MACHINE, "copied"):
        copy()
    assert AuditEntry.objects.latest("pk").new["code"] == "09"


def test_a_value_replaced_by_the_same_changes_nothing_and_says_nothing(universe: Any) -> None:
    before = AuditEntry.objects.count()
    sql(f"UPDATE {COUNT} SET platelets = platelets")
    assert AuditEntry.objects.count() == before


@pytest.mark.requirement("RQ-48")
@pytest.mark.parametrize("stolen", [True, False], ids=["with a witness copied from her last entry", "without a witness"])
def test_an_actor_that_is_claimed_by_sql_is_found(universe: Any, stolen: bool) -> None:
    """Whoever has the application's password can set the actor to anybody, but has no fresh witness for it."""
    hers = AuditEntry.objects.filter(actor_id=universe.clara.actor_id).exclude(reason="").latest("pk")
    with transaction.atomic():
        claims = {"actor_id": hers.actor_id, "actor_name": hers.actor_name, "reason": "forged", "reason_code": "",
                  "witness": hers.witness if stolen else ""}  # fmt: skip
        for name, value in claims.items():
            sql(f"SELECT set_config('itp.{name}', %s, true)", value)
        sql(f"UPDATE {COUNT} SET platelets = 66 WHERE platelets = 60")
    [broken] = verify().broken
    assert "its actor is forged" in broken.what
    assert COUNT in broken.where


@pytest.mark.requirement("RQ-07")
def test_the_untouched_trail_is_whole(universe: Any) -> None:
    report = verify()
    assert [str(broken) for broken in report.broken] == []
    assert report.entries == AuditEntry.objects.count()
    assert set(report.heads) >= {str(universe.responder.pk), str(universe.foreign.pk), AuditEntry.TRIAL_CHAIN}


# --- the wall between the sites ----------------------------------------------------------------------------------------


@pytest.mark.requirement("RQ-38")
def test_without_a_filter_a_site_sees_only_its_own_rows(universe: Any) -> None:
    scope.enter(universe.otto)
    try:
        with connection.cursor() as cursor:
            for table in walled_tables():
                cursor.execute(f'SELECT row_to_json(t)::text FROM "{table}" t')
                told = " ".join(row[0] for row in cursor.fetchall())
                for foreign in (universe.responder, universe.screening, universe.untreated):
                    assert str(foreign.pk) not in told, table
                    assert foreign.screening_number not in told, table
            cursor.execute("SELECT count(*) FROM casebook_participant")
            assert cursor.fetchone() == (1,)
    finally:
        scope.open_sites(scope.EVERYWHERE)


def walled_tables() -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT relname FROM pg_class WHERE relrowsecurity ORDER BY relname")
        return [row[0] for row in cursor.fetchall()]


@pytest.mark.requirement("RQ-38")
def test_every_table_of_a_participant_is_behind_the_wall() -> None:
    from django.apps import apps

    from itp_trial.audit import OUR_APPS, owner_of
    from itp_trial.isolation import TRIAL_WIDE, policy

    bound = [m for m in apps.get_models() if m._meta.app_label in OUR_APPS and owner_of(m)[0] and m._meta.label not in TRIAL_WIDE]
    assert len(bound) >= 15
    assert [model._meta.label for model in bound if not policy(model)] == []
    assert {model._meta.db_table for model in bound} <= set(walled_tables())


@pytest.mark.requirement("RQ-38")
@pytest.mark.parametrize("statement", [
    "UPDATE casebook_participant SET end_reason = 'x' WHERE id = %(foreign)s",
    f"UPDATE {COUNT} SET platelets = 1"
    " WHERE record_id IN (SELECT id FROM casebook_formrecord WHERE participant_id = %(foreign)s)",
])  # fmt: skip
def test_another_sites_rows_cannot_be_written(universe: Any, statement: str) -> None:
    before = AuditEntry.objects.count()
    with acting(universe.clara, "because"), connection.cursor() as cursor:
        cursor.execute(statement, {"foreign": str(universe.foreign.pk)})
        assert cursor.rowcount == 0
    assert AuditEntry.objects.count() == before


def test_a_row_cannot_be_moved_to_another_site(universe: Any) -> None:
    with pytest.raises(DatabaseError, match="row-level security"), acting(universe.clara, "because"):
        sql("UPDATE casebook_participant SET site_id = %s WHERE id = %s", universe.s2.pk, str(universe.responder.pk))


def test_outside_of_every_request_and_action_nothing_is_seen(universe: Any) -> None:
    scope.open_sites(scope.NOWHERE)
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM casebook_participant")
            assert cursor.fetchone() == (0,)
    finally:
        scope.open_sites(scope.EVERYWHERE)
