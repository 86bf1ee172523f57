"""What a file is for: nothing leaves the pages without a stated purpose, and everything that leaves stands in the access log."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from itp_trial.access_log import Kind, note
from itp_trial.models import Site
from itp_trial.normalise import Unreadable, text
from itp_trial.permissions import EVERY_SITE, Access, access
from itp_trial.roles import Can

OTHER = "other"
PURPOSES = {
    "monitoring": "Monitoring visit",
    "analysis": "Analysis",
    "inspection": "Inspection",
    "site-copy": "Site copy",
    OTHER: "Other",
}
#: What stands in the log where a program asked through the API and did not say more.
API = "API"
LONGEST = 150


class Unstated(Exception):
    """The purpose is missing or cannot be read; the message says what to do."""


def stated(query: Any) -> str:
    """The purpose in words, from ``purpose`` and, for another one, ``purpose_text``. Raises ``Unstated``."""
    code = query.get("purpose", "")
    if code not in PURPOSES:
        raise Unstated("Please say what the file is for.")
    try:
        words = text(query.get("purpose_text", ""))[:LONGEST]
    except Unreadable as error:
        raise Unstated(str(error)) from error
    if code == OTHER and not words:
        raise Unstated("Please write the other purpose.")
    return f"{PURPOSES[code]}: {words}" if words else PURPOSES[code]


def asks_why(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """For a view that hands out a file: where it finds no purpose, a page asks for it and leads back here."""

    @wraps(view)
    def asking(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        try:
            return view(request, *args, **kwargs)
        except Unstated as missing:
            kept = [(name, value) for name, value in request.GET.items() if name not in ("purpose", "purpose_text")]
            context = {"purposes": PURPOSES.items(), "why": str(missing), "kept": kept, "typed": request.GET}
            return render(request, "reports/purpose.html", context, status=400)

    return asking


def exported(request: Any, what: str, purpose: str, *, participant: Any = None, site: str = "") -> None:
    """Notes a file with data. Where a person exports at one site only, the line stands under that site."""
    code = site if site or participant is not None else _only_site(access(request))
    note(Kind.EXPORT, request=request, what=what, purpose=purpose, participant=participant, site=code)


def _only_site(granted: Access) -> str:
    sites = granted.rights.get(Can.EXPORT, frozenset())
    return Site.objects.get(pk=next(iter(sites))).code if len(sites) == 1 and EVERY_SITE not in sites else ""


def printed(request: Any, what: str, purpose: str, *, participant: Any) -> None:
    """Notes a PDF of a participant."""
    note(Kind.PRINT, request=request, what=what, purpose=purpose, participant=participant)
