"""The audit trail is written by the database; this module attaches the triggers that write it.

Every table of ours is audited unless its model says ``audited = False`` (derived or technical rows). After each
``migrate`` the triggers are put in place again, so a new form cannot be forgotten. Form saves, bulk updates, raw SQL and
commands are recorded the same way; a write without an actor is refused; audited rows are never deleted.
``docs/adr/0003-audit-by-the-database.md`` says why the triggers are ours.
"""

from __future__ import annotations

from typing import Any

from django.apps import apps
from django.db import connections, models

OUR_APPS = ("itp_trial", "casebook", "enrollment", "dosing", "assessments", "responses", "reports")
TRAIL = "itp_trial_auditentry"

FUNCTIONS = """
CREATE OR REPLACE FUNCTION itp_audit() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    actor text := nullif(current_setting('itp.actor_id', true), '');
    hidden text[] := ARRAY['password', 'last_login', 'digest'];
    before jsonb := CASE WHEN TG_OP = 'INSERT' THEN '{}' ELSE to_jsonb(OLD) - hidden END;
    after jsonb := CASE WHEN TG_OP = 'DELETE' THEN '{}' ELSE to_jsonb(NEW) - hidden END;
    old_changed jsonb;
    new_changed jsonb;
BEGIN
    IF TG_OP = 'DELETE' AND TG_ARGV[0] = 'keep' THEN
        RAISE EXCEPTION 'rows of % are never deleted', TG_TABLE_NAME;
    END IF;
    IF TG_OP = 'UPDATE' AND before = after THEN
        RETURN NULL;
    END IF;
    IF actor IS NULL THEN
        RAISE EXCEPTION 'a write to % needs to say who is acting', TG_TABLE_NAME;
    END IF;
    SELECT jsonb_object_agg(key, value) INTO new_changed FROM jsonb_each(after)
        WHERE NOT before ? key OR before -> key IS DISTINCT FROM value;
    SELECT jsonb_object_agg(key, value) INTO old_changed FROM jsonb_each(before)
        WHERE NOT after ? key OR after -> key IS DISTINCT FROM value;
    INSERT INTO itp_trial_auditentry
        (at, actor_id, actor_name, reason, table_name, operation, "row", old, new)
    VALUES (clock_timestamp(), actor, current_setting('itp.actor_name', true),
        coalesce(current_setting('itp.reason', true), ''), TG_TABLE_NAME, TG_OP,
        coalesce(after ->> 'id', after ->> 'record_id', before ->> 'id', before ->> 'record_id'),
        old_changed, new_changed);
    RETURN NULL;
END $$;

CREATE OR REPLACE FUNCTION itp_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the audit trail is append-only';
END $$;
"""


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
    if TRAIL not in tables:
        return
    with connection.cursor() as cursor:
        cursor.execute(FUNCTIONS)
        cursor.execute(_trigger(TRAIL, "append_only", "BEFORE UPDATE OR DELETE", "itp_append_only()"))
        for model in audited_models():
            if model._meta.db_table in tables:
                keep = "'replaceable'" if getattr(model, "rows_may_go", False) else "'keep'"
                table = model._meta.db_table
                cursor.execute(_trigger(table, "audit", "AFTER INSERT OR UPDATE OR DELETE", f"itp_audit({keep})"))


def _trigger(table: str, name: str, when: str, call: str) -> str:
    return f'CREATE OR REPLACE TRIGGER {name} {when} ON "{table}" FOR EACH ROW EXECUTE FUNCTION {call}'


def missing_triggers(using: str = "default") -> list[str]:
    """Audited tables without their trigger: must be empty, else the system is not ready."""
    with connections[using].cursor() as cursor:
        cursor.execute("SELECT tgrelid::regclass::text FROM pg_trigger WHERE tgname = 'audit' AND tgenabled = 'O'")
        armed = {row[0].strip('"') for row in cursor.fetchall()}
    return sorted({model._meta.db_table for model in audited_models()} - armed)
