"""Adverse events per child and per infusion: by period, grade, relation, term and lot; and the exposure behind them.

Pure: no Django. Source: ``protocol.md`` 10.12, 6.3. A child or an infusion counts once a line, whatever it had more of.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from decimal import Decimal

from analyses.figures import Figure, table
from analyses.inputs import Child, Event
from analyses.statistics import EXACT, proportion

PERIODS = (
    ("before", "Before the first infusion"), ("during", "During the infusion"), ("immediate", "Immediate, within 24 h"),
    ("delayed", "Delayed, to day 28"), ("late", "Late"), ("uncertain", "Uncertain"), ("", "Start not entered"),
)  # fmt: skip
INFUSION_RELATED = ("during", "immediate")
DAYS_PER_MONTH = Decimal("30.4375")
Test = Callable[[Event], bool]

PER_CHILD = ("Events", "Children", "Percent of children", "95 % CI low", "95 % CI high")
PER_INFUSION = ("Infusions", "Percent of infusions", "95 % CI low", "95 % CI high")


def _line(words: str, children: Sequence[Child], test: Test) -> tuple[object, ...]:
    """One line of every table: events, children with one, infusions with one."""
    found = [(child, event) for child in children for event in child.events if test(event)]
    reached = len({child.number for child, _ in found})
    given = _infusions(children)
    followed = given & {(child.number, event.counted_from) for child, event in found}
    return (words, len(found), *_share(reached, len(children)), *_share(len(followed), len(given)))


def _infusions(children: Sequence[Child]) -> set[tuple[str, str]]:
    """Child and visit of each infusion that was given."""
    return {(child.number, dose.visit) for child in children for dose in child.doses}


def _share(k: int, n: int) -> tuple[object, ...]:
    found = proportion(k, n)
    return (f"{k}/{n}", *("" if x is None else f"{100 * x:.1f}" for x in (found.share, found.low, found.high)))


def _table(slug: str, title: str, first: str, children: Sequence[Child], lines: Sequence[tuple[str, Test]]) -> Figure:
    rows = [_line(words, children, test) for words, test in lines]
    shown = [row for row in rows if row[1]] or rows[:1]
    empty = "No adverse event was entered yet." if children else "No child was treated yet."
    return Figure(slug, title, len(children), f"Safety set (any dose given); {EXACT}; an infusion counts for the events that "
                  "are counted from it.", table((first, *PER_CHILD, *PER_INFUSION), shown if children else []),
                  note="Lines without an event are left out.", empty=empty)  # fmt: skip


def by_period(children: Sequence[Child]) -> Figure:
    """Any event, the infusion-related ones (during and immediate), and each period."""
    lines: list[tuple[str, Test]] = [
        ("Any event", lambda e: True), ("Infusion-related (during or immediate)", lambda e: e.period in INFUSION_RELATED),
        *((words, _is("period", code)) for code, words in PERIODS),
    ]  # fmt: skip
    return _table("events-by-period", "Adverse events by period", "Period", children, lines)


def by_grade(children: Sequence[Child]) -> Figure:
    """By CTCAE v5.0 grade, and those of grade 3 or more."""
    lines = [(f"Grade {grade}", _is("grade", grade)) for grade in range(1, 6)]
    severe: tuple[str, Test] = ("Grade 3 or more", lambda e: (e.grade or 0) >= 3)
    return _table(
        "events-by-grade", "Adverse events by grade", "CTCAE v5.0", children, [*lines, severe, ("No grade", _is("grade", None))]
    )


def by_relation(children: Sequence[Child]) -> Figure:
    """Related (possible or more), serious, and both."""
    lines: list[tuple[str, Test]] = [
        ("Related to mini-pool IVIG (possible or more)", lambda e: e.related), ("Not related", lambda e: not e.related),
        ("Serious", lambda e: e.serious), ("Serious and related", lambda e: e.serious and e.related),
    ]  # fmt: skip
    return _table("events-by-relation", "Adverse events by relation and seriousness", "Kind", children, lines)


def by_term(children: Sequence[Child]) -> Figure:
    """By coded term, the most frequent first."""
    events = [event for child in children for event in child.events]
    terms = sorted({e.term for e in events}, key=lambda term: (-sum(e.term == term for e in events), term))
    return _table("events-by-term", "Adverse events by term", "Term", children, [(term, _is("term", term)) for term in terms])


def _is(name: str, value: object) -> Test:
    return lambda event: getattr(event, name) == value


def by_lot(children: Sequence[Child]) -> Figure:
    """Each lot: who received it, and the events counted from infusions that held it."""
    lots = sorted({lot for child in children for dose in child.doses for lot in dose.lots})
    head = ("Lot", "Children", "Infusions", "Infusions with an event", "Events", "Related", "Serious")
    return Figure("events-by-lot", "Adverse events by lot", len(children), "An infusion of several lots counts for each of them.",
                  table(head, [_lot(lot, children) for lot in lots]), empty="No lot was given yet.")  # fmt: skip


def _lot(lot: str, children: Sequence[Child]) -> tuple[object, ...]:
    given = {(child.number, dose.visit) for child in children for dose in child.doses if lot in dose.lots}
    found = [(c.number, e) for c in children for e in c.events if (c.number, e.counted_from) in given]
    return (lot, len({number for number, _ in given}), len(given), len({(n, e.counted_from) for n, e in found}), len(found),
            sum(e.related for _, e in found), sum(e.serious for _, e in found))  # fmt: skip


def exposure(children: Sequence[Child]) -> Figure:
    """Infusions, grams per kilogram and months under observation."""
    rows = list(_exposure(children)) if children else []
    return Figure("exposure", "Exposure", len(children), "Safety set; months of 30.4375 days from Day 0 to the last contact.",
                  table(("What", "Value"), rows), note=_unknown(children), empty="No child was treated yet.")  # fmt: skip


def _unknown(children: Sequence[Child]) -> str:
    """Says how many infusions the grams lack; empty where they lack none."""
    unknown = sum(dose.g_per_kg is None for child in children for dose in child.doses)
    infusions = "infusions" if unknown > 1 else "infusion"
    return f"The dose per kilogram of {unknown} {infusions} is not known; the grams leave it out." if unknown else ""


def _exposure(children: Sequence[Child]) -> Iterator[tuple[str, object]]:
    doses = [dose for child in children for dose in child.doses]
    days = sum(max(child.study_day(child.last_seen), 0) for child in children)
    given = [dose.g_per_kg for dose in doses if dose.g_per_kg is not None]
    infusions = _infusions(children)
    events = sum((child.number, event.counted_from) in infusions for child in children for event in child.events)
    yield "Children", len(children)
    yield "Infusions", len(doses)
    yield "Dose given, g/kg, all infusions together", f"{sum(given, Decimal(0)):.2f}"
    yield "Dose given, g/kg, mean of a child", f"{sum(given, Decimal(0)) / len(children):.2f}"
    yield "Child-months under observation", f"{days / DAYS_PER_MONTH:.1f}"
    yield "Events per infusion", f"{events / len(doses):.2f}" if doses else ""
    serious = proportion(sum(any(e.serious for e in c.events) for c in children), len(children))
    yield f"Children with a serious event, {EXACT}", serious.text
