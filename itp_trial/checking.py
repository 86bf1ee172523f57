"""Verifies the trail, anchors its heads outside the database and tells people; daily and on demand."""

from __future__ import annotations

from django.conf import settings
from django.core.mail import send_mail
from django.utils import timezone

from itp_trial import anchors, clock
from itp_trial.actor import System, acting
from itp_trial.models import RoleAssignment, TrailCheck
from itp_trial.roles import Role
from itp_trial.scope import seeing_everything
from itp_trial.verification import Report, verify

VERIFIER = System("verify_audit")
#: At most so many broken places are kept in a result; the command prints all.
KEPT = 50


def verify_and_remember() -> Report:
    """Verifies everything and stores the result, which the health page shows."""
    with seeing_everything():
        report, found = verify(), clock.state()
        with acting(VERIFIER, "Trail verified"):
            TrailCheck.objects.create(
                entries=report.entries, digest=report.digest, clock_offset=found.offset_seconds,
                clock_synchronised=found.synchronised, broken=[str(broken) for broken in report.broken[:KEPT]],
            )  # fmt: skip
    return report


def anchor(report: Report) -> str:
    """Keeps the heads of a verified trail in a file and mails their digest; returns the digest."""
    at = timezone.now()
    anchors.keep(report.heads, at)
    state = f"{len(report.broken)} BROKEN PLACES" if report.broken else "unbroken"
    text = (
        f"Audit trail of {timezone.localtime(at):%d %b %Y %H:%M} Cairo: {report.entries} entries, {state}.\n"
        f"Digest of all heads: {report.digest}\n\n"
        "Please keep this mail: the digest proves later that nothing was cut from the trail.\n"
        f"{settings.SITE_URL}/health/\n"
    )
    send_mail(f"Audit trail {state}", text, settings.DEFAULT_FROM_EMAIL, _keepers())
    return report.digest


def _keepers() -> list[str]:
    """Who keeps the digests: they cannot reach the database, and the database cannot reach their mail."""
    current = RoleAssignment.objects.on(timezone.localdate()).filter(role__in=[Role.DATA_MANAGER, Role.SPONSOR])
    return sorted(set(current.filter(user__is_active=True).values_list("user__email", flat=True)))
