"""Every edit check of every form on both sides of its line: what it lets pass, and what it asks about or stops.

A check looks at answers, and at what its form says about them; both are given here by name, so that no database is needed.
A check without a line in ``BOTH_SIDES`` fails: add the line first, then the check.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import pytest

from casebook.crf import EditCheck, crf_models
from casebook.windows import Window
from reports.edit_checks import specification

D, LATER, EARLIER = date(2026, 3, 10), date(2026, 3, 11), date(2026, 3, 9)
T = datetime(2026, 3, 10, 9, tzinfo=UTC)
HOUR = timedelta(hours=1)
IN, OUT = Window(EARLIER, D, LATER), Window(LATER, LATER, LATER)

Side = Mapping[str, Any]


def said(name: str, on: Side | None = None, *, good: Any = "", bad: Any = "Because.") -> tuple[Side, Side]:
    """For a check that asks a method of its form: what the method answers where all is well, and where not."""
    return {**(on or {}), name: lambda *_: good}, {**(on or {}), name: lambda *_: bad}


def truth(name: str, **on: Any) -> tuple[Side, Side]:
    """The same where the method says that something is wrong by True."""
    return said(name, on, good=False, bad=True)


def visit(window: Window) -> SimpleNamespace:
    return SimpleNamespace(window=window, opens=window.opens, closes=window.closes)


def child(**about: Any) -> SimpleNamespace:
    return SimpleNamespace(**{"is_ended": False, **about})


#: (form or row, code) -> what passes, and what does not: the nearest values on either side of the line.
BOTH_SIDES: dict[tuple[str, str], tuple[Side, Side]] = {
    # screening
    ("screening", "SCR01"): ({"birth_date": D, "screened_on": D}, {"birth_date": LATER, "screened_on": D}),
    ("screening", "SCR02"): (
        {"entry_count_on": D, "screened_on": D + timedelta(days=7)}, {"entry_count_on": D, "screened_on": D + timedelta(days=8)}),
    ("screening", "SCR03"): ({"birth_date": D, "diagnosed_on": "2026-03"}, {"birth_date": D, "diagnosed_on": "2026-02"}),
    ("screening", "SCR04"): said("no_longer_eligible", {"screened_on": D}),
    # consent, twice the same sheet
    **{(form, code): sides for form in ("consent", "re-consent") for code, sides in {
        "CON01": ({"mother": "absent"}, {"mother": "refused"}),
        "CON02": ({"father": "absent"}, {"father": "refused"}),
        "CON03": said("version_gap", {"version": "2.0", "consented_at": T}),
        "CON04": ({"assent": "Y"}, {"assent": "N"}),
    }.items()},
    # history
    ("itp-history", "ITP01"): ({"treated": "Y", "has_courses": True}, {"treated": "Y", "has_courses": False}),
    ("itp-history", "ITP02"): ({"treated": "N", "has_courses": False}, {"treated": "N", "has_courses": True}),
    ("itp-history-therapies", "THE01"): (
        {"started_on": "2026-03", "ended_on": "2026"}, {"started_on": "2026-03", "ended_on": "2026-02-28"}),
    ("medical-history", "MED01"): truth("speaks_for_inheritance", family_platelets="Y"),
    ("medical-history", "MED02"): ({"other_disease": "Y", "has_diseases": True}, {"other_disease": "Y", "has_diseases": False}),
    # leaving
    ("withdrawal", "WDR01"): said(
        "withdraws_something", {"treatment": "N", "follow_up": "N", "data_use": "N", "samples": "N"}, good=True, bad=False),
    ("withdrawal", "WDR02"): ({"informed": "Y"}, {"informed": "N"}),
    ("withdrawal", "WDR03"): truth("still_treated", treatment="Y"),
    ("withdrawal", "WDR04"): (
        {"follow_up": "Y", "participant": child(is_ended=True)}, {"follow_up": "Y", "participant": child()}),
    ("end-of-study", "EOS01"): (
        {"cause": "moved", "participant": child(is_ended=True)}, {"cause": "moved", "participant": child()}),
    ("end-of-study", "EOS02"): truth("contact_after_end", last_contact_on=D),
    ("death", "DTH01"): ({"died_on": D, "participant": child(is_ended=True)}, {"died_on": D, "participant": child()}),
    ("death", "DTH02"): said("seen_after", {"died_on": D}),
    ("deviation", "DEV01"): ({"grade": "critical", "reported": "Y"}, {"grade": "critical", "reported": "N"}),
    ("deviation", "DEV02"): truth("before_screening", occurred_on=D),
    ("response-assessment", "RSP01"): (
        {"category": "R", "agrees": "N", "why_different": "x", "computed_category": "CR", "computed_off_therapy": "NE"},
        {"category": "R", "agrees": "N", "why_different": None, "computed_category": "CR", "computed_off_therapy": "NE"}),
    ("response-assessment", "RSP02"): said("was_dosed", {"assessed_on": D}, good=True, bad=False),
    # product
    ("lot", "LOT01"): ({"received_on": D, "expires_on": D}, {"received_on": D, "expires_on": EARLIER}),
    ("infusion", "INF01"): ({"started_at": T, "stopped_at": T + HOUR}, {"started_at": T, "stopped_at": T}),
    ("infusion", "INF04"): (
        {"started_at": T, "participant": "signed", "stored": {}}, {"started_at": T, "participant": "not signed", "stored": {}}),
    ("infusion", "INF03"): ({"weight_on": D, "started_at": T}, {"weight_on": LATER, "started_at": T}),
    ("infusion", "INF10"): said("says", {"grams": Decimal(1)}),
    ("infusion", "INF11"): said("says", {"hours": Decimal(7)}),
    ("infusion", "INF12"): said("says", {"mean_rate": Decimal(3)}),
    ("infusion", "INF13"): said("says", {"weight_on": D, "started_at": T}),
    ("infusion", "INF14"): said("says", {"grams": Decimal(1)}),
    ("infusion", "INF15"): said("off_interval", {"started_at": T}),
    ("infusion", "INF16"): said("is_within_participation", {"started_at": T}, good=True, bad=False),
    ("infusion", "INF17"): said("day_0_warnings", {"started_at": T}),
    ("infusion", "INF18"): said("weight_jump", {"weight_kg": Decimal(20), "weight_on": D}),
    ("infusion", "INF02"): ({"started_at": T, "record": "consented"}, {"started_at": T, "record": "not consented"}),
    ("infusion", "INF20"): ({"missed_vitals": 1}, {"missed_vitals": 2}),
    ("lot", "LOT02"): ({"basis": "IgG"}, {"basis": "protein"}),
    ("lot", "LOT10"): said("keeps_from_release", {"released": "Y"}),
    ("infusion-bags", "BAG01"): (
        {"volume_ml": 50, "bag": SimpleNamespace(volume_ml=50)}, {"volume_ml": 51, "bag": SimpleNamespace(volume_ml=50)}),
    ("infusion-bags", "BAG03"): said("gone_or_held", {"bag": 1}),
    ("infusion-bags", "BAG04"): said("wrong_group", {"bag": 1}),
    ("infusion-bags", "BAG02"): said("not_yet_or_no_more", {"bag": 1}),
    ("blood-group", "ABO01"): ({"first_abo": "A", "second_abo": "A"}, {"first_abo": "A", "second_abo": "B"}),
    ("blood-group", "ABO02"): ({"first_rhd": "POS", "second_rhd": "POS"}, {"first_rhd": "POS", "second_rhd": "NEG"}),
    ("blood-group", "ABO03"): ({"first_at": T, "second_at": T + HOUR}, {"first_at": T, "second_at": T}),
    # blood count and bleeding
    ("blood-count", "CBC01"): ({"taken_at": T, "visit": visit(IN)}, {"taken_at": T, "visit": visit(OUT)}),
    ("blood-count", "CBC02"): ({"platelets": Decimal(1499)}, {"platelets": Decimal(1500)}),
    ("blood-count", "CBC03"): ({"quality": "clumped_ok", "platelets": 5}, {"quality": "clumped", "platelets": 5}),
    ("blood-count", "CBC04"): said("jumps", {"platelets": 5, "taken_at": T}),
    ("blood-count", "CBC05"): said("jumps", {"platelets": 5, "taken_at": T}),
    ("blood-count", "CBC06"): said("contradicted_by", {"bleeding": "0", "taken_at": T}),
    ("blood-count", "CBC07"): truth("decides_a_dose", done="N"),
    ("blood-count", "CBC08"): truth("taken_after_the_dose", taken_at=T),
    ("blood-count", "CBC09"): said("haemolysis", {"haemoglobin": Decimal(9), "taken_at": T}),
    ("blood-count", "CBC11"): truth("too_high_for_entry", platelets=Decimal(150)),
    ("blood-count", "CBC10"): ({"is_repeat": "Y", "repeat_of": 1}, {"is_repeat": "Y", "repeat_of": None}),
    ("bleeding-assessment", "BAT01"): truth("is_all_zero", any_bleeding="Y"),
    ("bleeding-assessment", "BAT02"): said("caps", {"smog_skin": 1}),
    ("bleeding-assessment", "BAT03"): ({"assessed_on": D, "visit": visit(IN)}, {"assessed_on": D, "visit": visit(OUT)}),
    ("bleeding-assessment", "BAT04"): said("contradicted_by", {"present_grade": 1, "assessed_on": D}),
    ("bleeding-episode", "BLE01"): ({"started_on": D, "ended_on": D}, {"started_on": D, "ended_on": EARLIER}),
    ("bleeding-episode", "BLE02"): said("contradicts", {"started_on": D, "peak_grade": 1}),
    ("bleeding-episode", "BLE03"): (
        {"peak_grade": 3, "site_of_bleeding": "petechiae"}, {"peak_grade": 4, "site_of_bleeding": "petechiae"}),
    ("bleeding-episode", "BLE04"): ({"evidence": "report", "peak_grade": 1}, {"evidence": "report", "peak_grade": 2}),
    # measurements
    ("growth", "GRO01"): said("is_possible", {"weight_kg": Decimal(18), "measured_on": D}, good=True, bad=False),
    ("growth", "GRO02"): said("is_possible", {"height_cm": Decimal(110), "measured_on": D}, good=True, bad=False),
    ("growth", "GRO03"): said("is_usual", {"weight_kg": Decimal(18), "measured_on": D}, good=True, bad=False),
    ("growth", "GRO04"): said("is_usual", {"height_cm": Decimal(110), "measured_on": D}, good=True, bad=False),
    ("growth", "GRO05"): said("change", {"weight_kg": Decimal(18), "measured_on": D}),
    ("growth", "GRO06"): ({"measured_on": D, "visit": visit(IN)}, {"measured_on": D, "visit": visit(OUT)}),
    ("vital-signs", "VIT01"): said("outside", {"heart_rate": 100, "measured_at": T}),
    ("vital-signs", "VIT02"): said("outside", {"respiratory_rate": 20, "measured_at": T}),
    ("vital-signs", "VIT03"): said("outside", {"systolic": 100, "measured_at": T}),
    ("vital-signs", "VIT04"): said("outside", {"diastolic": 60, "measured_at": T}),
    ("vital-signs", "VIT05"): ({"spo2": 94}, {"spo2": 93}),
    ("vital-signs", "VIT06"): ({"diastolic": 59, "systolic": 60}, {"diastolic": 60, "systolic": 60}),
    ("laboratory", "LAB01"): ({"iga": Decimal("0.07")}, {"iga": Decimal("0.06")}),
    ("laboratory", "LAB02"): ({"iga_below": "N"}, {"iga_below": "Y"}),
    ("laboratory", "LAB03"): ({"dat": "NEG"}, {"dat": "C3"}),
    ("laboratory", "LAB04"): (
        {"bilirubin_indirect": 1, "bilirubin": 1}, {"bilirubin_indirect": 2, "bilirubin": 1}),
    ("laboratory", "LAB05"): ({"taken_at": T, "visit": visit(IN)}, {"taken_at": T, "visit": visit(OUT)}),
    ("virology", "VIR01"): truth("is_late_baseline", taken_on=D),
    ("virology", "VIR02"): said("reading", {"taken_on": D}, good=SimpleNamespace(alarm=""), bad=SimpleNamespace(alarm="HIV")),
    # events
    ("adverse-event", "AE01"): ({"started_at": T, "ended_at": T}, {"started_at": T, "ended_at": T - HOUR}),
    ("adverse-event", "AE02"): said("has_criterion", {"serious": "Y"}, good=True, bad=False),
    ("adverse-event", "AE03"): ({"grade": 5, "outcome": "FATAL"}, {"grade": 4, "outcome": "FATAL"}),
    ("adverse-event", "AE04"): ({"started_at": T, "aware_at": T}, {"started_at": T, "aware_at": T - HOUR}),
    ("adverse-event", "AE05"): said("is_laboratory", {"grade": 4, "serious": "N"}, good=True, bad=False),
    ("adverse-event", "AE06"): ({"coded_term": "headache", "grade": 3}, {"coded_term": "headache", "grade": 4}),
    ("adverse-event", "AE07"): ({"coded_term": "headache"}, {"coded_term": "platelets"}),
    ("adverse-event", "AE08"): said("reported_twice", {"coded_term": "headache", "period": "during"}),
    ("adverse-event", "AE09"): (
        {"period": "before", "related": "NOT RELATED"}, {"period": "before", "related": "PROBABLY RELATED"}),
    ("adverse-event", "AE10"): ({"death": "Y", "outcome": "FATAL"}, {"death": "N", "outcome": "FATAL"}),
    ("rescue", "RES01"): ({"started_on": D, "ended_on": D}, {"started_on": D, "ended_on": EARLIER}),
    ("serious-event", "SAE01"): (
        {"occurred_at": T, "event": SimpleNamespace(started_at=T)},
        {"occurred_at": T, "event": SimpleNamespace(started_at=T + HOUR)}),
    ("serious-event", "SAE02"): ({"occurred_at": T, "site_aware_at": T}, {"occurred_at": T, "site_aware_at": T - HOUR}),
    ("serious-event", "SAE03"): (
        {"site_aware_at": T, "sponsor_aware_at": T}, {"site_aware_at": T, "sponsor_aware_at": T - HOUR}),
    ("serious-event", "SAE04"): ({"admitted_on": D, "discharged_on": D}, {"admitted_on": D, "discharged_on": EARLIER}),
    ("serious-event", "SAE05"): (
        {"died_on": D, "event": SimpleNamespace(death="Y")}, {"died_on": D, "event": SimpleNamespace(death="N")}),
    ("serious-event", "SAE06"): truth("is_related", lot_quarantined="N"),
    ("sae-report", "SAE10"): ({"nullifies": "Y", "number": Decimal(1)}, {"nullifies": "Y", "number": Decimal(0)}),
    ("sae-report", "SAE11"): truth(
        "is_sent", content_hash="5e", what_is_new="The child is well.", stored={"what_is_new": "The child is better."}),
    ("special-interest", "AESI01"): (
        {"hb_before": Decimal("11.0"), "hb_after": Decimal("9.0"), "hb_fall": Decimal("2.0"), "antiglobulin": "negative"},
        {"hb_before": Decimal("11.0"), "hb_after": Decimal("9.1"), "hb_fall": Decimal("1.9"), "antiglobulin": "negative"}),
    ("special-interest", "AESI02"): truth("is_all_negative", hbsag="negative", hbv_dna="negative"),
    # contacts and daily life
    ("contact", "CTC01"): ({"called_at": T, "visit": visit(IN)}, {"called_at": T, "visit": visit(OUT)}),
    ("contact", "CTC02"): said("is_told", {"any_symptom": "Y"}, good=True, bad=False),
    ("contact", "CTC03"): said("event_wanted", {"any_symptom": "Y", "called_at": T}),
    ("contact", "CTC04"): ({"urine": "N"}, {"urine": "Y"}),
    ("contact", "CTC05"): ({"neck": "N", "headache": "Y"}, {"neck": "Y", "headache": "Y"}),
    ("hospital-contact", "HOS01"): ({"started_on": D, "ended_on": D}, {"started_on": D, "ended_on": EARLIER}),
    ("hospital-contact", "HOS02"): truth("lacks_event", kind="HOSPITAL STAY", cause="illness", started_on=D),
    ("hospital-contact", "HOS03"): (
        {"cause": "illness", "itp_related": "N"}, {"cause": "low_count", "itp_related": "N"}),
    ("school-activity", "SCH01"): (
        {"absent_days": Decimal(5), "scheduled_days": Decimal(5)}, {"absent_days": Decimal(6), "scheduled_days": Decimal(5)}),
    ("school-activity", "SCH02"): ({"absent": "Y", "absent_days": Decimal(1)}, {"absent": "Y", "absent_days": None}),
    # after an infusion, and beside it
    ("haemoglobin-check", "HBC01"): ({"fall": Decimal("1.9")}, {"fall": Decimal("2.0")}),
    ("haemoglobin-check", "HBC02"): ({"hours": Decimal("96.0")}, {"hours": Decimal("96.1")}),
    ("haemoglobin-check", "HBC03"): ({"fall": Decimal("0.9"), "dat": None}, {"fall": Decimal("1.0"), "dat": None}),
    ("haemoglobin-check", "HBC04"): ({"taken_at": T, "infused": "before"}, {"taken_at": T, "infused": None}),
    ("therapy", "CMT01"): ({"started_on": D, "ended_on": D}, {"started_on": D, "ended_on": EARLIER}),
    ("therapy", "CMT02"): truth("lacks_rescue", meaning="rescue", started_on=D),
    ("therapy", "CMT03"): ({"meaning": "adjunctive"}, {"meaning": "avoid"}),
    ("therapy", "CMT04"): ({"meaning": "adjunctive"}, {"meaning": "raises_platelets"}),
    ("therapy", "CMT05"): said("low_count", {"route": "INTRAMUSCULAR", "started_on": D}),
    ("therapy", "CMT06"): truth("later_than_screened", meaning="continued", ended_on=D),
    ("vaccination", "VAC01"): said("too_early", {"vaccine": "mmr", "on": D}),
    ("vaccination", "VAC02"): ({"on": D, "given": "Y"}, {"on": LATER, "given": "Y"}),
}  # fmt: skip


def every_check() -> Iterator[tuple[str, EditCheck]]:
    for crf in crf_models():
        yield from ((crf.slug, check) for check in crf.edit_checks)
        for row in crf.row_models:
            yield from ((f"{crf.slug}-{row.slug}", check) for check in row.edit_checks)


def broken(check: EditCheck, side: Side) -> bool:
    unanswered = [name for name in check.on if side.get(name) is None]
    assert not unanswered, f"the check would not even run: {unanswered}"
    sheet: Any = SimpleNamespace(**{"visit": None, **side})
    return check.broken(sheet)


@pytest.mark.requirement("RQ-52")
def test_every_check_has_a_case_on_both_sides() -> None:
    assert {(form, check.code) for form, check in every_check()} == set(BOTH_SIDES)


@pytest.fixture
def surroundings(monkeypatch: pytest.MonkeyPatch) -> None:
    """The checks that ask another app, or the clock, instead of their own form."""
    monkeypatch.setattr("dosing.crfs.infusion.is_eligibility_signed", lambda child: child == "signed")
    monkeypatch.setattr("dosing.crfs.infusion.has_valid_consent", lambda record, before: record == "consented")
    monkeypatch.setattr("assessments.crfs.therapy.timezone", SimpleNamespace(localdate=lambda: D))


@pytest.mark.usefixtures("surroundings")
@pytest.mark.parametrize(("form", "check"), [pytest.param(f, c, id=f"{f}-{c.code}") for f, c in every_check()])
def test_a_check_lets_pass_and_asks(form: str, check: EditCheck) -> None:
    good, bad = BOTH_SIDES[form, check.code]
    assert not broken(check, good)
    assert broken(check, bad)


def test_every_check_can_be_understood_without_the_code() -> None:
    """The specification says of each: what it looks at, what it says, what it rests on, and whether it stops."""
    lines = specification()
    assert {line["level"] for line in lines} == {"ask", "explain", "stop"}
    for line in lines:
        assert all(line.values()), line
    codes = [(line["form"], line["code"]) for line in lines if line["code"] not in ("MISSING", "RANGE", "LIMIT")]
    assert set(codes) == set(BOTH_SIDES)
    assert len(codes) == len(set(codes))


def test_no_sheet_uses_a_code_of_another_sheet() -> None:
    """A code in the trail or in a deviation names one check; only the two consent sheets are the same sheet."""
    owners: dict[str, set[str]] = {}
    for form, check in every_check():
        owners.setdefault(check.code, set()).add(form)
    assert {code for code, forms in owners.items() if len(forms) > 1} == {"CON01", "CON02", "CON03", "CON04"}
