"""What the safety pages and forms show from the pure tables."""

from __future__ import annotations

from collections.abc import Iterable

from django import template

from assessments import ctcae

register = template.Library()


@register.simple_tag
def ctcae_terms() -> Iterable[ctcae.Term]:
    """Every term with its grades, in the order of the list to choose from."""
    return ctcae.TERMS.values()


@register.filter
def grade_texts(term: ctcae.Term) -> list[tuple[int, str]]:
    """The grades 1 to 5 with what they mean; an empty text is a grade that this term does not have."""
    return [(grade, term.grades.get(grade, "")) for grade in range(1, 6)]
