"""Visit windows as pure date arithmetic: when a visit opens, is due and closes (protocol 11.3)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal

WindowState = Literal["done", "not yet open", "open", "due today", "overdue"]


@dataclass(frozen=True)
class Window:
    """The days on which a visit may take place; both ends are included.

    Raises ValueError unless ``opens <= target <= closes``.
    """

    opens: date
    target: date
    closes: date

    def __post_init__(self) -> None:
        if not self.opens <= self.target <= self.closes:
            raise ValueError(
                f"A window must open on or before its target and close on or after it; "
                f"got {self.opens} / {self.target} / {self.closes}."
            )

    def contains(self, day: date) -> bool:
        """Whether ``day`` lies in the window, first and last day included."""
        return self.opens <= day <= self.closes

    def days_outside(self, day: date) -> int:
        """Days outside the window: 0 inside, negative when too early, positive when too late."""
        if day < self.opens:
            return (day - self.opens).days
        return max((day - self.closes).days, 0)

    def state(self, today: date, done: bool) -> WindowState:
        """What the work list says on ``today``; ``today`` is the site's calendar date."""
        if done:
            return "done"
        if today < self.opens:
            return "not yet open"
        if today > self.closes:
            return "overdue"
        return "due today" if today == self.target else "open"


def around(anchor: date, day: int, before: int, after: int) -> Window:
    """The window ``before`` days before to ``after`` days after the ``day``-th day from ``anchor``.

    Day 0 is ``anchor`` itself; ``day`` may be negative (screening). Raises ValueError for a negative
    ``before`` or ``after``.
    """
    if before < 0 or after < 0:
        raise ValueError(f"The days before and after a visit cannot be negative; got {before} and {after}.")
    target = anchor + timedelta(days=day)
    return Window(target - timedelta(days=before), target, target + timedelta(days=after))
