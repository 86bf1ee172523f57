"""What the audit trail costs: one blood count saved with its triggers and without them, in turns."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from django.db import connections

from benchmarks.operations import Bench


@contextmanager
def without_triggers() -> Iterator[None]:
    """As the owner of the tables: the application itself has no way to do this."""
    _switch("DISABLE")
    try:
        yield
    finally:
        _switch("ENABLE")


def _switch(how: str) -> None:
    from itp_trial.audit import audited_models

    with connections["owner"].cursor() as cursor:
        for model in audited_models():
            cursor.execute(f'ALTER TABLE "{model._meta.db_table}" {how} TRIGGER audit')


def ratios(bench: Bench, timed: Callable[[Callable[[], Any]], float], pairs: int) -> list[tuple[str, float, float]]:
    """(operation, median ms with the trail, median of the ratios with : without)."""
    found = []
    for name, run in (("save_form of a blood count", bench.save_in_process), ("the same over HTTP", bench.save)):
        both = []
        for _ in range(pairs):
            with_trail = timed(run)
            with without_triggers():
                both.append((with_trail, timed(run)))
        found.append((name, statistics.median(w for w, _ in both), statistics.median(w / wo for w, wo in both)))
    return found
