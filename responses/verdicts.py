"""What the classification says about one child: plain, frozen data with its reasons.

Pure: no Django, no clock.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Literal

Status = Literal["CR", "R", "NR", "NE"]
Flag = Literal["rescue", "unconfirmed", "late"]
Ending = Literal["censored", "confirmed", "confirmed_by_rescue", "unconfirmed_last_count", "bleeding", "rescue", "death"]
State = Literal["CR", "R", "PENDING_CONFIRMATION", "NR", "NE", "LOST"]
OffTherapyState = Literal["SRoT", "RoT", "PENDING", "NE", "NONE"]
NotEvaluable = Literal["followup_incomplete", "assessment_gap", "best_response_not_evaluable"]


@dataclass(frozen=True)
class Reason:
    """One sentence for a person, with the rule that it follows from, such as R14."""

    rule: str
    text: str


@dataclass(frozen=True)
class CountStatus:
    """One count as the chart draws it: its R13 status, and whether R14 to R23 may use it."""

    on: date
    value: Decimal | None
    status: Status
    evaluable: bool
    reason: Reason
    ref: str = ""


@dataclass(frozen=True)
class Pair:
    """A response: its first count and the count that confirmed it (R14).

    ``confirmed`` is None only in the sensitivity analysis that accepts unconfirmed responses.
    """

    start: date
    confirmed: date | None

    @property
    def settled(self) -> date:
        """The date from which a loss is looked for."""
        return self.confirmed or self.start


@dataclass(frozen=True)
class End:
    """The day and the way a response ended; "censored" means that it was not seen to end (R16, R18)."""

    on: date
    how: Ending

    @property
    def lost(self) -> bool:
        """Was the response lost?"""
        return self.how != "censored"


@dataclass(frozen=True)
class Episode:
    """One confirmed response from its first count to its loss, with the complete response inside it, if any."""

    response: Pair
    end: End
    complete: Pair | None
    complete_end: End | None


@dataclass(frozen=True)
class TimeInResponse:
    """Days in response out of the days observed since Day 0 (R18)."""

    days: int
    observed: int


@dataclass(frozen=True)
class OffTherapy:
    """The state off therapy (R20 to R23); ``since`` is T. NONE is the NO of the rules.

    ``sub_reason`` is the one that R22 asks for: lost_later, rescue, followup_incomplete or assessment_gap.
    """

    since: date
    state: OffTherapyState
    sustained_not_evaluable_because: NotEvaluable | None = None
    sub_reason: str | None = None


@dataclass(frozen=True)
class Verdict:
    """Everything that pages, PDF, exports and auditors say about the response of one child.

    ``provisional``: NR or NE could still change because follow-up goes on (R15).
    ``state``, ``since`` and ``confirmed`` are what an investigator is told on ``as_of``.
    """

    best_response: Status
    flag: Flag | None
    provisional: bool
    response: Pair | None
    response_end: End | None
    complete_response: Pair | None
    complete_response_end: End | None
    time_in_response: TimeInResponse
    off_therapy: OffTherapy | None
    later_episodes: tuple[Episode, ...]
    counts: tuple[CountStatus, ...]
    state: State
    since: date | None
    confirmed: date | None
    reasons: tuple[Reason, ...]
    what_would_change: tuple[str, ...]
    rules_version: str

    @property
    def deciding(self) -> frozenset[date]:
        """The dates whose counts the verdict rests on: those of the response, of its loss, and those that failed.

        With ``counts`` and the ``ref`` of each this says which stored forms decided.
        """
        pairs = (self.response, self.complete_response, *(later.response for later in self.later_episodes))
        ends = (self.response_end, self.complete_response_end, *(later.end for later in self.later_episodes))
        days = [day for pair in pairs if pair for day in (pair.start, pair.confirmed)] + [end.on for end in ends if end]
        failed = [count.on for count in self.counts if count.status == "NR" and self.response is None]
        known = {count.on for count in self.counts if count.evaluable}
        return frozenset(day for day in (*days, *failed, self.since, self.confirmed) if day in known)
