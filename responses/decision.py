"""What a physician has decided about the next dose, and whether that is still about what is proposed. One query."""

from __future__ import annotations

from dataclasses import dataclass

from casebook.models import Participant
from responses.models import DoseDecision
from responses.next_dose import NextDose


@dataclass(frozen=True)
class Decided:
    """The latest decision about this dose; ``holds`` while the proposal is the one that was decided about."""

    made: DoseDecision
    holds: bool


def decision_on(participant: Participant, dose: NextDose) -> Decided | None:
    """None where nobody has decided about this dose yet."""
    if dose.proposal is None:
        return None
    found = DoseDecision.objects.filter(participant=participant, dose_number=dose.number).select_related("decided_by")
    made = found.order_by("-pk").first()
    return Decided(made, made.proposal == dose.fingerprint) if made else None
