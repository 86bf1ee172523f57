"""When the next maintenance dose is due, and how far a real interval departs from the protocol: rule R6.

Days count from the date on which the previous dose started. The bands are an assumption (the registry only says every
2-4 weeks, guided by the count), and every proposal says so. A proposal informs; the physician decides.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Literal

from itp_trial.protocol import RULES_VERSION, value
from itp_trial.reasons import Reason

State = Literal[
    "proposed",
    "no proposal: too early",
    "no proposal: count missing",
    "no further dose (maximum reached)",
    "no further dose (maintenance ended)",
]
Deviation = Literal["in protocol", "minor deviation", "major deviation"]

LOW_PLT: Decimal = value("INTERVAL_LOW_PLT")
HIGH_PLT: Decimal = value("INTERVAL_HIGH_PLT")
SHORT_D: int = value("INTERVAL_SHORT_D")
MIDDLE_D: int = value("INTERVAL_MIDDLE_D")
LONG_D: int = value("INTERVAL_LONG_D")
BLEED_GRADE: int = value("INTERVAL_BLEED_GRADE")
TOLERANCE_D: int = value("INTERVAL_TOL_D")
COUNT_MAX_AGE_D: int = value("DECISION_COUNT_MAX_AGE_D")
MAX_MAINT: int = value("MAX_MAINT")

#: Days after a dose on which the next dose is decided.
DECISION_POINTS = (SHORT_D, MIDDLE_D, LONG_D)


@dataclass(frozen=True)
class Decision:
    """What is known when the next dose is decided.

    ``doses_given`` includes the loading dose (1-6). ``count`` (10^9/L) taken on ``count_on`` is the latest valid one.
    ``worst_bleeding`` is the worst ITP-BAT grade since the last dose, first seen on ``bleeding_on`` (if unknown:
    today). ``ended_reason`` is filled when the physician ended maintenance.
    Raises ValueError for impossible input.
    """

    last_dose_on: date
    doses_given: int
    today: date
    count: Decimal | None = None
    count_on: date | None = None
    worst_bleeding: int | None = None
    bleeding_on: date | None = None
    ended_reason: str | None = None

    def __post_init__(self) -> None:
        if self.doses_given < 1:
            raise ValueError("The next dose can only be decided after the loading dose.")
        if self.today < self.last_dose_on:
            raise ValueError(f"Today ({self.today}) is before the last dose ({self.last_dose_on}).")
        if (self.count is None) != (self.count_on is None):
            raise ValueError("A platelet count needs its date, and a date its count.")
        if self.count is not None and (not self.count.is_finite() or self.count < 0):
            raise ValueError(f"A platelet count is a number from 0 up; got {self.count}.")

    @property
    def elapsed(self) -> int:
        """Days since the last dose."""
        return (self.today - self.last_dose_on).days

    def day(self, number: int) -> date:
        """The date of day ``number`` after the last dose."""
        return self.last_dose_on + timedelta(days=number)

    @property
    def point(self) -> int:
        """The decision point in force: the last one reached, before the first one the first."""
        return max((point for point in DECISION_POINTS if point <= self.elapsed), default=SHORT_D)

    @property
    def next_point(self) -> int | None:
        """The next decision point after today, None from day 28."""
        return min((point for point in DECISION_POINTS if point > self.elapsed), default=None)


@dataclass(frozen=True)
class Proposal:
    """When the next dose is due and why.

    ``earliest`` to ``latest`` is the due date with its tolerance; parts of it outside days 14-28 are a minor deviation.
    Without a count ``due`` is None and ``latest`` is day 28, the latest day for a dose. ``review_on`` is the next
    decision point, where a newer count may change the proposal. ``end_of_treatment`` is set when no dose follows (R7).
    """

    state: State
    due: date | None
    earliest: date | None
    latest: date | None
    band: str
    reasons: tuple[Reason, ...]
    review_on: date | None = None
    end_of_treatment: date | None = None
    rules_version: str = RULES_VERSION

    @property
    def needs_query(self) -> bool:
        """Whether data management should ask for the missing count."""
        return self.state == "no proposal: count missing"


@dataclass(frozen=True)
class IntervalVerdict:
    """How a real interval of ``days`` between two doses stands to the protocol."""

    days: int
    verdict: Deviation
    reasons: tuple[Reason, ...]


def band(count: Decimal) -> tuple[int, str]:
    """The interval in days for a count in 10^9/L, and the band in words (R6; the bands are an assumption)."""
    if count < LOW_PLT:
        return SHORT_D, f"below {LOW_PLT}: {SHORT_D} days"
    if count < HIGH_PLT:
        return MIDDLE_D, f"{LOW_PLT} to below {HIGH_PLT}: {MIDDLE_D} days"
    return LONG_D, f"{HIGH_PLT} or more: {LONG_D} days"


def propose(decision: Decision) -> Proposal:
    """The next dose according to R6, or why there is no proposal."""
    if decision.ended_reason:
        text = f"The physician ended maintenance: {decision.ended_reason}"
        return _no_further(decision, "no further dose (maintenance ended)", text)
    if decision.doses_given > MAX_MAINT:
        text = f"All {MAX_MAINT} maintenance doses were given; there is no further dose, whatever the count."
        return _no_further(decision, "no further dose (maximum reached)", text)
    candidates = [*_by_count(decision), *_by_bleeding(decision)]
    if candidates:
        return _proposed(decision, min(candidates, key=lambda candidate: candidate.due))
    return _without_count(decision)


def classify_interval(days: int, proposed: int | None = None) -> IntervalVerdict:
    """Judge an interval between two doses in days; ``proposed`` is the band's interval, for a note (R6).

    Raises ValueError for a negative number of days.
    """
    if days < 0:
        raise ValueError(f"The next dose cannot be before the previous one; got {days} days.")
    verdict = _deviation(days)
    tolerance = "" if verdict == "in protocol" else f"; up to {TOLERANCE_D} days outside is minor (assumption)"
    reasons = [Reason("R6", f"{days} days between the doses: {verdict} ({SHORT_D}-{LONG_D} days{tolerance}).")]
    if verdict == "in protocol" and proposed not in (None, days):
        reasons.append(Reason("R6", f"Note: the count suggested {proposed} days (band: assumption). No deviation."))
    return IntervalVerdict(days, verdict, tuple(reasons))


def _deviation(days: int) -> Deviation:
    if SHORT_D <= days <= LONG_D:
        return "in protocol"
    inside = SHORT_D - TOLERANCE_D <= days <= LONG_D + TOLERANCE_D
    return "minor deviation" if inside else "major deviation"


@dataclass(frozen=True)
class _Candidate:
    due: date
    band: str
    reasons: tuple[Reason, ...]


def _count_is_usable(decision: Decision) -> bool:
    """That day or up to 3 days before the decision point in force; a count after today cannot decide."""
    if decision.count_on is None:
        return False
    return decision.day(decision.point - COUNT_MAX_AGE_D) <= decision.count_on <= decision.today


def _by_count(decision: Decision) -> list[_Candidate]:
    """Due when the band's interval is reached, not before the count that asks for it, and on day 28 at the latest."""
    if decision.count is None or decision.count_on is None or not _count_is_usable(decision):
        return []
    days, words = band(decision.count)
    due = min(max(decision.day(days), decision.count_on), decision.day(LONG_D))
    number = (decision.count_on - decision.last_dose_on).days
    text = (
        f"Count {_plain(decision.count)} ×10⁹/L on {decision.count_on}, day {number} after the dose of "
        f"{decision.last_dose_on}; band {words} (the bands are an assumption)."
    )
    return [_Candidate(due, words, (Reason("R6", text),))]


def _by_bleeding(decision: Decision) -> list[_Candidate]:
    """Qualifying bleeding asks for the short interval, with or without a count."""
    if decision.worst_bleeding is None or decision.worst_bleeding < BLEED_GRADE:
        return []
    seen = decision.bleeding_on or decision.today
    due = min(max(decision.day(SHORT_D), seen), decision.day(LONG_D))
    words = f"bleeding grade {BLEED_GRADE} or more: {SHORT_D} days"
    text = (
        f"Bleeding of grade {decision.worst_bleeding}, seen by {seen}: interval {SHORT_D} days "
        f"(from grade {BLEED_GRADE}: assumption)."
    )
    reasons = [Reason("R6", text)]
    if not _count_is_usable(decision):
        reasons.append(Reason("R6", f"{_missing_text(decision)} Take a count before the dose."))
    return [_Candidate(due, words, tuple(reasons))]


def _proposed(decision: Decision, chosen: _Candidate) -> Proposal:
    tolerance = timedelta(days=TOLERANCE_D)
    reasons = [*chosen.reasons, _tolerance_reason(decision, chosen.due)]
    if decision.today > chosen.due:
        late = (decision.today - chosen.due).days
        reasons.append(Reason("R6", f"The dose is overdue by {late} day{'s'[: late > 1]}: it was due on {chosen.due}."))
    review = _review_on(decision, chosen.due)
    if review:
        text = f"A count from {review - timedelta(days=COUNT_MAX_AGE_D)} to {review} may change this proposal."
        reasons.append(Reason("R6", text))
    return Proposal("proposed", chosen.due, chosen.due - tolerance, chosen.due + tolerance, chosen.band, tuple(reasons), review)


def _tolerance_reason(decision: Decision, due: date) -> Reason:
    text = f"Accepted from {due - timedelta(days=TOLERANCE_D)} to {due + timedelta(days=TOLERANCE_D)} (assumption)"
    number = (due - decision.last_dose_on).days
    if number - TOLERANCE_D < SHORT_D:
        text += f"; before {decision.day(SHORT_D)} it is a minor deviation"
    if number + TOLERANCE_D > LONG_D:
        text += f"; after {decision.day(LONG_D)}, the latest day for a dose, it is a minor deviation"
    return Reason("R6", f"{text}.")


def _review_on(decision: Decision, due: date) -> date | None:
    upcoming = decision.next_point
    return decision.day(upcoming) if upcoming is not None and decision.day(upcoming) < due else None


def _without_count(decision: Decision) -> Proposal:
    point = decision.next_point
    review = None if point is None else decision.day(point)
    if decision.elapsed < SHORT_D:
        wanted = decision.day(SHORT_D - COUNT_MAX_AGE_D)
        text = f"The first decision is on {review}; it needs a valid count taken from {wanted} on."
        return Proposal("no proposal: too early", None, None, decision.day(LONG_D), "", (Reason("R6", text),), review)
    last_day = f"{decision.day(LONG_D)} (day {LONG_D}) is the latest day for a dose unless maintenance is ended."
    reasons = (Reason("R6", _missing_text(decision)), Reason("R6", last_day))
    return Proposal("no proposal: count missing", None, None, decision.day(LONG_D), "", reasons, review)


def _missing_text(decision: Decision) -> str:
    wanted = decision.day(decision.point - COUNT_MAX_AGE_D)
    need = f"a valid count from {wanted} on is needed (at most {COUNT_MAX_AGE_D} days before the decision: assumption)."
    if decision.count_on is None:
        return f"No valid count since the last dose; {need}"
    if decision.count_on > decision.today:
        when = "after today"
    elif decision.elapsed < SHORT_D:
        when = f"too early for the first decision, on {decision.day(SHORT_D)}"
    else:
        when = "too old"
    return f"The latest valid count, of {decision.count_on}, is {when}; {need}"


def _no_further(decision: Decision, state: State, text: str) -> Proposal:
    end = f"End of treatment is the date of the last dose, {decision.last_dose_on}."
    reasons = (Reason("R5" if "maximum" in state else "R6", text), Reason("R7", end))
    return Proposal(state, None, None, None, "", reasons, end_of_treatment=decision.last_dose_on)


def _plain(count: Decimal) -> str:
    """A count without trailing zeros: ``70``, ``29.5``."""
    return f"{count.normalize():f}"
