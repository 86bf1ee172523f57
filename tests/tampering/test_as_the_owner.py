"""What the owner of the tables can do, who is above every right: all of it is found, and the row is named.

Each test works on the owner's own connection inside a transaction that is rolled back.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import DatabaseError, connections, transaction

from itp_trial import anchors, audit, readiness
from itp_trial.actor import Said
from itp_trial.verification import Report, verify
from itp_trial.witness import issue

COUNT = "assessments_bloodcount"
TRAIL = "itp_trial_auditentry"

pytestmark = [pytest.mark.django_db(databases=["owner"]), pytest.mark.requirement("RQ-07"), pytest.mark.row("W19")]

Sql = Callable[..., list[Any]]


@pytest.fixture(autouse=True)
def anchors_folder(tmp_path: Path, settings: Any) -> Path:
    settings.VAR_DIR = tmp_path
    return anchors.folder()


@pytest.fixture
def sql() -> Iterator[Sql]:
    """Statements as the owner; undone afterwards."""

    def run(statement: str, *values: Any) -> list[Any]:
        with connections["owner"].cursor() as cursor:
            cursor.execute(statement, values)
            return cursor.fetchall() if cursor.description else []

    with transaction.atomic(using="owner"):
        yield run
        transaction.set_rollback(True, using="owner")


@pytest.fixture
def count_60(sql: Sql) -> str:
    """The record of the responder's count of day 3."""
    [[found]] = sql(f"SELECT record_id::text FROM {COUNT} WHERE platelets = 60")
    return str(found)


def say(sql: Sql, actor: str = "system:test", name: str = "test (system)", reason: str = "because") -> None:
    said = Said(actor, name, "", reason)
    words = {
        "actor_id": actor,
        "actor_name": name,
        "reason_code": "",
        "reason": reason,
        "request_id": "",
        "witness": issue(*said, ""),
    }
    for key, value in words.items():
        sql(f"SELECT set_config('itp.{key}', %s, true)", value)


def found() -> Report:
    return verify("owner")


def named(report: Report, what: str) -> list[str]:
    """Where the report saw this kind of damage."""
    return [broken.where for broken in report.broken if re.search(what, broken.what)]


def unlocked(sql: Sql) -> None:
    """The owner can switch the append-only trigger off. That is what a tamperer would do first."""
    sql(f"ALTER TABLE {TRAIL} DISABLE TRIGGER append_only")


def bind_anew(sql: Sql, chain: str) -> None:
    """A careful forger computes every digest and hash of the chain again."""
    sql(f"UPDATE {TRAIL} SET content = itp_content(salt, old, new) WHERE chain = %s", chain)
    before = ""
    for (pk,) in sql(f"SELECT id FROM {TRAIL} WHERE chain = %s ORDER BY place", chain):
        sql(f"UPDATE {TRAIL} SET previous = %s WHERE id = %s", before, pk)
        sql(f"UPDATE {TRAIL} e SET hash = encode(sha256(convert_to(itp_bound(e), 'UTF8')), 'hex') WHERE id = %s", pk)
        [[before]] = sql(f"SELECT hash FROM {TRAIL} WHERE id = %s", pk)


def entry_of(sql: Sql, record: str) -> tuple[int, str, int]:
    """The entry of the first save of a count: key, chain, place."""
    [row] = sql(f'SELECT id, chain, place FROM {TRAIL} WHERE table_name = %s AND "row" = %s', COUNT, record)
    return row


def anchor_now() -> None:
    anchors.keep(found().heads, datetime.now(UTC))


def test_untouched_it_is_whole(sql: Sql) -> None:
    anchor_now()
    assert found().broken == []
    assert found().entries > 100


# --- the entries -------------------------------------------------------------------------------------------------------

#: Alterations of one entry -> (statement for its key, how it is found).
ALTERED = {
    "another value": (f"UPDATE {TRAIL} SET new = jsonb_set(new, '{{platelets}}', '90') WHERE id = %s", "values are not those"),
    "another actor": (f"UPDATE {TRAIL} SET actor_id = 'user:2' WHERE id = %s", "hash does not fit"),
    "another name": (f"UPDATE {TRAIL} SET actor_name = 'Otto' WHERE id = %s", "hash does not fit"),
    "another reason": (f"UPDATE {TRAIL} SET reason = 'lab called' WHERE id = %s", "hash does not fit"),
    "another time": (f"UPDATE {TRAIL} SET at = at - interval '1 day' WHERE id = %s", "hash does not fit"),
    "another row": (f"UPDATE {TRAIL} SET \"row\" = 'elsewhere' WHERE id = %s", "hash does not fit"),
    "values taken out": (f"UPDATE {TRAIL} SET new = NULL, salt = NULL WHERE id = %s", "without a redaction"),
}  # fmt: skip


@pytest.mark.parametrize(("statement", "what"), ALTERED.values(), ids=ALTERED)
def test_an_altered_entry_is_found(sql: Sql, count_60: str, statement: str, what: str) -> None:
    pk, chain, place = entry_of(sql, count_60)
    unlocked(sql)
    sql(statement, pk)
    [where] = named(found(), what)
    assert f"entry {pk} (chain {chain}, place {place}" in where


@pytest.mark.parametrize("trigger", ["UPDATE", "DELETE"])
def test_even_the_owner_has_to_switch_the_trigger_off_first(sql: Sql, trigger: str) -> None:
    statement = {"UPDATE": f"UPDATE {TRAIL} SET reason = ''", "DELETE": f"DELETE FROM {TRAIL}"}[trigger]
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic(using="owner"):
        sql(statement)


def test_a_removed_entry_leaves_a_gap(sql: Sql, count_60: str) -> None:
    pk, chain, place = entry_of(sql, count_60)
    unlocked(sql)
    sql(f"DELETE FROM {TRAIL} WHERE id = %s", pk)
    report = found()
    assert f"chain {chain}, place {place + 1}" in named(report, "entries between place")[0]
    assert f"{COUNT} {count_60}" in named(report, "no entry in the trail")


def test_two_entries_that_changed_places_are_found(sql: Sql, count_60: str) -> None:
    _, chain, place = entry_of(sql, count_60)
    unlocked(sql)
    for old, new in ((place, -1), (place - 1, place), (-1, place - 1)):
        sql(
            f"UPDATE {TRAIL} SET place = %s WHERE chain = %s AND place = %s",
            new if new > 0 else 10**6,
            chain,
            old if old > 0 else 10**6,
        )
    assert len(named(found(), "hash does not fit")) == 2


def test_an_entry_moved_to_another_child_is_found(sql: Sql, count_60: str) -> None:
    pk, chain, _ = entry_of(sql, count_60)
    [[other]] = sql(f"SELECT chain FROM {TRAIL} WHERE participant IS NOT NULL AND chain <> %s LIMIT 1", chain)
    unlocked(sql)
    sql(f"UPDATE {TRAIL} SET chain = %s, place = 9999 WHERE id = %s", other, pk)
    assert named(found(), "hash does not fit")


def test_newest_entries_that_are_cut_away_are_missed_by_their_rows(sql: Sql) -> None:
    """Also before anybody anchored them: the rows hold more than the trail explains."""
    [[chain, last]] = sql(f"SELECT chain, max(place) FROM {TRAIL} WHERE participant IS NOT NULL GROUP BY chain LIMIT 1")
    unlocked(sql)
    sql(f"DELETE FROM {TRAIL} WHERE chain = %s AND place > %s", chain, last - 3)
    assert named(found(), "no entry in the trail|changed behind the trail")


def test_newest_entries_that_are_cut_away_with_their_changes_are_missed_by_the_anchor(sql: Sql, count_60: str) -> None:
    _, chain, _ = entry_of(sql, count_60)
    say(sql)
    sql(f"UPDATE {COUNT} SET platelets = 61 WHERE record_id = %s", count_60)
    anchor_now()
    unlocked(sql)
    sql(f"DELETE FROM {TRAIL} WHERE id = (SELECT max(id) FROM {TRAIL})")
    sql("SET CONSTRAINTS ALL IMMEDIATE")
    sql(f"ALTER TABLE {COUNT} DISABLE TRIGGER audit")
    sql(f"UPDATE {COUNT} SET platelets = 60 WHERE record_id = %s", count_60)
    [where] = named(found(), "anchored on .* was removed")
    assert where.startswith(f"chain {chain}, place ")


def test_a_trail_that_was_emptied_is_found(sql: Sql, count_60: str) -> None:
    anchor_now()
    sql("SET CONSTRAINTS ALL IMMEDIATE")
    sql(f"TRUNCATE {TRAIL}")
    report = found()
    assert f"{COUNT} {count_60}" in named(report, "no entry in the trail")
    assert named(report, "was removed")


def test_a_history_that_was_written_anew_is_found_by_the_anchor(sql: Sql, count_60: str) -> None:
    """Value, row, digests and hashes all fit each other; only the anchor outside the database knows better."""
    pk, chain, _ = entry_of(sql, count_60)
    anchor_now()
    unlocked(sql)
    sql(f"ALTER TABLE {COUNT} DISABLE TRIGGER audit")
    sql(f"UPDATE {COUNT} SET platelets = 90 WHERE record_id = %s", count_60)
    sql(f"ALTER TABLE {COUNT} ENABLE TRIGGER audit")
    sql(f"UPDATE {TRAIL} SET new = jsonb_set(new, '{{platelets}}', '90.0') WHERE id = %s", pk)
    bind_anew(sql, chain)
    report = found()
    assert [str(broken) for broken in report.broken if "anchored" not in broken.what] == []
    [where] = named(report, "anchored on .* is another one now")
    assert where.startswith(f"chain {chain}")


def test_a_forged_entry_that_fits_its_chain_is_found(sql: Sql, count_60: str) -> None:
    """Written by the trail's own function, with a real person's name."""
    say(sql)
    sql("SELECT set_config('itp.actor_id', 'user:1', true), set_config('itp.actor_name', 'Clara Naguib (clara)', true)")
    sql(f"UPDATE {COUNT} SET platelets = 66 WHERE record_id = %s", count_60)
    [where] = named(found(), "actor is forged")
    assert f"{COUNT} {count_60}" in where


@pytest.mark.requirement("RQ-17")
def test_a_clock_that_went_back_is_found(sql: Sql, count_60: str) -> None:
    _, chain, _ = entry_of(sql, count_60)
    [[last]] = sql(f"SELECT max(id) FROM {TRAIL} WHERE chain = %s", chain)
    unlocked(sql)
    sql(f"UPDATE {TRAIL} SET at = at - interval '1 hour' WHERE id = %s", last)
    bind_anew(sql, chain)
    [where] = named(found(), "clock went back")
    assert f"entry {last} " in where


def redaction_row(sql: Sql, pk: int) -> None:
    """The log that a redaction of this entry would have left, written by the owner."""
    sql(
        'INSERT INTO itp_trial_redaction (participant, entry, table_name, "row", "column", why, asked_by_id, asked_at,'
        " decided_by_id, decided_at, granted, entries)"
        f" SELECT participant, id, table_name, \"row\", 'platelets', 'x', 1, now(), 2, now(), true,"
        f" jsonb_build_object(id, itp_left(old, new)) FROM {TRAIL} WHERE id = %s",
        pk,
    )


@pytest.mark.requirement("RQ-14")
def test_a_redaction_without_its_log_is_found(sql: Sql, count_60: str) -> None:
    pk, _, _ = entry_of(sql, count_60)
    unlocked(sql)
    sql(f"UPDATE {TRAIL} SET new = jsonb_set(new, '{{platelets}}', '\"[redacted 1]\"'), salt = NULL WHERE id = %s", pk)
    [where] = named(found(), "without a redaction by two persons")
    assert f"entry {pk} " in where


@pytest.mark.requirement("RQ-14")
def test_a_redaction_whose_log_was_forged_is_found(sql: Sql, count_60: str) -> None:
    """Written behind the trail the log has no entry; written through it, nobody of the application stands behind it."""
    pk, _, _ = entry_of(sql, count_60)
    unlocked(sql)
    sql(f"UPDATE {TRAIL} SET new = jsonb_set(new, '{{platelets}}', '\"[redacted 1]\"'), salt = NULL WHERE id = %s", pk)
    sql("SET CONSTRAINTS ALL IMMEDIATE")
    sql("ALTER TABLE itp_trial_redaction DISABLE TRIGGER audit")
    redaction_row(sql, pk)
    assert named(found(), "without a redaction") == []
    assert named(found(), "the row has no entry in the trail")[0].startswith("itp_trial_redaction ")
    sql("ALTER TABLE itp_trial_redaction ENABLE TRIGGER audit")
    sql("SELECT set_config('itp.actor_id', 'user:2', true), set_config('itp.actor_name', 'Dana', true)")
    redaction_row(sql, pk)
    assert "itp_trial_redaction" in named(found(), "actor is forged")[0]


@pytest.mark.requirement("RQ-14")
def test_what_a_redaction_left_is_not_changed_afterwards(sql: Sql, count_60: str) -> None:
    pk, _, _ = entry_of(sql, count_60)
    unlocked(sql)
    sql(f"UPDATE {TRAIL} SET salt = NULL WHERE id = %s", pk)
    say(sql)
    redaction_row(sql, pk)
    assert named(found(), "redaction") == []
    sql(f"UPDATE {TRAIL} SET new = jsonb_set(new, '{{platelets}}', '90') WHERE id = %s", pk)
    [where] = named(found(), "not those that the redaction left")
    assert f"entry {pk} " in where


@pytest.mark.requirement("RQ-14")
def test_with_a_granted_request_the_lock_lets_nothing_else_through(sql: Sql, count_60: str) -> None:
    pk, _, _ = entry_of(sql, count_60)
    say(sql)
    redaction_row(sql, pk)
    sql("SET CONSTRAINTS ALL IMMEDIATE")
    for change in ("salt = NULL, reason = 'x'", "salt = NULL, new = new - 'quality'", "new = jsonb_set(new, '{platelets}', '1')"):
        with pytest.raises(DatabaseError, match="append-only"), transaction.atomic(using="owner"):
            sql(f"UPDATE {TRAIL} SET {change} WHERE id = {pk}")


# --- the rows ----------------------------------------------------------------------------------------------------------

#: Changes of data behind the trail -> (statements on the count's record, how it is found).
BEHIND = {
    "a changed value": (
        [f"UPDATE {COUNT} SET platelets = 90 WHERE record_id = %s"], r"platelets is 90(\.0+)?, its last entry says 60(\.0+)?\b"),
    "an emptied value": (
        [f"UPDATE {COUNT} SET platelets = NULL WHERE record_id = %s"], "platelets is null, its last entry says 60.0"),
    "a deleted row": ([f"DELETE FROM {COUNT} WHERE record_id = %s"], "the row of these entries is gone"),
}  # fmt: skip


@pytest.mark.parametrize(("statements", "what"), BEHIND.values(), ids=BEHIND)
def test_a_change_with_the_trigger_switched_off_is_found(sql: Sql, count_60: str, statements: list[str], what: str) -> None:
    sql(f"ALTER TABLE {COUNT} DISABLE TRIGGER audit")
    for statement in statements:
        sql(statement, count_60)
    assert audit.missing_triggers("owner") == [COUNT]
    sql(f"ALTER TABLE {COUNT} ENABLE TRIGGER audit")
    assert named(found(), what) == [f"{COUNT} {count_60}"]


def test_a_row_written_behind_the_trail_is_found(sql: Sql) -> None:
    sql("ALTER TABLE itp_trial_site DISABLE TRIGGER audit")
    sql("INSERT INTO itp_trial_site (code, name, city, is_demo_name) VALUES ('09', 'Ninth', '', false)")
    report = found()
    assert named(report, "no entry in the trail")[0].startswith("itp_trial_site ")
    assert named(report, "trigger is missing or switched off") == ["itp_trial_site"]


def test_a_function_that_was_replaced_is_found_by_what_it_hid(sql: Sql, count_60: str) -> None:
    sql("CREATE OR REPLACE FUNCTION itp_audit() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'")
    sql(f"UPDATE {COUNT} SET platelets = 90 WHERE record_id = %s", count_60)
    assert named(found(), "platelets is 90.0") == [f"{COUNT} {count_60}"]


def test_the_owner_too_needs_an_actor_and_a_reason(sql: Sql, count_60: str) -> None:
    update = f"UPDATE {COUNT} SET platelets = 90 WHERE record_id = %s"
    with pytest.raises(DatabaseError, match="needs to say who is acting"), transaction.atomic(using="owner"):
        sql(update, count_60)
    say(sql, reason="")
    with pytest.raises(DatabaseError, match="changes only with a reason"), transaction.atomic(using="owner"):
        sql(update, count_60)
    with pytest.raises(DatabaseError, match="never deleted"), transaction.atomic(using="owner"):
        sql(f"DELETE FROM {COUNT} WHERE record_id = %s", count_60)


def test_only_the_superuser_could_pretend_to_be_a_replica(sql: Sql) -> None:
    with pytest.raises(DatabaseError, match="permission denied"), transaction.atomic(using="owner"):
        sql("SET session_replication_role = replica")


# --- the walls and the start -------------------------------------------------------------------------------------------

#: Damage -> what the application says when it refuses to start.
DAMAGED = {
    "a trigger is dropped": (f"DROP TRIGGER audit ON {COUNT}", f"audit trigger of {COUNT} is missing"),
    "a trigger is switched off": (f"ALTER TABLE {COUNT} DISABLE TRIGGER audit", f"audit trigger of {COUNT} is missing"),
    "the trail may be changed": (f"ALTER TABLE {TRAIL} DISABLE TRIGGER append_only", f"{TRAIL} is not append-only"),
    "a wall is down": ("ALTER TABLE casebook_visit DISABLE ROW LEVEL SECURITY", "casebook_visit is not walled off by site"),
}


@pytest.mark.requirement("RQ-06")
@pytest.mark.parametrize(("statement", "what"), DAMAGED.values(), ids=DAMAGED)
def test_the_application_refuses_to_start(sql: Sql, monkeypatch: pytest.MonkeyPatch, statement: str, what: str) -> None:
    sql(statement)
    monkeypatch.setattr("itp_trial.readiness.connection", connections["owner"])
    monkeypatch.setattr("itp_trial.readiness.missing_triggers", lambda: audit.missing_triggers("owner"))
    monkeypatch.setattr("itp_trial.readiness.missing_guards", lambda: audit.missing_guards("owner"))
    with pytest.raises(readiness.NotReady, match=what):
        readiness.require()


@pytest.mark.requirement("RQ-06")
def test_it_refuses_to_work_as_the_owner(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("itp_trial.readiness.connection", connections["owner"])
    monkeypatch.setattr("itp_trial.readiness.missing_triggers", list)
    monkeypatch.setattr("itp_trial.readiness.missing_guards", list)
    assert f"the application's role owns {COUNT}" in readiness.problems()


def test_the_verification_covers_every_audited_table(sql: Sql) -> None:
    """One row of each table that holds any, changed behind the trail, is named."""
    named_tables = set()
    for model in audit.audited_models():
        table = model._meta.db_table
        sql(f'ALTER TABLE "{table}" DISABLE TRIGGER USER')
        if sql(f'SELECT 1 FROM "{table}" LIMIT 1'):
            [[kept]] = sql("SELECT array_agg(column_name::text) FROM information_schema.columns WHERE table_name = %s", table)
            mark = "missing" if "missing" in kept else ""
            if mark:
                sql(f'UPDATE "{table}" SET missing = \'{{"x": "ND"}}\'')
                named_tables.add(table)
    seen = {where.split()[0] for where in named(found(), "changed behind the trail")}
    assert named_tables
    assert named_tables <= seen


def test_an_anchor_is_never_replaced(anchors_folder: Path) -> None:
    at = datetime.now(UTC)
    anchors.keep({"trial": anchors.Head(1, "a")}, at)
    with pytest.raises(FileExistsError):
        anchors.keep({"trial": anchors.Head(1, "b")}, at)
    anchors.keep({"trial": anchors.Head(2, "c")}, at + timedelta(seconds=1))
    assert [heads["trial"].place for _, heads in anchors.kept()] == [1, 2]
