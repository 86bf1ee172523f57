"""What oversight and transfer leave behind: reviews of the trail, copies for the sites with their receipts, imports."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from itp_trial.models import Site


class TrailReview(models.Model):
    """Somebody looked through the listings of the trail for a period: also "nothing found" is a record (RQ-10)."""

    site = models.ForeignKey(Site, on_delete=models.PROTECT, null=True, related_name="trail_reviews", verbose_name="scope")
    since = models.DateField("first day")
    until = models.DateField("last day")
    #: Per listing: its key, title, definition, how many rows it had, and the reviewer's comment.
    listings = models.JSONField(default=list)
    findings = models.TextField("findings", blank=True)
    reviewer = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    reviewer_name = models.CharField("reviewer", max_length=120)
    reviewed_at = models.DateTimeField("reviewed", default=timezone.now)
    software = models.CharField("software version", max_length=20)

    class Meta:
        verbose_name = "review of the trail"
        ordering = ["-pk"]
        constraints = [models.CheckConstraint(condition=Q(until__gte=F("since")), name="trail_review_period")]

    def __str__(self) -> str:
        return f"Review of {self.scope}, {self.since:%d %b %Y} to {self.until:%d %b %Y}"

    @property
    def scope(self) -> str:
        return f"site {self.site}" if self.site else "all sites"

    @property
    def outcome(self) -> str:
        return self.findings or "Reviewed, nothing found."


class SiteCopy(models.Model):
    """A copy of a site's data that was handed to the site, and its receipt (RQ-24, RQ-25). The manifest's hash names it."""

    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="copies")
    manifest_hash = models.CharField("hash of the manifest", max_length=64, unique=True)
    files = models.PositiveIntegerField("files")
    rows = models.PositiveIntegerField("rows")
    has_pdfs = models.BooleanField("with PDFs")
    cut_at = models.DateTimeField("data as of")
    purpose = models.CharField("purpose", max_length=200)
    made_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", verbose_name="made by")
    received_at = models.DateTimeField("received", null=True)
    received_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+",
                                    verbose_name="received by")  # fmt: skip
    received_name = models.CharField("receipt signed by", max_length=200, blank=True)

    class Meta:
        verbose_name = "copy for the site"
        verbose_name_plural = "copies for the sites"
        ordering = ["-pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(received_at__isnull=True, received_by__isnull=True)
                | Q(received_at__isnull=False, received_by__isnull=False),
                name="receipt_by_someone",
            )
        ]

    def __str__(self) -> str:
        return f"Copy for site {self.site.code}, {self.cut_at:%d %b %Y %H:%M} UTC"


class ImportRun(models.Model):
    """One file of answers that was read into empty forms: what came, what was stored, what was rejected and why (RQ-61)."""

    form = models.CharField("form", max_length=40)
    file_name = models.CharField("file", max_length=200)
    sha256 = models.CharField("hash of the file", max_length=64)
    rows = models.PositiveIntegerField("rows")
    stored = models.PositiveIntegerField("rows stored")
    #: Per rejected row: its line in the file and the reasons.
    rejected = models.JSONField("rows rejected", default=list)
    purpose = models.CharField("purpose", max_length=200)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", verbose_name="person")
    at = models.DateTimeField("time", default=timezone.now)

    class Meta:
        verbose_name = "import"
        ordering = ["-pk"]
        constraints = [models.UniqueConstraint(fields=["form", "sha256"], name="import_once")]

    def __str__(self) -> str:
        return f"{self.file_name}: {self.stored} of {self.rows} rows of {self.form}"
