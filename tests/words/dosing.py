"""Stories about doses, intervals, plans and run sheets."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from dosing import account, run_sheet
from dosing.account import Movement, Totals
from dosing.compatibility import match
from dosing.dose import Bag, amount_findings, check, duration_words, elapsed, local_date, planned_grams
from dosing.interval import Decision, classify_interval, propose
from dosing.planner import Plan, Portion, StockBag, best_bags, plan, rate_steps
from dosing.run_sheet import Event, Kind, read, refuse_illegal, schedule
from tests.words.shown import Stories

CAIRO = ZoneInfo("Africa/Cairo")
DAY = date(2025, 3, 2)
NINE = datetime(2025, 3, 2, 9, tzinfo=CAIRO)
KG = Decimal(20)


def day(number: int) -> date:
    return DAY + timedelta(days=number)


def infusion(
    number: int = 0, ml: str = "440", igg: str = "45.4", *, hours: str | None = "7", aged: int = 0, early: bool = False
) -> Any:
    """A child of 20 kg, one bag."""
    stopped = None if hours is None else NINE + timedelta(seconds=int(Decimal(hours) * 3600))
    return check(number, KG, day(-aged), NINE, stopped, [Bag(Decimal(ml), Decimal(igg), "B7")], early)


DOSES: Stories = {
    "dose: as planned": infusion,
    "dose: as planned, while it runs": lambda: infusion(hours=None),
    "dose: two bags of two lots, maintenance": lambda: check(
        3,
        Decimal("13.5"),
        day(-7),
        NINE,
        NINE + timedelta(hours=3, minutes=20, seconds=5),
        [Bag(Decimal(100), Decimal("45.4")), Bag(Decimal("51.2"), Decimal("44"))],
    ),
    "dose: too little": lambda: infusion(ml="380"),
    "dose: too much": lambda: infusion(ml="500"),
    "dose: partial, stopped early": lambda: infusion(ml="120", hours="2.5", early=True),
    "dose: nothing given": lambda: infusion(ml="0"),
    "dose: too short": lambda: infusion(hours="5.5"),
    "dose: too long": lambda: infusion(hours="8.505"),
    "dose: maintenance too short and fast": lambda: infusion(1, ml="230", igg="43.5", hours="2.5"),
    "dose: maintenance too fast to be true": lambda: infusion(1, ml="230", igg="43.5", hours="2"),
    "dose: weight too old": lambda: infusion(aged=8),
    "dose: weight from the future": lambda: infusion(aged=-1),
    "dose: no dose 6": lambda: planned_grams(KG, 6),
    "dose: no weight": lambda: planned_grams(Decimal(0), 0),
    "dose: a weight of 1 g": lambda: planned_grams(Decimal("0.001"), 0),
    "dose: less than nothing from a bag": lambda: Bag(Decimal("-0.1"), Decimal(45), "B7"),
    "dose: less than nothing from a bag without a number": lambda: Bag(Decimal("-0.1"), Decimal(45)),
    "dose: a bag without IgG": lambda: Bag(Decimal(100), Decimal(0), "B7"),
    "dose: a bag of endless IgG": lambda: Bag(Decimal(100), Decimal("Infinity"), "B7"),
    "dose: a bag of thin IgG": lambda: Bag(Decimal(0), Decimal("0.5"), "B7").grams,
    "dose: stopped before it started": lambda: elapsed(NINE, NINE),
    "dose: a start without a zone": lambda: elapsed(NINE.replace(tzinfo=None), NINE),
    "dose: a date without a zone": lambda: local_date(NINE.replace(tzinfo=None)),
    "dose: exactly half is not partial": lambda: amount_findings(Decimal(10), Decimal(20), Decimal(220)),
    "duration: within": lambda: duration_words(0, NINE, NINE + timedelta(hours=7, minutes=5), False),
    "duration: maintenance within": lambda: duration_words(2, NINE, NINE + timedelta(hours=3), False),
    "duration: too short": lambda: duration_words(0, NINE, NINE + timedelta(hours=3), False),
    "duration: stopped early": lambda: duration_words(0, NINE, NINE + timedelta(hours=3), True),
    "duration: too long": lambda: duration_words(1, NINE, NINE + timedelta(hours=9, seconds=30), True),
}


def decide(today: int, count: str | None = None, on: int | None = None, **more: Any) -> Callable[[], Any]:
    """Decided on day ``today`` after the dose, with a count of day ``on``."""
    given = {
        "doses_given": 1,
        "count": None if count is None else Decimal(count),
        "count_on": None if count is None else day(today if on is None else on),
        **more,
    }
    return lambda: propose(Decision(DAY, today=day(today), **given))


INTERVALS: Stories = {
    "interval: too early": decide(5),
    "interval: too early with a count": decide(13, "50", on=10),
    "interval: no count": decide(14),
    "interval: count too old": decide(21, "50", on=17),
    "interval: count of tomorrow": decide(14, "50", on=15),
    "interval: no count on the last day": decide(28),
    "interval: low count": decide(14, "29.90"),
    "interval: low count, not yet due": decide(12, "29"),
    "interval: low count, late by a day": decide(15, "20", on=13),
    "interval: low count, late by two days": decide(16, "20", on=13),
    "interval: low count on day 16": decide(16, "20"),
    "interval: low count on day 26": decide(26, "20"),
    "interval: low count on day 27": decide(27, "20"),
    "interval: bleeding with a count of today before the first decision": decide(5, "50", worst_bleeding=2),
    "interval: middle count": decide(14, "30"),
    "interval: high count": decide(14, "100"),
    "interval: high count on day 21": decide(21, "150"),
    "interval: bleeding": decide(14, "150", worst_bleeding=2, bleeding_on=day(13)),
    "interval: bleeding, no count, no date": decide(5, worst_bleeding=3),
    "interval: bleeding on day 16, old count": decide(20, "50", on=10, worst_bleeding=2, bleeding_on=day(16)),
    "interval: all given": decide(14, "15", doses_given=6),
    "interval: ended": decide(14, "15", ended_reason="the parents wish it"),
    "interval: before the loading dose": decide(14, doses_given=0),
    "interval: before the last dose": decide(-1),
    "interval: a count without a day": lambda: Decision(DAY, 1, day(14), count=Decimal(1)),
    "interval: less than nothing": decide(14, "-1"),
    "interval: 13 days": lambda: classify_interval(13),
    "interval: 14 days instead of 21": lambda: classify_interval(14, 21),
    "interval: 14 days as proposed": lambda: classify_interval(14, 14),
    "interval: 28 days": lambda: classify_interval(28),
    "interval: 30 days": lambda: classify_interval(30),
    "interval: 31 days": lambda: classify_interval(31, 28),
    "interval: no day": lambda: classify_interval(0),
    "interval: back in time": lambda: classify_interval(-1),
}


def stock(key: str, ml: str, igg: str = "45.4", iga: str | None = "6.8", expires: int = 90, group: str = "A") -> StockBag:
    return StockBag(key, f"Bag {key}", Decimal(ml), Decimal(igg), None if iga is None else Decimal(iga), day(expires), group)


def planned(number: int, kg: str, *bags: StockBag, group: str = "A", aged: int = 0, ml: str | None = None) -> Plan:
    portions = [Portion(bag, bag.volume_ml if ml is None else Decimal(ml)) for bag in bags]
    return plan(number, Decimal(kg), day(-aged), DAY, portions, group)


PLANS: Stories = {
    "plan: loading": lambda: planned(0, "20", stock("1", "220"), stock("2", "220")),
    "plan: maintenance": lambda: planned(2, "20", stock("1", "220")),
    "plan: of no bag": lambda: planned(0, "20"),
    "plan: thin plasma, faster than usual": lambda: planned(0, "20", stock("1", "560", "35.7")),
    "plan: thinner, above what is usual": lambda: planned(0, "20", stock("1", "620", "32.2")),
    "plan: thinnest, above what is asked": lambda: planned(0, "20", stock("1", "760", "26.3")),
    "plan: a part of a bag, too little": lambda: planned(0, "20", stock("1", "440"), ml="100"),
    "plan: nothing of a bag": lambda: planned(0, "20", stock("1", "440"), ml="0"),
    "plan: less than nothing of a bag": lambda: planned(0, "20", stock("1", "440"), ml="-1"),
    "plan: a loading dose of a little": lambda: planned(0, "20", stock("1", "440"), ml="50"),
    "plan: exactly the highest usual rate": lambda: planned(0, "20", stock("1", "555", "36.04")),
    "plan: exactly the rate that is asked about": lambda: planned(0, "20", stock("1", "685", "29.2")),
    "plan: small and quick": lambda: planned(1, "20", stock("1", "80", "125")),
    "plan: IgA of one bag is not known": lambda: planned(0, "20", stock("1", "220"), stock("2", "220", iga=None)),
    "plan: other groups": lambda: planned(
        0, "20", stock("1", "220", group="AB"), stock("2", "110", group="B"), stock("3", "110", group="")
    ),
    "plan: an old weight": lambda: planned(0, "20", stock("1", "440"), aged=9),
    "plan: nearest bags": lambda: best_bags(
        [stock("1", "200", expires=5), stock("2", "220"), stock("3", "240"), stock("4", "230", expires=3)], Decimal(20)
    ),
    "plan: no bags are enough": lambda: best_bags([stock("1", "200")], Decimal(20)),
    "plan: rate steps of a little": lambda: rate_steps(Decimal("0.6"), KG, 0),
    "plan: rate steps of a load": lambda: rate_steps(Decimal("22"), KG, 0),
    "plan: rate steps of maintenance": lambda: rate_steps(Decimal("11"), Decimal("12.3"), 4),
    "plan: rate steps that end soon after the third": lambda: rate_steps(Decimal("2.5"), KG, 1),
    "plan: rate steps, the last slow enough": lambda: rate_steps(Decimal("10.12"), KG, 0),
    "plan: rate steps, half a tenth is rounded up": lambda: rate_steps(Decimal(5), Decimal("12.5"), 1),
    "plan: rate steps of nothing": lambda: rate_steps(Decimal(0), KG, 1),
    "ABO: same": lambda: match("A", "A"),
    "ABO: stop for one": lambda: match("A", "B"),
    "ABO: stop for two": lambda: match("AB", "O"),
    "ABO: warning": lambda: match("B", "AB"),
    "ABO: child not known": lambda: match("", "A"),
    "ABO: lot not known": lambda: match("O", "?"),
}

#: Seven in UTC, so that a minute is easily read.
SEVEN = datetime(2025, 3, 2, 7, tzinfo=UTC)


def events(text: str) -> list[Event]:
    """``"0 start 10;30 rate 20"``: minutes after seven, what, and its number."""
    found = []
    for number, part in enumerate(text.split(";")):
        minute, kind, *rest = part.split()
        name = "heart_rate" if kind == "vitals" else "rate"
        found.append(Event(f"e{number}", Kind(kind), SEVEN + timedelta(minutes=int(minute)), {name: rest[0]} if rest else {}))
    return found


def sheet(text: str, now: int) -> run_sheet.Sheet:
    return read(events(text), SEVEN + timedelta(minutes=now))


def stands(text: str, now: int) -> dict[str, Any]:
    """The sheet with the keys of its events."""
    found = sheet(text, now)
    return {
        "events": [event.key for event in found.events],
        "started": found.started and found.started.key,
        "over": found.over and found.over.key,
        "phase": found.phase,
        "stopped early": found.stopped_early,
        "rate": found.rate,
        "highest": found.max_rate,
        "given": found.given_ml,
        "bags": [event.key for event in found.bags],
        "reactions": [f"{each.event.key} after {each.minutes} min at {each.rate}" for each in found.reactions],
        "heart rate before": found.before.heart_rate,
    }


def dues(text: str, now: int, *, after: bool = True) -> list[str]:
    found = schedule(sheet(text, now), SEVEN + timedelta(minutes=now), watched_after=after)
    return [f"{due.at:%H:%M} {due.why}: {due.done.key if due.done else 'open'}" for due in found]


def refusals(text: str) -> dict[str, str]:
    """What is refused in this state, and why."""
    found = {}
    for kind in Kind:
        try:
            refuse_illegal(sheet(text, 60), kind)
        except ValueError as refusal:
            found[kind.value] = str(refusal)
    return found


SHEETS: Stories = {
    "sheet: nothing": lambda: stands("-1 vitals 80", 0),
    "sheet: a whole infusion": lambda: stands(
        "-20 vitals 100;-5 bag;0 start 10;30 rate 20;45 reaction;50 pause;70 resume 15;90 rate 12;150 end", 400
    ),
    "sheet: a second start and a second end change nothing": lambda: stands(
        "0 start 10;30 start 20;60 stop;90 end;95 reaction", 100
    ),
    "sheet: a rate before the start": lambda: stands("0 rate 10;20 reaction;30 start 20;45 bag;60 bag", 59),
    "sheet: a rate of which nobody knows how fast": lambda: stands("0 start 10;30 rate;45 reaction", 60),
    "sheet: a reaction in the first half minute": lambda: stands("0 start 10;0 reaction", 1),
    "sheet: refused before a bag": lambda: refusals("-5 vitals 90"),
    "sheet: refused before the start": lambda: refusals("-5 bag"),
    "sheet: refused while it runs": lambda: refusals("-5 bag;0 start 10"),
    "sheet: refused in a pause": lambda: refusals("-5 bag;0 start 10;5 pause"),
    "sheet: refused at the end": lambda: refusals("-5 bag;0 start 10;5 stop"),
    "sheet: due before": lambda: dues("-29 vitals 90", 0),
    "sheet: due before, old": lambda: dues("-31 vitals 90", 0),
    "sheet: due in the first hours": lambda: dues(
        "-30 vitals 90;0 start 10;15 rate 20;16 vitals 91;33 rate 30;60 vitals 92", 120
    ),
    "sheet: due at the very minute": lambda: dues("0 start 10", 15),
    "sheet: due on the second day": lambda: dues("0 start 10", 1000)[-2:],
    "sheet: due where nobody noted the end for two days": lambda: dues("0 start 10", 2880)[-2:],
    "sheet: very slow": lambda: stands("0 start 0.5", 600),
    "sheet: a start of which nobody knows how fast": lambda: stands("0 start", 60),
    "sheet: many hours": lambda: stands("0 start 100", 900),
    "sheet: an empty number": lambda: Event("e", Kind.RATE, SEVEN, {"rate": ""}).number("rate"),
    "sheet: nothing is to come": lambda: run_sheet.upcoming([], SEVEN),
    "sheet: due after the end": lambda: dues("0 start 10;52 rate 20;62 vitals 95;70 end;100 vitals 96;131 vitals 97", 200),
    "sheet: due after the end of a known lot": lambda: dues("0 start 10;70 end", 200, after=False),
    "sheet: a rate that is high": lambda: run_sheet.rate_words(Decimal(81), Decimal(20)),
    "sheet: a rate that is too high": lambda: run_sheet.rate_words(Decimal("100.2"), Decimal(20)),
}


def bag_of(*kinds: str, ml: str = "100", place: str = "Freezer 1", reason: str = "broken") -> list[Movement]:
    return [
        Movement(account.Kind(kind), SEVEN + timedelta(hours=hour), Decimal(ml), place, reason) for hour, kind in enumerate(kinds)
    ]


ACCOUNTS: Stories = {
    "account: of nothing": lambda: account.replay([]),
    "account: frozen": lambda: account.replay(bag_of("received", "frozen")),
    "account: thawed": lambda: account.replay(bag_of("received", "frozen", "thawed")),
    "account: used": lambda: account.replay(bag_of("received", "frozen", "thawed", "used")),
    "account: wasted": lambda: account.replay(bag_of("received", "frozen", "wasted")),
    "account: returned": lambda: account.replay(bag_of("received", "frozen", "returned")),
    "account: contradictions are named": lambda: account.describe(
        bag_of("received", "received", "thawed", "frozen", "used", "used", "returned", "thawed")
    ),
    "account: not received": lambda: account.replay(bag_of("used")),
    "account: an empty bag": lambda: account.replay(bag_of("received", ml="0")),
    "account: a bag of a drop": lambda: account.replay(bag_of("received", ml="0.5")).totals,
    "account: frozen nowhere": lambda: account.replay(bag_of("received", "frozen", place=" ")),
    "account: wasted without a reason": lambda: account.replay(bag_of("received", "wasted", reason=" ")),
    "account: returned without a reason": lambda: account.replay(bag_of("received", "returned", reason=" ")),
    "account: wasted, then used": lambda: account.replay(bag_of("received", "wasted", "used")),
    "account: used twice": lambda: account.replay(bag_of("received", "used", "used")),
    "account: frozen after the thaw": lambda: account.replay(bag_of("received", "thawed", "frozen")),
    "account: thawed after the use": lambda: account.replay(bag_of("received", "used", "thawed")),
    "account: returned after the thaw": lambda: account.replay(bag_of("received", "thawed", "returned")),
    "account: nothing left to waste": lambda: account.replay(bag_of("received", "used", "wasted")),
    "account: two bags add up": lambda: Totals(*map(Decimal, (9, 1, 2, 3))) + Totals(*map(Decimal, (90, 10, 20, 30))),
}

STORIES: Stories = {**DOSES, **INTERVALS, **PLANS, **SHEETS, **ACCOUNTS}
