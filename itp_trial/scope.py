"""Which sites the database shows on this connection: the second wall behind the querysets (row-level security).

The setting ``itp.sites`` holds the keys of the sites whose participants may be read and written: empty for none, ``*`` for
all. The policies of ``itp_trial/sql/isolation.sql`` read it, so a query that forgets its own filter still shows nothing of
another site. Requests enter with ``enter``, tasks and commands with ``seeing``, writes with ``actor.acting``.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from typing import Any

from django.db import connection
from django.utils import timezone

from itp_trial.models import RoleAssignment
from itp_trial.roles import RIGHTS, Can

EVERYWHERE = "*"
NOWHERE = ""
#: The roles that see something of a participant or of the product: only they open a site's rows.
SEEING_ROLES = sorted(role for role, rights in RIGHTS.items() if rights & {Can.VIEW, Can.VIEW_PRODUCT})

Sql = tuple[str, list[Any]]


def grants(user_id: int, day: date) -> Sql:
    """The roles in force of a person as a subquery with the columns role and site_id."""
    query = RoleAssignment.objects.on(day).filter(user_id=user_id).values("role", "site_id").query
    sql, values = query.sql_with_params()
    return sql, list(values)


def sites_of(user_id: int, day: date) -> Sql:
    """The sites that these roles open, as an SQL expression."""
    sql, values = grants(user_id, day)
    found = "CASE WHEN bool_or(site_id IS NULL) THEN '*' ELSE string_agg(site_id::text, ',') END"
    return f"coalesce((SELECT {found} FROM ({sql}) AS g WHERE role = ANY(%s)), '')", [*values, SEEING_ROLES]  # noqa: S608  (Django's own SQL)


def enter(user: Any, day: date | None = None) -> frozenset[tuple[str, int | None]]:
    """Opens the sites of a person on this connection and returns the roles in force; one statement for both."""
    day = day or timezone.localdate()
    (roles, role_values), (sites, site_values) = grants(user.pk, day), sites_of(user.pk, day)
    listed = f"(SELECT json_agg(json_build_array(role, site_id)) FROM ({roles}) AS g)"  # noqa: S608  (Django's own SQL)
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {listed}, set_config('itp.sites', {sites}, false)", [*role_values, *site_values])
        [[found, opened]] = cursor.fetchall()
    connection.itp_sites = opened
    return frozenset((role, site_id) for role, site_id in found or [])


def open_sites(sites: str) -> None:
    """Shows these sites on this connection from now on."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('itp.sites', %s, false)", [sites])
    connection.itp_sites = sites


def seen_now() -> str:
    """The sites that this connection was opened for."""
    return str(getattr(connection, "itp_sites", NOWHERE))


def leave() -> None:
    """Shows nothing of any site any more; free where nothing was shown."""
    if seen_now() != NOWHERE:
        open_sites(NOWHERE)


def opened_by(grants: frozenset[tuple[str, int | None]]) -> str:
    """The setting for given roles, for a door that knows them already (an API token)."""
    sites = {site for role, site in grants if role in SEEING_ROLES}
    return EVERYWHERE if None in sites else ",".join(str(site) for site in sorted(site for site in sites if site is not None))


@contextmanager
def seeing_everything() -> Iterator[None]:
    """For tasks and commands that no person started: they work for all sites."""
    before = seen_now()
    open_sites(EVERYWHERE)
    try:
        yield
    finally:
        if not connection.needs_rollback:
            open_sites(before)
