"""Intervals R6: the protocol's cases G01-G07 (last dose 2025-03-02) and both sides of every limit."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dosing.interval import Decision, Deviation, Proposal, State, classify_interval, propose

LAST = date(2025, 3, 2)


def day(number: int) -> date:
    return LAST + timedelta(days=number)


def decide(today: int, count: str | None = None, on: int | None = None, **more: Any) -> Proposal:
    """Decide on day ``today`` with ``count`` taken on day ``on`` (unless told: today)."""
    taken = None if count is None else day(today if on is None else on)
    more = {"doses_given": 1, **more}
    value = None if count is None else Decimal(count)
    return propose(Decision(LAST, today=day(today), count=value, count_on=taken, **more))


def texts(proposal: Proposal) -> str:
    return " ".join(reason.text for reason in proposal.reasons)


@pytest.mark.parametrize("today", [12, 14])
def test_g01_low_count(today: int) -> None:
    found = decide(today, "29", on=12)
    assert (found.state, found.due) == ("proposed", date(2025, 3, 16))
    assert (found.earliest, found.latest) == (date(2025, 3, 14), date(2025, 3, 18))
    assert found.band == "below 30: 14 days"
    for words in ("Count 29 ×10⁹/L on 2025-03-14", "below 30: 14 days", "assumption", "before 2025-03-16"):
        assert words in texts(found)
    assert not found.needs_query


@pytest.mark.parametrize(
    ("case", "count", "interval"),
    [("", "0", 14), ("", "29.9", 14), ("", "30", 21), ("G03", "99.9", 21), ("G03", "100", 28), ("", "400", 28)],
)
def test_g03_bands(case: str, count: str, interval: int) -> None:
    found = decide(14, count)
    assert found.due == day(interval)
    assert found.review_on == (day(21) if interval == 28 else None)


@pytest.mark.parametrize(
    ("today", "taken", "state"),
    [
        (14, None, "no proposal: count missing"),  # G05
        (14, 10, "no proposal: count missing"),
        (14, 11, "proposed"),
        (14, 14, "proposed"),
        (14, 15, "no proposal: count missing"),
        (13, 10, "no proposal: too early"),
        (13, 11, "proposed"),
        (5, None, "no proposal: too early"),
        (5, 5, "no proposal: too early"),
        (0, None, "no proposal: too early"),
        (20, 11, "proposed"),
        (20, 10, "no proposal: count missing"),
        (21, 17, "no proposal: count missing"),
        (21, 18, "proposed"),
        (27, 18, "proposed"),
        (28, 24, "no proposal: count missing"),
        (28, 25, "proposed"),
    ],
)
def test_g05_a_decision_needs_a_recent_count(today: int, taken: int | None, state: State) -> None:
    found = decide(today, None if taken is None else "50", on=taken)
    assert found.state == state
    assert found.needs_query is (state == "no proposal: count missing")
    if state != "proposed":
        assert (found.due, found.earliest, found.latest) == (None, None, day(28))
    if found.needs_query:
        assert "2025-03-30 (day 28) is the latest day" in texts(found)


@pytest.mark.parametrize(
    ("today", "taken", "words"),
    [(14, None, "No valid count since"), (14, 10, "is too old"), (14, 15, "is after today")],
)
def test_the_missing_count_is_explained(today: int, taken: int | None, words: str) -> None:
    assert words in texts(decide(today, None if taken is None else "50", on=taken))


def test_a_count_of_today_before_the_first_decision_is_early_not_old() -> None:
    said = texts(decide(5, "50", on=5, worst_bleeding=2))
    assert f"of {day(5)}, is too early for the first decision, on {day(14)}; a valid count from {day(11)} on" in said
    assert "too old" not in said


@pytest.mark.parametrize(
    ("today", "count", "due"),
    [
        (18, "20", 18),  # the child was to wait; a low count asks for the dose now, not four days ago
        (21, "20", 21),
        (21, "60", 21),
        (21, "150", 28),
        (28, "150", 28),
        (28, "20", 28),
        (30, "150", 28),  # day 28 at the latest
        (30, "20", 28),
    ],
)
def test_later_decisions(today: int, count: str, due: int) -> None:
    found = decide(today, count)
    assert found.due == day(due)
    assert ("overdue" in texts(found)) is (today > due)


@pytest.mark.parametrize(("today", "words"), [(15, "overdue by 1 day:"), (16, "overdue by 2 days:")])
def test_a_missed_dose_keeps_its_due_date(today: int, words: str) -> None:
    found = decide(today, "20", on=13)
    assert found.due == day(14)
    assert words in texts(found)


def test_the_last_day_names_the_minor_deviation_after_it() -> None:
    found = decide(28, "150")
    assert (found.earliest, found.latest) == (day(26), day(30))
    assert "after 2025-03-30, the latest day for a dose" in texts(found)


@pytest.mark.parametrize(
    ("doses", "state"),
    [
        (1, "proposed"),
        (5, "proposed"),
        (6, "no further dose (maximum reached)"),
        (7, "no further dose (maximum reached)"),
    ],
)
def test_g07_maximum(doses: int, state: State) -> None:
    found = decide(14, "15", doses_given=doses)
    assert found.state == state
    assert found.end_of_treatment == (None if state == "proposed" else LAST)


def test_g07_as_printed() -> None:
    last = date(2025, 7, 20)
    found = propose(Decision(last, 6, last + timedelta(days=14), Decimal(15), last + timedelta(days=14)))
    assert (found.state, found.due, found.end_of_treatment) == ("no further dose (maximum reached)", None, last)
    assert "2025-07-20" in texts(found)


def test_g13_the_physician_may_end_maintenance_with_a_reason() -> None:
    found = decide(14, "15", ended_reason="reaction at 30 % of the dose")
    assert (found.state, found.end_of_treatment) == ("no further dose (maintenance ended)", LAST)
    assert "reaction at 30 %" in texts(found)


@pytest.mark.parametrize(("grade", "due"), [(None, 28), (0, 28), (1, 28), (2, 14), (4, 14)])
def test_bleeding_asks_for_the_short_interval(grade: int | None, due: int) -> None:
    assert decide(14, "150", worst_bleeding=grade).due == day(due)


@pytest.mark.parametrize(
    ("today", "seen", "due"),
    [(5, 3, 14), (5, None, 14), (14, 5, 14), (19, 19, 19), (19, None, 19), (30, 29, 28), (20, 16, 16)],
)
def test_bleeding_decides_without_a_count_and_asks_for_one(today: int, seen: int | None, due: int) -> None:
    found = decide(today, worst_bleeding=2, bleeding_on=None if seen is None else day(seen))
    assert (found.state, found.due) == ("proposed", day(due))
    assert "Take a count before the dose" in texts(found)
    assert found.band == "bleeding grade 2 or more: 14 days"


def test_the_earlier_of_count_and_bleeding_wins() -> None:
    assert decide(20, "20", worst_bleeding=2, bleeding_on=day(19)).due == day(19)
    assert decide(20, "20", on=14, worst_bleeding=2, bleeding_on=day(19)).due == day(14)


@pytest.mark.parametrize(
    ("days", "verdict"),
    [
        (0, "major deviation"),
        (11, "major deviation"),
        (12, "minor deviation"),
        (13, "minor deviation"),
        (14, "in protocol"),
        (21, "in protocol"),
        (28, "in protocol"),
        (29, "minor deviation"),
        (30, "minor deviation"),
        (31, "major deviation"),
    ],
)
def test_classify_interval(days: int, verdict: Deviation) -> None:
    found = classify_interval(days)
    assert (found.days, found.verdict, len(found.reasons)) == (days, verdict, 1)
    assert verdict in found.reasons[0].text


@pytest.mark.parametrize(("days", "proposed", "notes"), [(20, 14, 1), (14, 14, 0), (30, 14, 0)])
def test_off_band_inside_the_protocol_is_a_note_only(days: int, proposed: int, notes: int) -> None:
    assert len(classify_interval(days, proposed).reasons) == 1 + notes
    assert classify_interval(days, proposed).verdict == classify_interval(days).verdict


def test_impossible_input_is_refused() -> None:
    with pytest.raises(ValueError, match="cannot be before the previous one"):
        classify_interval(-1)
    with pytest.raises(ValueError, match="after the loading dose"):
        decide(14, "20", doses_given=0)
    with pytest.raises(ValueError, match="is before the last dose"):
        decide(-1)
    with pytest.raises(ValueError, match="needs its date"):
        Decision(LAST, 1, day(14), count=Decimal(20))
    with pytest.raises(ValueError, match="needs its date"):
        Decision(LAST, 1, day(14), count_on=day(14))
    for count in ("-1", "NaN"):
        with pytest.raises(ValueError, match="from 0 up"):
            decide(14, count)


@given(
    today=st.integers(0, 60),
    taken=st.integers(0, 60),
    low=st.integers(0, 300),
    more=st.integers(0, 300),
    grade=st.one_of(st.none(), st.integers(0, 5)),
)
def test_properties(today: int, taken: int, low: int, more: int, grade: int | None) -> None:
    fewer = decide(today, str(low), on=taken, worst_bleeding=grade)
    higher = decide(today, str(low + more), on=taken, worst_bleeding=grade)
    assert fewer.state == higher.state
    assert fewer.reasons
    if fewer.due and higher.due:
        assert day(14) <= fewer.due <= higher.due <= day(28)
        assert classify_interval((fewer.due - LAST).days).verdict == "in protocol"
        assert fewer.earliest is not None
        assert classify_interval((fewer.earliest - LAST).days).verdict != "major deviation"
