"""Questions about the product."""

from __future__ import annotations

from typing import Any

from django.db.models import Count, Q

from casebook.models import FormRecord
from dosing.crfs import InfusionBag, Lot


def lots() -> Any:
    """The lots with how many bags came and how many are left."""
    standing = Q(bags__taken_away=False)
    left = standing & ~Q(bags__in=InfusionBag.objects.values("bag"))
    counted = Lot.objects.annotate(
        bags_all=Count("bags", filter=standing, distinct=True), bags_left=Count("bags", filter=left, distinct=True)
    )
    return counted.select_related("record__site").order_by("record__site__code", "expires_on", "lot_number")


def lots_not_started() -> Any:
    """Lots that somebody began to enter and did not save."""
    return FormRecord.objects.filter(form=Lot.slug, version=0).select_related("site")
