"""Small words for the templates of the product and the doses."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import uuid4

from django import template
from django.utils import timezone
from django.utils.html import format_html

from casebook.items import plain
from dosing.compatibility import match
from itp_trial.normalise import CAIRO, typed_moment

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


@register.filter
def hour(moment: datetime) -> str:
    """14:02 in Cairo, with the day where it is not today's."""
    local = timezone.localtime(moment, CAIRO)
    return f"{local:%H:%M}" if local.date() == timezone.localdate() else f"{local:%d %b %H:%M}"


@register.filter
def typed(moment: datetime) -> str:
    """A moment as it can be typed again."""
    return typed_moment(moment)


@register.filter
def trim(number: Decimal | None) -> str:
    return "" if number is None else plain(number)


@register.simple_tag
def event_key() -> str:
    """A fresh key for one tap."""
    return str(uuid4())
