"""The next dose of one child: when and why (R6), how much (R5), and from which lots. One query, for the lots."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from casebook.items import YesNo
from casebook.models import Participant
from dosing import selectors
from dosing.blood_group import ChildsGroup
from dosing.compatibility import Level, match
from dosing.dose import LOAD_GKG, MAINT_GKG, planned_grams
from dosing.interval import BLEED_GRADE, MAX_MAINT, Decision, Proposal, propose
from responses import facts
from responses.course import Dossier, decimals
from responses.verdicts import Verdict

NO_REASON = "no reason is recorded"


@dataclass(frozen=True)
class Supply:
    """A released lot of the site that is not expired, the mL of it that hold the planned grams, and how its blood group
    stands to that of the child."""

    lot: Any
    ml: Decimal | None
    fits: Level = "unknown"


@dataclass(frozen=True)
class NextDose:
    """What the card shows. ``number`` is 0 for the loading dose; ``proposal`` is None before it."""

    number: int
    proposal: Proposal | None
    weight: facts.Weight | None
    grams: Decimal | None
    supplies: tuple[Supply, ...]
    last_on: date | None = None
    today: date | None = None
    group: ChildsGroup | None = None

    def bags(self, *levels: Level) -> int:
        """The bags left in this freezer whose group stands so to that of the child."""
        return sum(supply.lot.bags_left for supply in self.supplies if supply.fits in levels)

    @property
    def same_group(self) -> int:
        return self.bags("fits")

    @property
    def other_group(self) -> int:
        """Compatible, but not of the child's own group."""
        return self.bags("warning")

    @property
    def fingerprint(self) -> str:
        """What a decision about this proposal is bound to."""
        return fingerprint(self.number, self.proposal) if self.proposal else ""

    @property
    def days_since(self) -> int | None:
        """Days since the last dose."""
        return (self.today - self.last_on).days if self.today and self.last_on else None

    @property
    def when(self) -> str:
        """The day of the next dose as a person says it: ``in 3 days``, ``today``, ``4 days ago``; empty without a day."""
        if self.today is None or self.proposal is None or self.proposal.due is None:
            return ""
        days = (self.proposal.due - self.today).days
        if days == 0:
            return "today"
        return f"in {days} day{'s'[: days != 1]}" if days > 0 else f"{-days} day{'s'[: days != -1]} ago"

    @property
    def g_per_kg(self) -> Decimal:
        """The planned dose in g/kg (R5)."""
        return MAINT_GKG if self.number else LOAD_GKG

    @property
    def grams_text(self) -> str:
        """The planned dose in g without trailing zeros; empty without a weight."""
        return decimals(self.grams)

    @property
    def is_wanted(self) -> bool:
        """Whether another dose may follow at all."""
        return self.proposal is None or self.proposal.end_of_treatment is None

    @property
    def name(self) -> str:
        """``Loading dose`` or ``Maintenance dose 3``."""
        return f"Maintenance dose {self.number}" if self.number else "Loading dose"


def next_dose(dossier: Dossier, verdict: Verdict, today: date, ended_reason: str, group: ChildsGroup | None = None) -> NextDose:
    """The proposal with the dose for the latest weight. ``ended_reason`` is why maintenance ended, or empty; ``group`` is the
    child's, None where it is not known."""
    number = len(dossier.course.doses)
    proposal = proposal_of(dossier, verdict, today, ended_reason)
    wanted = number <= MAX_MAINT and (proposal is None or proposal.end_of_treatment is None)
    weight = facts.weight(dossier, today)
    grams = planned_grams(weight.kg, number) if weight and wanted else None
    supplies = tuple(_supplies(dossier.participant, grams, today, group)) if wanted and not dossier.participant.is_ended else ()
    last_on = dossier.course.doses[-1] if dossier.course.doses else None
    return NextDose(number, proposal, weight, grams, supplies, last_on, today, group)


def proposal_of(dossier: Dossier, verdict: Verdict, today: date, ended_reason: str) -> Proposal | None:
    """When the next dose is due and why (R6); None before the loading dose. No query."""
    return propose(_decision(dossier, verdict, today, ended_reason)) if dossier.course.doses else None


def fingerprint(number: int, proposal: Proposal) -> str:
    """What a physician agrees to: dose, day, tolerance and band. The same on every day on which these stay the same."""
    said = (number, proposal.state, proposal.due, proposal.earliest, proposal.latest, proposal.band, proposal.end_of_treatment)
    return hashlib.sha256(repr(tuple(str(part) for part in said)).encode()).hexdigest()


def _decision(dossier: Dossier, verdict: Verdict, today: date, ended_reason: str) -> Decision:
    """What is known today. A count in the washout of a rescue is not valid (R8, R17) and does not decide."""
    course = dossier.course
    last_dose = course.doses[-1]
    washed = {count.on for count in verdict.counts if count.reason.rule == "R17"}
    valid = [c for c in dossier.counts if c.value is not None and c.on <= today and c.on not in washed]
    count = valid[-1] if valid else None
    grade, seen = _worst_bleeding(dossier, last_dose, today)
    return Decision(
        last_dose_on=last_dose,
        doses_given=len(course.doses),
        today=max(today, last_dose),
        count=count.value if count else None,
        count_on=count.on if count else None,
        worst_bleeding=grade,
        bleeding_on=seen,
        ended_reason=ended_reason if len(course.doses) <= MAX_MAINT else None,
    )


def _worst_bleeding(dossier: Dossier, since: date, today: date) -> tuple[int | None, date | None]:
    """The worst grade since the last dose, and the first day on which bleeding that decides was seen."""
    bleeds = [b for b in dossier.course.bleeds if b.start <= today and (b.end is None or b.end >= since)]
    if not bleeds:
        return None, None
    worst = max(bleed.grade for bleed in bleeds)
    first = min(bleed.start for bleed in bleeds if bleed.grade >= min(worst, BLEED_GRADE))
    return worst, max(first, since)


def ended_reason(participant: Participant, cancelled: list[str]) -> str:
    """Why no dose follows: the reason given at the end of maintenance or of participation; empty while on treatment.

    ``cancelled`` are the words on the visits that are no longer asked for.
    """
    state = Participant.State
    if participant.state in (state.SCREENING, state.TREATMENT):
        return ""
    stored = next((words for words in cancelled if words.startswith("End of treatment: ")), "")
    return stored.removeprefix("End of treatment: ") or participant.end_reason or NO_REASON


def _supplies(participant: Participant, grams: Decimal | None, today: date, group: ChildsGroup | None) -> list[Supply]:
    """The released lots of this site with bags left, the first to expire first."""
    lots = selectors.usable_lots().filter(
        record__site=participant.site_id, released=YesNo.YES, expires_on__gte=today, bags_left__gt=0
    )
    abo = group.abo if group else ""
    return [Supply(lot, _ml(grams, lot.igg_g_per_l), match(abo, lot.blood_group or "").level) for lot in lots]


def _ml(grams: Decimal | None, igg_g_per_l: Decimal | None) -> Decimal | None:
    """Volume in mL that holds the grams, rounded to 1 mL for display."""
    if grams is None or not igg_g_per_l:
        return None
    return (grams * 1000 / igg_g_per_l).quantize(Decimal(1), ROUND_HALF_UP)
