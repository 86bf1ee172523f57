"""The database refuses every write to what is frozen or locked; here that refusal is armed, and put into words."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from django.db import InternalError, connections

from casebook.crf import crf_models
from casebook.locks import Closed, Locks
from casebook.models import FormRecord

FUNCTION = Path(__file__).with_name("sql") / "closed.sql"
NAME = "closed"
RECORDS = FormRecord._meta.db_table


def guarded() -> dict[str, str]:
    """The tables that take no answers while they are closed, each with the column that holds the record's key."""
    forms = {crf._meta.db_table: "record_id" for crf in crf_models()}
    rows = {row._meta.db_table: "crf_id" for crf in crf_models() for row in crf.row_models}
    return forms | rows | {RECORDS: "id"}


def install(using: str = "default", **_: Any) -> None:
    """Puts the triggers in place; harmless to repeat. Runs after every migrate."""
    connection = connections[using]
    tables = set(connection.introspection.table_names())
    if "casebook_lock" not in tables:
        return
    safety = ",".join(crf.slug for crf in crf_models() if crf.is_safety)
    with connection.cursor() as cursor:
        cursor.execute(FUNCTION.read_text())
        for table, column in guarded().items():
            # Of a record its state of work: that it was saved, removed or put back.
            when = "UPDATE OF version, removed_at" if table == RECORDS else "INSERT OR UPDATE"
            if table in tables:
                cursor.execute(f'CREATE OR REPLACE TRIGGER {NAME} BEFORE {when} ON "{table}" FOR EACH ROW'
                               f" EXECUTE FUNCTION itp_refuse_closed('{column}', '{safety}')")  # fmt: skip


@contextmanager
def refusing_closed(record: FormRecord) -> Iterator[None]:
    """Around an action: what the database refused as closed becomes ``Closed``, in words. The action is rolled back."""
    try:
        yield
    except InternalError as error:
        if "itp: closed" not in str(error):
            raise
        lock = Locks.of(record.participant).over(record)
        said = lock.sentence if lock else "This is frozen or locked."
        raise Closed(f"{said} Nothing was saved. A data manager can open it again.") from error
