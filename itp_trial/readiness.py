"""What must hold before the application answers anybody. If it does not, web server, worker and scheduler refuse to start."""

from __future__ import annotations

from cryptography.fernet import Fernet, MultiFernet
from django.apps import apps
from django.conf import settings
from django.db import connection

from itp_trial import clock
from itp_trial.audit import ACCESS_LOG, TRAIL, audited_models, missing_guards, missing_triggers, rows_may_go
from itp_trial.isolation import policy


class NotReady(RuntimeError):
    """One line per reason; the process ends with it."""


def require() -> None:
    """Raises ``NotReady`` with every reason. There is no setting that skips this (RQ-06)."""
    if found := problems():
        raise NotReady("The application does not start: " + "; ".join(found))


def problems() -> list[str]:
    """Everything that would let a value change without a trace or be seen by another site."""
    found = [f"the audit trigger of {table} is missing or switched off (run manage.py migrate)" for table in missing_triggers()]
    found += [f"the trigger {name} is missing or switched off (run manage.py migrate)" for name in missing_guards()]
    found += _append_only() + _role() + _rights() + _walls()
    found += _vault()
    if not clock.knows_summer_time():
        found.append("the time-zone data is older than 2023 and knows no summer time in Egypt")
    return found


def _rows(sql: str, *values: object) -> list[tuple[object, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        return cursor.fetchall()


def _append_only() -> list[str]:
    armed = _rows("SELECT tgrelid::regclass::text FROM pg_trigger WHERE tgname = 'append_only' AND tgenabled IN ('O', 'A')")
    return [f"{table} is not append-only" for table in (TRAIL, ACCESS_LOG) if (table,) not in armed]


def _role() -> list[str]:
    sql = "SELECT rolsuper OR rolbypassrls OR rolcreaterole FROM pg_roles WHERE rolname = current_user"
    return ["the application connects as a role with power over the database"] if _rows(sql) == [(True,)] else []


def _rights() -> list[str]:
    """The application's role owns no table, writes no trail and deletes nothing that is audited."""
    kept = [model._meta.db_table for model in audited_models() if not rows_may_go(model)]
    owned = _rows("SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tableowner = current_user")
    found = [f"the application's role owns {table}" for (table,) in owned]
    asked = [(TRAIL, "INSERT, UPDATE, DELETE, TRUNCATE"), *((table, "DELETE, TRUNCATE, TRIGGER") for table in kept)]
    granted = _rows(
        "SELECT t FROM unnest(%s::text[], %s::text[]) AS a (t, r) WHERE has_table_privilege(t, r)",
        [table for table, _ in asked], [rights for _, rights in asked],
    )  # fmt: skip
    return found + [f"the application's role may change what has to stay in {table}" for (table,) in granted]


def _vault() -> list[str]:
    if not settings.IDENTITY_KEYS:
        return ["the identity vault has no key (set IDENTITY_KEYS)"]
    try:
        MultiFernet([Fernet(key) for key in settings.IDENTITY_KEYS])
    except ValueError:
        return ["IDENTITY_KEYS holds something that is no Fernet key"]
    return []


def _walls() -> list[str]:
    walled = {row[0] for row in _rows("SELECT relname FROM pg_class WHERE relrowsecurity")}
    tables = [model._meta.db_table for model in apps.get_models() if policy(model)]
    return [f"{table} is not walled off by site" for table in tables if table not in walled]
