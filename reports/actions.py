"""What oversight records: reviews of the trail, copies handed to the sites, and their receipts."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.conf import settings
from django.utils import timezone

from itp_trial.actor import acting
from itp_trial.models import Site
from itp_trial.refusal import Refused
from reports.listings import DEFINITIONS, Scope, look
from reports.models import SiteCopy, TrailReview


def record_review(
    *, since: date, until: date, site: Site | None, comments: dict[str, str], findings: str, by: Any
) -> TrailReview:
    """Records that somebody looked through the listings. "Nothing found" is a record too."""
    check_period(since, until)
    found = look(Scope(since, until, site))
    listings = [
        {"key": f.listing.key, "title": f.listing.title, "definition": f.listing.definition, "edition": DEFINITIONS,
         "count": f.count, "comment": comments.get(f.listing.key, "").strip()}
        for f in found
    ]  # fmt: skip
    with acting(by, "Trail reviewed"):
        return TrailReview.objects.create(
            site=site, since=since, until=until, listings=listings, findings=findings.strip(), reviewer=by,
            reviewer_name=by.full_name, software=settings.SOFTWARE_VERSION,
        )  # fmt: skip


def check_period(since: date, until: date) -> None:
    """Raises ``Refused`` for a period that nobody can have looked through."""
    if until < since:
        raise Refused("The period ends before it begins.")
    if until > timezone.localdate():
        raise Refused(f"{until:%d %b %Y} lies in the future.")


def acknowledge(*, copy: SiteCopy, by: Any) -> SiteCopy:
    """The site says that it holds this copy (RQ-25). Whoever acknowledges has said again who they are."""
    with acting(by, "Copy received by the site"):
        copy = SiteCopy.objects.select_for_update().get(pk=copy.pk)
        if copy.received_at is not None:
            raise Refused("The receipt of this copy stands here already.")
        copy.received_at, copy.received_by, copy.received_name = timezone.now(), by, by.actor_name
        copy.save(update_fields=["received_at", "received_by", "received_name"])
    return copy
