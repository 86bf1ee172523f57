"""Doses R5 and R7: the protocol's cases G09, G11, G13 and both sides of every limit."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given as example
from hypothesis import strategies as st

from dosing.dose import Bag, DoseVerdict, check, elapsed, given, local_date, planned_grams

CAIRO = ZoneInfo("Africa/Cairo")
START = datetime(2025, 3, 2, 9, 0, tzinfo=CAIRO)
DAY = date(2025, 3, 2)
KG = Decimal(20)
HUNDREDTHS = st.decimals(Decimal("1"), Decimal("80"), places=2)


def infusion(
    grams: str = "20",
    number: int = 0,
    hours: str = "7",
    weight: Decimal = KG,
    weight_on: date = DAY,
    igg: str = "100",
    stopped_early: bool = False,
) -> DoseVerdict:
    """An infusion of ``grams``; at 100 g/L the mean rate stays low, so that it adds no finding."""
    bags = [Bag(Decimal(grams) * 1000 / Decimal(igg), Decimal(igg))]
    stopped = START + timedelta(seconds=float(Decimal(hours) * 3600))
    return check(number, weight, weight_on, START, stopped, bags, stopped_early)


def found(verdict: DoseVerdict) -> list[tuple[str, str]]:
    return [(finding.topic, finding.level) for finding in verdict.findings]


@pytest.mark.parametrize(("number", "expected"), [(0, "20.0"), (1, "10.00"), (2, "10"), (3, "10"), (4, "10"), (5, "10")])
def test_planned_grams(number: int, expected: str) -> None:
    assert planned_grams(KG, number) == Decimal(expected)


@pytest.mark.parametrize("number", [-1, 6])
def test_there_is_no_other_dose(number: int) -> None:
    with pytest.raises(ValueError, match=r"Doses are numbered 0 \(loading\) to 5"):
        planned_grams(KG, number)


@pytest.mark.parametrize("weight", ["0", "-1", "NaN", "Infinity"])
def test_an_impossible_weight_is_refused(weight: str) -> None:
    with pytest.raises(ValueError, match="The weight must be above 0 kg"):
        planned_grams(Decimal(weight), 0)
    with pytest.raises(ValueError, match="The weight must be above 0 kg"):
        infusion(weight=Decimal(weight))


@pytest.mark.parametrize(
    ("volume", "igg", "words"),
    [("-1", "45", "Bag B7: the volume"), ("NaN", "45", "the volume"), ("10", "0", "concentration must be above 0")],
)
def test_an_impossible_bag_is_refused(volume: str, igg: str, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        Bag(Decimal(volume), Decimal(igg), "B7")


def test_g09_loading_dose_of_440_ml() -> None:
    verdict = check(
        0,
        KG,
        DAY,
        START,
        START + timedelta(hours=7),
        [Bag(Decimal(200), Decimal("45.4")), Bag(Decimal(240), Decimal("45.4"))],
    )
    assert verdict.grams == Decimal("19.976")
    assert (verdict.g_per_kg, verdict.percent_of_plan) == (Decimal("1.00"), Decimal("99.9"))
    assert (verdict.volume_ml, verdict.ml_per_kg) == (Decimal(440), Decimal(22))
    assert (verdict.hours, verdict.ml_per_kg_h) == (Decimal(7), Decimal("3.14"))
    assert verdict.findings == ()
    assert verdict.counts_as_dose
    assert not verdict.partial


def test_bags_of_different_lots_add_up() -> None:
    assert given([Bag(Decimal(100), Decimal("45.4")), Bag(Decimal(50), Decimal("44"))]) == Decimal("6.74")
    assert given([]) == 0
    assert isinstance(given([]), Decimal)
    assert isinstance(check(0, KG, DAY, START, None, []).volume_ml, Decimal)


@pytest.mark.parametrize(
    ("grams", "expected"),
    [
        ("18", []),
        ("17.999", [("dose", "deviation")]),
        ("22", []),
        ("22.001", [("dose", "deviation")]),
        ("10", [("dose", "deviation")]),
        ("9.999", [("partial", "deviation")]),
        ("0", [("no volume", "query")]),
    ],
)
def test_tolerance_and_partial_dose(grams: str, expected: list[tuple[str, str]]) -> None:
    verdict = infusion(grams)
    assert found(verdict) == expected
    assert verdict.partial is (expected == [("partial", "deviation")])
    assert verdict.counts_as_dose is (grams != "0")


def test_the_comparison_uses_unrounded_numbers() -> None:
    verdict = infusion("17.9999")
    assert (verdict.g_per_kg, verdict.percent_of_plan) == (Decimal("0.90"), Decimal("90.0"))
    assert found(verdict) == [("dose", "deviation")]


def test_display_rounds_half_up() -> None:
    assert infusion("20.1").g_per_kg == Decimal("1.01")  # 1.005


@pytest.mark.parametrize(
    ("number", "minutes", "late"),
    [
        (0, 5 * 60 + 45, "shorter"),
        (0, 359, "shorter"),
        (0, 6 * 60, ""),
        (0, 8 * 60, ""),
        (0, 481, "longer"),
        (0, 8 * 60 + 20, "longer"),
        (1, 179, "shorter"),
        (1, 180, ""),
        (5, 480, ""),
        (5, 481, "longer"),
    ],
)
def test_g11_duration(number: int, minutes: int, late: str) -> None:
    bags = [Bag(Decimal(100 if number else 200), Decimal(100))]
    verdict = check(number, KG, DAY, START, START + timedelta(minutes=minutes), bags)
    assert found(verdict) == ([("duration", "deviation")] if late else [])
    assert all(late in finding.text for finding in verdict.findings)
    assert ("assumption" in "".join(f.text for f in verdict.findings)) is bool(late and number)


def test_a_second_is_enough_to_deviate() -> None:
    verdict = check(0, KG, DAY, START, START + timedelta(hours=8, seconds=1), [Bag(Decimal(200), Decimal(100))])
    assert verdict.findings[0].text.startswith("The infusion took 8 h 00 min 1 s, longer")


def test_g13_stopped_at_30_percent_counts_and_is_flagged() -> None:
    verdict = infusion("6", hours="2", stopped_early=True)
    assert verdict.counts_as_dose
    assert verdict.partial
    assert found(verdict) == [("partial", "deviation"), ("duration", "note")]
    assert "30.0 %" in verdict.findings[0].text
    assert verdict.findings[0].rule == "R7"


def test_stopping_early_excuses_no_long_infusion() -> None:
    assert found(infusion(hours="9", stopped_early=True)) == [("duration", "deviation")]


@pytest.mark.parametrize(
    ("volume", "expected"),
    [
        ("560", []),
        ("560.1", [("rate", "warning")]),
        ("700", [("rate", "warning")]),
        ("700.1", [("rate", "query")]),
    ],
)
def test_rate(volume: str, expected: list[tuple[str, str]]) -> None:
    bags = [Bag(Decimal(volume), Decimal(20000) / Decimal(volume))]
    assert found(check(0, KG, DAY, START, START + timedelta(hours=7), bags)) == expected


@pytest.mark.parametrize(("days", "expected"), [(-1, True), (0, False), (7, False), (8, True)])
def test_age_of_the_weight(days: int, expected: bool) -> None:
    verdict = infusion(weight_on=DAY - timedelta(days=days))
    assert found(verdict) == [("weight", "query")] * expected


def test_the_weight_is_compared_with_the_local_date() -> None:
    started = datetime(2025, 3, 2, 22, 30, tzinfo=UTC)  # 00:30 on 3 March in Cairo
    assert local_date(started) == date(2025, 3, 3)


def test_while_it_runs_only_the_weight_is_judged() -> None:
    verdict = check(0, KG, DAY, START, None, [Bag(Decimal(50), Decimal(45))])
    assert (verdict.hours, verdict.ml_per_kg_h, verdict.findings) == (None, None, ())
    assert found(check(0, KG, DAY - timedelta(days=8), START, None, [])) == [("weight", "query")]


@pytest.mark.parametrize(
    ("start", "stop", "hours"),
    [
        (datetime(2025, 4, 24, 21, 0, tzinfo=CAIRO), datetime(2025, 4, 25, 4, 0, tzinfo=CAIRO), 6),  # clock goes on
        (datetime(2025, 10, 30, 20, 0, tzinfo=CAIRO), datetime(2025, 10, 31, 3, 0, tzinfo=CAIRO), 8),  # clock goes back
        (datetime(2025, 3, 2, 9, 0, tzinfo=CAIRO), datetime(2025, 3, 2, 14, 0, tzinfo=UTC), 7),
    ],
)
def test_durations_are_real_time(start: datetime, stop: datetime, hours: int) -> None:
    assert elapsed(start, stop) == timedelta(hours=hours)


@pytest.mark.parametrize("minutes", [0, -1])
def test_stop_must_follow_start(minutes: int) -> None:
    with pytest.raises(ValueError, match="must stop after it started"):
        elapsed(START, START + timedelta(minutes=minutes))


def test_times_need_a_zone() -> None:
    naive = datetime(2025, 3, 2, 9, 0)
    for start, stop in ((naive, START), (START, naive)):
        with pytest.raises(ValueError, match="need a time zone"):
            elapsed(start, stop)
    with pytest.raises(ValueError, match="need a time zone"):
        local_date(naive)


@example(weight=HUNDREDTHS, number=st.integers(0, 5), factor=st.integers(2, 9))
def test_the_plan_scales_with_the_weight(weight: Decimal, number: int, factor: int) -> None:
    assert planned_grams(weight * factor, number) == planned_grams(weight, number) * factor
    assert planned_grams(weight, 0) == planned_grams(weight, max(number, 1)) * 2


@example(volumes=st.lists(HUNDREDTHS, max_size=6), igg=HUNDREDTHS)
def test_the_order_and_the_split_of_bags_are_irrelevant(volumes: list[Decimal], igg: Decimal) -> None:
    bags = [Bag(volume, igg) for volume in volumes]
    assert given(bags) == given(bags[::-1]) == sum(volumes, Decimal(0)) * igg / 1000


@example(weight=HUNDREDTHS, number=st.integers(0, 5))
def test_the_exact_plan_is_never_a_dose_finding(weight: Decimal, number: int) -> None:
    bags = [Bag(planned_grams(weight, number) * 10, Decimal(100))]
    verdict = check(number, weight, DAY, START, START + timedelta(hours=7), bags)
    assert verdict.percent_of_plan == 100
    assert verdict.findings == ()
