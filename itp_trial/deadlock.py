"""Two saves that wait for each other: PostgreSQL ends one of them, and that one is simply done again, once (C7)."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import TypeVar

from django.db import OperationalError, connection

log = logging.getLogger(__name__)

DEADLOCK_DETECTED = "40P01"
Answer = TypeVar("Answer")


def once_more(work: Callable[[], Answer]) -> Answer:
    """Runs a whole transaction; after a deadlock runs it a second time.

    Inside a longer transaction nothing can be done again: the error is passed on.
    """
    try:
        return work()
    except OperationalError as error:
        if getattr(error.__cause__, "pgcode", "") != DEADLOCK_DETECTED or connection.in_atomic_block:
            raise
        log.warning("deadlock (%s): the transaction is done once more", DEADLOCK_DETECTED)
        return work()
