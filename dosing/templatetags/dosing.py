"""Small words for the templates of the product and the doses."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import template
from django.utils.html import format_html

from casebook.items import plain
from dosing.compatibility import match

register = template.Library()
_SHAPES = {"fits": "✓", "warning": "◐", "stop": "✕", "unknown": "?"}
_WORDS = {"fits": "same group", "warning": "compatible", "stop": "must not be given", "unknown": "not known"}


@register.filter
def of(found: Mapping[Any, Any], key: Any) -> str:
    """The number under this key without trailing zeros, or nothing."""
    return plain(found[key]) if key in found else ""


@register.simple_tag
def group_match(child: str, lot: str) -> str:
    """The lot's group with what the ABO rule says for this child, as word and shape."""
    level = match(child, lot).level
    html = '{} <span class="match-{}"><span aria-hidden="true">{}</span> {}</span>'
    return format_html(html, lot or "?", level, _SHAPES[level], _WORDS[level])
