"""Bleeding episodes and contacts with hospitals per month of a child, against the months before the consent.

Pure: no Django. Source: ``protocol.md`` 1.2, 10.10, 10.11: paired and descriptive, no test.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from analyses import bars
from analyses.figures import Figure, table
from analyses.inputs import Child, Contact
from analyses.periods import Period, last_infusion
from analyses.safety import DAYS_PER_MONTH
from itp_trial.protocol import value

LOOK_BACK_M: int = value("LOOK_BACK_M")
HEAD = ("What", "When", "Children", "Number", "Child-months", "Per child-month", "Children with less than before", "Same",
        "More")  # fmt: skip


@dataclass(frozen=True)
class Kind:
    """One line: its words, the item of the look-back, and the days on which it happened in the trial."""

    words: str
    item: str
    days: Callable[[Child], list[date]]


def _contacts(test: Callable[[Contact], bool]) -> Callable[[Child], list[date]]:
    return lambda child: [contact.on for contact in child.contacts if test(contact)]


KINDS = (
    Kind("Bleeding episodes", "bleeding_episodes", lambda child: list(child.episodes)),
    Kind("Unplanned visits for ITP", "visits", _contacts(lambda c: c.for_itp and not c.stay)),
    Kind("Admissions for ITP", "admissions", _contacts(lambda c: c.for_itp and c.stay)),
    Kind("Transfusions", "transfusions", _contacts(lambda c: c.blood_product)),
)


@dataclass(frozen=True)
class Observed:
    """One child in one time: how often, in how many months."""

    number: int
    months: float

    @property
    def rate(self) -> float | None:
        return self.number / self.months if self.months else None


def contacts(children: Sequence[Child]) -> Figure:
    """Each kind before, during and after treatment, as a rate."""
    rows = [row for kind in KINDS for row in _rows(kind, children)]
    lanes = [bars.Lane(f"{row[0]}: {str(row[1]).split()[0].lower()}", (float(str(row[5])),), f"{row[5]} ({row[3]} in {row[4]})")
             for row in rows]  # fmt: skip
    return Figure("hospital-contacts", "Bleeding episodes and hospital contacts", len(children),
                  f"Per month of a child ({DAYS_PER_MONTH} days). Before: the {LOOK_BACK_M} months before the consent, as "
                  "counted from records and family. During: from Day 0 to the last infusion; after: from the day after it to "
                  "the last day with any entry. Contacts that were planned for an infusion are left out; transfusion: a contact "
                  "at which a blood product was given.", table(HEAD, rows),
                  svg=bars.draw("Bleeding episodes and hospital contacts", lanes, ["per child-month"], "per child-month",
                                key="hospital-contacts", high=max([1.0, *(sum(lane.parts) for lane in lanes)]), digits=2)
                  if rows else "",
                  note="The look-back rests on memory and records, the trial on dated forms: the two are not counted alike.",
                  empty="No child was treated yet.")  # fmt: skip


def _rows(kind: Kind, children: Sequence[Child]) -> Iterator[tuple[object, ...]]:
    before = [_before(kind, child) for child in children]
    seen = {Period.BEFORE: before, Period.DURING: [_in_trial(kind, child, Period.DURING) for child in children],
            Period.AFTER: [_in_trial(kind, child, Period.AFTER) for child in children]}  # fmt: skip
    for period, found in seen.items():
        known = [each for each in found if each and each.months]
        if known:
            number, months = sum(each.number for each in known), sum(each.months for each in known)
            paired = _paired(before, found) if period != Period.BEFORE else ("", "", "")
            yield kind.words, period, len(known), number, f"{months:.1f}", f"{number / months:.2f}", *paired


def _paired(before: Sequence[Observed | None], then: Sequence[Observed | None]) -> tuple[object, ...]:
    pairs = [(a.rate, b.rate) for a, b in zip(before, then, strict=True) if a and b]
    known = [(a, b) for a, b in pairs if a is not None and b is not None]
    return sum(b < a for a, b in known), sum(b == a for a, b in known), sum(b > a for a, b in known)


def _before(kind: Kind, child: Child) -> Observed | None:
    number = getattr(child.look_back, kind.item) if child.look_back else None
    return None if number is None else Observed(number, float(LOOK_BACK_M))


def _in_trial(kind: Kind, child: Child, period: Period) -> Observed | None:
    """None before Day 0 and, for the time after treatment, while a dose may still follow."""
    first, last = child.day_0, observed_until(child)
    end = last_infusion(child)
    if first is None or (period == Period.AFTER and end is None):
        return None
    happened = kind.days(child)
    if period == Period.DURING:
        until = last if end is None else end
        return Observed(sum(first <= on <= until for on in happened), _months(first, until))
    assert end is not None
    return Observed(sum(end < on <= last for on in happened), _months(end, last))


def observed_until(child: Child) -> date:
    """The last day on which anything is known of the child: a visit, a contact with a hospital, a bleeding episode."""
    return max([child.last_seen, *(contact.on for contact in child.contacts), *child.episodes])


def _months(start: date, end: date) -> float:
    return max((end - start).days, 0) / float(DAYS_PER_MONTH)
