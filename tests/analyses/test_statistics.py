"""Proportions, survival curves, paired tests and quartiles: published values, and a second way to each number."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyses.statistics import Observed, kaplan_meier, proportion, quartiles, signed_rank, steps_down


@pytest.mark.parametrize(
    ("k", "n", "percent", "low", "high"),
    [
        (0, 20, 0.0, 0.0, 16.8), (4, 20, 20.0, 5.7, 43.7), (5, 20, 25.0, 8.7, 49.1), (10, 20, 50.0, 27.2, 72.8),
        (14, 20, 70.0, 45.7, 88.1), (15, 20, 75.0, 50.9, 91.3), (16, 20, 80.0, 56.3, 94.3), (20, 20, 100.0, 83.2, 100.0),
        (14, 24, 58.3, 36.6, 77.9), (18, 24, 75.0, 53.3, 90.2),
    ],
)  # fmt: skip
def test_exact_intervals_are_the_published_ones(k: int, n: int, percent: float, low: float, high: float) -> None:
    """``protocol.md`` 10.3: the table for 20 children, and Elalfy 2017."""
    found = proportion(k, n)
    assert found.share is not None
    assert found.low is not None
    assert found.high is not None
    assert [round(100 * x, 1) for x in (found.share, found.low, found.high)] == [percent, low, high]
    assert found.text == f"{k}/{n} ({percent:.1f} %, {low:.1f} to {high:.1f})"


@given(st.integers(1, 60).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_the_bounds_leave_two_and_a_half_percent_outside(case: tuple[int, int]) -> None:
    """The definition itself, by adding up the binomial distribution: an independent way to the same bounds."""
    k, n = case
    found = proportion(k, n)
    assert found.low is not None
    assert found.high is not None

    def at_least(p: float, k: int) -> float:
        return math.fsum(math.comb(n, i) * p**i * (1 - p) ** (n - i) for i in range(k, n + 1))

    assert found.low == 0 if k == 0 else at_least(found.low, k) == pytest.approx(0.025, abs=1e-6)
    assert found.high == 1 if k == n else 1 - at_least(found.high, k + 1) == pytest.approx(0.025, abs=1e-6)


def test_nothing_has_no_share() -> None:
    assert proportion(0, 0).share is None
    assert proportion(0, 0).text == "0/0"
    assert quartiles([]).text == "none"
    assert kaplan_meier([]).median is None
    with pytest.raises(ValueError, match="21 of 20"):
        proportion(21, 20)
    with pytest.raises(ValueError, match="-1 days"):
        Observed(-1, True)


def test_a_curve_by_hand() -> None:
    """6-MP arm of Freireich 1963, the textbook example: median 23 weeks, 0.857 at 6, 0.448 at 23."""
    events = [6, 6, 6, 7, 10, 13, 16, 22, 23]
    lost = [6, 9, 10, 11, 17, 19, 20, 25, 32, 32, 34, 35]
    curve = kaplan_meier([*(Observed(d, True) for d in events), *(Observed(d, False) for d in lost)])
    assert (curve.n, curve.events, curve.median, curve.median_low, curve.median_high) == (21, 9, 23, 13, None)
    assert [(s.day, s.at_risk, s.events, round(s.survival, 3)) for s in curve.steps] == [
        (6, 21, 3, 0.857), (7, 17, 1, 0.807), (10, 15, 1, 0.753), (13, 12, 1, 0.690), (16, 11, 1, 0.627),
        (22, 7, 1, 0.538), (23, 6, 1, 0.448),
    ]  # fmt: skip
    assert curve.share(5) == 1
    assert curve.at_risk(6) == 21
    first = curve.steps[0]
    # log(-log) by Greenwood: the interval that R's survfit(conf.type = "log-log") prints.
    assert (round(first.low or 0, 3), round(first.high or 0, 3)) == (0.620, 0.952)
    assert steps_down(curve)[-1] == (35, curve.steps[-1].survival)


@given(st.lists(st.tuples(st.integers(0, 60), st.booleans()), max_size=25))
def test_a_curve_falls_from_one_and_agrees_with_the_product_of_its_steps(found: list[tuple[int, bool]]) -> None:
    curve = kaplan_meier([Observed(days, event) for days, event in found])
    product = 1.0
    for step in curve.steps:
        dying = sum(event and days == step.day for days, event in found)
        at_risk = sum(days >= step.day for days, _ in found)
        product *= 1 - dying / at_risk
        assert (step.events, step.at_risk) == (dying, at_risk)
        assert step.survival == pytest.approx(product, abs=1e-12)
    assert curve.median == next((s.day for s in curve.steps if s.survival <= 0.5), None)


def test_zeros_are_kept_as_pratt_does() -> None:
    """Ranks count the zeros, then drop them: |0 0 1 1 1 2 3| have ranks 1.5 1.5 4 4 4 6 7."""
    found = signed_rank([-1, -2, 0, 0, 1, -3, -1])
    plus, minus = 4.0, 4 + 6 + 7 + 4.0
    n, zeros, ties = 7, 2, 3
    mean = (n * (n + 1) - zeros * (zeros + 1)) / 4
    variance = (n * (n + 1) * (2 * n + 1) - zeros * (zeros + 1) * (2 * zeros + 1) - (ties**3 - ties) / 2) / 24
    z = (min(plus, minus) - mean) / math.sqrt(variance)
    assert found.statistic == 4
    assert found.p == pytest.approx(math.erfc(-z / math.sqrt(2)), abs=1e-9)
    assert found.text == f"p = {found.p:.3f} (n = 7, 5 changed)"
    assert signed_rank([0, 0]).text == "no change in any of 2"
    assert signed_rank([]).text == "nobody with both values"
    assert signed_rank([-2] * 30).text.startswith("p < 0.001")


@pytest.mark.parametrize(
    ("values", "text"),
    [([7], "7.0 (7.0 to 7.0)"), ([1, 2, 3, 4], "2.5 (1.8 to 3.2)"), ([10, 20, 30, 40, 50], "30.0 (20.0 to 40.0)")],
)
def test_quartiles_are_those_of_type_7(values: list[float], text: str) -> None:
    assert quartiles(values).text == text
