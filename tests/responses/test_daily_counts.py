"""The count of a date, whole: the value, its source, why it was chosen, and what was left out in which words (R8 to R10)."""

from __future__ import annotations

from datetime import time
from decimal import Decimal

import pytest

from responses.counts import ASSUMED_PRE_INFUSION, NO_VALID_COUNT, Count, Excluded, Infusion, Sample, daily_counts
from tests.responses.courses import day

ON = day(10)
EARLY, LATE = (Sample(ON, Decimal(value), time(hour), ref=ref) for value, hour, ref in ((95, 8, "early"), (102, 14, "late")))
UNTIMED = Sample(ON, Decimal(110), ref="untimed")
PRIMARY = Sample(ON, Decimal(90), time(7), primary=True, ref="primary")
NONE = "No valid count on this date (R8, R10)."
HIGH = "2000.5 is above the limit of 2000 ×10⁹/L. If the report is per microlitre, the count is 2.0005 ×10⁹/L."


@pytest.mark.parametrize(
    ("samples", "infusions", "expected"),
    [
        ((EARLY,), (), Count(ON, Decimal(95), "early", (), "the only valid sample.")),
        ((Sample(ON, Decimal(0)),), (), Count(ON, Decimal(0), "", (), "the only valid sample.")),
        ((Sample(ON, Decimal("0.5")),), (), Count(ON, Decimal("0.5"), "", (), "the only valid sample.")),
        (
            (EARLY, LATE),
            (),
            Count(ON, Decimal(102), "late", (), "the latest sample of the date is used.",
                  (Excluded(EARLY, "R9", "Not chosen: the latest sample of the date is used."),)),
        ),
        (
            (LATE, UNTIMED),
            (),
            Count(ON, Decimal(102), "late", (), "a sample time is missing, so the lowest count is used.",
                  (Excluded(UNTIMED, "R9", "Not chosen: a sample time is missing, so the lowest count is used."),)),
        ),
        (
            (LATE, PRIMARY),
            (),
            Count(ON, Decimal(90), "primary", (), "the sample that the site marked as primary is used.",
                  (Excluded(LATE, "R9", "Not chosen: the sample that the site marked as primary is used."),)),
        ),
        (
            (LATE,),
            (Infusion(ON, time(9, 30)),),
            Count(ON, None, "", (NO_VALID_COUNT,), NONE,
                  (Excluded(LATE, "R10", "Taken at 14:00, after the infusion started at 09:30."),)),
        ),
        (
            (UNTIMED,),
            (Infusion(ON, time(9)),),
            Count(ON, Decimal(110), "untimed", (ASSUMED_PRE_INFUSION,), "the only valid sample."),
        ),
    ],
)  # fmt: skip
def test_the_count_of_a_date(samples: tuple[Sample, ...], infusions: tuple[Infusion, ...], expected: Count) -> None:
    assert daily_counts(samples, infusions) == (expected,)


@pytest.mark.parametrize(
    ("sample", "why"),
    [
        (Sample(ON, None), "No result."),
        (Sample(ON, Decimal(-1)), "The result is not a number of platelets."),
        (Sample(ON, Decimal("2000.5")), HIGH),
        (Sample(ON, Decimal(50), acceptable=False), "The sample was clotted or clumped and the count was not confirmed."),
        (Sample(ON, Decimal(50), query_free=False), "A query on this result is open."),
    ],
)
def test_an_invalid_sample_stays_with_its_reason(sample: Sample, why: str) -> None:
    assert daily_counts([sample], []) == (Count(ON, None, "", (NO_VALID_COUNT,), NONE, (Excluded(sample, "R8", why),)),)


def test_what_was_left_out_is_listed_without_a_number_first() -> None:
    clotted, empty = Sample(ON, Decimal(0), acceptable=False, ref="a"), Sample(ON, None, ref="b")
    (count,) = daily_counts([clotted, empty], [])
    assert [left.sample.ref for left in count.excluded] == ["b", "a"]
