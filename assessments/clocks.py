"""The clocks of a safety report: what has to be told to whom, until when, and how that reads now (``protocol.md`` 6.6).

Two families run side by side: ICH E2A counts calendar days from the day on which the sponsor is aware, Egypt's executive
regulations of law 214/2020 count hours and days from the occurrence. Hours are elapsed time. Days are days of the calendar in
Cairo: ICH deadlines end with their day, Egyptian ones at the same time of day. What is not yet known is read in the way that
gives the earlier deadline. Pure.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from enum import StrEnum

from itp_trial.normalise import CAIRO
from itp_trial.protocol import value

NOTICE_H, FULL_D, OTHER_D = value("EG_NOTICE_H"), value("EG_FULL_D"), value("EG_OTHER_D")
SITE_H = value("SITE_NOTICE_H")
NEAR_H, NEAR_D = timedelta(hours=value("SAFETY_NEAR_H")), timedelta(days=value("SAFETY_NEAR_D"))
FATAL_D, COMPLETE_D, SUSAR_D = value("SUSAR_FATAL_D"), value("SUSAR_COMPLETE_D"), value("SUSAR_D")


class Body(StrEnum):
    SPONSOR = "sponsor"
    COMMITTEE = "committee"
    EDA = "eda"
    COUNCIL = "council"


class Start(StrEnum):
    OCCURRED = "occurrence"
    SITE_AWARE = "awareness of the site"
    SPONSOR_AWARE = "awareness of the sponsor"
    WITHDRAWN = "withdrawal of the report"


ICH, EGYPT = "ICH E2A", "Law 214/2020"
ALL = tuple(Body)


@dataclass(frozen=True)
class Rule:
    """One line of the table of clocks. ``hours`` are elapsed; ``days`` are of the calendar, to the end of the day where
    ``whole_day`` says so."""

    code: str
    family: str
    what: str
    bodies: tuple[Body, ...]
    start: Start
    hours: int = 0
    days: int = 0
    whole_day: bool = False

    def due(self, started: datetime) -> datetime:
        """The last moment at which this may be told, in UTC."""
        if self.hours:
            return started.astimezone(UTC) + timedelta(hours=self.hours)
        local = started.astimezone(CAIRO)
        day = local.date() + timedelta(days=self.days)
        if self.whole_day:
            # Of a last hour that comes twice the second one is still that day.
            return datetime.combine(day, time(23, 59), CAIRO).replace(fold=1).astimezone(UTC)
        # Of a time that comes twice the first, of one that is left out the moment before the jump: never later than it says.
        return datetime.combine(day, local.time(), CAIRO).replace(fold=0).astimezone(UTC)

    @property
    def near(self) -> timedelta:
        """How long before the deadline those who have to act are told."""
        return NEAR_H if self.hours else NEAR_D


NOTICE = Rule("EG-24H", EGYPT, "Notice, with the protective measures taken", ALL, Start.OCCURRED, hours=NOTICE_H)
FULL = Rule("EG-7D", EGYPT, "All information, data and reports", ALL, Start.OCCURRED, days=FULL_D)
SIDE_EFFECT = Rule("EG-SIDE", EGYPT, "Report of a side effect that is not serious", ALL, Start.OCCURRED, days=OTHER_D)
SITE = Rule("SITE-24H", ICH, "Serious event, from the site", (Body.SPONSOR,), Start.SITE_AWARE, hours=SITE_H)
SUSAR_FATAL = Rule("SUSAR-7D", ICH, "Unexpected reaction, fatal or life-threatening", (Body.EDA,), Start.SPONSOR_AWARE,
                   days=FATAL_D, whole_day=True)  # fmt: skip
SUSAR_COMPLETE = Rule("SUSAR-8D", ICH, "Follow-up that completes it", (Body.EDA,), Start.SPONSOR_AWARE,
                      days=FATAL_D + COMPLETE_D, whole_day=True)  # fmt: skip
SUSAR = Rule("SUSAR-15D", ICH, "Unexpected serious reaction", (Body.EDA,), Start.SPONSOR_AWARE, days=SUSAR_D, whole_day=True)
#: A withdrawal is news about a report, and goes the way of the other news.
WITHDRAWAL = Rule("WITHDRAWN", ICH, "The report is withdrawn", ALL, Start.WITHDRAWN, days=SUSAR_D, whole_day=True)
_TABLE = (NOTICE, FULL, SIDE_EFFECT, SITE, SUSAR_FATAL, SUSAR_COMPLETE, SUSAR, WITHDRAWAL)
RULES: dict[str, Rule] = {rule.code: rule for rule in _TABLE}
_NEVER = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True)
class Case:
    """What the clocks need of one event. ``None`` is not yet known."""

    serious: bool
    occurred_at: datetime | None
    site_aware_at: datetime | None = None
    sponsor_aware_at: datetime | None = None
    related: bool | None = None
    expected: bool | None = None
    fatal_or_life_threatening: bool | None = None
    withdrawn_at: datetime | None = None

    @property
    def is_susar(self) -> bool:
        """Serious, related, unexpected: what is not answered yet counts as if it were."""
        return self.serious and self.related is not False and self.expected is not True

    def started(self, start: Start) -> datetime | None:
        return {Start.OCCURRED: self.occurred_at, Start.SITE_AWARE: self.site_aware_at,
                Start.SPONSOR_AWARE: self.sponsor_aware_at, Start.WITHDRAWN: self.withdrawn_at}[start]  # fmt: skip


@dataclass(frozen=True)
class Deadline:
    """One thing to tell one body. ``due`` is None while its clock has not started."""

    rule: Rule
    body: Body
    due: datetime | None

    @property
    def key(self) -> tuple[str, str]:
        return self.rule.code, self.body.value


def rules_for(case: Case) -> Iterable[Rule]:
    if case.withdrawn_at:
        yield WITHDRAWAL
        return
    if not case.serious:
        if case.related is not False:
            yield SIDE_EFFECT
        return
    yield from (NOTICE, FULL, SITE)
    if case.is_susar:
        yield from (SUSAR,) if case.fatal_or_life_threatening is False else (SUSAR_FATAL, SUSAR_COMPLETE)


def deadlines(case: Case) -> list[Deadline]:
    """Everything that has to be told about this event, the earliest first; what has not started yet stands last."""
    found = []
    for rule in rules_for(case):
        started = case.started(rule.start)
        due = rule.due(started) if started else None
        found += [Deadline(rule, body, due) for body in rule.bodies]
    return sorted(found, key=lambda d: (d.due or _NEVER, ALL.index(d.body)))


def is_late(due: datetime | None, told_at: datetime) -> bool:
    """Whether something was told after its deadline. The minute of the deadline is in time."""
    return due is not None and _to_the_minute(told_at) > due.astimezone(UTC)


def is_near(rule: Rule, due: datetime, now: datetime) -> bool:
    """Whether this deadline is so near, or past, that those who have to act are told."""
    return due.astimezone(UTC) - now.astimezone(UTC) <= rule.near


def words(due: datetime | None, now: datetime) -> str:
    """``due today 16:30 Cairo, in 2 h 10 min``; ``overdue by 3 h 5 min``; or that the clock has not started."""
    if due is None:
        return "not started yet"
    if is_late(due, now):
        return f"overdue by {_span(now, due)}, was due {_day(due, now)} {due.astimezone(CAIRO):%H:%M} Cairo"
    return f"due {_day(due, now)} {due.astimezone(CAIRO):%H:%M} Cairo, in {_span(due, now)}"


def _to_the_minute(moment: datetime) -> datetime:
    return moment.astimezone(UTC).replace(second=0, microsecond=0)


def _day(due: datetime, now: datetime) -> str:
    day, today = due.astimezone(CAIRO).date(), now.astimezone(CAIRO).date()
    near = {-1: "yesterday", 0: "today", 1: "tomorrow"}
    return near.get((day - today).days, f"{day:%a %d %b %Y}")


def _span(later: datetime, earlier: datetime) -> str:
    """Elapsed time in its two largest units."""
    minutes = (_to_the_minute(later) - _to_the_minute(earlier)) // timedelta(minutes=1)
    days, hours, rest = minutes // 1440, minutes // 60 % 24, minutes % 60
    if days:
        return f"{days} d {hours} h"
    return f"{hours} h {rest} min" if hours else f"{rest} min"
