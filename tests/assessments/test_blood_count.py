"""One blood count beside the others of the child, its doses and its bleeding log: what is asked, on both sides of a limit."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from assessments.counts import Counted, implausible_fall, implausible_rise
from assessments.crfs.blood_count import BloodCount
from assessments.haemolysis import Fall, Haemoglobin, fall_after, last_infusion_before
from casebook.models import FormRecord
from demo.builder import at

START = datetime(2026, 3, 1, 8, tzinfo=UTC)


def hours(number: float) -> datetime:
    return START + timedelta(hours=number)


#: Platelets before and after, hours between -> implausible rise, implausible fall.
JUMPS = {
    "20-fold in 48 h": (10, 200, 48, False, False),
    "more than 20-fold in 48 h": (10, 201, 48, True, False),
    "more than 20-fold in 49 h": (10, 201, 49, False, False),
    "from nothing": (0, 60, 24, False, False),
    "from next to nothing": ("0.05", "1.1", 24, True, False),
    "80 % in 24 h": (100, 20, 24, False, False),
    "more than 80 % in 24 h": (100, 19, 24, False, True),
    "more than 80 % in 25 h": (100, 19, 25, False, False),
    "at the same moment": (100, 1, 0, False, False),
}


@pytest.mark.parametrize(("before", "after", "apart", "rise", "fall"), JUMPS.values(), ids=JUMPS)
def test_jumps(before: int | str, after: int | str, apart: int, rise: bool, fall: bool) -> None:
    pair = Counted(START, Decimal(before)), Counted(hours(apart), Decimal(after))
    assert (implausible_rise(*pair), implausible_fall(*pair)) == (rise, fall)


#: Fall in g/dL -> prompts haemolysis, wants DAT, what is said.
FALLS = {
    "0.9": (False, False, "(12.0 g/dL)."),
    "1.0": (False, True, "repeat the direct antiglobulin test"),
    "1.9": (False, True, "repeat the direct antiglobulin test"),
    "2.0": (True, True, "Think of haemolysis"),
    "-0.5": (False, False, "(12.0 g/dL)."),
}


@pytest.mark.parametrize(("fall", "haemolysis", "dat", "text"), [(k, *v) for k, v in FALLS.items()], ids=FALLS)
def test_falls_of_haemoglobin(fall: str, haemolysis: bool, dat: bool, text: str) -> None:
    found = Fall(Haemoglobin(START, Decimal("12.0")), Haemoglobin(hours(48), Decimal(12) - Decimal(fall)))
    assert (found.prompts_haemolysis, found.wants_dat, text in found.text) == (haemolysis, dat, True)


def test_the_fall_counts_from_the_last_value_before_the_infusion() -> None:
    known = [Haemoglobin(hours(-72), Decimal(13)), Haemoglobin(hours(-1), Decimal(12)), Haemoglobin(hours(24), Decimal(10))]
    this = Haemoglobin(hours(48), Decimal(10))
    found = fall_after(START, known, this)
    assert found
    assert found.before == known[1]
    assert fall_after(START, known[2:], this) is None, "nothing to compare with"
    assert fall_after(hours(50), known, this) is None, "a value before the infusion is no value after it"


def test_the_last_infusion_before_a_moment() -> None:
    assert last_infusion_before(hours(5), [hours(0), hours(4), hours(5)]) == hours(4)
    assert last_infusion_before(hours(0), [hours(0)]) is None


# --- on the form -----------------------------------------------------------------------------------------------------


@pytest.fixture
def day_0(universe: Any) -> date:
    """The responder: 12 with haemoglobin 11.8 at 08:30, infusion at 09:30; 60 on day 3; 70 on day 10."""
    return universe.today - timedelta(days=11)


def found(record: FormRecord) -> set[str]:
    return set(record.findings.filter(state="open").values_list("code", flat=True))


#: Day and hour, platelets and further answers of one more count of the responder -> the findings.
BESIDE = {
    "a usual one": (3, 20, "70", {}, set()),
    "a 21-fold rise in two days": (2, 8, "253", {}, {"CBC04"}),
    "a 20-fold rise in two days": (2, 8, "240", {}, set()),
    "the same rise from an unusable sample": (2, 8, "253", {"quality": "clotted"}, {"CBC03"}),
    "a fall of 81 % to the day before": (4, 8, "11.4", {}, {"CBC05"}),
    "a fall of 80 %": (4, 8, "12", {}, set()),
    "haemoglobin 2.0 lower than before the dose": (4, 9, "70", {"haemoglobin": "9.8"}, {"CBC09"}),
    "haemoglobin 1.9 lower": (4, 9, "70", {"haemoglobin": "9.9"}, set()),
    "haemoglobin low before any dose": (0, 7, "12", {"haemoglobin": "9.5"}, set()),
    "a repeat of nothing": (3, 20, "70", {"is_repeat": "Y"}, {"CBC10"}),
    "no repeat": (3, 20, "70", {"is_repeat": "N"}, set()),
    "confirmed by smear": (3, 20, "70", {"quality": "clumped_ok", "confirmed_by": "smear"}, set()),
    "confirmed by nobody knows what": (3, 20, "70", {"quality": "clumped_ok"}, {"MISSING"}),
}  # fmt: skip


@pytest.mark.parametrize(("day", "hour", "platelets", "answers", "codes"), BESIDE.values(), ids=BESIDE)
def test_beside_the_other_counts(
    universe: Any, day_0: date, day: int, hour: int, platelets: str, answers: dict[str, str], codes: set[str]
) -> None:
    on = day_0 + timedelta(days=day)
    saved = universe.clinic().extra_count(universe.responder, on, platelets, taken_at=at(on, hour), **answers)
    assert found(saved.record) == codes


def test_a_repeat_names_the_sample_that_it_repeats(universe: Any, day_0: date) -> None:
    clinic, on = universe.clinic(), day_0 + timedelta(days=4)
    clinic.extra_count(universe.responder, on, "70", quality="clotted")
    crf = clinic.extra_count(universe.responder, on, "65", taken_at=at(on, 12), is_repeat="Y").record.crf()
    assert crf.repeat_of == BloodCount.objects.get(quality="clotted").taken_at


def test_a_sample_after_the_start_of_the_infusion_is_shown_only(universe: Any, day_0: date) -> None:
    record = universe.record(universe.responder, "blood-count", "LOAD")
    universe.fill(record, universe.clara, taken_at=at(day_0, 9, 30))
    assert found(record) == set()
    universe.fill(record, universe.clara, taken_at=at(day_0, 9, 31))
    assert found(record) == {"CBC08"}


#: Visit -> what a count that was not done asks.
@pytest.mark.parametrize(("visit", "codes"), [("LOAD", {"CBC07"}), ("D3", set())])
def test_a_dose_without_a_count_is_asked_about(universe: Any, visit: str, codes: set[str]) -> None:
    record = universe.record(universe.responder, "blood-count", visit)
    universe.fill(record, universe.clara, done="N", why_not="No vein")
    assert found(record) == codes


#: Episode: first day, last day (None = ongoing) -> does it contradict "no bleeding" on day 3?
EPISODES = {"before": (1, 2, False), "until that day": (1, 3, True), "from that day on": (3, None, True),
            "after": (4, None, False)}  # fmt: skip


@pytest.mark.parametrize(("first", "last", "asked"), EPISODES.values(), ids=EPISODES)
def test_a_dated_episode_contradicts_no_bleeding(universe: Any, day_0: date, first: int, last: int | None, asked: bool) -> None:
    dates = {"started_on": day_0 + timedelta(days=first), "ongoing": "Y" if last is None else "N"}
    dates |= {"ended_on": day_0 + timedelta(days=last)} if last else {}
    universe.clinic().log(universe.responder, "bleeding-episode", site_of_bleeding="epistaxis", peak_grade=2,
                          evidence="record", **dates)  # fmt: skip
    count = universe.record(universe.responder, "blood-count", "D3")
    universe.fill(count, universe.clara, platelets="61")
    assert ("CBC06" in found(count)) == asked
    universe.fill(count, universe.clara, bleeding="2")
    assert "CBC06" not in found(count), "and it is settled when both say the same"
