"""Before, during and after treatment: the three times that a child is compared with itself.

Pure: no Django. Source: ``protocol.md`` 10.11; how a day and a question belong to a time is an assumption. Treatment begins
with the loading infusion and ends with the day of the last infusion, once no further dose may follow.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from enum import StrEnum
from typing import Protocol, TypeVar

from analyses.inputs import Child
from analyses.statistics import quartiles


class Period(StrEnum):
    BEFORE = "Before treatment"
    DURING = "During treatment"
    AFTER = "After treatment"


#: What captions say of ``by_period``.
ASKED = (
    "A family is asked about the time since it was asked before: up to Day 0 that is before treatment; after treatment it "
    "is where that whole time lies after the last infusion; the rest is during treatment (assumption)."
)


class Asked(Protocol):
    """Something that was asked at a visit."""

    @property
    def visit(self) -> str: ...

    @property
    def on(self) -> date: ...


Answer = TypeVar("Answer", bound=Asked)


def last_infusion(child: Child) -> date | None:
    """The end of treatment; None while a further dose may follow."""
    return None if child.course.on_treatment else max((dose.on for dose in child.doses), default=None)


def by_period(child: Child, asked: Iterable[Answer]) -> Iterator[tuple[Period, Answer]]:
    """Each answer with the time that it speaks of, the earliest first."""
    since: date | None = None
    end = last_infusion(child)
    for answer in sorted(asked, key=lambda each: each.on):
        if child.day_0 is None or answer.on <= child.day_0:
            yield Period.BEFORE, answer
        elif end is not None and since is not None and since >= end:
            yield Period.AFTER, answer
        else:
            yield Period.DURING, answer
        since = answer.on


def against(before: Sequence[float | None], then: Sequence[float | None]) -> str:
    """The change of those who have both values, as median and quartiles: ``-2.0 (-5.0 to 0.0), n = 12``."""
    changes = [b - a for a, b in zip(before, then, strict=True) if a is not None and b is not None]
    return f"{quartiles(changes).text}, n = {len(changes)}" if changes else ""
