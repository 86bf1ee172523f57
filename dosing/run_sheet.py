"""The run sheet of one infusion: from the events at the bedside to what they say together. Pure; rates in mL/h.

Events are never changed. A correction is a further event that names the one it replaces (or, as "void", takes it back), with
its reason. Times are those at which something happened; an event that waited in a phone without network carries the phone's.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Any

from itp_trial.protocol import value
from itp_trial.vital_signs import Signs, changes

BEFORE = timedelta(minutes=value("VITALS_BEFORE_MIN"))
TOLERANCE = timedelta(minutes=value("VITALS_TOL_MIN"))
RATE_WARN: Decimal = value("RATE_WARN")
RATE_QUERY: Decimal = value("RATE_QUERY")
#: Minutes after the start: close together at first, then every half hour to two hours, then every hour.
_FIRST = (15, 30, 45, 60, 90, 120)
_AFTER_END = (30, 60)


class Kind(StrEnum):
    VITALS = "vitals"
    BAG = "bag"
    START = "start"
    RATE = "rate"
    PAUSE = "pause"
    RESUME = "resume"
    REACTION = "reaction"
    STOP = "stop"
    END = "end"
    VOID = "void"


class Illegal(ValueError):
    """Something that cannot happen at this moment of an infusion; the message says why, in the user's words."""


@dataclass(frozen=True)
class Event:
    """One tap: what, when, and its values (rate, signs, words). ``corrects`` is the key of the event that it replaces."""

    key: str
    kind: Kind
    at: datetime
    values: Mapping[str, Any] = field(default_factory=dict)
    reason: str = ""
    corrects: str = ""

    def number(self, name: str) -> Decimal | None:
        raw = self.values.get(name)
        return None if raw in (None, "") else Decimal(str(raw))

    @property
    def signs(self) -> Signs:
        return Signs(*(self.number(name) for name in Signs.__dataclass_fields__))


@dataclass(frozen=True)
class Reaction:
    """A reaction as seen at the bedside, with when it came and how fast the infusion ran then."""

    event: Event
    minutes: int
    rate: Decimal | None


@dataclass(frozen=True)
class Due:
    """One set of vital signs that the schedule asks for; ``done`` is the set that meets it."""

    at: datetime
    why: str
    done: Event | None


@dataclass(frozen=True)
class Sheet:
    """What the events say together."""

    events: tuple[Event, ...]
    started: Event | None
    over: Event | None
    paused: bool
    rate: Decimal | None
    max_rate: Decimal | None
    given_ml: Decimal
    bags: tuple[Event, ...]
    reactions: tuple[Reaction, ...]

    @property
    def phase(self) -> str:
        """``before``, ``running``, ``paused`` or ``over``."""
        if self.started is None:
            return "before"
        return "over" if self.over else "paused" if self.paused else "running"

    @property
    def stopped_early(self) -> bool:
        return self.over is not None and self.over.kind is Kind.STOP

    @property
    def vitals(self) -> tuple[Event, ...]:
        return tuple(event for event in self.events if event.kind is Kind.VITALS)

    @property
    def before(self) -> Signs:
        """The last signs before the start: what later ones are compared with."""
        start = self.started.at if self.started else None
        found = [event for event in self.vitals if start is None or event.at <= start]
        return found[-1].signs if found else Signs()

    def alerts(self, event: Event) -> list[str]:
        """What one set of vital signs says beside the one before the infusion."""
        return changes(self.before, event.signs)


def standing(events: Iterable[Event]) -> list[Event]:
    """The events that count, in the order of their time: neither replaced, taken back, nor a taking back."""
    events = list(events)
    replaced = {event.corrects for event in events if event.corrects}
    kept = [event for event in events if event.key not in replaced and event.kind is not Kind.VOID]
    return sorted(kept, key=lambda event: event.at)


def read(events: Iterable[Event], now: datetime) -> Sheet:
    """The state of the infusion after these events. Contradictions are left as they are: nothing is refused here."""
    started = over = None
    paused, rate, fastest, given, since = False, None, None, Decimal(0), None
    bags: list[Event] = []
    reactions: list[Reaction] = []
    kept = standing(events)
    for event in kept:
        if since is not None and rate is not None and not paused and over is None:
            given += rate * _hours(event.at - since)
        since = event.at
        if event.kind is Kind.BAG:
            bags.append(event)
        elif event.kind in (Kind.START, Kind.RATE):
            started = started or (event if event.kind is Kind.START else None)
            rate = event.number("rate")
            fastest = max(fastest or Decimal(0), rate or Decimal(0))
        elif event.kind in (Kind.PAUSE, Kind.RESUME):
            paused = event.kind is Kind.PAUSE
            rate = event.number("rate") or rate
        elif event.kind in (Kind.STOP, Kind.END):
            over = over or event
        elif event.kind is Kind.REACTION and started is not None:
            running = rate if not paused and over is None else Decimal(0)
            reactions.append(Reaction(event, int((event.at - started.at).total_seconds() // 60), running))
    if since is not None and rate is not None and not paused and over is None and started is not None:
        given += rate * _hours(max(now - since, timedelta(0)))
    return Sheet(tuple(kept), started, over, paused, rate, fastest, given.quantize(Decimal("0.1")), tuple(bags), tuple(reactions))


def refuse_illegal(sheet: Sheet, kind: Kind) -> None:
    """Raises ``Illegal`` unless this may happen now. Vital signs and reactions are never refused."""
    if kind in (Kind.VITALS, Kind.VOID):
        return
    if kind is Kind.REACTION:
        if sheet.started is None:
            raise Illegal("The infusion has not started. Please enter an adverse event instead.")
        return
    if sheet.phase not in _ALLOWED[kind]:
        raise Illegal(_WORDS[sheet.phase].format(what=kind.value))
    if kind is Kind.START and not sheet.bags:
        raise Illegal("Please note first which bag is hung.")


_ALLOWED = {
    Kind.BAG: ("before", "running", "paused"), Kind.START: ("before",), Kind.RATE: ("running",), Kind.PAUSE: ("running",),
    Kind.RESUME: ("paused",), Kind.STOP: ("running", "paused"), Kind.END: ("running", "paused"),
}  # fmt: skip
_WORDS = {
    "before": "The infusion has not started, so “{what}” cannot be noted.",
    "running": "The infusion is running, so “{what}” cannot be noted.",
    "paused": "The infusion is paused, so “{what}” cannot be noted. Resume, end or stop it.",
    "over": "The infusion is over, so “{what}” cannot be noted. A mistake is corrected in the list below.",
}


def schedule(sheet: Sheet, now: datetime, *, watched_after: bool) -> list[Due]:
    """The vital signs that are due (``protocol.md`` 6.4), up to the next one, each with the set that meets it.

    ``watched_after``: also 30 and 60 minutes after the end (first infusion, first dose of a new lot).
    """
    if sheet.started is None:
        return [Due(now, "before the start", _met(sheet.vitals, now - BEFORE, now))]
    start = sheet.started.at
    found = [Due(start, "before the start", _met(sheet.vitals, start - BEFORE, start))]
    times = [(start + timedelta(minutes=minute), f"{minute} min") for minute in (*_FIRST, *range(180, 1440, 60))]
    last = sheet.over.at if sheet.over else now
    rates = [(event.at, "change of the rate") for event in sheet.events if event.kind is Kind.RATE]
    wanted = [(at, why) for at, why in times + rates if at <= last]
    if sheet.over is None:
        # Nothing follows after a whole day: then somebody forgot to note the end.
        wanted += [(at, why) for at, why in times if at > last][:1]
    else:
        # What fell due in the last minutes is met by the set of the end.
        wanted = [(at, why) for at, why in wanted if at < last - TOLERANCE] + [(last, "end")]
        wanted += [(last + timedelta(minutes=minute), f"{minute} min after the end") for minute in _AFTER_END if watched_after]
    return found + [Due(at, why, _met(sheet.vitals, at - TOLERANCE, at + TOLERANCE)) for at, why in sorted(wanted)]


def missed(dues: Iterable[Due], now: datetime) -> list[Due]:
    """Those whose time is over and that nobody measured."""
    return [due for due in dues if due.done is None and due.at + TOLERANCE < now]


def upcoming(dues: Iterable[Due], now: datetime) -> Due | None:
    """The next one to measure, a little late or still to come."""
    return next((due for due in dues if due.done is None and due.at + TOLERANCE >= now), None)


def rate_words(rate: Decimal, weight_kg: Decimal | None) -> str:
    """What a rate in mL/h asks for (5.6), or an empty text."""
    if not weight_kg:
        return ""
    per_kg = (rate / weight_kg).quantize(Decimal("0.01"))
    if per_kg > RATE_QUERY:
        return f"{per_kg} mL/kg/h is above {RATE_QUERY}. Please check the pump now."
    return f"{per_kg} mL/kg/h is above {RATE_WARN}, the highest usual rate." if per_kg > RATE_WARN else ""


def _met(vitals: Iterable[Event], first: datetime, last: datetime) -> Event | None:
    return next((event for event in vitals if first <= event.at <= last), None)


def _hours(duration: timedelta) -> Decimal:
    return Decimal(int(duration.total_seconds())) / 3600
