"""The stock lane of the work list."""

from __future__ import annotations

from typing import Any

from django import template
from django.utils import timezone

from assessments.supply import stock_lines
from casebook.models import Participant
from itp_trial.models import Site
from itp_trial.roles import Can

register = template.Library()


@register.inclusion_tag("assessments/_stock_lane.html", takes_context=True)
def stock_lane(context: Any) -> dict[str, Any]:
    """What the freezers ask for at the sites whose product the person sees; nothing for who sees no product."""
    access = context["request"].access
    if not access.has(Can.VIEW_PRODUCT):
        return {"sees_product": False}
    sites = access.scope(Can.VIEW_PRODUCT, Site.objects.all(), "pk")
    participants = access.scope(Can.VIEW_PRODUCT, Participant.objects)
    return {"sees_product": True, "lines": stock_lines(sites, participants, timezone.now())}
