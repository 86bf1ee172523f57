"""The versions of the consent form that the committee approved, site by site, and who has to be asked again."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.db import models

from enrollment.consent import Approval
from itp_trial.models import Site


class ConsentVersion(models.Model):
    """One approved version at one site. From ``from_day`` every consent is given on it."""

    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="consent_versions")
    version = models.CharField(max_length=20)
    approved_on = models.DateField()
    from_day = models.DateField()
    #: Number of the committee's letter.
    reference = models.CharField(max_length=120)
    #: Families that consented to an older version are asked again at the next visit.
    asks_again = models.BooleanField(default=False)

    class Meta:
        ordering = ["site", "from_day", "version"]
        constraints = [
            models.UniqueConstraint(fields=["site", "version"], name="consent_version_once"),
            models.CheckConstraint(
                condition=models.Q(from_day__gte=models.F("approved_on")), name="consent_version_approved_first"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.site.code} consent form {self.version}"

    @property
    def approval(self) -> Approval:
        return Approval(self.version, self.from_day)


def approvals_of(site_id: Any) -> list[Approval]:
    """What was approved at a site, as the pure rule wants it."""
    return [version.approval for version in ConsentVersion.objects.filter(site=site_id)]


def asked_again_by(site_id: Any, day: date) -> ConsentVersion | None:
    """The newest version of a site, in use on that day, on which families that consented before it are asked again."""
    return ConsentVersion.objects.filter(site=site_id, asks_again=True, from_day__lte=day).order_by("from_day").last()
