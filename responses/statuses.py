"""Bleeding on a date, the status of one count, and rescue washout: rules R12, R13 and R17.

The result is a Timeline: one child, cut at ``as_of``, sorted, with only what may decide about response.
Pure: no Django, no clock.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Literal

from responses.counts import Count
from responses.inputs import Bleed, Course, Rescue
from responses.rules import Rules, number_text
from responses.verdicts import CountStatus, Reason, Status

Level = Literal["CR", "R"]
_MEETS: dict[Level, tuple[Status, ...]] = {"CR": ("CR",), "R": ("CR", "R")}


@dataclass(frozen=True)
class Point:
    """One evaluable count after Day 0: its date and its status, which is CR, R or NR."""

    on: date
    status: Status
    value: Decimal

    def meets(self, level: Level) -> bool:
        """Is the count at this level? A CR count is also at R level (R14)."""
        return self.status in _MEETS[level]


@dataclass(frozen=True)
class Timeline:
    """What may decide about response, sorted by date and cut at the last day that is looked at."""

    day_0: date
    baseline: Decimal | None
    points: tuple[Point, ...]
    doses: tuple[date, ...]
    bleeds: tuple[Bleed, ...]
    rescues: tuple[Rescue, ...]
    death: date | None
    rules: Rules

    def last_dose_before(self, on: date) -> date | None:
        """The last dose strictly before a date."""
        return max((dose for dose in self.doses if dose < on), default=None)

    def attributable(self, on: date) -> bool:
        """May a response that starts on this date be put down to a dose (R14)?"""
        dose = self.last_dose_before(on)
        return dose is not None and (on - dose).days <= self.rules.attrib_d

    def first_rescue(self) -> Rescue | None:
        """The first rescue after Day 0."""
        return next((rescue for rescue in self.rescues if rescue.start > self.day_0), None)

    def interrupted(self, after: date, until: date) -> bool:
        """Is there qualifying bleeding, or the start of a rescue, later than ``after`` and up to ``until``?"""
        bled = any(bleed.start <= until and (bleed.end is None or bleed.end > after) for bleed in self.bleeds)
        return bled or any(after < rescue.start <= until for rescue in self.rescues)

    def out_of_response(self, on: date) -> bool:
        """Does bleeding or a rescue washout keep this day out of the time in response (R18)?"""
        return bleeding_covers(self.bleeds, on) or washout_of(self.rescues, on, self.rules) is not None


def bleeding_covers(bleeds: tuple[Bleed, ...], on: date) -> bool:
    """Does one of the episodes cover the date? Both of its days are included (R12)."""
    return any(bleed.start <= on and (bleed.end is None or on <= bleed.end) for bleed in bleeds)


def washout_of(rescues: tuple[Rescue, ...], on: date, rules: Rules) -> Rescue | None:
    """The rescue whose washout makes a count on this date not evaluable, if any (R17)."""
    for rescue in rescues:
        over = rescue.end is not None and (on - rescue.end).days > rules.washout_d(rescue.kind)
        if rescue.start <= on and not over:
            return rescue
    return None


def status_of(value: Decimal | None, baseline: Decimal | None, bleeding: bool | None, rules: Rules) -> tuple[Status, str]:
    """The R13 status of one count and the reason in words; ``bleeding`` None = not known."""
    if value is None:
        return "NE", "no valid count: NE"
    low, shown = value < rules.r_min, number_text(value)
    r_min, cr_min, fold = number_text(rules.r_min), number_text(rules.cr_min), number_text(rules.fold)
    if bleeding:
        return "NR", f"bleeding of grade {rules.bleed_grade} or more on that day: NR whatever the count ({shown})"
    if bleeding is None and not low:
        return "NE", f"{shown} ×10⁹/L, but bleeding on that day is not known: NE"
    if value >= rules.cr_min:
        return "CR", f"{shown} ×10⁹/L is at least {cr_min}, without bleeding: CR"
    if low:
        return "NR", f"{shown} ×10⁹/L is below {r_min}: NR"
    if baseline is None:
        return "NE", f"{shown} ×10⁹/L is below {cr_min} and the baseline is missing, so R cannot be judged: NE"
    multiple = f"{'more than' if rules.strict else 'at least'} {fold} x the baseline of {number_text(baseline)}"
    if rules.reaches_fold(value, baseline):
        return "R", f"{shown} ×10⁹/L is at least {r_min} and {multiple}, without bleeding: R"
    return "NR", f"{shown} ×10⁹/L is not {multiple}: NR"


def timeline(course: Course, rules: Rules) -> tuple[Timeline, tuple[CountStatus, ...]]:
    """Judge every count, and keep what may decide. ``course.day_0`` must be known."""
    assert course.day_0 is not None
    last = min(course.as_of, course.death or course.as_of)
    bleeds = tuple(bleed for bleed in course.bleeds if bleed.grade >= rules.bleed_grade and bleed.start <= last)
    rescues = tuple(rescue for rescue in course.rescues if rescue.start <= last and not rules.ignore_rescue)
    line = Timeline(
        course.day_0,
        course.baseline,
        (),
        tuple(sorted(dose for dose in course.doses if dose <= last)),
        tuple(sorted(bleeds, key=lambda bleed: bleed.start)),
        tuple(sorted(rescues, key=lambda rescue: (rescue.start, rescue.end or date.max, rescue.kind))),
        course.death if course.death is not None and course.death <= course.as_of else None,
        rules,
    )
    unknown = frozenset(course.bleeding_unknown)
    judged = tuple(_judge(count, line, last, unknown) for count in sorted(course.counts, key=lambda count: count.on))
    points = tuple(Point(count.on, count.status, count.value) for count in judged if count.evaluable and count.value is not None)
    return replace(line, points=points), judged


def _judge(count: Count, line: Timeline, last: date, unknown: frozenset[date]) -> CountStatus:
    """One count with its status, or the reason why it may not be used."""
    refused = _refused(count, line, last)
    if refused is not None:
        return CountStatus(count.on, count.value, "NE", False, refused, count.ref)
    bleeding = True if bleeding_covers(line.bleeds, count.on) else (None if count.on in unknown else False)
    status, words = status_of(count.value, line.baseline, bleeding, line.rules)
    reason = Reason("R8" if count.value is None else "R13", f"On {count.on}: {words}.")
    return CountStatus(count.on, count.value, status, status != "NE", reason, count.ref)


def _refused(count: Count, line: Timeline, last: date) -> Reason | None:
    """Why a count is outside the series of R14, whatever its value."""
    if count.on > last:
        return Reason("R14", f"The count of {count.on} is later than {last}, the last day looked at.")
    if count.on <= line.day_0:
        return Reason("R14", f"The count of {count.on} is not after Day 0 ({line.day_0}): it cannot show a response.")
    rescue = washout_of(line.rescues, count.on, line.rules)
    if rescue is None:
        return None
    return Reason("R17", f"The count of {count.on} is not evaluable: {washout_text(rescue, line.rules)}.")


def washout_text(rescue: Rescue, rules: Rules) -> str:
    """The washout of one rescue in words."""
    kind = rescue.kind.replace("_", " ")
    if rescue.end is None:
        return f"the rescue ({kind}) of {rescue.start} is ongoing"
    days = rules.washout_d(rescue.kind)
    until = rescue.end + timedelta(days=days)
    return f"the rescue ({kind}) of {rescue.start} has a washout of {days} days, to {until}"
