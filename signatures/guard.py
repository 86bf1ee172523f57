"""The database supersedes signatures and keeps them as they were written: here its triggers are put in place."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.db import connections

from itp_trial.audit import TRAIL
from signatures.content import signed_tables
from signatures.models import Signature

FUNCTIONS = Path(__file__).with_name("sql") / "supersede.sql"
SIGNATURES = Signature._meta.db_table
#: Trigger -> the tables where it must stand.
GUARDS = {"supersede": [TRAIL], "written_once": [SIGNATURES]}


def install(using: str = "default", **_: Any) -> None:
    """Harmless to repeat. Runs after every migrate, so a new form cannot be forgotten."""
    connection = connections[using]
    if not {TRAIL, SIGNATURES} <= set(connection.introspection.table_names()):
        return
    tables = ",".join(signed_tables())
    with connection.cursor() as cursor:
        cursor.execute(FUNCTIONS.read_text())
        cursor.execute(f'CREATE OR REPLACE TRIGGER supersede AFTER INSERT ON "{TRAIL}" FOR EACH ROW'
                       f" WHEN (NEW.record IS NOT NULL) EXECUTE FUNCTION itp_supersede('{tables}')")  # fmt: skip
        cursor.execute(f'CREATE OR REPLACE TRIGGER written_once BEFORE UPDATE ON "{SIGNATURES}" FOR EACH ROW'
                       " EXECUTE FUNCTION itp_written_once()")  # fmt: skip
