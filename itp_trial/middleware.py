"""What every request passes: readable input, rights, and no caching of patient data."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable

from django.http import HttpRequest, HttpResponse, HttpResponseBadRequest

from itp_trial import scope
from itp_trial.actor import Origin, coming_from
from itp_trial.permissions import NOBODY, Access

_UNREADABLE = re.compile(r"[\x00\ud800-\udfff]")
Handler = Callable[[HttpRequest], HttpResponse]


class NumberMiddleware:
    """Every request has a number, and every answer tells it: error pages, refusals and redirects too."""

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        request.number = uuid.uuid4().hex
        response = self.get_response(request)
        response.headers["X-Request-ID"] = request.number
        return response


class CleanInputMiddleware:
    """A NUL or a lone surrogate in an address is no text that anybody typed: 400 before anything reads it.

    Posted forms and JSON are checked field by field (``casebook.normalise``), so that the message stands at its field.
    """

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        queried = [*request.GET.keys(), *(value for values in request.GET.lists() for value in values[1])]
        if any(_UNREADABLE.search(text) for text in [request.path, *queried]):
            return HttpResponseBadRequest("The address holds characters that cannot be read.", content_type="text/plain")
        return self.get_response(request)


class AccessMiddleware:
    """``request.access``: what this person may do today; the database shows the sites of these roles and no others."""

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        request.access = self._enter(request)
        with coming_from(origin_of(request)):
            return self.get_response(request)

    @staticmethod
    def _enter(request: HttpRequest) -> Access:
        """Rights and the database's site scope in one statement; a stranger leaves what the last request opened."""
        if request.user.is_authenticated and request.user.is_active:
            return Access(scope.enter(request.user))
        scope.leave()
        return NOBODY


def origin_of(request: HttpRequest) -> Origin:
    """This request for the trail: its number, who sent it, and the roles in which they may act."""
    who = getattr(request.user, "actor_id", "")
    return Origin(request.number, who, lambda: ", ".join(sorted(request.access.roles)))


class NoStoreMiddleware:
    """Pages with patient data stay out of every cache, also behind the back button."""

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        response.headers.setdefault("Cache-Control", "no-store")
        return response
