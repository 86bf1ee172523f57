"""The test database between tests with real commits: emptied, and filled again with the universe, by the owner of the tables.

The application's role can neither truncate nor delete what is audited. The universe is built once a worker, through the
actions, and kept beside the tables; putting it back copies rows, which takes a small part of the time.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

#: What ``migrate`` fills, and no test.
FILLED_BY_MIGRATE = {"django_migrations", "django_content_type", "auth_permission"}


@contextmanager
def owner_connection() -> Iterator[Any]:
    """A connection of its own to the test database, as the owner of the tables; commits at the end."""
    import psycopg2
    from django.db import connections

    settings_dict = connections["owner"].settings_dict
    assert settings_dict["NAME"].startswith("test_")
    owner = psycopg2.connect(dbname=settings_dict["NAME"], user=settings_dict["USER"], host=settings_dict["HOST"],
                             password=settings_dict["PASSWORD"], port=settings_dict["PORT"] or None)  # fmt: skip
    try:
        with owner:
            yield owner
    finally:
        owner.close()


def empty_the_database() -> None:
    """No row of ours is left."""
    with _as_owner() as cursor:
        _empty(cursor)


def keep_the_universe() -> None:
    """Keeps every row that there is now, to be put back after tests with real commits."""
    with _as_owner() as cursor:
        cursor.execute("DROP SCHEMA IF EXISTS kept CASCADE; CREATE SCHEMA kept")
        for table in _tables(cursor):
            cursor.execute(f'CREATE TABLE kept."{table}" AS TABLE public."{table}"')
        cursor.execute("CREATE TABLE kept.sequences AS SELECT sequencename, last_value FROM pg_sequences"
                       " WHERE schemaname = 'public' AND last_value IS NOT NULL")  # fmt: skip


def put_the_universe_back() -> None:
    """The rows as they were kept, with their keys, whatever a test has left; the triggers stand as they stood."""
    with _as_owner() as cursor:
        _empty(cursor)
        filled = [table for table in _tables(cursor) if _has_rows(cursor, table)]
        triggers = _triggers(cursor, filled)
        for table in filled:
            cursor.execute(f'ALTER TABLE "{table}" DISABLE TRIGGER USER')
            cursor.execute(f'INSERT INTO "{table}" OVERRIDING SYSTEM VALUE SELECT * FROM kept."{table}"')
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        for table, name, state in triggers:
            cursor.execute(f'ALTER TABLE "{table}" ENABLE {"ALWAYS " if state == "A" else ""}TRIGGER "{name}"')
        cursor.execute("SELECT setval(format('public.%I', sequencename)::regclass, last_value) FROM kept.sequences")


@contextmanager
def _as_owner() -> Iterator[Any]:
    from django.db import connection

    connection.close()
    with owner_connection() as owner, owner.cursor() as cursor:
        yield cursor


def _tables(cursor: Any) -> list[str]:
    cursor.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY tablename")
    return [name for (name,) in cursor.fetchall() if name not in FILLED_BY_MIGRATE]


def _empty(cursor: Any) -> None:
    tables = ", ".join(f'"{name}"' for name in _tables(cursor))
    cursor.execute(f"TRUNCATE {tables} RESTART IDENTITY CASCADE")


def _has_rows(cursor: Any, table: str) -> bool:
    cursor.execute(f'SELECT EXISTS (SELECT FROM kept."{table}")')
    return bool(cursor.fetchone()[0])


def _triggers(cursor: Any, tables: list[str]) -> list[tuple[str, str, str]]:
    """Table, name and state of every trigger that stands there now."""
    cursor.execute("SELECT c.relname, t.tgname, t.tgenabled FROM pg_trigger AS t JOIN pg_class AS c ON c.oid = t.tgrelid"
                   " WHERE NOT t.tgisinternal AND t.tgenabled <> 'D' AND c.relnamespace = 'public'::regnamespace"
                   " AND c.relname = ANY(%s)", [tables])  # fmt: skip
    return list(cursor.fetchall())
