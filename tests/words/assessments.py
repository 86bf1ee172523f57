"""Stories about bleeding grades, laboratory values, vital signs, adverse events and their clocks."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from assessments import clocks, counts, ctcae, haemolysis, serology, smog, therapy, units, vaccines, windows
from assessments.clocks import Case
from assessments.serology import Result, Serology
from assessments.smog import ITEMS, Observation
from casebook import merging
from casebook.windows import Window, around
from casebook.workdays import WorkingDays, working_days
from itp_trial import growth, vital_signs
from itp_trial.growth import Weighed
from itp_trial.vital_signs import Signs
from tests.words.shown import Stories

CAIRO = ZoneInfo("Africa/Cairo")
DAY = date(2026, 3, 5)
NOON = datetime(2026, 3, 5, 12, tzinfo=CAIRO)


def hours(number: float) -> timedelta:
    return timedelta(hours=number)


def graded(*observations: tuple[str, int | None, Any]) -> Callable[[], Any]:
    """These items as seen; all others 0."""
    given = {item: (grade, how) for item, grade, how in observations}
    every = [(item.code, *given.get(item.code, (0, "seen"))) for item in ITEMS]
    return lambda: smog.grade(Observation(*each) for each in every if each[1] != -1)


SMOG: Stories = {
    "SMOG: nothing assessed": lambda: smog.grade([]),
    "SMOG: no bleeding": graded(),
    "SMOG: skin, mucosa and organ": graded(
        ("petechiae", 2, "seen"), ("haematoma", 2, "seen"), ("gum", 1, "report"), ("haematuria", 3, "record")
    ),
    "SMOG: by report only": graded(("petechiae", 3, "report"), ("epistaxis", 2, "report"), ("muscle", 2, None)),
    "SMOG: from a record only": graded(("vesicles", 2, "record"), ("gum", 2, "record"), ("joint", 3, "record")),
    "SMOG: a head bleed by report is no zero": graded(("intracranial", 4, "report")),
    "SMOG: fatal by report": graded(("other_internal", 5, "report")),
    "SMOG: two items left out": graded(
        ("petechiae", -1, None), ("ecchymoses", None, None), ("gum", 1, "seen"), ("lung", -1, None)
    ),
    "SMOG: one item as seen": lambda: smog.capped(Observation("petechiae", 3, "seen")),
    "SMOG: one item lowered": lambda: smog.capped(Observation("petechiae", 3, "report")),
    "SMOG: given twice": lambda: smog.grade([Observation("gum", 0), Observation("gum", 1)]),
    "SMOG: no such item": lambda: Observation("nose", 1),
    "SMOG: no such grade": lambda: Observation("joint", 6),
    "SMOG: no grade 1": lambda: Observation("intracranial", 1),
}

ALT = {"anti_hbs": Result.POSITIVE, "anti_hcv": Result.POSITIVE, "hiv": Result.NEGATIVE}

LABORATORY: Stories = {
    "serology: passive": lambda: (
        found := serology.read(Serology(DAY, ALT), Serology(DAY, {}), DAY - timedelta(days=30)),
        found.note,
        found.alarm,
    )[1:],
    "serology: too long after IVIG": lambda: serology.read(
        Serology(DAY, ALT), None, DAY - timedelta(days=serology.PASSIVE_D + 1)
    ),
    "serology: last day after IVIG": lambda: serology.read(Serology(DAY, ALT), None, DAY - timedelta(days=serology.PASSIVE_D)),
    "serology: on the day of IVIG": lambda: serology.read(Serology(DAY, ALT), None, DAY),
    "serology: before IVIG": lambda: serology.read(Serology(DAY, ALT), None, DAY + timedelta(days=1)),
    "serology: without IVIG": lambda: (found := serology.read(Serology(DAY, ALT), None, None), found.note, found.alarm)[1:],
    "serology: an equivocal marker": lambda: serology.read(
        Serology(DAY, {"anti_hcv": Result.POSITIVE, "hcv_rna": Result.EQUIVOCAL}), None, DAY
    ),
    "serology: every marker": lambda: serology.read(Serology(DAY, dict.fromkeys(serology.NAMES, Result.POSITIVE)), None, DAY),
    "serology: positive before": lambda: serology.read(Serology(DAY, ALT), Serology(DAY, ALT), DAY),
    "haemoglobin: a rise": lambda: _fall("9.0", "9.5"),
    "haemoglobin: a fall of 0.9": lambda: _fall("10.0", "9.1"),
    "haemoglobin: a fall of 1": lambda: _fall("10.0", "9.0"),
    "haemoglobin: a fall of 2": lambda: _fall("10.0", "8.0"),
    "haemoglobin: before the infusion": lambda: haemolysis.fall_after(NOON, [_hb(-1, "10")], _hb(0, "8")),
    "haemoglobin: which came before": lambda: haemolysis.fall_after(
        NOON, [_hb(-9, "12"), _hb(0, "11"), _hb(1, "10"), _hb(-5, "9")], _hb(2, "8")
    ),
    "haemoglobin: none before": lambda: haemolysis.fall_after(NOON, [_hb(1, "10")], _hb(2, "8")),
    "haemoglobin: the last infusion": lambda: haemolysis.last_infusion_before(NOON, [NOON, NOON - hours(2), NOON - hours(9)]),
    "count: jumps": lambda: {
        f"{before} to {after} in {apart} h": _jump(before, after, apart)
        for before, after, apart in (
            (5, 100, 48),
            (5, 101, 48),
            (5, 101, 49),
            (5, 101, 0),
            (0, 100, 1),
            (100, 20, 24),
            (100, 19, 24),
            (100, 19, 25),
            (100, 19, 0),
        )
    },
    "unit: read": lambda: {typed: units.read(typed, quantity, Decimal("0.001")) for typed, quantity in _TYPED},
    "unit: not of this result": lambda: units.read("12 mg/dL and more than that", units.CELLS, Decimal(1)),
    "unit: not a number": lambda: units.read("high", units.CELLS, Decimal(1)),
    "unit: wrong groups": lambda: units.read("85 000", units.CELLS, Decimal(1)),
    "unit: half a step": lambda: units.converted(Decimal("0.5"), "/uL", units.CELLS, Decimal("0.001")),
    "unit: another": lambda: units.read("1 g", units.CREATININE, Decimal(1)),
}

_TYPED = (
    ("85000 /uL", units.CELLS),
    ("85,000/mm3", units.CELLS),
    ("85 k", units.CELLS),
    ("85 x10^3/µl", units.CELLS),
    ("85", units.CELLS),
    ("85 ×10⁹/L", units.CELLS),
    ("85 Giga/L", units.CELLS),
    ("٨٥٠٠٠ /cmm", units.CELLS),
    ("85 *10e3/mcL", units.CELLS),
    ("85 10³/mm³", units.CELLS),
    ("118 g/L", units.HAEMOGLOBIN),
    ("11.8 g%", units.HAEMOGLOBIN),
    ("11.8 g / dL", units.HAEMOGLOBIN),
    ("11.8 gm/dl", units.HAEMOGLOBIN),
    ("900 mg%", units.IMMUNOGLOBULIN),
    ("44 µmol/L", units.CREATININE),
    ("17.1 umol/l", units.BILIRUBIN),
    ("-1.50", units.BILIRUBIN),
    ("  2.0 \n mg/dl ", units.BILIRUBIN),
)


def _hb(hour: float, g_per_dl: str) -> haemolysis.Haemoglobin:
    return haemolysis.Haemoglobin(NOON + hours(hour), Decimal(g_per_dl))


def _fall(before: str, after: str) -> Any:
    found = haemolysis.Fall(_hb(-1, before), _hb(9, after))
    return [found.text, found.prompts_haemolysis, found.wants_dat]


def _jump(before: int, after: int, apart: int) -> str:
    pair = counts.Counted(NOON, Decimal(before)), counts.Counted(NOON + hours(apart), Decimal(after))
    return f"rise {counts.implausible_rise(*pair)}, fall {counts.implausible_fall(*pair)}"


CHILD: Stories = {
    "growth: weight limits": lambda: [
        growth.weight_limits(sex, months) for sex in ("F", "M") for months in (0, 12, 18, 65, 119, 120, 150)
    ],
    "growth: height limits": lambda: [growth.height_limits(sex, months) for sex in ("F", "M") for months in (11, 30, 107)],
    "growth: usual and possible": lambda: (
        [growth.weight_limits("F", 24).is_usual(Decimal(kg)) for kg in ("8.0", "8.1", "17.0", "17.1")]
        + [growth.weight_limits("F", 24).is_possible(Decimal(kg)) for kg in ("6.9", "7", "21", "21.1")]
    ),
    "growth: changes": lambda: {
        f"{before} to {now} in {days} days": growth.surprising_change(
            Weighed(DAY, Decimal(before)), Weighed(DAY + timedelta(days=days), Decimal(now))
        )
        for before, now, days in (
            ("20", "22.1", 30),
            ("20", "22", 30),
            ("20", "22.1", 31),
            ("20", "17.9", 0),
            ("20", "18.9", 0),
            ("20", "17.9", 31),
            ("20", "18.9", 400),
            ("20", "19", 400),
            ("20", "25", -1),
            ("20", "15", -1),
        )
    },
    "vital signs: usual": lambda: {str(age): str(vital_signs.usual(age)) for age in (0, 1, 2, 3, 5, 6, 9, 10, 12)},
    "vital signs: hypotension": lambda: {str(age): vital_signs.hypotension_below(age) for age in (1, 2, 9, 10, 11)},
    "vital signs: outside": lambda: {
        f"{sign} {number} at {age}": vital_signs.outside(sign, Decimal(number), age)
        for sign, number, age in (
            ("heart_rate", 74, 6),
            ("heart_rate", 75, 6),
            ("heart_rate", 118, 6),
            ("heart_rate", 119, 6),
            ("respiratory_rate", 40, 2),
            ("systolic", 81, 6),
            ("systolic", 82, 6),
            ("systolic", 97, 6),
            ("systolic", 116, 6),
            ("diastolic", 40, 1),
        )
    },
    "vital signs: oxygen": lambda: {
        str(spo2): vital_signs.oxygen(Decimal(spo2)) for spo2 in (87, 88, 89, 90, 91, 92, 93, 94, 95, 96)
    },
    "vital signs: everything changed": lambda: vital_signs.changes(_signs("37", 100, 100, 98), _signs("38.5", 130, 70, 85)),
    "vital signs: exactly at the limits": lambda: vital_signs.changes(_signs("37", 100, 100, 98), _signs("38.0", 130, 80, 98)),
    "vital signs: just inside": lambda: vital_signs.changes(_signs("37", 100, 100, 98), _signs("37.9", 129, 81, 98)),
    "vital signs: not measured before": lambda: vital_signs.changes(Signs(), _signs("39", 130, 70, 85)),
    "vital signs: not measured now": lambda: vital_signs.changes(_signs("37", 100, 100, 98), Signs()),
    "medicine": lambda: {
        f"{drug} for {purpose}": therapy.flag(drug, purpose) for drug in therapy.Drug for purpose in therapy.Purpose
    },
    "vaccine: months to wait": lambda: {
        dose: vaccines.months_to_wait(Decimal(dose)) for dose in ("0.1", "0.44", "0.45", "1.1", "1.11", "2.2", "3")
    },
    "vaccine: too early": lambda: vaccines.warning(
        DAY, [vaccines.Dose(DAY - timedelta(days=60), Decimal("0.5")), vaccines.Dose(DAY - timedelta(days=70), Decimal("1.002"))]
    ),
    "vaccine: the later wait decides": lambda: vaccines.warning(
        DAY, [vaccines.Dose(date(2025, 9, 5), Decimal(1)), vaccines.Dose(date(2025, 12, 5), Decimal("0.4"))]
    ),
    "vaccine: two doses of one day": lambda: vaccines.warning(
        DAY, [vaccines.Dose(DAY, Decimal(1)), vaccines.Dose(DAY, Decimal("0.95"))]
    ),
    "vaccine: on the last day": lambda: vaccines.warning(DAY, [vaccines.Dose(date(2025, 7, 5), Decimal("0.4"))]),
    "vaccine: a dose after it": lambda: vaccines.warning(DAY, [vaccines.Dose(DAY + timedelta(days=1), Decimal(1))]),
}


def _signs(temperature: str, heart_rate: int, systolic: int, spo2: int) -> Signs:
    return Signs(Decimal(temperature), Decimal(heart_rate), None, Decimal(systolic), None, Decimal(spo2))


def case(serious: bool = True, **more: Any) -> Case:
    return Case(serious, NOON, **more)


def told_until(given: Case) -> list[str]:
    return [
        f"{line.rule.code} {line.body}: {line.due and line.due.astimezone(CAIRO):%d %b %H:%M}"
        if line.due
        else f"{line.rule.code} {line.body}: not started"
        for line in clocks.deadlines(given)
    ]


EVENTS: Stories = {
    "CTCAE: two terms": lambda: [ctcae.TERMS["chills"], ctcae.TERMS["fatigue"]],
    "CTCAE: no such grade": lambda: ctcae.no_such_grade("fever", 6),
    "CTCAE: no grade 4": lambda: ctcae.no_such_grade("chills", 4),
    "CTCAE: reported twice": lambda: {
        f"{code}, related {related}, beside {beside}": ctcae.reported_twice(
            code, infusion_related=related, beside_reaction=beside
        )
        for code in ("allergic_reaction", "urticaria", "fever")
        for related in (True, False)
        for beside in (True, False)
    },
    "CTCAE: platelets": lambda: [
        ctcae.is_platelet_event(baseline=10, count=count, with_consequences=so) for count in (9, 10, 11) for so in (True, False)
    ],
    "CTCAE: definitions": lambda: [
        ctcae.definition("fever", 1),
        ctcae.definition("chills", 4),
        ctcae.is_possible("chills", 3),
        ctcae.is_possible("chills", 4),
    ],
    "onset: every hour": lambda: {f"{hour:+} h": _onset(hour) for hour in (-1, 0, 5, 6, 6.5, 30, 30.5, 678, 678.5, 700)},
    "onset: still running": lambda: windows.onset(NOON + hours(1), [windows.Given("A", NOON, None)]).period,
    "onset: the next one decides": lambda: windows.onset(
        NOON + hours(9), [windows.Given("A", NOON, NOON + hours(6)), windows.Given("B", NOON + hours(8), NOON + hours(10))]
    ),
    "onset: known to the hour": lambda: windows.known_between(NOON, "hour"),
    "onset: known to the day": lambda: windows.known_between(NOON + timedelta(minutes=34), "day"),
    "onset: known to a day whose last hour comes twice": lambda: windows.known_between(
        datetime(2026, 10, 29, 12, tzinfo=CAIRO), "day"
    ),
    "onset: known to the minute": lambda: windows.known_between(NOON, "minute"),
    "onset: uncertain": lambda: windows.onset_between(NOON - hours(1), NOON + hours(1), [_INFUSION]),
    "onset: uncertain, of two infusions": lambda: windows.onset_between(
        NOON + hours(1), NOON + hours(9), [_INFUSION, windows.Given("B", NOON + hours(8), None)]
    ),
    "onset: uncertain, but of one infusion": lambda: windows.onset_between(NOON + hours(1), NOON + hours(9), [_INFUSION]),
    "onset: roughly, but certain": lambda: windows.onset_between(NOON + hours(1), NOON + hours(2), [_INFUSION]),
    "onset: exactly": lambda: windows.onset_between(NOON + hours(1.5), NOON + hours(1.5), [_INFUSION]),
    "clocks: not serious": lambda: told_until(case(False)),
    "clocks: not serious and not related": lambda: told_until(case(False, related=False)),
    "clocks: serious, nothing else known": lambda: told_until(case(site_aware_at=NOON + hours(1))),
    "clocks: fatal and unexpected": lambda: told_until(
        case(site_aware_at=NOON, sponsor_aware_at=NOON + hours(2), related=True, expected=False, fatal_or_life_threatening=True)
    ),
    "clocks: unexpected, not fatal": lambda: told_until(
        case(site_aware_at=NOON, sponsor_aware_at=NOON + hours(2), fatal_or_life_threatening=False)
    ),
    "clocks: expected": lambda: told_until(case(expected=True)),
    "clocks: not related": lambda: told_until(case(related=False)),
    "clocks: withdrawn": lambda: told_until(case(withdrawn_at=NOON)),
    "clocks: no time of the event": lambda: told_until(Case(True, None, site_aware_at=NOON)),
    "clocks: words": lambda: {
        f"{minutes} min": clocks.words(NOON, NOON - timedelta(minutes=minutes))
        for minutes in (
            0,
            1,
            59,
            60,
            61,
            130,
            720,
            721,
            1439,
            1440,
            1501,
            2160,
            5000,
            -1,
            -59,
            -60,
            -61,
            -720,
            -1440,
            -2200,
            -5000,
        )
    },
    "clocks: the second does not count": lambda: clocks.words(NOON, NOON + timedelta(seconds=59)),
    "clocks: not started": lambda: clocks.words(None, NOON),
    "clocks: late or not": lambda: [
        clocks.is_late(None, NOON),
        clocks.is_late(NOON, NOON + timedelta(seconds=59)),
        clocks.is_late(NOON, NOON + timedelta(microseconds=5)),
        clocks.is_late(NOON, NOON + timedelta(minutes=1)),
    ],
    "clocks: a time that is left out": lambda: clocks.FULL.due(datetime(2026, 4, 17, 0, 30, tzinfo=CAIRO)),
    "clocks: a time that comes twice": lambda: clocks.FULL.due(datetime(2026, 10, 22, 23, 30, tzinfo=CAIRO)),
    "clocks: a last hour that comes twice": lambda: clocks.SUSAR_FATAL.due(datetime(2026, 10, 22, 12, 0, tzinfo=CAIRO)),
}

_INFUSION = windows.Given("A", NOON, NOON + hours(6))


def _onset(hour: float) -> str:
    found = windows.onset(NOON + hours(hour), [_INFUSION])
    return f"{found.period}, {found.given.key if found.given else None}, {found.minutes} min, related {found.is_infusion_related}"


VISITS: Stories = {
    "window": lambda: around(DAY, 14, 2, 3),
    "window: of no width": lambda: around(DAY, 14, 0, 0),
    "window: outside": lambda: {
        str(day): around(DAY, 14, 2, 3).days_outside(DAY + timedelta(days=day)) for day in (10, 11, 12, 14, 17, 18, 20)
    },
    "window: state": lambda: {
        str(day): around(DAY, 14, 2, 3).state(DAY + timedelta(days=day), False) for day in (11, 12, 13, 14, 15, 17, 18)
    },
    "window: done": lambda: around(DAY, 14, 2, 3).state(DAY, True),
    "window: upside down": lambda: Window(DAY, DAY - timedelta(days=1), DAY),
    "window: less than no days before": lambda: around(DAY, 14, -1, 3),
    "window: less than no days after": lambda: around(DAY, 14, 1, -3),
    "working days": lambda: [
        f"{working_days(first, last)}"
        for first, last in (
            (DAY, DAY),
            (DAY, DAY + timedelta(days=6)),
            (date(2026, 3, 6), date(2026, 3, 7)),
            (date(2025, 3, 27), date(2025, 4, 2)),
            (DAY, DAY - timedelta(days=1)),
        )
    ],
    "working days: estimated": lambda: [f"{WorkingDays(1, True)}", f"{WorkingDays(2, True)}"],
    "merged": lambda: merging.merge(
        {"a": "1", "b": "1", "c": "1", "e": "1"},
        {"a": "2", "b": "2", "c": "1", "d": "4", "e": "3", "f": ""},
        {"a": "1", "b": "3", "c": "9", "e": "3", "g": "7"},
    ),
    "posted": lambda: merging.answers_in(
        {
            "kg": " 12\r\n",
            "cm": "",
            "cm__missing": "ND",
            "sex__missing": "",
            "bag-count": "3",
            "bag-0-id": "5",
            "bag-0-ml": "100",
            "bag-1-ml": "",
            "bag-2-ml__missing": "ND",
        },
        ("kg", "cm", "age", "sex"),
        {"bag": ("ml",), "cup": ("ml",)},
    ),
    "posted: a count that is none": lambda: [
        merging.answers_in({"bag-count": count, "bag-0-ml": "1"}, (), {"bag": ("ml",)})
        for count in ("x", "", "٣", "1", "123456789", "-1")
    ],
    "posted: more rows than there can be": lambda: len(
        merging.answers_in({"bag-count": "99999999"} | {f"bag-{n}-ml": "1" for n in range(120)}, (), {"bag": ("ml",)})["bag"]
    ),
    "posted again": lambda: merging.as_posted({"kg": "12", "bag": [{"id": "5", "ml": "100"}, {"id": "", "ml": "~ND"}]}),
}

STORIES: Stories = {**SMOG, **LABORATORY, **CHILD, **EVENTS, **VISITS}
