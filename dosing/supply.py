"""Whether the freezer of a site holds what the next doses need, and which bags run out of time. Pure.

It asks another question than ``analyses/supply.py``, so the two share no rule. The work list orders IgG: it says how many
grams are missing for which blood groups, and only where they are missing however the bags are given out. The dashboard
counts doses: it gives the bags out one dose after the other, whole, in date on the day of the dose, and within the
tolerance of R5. A dose may be short there and none here, where grams are lost in opened or expired bags; and the other
way round, where nine tenths of the planned grams are at hand.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from itertools import combinations

from dosing.compatibility import match
from dosing.planner import StockBag
from itp_trial.protocol import value

THAW_USE = timedelta(hours=value("THAW_USE_H"))
AHEAD = timedelta(days=value("STOCK_AHEAD_D"))
EXPIRY = timedelta(days=value("STOCK_EXPIRY_D"))


@dataclass(frozen=True)
class Dose:
    """A dose to come: the ABO group of the child (empty: not known) and its IgG in g (None: no weight yet)."""

    group: str
    grams: Decimal | None


@dataclass(frozen=True)
class Shortage:
    """The doses of children of these groups together need more than the bags that may be given to them hold, in g."""

    groups: tuple[str, ...]
    doses: int
    needed: Decimal
    at_hand: Decimal


def shortages(doses: Sequence[Dose], bags: Sequence[StockBag]) -> list[Shortage]:
    """The smallest sets of blood groups for which the bags are too few.

    A bag may fit several groups and is given once, so each set is compared with what fits any of its groups (Hall's
    condition); a set that only repeats a smaller shortage is left out. Doses without a weight are not counted.
    """
    found: list[Shortage] = []
    groups = sorted({dose.group for dose in doses})
    for some in (each for size in range(len(groups)) for each in combinations(groups, size + 1)):
        theirs = [dose.grams for dose in doses if dose.group in some and dose.grams is not None]
        fitting = (bag.grams for bag in bags if any(match(group, bag.blood_group).level != "stop" for group in some))
        short = Shortage(some, len(theirs), sum(theirs, Decimal(0)), sum(fitting, Decimal(0)))
        if short.needed > short.at_hand and not any(set(each.groups) <= set(some) for each in found):
            found.append(short)
    return found


def use_by(thawed_at: datetime) -> datetime:
    """The last moment at which a thawed bag may be used."""
    return thawed_at + THAW_USE


def expires_soon(expires_on: date, today: date) -> bool:
    """Whether bags of this date expired already, or do so within the time that the work list looks ahead."""
    return expires_on <= today + EXPIRY
