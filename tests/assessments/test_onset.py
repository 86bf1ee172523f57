"""During, immediate, delayed, late: counted from the infusions in elapsed time, also over the nights when the clock jumps."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assessments.windows import Given, Onset, Period, Precision, known_between, onset, onset_between
from itp_trial.normalise import CAIRO

DAY = timedelta(days=1)


def cairo(text: str, fold: int = 0) -> datetime:
    return datetime.strptime(text, "%Y-%m-%d %H:%M").replace(tzinfo=CAIRO, fold=fold)


FIRST = Given("LOAD", cairo("2025-03-02 09:00"), cairo("2025-03-02 16:00"))
SECOND = Given("M1", cairo("2025-03-23 09:00"), cairo("2025-03-23 13:00"))
RUNNING = Given("M2", cairo("2025-04-13 09:00"), None)
#: Egypt's summer time of 2025 began in the night to 25 April: the day before ends 24 hours after 23 o'clock came.
SPRING = Given("M3", cairo("2025-04-24 10:00"), cairo("2025-04-24 14:00"))

#: When it began -> period and the infusion that it is counted from (``protocol.md`` 6.3 and 12.8).
CASES = {
    "before any infusion": ("2025-03-02 08:59", Period.BEFORE, None),
    "as it starts": ("2025-03-02 09:00", Period.DURING, "LOAD"),
    "A01 chills at 10:30": ("2025-03-02 10:30", Period.DURING, "LOAD"),
    "as it ends": ("2025-03-02 16:00", Period.DURING, "LOAD"),
    "a minute after": ("2025-03-02 16:01", Period.IMMEDIATE, "LOAD"),
    "24 h after": ("2025-03-03 16:00", Period.IMMEDIATE, "LOAD"),
    "24 h and a minute after": ("2025-03-03 16:01", Period.DELAYED, "LOAD"),
    "the next infusion ends the window": ("2025-03-23 09:00", Period.DURING, "M1"),
    "just before the next": ("2025-03-23 08:59", Period.DELAYED, "LOAD"),
    "while one runs": ("2025-04-14 09:00", Period.DURING, "M2"),
    "24 h later over the spring night": ("2025-04-25 15:00", Period.IMMEDIATE, "M3"),
    "25 h later over the spring night": ("2025-04-25 15:01", Period.DELAYED, "M3"),
    "28 days later": ("2025-05-22 15:00", Period.DELAYED, "M3"),
    "28 days and a minute later": ("2025-05-22 15:01", Period.LATE, "M3"),
}


@pytest.mark.parametrize(("at", "period", "key"), CASES.values(), ids=CASES)
def test_the_period(at: str, period: Period, key: str | None) -> None:
    found = onset(cairo(at), [SPRING, SECOND, FIRST, RUNNING])
    assert (found.period, found.given.key if found.given else None) == (period, key)


def test_minutes_since_the_start() -> None:
    assert onset(cairo("2025-03-02 10:30"), [FIRST]).minutes == 90


def test_infusion_related_is_during_or_immediate() -> None:
    assert {period for period in Period if Onset(period).is_infusion_related} == {Period.DURING, Period.IMMEDIATE}


#: Start as entered, how exactly it is known -> period.
ROUGH = {
    "to the minute": ("2025-03-03 15:45", Precision.MINUTE, Period.IMMEDIATE),
    "about that hour, near the border": ("2025-03-03 15:45", Precision.HOUR, Period.UNCERTAIN),
    "about that hour, far from it": ("2025-03-03 12:00", Precision.HOUR, Period.IMMEDIATE),
    "the day of the infusion only": ("2025-03-02 12:00", Precision.DAY, Period.UNCERTAIN),
    "a day well after it": ("2025-03-10 12:00", Precision.DAY, Period.DELAYED),
}


@pytest.mark.parametrize(("at", "precision", "period"), ROUGH.values(), ids=ROUGH)
def test_a_rough_time_is_not_more_than_it_is(at: str, precision: Precision, period: Period) -> None:
    found = onset_between(*known_between(cairo(at), precision), [FIRST, SECOND])
    assert found.period == period
    assert (found.minutes is None) is (precision != Precision.MINUTE)


def test_uncertain_between_two_periods_of_one_infusion_still_names_it() -> None:
    found = onset_between(*known_between(cairo("2025-03-03 16:00"), Precision.HOUR), [FIRST])
    assert (found.period, found.given) == (Period.UNCERTAIN, FIRST)


def test_a_day_of_23_hours_is_known_from_its_first_to_its_last_minute() -> None:
    first, last = known_between(cairo("2025-04-25 12:00"), Precision.DAY)
    assert last.astimezone(UTC) - first.astimezone(UTC) == timedelta(hours=22, minutes=59)


instants = st.datetimes(datetime(2024, 1, 1), datetime(2027, 1, 1)).map(lambda naive: naive.replace(tzinfo=UTC))
infusions = st.lists(
    st.builds(lambda at, hours: Given(str(at), at, at + timedelta(hours=hours)), instants, st.integers(1, 9)), max_size=6
)


@given(instants, infusions, st.randoms())
def test_the_order_of_the_infusions_does_not_matter(at: datetime, given_: list[Given], random: object) -> None:
    mixed = list({g.started_at: g for g in given_}.values())
    before = onset(at, mixed)
    random.shuffle(mixed)
    assert onset(at, mixed) == before


@given(instants, infusions)
def test_time_moves_an_event_only_outwards(at: datetime, given_: list[Given]) -> None:
    """Without a further infusion a later start is never nearer to the last one."""
    order = [Period.BEFORE, Period.DURING, Period.IMMEDIATE, Period.DELAYED, Period.LATE]
    first = onset(at, given_)
    later = onset(at + timedelta(hours=3), given_)
    if first.given == later.given:
        assert order.index(later.period) >= order.index(first.period)


@given(instants, infusions)
def test_the_zone_in_which_a_moment_is_said_changes_nothing(at: datetime, given_: list[Given]) -> None:
    local = [Given(g.key, g.started_at.astimezone(CAIRO), g.stopped_at.astimezone(CAIRO)) for g in given_]
    here, there = onset(at, given_), onset(at.astimezone(CAIRO), local)
    assert (here.period, here.minutes) == (there.period, there.minutes)
