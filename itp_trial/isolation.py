"""Two database roles and a wall between the sites.

Migrations run as the owner of the tables. The application runs as a role that owns nothing: it reads and writes what the
trial's pages need, only reads the audit trail, never deletes what is audited, and sees only the rows of the sites in
``itp.sites`` (``itp_trial/scope.py``). Put in place after every ``migrate``, for every table of ours without being asked.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.apps import apps
from django.conf import settings
from django.db import connections, models

from itp_trial.audit import ACCESS_LOG, OUR_APPS, TRAIL, is_audited, only_grows, owner_of, rows_may_go

FUNCTIONS = Path(__file__).with_name("sql") / "isolation.sql"
#: Tables about people and places that every signed-in page may need, whatever the site.
TRIAL_WIDE = ("itp_trial.Site", "itp_trial.RoleAssignment")
#: Whose log it is stands in the row as a site code; rows without one belong to no site.
LOGS = (TRAIL, ACCESS_LOG)


def runtime_role() -> str:
    """The role that the application connects as."""
    return str(settings.DATABASES["default"].get("USER", ""))


def install(using: str = "default", **_: Any) -> None:
    """Grants and policies, again after every migrate; harmless to repeat."""
    connection = connections[using]
    tables = set(connection.introspection.table_names())
    if TRAIL not in tables or "casebook_formrecord" not in tables:
        return
    with connection.cursor() as cursor:
        cursor.execute(FUNCTIONS.read_text())
        for model in apps.get_models(include_auto_created=True):
            if (table := model._meta.db_table) in tables and (rule := policy(model)):
                _protect(cursor, table, rule)
        if runtime_role() and runtime_role() != connection.settings_dict["USER"]:
            for statement in grants(tables):
                cursor.execute(statement)


def policy(model: type[models.Model]) -> str:
    """The condition under which a row of this table is seen and written; empty for tables that belong to no site."""
    if model._meta.db_table in LOGS:
        open_codes = "SELECT code FROM itp_trial_site WHERE id = ANY(itp_sites())"
        return f"participant IS NULL OR (SELECT itp_sees_all()) OR site IN ({open_codes})"
    if model._meta.app_label not in OUR_APPS or model._meta.label in TRIAL_WIDE:
        return ""
    kind, column = owner_of(model)
    own = own_condition(model, kind, column)
    return f"(SELECT itp_sees_all()) OR {own}" if own else ""


#: The table behind each kind of owner. Its own policy decides: a row is seen where its owner is seen.
OWNING = {"record": "casebook_formrecord", "visit": "casebook_visit", "participant": "casebook_participant"}


def own_condition(model: type[models.Model], kind: str, column: str) -> str:
    """In terms of the row: at one of the open sites, or belonging to something that is."""
    columns = {field.column for field in model._meta.concrete_fields}
    if "site_id" in columns:
        return "site_id = ANY(itp_sites())"
    if column == "id":  # a visit, which has no site of its own
        kind, column = "participant", "participant_id"
    return f'EXISTS (SELECT 1 FROM {OWNING[kind]} o WHERE o.id = "{column}")' if kind in OWNING else ""  # noqa: S608  (names of our own tables)


def _protect(cursor: Any, table: str, rule: str) -> None:
    cursor.execute(f'ALTER TABLE "{table}" ENABLE ROW LEVEL SECURITY')
    cursor.execute(f'DROP POLICY IF EXISTS sites ON "{table}"')
    # An attempt at another site's participant is noted in the access log: whoever tries writes there, but does not read.
    written = "true" if table == ACCESS_LOG else rule
    cursor.execute(f'CREATE POLICY sites ON "{table}" USING ({rule}) WITH CHECK ({written})')


def grants(tables: set[str]) -> list[str]:
    """What the application's role may do, table by table, from nothing."""
    role = '"' + runtime_role().replace('"', '""') + '"'
    statements = [
        "REVOKE CREATE ON SCHEMA public FROM PUBLIC",
        f"REVOKE ALL ON ALL TABLES IN SCHEMA public FROM {role}",
        f"GRANT USAGE ON SCHEMA public TO {role}",
        f"GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO {role}",
    ]
    rights = {model._meta.db_table: rights_on(model) for model in apps.get_models(include_auto_created=True)}
    rights |= {"django_migrations": "SELECT"}
    return statements + [f'GRANT {what} ON "{table}" TO {role}' for table, what in sorted(rights.items()) if table in tables]


def rights_on(model: type[models.Model]) -> str:
    """The verbs for one table: the trail is read, logs grow, audited rows stay, technical rows come and go."""
    if model._meta.db_table == TRAIL:
        return "SELECT"
    if model._meta.db_table == ACCESS_LOG or only_grows(model) or getattr(model, "written_once", False):
        return "SELECT, INSERT"
    ours = model._meta.app_label in OUR_APPS
    stays = ours and is_audited(model) and not rows_may_go(model)
    return "SELECT, INSERT, UPDATE" if stays else "SELECT, INSERT, UPDATE, DELETE"
