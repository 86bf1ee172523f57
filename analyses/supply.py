"""The freezers in doses: for how many of the doses that are to come the whole bags on hand are enough.

Pure: no Django. Bags are taken as the pharmacy would: the own blood group first, then the first to expire, until the planned
grams are reached within the tolerance of R5; an opened bag is used up. It is an estimate for ordering; the dose planner
chooses the bags of a real dose, and ``dosing/supply.py`` tells the work list which grams are missing in any case.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal

from analyses.inputs import Child, NextDose
from dosing.compatibility import match
from dosing.dose import DOSE_TOL, planned_grams
from dosing.interval import MAX_MAINT, MIDDLE_D
from dosing.planner import StockBag

#: Bags that expire within this time are named. Display only.
SOON = timedelta(days=30)
#: A bag of the child's own group before a compatible one; others are never counted.
PREFERENCE = {"fits": 0, "warning": 1}


@dataclass(frozen=True)
class Short:
    """A next dose for which the freezer is not enough, and why."""

    child: Child
    on: date
    why: str


@dataclass(frozen=True)
class Freezer:
    """One site. ``next_covered`` of ``next_doses``: the next dose of each child; ``doses``: all doses that the bags are
    enough for, of ``planned`` that could still be given."""

    site: str
    bags: int
    grams: Decimal
    next_doses: int
    doses: int
    planned: int
    short: tuple[Short, ...]
    expiring: int
    first_expiry: date | None

    @property
    def next_covered(self) -> int:
        return self.next_doses - len(self.short)


def freezers(children: Iterable[Child], bags: dict[str, list[StockBag]], today: date) -> list[Freezer]:
    """Each site with children or bags, in the order of its code."""
    waiting: dict[str, list[Child]] = {site: [] for site in bags}
    for child in children:
        waiting.setdefault(child.site, [])
        if child.next_dose:
            waiting[child.site].append(child)
    return [_freezer(site, waiting[site], bags.get(site, []), today) for site in sorted(waiting)]


def _freezer(site: str, children: Sequence[Child], bags: Sequence[StockBag], today: date) -> Freezer:
    left, short, covered = list(bags), [], 0
    planned = sorted(_planned(children, today), key=lambda each: (each[1].on, each[0].number))
    for child, dose in planned:
        used, why = _taken(left, dose)
        left = [bag for bag in left if bag not in used]
        covered += bool(used)
        if why and dose is child.next_dose:
            short.append(Short(child, dose.on, why))
    soon = [bag for bag in bags if bag.expires_on <= today + SOON]
    return Freezer(site, len(bags), sum((bag.grams for bag in bags), Decimal(0)), len(children), covered, len(planned),
                   tuple(short), len(soon), min((bag.expires_on for bag in bags), default=None))  # fmt: skip


def _planned(children: Iterable[Child], today: date) -> Iterable[tuple[Child, NextDose]]:
    """The next dose of each child and every one that may follow it, at the middle interval."""
    for child in children:
        first = child.next_dose
        assert first is not None
        yield child, first
        start = max(first.on, today)
        for later in range(1, MAX_MAINT - first.number + 1):
            yield child, replace(first, number=first.number + later, on=start + timedelta(days=MIDDLE_D * later))


def _taken(bags: Sequence[StockBag], dose: NextDose) -> tuple[list[StockBag], str]:
    """The bags of one dose, or none with the reason."""
    if dose.weight_kg is None:
        return [], "not weighed yet"
    if not dose.blood_group:
        return [], "blood group not known"
    levels = [(PREFERENCE.get(match(dose.blood_group, bag.blood_group).level), bag) for bag in bags]
    fitting = sorted(((rank, bag) for rank, bag in levels if rank is not None and bag.expires_on >= dose.on),
                     key=lambda each: (each[0], each[1].expires_on, each[1].label))  # fmt: skip
    wanted, used, reached = planned_grams(dose.weight_kg, dose.number) * (1 - DOSE_TOL), [], Decimal(0)
    for _, bag in fitting:
        used.append(bag)
        reached += bag.grams
        if reached >= wanted:
            return used, ""
    return [], "not enough bags of a fitting blood group" if fitting else "no bag of a fitting blood group"
