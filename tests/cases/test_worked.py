"""The worked cases of the protocol (chapter 12) by their ids, through the rules that decide in the trial.

One table a chapter: what is known of a child, and what the trial decides. The series of chapters 12.5 and 12.6 stand in
``responses.jsonl``. Day 0 is 2 March 2025. The edges of each rule stand with the tests of its module.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

import pytest

from assessments import clocks, ctcae
from assessments.crfs.bleeding import BleedingAssessment
from assessments.crfs.blood_count import BloodCount
from assessments.serology import Result, Serology, read
from assessments.smog import ITEMS
from assessments.vaccines import Dose, warning
from assessments.windows import Given, onset
from casebook.models import FormRecord
from dosing.dose import Bag, check
from dosing.interval import Decision, classify_interval, propose
from enrollment.eligibility import Evidence, assess
from itp_trial.normalise import CAIRO, Unreadable
from responses.classification import Rules, classify, status_of
from responses.counts import Infusion, Sample, baseline, daily_counts
from tests.responses.courses import DAY_0, course, day

D, G = date.fromisoformat, Decimal
Decides = Callable[[], object]


def cases(table: dict[str, tuple[Decides, object]]) -> pytest.MarkDecorator:
    """Each case by its id: what decides it, and what the protocol expects."""
    return pytest.mark.parametrize(("decides", "expected"), table.values(), ids=table)


def cairo(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=CAIRO)


# --- 12.1 eligibility ------------------------------------------------------------------------------------------------

SUITABLE = Evidence(
    birth_date=D("2020-03-02"), confirmed_on=DAY_0, diagnosis="2024-10-02", tpo_ra_ever=False, severe_ivig_reaction=False,
    intracranial_haemorrhage=False, difficult_venous_access=False, other_thrombocytopenia=False, entry_count=G(12),
    entry_count_on=DAY_0, iga_deficiency=False, renal_impairment=False, positive_dat=False, thrombosis_history=False,
    live_vaccine_recent=False, concurrent_steroids=False, in_another_study=False,
)  # fmt: skip


def phase(diagnosis: str, confirmed: str) -> Decides:
    """R2: outcome, phase, exactly on a boundary."""
    child = replace(SUITABLE, diagnosis=diagnosis, confirmed_on=D(confirmed), entry_count_on=D(confirmed))
    return lambda: ((found := assess(child)).eligible, found.phase, found.boundary)


def born(on: str) -> Decides:
    """R1: outcome by default, and with the reading "not older than 10.0 years"."""
    child = replace(SUITABLE, birth_date=D(on))
    return lambda: (assess(child).eligible, assess(child, strict_age=True).eligible)


def counted(*counts: int) -> Decides:
    """R3: outcome and number of warnings for each entry count."""
    found = [assess(replace(SUITABLE, entry_count=G(count))) for count in counts]
    return lambda: [(each.eligible, len(each.warnings)) for each in found]


def answered(**answers: bool) -> Decides:
    """R4."""
    return lambda: assess(replace(SUITABLE, **answers)).eligible


ELIGIBILITY: dict[str, tuple[Decides, object]] = {
    "E01": (phase("2025-01-15", "2025-04-14"), ("not eligible", "newly diagnosed", False)),
    "E02": (phase("2025-01-15", "2025-04-15"), ("eligible", "persistent", True)),
    "E04": (phase("2024-04-15", "2025-04-16"), ("not eligible", "chronic", False)),
    "E06": (phase("2024-11-30", "2025-02-28"), ("eligible", "persistent", True)),
    "E08": (phase("2025-01", "2025-04-20"), ("query", None, False)),
    "E09": (born("2024-03-02"), ("eligible", "eligible")),
    "E11": (born("2014-03-03"), ("eligible", "not eligible")),
    "E13": (answered(tpo_ra_ever=True), "not eligible"),
    "E14": (counted(100, 99, 55, 30), [("not eligible", 0), ("eligible", 2), ("eligible", 2), ("eligible", 1)]),
    # A mild headache is no severe reaction: the criterion is answered "no".
    "E15": (answered(severe_ivig_reaction=False), "eligible"),
}


@cases(ELIGIBILITY)
def test_eligibility(decides: Decides, expected: object) -> None:
    assert decides() == expected


# --- 12.2 doses; the last one was given on Day 0 ---------------------------------------------------------------------


def due(count: str, today: int = 14) -> date | None:
    """R6: the day that is proposed after this count."""
    return propose(Decision(DAY_0, 1, day(today), count=G(count), count_on=day(today))).due


def low_count() -> object:
    found = propose(Decision(DAY_0, 1, day(12), count=G(29), count_on=day(12)))
    days = [(on - DAY_0).days for on in (found.due, found.earliest, found.latest) if on]
    return days, [str(on) for on in (found.due, found.earliest, found.latest)], classify_interval(12).verdict


def no_count() -> object:
    found = propose(Decision(DAY_0, 1, day(14), count=G(50), count_on=day(10)))
    return found.due, found.needs_query


def after_the_last() -> object:
    found = propose(Decision(D("2025-07-20"), 6, D("2025-08-03"), count=G(15), count_on=D("2025-08-03")))
    return found.state, found.due, found.end_of_treatment


def loading(minutes: int = 420, ml: int = 440, stopped_early: bool = False) -> Any:
    """R5, R7: 20.0 kg, a lot of 45.4 g/L."""
    start = cairo("2025-03-02 09:00")
    return check(0, G("20.0"), DAY_0, start, start + timedelta(minutes=minutes), [Bag(G(ml), G("45.4"))], stopped_early)


def topics(minutes: int) -> list[tuple[str, str]]:
    return [(found.topic, found.level) for found in loading(minutes).findings]


def stopped_at_30_percent() -> object:
    found = loading(minutes=120, ml=132, stopped_early=True)
    ended = propose(Decision(DAY_0, 1, day(1), ended_reason="Reaction to the infusion"))
    return found.counts_as_dose, found.partial, ended.end_of_treatment


LATE = [("duration", "deviation")]
DOSES: dict[str, tuple[Decides, object]] = {
    "G01": (low_count, ([14, 12, 16], ["2025-03-16", "2025-03-14", "2025-03-18"], "minor deviation")),
    "G03": (lambda: (due("99.9"), due("100")), (day(21), D("2025-03-30"))),
    "G05": (no_count, (None, True)),
    "G07": (after_the_last, ("no further dose (maximum reached)", None, D("2025-07-20"))),
    "G09": (lambda: (loading().grams.quantize(G("0.01")), loading().g_per_kg, loading().findings), (G("19.98"), G("1.00"), ())),
    "G11": (lambda: [topics(minutes) for minutes in (345, 360, 480, 500)], [LATE, [], [], LATE]),
    "G13": (stopped_at_30_percent, (True, True, DAY_0)),
}


@cases(DOSES)
def test_doses(decides: Decides, expected: object) -> None:
    assert decides() == expected


# --- 12.3 the status of one count ------------------------------------------------------------------------------------


def bleeding_of_grade(grade: int) -> object:
    """R12, R13: a count of 150 on a day with bleeding of this grade; strictly, and where bleeding begins at grade 2."""
    child = course({3: 150}, baseline=20, bleeds=[(3, 3, grade)])
    return [classify(child, rules).counts[0].status for rules in (Rules(), Rules(bleed_grade=2))]


def status(count: int | None, base: int | None = 20, bleeding: bool | None = False) -> Decides:
    numbers = [None if each is None else G(each) for each in (count, base)]
    return lambda: status_of(numbers[0], numbers[1], bleeding, Rules())[0]


STATUS: dict[str, tuple[Decides, object]] = {
    "I01": (status(100), "CR"),
    "I03": (status(40), "R"),
    "I05": (status(30, 15), "R"),
    "I07": (lambda: bleeding_of_grade(1), ["NR", "CR"]),
    "I08": (lambda: bleeding_of_grade(0), ["CR", "CR"]),
    "I10": (status(12, bleeding=None), "NR"),
    "I11": (status(50, None), "NE"),
    "I13": (status(100, None), "CR"),
    "I14": (status(30, 0), "R"),
    "I16": (status(None), "NE"),
}


@cases(STATUS)
def test_status_of_one_count(decides: Decides, expected: object) -> None:
    assert decides() == expected


# --- 12.4 which count speaks for a day -------------------------------------------------------------------------------


def chosen(*samples: tuple[int, str, int], dose: tuple[int, str] | None = None) -> Decides:
    """R9, R10: day, time and count of each sample -> the count that is used, and those that are only shown."""
    taken = [Sample(day(on), G(value), time.fromisoformat(at)) for on, at, value in samples]
    doses = [Infusion(day(dose[0]), time.fromisoformat(dose[1]))] if dose else []
    return lambda: [(count.value, [each.sample.value for each in count.excluded]) for count in daily_counts(taken, doses)]


def baseline_of(*samples: tuple[int, str, int]) -> Decides:
    """R11, with the loading dose at 10:00."""
    taken = [Sample(day(on), G(value), time.fromisoformat(at)) for on, at, value in samples]
    return lambda: (found := baseline(daily_counts(taken, [Infusion(DAY_0, time(10))]), DAY_0)) and found.value


def typed(raw: str) -> object:
    """What the form says of a typed count, or the stored value and how it was printed."""
    try:
        reading = BloodCount.items()["platelets"].parse(raw)
    except Unreadable as error:
        return str(error)
    return reading, reading.measurement.printed


SELECTION: dict[str, tuple[Decides, object]] = {
    "S01": (chosen((10, "08:00", 95), (10, "14:00", 102)), [(102, [95])]),
    "S04": (chosen((14, "08:30", 28), (14, "17:00", 40), dose=(14, "10:00")), [(28, [40])]),
    "S06": (baseline_of((0, "09:00", 11), (0, "18:00", 25)), 11),
    "S08": (baseline_of((-8, "09:00", 9)), None),
    # The hint names both ways out; a correction of a stored count is kept by the trail like any other change.
    "S10": (lambda: ("Then enter 85 (×10⁹/L)" in str(typed("85000")), typed("85"), typed("85000 /µL")),
            (True, (85, "85 10^9/L"), (85, "85000 /uL"))),
}  # fmt: skip


@cases(SELECTION)
def test_which_count_is_used(decides: Decides, expected: object) -> None:
    assert decides() == expected


# --- 12.7 ITP-BAT ----------------------------------------------------------------------------------------------------


def assessment(**signs: tuple[int, str, str]) -> Decides:
    """The form as filled, not stored: sign -> worst grade, evidence, present today. Its string and the worst of today."""
    crf = BleedingAssessment(record=FormRecord(form="bleeding-assessment"), any_bleeding="Y" if signs else "N")
    for sign in ITEMS:
        grade, evidence, today = signs.get(sign.code, (0, None, None))
        setattr(crf, sign.code, grade)
        setattr(crf, f"{sign.code}_evidence", evidence)
        setattr(crf, f"{sign.code}_today", today)
    crf.derive([])
    return lambda: (crf.smog_text, crf.present_grade)


def b11() -> object:
    """Grade 3 on day 5 by record; clear at the visit of day 14, where the count is 80 (baseline 10)."""
    found = classify(course({14: 80}, baseline=10, bleeds=[(5, 5, 3)]))
    return assessment(epistaxis=(3, "record", "N"))(), found.counts[0].status


BLEEDING: dict[str, tuple[Decides, object]] = {
    "B01": (assessment(), ("S0M0O0", 0)),
    "B02": (assessment(petechiae=(2, "seen", "Y"), ecchymoses=(1, "seen", "Y"), epistaxis=(1, "report", "N")), ("S2M1O0", 2)),
    "B04": (assessment(epistaxis=(2, "record", "N")), ("S0M2O0", 0)),
    "B05": (assessment(petechiae=(3, "report", "N")), ("S1M0O0", 0)),
    "B07": (assessment(ecchymoses=(2, "seen", "Y")), ("S2M0O0", 2)),
    "B09": (assessment(intracranial=(5, "record", "Y")), ("S0M0O5", 5)),
    "B11": (b11, (("S0M3O0", 0), "R")),
    "B12": (assessment(epistaxis=(4, "record", "N"), petechiae=(3, "seen", "Y")), ("S3M4O0", 3)),
}


@cases(BLEEDING)
def test_itp_bat(decides: Decides, expected: object) -> None:
    assert decides() == expected


# --- 12.8 windows and clocks of safety -------------------------------------------------------------------------------


def chills() -> object:
    given = Given("loading", cairo("2025-03-02 09:00"), cairo("2025-03-02 16:00"))
    found = onset(cairo("2025-03-02 10:30"), [given])
    return found.period, found.is_infusion_related


def one_event() -> object:
    """Beside a reaction to this infusion urticaria asks whether it is a part of it, an allergic reaction always does."""
    said = {code: ctcae.reported_twice(code, infusion_related=True, beside_reaction=True)
            for code in (ctcae.INFUSION_REACTION, ctcae.URTICARIA, ctcae.ALLERGIC_REACTION)}  # fmt: skip
    return [bool(text) for text in said.values()]


def fatal_susar() -> object:
    """The days by which the regulator has to know, from the awareness of the sponsor."""
    case = clocks.Case(serious=True, occurred_at=cairo("2025-04-04 20:00"), sponsor_aware_at=cairo("2025-04-05 10:00"),
                       related=True, expected=False, fatal_or_life_threatening=True)  # fmt: skip
    ich = [each for each in clocks.deadlines(case) if each.rule.start is clocks.Start.SPONSOR_AWARE]
    return [(each.body, each.due.astimezone(CAIRO).date()) for each in ich if each.due]


def new_antibody() -> object:
    before, now = {"anti_hbs": Result.NEGATIVE}, {"anti_hbs": Result.POSITIVE, "hbsag": Result.NEGATIVE}
    found = read(Serology(day(14), now), Serology(DAY_0, before), DAY_0)
    return "passive antibody" in found.note, found.alarm


SAFETY: dict[str, tuple[Decides, object]] = {
    "A01": (chills, ("during", True)),
    "A03": (one_event, [False, True, True]),
    "A04": (lambda: (ctcae.is_possible("headache", 4), ctcae.is_possible("headache", 3)), (False, True)),
    "A07": (lambda: ctcae.is_platelet_event(baseline=8, count=6, with_consequences=False), False),
    "A09": (fatal_susar, [("eda", D("2025-04-12")), ("eda", D("2025-04-20"))]),
    "A11": (new_antibody, (True, "")),
    "A12": (lambda: "wait 10 months, until 02 Jan 2026" in warning(D("2025-08-02"), [Dose(DAY_0, G("1.0"))]), True),
}


@cases(SAFETY)
def test_safety(decides: Decides, expected: object) -> None:
    assert decides() == expected


def test_none_is_left_out() -> None:
    """The ids of chapter 12 as the protocol prints them; its numbers leave gaps."""
    tables = {"E": ELIGIBILITY, "G": DOSES, "I": STATUS, "S": SELECTION, "B": BLEEDING, "A": SAFETY}
    printed = {"E": "01 02 04 06 08 09 11 13 14 15", "G": "01 03 05 07 09 11 13", "I": "01 03 05 07 08 10 11 13 14 16",
               "S": "01 04 06 08 10", "B": "01 02 04 05 07 09 11 12", "A": "01 03 04 07 09 11 12"}  # fmt: skip
    assert {letter: " ".join(case.removeprefix(letter) for case in table) for letter, table in tables.items()} == printed
