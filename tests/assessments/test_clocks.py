"""The clocks of a report: both families, exact over the nights when Egypt's clock jumps, and in words."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assessments import clocks
from assessments.clocks import Body, Case, Start
from itp_trial.normalise import CAIRO

pytestmark = pytest.mark.requirement("RQ-64")


def cairo(text: str, fold: int = 0) -> datetime:
    return datetime.strptime(text, "%Y-%m-%d %H:%M").replace(tzinfo=CAIRO, fold=fold)


def shown(due: datetime) -> str:
    return f"{due.astimezone(CAIRO):%Y-%m-%d %H:%M %z}"


FATAL = Case(serious=True, occurred_at=cairo("2025-04-04 20:00"), site_aware_at=cairo("2025-04-04 21:00"),
             sponsor_aware_at=cairo("2025-04-05 10:00"), related=True, expected=False,
             fatal_or_life_threatening=True)  # fmt: skip


def due(case: Case) -> dict[str, str]:
    """Rule -> deadline; all bodies of a rule share it."""
    return {d.rule.code: shown(d.due) for d in clocks.deadlines(case) if d.due}


def test_a09_a_fatal_susar() -> None:
    """Sponsor aware on 5 April 2025: the regulator by the 12th, the follow-up by the 20th; and Egypt's clocks before them."""
    assert due(FATAL) == {
        "EG-24H": "2025-04-05 20:00 +0200", "SITE-24H": "2025-04-05 21:00 +0200", "EG-7D": "2025-04-11 20:00 +0200",
        "SUSAR-7D": "2025-04-12 23:59 +0200", "SUSAR-8D": "2025-04-20 23:59 +0200",
    }  # fmt: skip


#: What differs from the fatal SUSAR -> the rules that apply.
APPLY = {
    "not life-threatening": ({"fatal_or_life_threatening": False}, {"EG-24H", "EG-7D", "SITE-24H", "SUSAR-15D"}),
    "not known whether life-threatening": ({"fatal_or_life_threatening": None},
                                           {"EG-24H", "EG-7D", "SITE-24H", "SUSAR-7D", "SUSAR-8D"}),
    "expected": ({"expected": True}, {"EG-24H", "EG-7D", "SITE-24H"}),
    "not known whether expected": ({"expected": None}, {"EG-24H", "EG-7D", "SITE-24H", "SUSAR-7D", "SUSAR-8D"}),
    "not related": ({"related": False}, {"EG-24H", "EG-7D", "SITE-24H"}),
    "not known whether related": ({"related": None}, {"EG-24H", "EG-7D", "SITE-24H", "SUSAR-7D", "SUSAR-8D"}),
    "not serious, related": ({"serious": False}, {"EG-SIDE"}),
    "not serious, not known whether related": ({"serious": False, "related": None}, {"EG-SIDE"}),
    "not serious, not related": ({"serious": False, "related": False}, set()),
    "withdrawn": ({"withdrawn_at": cairo("2025-04-06 09:00")}, {"WITHDRAWN"}),
}  # fmt: skip


@pytest.mark.parametrize(("changes", "rules"), APPLY.values(), ids=APPLY)
def test_which_rules_apply(changes: dict[str, object], rules: set[str]) -> None:
    assert {d.rule.code for d in clocks.deadlines(replace(FATAL, **changes))} == rules


def test_who_is_told() -> None:
    told = {(d.rule.code, d.body) for d in clocks.deadlines(FATAL)}
    for body in Body:
        assert {("EG-24H", body), ("EG-7D", body)} <= told
    assert {body for code, body in told if code == "SITE-24H"} == {Body.SPONSOR}
    assert {body for code, body in told if code.startswith("SUSAR")} == {Body.EDA}


def test_a_clock_that_has_not_started_stands_last() -> None:
    found = clocks.deadlines(replace(FATAL, sponsor_aware_at=None))
    assert [d.rule.code for d in found if d.due is None] == ["SUSAR-7D", "SUSAR-8D"]
    assert found[-1].due is None
    assert found[0].rule.code == "EG-24H"


#: Rule, start in Cairo -> deadline in Cairo. In 2026 summer time begins in the night to 24 April and ends on 29 October.
NIGHTS = {
    "24 h over the spring night": ("EG-24H", cairo("2026-04-23 16:30"), "2026-04-24 17:30 +0300"),
    "24 h over the autumn night": ("EG-24H", cairo("2026-10-29 16:30"), "2026-10-30 15:30 +0200"),
    "24 h from the hour that comes twice, first": ("EG-24H", cairo("2026-10-29 23:30"), "2026-10-30 22:30 +0200"),
    "24 h from the hour that comes twice, second": ("EG-24H", cairo("2026-10-29 23:30", fold=1), "2026-10-30 23:30 +0200"),
    "7 days keep the time of day over spring": ("EG-7D", cairo("2026-04-20 16:30"), "2026-04-27 16:30 +0300"),
    "7 days keep the time of day over autumn": ("EG-7D", cairo("2026-10-25 16:30"), "2026-11-01 16:30 +0200"),
    "7 days to an hour that is left out": ("EG-7D", cairo("2026-04-17 00:30"), "2026-04-24 01:30 +0300"),
    "7 days to an hour that comes twice: its first": ("EG-7D", cairo("2026-10-22 23:30"), "2026-10-29 23:30 +0300"),
    "calendar days end with their day": ("SUSAR-15D", cairo("2026-03-01 00:01"), "2026-03-16 23:59 +0200"),
    "... on the day of 25 hours with its second 23:59": ("SUSAR-15D", cairo("2026-10-14 10:00"), "2026-10-29 23:59 +0200"),
    "... over the end of a leap February": ("SUSAR-7D", cairo("2028-02-25 12:00"), "2028-03-03 23:59 +0200"),
    "... of a start that is tomorrow in Cairo, today in UTC": (
        "SUSAR-7D", datetime(2026, 1, 10, 22, 30, tzinfo=UTC), "2026-01-18 23:59 +0200"),
}  # fmt: skip


@pytest.mark.parametrize(("code", "start", "deadline"), NIGHTS.values(), ids=NIGHTS)
def test_the_calendar_of_cairo(code: str, start: datetime, deadline: str) -> None:
    assert shown(clocks.RULES[code].due(start)) == deadline


#: Now -> words for a deadline on Sunday 5 April 2026 at 16:30 in Cairo (summer time begins on the 24th).
WORDS = {
    "2026-04-05 14:20": "due today 16:30 Cairo, in 2 h 10 min",
    "2026-04-05 15:55": "due today 16:30 Cairo, in 35 min",
    "2026-04-05 16:30": "due today 16:30 Cairo, in 0 min",
    "2026-04-05 16:31": "overdue by 1 min, was due today 16:30 Cairo",
    "2026-04-04 10:30": "due tomorrow 16:30 Cairo, in 1 d 6 h",
    "2026-04-04 18:30": "due tomorrow 16:30 Cairo, in 22 h 0 min",
    "2026-04-01 16:30": "due Sun 05 Apr 2026 16:30 Cairo, in 4 d 0 h",
    "2026-04-06 09:35": "overdue by 17 h 5 min, was due yesterday 16:30 Cairo",
    "2026-04-10 17:30": "overdue by 5 d 1 h, was due Sun 05 Apr 2026 16:30 Cairo",
}


@pytest.mark.parametrize(("now", "said"), WORDS.items())
def test_in_words(now: str, said: str) -> None:
    assert clocks.words(cairo("2026-04-05 16:30"), cairo(now)) == said


def test_the_day_in_the_words_is_that_of_cairo() -> None:
    assert clocks.words(cairo("2026-04-05 00:30"), cairo("2026-04-04 23:30")) == "due tomorrow 00:30 Cairo, in 1 h 0 min"


#: Deadline, now -> whether those who have to act are told about a clock of hours, and about one of days.
NEAR = {
    "hours, on the second": ("EG-24H", cairo("2026-04-05 16:30"), cairo("2026-04-05 16:30") - clocks.NEAR_H, True),
    "hours, not yet": ("EG-24H", cairo("2026-04-05 16:30"), cairo("2026-04-05 16:29") - clocks.NEAR_H, False),
    "days, on the second": ("EG-7D", cairo("2026-04-05 16:30"), cairo("2026-04-05 16:30") - clocks.NEAR_D, True),
    "days, not yet": ("EG-7D", cairo("2026-04-05 16:30"), cairo("2026-04-05 16:29") - clocks.NEAR_D, False),
    "over": ("EG-24H", cairo("2026-04-05 16:30"), cairo("2026-04-08 16:30"), True),
    "the night of 25 hours": ("EG-24H", cairo("2026-10-30 01:00"), cairo("2026-10-30 01:30") - clocks.NEAR_H, False),
}


@pytest.mark.parametrize(("code", "due", "now", "near"), NEAR.values(), ids=NEAR)
def test_when_a_deadline_is_near(code: str, due: datetime, now: datetime, near: bool) -> None:
    assert clocks.is_near(clocks.RULES[code], due, now) is near


def test_deadlines_are_kept_in_utc() -> None:
    assert all(rule.due(cairo("2026-04-05 16:30")).tzinfo is UTC for rule in clocks.RULES.values())


def test_words_of_a_clock_that_has_not_started() -> None:
    assert clocks.words(None, cairo("2026-04-05 16:30")) == "not started yet"
    assert not clocks.is_late(None, cairo("2026-04-05 16:30"))


def test_the_seconds_of_the_minute_are_still_in_time() -> None:
    last = cairo("2026-04-05 16:30")
    assert not clocks.is_late(last, last + timedelta(seconds=59))
    assert clocks.is_late(last, last + timedelta(seconds=60))


moments = st.datetimes(datetime(2024, 1, 1), datetime(2028, 12, 1)).map(
    lambda naive: naive.replace(tzinfo=UTC, second=0, microsecond=0)
)
tri = st.sampled_from([True, False, None])
cases = st.builds(Case, serious=st.booleans(), occurred_at=moments, site_aware_at=moments, sponsor_aware_at=st.none() | moments,
                  related=tri, expected=tri, fatal_or_life_threatening=tri)  # fmt: skip


@given(moments)
def test_no_deadline_lies_before_its_start_or_beyond_its_days(start: datetime) -> None:
    for rule in clocks.RULES.values():
        elapsed = rule.due(start) - start
        if rule.hours:
            assert elapsed == timedelta(hours=rule.hours)
        else:
            days = timedelta(days=rule.days)
            assert days - timedelta(hours=1) <= elapsed < days + timedelta(days=1 if rule.whole_day else 0, hours=1, minutes=1)


@given(moments)
def test_whole_days_count_the_dates_of_cairo(start: datetime) -> None:
    for rule in (rule for rule in clocks.RULES.values() if rule.whole_day):
        last = rule.due(start)
        assert (last.astimezone(CAIRO).date() - start.astimezone(CAIRO).date()).days == rule.days
        assert (last + timedelta(minutes=1)).astimezone(CAIRO).date() > last.astimezone(CAIRO).date(), "the last minute of it"


@given(cases)
def test_the_earliest_stands_first_and_what_is_unknown_never_loosens(case: Case) -> None:
    found = [d.due for d in clocks.deadlines(case)]
    known = [d for d in found if d is not None]
    assert known == sorted(known)
    assert found[: len(known)] == known
    for name in ("related", "expected", "fatal_or_life_threatening"):
        unknown = {d.key for d in clocks.deadlines(replace(case, **{name: None}))}
        for answer in (True, False):
            answered = {d.key for d in clocks.deadlines(replace(case, **{name: answer}))} - {("SUSAR-15D", "eda")}
            assert answered <= unknown


@given(cases, st.sampled_from(list(Start)))
def test_a_later_awareness_never_moves_an_egyptian_deadline(case: Case, start: Start) -> None:
    later = replace(case, site_aware_at=case.site_aware_at + timedelta(days=3))
    first, second = ({d.key: d.due for d in clocks.deadlines(c) if d.rule.family == clocks.EGYPT} for c in (case, later))
    assert first == second


@given(moments, moments)
def test_words_agree_with_lateness(due: datetime, now: datetime) -> None:
    assert clocks.words(due, now).startswith("overdue") == clocks.is_late(due, now)
