"""The protocol's example tables (12.3 to 12.6) and every boundary of R8 to R23."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import date, time
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from itp_trial.protocol import RULES_VERSION
from responses import casefile
from responses.classification import Bleed, Count, CountStatus, Course, Rescue, Rules, Verdict, classify, status_of
from responses.counts import ASSUMED_PRE_INFUSION, NO_VALID_COUNT, Infusion, Sample, baseline, daily_counts
from tests.responses.courses import DAY_0, Number, course, day, number

SHARED = Path(__file__).parents[1] / "cases" / "responses.jsonl"
LINES = SHARED.read_text(encoding="utf-8").splitlines()


@pytest.mark.parametrize("line", LINES, ids=[json.loads(line)["id"] for line in LINES])
def test_shared_case(line: str) -> None:
    expected: dict[str, Any] = json.loads(line)["expected"]
    name, given = casefile.read_case(line, 1)
    result = casefile.verdict_json(name, classify(given))
    assert {key: result[key] for key in expected} == expected
    assert result["rules_version"] == RULES_VERSION
    assert {"R11", "R15", "R18", "R20"} <= {reason["rule"] for reason in result["reasons"]}


def test_there_are_shared_cases() -> None:
    assert len(LINES) == 32


# 12.3 and R13


@pytest.mark.parametrize(
    ("name", "count", "base", "bleeding", "expected"),
    [
        ("I01", 100, 20, False, "CR"),
        ("below CR", "99.9", 20, False, "R"),
        ("I03", 40, 20, False, "R"),
        ("below 2x", "39.9", 20, False, "NR"),
        ("I05", 30, 15, False, "R"),
        ("below 30", "29.9", 10, False, "NR"),
        ("I07", 150, 20, True, "NR"),
        ("I08", 150, 20, False, "CR"),
        ("I10", 12, 20, None, "NR"),
        ("unknown, 29.9", "29.9", 20, None, "NR"),
        ("unknown, 30", 30, 10, None, "NE"),
        ("unknown, 150", 150, 10, None, "NE"),
        ("I11", 50, None, False, "NE"),
        ("low, no baseline", 29, None, False, "NR"),
        ("I13", 100, None, False, "CR"),
        ("I14", 30, 0, False, "R"),
        ("I16", None, 20, False, "NE"),
        ("missing and bleeding", None, 20, True, "NE"),
        ("high baseline", 100, 90, False, "CR"),
    ],
)
def test_status_of_one_count(name: str, count: Number | None, base: Number | None, bleeding: bool | None, expected: str) -> None:
    status, words = status_of(number(count), number(base), bleeding, Rules())
    assert status == expected
    assert words.endswith(expected) or bleeding


def test_status_with_other_thresholds() -> None:
    assert status_of(Decimal(49), Decimal(10), False, Rules(r_min=50))[0] == "NR"
    assert status_of(Decimal(50), Decimal(10), False, Rules(r_min=50))[0] == "R"
    assert status_of(Decimal(40), Decimal(20), False, Rules(strict=True))[0] == "NR"
    assert status_of(Decimal("40.1"), Decimal(20), False, Rules(strict=True))[0] == "R"


@pytest.mark.parametrize(("grade", "cut", "expected"), [(0, 1, "CR"), (1, 1, "NR"), (1, 2, "CR"), (2, 2, "NR")])
def test_bleeding_grade(grade: int, cut: int, expected: str) -> None:
    verdict = classify(course({3: 150}, bleeds=[(3, 3, grade)]), Rules(bleed_grade=cut))
    assert verdict.counts[0].status == expected


@pytest.mark.parametrize(
    ("bleed", "expected"),
    [((1, 4, 1), "CR"), ((1, 5, 1), "NR"), ((5, 9, 1), "NR"), ((6, 9, 1), "CR"), ((1, None, 1), "NR")],
)
def test_both_days_of_a_bleed_are_included(bleed: tuple[int, int | None, int], expected: str) -> None:
    assert classify(course({5: 150}, bleeds=[bleed])).counts[0].status == expected


# 12.4 and R8 to R11


def on_day(*samples: Sample, infusions: tuple[Infusion, ...] = ()) -> Count:
    (chosen,) = daily_counts(samples, infusions, Rules())
    (turned,) = daily_counts(samples[::-1], infusions, Rules())
    assert turned == chosen
    return chosen


def sample(value: Number | None, at: str | None = None, **more: Any) -> Sample:
    return Sample(day(10), number(value), time.fromisoformat(at) if at else None, **more)


def test_s01_the_latest_sample_counts() -> None:
    count = on_day(sample(95, "08:00", ref="a"), sample(102, "14:00", ref="b"))
    assert (count.value, count.ref) == (Decimal(102), "b")
    assert [(item.sample.ref, item.rule) for item in count.excluded] == [("a", "R9")]


def test_s04_post_infusion_is_for_display_only() -> None:
    infusion = Infusion(day(10), time(10))
    count = on_day(sample(28, "08:30"), sample(40, "17:00"), infusions=(infusion,))
    assert count.value == Decimal(28)
    assert [(item.sample.value, item.rule) for item in count.excluded] == [(Decimal(40), "R10")]
    assert "10:00" in count.excluded[0].why


def test_s06_s08_baseline() -> None:
    samples = (Sample(DAY_0, Decimal(11), time(9)), Sample(DAY_0, Decimal(25), time(18)))
    chosen = baseline(daily_counts(samples, (Infusion(DAY_0, time(10)),), Rules()), DAY_0, Rules())
    assert chosen is not None
    assert chosen.value == Decimal(11)
    assert baseline([Count(day(-8), Decimal(9))], DAY_0, Rules()) is None


def test_baseline_is_the_nearest_earlier_valid_count() -> None:
    counts = [Count(day(-7), Decimal(7)), Count(day(-3), Decimal(3)), Count(DAY_0, None), Count(day(1), Decimal(99))]
    nearest = baseline(counts, DAY_0, Rules())
    assert nearest == counts[1]
    assert baseline(counts[:1], DAY_0, Rules()) == counts[0]
    assert baseline([*counts[:2], Count(DAY_0, Decimal(0))], DAY_0) == Count(DAY_0, Decimal(0))
    assert baseline(counts[3:], DAY_0) is None


@pytest.mark.parametrize(
    ("bad", "words"),
    [
        (sample(None), "No result"),
        (sample(85000), "the count is 85 ×10⁹/L"),
        (sample("2000.1"), "above the limit of 2000"),
        (sample(-1), "not a number"),
        (sample("NaN"), "not a number"),
        (sample("Infinity"), "not a number"),
        (sample(50, acceptable=False), "clotted"),
        (sample(50, query_free=False), "query"),
    ],
)
def test_s10_an_invalid_sample_is_kept_with_its_reason(bad: Sample, words: str) -> None:
    alone = on_day(bad)
    assert (alone.value, alone.flags) == (None, (NO_VALID_COUNT,))
    assert alone.excluded[0].rule == "R8"
    assert words in alone.excluded[0].why
    assert on_day(bad, sample(20)).value == Decimal(20)


def test_limit_itself_is_valid() -> None:
    assert on_day(sample(2000)).value == Decimal(2000)


def test_primary_beats_latest() -> None:
    count = on_day(sample(95, "08:00", primary=True), sample(102, "14:00"))
    assert count.value == Decimal(95)
    assert "primary" in count.excluded[0].why
    two = on_day(sample(95, "08:00", primary=True), sample(96, "09:00", primary=True), sample(102, "14:00"))
    assert two.value == Decimal(96)


def test_the_lowest_counts_if_a_time_is_missing() -> None:
    assert on_day(sample(95), sample(102, "14:00")).value == Decimal(95)
    assert on_day(sample(102), sample(95, "14:00")).value == Decimal(95)
    assert on_day(sample(102, "14:00"), sample(95, "14:00")).value == Decimal(95)


def test_dosing_day_with_unknown_times() -> None:
    start = Infusion(day(10), time(10))
    assert on_day(sample(28), infusions=(start,)).flags == (ASSUMED_PRE_INFUSION,)
    assert on_day(sample(28, "09:00"), infusions=(start,)).flags == ()
    assert on_day(sample(28, "10:00"), infusions=(start,)).value == Decimal(28)
    assert on_day(sample(28, "10:01"), infusions=(start,)).value is None
    unknown = Infusion(day(10), None)
    assert on_day(sample(28, "17:00"), infusions=(unknown,)).flags == (ASSUMED_PRE_INFUSION,)
    assert on_day(sample(28), infusions=(Infusion(day(9), time(10)),)).flags == ()
    second = Infusion(day(10), time(16))
    assert on_day(sample(28, "12:00"), infusions=(second, start)).value is None


# R14 confirmation


@pytest.mark.parametrize(("gap", "best"), [(6, "NE"), (7, "R"), (8, "R")])
def test_confirmation_needs_seven_days(gap: int, best: str) -> None:
    verdict = classify(course({3: 60, 3 + gap: 60}))
    assert verdict.best_response == best
    assert verdict.flag == ("unconfirmed" if best == "NE" else None)


@pytest.mark.parametrize(("gap", "best"), [(7, "NE"), (8, "R")])
def test_strict_confirmation_needs_more_than_seven_days(gap: int, best: str) -> None:
    assert classify(course({3: 60, 3 + gap: 60}), Rules(strict=True)).best_response == best


@pytest.mark.parametrize(("on", "best", "flag"), [(35, "R", None), (36, "NE", "late")])
def test_attribution_ends_after_35_days(on: int, best: str, flag: str | None) -> None:
    verdict = classify(course({on: 60, on + 7: 60}, doses=[0]))
    assert (verdict.best_response, verdict.flag) == (best, flag)


def test_a_dose_on_the_day_of_the_count_did_not_cause_it() -> None:
    assert classify(course({40: 60}, doses=[0, 40])).flag == "late"
    assert classify(course({41: 60}, doses=[0, 40])).flag == "unconfirmed"


def test_counts_up_to_day_0_show_no_response() -> None:
    verdict = classify(course({-3: 150, 0: 150, 7: 150}, doses=[-10, 0]))
    assert verdict.best_response == "NE"
    assert [item.evaluable for item in verdict.counts] == [False, False, True]


@pytest.mark.parametrize(("bleed_on", "best"), [(3, "R"), (4, "NE"), (10, "NE"), (11, "R")])
def test_bleeding_between_the_two_counts_breaks_the_pair(bleed_on: int, best: str) -> None:
    verdict = classify(course({3: 60, 10: 60, 18: 60}, bleeds=[(bleed_on, bleed_on, 1)]))
    start = None if verdict.response is None else verdict.response.start
    assert start == {3: day(10), 4: day(10), 10: None, 11: day(3)}[bleed_on]


def test_a_skipped_count_neither_breaks_nor_confirms() -> None:
    verdict = classify(course({3: 60, 10: 60, 12: 60}, unknown=[10]))
    assert verdict.response is not None
    assert verdict.response.confirmed == day(12)


def test_unconfirmed_responses_may_be_accepted() -> None:
    verdict = classify(course({3: 120, 5: 20}), Rules(accept_unconfirmed=True))
    assert verdict.best_response == "CR"
    assert verdict.response is not None
    assert verdict.response.confirmed is None
    assert verdict.response_end is not None
    assert (verdict.response_end.on, verdict.response_end.how) == (day(5), "unconfirmed_last_count")
    assert casefile.verdict_json("x", verdict)["response"] == {"from": "2025-03-05", "confirmed": None}


# R15 best response


@pytest.mark.parametrize(("counts", "best"), [({}, "NE"), ({3: 5}, "NE"), ({3: 5, 4: 5}, "NR"), ({3: 5, 9: 60, 12: 5}, "NR")])
def test_no_response_needs_two_failing_dates(counts: Mapping[int, Number | None], best: str) -> None:
    assert classify(course(counts)).best_response == best


def test_strict_no_response_needs_more_than_a_day() -> None:
    assert classify(course({3: 5, 4: 5}), Rules(strict=True)).best_response == "NE"
    assert classify(course({3: 5, 5: 5}), Rules(strict=True)).best_response == "NR"


@pytest.mark.parametrize(("rescue_on", "best"), [(-1, "NE"), (0, "NE"), (1, "NR"), (8, "NR"), (10, "NR"), (11, "R"), (60, "R")])
def test_rescue_up_to_the_confirming_date_fixes_nr(rescue_on: int, best: str) -> None:
    verdict = classify(course({3: 60, 10: 60}, rescues=[(rescue_on, rescue_on, "ivig")]))
    assert verdict.best_response == best
    assert verdict.flag == ("rescue" if best == "NR" else None)


def test_complete_response_counts_only_before_the_loss() -> None:
    lost = {3: 60, 10: 60, 17: 20, 18: 20, 25: 120, 32: 120}
    verdict = classify(course(lost))
    assert verdict.best_response == "R"
    assert [item.complete is not None for item in verdict.later_episodes] == [True]
    assert verdict.state == "CR"
    assert classify(course({**lost, 18: 120})).best_response == "CR"


def test_a_death_after_the_confirming_count_of_the_same_day_keeps_the_complete_response() -> None:
    verdict = classify(course({3: 120, 10: 120}, death=10))
    assert verdict.best_response == "CR"
    assert verdict.response_end is not None
    assert (verdict.response_end.on, verdict.response_end.how) == (day(10), "death")


def test_a_first_complete_count_on_the_day_of_a_death_is_accepted_unconfirmed() -> None:
    assert classify(course({3: 60, 10: 120}, death=10), Rules(accept_unconfirmed=True)).best_response == "CR"


@pytest.mark.parametrize(
    ("rescues", "named"),
    [
        ([(4, None, "anti_d"), (4, 5, "ivig")], "ivig"),
        ([(4, 6, "anti_d"), (4, 5, "ivig")], "ivig"),
        ([(4, 5, "tpo_ra"), (4, 5, "ivig")], "ivig"),
        ([(5, 5, "anti_d"), (4, 9, "ivig")], "ivig"),
    ],
)
def test_of_two_rescues_the_first_to_start_then_to_end_is_named(rescues: list[tuple[int, int | None, str]], named: str) -> None:
    for given in (rescues, rescues[::-1]):
        reasons = classify(course({3: 12}, rescues=given)).reasons
        assert any(f"rescue ({named}) on {day(4)} came before" in reason.text for reason in reasons)


@pytest.mark.parametrize(
    ("changes", "provisional"),
    [({}, True), ({"followup_ended": True}, False), ({"death": day(50)}, False), ({"death": day(400)}, True)],
)
def test_provisional_while_follow_up_goes_on(changes: dict[str, Any], provisional: bool) -> None:
    given = replace(course({3: 5, 4: 5}, ended=False), **changes)
    assert classify(given).provisional is provisional


def test_rescue_and_response_are_not_provisional() -> None:
    assert not classify(course({3: 5}, ended=False, rescues=[(4, 4, "ivig")])).provisional
    assert not classify(course({3: 60, 10: 60}, ended=False)).provisional


# R16 loss


LOSSES: list[tuple[str, dict[str, Any], tuple[int, str]]] = [
    ("a confirmed a day later", {"counts": {20: 20, 21: 20, 30: 60}}, (20, "confirmed")),
    ("a dip, then the next pair", {"counts": {20: 20, 21: 60, 22: 20, 30: 20}}, (22, "confirmed")),
    ("a by doubling only", {"counts": {20: 39, 21: 39}, "baseline": 20}, (20, "confirmed")),
    (
        "b rescue before the next count",
        {"counts": {20: 20}, "rescues": [(25, 25, "ivig")]},
        (20, "confirmed_by_rescue"),
    ),
    (
        "b rescue, then recovery",
        {"counts": {20: 20, 60: 90}, "rescues": [(25, 25, "ivig")]},
        (20, "confirmed_by_rescue"),
    ),
    ("rescue after recovery", {"counts": {20: 20, 22: 60}, "rescues": [(25, 25, "ivig")]}, (25, "rescue")),
    ("rescue on the low day", {"counts": {20: 20}, "rescues": [(20, 20, "ivig")]}, (20, "rescue")),
    ("c the very last count", {"counts": {20: 20}}, (20, "unconfirmed_last_count")),
    ("d bleeding", {"counts": {20: 60}, "bleeds": [(15, 15, 1)]}, (15, "bleeding")),
    ("d bleeding with a low count", {"counts": {15: 10, 20: 10}, "bleeds": [(15, 15, 1)]}, (15, "bleeding")),
    ("e rescue", {"counts": {20: 60}, "rescues": [(30, None, "tpo_ra")]}, (30, "rescue")),
    ("f death", {"counts": {20: 60}, "death": 25}, (25, "death")),
    ("not lost", {"counts": {20: 20, 22: 60}}, (22, "censored")),
    ("mild bleeding", {"counts": {20: 60}, "bleeds": [(15, 15, 0)]}, (20, "censored")),
]


@pytest.mark.parametrize(("name", "given", "expected"), LOSSES, ids=[row[0] for row in LOSSES])
def test_loss(name: str, given: dict[str, Any], expected: tuple[int, str]) -> None:
    verdict = classify(course(**{**given, "counts": {3: 60, 10: 60, **given["counts"]}}))
    assert verdict.response_end is not None
    assert (verdict.response_end.on, verdict.response_end.how) == (day(expected[0]), expected[1])
    assert ("R16" in {reason.rule for reason in verdict.reasons}) == verdict.response_end.lost


def test_strict_loss_needs_more_than_a_day() -> None:
    strict = Rules(strict=True)
    ends = {
        gaps: classify(course({3: 60, 11: 60, **dict.fromkeys(gaps, 20), 30: 60}), strict).response_end
        for gaps in ((20, 21), (20, 22), (20, 21, 22))
    }
    assert {gaps: end and (end.on, end.how) for gaps, end in ends.items()} == {
        (20, 21): (day(30), "censored"),
        (20, 22): (day(20), "confirmed"),
        (20, 21, 22): (day(20), "confirmed"),
    }
    last = classify(course({3: 60, 11: 60, 20: 20, 21: 20}), strict).response_end
    assert last is not None
    assert (last.on, last.how) == (day(20), "unconfirmed_last_count")
    rescued = course({3: 60, 11: 60, 20: 20, 21: 20}, rescues=[(22, 22, "ivig")])
    by_rescue = classify(rescued, strict).response_end
    assert by_rescue is not None
    assert (by_rescue.on, by_rescue.how) == (day(20), "confirmed_by_rescue")


def test_an_unconfirmed_loss_may_be_censored() -> None:
    verdict = classify(course({3: 60, 10: 60, 20: 20}), Rules(censor_unconfirmed_loss=True))
    assert verdict.response_end is not None
    assert (verdict.response_end.on, verdict.response_end.how) == (day(10), "censored")


# R17 washout


@pytest.mark.parametrize(("kind", "last"), [("ivig", 28), ("platelet_transfusion", 7), ("corticosteroid", 28)])
def test_washout_ends(kind: str, last: int) -> None:
    rescue = [(5, 6, kind)]
    counts = {4: 10, 5: 10, 6 + last: 10, 7 + last: 10}
    verdict = classify(course(counts, rescues=rescue))
    assert [item.evaluable for item in verdict.counts] == [True, False, False, True]
    assert verdict.counts[1].reason.rule == "R17"
    assert str(day(6 + last)) in verdict.counts[1].reason.text


def test_ongoing_rescue_washes_out_everything_after_it() -> None:
    verdict = classify(course({4: 10, 250: 10}, rescues=[(5, None, "tpo_ra")]))
    assert [item.evaluable for item in verdict.counts] == [True, False]
    assert "ongoing" in verdict.counts[1].reason.text


# R18 time in response


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"counts": {3: 60, 38: 60}}, (35, 38)),
        ({"counts": {3: 60, 39: 60}}, (35, 38)),
        ({"counts": {40: 60, 47: 60}}, (7, 42)),
        ({"counts": {3: 60, 13: 60}, "bleeds": [(5, 6, 1)]}, (8, 13)),
        ({"counts": {3: 60, 40: 60}, "rescues": [(5, 5, "platelet_transfusion")]}, (27, 38)),
        ({"counts": {}}, (0, 0)),
    ],
)
def test_time_in_response(given: dict[str, Any], expected: tuple[int, int]) -> None:
    result = classify(course(**given)).time_in_response
    assert (result.days, result.observed) == expected


# 12.6 and R20 to R23; T is D28 unless stated


def off(counts: Mapping[int, Number | None], rules: Rules | None = None, **more: Any) -> tuple[str, str | None]:
    result = classify(course({3: 60, 10: 60, **counts}, **more), rules or Rules()).off_therapy
    assert result is not None
    return result.state, result.sustained_not_evaluable_because


MONTHLY = dict.fromkeys((28, 58, 88, 118, 148, 178), 60)


@pytest.mark.parametrize(
    ("name", "counts", "more", "expected"),
    [
        ("count on T+180", {**MONTHLY, 208: 60}, {}, ("SRoT", None)),
        ("count on T+179", {**MONTHLY, 207: 60}, {}, ("RoT", "followup_incomplete")),
        ("gap of 62", {28: 60, 90: 60, 152: 60, 214: 60}, {}, ("SRoT", None)),
        ("gap of 63", {28: 60, 90: 60, 152: 60, 215: 60}, {}, ("RoT", "assessment_gap")),
        ("gap of 63 from T", {27: 60, 91: 60, 150: 60, 210: 60}, {}, ("RoT", "assessment_gap")),
        ("gap after the deciding count", {**MONTHLY, 208: 60, 290: 60}, {}, ("SRoT", None)),
        ("gap filled by a dip", {28: 60, 58: 60, 88: 60, 118: 20, 148: 60, 208: 60}, {}, ("SRoT", None)),
        ("last seen T+28", {56: 60}, {}, ("RoT", "followup_incomplete")),
        ("last seen T+27", {55: 60}, {}, ("NE", "followup_incomplete")),
        ("lost after T+28", {56: 60, 70: 20, 71: 20}, {}, ("RoT", None)),
        ("lost, last seen T+27", {55: 60, 70: 20, 71: 20}, {}, ("NONE", None)),
        ("lost after T+180", {**MONTHLY, 208: 60, 220: 20, 221: 20}, {}, ("RoT", None)),
        ("pending on T+180", MONTHLY, {"ended": False, "as_of": 208}, ("PENDING", None)),
        ("past T+180", MONTHLY, {"ended": False, "as_of": 209}, ("RoT", "followup_incomplete")),
        ("already sustained", {**MONTHLY, 208: 60}, {"ended": False, "as_of": 208}, ("SRoT", None)),
        ("T by other therapy", {**MONTHLY, 208: 60}, {"other_end": 29}, ("RoT", "followup_incomplete")),
        ("other therapy before EOT", {**MONTHLY, 207: 60}, {"other_end": 20}, ("RoT", "followup_incomplete")),
        ("died on T+28", {56: 60}, {"death": 56}, ("NONE", None)),
        (
            "rescue, then a second episode",
            {28: 60, 58: 60, 88: 60, 118: 60, 148: 60, 208: 60},
            {"rescues": [(12, 12, "platelet_transfusion")]},
            ("RoT", None),
        ),
    ],
)
def test_off_therapy(
    name: str, counts: Mapping[int, Number | None], more: dict[str, Any], expected: tuple[str, str | None]
) -> None:
    assert off(counts, **more) == expected


def test_off_therapy_without_a_response() -> None:
    nr = classify(course({3: 5, 4: 5})).off_therapy
    ne = classify(course({})).off_therapy
    assert nr is not None
    assert ne is not None
    assert (nr.state, ne.state) == ("NONE", "NE")
    assert classify(course({3: 60, 10: 60}, doses=[])).off_therapy is None


@pytest.mark.parametrize(
    ("end_of_treatment", "count_on", "state"),
    [("2025-03-31", "2025-09-27", "SRoT"), ("2025-03-31", "2025-09-26", "RoT"), ("2025-08-31", "2026-02-28", "SRoT")],
)
def test_calendar_check(end_of_treatment: str, count_on: str, state: str) -> None:
    last = (date.fromisoformat(end_of_treatment) - DAY_0).days
    decisive = (date.fromisoformat(count_on) - DAY_0).days
    counts = dict.fromkeys([*range(3, decisive, 7), decisive], 60)
    counts = {on: value for on, value in counts.items() if on <= decisive}
    assert off(counts, doses=[0, last], as_of=decisive)[0] == state


# What the investigator is told today


TODAY: list[tuple[str, dict[str, Any], tuple[str, int | None, int | None]]] = [
    ("no count", {"counts": {}}, ("NE", None, None)),
    ("waiting", {"counts": {3: 60}}, ("PENDING_CONFIRMATION", 3, None)),
    ("waiting since the first", {"counts": {3: 60, 9: 120}}, ("PENDING_CONFIRMATION", 3, None)),
    ("waiting no more", {"counts": {3: 60}, "ended": True}, ("NE", None, None)),
    ("wait broken by bleeding", {"counts": {3: 60}, "bleeds": [(5, 6, 1)]}, ("NE", None, None)),
    ("wait broken today", {"counts": {3: 60}, "bleeds": [(5, 6, 1)], "as_of": 5}, ("NE", None, None)),
    ("response", {"counts": {3: 60, 10: 60}}, ("R", 3, 10)),
    ("complete", {"counts": {3: 60, 10: 120, 17: 120}}, ("CR", 10, 17)),
    ("complete lost", {"counts": {3: 120, 10: 120, 17: 60, 18: 60}}, ("R", 3, 10)),
    ("lost", {"counts": {3: 60, 10: 60, 17: 20, 19: 20}}, ("LOST", 17, 19)),
    ("lost, unconfirmed", {"counts": {3: 60, 10: 60, 17: 20}}, ("LOST", 17, None)),
    ("lost by bleeding", {"counts": {3: 60, 10: 60}, "bleeds": [(12, 12, 2)]}, ("LOST", 12, 12)),
    (
        "lost by rescue",
        {"counts": {3: 60, 10: 60, 12: 9}, "rescues": [(14, 14, "ivig")]},
        ("LOST", 12, 14),
    ),
    ("waiting again", {"counts": {3: 60, 10: 60, 17: 20, 19: 20, 25: 60}}, ("PENDING_CONFIRMATION", 25, None)),
    (
        "waiting no more, rescue today",
        {"counts": {3: 60, 10: 60, 17: 20, 19: 20, 25: 60}, "rescues": [(27, 27, "ivig")], "as_of": 27},
        ("LOST", 17, 19),
    ),
    ("response again", {"counts": {3: 60, 10: 60, 17: 20, 19: 20, 25: 60, 32: 60}}, ("R", 25, 32)),
    ("failing", {"counts": {3: 5, 8: 5, 9: 5}}, ("NR", 3, 8)),
    ("late", {"counts": {80: 60}}, ("NE", None, None)),
    ("rescue first", {"counts": {3: 5, 60: 60, 67: 60}, "rescues": [(4, 4, "ivig")]}, ("NR", 4, None)),
]


@pytest.mark.parametrize(("name", "given", "expected"), TODAY, ids=[row[0] for row in TODAY])
def test_today(name: str, given: dict[str, Any], expected: tuple[str, int | None, int | None]) -> None:
    verdict = classify(course(**{"ended": False, **given}))
    dates = tuple(None if number is None else day(number) for number in expected[1:])
    assert (verdict.state, verdict.since, verdict.confirmed) == (expected[0], *dates)
    assert all(line.endswith(".") for line in verdict.what_would_change)


@pytest.mark.parametrize(
    ("given", "rules", "words"),
    [
        ({"counts": {3: 60}}, Rules(), "A second count of at least 30 ×10⁹/L on or after 2025-03-12"),
        ({"counts": {3: 60}}, Rules(strict=True), "at least 30 ×10⁹/L on or after 2025-03-13"),
        ({"counts": {3: 60}, "baseline": 20}, Rules(), "at least 40 ×10⁹/L"),
        ({"counts": {3: 60}, "baseline": 20}, Rules(strict=True), "more than 40 ×10⁹/L"),
        ({"counts": {3: 150}, "baseline": 50}, Rules(), "at least 100 ×10⁹/L"),
        ({"counts": {3: 150}, "baseline": 60}, Rules(), "at least 100 ×10⁹/L"),
        ({"counts": {3: 150}, "baseline": None}, Rules(), "at least 100 ×10⁹/L"),
        ({"counts": {}, "baseline": None}, Rules(), "gives the baseline"),
        ({"counts": {3: 60, 10: 60, 17: 20}}, Rules(), "A second low count on or after 2025-03-20"),
        ({"counts": {3: 60, 10: 60, 17: 20, 18: 20}}, Rules(), "a later episode"),
        ({"counts": {3: 120, 10: 120}}, Rules(), "below 100 ×10⁹/L end the complete response"),
        ({"counts": {3: 60, 10: 60}}, Rules(), "make it CR"),
        ({"counts": {3: 5, 8: 5}}, Rules(), "make a confirmed response"),
        ({"counts": {3: 5}, "rescues": [(4, 4, "ivig")]}, Rules(), "fixes NR"),
        ({"counts": {3: 60}, "ended": True}, Rules(), "Follow-up has ended"),
    ],
)
def test_what_would_change(given: dict[str, Any], rules: Rules, words: str) -> None:
    assert words in " ".join(classify(course(**{"ended": False, **given}), rules).what_would_change)


# Reasons


REASONS: list[tuple[dict[str, Any], str, str]] = [
    ({"counts": {3: 60, 10: 60}}, "R13", "60 ×10⁹/L is at least 30 and at least 2 x the baseline of 10"),
    ({"counts": {3: 60, 10: 60}}, "R14", "confirmed on 2025-03-12, 7 days later"),
    ({"counts": {3: 60, 10: 60}}, "R14", "Not CR"),
    ({"counts": {3: 60, 10: 60}}, "R18", "not lost"),
    ({"counts": {3: 60, 10: 60, 20: 9, 21: 9}}, "R16", "lost on 2025-03-22: 9 ×10⁹/L, and the next count"),
    ({"counts": {3: 60, 10: 60, 20: 9, 21: 9, 28: 60, 35: 60}}, "R19", "A later response, from 2025-03-30"),
    ({"counts": {3: 60}}, "R15", "Unconfirmed: 60 ×10⁹/L on 2025-03-05"),
    ({"counts": {80: 60}}, "R14", "Late: 60 ×10⁹/L"),
    ({"counts": {3: 5, 4: 5}}, "R15", "NR: no confirmed response, and 2 failing counts"),
    ({"counts": {3: 5, 4: 5}}, "R13", "On 2025-03-06: 5 ×10⁹/L is below 30: NR."),
    ({"counts": {3: 5, 4: 5}, "ended": False}, "R15", "provisional"),
    ({"counts": {3: 5}}, "R15", "NE: no confirmed response, and no two failing counts"),
    ({"counts": {}}, "R15", "NE: no evaluable count"),
    ({"counts": {3: 5}, "rescues": [(4, 4, "ivig")]}, "R15", "rescue (ivig) on 2025-03-06"),
    ({"counts": {3: 60}, "baseline": None}, "R11", "the baseline is missing"),
    ({"counts": {3: 60}, "baseline": None}, "R13", "R cannot be judged"),
    ({"counts": {3: None}}, "R8", "no valid count"),
    ({"counts": {3: 60}, "unknown": [3]}, "R13", "bleeding on that day is not known"),
    ({"counts": {3: 60, 4: 60}, "as_of": 3}, "R14", "later than 2025-03-05"),
    ({"counts": {3: 60, 10: 60}}, "R20", "from the last dose, 2025-03-30"),
    ({"counts": {3: 60, 10: 60}, "other_end": 40}, "R20", "last day of other ITP therapy"),
    ({"counts": {3: 60, 10: 60}}, "R23", "NE: not lost, but no count"),
    ({"counts": {3: 60}, "doses": []}, "R7", "No dose was given"),
    ({"counts": {3: 60, 10: 60, **MONTHLY, 208: 60}}, "R21", "SRoT"),
]


@pytest.mark.parametrize(("given", "rule", "words"), REASONS)
def test_reasons(given: dict[str, Any], rule: str, words: str) -> None:
    reasons = classify(course(**given)).reasons
    assert any(reason.rule == rule and words in reason.text for reason in reasons), reasons


# Before the first dose, the data cut, and what is refused


def test_before_day_0_everything_is_not_evaluable() -> None:
    given = replace(course({1: 150, 8: 150}, ended=False), day_0=None, doses=())
    verdict = classify(given)
    assert (verdict.best_response, verdict.state, verdict.provisional) == ("NE", "NE", True)
    assert verdict.off_therapy is None
    assert "no Day 0" in verdict.reasons[0].text
    assert verdict.later_episodes == ()
    referred = replace(given, counts=(Count(day(8), Decimal(150), "b"), Count(day(1), Decimal(9), "a")))
    assert classify(referred).counts == (
        CountStatus(day(1), Decimal(9), "NE", False, verdict.reasons[0], "a"),
        CountStatus(day(8), Decimal(150), "NE", False, verdict.reasons[0], "b"),
    )
    assert "no Day 0" in classify(replace(given, day_0=day(1), as_of=day(0))).reasons[0].text
    assert "Day 0 is" not in str(verdict.reasons)


def test_one_long_response_is_one_episode() -> None:
    assert classify(course({3: 60, 10: 60, 17: 60, 24: 60, 30: 9, 31: 9})).later_episodes == ()


def test_nothing_later_than_the_data_cut_is_looked_at() -> None:
    whole = course({3: 60, 10: 60, 20: 5, 21: 5}, doses=[0, 14], bleeds=[(15, 16, 2)], rescues=[(22, 22, "ivig")])
    cut = classify(replace(whole, as_of=day(10), death=day(30), followup_ended=False))
    assert cut.state == "R"
    assert cut.off_therapy is not None
    assert (cut.off_therapy.since, cut.off_therapy.state) == (DAY_0, "PENDING")


def test_two_counts_on_one_date_are_refused() -> None:
    twice = (Count(day(3), Decimal(60)), Count(day(3), Decimal(61)))
    with pytest.raises(ValueError, match="Two counts on 2025-03-05"):
        Course(DAY_0, None, twice, (), (), (), (), None, True, day(9))


@pytest.mark.parametrize("value", ["-1", "NaN", "Infinity"])
def test_impossible_counts_are_refused(value: str) -> None:
    with pytest.raises(ValueError, match="platelet count"):
        course({3: value})
    with pytest.raises(ValueError, match="platelet count"):
        course({}, baseline=value)


def test_intervals_that_end_before_they_start_are_refused() -> None:
    with pytest.raises(ValueError, match="before it starts"):
        Bleed(day(2), day(1), 1)
    with pytest.raises(ValueError, match="before it starts"):
        Rescue(day(2), day(1), "ivig")


def test_the_version_of_the_rules_travels_with_the_verdict() -> None:
    verdict: Verdict = classify(course({}))
    assert verdict.rules_version == RULES_VERSION


def test_nothing_is_off_therapy_while_a_further_dose_may_follow():
    """R7, R20: the last dose so far is no end of treatment."""
    treated = Course(DAY_0, Decimal(10), (Count(day(3), Decimal(60)), Count(day(10), Decimal(70))), (DAY_0,), (), (), (), None,
                     False, day(60))  # fmt: skip
    assert classify(treated).off_therapy is not None
    verdict = classify(replace(treated, on_treatment=True))
    assert verdict.off_therapy is None
    assert verdict.response == classify(treated).response
    assert any(reason.rule == "R7" and "no end of treatment yet" in reason.text for reason in verdict.reasons)


def test_a_rescue_between_two_low_counts_is_what_confirms_the_loss() -> None:
    """R16 b before R16 a: the rescue came before the next count, however low that one is."""
    verdict = classify(course({3: 60, 10: 65, 20: 15, 35: 10}, rescues=[(21, 21, "platelet_transfusion")]))
    assert verdict.response_end is not None
    assert (verdict.response_end.on, verdict.response_end.how) == (day(20), "confirmed_by_rescue")


def test_a_recovery_after_rescue_is_no_recovery_under_the_strict_reading() -> None:
    """Two low counts one day apart confirm nothing there; the rescue after them does, before the count that is well again."""
    verdict = classify(
        course({3: 60, 12: 65, 20: 15, 21: 10, 35: 80}, rescues=[(22, 22, "platelet_transfusion")]), Rules(strict=True)
    )
    assert verdict.response_end is not None
    assert (verdict.response_end.on, verdict.response_end.how) == (day(20), "confirmed_by_rescue")


def test_every_count_keeps_the_form_that_it_stands_in() -> None:
    """Used, in a washout, without a value, on Day 0 and after the data cut: the auditor finds the form of each."""
    given = course({0: 9, 3: 60, 5: None, 12: 65, 20: 70, 90: 80}, rescues=[(18, 18, "ivig")], ended=False, as_of=40)
    named = replace(given, counts=tuple(replace(count, ref=f"form of {count.on}") for count in given.counts))
    verdict = classify(named)
    assert [count.ref for count in verdict.counts] == [f"form of {count.on}" for count in verdict.counts]
    assert [count.reason.rule for count in verdict.counts] == ["R14", "R13", "R8", "R13", "R17", "R14"]
    assert [count.evaluable for count in verdict.counts] == [False, True, False, True, False, False]


def test_a_dose_on_the_day_that_is_looked_at_is_the_last_one() -> None:
    verdict = classify(course({3: 60, 12: 65, 28: 70}, doses=(0, 14, 28), ended=False, as_of=28))
    assert verdict.off_therapy is not None
    assert verdict.off_therapy.since == day(28)
