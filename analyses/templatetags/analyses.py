"""How templates ask a figure for its words and links."""

from __future__ import annotations

from django import template

from analyses.figures import Figure, Origin

register = template.Library()


@register.filter
def words(origin: Origin, figure: Figure) -> str:
    """The sentence under a figure: n, method, sites, data time, version of the rules."""
    return origin.words(figure)


@register.filter
def page_of(figure: Figure, cell: str) -> str:
    """The page of the child that a row is about, or an empty text."""
    return str(figure.links.get(cell, ""))
