"""What every page knows: the trial, the person's rights, and the second at which its data were read."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.utils import timezone

from itp_trial import protocol
from itp_trial.permissions import NOBODY


def trial(request: HttpRequest) -> dict[str, Any]:
    return {
        "protocol": protocol,
        "demo": settings.DEMO,
        "software_version": settings.SOFTWARE_VERSION,
        "access": getattr(request, "access", NOBODY),
        "now": timezone.localtime(),
        "inactivity_seconds": settings.INACTIVITY_SECONDS,
    }
