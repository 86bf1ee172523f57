"""The audit trail is written by the database; this module attaches the triggers that write it.

Every table of ours is audited unless its model says ``audited = False`` (derived or technical rows). After each
``migrate`` the triggers are put in place again, so a new form cannot be forgotten. Form saves, bulk updates, raw SQL and
commands are recorded the same way; a write without an actor is refused, a change of a stored answer without a reason too,
and audited rows are never deleted. ``docs/adr/0003-audit-by-the-database.md`` says why the triggers are ours.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from django.apps import apps
from django.db import connections, models

from itp_trial.protocol import TIME_ZONE
from itp_trial.roles import Can, roles_that

OUR_APPS = (
    "itp_trial", "accounts", "delegation", "casebook", "identity", "signatures", "enrollment", "dosing", "assessments",
    "responses", "reports", "analyses",
)  # fmt: skip
TRAIL = "itp_trial_auditentry"
ACCESS_LOG = "itp_trial_accessentry"
#: Columns that never enter the trail (``itp_audit`` has the same list).
HIDDEN = ["password", "last_login", "digest", "secret", "last_step", "sign_count", "last_used_at", "sealed"]
FUNCTIONS = Path(__file__).with_name("sql") / "audit.sql"
REDACTION = Path(__file__).with_name("sql") / "redaction.sql"

#: Triggers of the apps that must stand on these tables too, by their name.
guards: dict[str, Callable[[], Iterable[str]]] = {}


def is_audited(model: type[models.Model]) -> bool:
    """True unless the model opts out with ``audited = False``."""
    return bool(getattr(model, "audited", True))


def audited_models() -> list[type[models.Model]]:
    """Every concrete model of ours whose changes are recorded."""
    return [model for app in OUR_APPS for model in apps.get_app_config(app).get_models() if is_audited(model)]


def install(using: str = "default", **_: Any) -> None:
    """Puts the functions and triggers in place; harmless to repeat. Runs after every migrate."""
    connection = connections[using]
    tables = set(connection.introspection.table_names())
    if not {TRAIL, "casebook_formrecord"} <= tables:
        return
    with connection.cursor() as cursor:
        cursor.execute(FUNCTIONS.read_text())
        cursor.execute(redaction_sql())
        for table in (TRAIL, ACCESS_LOG):
            cursor.execute(_trigger(table, "append_only", "BEFORE UPDATE OR DELETE", "itp_append_only()"))
        for model in audited_models():
            if (table := model._meta.db_table) in tables:
                quoted = ", ".join(f"'{word}'" for word in arguments(model))
                call = f"itp_audit({quoted})"
                cursor.execute(_trigger(table, "audit", "AFTER INSERT OR UPDATE OR DELETE", call))
                if only_grows(model):
                    cursor.execute(_trigger(table, "append_only", "BEFORE UPDATE OR DELETE", "itp_append_only()"))


def redaction_sql() -> str:
    """The function that redacts, with the roles that may ask for it and grant it."""
    askers, granters = ("{" + ",".join(sorted(roles_that(right))) + "}" for right in (Can.ASK_REDACTION, Can.GRANT_REDACTION))
    return REDACTION.read_text().format(askers=askers, granters=granters, zone=TIME_ZONE)


def _trigger(table: str, name: str, when: str, call: str) -> str:
    return f'CREATE OR REPLACE TRIGGER {name} {when} ON "{table}" FOR EACH ROW EXECUTE FUNCTION {call}'


def arguments(model: type[models.Model]) -> tuple[str, str, str]:
    """What the trigger has to know of a table: whether its rows are answers, and whose they are."""
    kind = "answers" if hasattr(model, "asked_items") else "replaceable" if rows_may_go(model) else "row"
    return kind, *owner_of(model)


def rows_may_go(model: type[models.Model]) -> bool:
    """True for what may be deleted although it is audited (a second factor): its entries stay."""
    return bool(getattr(model, "rows_may_go", False))


def only_grows(model: type[models.Model]) -> bool:
    """True for tables whose lines are never changed: a mistake is answered by a further line."""
    return bool(getattr(model, "append_only", False))


#: The columns that say whose a row is, the nearest first, and what they name.
OWNERS = {"crf": "record", "record": "record", "visit": "visit", "participant": "participant", "site": "site"}


def owner_of(model: type[models.Model]) -> tuple[str, str]:
    """The kind of owner (record, visit, participant, site or none) and the column that holds its key."""
    label = model._meta.label
    if own := {"casebook.FormRecord": "record", "casebook.Visit": "visit", "casebook.Participant": "participant",
               "itp_trial.Site": "site"}.get(label):  # fmt: skip
        return own, "id"
    columns = {field.name: field.column for field in model._meta.concrete_fields}
    return next(((kind, columns[name]) for name, kind in OWNERS.items() if name in columns), ("", ""))


def missing_triggers(using: str = "default") -> list[str]:
    """Audited tables without their trigger: must be empty, else the system is not ready."""
    with connections[using].cursor() as cursor:
        cursor.execute("SELECT tgrelid::regclass::text FROM pg_trigger WHERE tgname = 'audit' AND tgenabled IN ('O', 'A')")
        armed = {row[0].strip('"') for row in cursor.fetchall()}
    return sorted({model._meta.db_table for model in audited_models()} - armed)


def missing_guards(using: str = "default") -> list[str]:
    """Tables without a trigger that an app put there, each with its name: must be empty like ``missing_triggers``."""
    with connections[using].cursor() as cursor:
        cursor.execute("SELECT tgname, tgrelid::regclass::text FROM pg_trigger WHERE tgenabled IN ('O', 'A')")
        armed = {(name, table.strip('"')) for name, table in cursor.fetchall()}
    wanted = {(name, table) for name, tables in guards.items() for table in tables()}
    return sorted(f"{name} of {table}" for name, table in wanted - armed)
