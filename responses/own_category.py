"""The investigator's own assessment beside the computed class. One query."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import Exists, OuterRef

from casebook.models import Participant
from responses.classification import Verdict
from responses.crfs.assessment import OffTherapy, ResponseAssessment
from signatures.models import Signature


@dataclass(frozen=True)
class OwnCategory:
    """The latest saved assessment, and whether the rules say something else now."""

    form: ResponseAssessment
    by: str
    differs: bool
    #: ``signed``, ``superseded`` or ``unsigned``: the state of its own signature.
    signature: str


def own_category(participant: Participant, verdict: Verdict) -> OwnCategory | None:
    """None where nobody has assessed this child."""
    own = Signature.objects.filter(of_record=OuterRef("pk"))
    found = (
        ResponseAssessment.objects.filter(record__participant=participant)
        .select_related("record__saved_by")
        .annotate(was_signed=Exists(own), is_signed=Exists(own.filter(superseded_by=None)))
        .order_by("-assessed_on", "-record__created_at")
        .first()
    )
    if found is None:
        return None
    computed = (verdict.best_response, verdict.off_therapy.state if verdict.off_therapy else OffTherapy.TOO_EARLY.value)
    state = "signed" if found.is_signed else "superseded" if found.was_signed else "unsigned"
    by = found.record.saved_by.full_name if found.record.saved_by else ""
    return OwnCategory(found, by, (found.category, found.off_therapy) != computed, state)
