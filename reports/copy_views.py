"""My data: the site takes a copy of its own data whenever it likes, and acknowledges the copies that it holds (RQ-24, RQ-25)."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.dateparse import parse_datetime
from django.views.decorators.http import require_GET, require_POST

from accounts.reauthentication import confirm
from itp_trial.actor import acting
from itp_trial.models import Site
from itp_trial.permissions import access, allow, allow_somewhere, visible
from itp_trial.roles import Can
from itp_trial.web import act_once, posted
from reports import actions
from reports.models import SiteCopy
from reports.purpose import PURPOSES, Unstated, exported, stated
from reports.site_copy import Copy, site_copy


@require_GET
def my_data(request: HttpRequest) -> HttpResponse:
    """The sites whose data this person enters: a copy with one click, and the copies so far."""
    allow_somewhere(request, Can.EDIT)
    granted = access(request)
    sites = list(granted.scope(Can.EDIT, Site.objects.all(), "pk"))
    copies = SiteCopy.objects.filter(site__in=sites).select_related("site", "made_by", "received_by")
    context = {
        "sites": sites, "purposes": PURPOSES.items(), "typed": {"purpose": "site-copy"},
        "copies": [(copy, copy.received_at is None and granted.may(Can.SIGN, copy.site_id)) for copy in copies[:50]],
    }  # fmt: skip
    return render(request, "reports/my_data.html", context)


@require_POST
def download_copy(request: HttpRequest) -> HttpResponse:
    """The copy as a ZIP. Taking it is recorded with its purpose, and named by the hash of its manifest."""
    allow_somewhere(request, Can.EDIT)
    data = posted(request)
    site = get_object_or_404(access(request).scope(Can.EDIT, Site.objects.all(), "pk"), code=data.get("site", ""))
    allow(request, Can.EXPORT, site.pk)
    try:
        purpose = stated(data)
    except Unstated as missing:
        messages.error(request, str(missing))
        return redirect("my-data")
    copy = site_copy(site, by=request.user, purpose=purpose, with_pdfs="pdfs" in data)
    _remember(request, site, copy, purpose)
    headers = {"Content-Disposition": f'attachment; filename="{copy.name}"', "Content-Length": str(len(copy.body)),
               "X-Manifest-SHA256": copy.manifest_hash}  # fmt: skip
    return HttpResponse(copy.body, content_type="application/zip", headers=headers)


def _remember(request: HttpRequest, site: Site, copy: Copy, purpose: str) -> None:
    manifest = copy.manifest
    with acting(request.user, f"Copy of the site's data: {purpose}"):
        SiteCopy.objects.create(
            site=site, manifest_hash=copy.manifest_hash, files=len(manifest["files"]), rows=copy.rows, purpose=purpose,
            has_pdfs=any(entry["file"].endswith(".pdf") for entry in manifest["files"]), made_by=request.user,
            cut_at=parse_datetime(manifest["data_as_of"]),
        )  # fmt: skip
        what = f"Copy of site {site.code}: {len(manifest['files'])} files, {copy.rows} rows"
        exported(request, what, purpose, site=site.code)


@require_POST
def receive_copy(request: HttpRequest, pk: Any) -> HttpResponse:
    """The site holds this copy: said by an investigator, with the password once more."""
    copy = visible(request, SiteCopy.objects.select_related("site"), pk, rights=(Can.EDIT,))
    allow(request, Can.SIGN, copy.site_id)

    def action() -> str:
        data = posted(request)
        confirm(request, password=data.get("password", ""), code=data.get("code", ""))
        actions.acknowledge(copy=copy, by=request.user)
        messages.success(request, f"The receipt of the copy {copy.manifest_hash[:12]} is recorded.")
        return reverse("my-data")

    return act_once(request, action, back=reverse("my-data"))
