"""Is the server's clock right? Every time stamp of the trail depends on it (RQ-16, RQ-17)."""

from __future__ import annotations

import ctypes
import logging
from dataclasses import dataclass
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from django.db import connection

from itp_trial import protocol

log = logging.getLogger(__name__)

#: An offset above this many seconds is logged (RQ-17).
TOLERATED_SECONDS = 1.0
#: ``adjtimex`` answers this where the kernel's clock is not kept by any time source.
TIME_ERROR = 5


@dataclass(frozen=True)
class ClockState:
    """The application's clock against the database's, and whether the kernel says that a time source keeps it."""

    offset_seconds: float
    synchronised: bool | None

    @property
    def is_right(self) -> bool:
        return abs(self.offset_seconds) <= TOLERATED_SECONDS and self.synchronised is not False


def state() -> ClockState:
    """Asks both clocks; what is wrong is logged."""
    before = datetime.now(UTC)
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        [[there]] = cursor.fetchall()
    here = before + (datetime.now(UTC) - before) / 2
    found = ClockState((there - here).total_seconds(), synchronised())
    if not found.is_right:
        log.warning("clock: offset to the database %.3f s, synchronised: %s", found.offset_seconds, found.synchronised)
    return found


def synchronised() -> bool | None:
    """What the kernel says of its own clock; None where it cannot be asked."""
    try:
        answer = ctypes.CDLL(None, use_errno=True).adjtimex(ctypes.create_string_buffer(256))
    except (OSError, AttributeError):
        return None
    return None if answer < 0 else answer != TIME_ERROR


def knows_summer_time() -> bool:
    """True where the installed time-zone data knows that Egypt has summer time again since 2023 (else: one hour off)."""
    july = datetime(2026, 7, 1, 12, tzinfo=ZoneInfo(protocol.TIME_ZONE)).utcoffset()
    return july is not None and july.total_seconds() == 3 * 3600
