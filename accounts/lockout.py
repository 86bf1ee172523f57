"""The lock-out after five failures (RQ-46), shared by sign-in, second factor and signing. django-axes counts.

A failure is counted after the answer: what refuses an act also rolls its transaction back, and the failure must stay.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from axes.handlers.proxy import AxesProxyHandler
from axes.helpers import get_cool_off
from axes.models import AccessAttempt
from django.conf import settings
from django.db.models import Max, Sum
from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from accounts import throttle
from itp_trial.refusal import TooOften
from itp_trial.web import too_often

LOCKED = "This account is locked from here for 15 minutes after five wrong attempts. The administrator can unlock it."


def check(request: HttpRequest, username: str) -> None:
    """Raises ``TooOften`` where this account is locked for this address. Asked before anything is hashed."""
    if not AxesProxyHandler.is_allowed(_bare(request), {"username": username}):
        raise _locked(username)


def _locked(username: str) -> TooOften:
    until = locked([username]).get(username)
    left = until - timezone.now() if until else get_cool_off()
    return TooOften(LOCKED, int(left.total_seconds()))


def count_failure(request: HttpRequest, username: str) -> None:
    """One failure more, towards the same five as at sign-in."""
    AxesProxyHandler.user_login_failed(sender=__name__, credentials={"username": username}, request=_bare(request))


def _bare(request: HttpRequest) -> HttpRequest:
    """The request without what was posted: django-axes stores it, and a form may hold anything."""
    bare = HttpRequest()
    bare.META = {name: request.META.get(name, "") for name in ("REMOTE_ADDR", "HTTP_USER_AGENT", "PATH_INFO", "HTTP_ACCEPT")}
    bare.method, bare.path, bare.user = "POST", request.path, request.user
    return bare


def afterwards(request: Any, act: Callable[[], Any]) -> None:
    """Does something after the answer, outside of the transaction that a refusal rolls back."""
    plain = getattr(request, "_request", request)  # DRF wraps the request
    plain.__dict__.setdefault("afterwards", []).append(act)


def settle(request: HttpRequest) -> None:
    """Does what waits for the end of this request."""
    for act in request.__dict__.pop("afterwards", ()):
        act()


def locked(usernames: Any = None) -> dict[str, datetime]:
    """The locked accounts by user name, each with the moment at which the last of its locks ends."""
    cool_off = get_cool_off()
    recent = AccessAttempt.objects.filter(attempt_time__gt=timezone.now() - cool_off)
    if usernames is not None:
        recent = recent.filter(username__in=usernames)
    counted = recent.values("username", "ip_address").annotate(failures=Sum("failures_since_start"), last=Max("attempt_time"))
    full = counted.filter(failures__gte=settings.AXES_FAILURE_LIMIT).order_by("last")
    return {row["username"]: row["last"] + cool_off for row in full}


def unlock(username: str) -> None:
    AxesProxyHandler.reset_attempts(username=username)
    throttle.forget(username)


def refused(request: HttpRequest, original: HttpResponse | None = None, credentials: Any = None) -> HttpResponse:
    """The page after too many failures (django-axes calls it): the same for accounts that exist and that do not."""
    return too_often(request, _locked((credentials or {}).get("username") or ""))
