"""The review of the trail as a recorded activity (RQ-10): what is due, the listings of a period, and what was recorded."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods

from itp_trial.models import Site
from itp_trial.normalise import Unreadable, day
from itp_trial.permissions import EVERY_SITE, access, allow, allow_somewhere, visible
from itp_trial.protocol import value
from itp_trial.refusal import Refused
from itp_trial.roles import Can
from itp_trial.web import act_once, posted
from reports import actions
from reports.listings import LISTINGS, Scope, look
from reports.models import TrailReview

REVIEW_EVERY_D = value("REVIEW_EVERY_D")
ALL = "all"


@dataclass(frozen=True)
class Standing:
    """A site with its last review, which may have been one of all sites."""

    site: Site
    last: TrailReview | None
    today: date

    @property
    def next_since(self) -> date:
        """The first day that was not looked at; where there was no review, as far back as one is due."""
        return self.last.until + timedelta(days=1) if self.last else self.today - timedelta(days=REVIEW_EVERY_D)

    @property
    def is_overdue(self) -> bool:
        return self.last is None or (self.today - self.last.until).days > REVIEW_EVERY_D


@require_GET
def trail_reviews(request: HttpRequest) -> HttpResponse:
    """What was reviewed, and what is overdue."""
    allow_somewhere(request, Can.REVIEW_TRAIL)
    granted, today = access(request), timezone.localdate()
    everywhere = granted.may(Can.REVIEW_TRAIL)
    sites = list(granted.scope(Can.REVIEW_TRAIL, Site.objects.all(), "pk"))
    reviews = list(TrailReview.objects.select_related("site"))
    standing = [Standing(site, next((r for r in reviews if r.site in (None, site)), None), today) for site in sites]
    shown = [review for review in reviews if everywhere or (review.site in sites)]
    since = min((each.next_since for each in standing), default=today)
    context = {"standing": standing, "reviews": shown, "everywhere": everywhere, "sites": sites, "today": today,
               "since": min(since, today), "every": REVIEW_EVERY_D}  # fmt: skip
    return render(request, "reports/trail_reviews.html", context)


@require_http_methods(["GET", "POST"])
def new_trail_review(request: HttpRequest) -> HttpResponse:
    """The listings of a period with a comment box each; sent back, it is the record of the review."""
    allow_somewhere(request, Can.REVIEW_TRAIL)
    data = posted(request) if request.method == "POST" else request.GET
    site = _site(request, data.get("site", ""))
    try:
        since, until = day(data.get("since", "")), day(data.get("until", ""))
        actions.check_period(since, until)
    except (Unreadable, Refused) as error:
        messages.error(request, str(error))
        return redirect("trail-reviews")
    if request.method == "GET":
        found = look(Scope(since, until, site))
        context = {"found": found, "since": since, "until": until, "site": site}
        return render(request, "reports/new_trail_review.html", context)

    def action() -> str:
        comments = {listing.key: data.get(f"comment-{listing.key}", "") for listing in LISTINGS}
        review = actions.record_review(since=since, until=until, site=site, comments=comments,
                                       findings=data.get("findings", ""), by=request.user)  # fmt: skip
        messages.success(request, "The review is recorded.")
        return reverse("trail-review", args=[review.pk])

    return act_once(request, action, back=reverse("trail-reviews"))


@require_GET
def trail_review(request: HttpRequest, pk: int) -> HttpResponse:
    """One recorded review."""
    review = visible(request, TrailReview.objects.select_related("site"), pk, rights=(Can.REVIEW_TRAIL,))
    return render(request, "reports/trail_review.html", {"review": review})


def _site(request: HttpRequest, code: str) -> Site | None:
    """The site of a review; ``all`` only for those who may review all."""
    if code in ("", ALL):
        allow(request, Can.REVIEW_TRAIL, EVERY_SITE)
        return None
    site = access(request).scope(Can.REVIEW_TRAIL, Site.objects.all(), "pk").filter(code=code).first()
    if site is None:
        raise Http404
    return site
