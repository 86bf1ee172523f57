"""What must hold for every course, and agreement with the independent oracle.

Two wishes are stated in a weaker form, because the protocol itself breaks the stronger one (R15, R19: the *first*
episode decides). More platelets, or looser inequalities, can start an early R episode that is lost before the CR that
would otherwise have been the first. So what never gets worse is being a responder.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from responses.classification import Bleed, Count, Course, End, Pair, Rescue, Rules, Verdict, classify
from responses.parameters import named
from responses.reasoning import reasoning
from responses.statuses import Point
from tests.responses import oracle
from tests.responses.courses import DAY_0, course, day

MODEST = settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])
RANK = {"CR": 2, "R": 1, "NR": 0, "NE": 0}

# Values on and next to every limit, and gaps on and next to every number of days that a rule uses.
VALUES = st.sampled_from([None, 5, 19, 20, 29, 30, 31, 39, 40, 60, 80, 99, 100, 100, 120, 150])
GAPS = st.sampled_from([1, 1, 2, 3, 6, 7, 7, 8, 14, 20, 27, 28, 29, 34, 35, 36, 61, 62, 63])
KINDS = st.sampled_from(["ivig", "platelet_transfusion", "tpo_ra"])


@st.composite
def cases(draw: st.DrawFn) -> oracle.Case:
    """A random course as the oracle reads it: days counted from Day 0."""
    good = draw(st.booleans())  # half of the children mostly respond, or long stories would be rare
    values = st.sampled_from([40, 60, 60, 99, 100, 120, 150, 150, 20]) if good else VALUES
    counts: dict[int, int | None] = {}
    on = draw(st.integers(-3, 8))
    for gap in draw(st.lists(GAPS, min_size=4 if good else 0, max_size=14)):
        counts[on] = draw(values)
        on += gap
    doses = [0]
    for gap in draw(st.lists(st.sampled_from([14, 21, 28]), max_size=5)):
        doses.append(doses[-1] + gap)
    last = max([*counts, *doses, 0])
    days = st.integers(-5, last + 5)
    length = st.sampled_from([None, 0, 0, 1, 3])
    # Most good stories have no event, or nothing but events would ever end a response.
    some_bleeds, some_rescues = draw(st.sampled_from([(0, 0), (0, 0), (1, 0), (0, 1)] if good else [(0, 0), (2, 0), (3, 2)]))
    bleeds = [
        (first, None if more is None else first + more, grade)
        for first, more, grade in draw(st.lists(st.tuples(days, length, st.integers(0, 3)), max_size=some_bleeds))
    ]
    rescues = [
        (first, None if more is None else first + more, kind)
        for first, more, kind in draw(st.lists(st.tuples(days, length, KINDS), max_size=some_rescues))
    ]
    return {
        "day_0": 0,
        "baseline": draw(st.sampled_from([10, 10, 15, 20] if good else [None, 0, 10, 10, 15, 20, 50, 55])),
        "counts": counts,
        "doses": draw(st.sampled_from([doses, doses, doses, doses if good else []])),
        "bleeds": bleeds,
        "unknown": draw(st.lists(st.sampled_from(sorted(counts)), max_size=2)) if counts else [],
        "rescues": rescues,
        "other_end": draw(st.sampled_from([None, None, 20, 100])),
        "ended": draw(st.booleans()),
        "as_of": last + draw(st.sampled_from([5, 6, 30, 200])),
        "death": draw(st.sampled_from([None, None, None, last + 5])),
    }


def as_course(case: oracle.Case) -> Course:
    return course(
        case["counts"],
        baseline=case["baseline"],
        doses=case["doses"],
        bleeds=case["bleeds"],
        unknown=case["unknown"],
        rescues=case["rescues"],
        other_end=case["other_end"],
        ended=case["ended"],
        as_of=case["as_of"],
        death=case["death"],
    )


def in_days(verdict: Verdict) -> dict[str, Any]:
    """The verdict in the words of the oracle."""

    def pair(item: Pair | None) -> tuple[int, int] | None:
        return None if item is None else ((item.start - DAY_0).days, ((item.confirmed or item.start) - DAY_0).days)

    def end(item: End | None) -> tuple[int, str] | None:
        return None if item is None else ((item.on - DAY_0).days, item.how)

    off = verdict.off_therapy
    return {
        "best_response": verdict.best_response,
        "response": pair(verdict.response),
        "response_end": end(verdict.response_end),
        "complete_response": pair(verdict.complete_response),
        "complete_response_end": end(verdict.complete_response_end),
        "time_in_response": (verdict.time_in_response.days, verdict.time_in_response.observed),
        "off_therapy": None if off is None else ((off.since - DAY_0).days, off.state),
    }


@settings(MODEST, max_examples=1000)
@given(cases())
def test_agrees_with_the_oracle(case: oracle.Case) -> None:
    verdict = classify(as_course(case))
    event(f"best {verdict.best_response}")
    event(f"off therapy {verdict.off_therapy.state if verdict.off_therapy else None}")
    event(f"end {verdict.response_end.how if verdict.response_end else None}")
    assert in_days(verdict) == oracle.judge(case)


@MODEST
@given(cases(), st.randoms(use_true_random=False))
def test_the_order_of_the_input_is_irrelevant(case: oracle.Case, random: Any) -> None:
    straight = as_course(case)

    def shuffled(items: Any) -> Any:
        return tuple(random.sample(list(items), len(items)))

    mixed = replace(
        straight,
        counts=shuffled(straight.counts),
        doses=shuffled(straight.doses),
        bleeds=shuffled(straight.bleeds),
        rescues=shuffled(straight.rescues),
        bleeding_unknown=shuffled(straight.bleeding_unknown),
    )
    assert classify(mixed) == classify(straight)


@MODEST
@given(cases())
def test_the_verdict_is_deterministic_and_complete(case: oracle.Case) -> None:
    first, second = classify(as_course(case)), classify(as_course(case))
    assert first == second
    assert len(first.counts) == len(case["counts"])
    assert first.reasons
    assert first.what_would_change
    assert all(reason.rule and reason.text.endswith(".") for reason in first.reasons)


@MODEST
@given(cases(), st.data())
def test_more_platelets_never_lose_a_response(case: oracle.Case, data: st.DataObject) -> None:
    before_course = as_course(case)
    if not before_course.counts:
        return
    index = data.draw(st.integers(0, len(before_course.counts) - 1))
    old = before_course.counts[index]
    more = Count(old.on, (old.value or Decimal(0)) + data.draw(st.integers(1, 100)))
    if old.value is None:
        return  # a missing count is not a low count
    counts = (*before_course.counts[:index], more, *before_course.counts[index + 1 :])
    before, after = classify(before_course), classify(replace(before_course, counts=counts))
    assert min(RANK[after.best_response], 1) >= min(RANK[before.best_response], 1)
    if before.response and after.response and before.response.start == after.response.start:
        assert RANK[after.best_response] >= RANK[before.best_response]
    ranks = [RANK[item.status] for item in before.counts]
    assert all(RANK[item.status] >= rank for item, rank in zip(after.counts, ranks, strict=True))


@MODEST
@given(cases(), st.data())
def test_a_rescue_never_improves_anything(case: oracle.Case, data: st.DataObject) -> None:
    plain = as_course(case)
    start = day(data.draw(st.integers(1, max(1, case["as_of"]))))
    length = data.draw(st.sampled_from([None, 0, 3]))
    end = None if length is None else day((start - DAY_0).days + length)
    rescue = Rescue(start, end, data.draw(KINDS))
    before, after = classify(plain), classify(replace(plain, rescues=(*plain.rescues, rescue)))
    assert RANK[after.best_response] <= RANK[before.best_response]
    assert not (after.off_therapy and after.off_therapy.state == "SRoT")
    if after.best_response in ("NR", "NE") and start <= plain.as_of and (plain.death is None or start <= plain.death):
        assert (after.best_response, after.flag) == ("NR", "rescue")
        assert not after.provisional


@MODEST
@given(cases())
def test_strict_ash_never_makes_a_responder(case: oracle.Case) -> None:
    plain = as_course(case)
    loose, strict = classify(plain), classify(plain, Rules(strict=True))
    assert min(RANK[strict.best_response], 1) <= min(RANK[loose.best_response], 1)
    if strict.response and loose.response:
        assert strict.response.settled >= loose.response.settled
    for narrow, wide in zip(strict.counts, loose.counts, strict=True):
        assert RANK[narrow.status] <= RANK[wide.status]


@MODEST
@given(cases())
def test_accepting_unconfirmed_responses_never_loses_one(case: oracle.Case) -> None:
    plain = as_course(case)
    main, loose = classify(plain), classify(plain, Rules(accept_unconfirmed=True))
    assert min(RANK[loose.best_response], 1) >= min(RANK[main.best_response], 1)


@MODEST
@given(cases())
def test_dates_and_durations_fit_together(case: oracle.Case) -> None:
    verdict = classify(as_course(case))
    time = verdict.time_in_response
    assert 0 <= time.days <= time.observed <= case["as_of"]
    for pair, end in (
        (verdict.response, verdict.response_end),
        (verdict.complete_response, verdict.complete_response_end),
    ):
        assert (pair is None) == (end is None)
        if pair is None or end is None:
            continue
        assert pair.confirmed is not None
        assert (pair.confirmed - pair.start).days >= 7
        assert end.on >= pair.confirmed
    if verdict.response and verdict.complete_response:
        assert verdict.complete_response.start >= verdict.response.start
        assert verdict.complete_response_end is not None
        assert verdict.response_end is not None
        assert verdict.complete_response_end.on <= verdict.response_end.on
    assert (verdict.best_response in ("CR", "R")) == (verdict.response is not None)
    assert (verdict.best_response == "CR") == (verdict.complete_response is not None)
    assert verdict.state != "PENDING_CONFIRMATION" or not case["ended"]


@MODEST
@given(cases())
def test_a_waiting_response_is_confirmed_by_one_more_good_count(case: oracle.Case) -> None:
    """What the investigator is told about a pending response comes true."""
    plain = as_course({**case, "ended": False, "death": None})
    told = classify(plain)
    if told.state != "PENDING_CONFIRMATION" or told.since is None:
        return
    # A transfusion washout or bleeding that is still open was excluded by "pending" itself, up to today.
    on = max(plain.as_of, day((told.since - DAY_0).days + 7))
    if any(count.on == on for count in plain.counts):
        on = day((on - DAY_0).days + 1)
    later = replace(plain, counts=(*plain.counts, Count(on, Decimal(150))), as_of=on)
    if any(bleed.start > plain.as_of for bleed in plain.bleeds) or any(rescue.start > plain.as_of for rescue in plain.rescues):
        return
    after = classify(later)
    assert after.state in ("R", "CR")
    assert after.since is not None
    assert after.since >= told.since


@MODEST
@given(cases(), st.data())
def test_bleeding_never_makes_a_responder(case: oracle.Case, data: st.DataObject) -> None:
    plain = as_course(case)
    start = data.draw(st.integers(-3, max(1, case["as_of"])))
    length = data.draw(st.sampled_from([None, 0, 3]))
    bleed = Bleed(day(start), None if length is None else day(start + length), data.draw(st.integers(1, 4)))
    before, after = classify(plain), classify(replace(plain, bleeds=(*plain.bleeds, bleed)))
    assert min(RANK[after.best_response], 1) <= min(RANK[before.best_response], 1)
    assert after.time_in_response.days <= before.time_in_response.days
    assert all(RANK[now.status] <= RANK[was.status] for now, was in zip(after.counts, before.counts, strict=True))
    if before.response == after.response:
        assert RANK[after.best_response] <= RANK[before.best_response]


def what_was_known(verdict: Verdict, until: date) -> Verdict:
    """The verdict without the count of a later day, and without the sentence that says so."""
    return replace(
        verdict,
        counts=tuple(count for count in verdict.counts if count.on <= until),
        reasons=tuple(reason for reason in verdict.reasons if "later than" not in reason.text),
    )


@MODEST
@given(cases(), st.integers(1, 400), VALUES)
def test_what_comes_after_the_data_cut_changes_nothing_before_it(case: oracle.Case, later: int, value: int | None) -> None:
    plain = as_course(case)
    on = day(case["as_of"] + later)
    more = replace(
        plain,
        counts=(*plain.counts, Count(on, None if value is None else Decimal(value))),
        doses=(*plain.doses, on),
        bleeds=(*plain.bleeds, Bleed(on, None, 3)),
        rescues=(*plain.rescues, Rescue(on, None, "ivig")),
    )
    assert what_was_known(classify(more), plain.as_of) == what_was_known(classify(plain), plain.as_of)


RULES = st.builds(
    named,
    st.just("any"),
    cr_min=st.integers(50, 150), r_min=st.integers(0, 50), fold=st.integers(1, 3), bleed_grade=st.integers(1, 5),
    confirm_resp_d=st.integers(1, 40), confirm_loss_d=st.integers(0, 14), attrib_d=st.integers(0, 60),
    rescue_wash_d=st.integers(0, 60), plt_transf_wash_d=st.integers(0, 60), pti_cap_d=st.integers(1, 60),
    srot_d=st.integers(0, 200), srot_max_gap_d=st.integers(0, 100), rot_min_d=st.integers(0, 60),
    strict=st.booleans(), accept_unconfirmed=st.booleans(), censor_unconfirmed_loss=st.booleans(), ignore_rescue=st.booleans(),
)  # fmt: skip


@MODEST
@given(cases(), RULES)
def test_every_parameter_set_judges_every_course(case: oracle.Case, rules: Rules) -> None:
    """Total, and idempotent: a verdict under any set, the same twice, its text included."""
    given_course = as_course(case)
    verdict = classify(given_course, rules)
    assert verdict == classify(given_course, rules)
    assert verdict.rules_version == rules.version
    assert verdict.deciding <= {count.on for count in verdict.counts if count.evaluable}
    told = reasoning("child", given_course, verdict)
    assert f"Best response      {verdict.best_response}" in told
    assert rules.version in told


STORIES = {
    "always well": lambda i: 150, "always low": lambda i: 5, "up and down": lambda i: 5 + 60 * (i % 2),
    "many episodes": lambda i: 60 if i % 12 < 9 else 5, "never confirmed": lambda i: 60 if i % 3 else 5,
}  # fmt: skip


@pytest.mark.parametrize("story", STORIES)
@pytest.mark.parametrize("rules", [Rules(), Rules(strict=True), Rules(censor_unconfirmed_loss=True)], ids=["IWG", "ASH", "last"])
@pytest.mark.parametrize("doses", [(0,), tuple(range(0, 8000, 30))], ids=["one dose", "many doses"])
def test_the_work_grows_with_the_number_of_counts_and_no_faster(
    story: str, rules: Rules, doses: tuple[int, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Counted in looks at a count, not in seconds: four times the counts are at most a little more than four times the looks."""
    looks = 0
    look = Point.meets

    def counted(point: Point, level: Any) -> bool:
        nonlocal looks
        looks += 1
        return look(point, level)

    monkeypatch.setattr(Point, "meets", counted)

    def work(counts: int) -> int:
        nonlocal looks
        looks = 0
        classify(course({i + 1: STORIES[story](i) for i in range(counts)}, doses=doses, as_of=8000), rules)
        return looks

    assert work(800) <= 4.5 * work(200) + 50
