"""The health page: is the trail whole, is the clock right, does everything hold that must hold?"""

from __future__ import annotations

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from itp_trial import anchors, clock, readiness
from itp_trial.models import TrailCheck
from itp_trial.permissions import access
from itp_trial.roles import Can


@require_GET
def health(request: HttpRequest) -> HttpResponse:
    """For those who keep the system or review the trail: the last verification, the anchors, the clock, the walls."""
    if not (access(request).has(Can.REVIEW_TRAIL) or access(request).has(Can.MANAGE_PEOPLE)):
        raise PermissionDenied("Your role does not include the health of the system.")
    context = {
        "checks": TrailCheck.objects.all()[:14],
        "anchors": [when for when, _ in anchors.kept()][-14:][::-1],
        "clock": clock.state(),
        "problems": readiness.problems(),
    }
    return render(request, "health.html", context)
