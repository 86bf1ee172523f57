"""The investigator's own assessment beside the computed class: whatever the form of that name asks. One query."""

from __future__ import annotations

from dataclasses import dataclass

from casebook.crf import crf_models
from casebook.models import FormRecord, Participant

SLUG = "response-assessment"


@dataclass(frozen=True)
class OwnCategory:
    """The latest saved assessment: its form and its answers as (question, answer)."""

    record: FormRecord
    answers: tuple[tuple[str, str], ...]


def own_category(participant: Participant) -> OwnCategory | None:
    """None where the trial has no such form, or nobody has filled it in for this child."""
    model = next((crf for crf in crf_models() if crf.slug == SLUG), None)
    if model is None:
        return None
    saved = FormRecord.objects.filter(participant=participant, form=SLUG, version__gt=0)
    record = saved.select_related(model._meta.model_name, "visit__participant").order_by("-saved_at").first()
    if record is None:
        return None
    crf = getattr(record, model._meta.model_name)
    shown = ((item.label, crf.display(item)) for item in crf.items().values())
    return OwnCategory(record, tuple((label, words) for label, words in shown if words))
