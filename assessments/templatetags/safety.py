"""What the safety pages and forms show from the pure tables."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django import template

from assessments import ctcae, safety
from casebook.models import Participant
from itp_trial.roles import Can

register = template.Library()


@register.inclusion_tag("assessments/_safety_lane.html", takes_context=True)
def safety_lane(context: Any) -> dict[str, Any]:
    """The clocks that run at the sites of the person who looks: a lane of the work list, nothing where nothing is owed."""
    participants = context["request"].access.scope(Can.VIEW, Participant.objects)
    return {"steps": safety.steps_owed(safety.cases(safety.event_records(participants)))}


@register.simple_tag
def ctcae_terms() -> Iterable[ctcae.Term]:
    """Every term with its grades, in the order of the list to choose from."""
    return ctcae.TERMS.values()


@register.filter
def grade_texts(term: ctcae.Term) -> list[tuple[int, str]]:
    """The grades 1 to 5 with what they mean; an empty text is a grade that this term does not have."""
    return [(grade, term.grades.get(grade, "")) for grade in range(1, 6)]
