"""The account of a bag: what came, what became of it, and what is left. Pure; all volumes in mL.

A bag is received once with its volume. Then it is frozen (perhaps moved), thawed, used for one child, wasted or returned.
Only "received" and "used" carry a volume: what is wasted or returned is all that is left, so that received is always
used + wasted + returned + on hand. Movements count in the order in which they happened, not in which they were entered.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal
from enum import StrEnum


class Kind(StrEnum):
    """What can happen to a bag, in the order in which it may happen at one moment."""

    RECEIVED = "received"
    FROZEN = "frozen"
    THAWED = "thawed"
    USED = "used"
    WASTED = "wasted"
    RETURNED = "returned"


_ORDER = list(Kind)
NOTHING = Decimal(0)


class Illegal(ValueError):
    """Something that cannot have happened to this bag; the message says why, in the user's words."""


@dataclass(frozen=True)
class Movement:
    """One thing that happened to one bag. ``ml`` for received and used, ``place`` for frozen, ``reason`` for the last two."""

    kind: Kind
    at: datetime
    ml: Decimal = NOTHING
    place: str = ""
    reason: str = ""

    @property
    def order(self) -> tuple[datetime, int]:
        return self.at, _ORDER.index(self.kind)


@dataclass(frozen=True)
class Totals:
    """The account of one bag, a lot or a site: they add up in the same way."""

    received: Decimal = NOTHING
    used: Decimal = NOTHING
    wasted: Decimal = NOTHING
    returned: Decimal = NOTHING

    @property
    def on_hand(self) -> Decimal:
        return self.received - self.used - self.wasted - self.returned

    def __add__(self, other: Totals) -> Totals:
        return Totals(self.received + other.received, self.used + other.used, self.wasted + other.wasted,
                      self.returned + other.returned)  # fmt: skip


@dataclass(frozen=True)
class Account:
    """Where one bag stands after some movements."""

    totals: Totals = Totals()
    place: str = ""
    thawed_at: datetime | None = None
    used_at: datetime | None = None
    last: Kind | None = None
    #: What was entered and cannot be: for the page, so that somebody corrects it. Empty on every normal day.
    problems: tuple[str, ...] = field(default=())

    @property
    def is_whole(self) -> bool:
        """Still complete: neither opened for a child nor gone."""
        return self.last in (Kind.RECEIVED, Kind.FROZEN, Kind.THAWED)

    @property
    def state(self) -> str:
        """One word for lists: an opened bag whose rest nobody accounted for is "opened"."""
        if self.last is None:
            return "not received"
        return "opened" if self.last is Kind.USED and self.totals.on_hand else self.last.value


def total(accounts: Iterable[Account]) -> Totals:
    """The sum over bags: the account of a lot or of a site."""
    return sum((account.totals for account in accounts), Totals())


def replay(movements: Iterable[Movement]) -> Account:
    """The account after these movements, in the order of their time. Raises ``Illegal`` at the first that cannot be."""
    account = Account()
    for movement in sorted(movements, key=lambda each: each.order):
        account = after(account, movement)
    return account


def describe(movements: Iterable[Movement]) -> Account:
    """As ``replay`` for stored facts that may contradict each other: what cannot be is left out and named in ``problems``."""
    account = Account()
    for movement in sorted(movements, key=lambda each: each.order):
        try:
            account = after(account, movement)
        except Illegal as problem:
            account = replace(account, problems=(*account.problems, str(problem)))
    return account


def after(account: Account, movement: Movement) -> Account:
    """The account one movement later. Raises ``Illegal``."""
    if account.last is None and movement.kind is not Kind.RECEIVED:
        raise Illegal(f"This bag was not received yet, so it cannot be {movement.kind}.")
    if account.last in (Kind.WASTED, Kind.RETURNED):
        raise Illegal(f"This bag was {account.last} before; it cannot be {movement.kind} any more.")
    return _RULES[movement.kind](account, movement)


def _received(account: Account, movement: Movement) -> Account:
    if account.last is not None:
        raise Illegal("A bag is received once.")
    if movement.ml <= 0:
        raise Illegal("A bag is received with its volume, more than 0 mL.")
    return replace(account, totals=Totals(received=movement.ml), last=Kind.RECEIVED)


def _frozen(account: Account, movement: Movement) -> Account:
    if account.thawed_at or account.used_at:
        raise Illegal(f"This bag was {'used' if account.used_at else 'thawed'} before; it is never frozen again.")
    if not movement.place.strip():
        raise Illegal("Please say where the bag is stored.")
    return replace(account, place=movement.place, last=Kind.FROZEN)


def _thawed(account: Account, movement: Movement) -> Account:
    if account.thawed_at or account.used_at:
        raise Illegal(f"This bag was {'used' if account.used_at else 'thawed'} before; it is thawed once, before its use.")
    return replace(account, place="", thawed_at=movement.at, last=Kind.THAWED)


def _used(account: Account, movement: Movement) -> Account:
    if account.used_at:
        raise Illegal("This bag was used before; a bag is given once.")
    if not 0 <= movement.ml <= account.totals.received:
        raise Illegal(f"This bag holds {account.totals.received} mL; {movement.ml} mL cannot be given.")
    return replace(account, totals=replace(account.totals, used=movement.ml), used_at=movement.at, last=Kind.USED)


def _wasted(account: Account, movement: Movement) -> Account:
    if not movement.reason.strip():
        raise Illegal("Please say why the bag is wasted.")
    if not account.totals.on_hand:
        raise Illegal("Nothing is left of this bag.")
    return replace(account, totals=replace(account.totals, wasted=account.totals.on_hand), place="", last=Kind.WASTED)


def _returned(account: Account, movement: Movement) -> Account:
    if account.thawed_at or account.used_at:
        raise Illegal(f"This bag was {'used' if account.used_at else 'thawed'} before; only whole frozen bags are returned.")
    if not movement.reason.strip():
        raise Illegal("Please say to whom and why the bag is returned.")
    return replace(account, totals=replace(account.totals, returned=account.totals.on_hand), place="", last=Kind.RETURNED)


_RULES = {Kind.RECEIVED: _received, Kind.FROZEN: _frozen, Kind.THAWED: _thawed, Kind.USED: _used, Kind.WASTED: _wasted,
          Kind.RETURNED: _returned}  # fmt: skip
