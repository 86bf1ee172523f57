"""The home page, sites, the protocol's parameters, health."""

from __future__ import annotations

import logging
import sys
import uuid

from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.db import DatabaseError, OperationalError, connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods

from itp_trial import actions, protocol
from itp_trial.access_log import note_attempt
from itp_trial.audit import missing_triggers
from itp_trial.models import Site
from itp_trial.normalise import Unreadable, text
from itp_trial.permissions import access, allow
from itp_trial.refusal import Refused
from itp_trial.roles import Can
from itp_trial.web import act_once, error_page, posted

log = logging.getLogger(__name__)


@require_GET
def home(request: HttpRequest) -> HttpResponse:
    """Everybody starts where their work is: the work list, or people and sites for the administrator."""
    granted = access(request)
    if granted.has(Can.VIEW):
        return redirect("work-list")
    if granted.has(Can.MANAGE_PEOPLE):
        return redirect("people")
    return render(request, "no_role.html", status=403)


@require_http_methods(["GET", "POST"])
def edit_site(request: HttpRequest, pk: int) -> HttpResponse:
    allow(request, Can.MANAGE_PEOPLE)
    site = get_object_or_404(Site, pk=pk)
    if request.method == "GET":
        return render(request, "site.html", {"site": site})
    data = posted(request)

    def action() -> str:
        actions.rename_site(site=site, name=_text(data.get("name", "")), city=_text(data.get("city", "")),
                            is_demo_name=data.get("is_demo_name") == "on", by=request.user)  # fmt: skip
        messages.success(request, "The site is saved.")
        return reverse("people")

    return act_once(request, action, back=reverse("edit-site", args=[pk]))


@require_GET
def protocol_page(request: HttpRequest) -> HttpResponse:
    """Every parameter of the protocol with its source; assumptions say that they are."""
    return render(request, "protocol.html", {"parameters": protocol.PARAMETERS.values()})


@login_not_required
@require_GET
def healthz(request: HttpRequest) -> HttpResponse:
    """The process answers."""
    return HttpResponse("ok", content_type="text/plain")


@login_not_required
@require_GET
def readyz(request: HttpRequest) -> JsonResponse:
    """The database answers and the audit triggers are in place."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
        missing = missing_triggers()
    except DatabaseError:
        return JsonResponse({"database": "does not answer"}, status=503)
    return JsonResponse({"database": "ok", "audit": "missing" if missing else "ok"}, status=503 if missing else 200)


def bad_request(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return error_page(request, 400, "This request cannot be read", "Please go back and try again.")


def forbidden(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    text = str(exception) if exception and str(exception) else "Your role does not include this page."
    note_attempt(request, "not part of the role")
    return error_page(request, 403, "Not part of your role", text)


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    text = "The page was open too long or its cookies are gone. Nothing was stored; what you typed is kept in this tab."
    note_attempt(request, "without the token of a page of ours")
    return error_page(request, 403, "Please open the page again", text)


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return error_page(request, 404, "Not found", "This page does not exist, or it belongs to another site.")


def server_error(request: HttpRequest) -> HttpResponse:
    """A generic page with a number that finds the entry in the log; nothing of the data is shown.

    A database that is busy or away is 503: the same request may succeed in a moment.
    """
    number = uuid.uuid4().hex[:8]
    log.error("error page %s for %s", number, request.path)
    if isinstance(sys.exc_info()[1], OperationalError):
        return _try_again(request)
    text = f"Nothing was stored half. Please try again; if it happens again, report the number {number}."
    return error_page(request, 500, "Something went wrong on our side", text)


def _try_again(request: HttpRequest) -> HttpResponse:
    text = "Nothing was stored. Please go back and try again in a moment: what you typed is still in the form."
    try:
        answer = error_page(request, 503, "The system is busy", text)
    except DatabaseError:  # no page either: it says who is signed in
        answer = HttpResponse(f"The system is busy. {text}", status=503, content_type="text/plain")
    answer.headers["Retry-After"] = "5"
    return answer


def _text(raw: str) -> str:
    try:
        return text(raw)
    except Unreadable as error:
        raise Refused(str(error)) from error
