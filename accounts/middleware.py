"""What every request of a person who is signed in passes: address, limits of the session, duties before anything else."""

from __future__ import annotations

import ipaddress
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from django.conf import settings
from django.contrib.auth import logout
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect

from accounts import lockout, second_factor, sessions
from itp_trial import access_log
from itp_trial.permissions import access

Handler = Callable[[HttpRequest], HttpResponse]


class ClientAddressMiddleware:
    """Behind the TLS proxy the client's address is the right-most hop of ``X-Forwarded-For``, which the proxy itself saw.

    What stands to the left of it is what the client said, and is not believed.
    """

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if settings.BEHIND_TLS_PROXY:
            hop = request.META.get("HTTP_X_FORWARDED_FOR", "").rpartition(",")[2].strip()
            with suppress(ValueError):  # the proxy sent none: its own address stays
                request.META["REMOTE_ADDR"] = str(ipaddress.ip_address(hop))
        return self.get_response(request)


class SessionLimitsMiddleware:
    """Signs out after ``INACTIVITY_SECONDS`` without a request and 12 hours after the sign-in (RQ-45).

    The mark of the last request is written at most once a minute.
    """

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.user.is_authenticated:
            now = int(time.time())
            idle = now - request.session.get(sessions.LAST_SEEN, now)
            if idle > settings.INACTIVITY_SECONDS:
                self._end(request, "after a time without activity")
            elif sessions.age(request.session) > settings.SESSION_LIMIT_SECONDS:
                self._end(request, "after the longest time of a session")
            elif idle >= sessions.NOTED_AGAIN_AFTER or sessions.LAST_SEEN not in request.session:
                request.session[sessions.LAST_SEEN] = now
        return self.get_response(request)

    @staticmethod
    def _end(request: HttpRequest, why: str) -> None:
        access_log.note(access_log.Kind.SIGN_OUT, request=request, what=why)
        logout(request)


class DutiesMiddleware:
    """Before anything else: one's own password (RQ-34), and the second factor that the role demands (RQ-44)."""

    #: Address -> the pages that stay open until the duty is done, the first of them being where it is done.
    PASSWORD = ("change-password", "sign-out")
    FACTOR = ("second-factors", "enrol-app", "add-passkey", "sign-out", "change-password")

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        lockout.settle(request)
        return response

    def process_view(self, request: HttpRequest, view: Any, args: Any, kwargs: Any) -> HttpResponse | None:
        api = request.path.startswith("/api/")  # DRF marks its views as open and asks for the person itself
        if not request.user.is_authenticated or not (api or getattr(view, "login_required", True)):
            return None
        pages = self._duty(request)
        name = request.resolver_match.url_name if request.resolver_match else None
        if not pages or name in pages:
            return None
        if api:
            detail = "Please sign in at the pages first: your password or second factor is to be set."
            return JsonResponse({"status": 403, "detail": detail}, status=403, content_type="application/problem+json")
        return redirect(pages[0])

    def _duty(self, request: HttpRequest) -> tuple[str, ...]:
        """The pages that are open to this person now; empty where all are."""
        if request.session.get(sessions.MUST_CHANGE):
            return self.PASSWORD
        if not request.session.get(sessions.SECOND_FACTOR) and second_factor.required(access(request).roles):
            return self.FACTOR
        return ()
