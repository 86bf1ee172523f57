"""What is counted: every SQL statement of one request or action that reads or writes a table or a setting.

Included: session, user and role assignments (three of every page), ``set_config`` of the actor, locks, the idempotency key.
Not included: transaction control (BEGIN, COMMIT, SAVEPOINT, RELEASE), which ``control`` counts by itself, and what triggers do
inside the database (one audit row for each row written).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from django.db import connection
from django.test.utils import CaptureQueriesContext

#: The test itself looks at all sites between two requests (``tests/conftest.py``), and it is one long transaction, inside
#: which an action ends by taking its author away: what opens and closes that is not counted.
OURS = (
    *(f"SELECT set_config('itp.sites', '{sites}', {local})" for sites in ("", "*") for local in ("false", "true")),
    "SELECT set_config('itp.actor_id', '', true)",
)
CONTROL = ("BEGIN", "COMMIT", "ROLLBACK", "SAVEPOINT", "RELEASE")


@dataclass
class Count:
    statements: list[str] = field(default_factory=list)
    control: int = 0

    def __len__(self) -> int:
        return len(self.statements)

    def __str__(self) -> str:
        return f"{len(self)} statements:\n" + "\n".join(f"  {sql[:160]}" for sql in self.statements)


@contextmanager
def counted() -> Iterator[Count]:
    count = Count()
    with CaptureQueriesContext(connection) as captured:
        yield count
    every = [query["sql"] for query in captured.captured_queries]
    count.statements = [sql for sql in every if not sql.startswith((*CONTROL, *OURS))]
    count.control = sum(sql.startswith(CONTROL) for sql in every)
