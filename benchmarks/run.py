"""``make bench``: how long the main operations take, as ratios to an empty signed-in page of the same run.

Everything runs in a database of its own on the server that ``DATABASE_URL`` names (the embedded one by default), which
is dropped at the end. Reference and operation take turns, so that a busy machine slows both. No assertion on time.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import django

from itp_trial import embedded

PAIRS = 15


@dataclass
class Row:
    """One operation: median time, queries, and the median of the ratios to the reference beside it."""

    operation: str
    milliseconds: float
    queries: int
    ratio: float
    lowest: float
    highest: float


@contextmanager
def scratch_database() -> Iterator[None]:
    """The universe of the tests in a database of its own."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "itp_trial.settings")
    os.environ.setdefault("ITP_DEMO", "1")
    embedded.provide(Path(os.environ.get("ITP_VAR_DIR") or embedded.BASE_DIR / "var" / "bench"))
    django.setup()
    from django.test.utils import setup_databases, setup_test_environment, teardown_databases

    setup_test_environment(debug=False)
    from django.db import connection
    from django.db.backends.signals import connection_created

    from itp_trial import scope

    kept = setup_databases(verbosity=0, interactive=False, serialized_aliases=set())
    connection_created.connect(lambda connection, **_: connection.alias == "default" and scope.open_sites("*"), weak=False)
    try:
        scope.open_sites(scope.EVERYWHERE)
        yield
    finally:
        connection.close()
        teardown_databases(kept, verbosity=0)


def bench() -> Any:
    """The small trial, and everything that is measured on it."""
    from django.test import Client
    from django.utils import timezone

    from benchmarks.operations import Bench
    from tests.universe import build_universe

    return Bench(build_universe(timezone.localdate()), Client)


def timed(run: Callable[[], Any]) -> float:
    start = time.perf_counter()
    run()
    return (time.perf_counter() - start) * 1000


def queries_of(run: Callable[[], Any]) -> int:
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    with CaptureQueriesContext(connection) as captured:
        run()
    return len(captured)


def measure(name: str, reference: Callable[[], Any], run: Callable[[], Any], pairs: int) -> Row:
    queries = queries_of(run)
    both = [(timed(reference), timed(run)) for _ in range(pairs)]
    ratios = sorted(ours / empty for empty, ours in both)
    median = statistics.median(ours for _, ours in both)
    return Row(name, median, queries, statistics.median(ratios), ratios[0], ratios[-1])


def report(rows: list[Row]) -> str:
    head = f"{'operation':<44}{'median ms':>10}{'queries':>9}{'ratio':>8}{'lowest':>8}{'highest':>9}"
    lines = [
        f"{r.operation:<44}{r.milliseconds:>10.1f}{r.queries:>9}{r.ratio:>8.1f}{r.lowest:>8.1f}{r.highest:>9.1f}" for r in rows
    ]
    load = ", ".join(f"{value:.2f}" for value in os.getloadavg())
    return "\n".join([head, *lines, f"{os.cpu_count()} cores, load average {load}. Ratios are to the empty signed-in page."])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pairs", type=int, default=PAIRS, help="how often reference and operation take turns")
    parser.add_argument("--json", type=Path, help="also write the rows to this file")
    options = parser.parse_args()
    with scratch_database():
        from benchmarks.trail import ratios as trail_ratios

        measured = bench()
        empty, compared = measured.empty_page, measured.operations()
        rows = [measure("empty signed-in page", empty, empty, options.pairs)]
        rows += [measure(name, empty, run, options.pairs) for name, run in compared.items()]
        from benchmarks.refresh import ratio as refresh_ratio

        trail = trail_ratios(measured, timed, options.pairs)
        save, refresh, with_refresh = refresh_ratio(measured, timed, options.pairs)
    print(report(rows))
    print("\nCost of the audit trail: with its triggers against without them, in turns.")
    for name, milliseconds, ratio in trail:
        print(f"{name:<44}{milliseconds:>10.1f} ms{ratio:>8.2f}")
    print("\nCost of keeping the class true: a save with the classification that follows it against one without, in turns.")
    print(f"{'save_form of a blood count':<44}{save:>10.1f} ms{with_refresh:>8.2f}")
    print(f"{'of this, the refresh of the summary':<44}{refresh:>10.1f} ms")
    if options.json:
        options.json.write_text(json.dumps([asdict(row) for row in rows], indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()
