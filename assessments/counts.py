"""What one blood count says beside the others of the same child: rises and falls that no blood does (``protocol.md`` 8.1).

Pure.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from itp_trial.protocol import value

RISE_FOLD: Decimal = value("PLT_RISE_FOLD")
RISE_WITHIN = timedelta(hours=value("PLT_RISE_H"))
FALL_PART: Decimal = value("PLT_FALL_PART")
FALL_WITHIN = timedelta(hours=value("PLT_FALL_H"))


@dataclass(frozen=True)
class Counted:
    """One platelet count in 10^9/L and the moment of its sample."""

    at: datetime
    platelets: Decimal


def implausible_rise(earlier: Counted, later: Counted) -> bool:
    """More than 20-fold within 48 hours. A count of 0 has no multiple and asks for itself (range)."""
    within = timedelta() < later.at - earlier.at <= RISE_WITHIN
    return within and later.platelets > RISE_FOLD * earlier.platelets > 0


def implausible_fall(earlier: Counted, later: Counted) -> bool:
    """More than 80 % lost within 24 hours."""
    within = timedelta() < later.at - earlier.at <= FALL_WITHIN
    return within and later.platelets < (1 - FALL_PART) * earlier.platelets
