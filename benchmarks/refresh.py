"""What keeping the class of a child true costs a save: with the classification that follows it, and without, in turns."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from benchmarks.operations import Bench
from casebook.signals import form_saved
from responses.receivers import after_form

UID = "responses.after_form"


@contextmanager
def without_refresh() -> Iterator[None]:
    form_saved.disconnect(dispatch_uid=UID)
    try:
        yield
    finally:
        form_saved.connect(after_form, dispatch_uid=UID)


def ratio(bench: Bench, timed: Callable[[Callable[[], Any]], float], pairs: int) -> tuple[float, float, float]:
    """(median ms of a save, median ms of the refresh in it, median of the ratios with : without)."""
    both = []
    for _ in range(pairs):
        with_it = timed(bench.save_in_process)
        with without_refresh():
            both.append((with_it, timed(bench.save_in_process)))
    saves, refreshes = [with_it for with_it, _ in both], [with_it - without for with_it, without in both]
    return statistics.median(saves), statistics.median(refreshes), statistics.median(w / wo for w, wo in both)
