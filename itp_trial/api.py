"""The API's door: tokens, readable JSON, pages, errors in one shape."""

from __future__ import annotations

import json
import re
from typing import Any

from django.conf import settings
from django.core.exceptions import PermissionDenied as DjangoPermissionDenied
from django.core.exceptions import RequestDataTooBig, ValidationError
from django.db import OperationalError
from django.http import Http404
from rest_framework import status
from rest_framework.authentication import BaseAuthentication, get_authorization_header
from rest_framework.exceptions import APIException, AuthenticationFailed, NotFound, ParseError, PermissionDenied, Throttled
from rest_framework.pagination import CursorPagination
from rest_framework.parsers import JSONParser
from rest_framework.request import Request
from rest_framework.response import Response

from itp_trial import scope
from itp_trial.access_log import names, note_attempt
from itp_trial.idempotency import KeyReused
from itp_trial.models import ApiToken
from itp_trial.permissions import Access
from itp_trial.refusal import Refused, TooOften


class TokenAuthentication(BaseAuthentication):
    """``Authorization: Bearer itp_...``: a person's token, with the rights of the one role that it is bound to."""

    keyword = b"bearer"

    def authenticate(self, request: Request) -> tuple[Any, ApiToken] | None:
        header = get_authorization_header(request).split()
        if not header or header[0].lower() != self.keyword:
            return None
        if len(header) != 2:
            raise AuthenticationFailed("The header must be: Authorization: Bearer <token>.")
        token = self._live_token(header[1].decode("latin-1"))
        assignment = token.assignment
        grants = frozenset({(assignment.role, assignment.site_id)})
        request._request.access = Access(grants)
        scope.open_sites(scope.opened_by(grants))
        return assignment.user, token

    def _live_token(self, secret: str) -> ApiToken:
        tokens = ApiToken.objects.select_related("assignment__user")
        token = tokens.filter(digest=ApiToken.digest_of(secret)).first()
        if token is None or not token.is_live or not token.assignment.user.is_active:
            raise AuthenticationFailed("This token is unknown, expired or revoked.")
        if not token.assignment.is_in_force:
            raise AuthenticationFailed("The role of this token is not in force today.")
        return token

    def authenticate_header(self, request: Request) -> str:
        return 'Bearer realm="api"'


PROBLEM = "application/problem+json"
_NUL = re.compile(r"(?<!\\)(?:\\\\)*\\u0000")


class TooLarge(APIException):
    status_code = status.HTTP_413_REQUEST_ENTITY_TOO_LARGE
    default_detail = "The body is too large."
    default_code = "too_large"


class CleanJSONParser(JSONParser):
    """JSON objects only; no NaN, no duplicate key, no lone surrogate, no NUL, no absurd depth. Numbers stay text."""

    def parse(self, stream: Any, media_type: str | None = None, parser_context: Any = None) -> Any:
        raw = stream.read(settings.DATA_UPLOAD_MAX_MEMORY_SIZE + 1)
        if len(raw) > settings.DATA_UPLOAD_MAX_MEMORY_SIZE:
            raise TooLarge
        try:
            data = json.loads(raw.decode("utf-8"), object_pairs_hook=_no_duplicates, parse_constant=_no_constant,
                              parse_float=str, parse_int=str)  # fmt: skip
            if _NUL.search(json.dumps(data, ensure_ascii=False).encode("utf-8").decode()):
                raise ValueError("it holds the character U+0000")
        except (ValueError, RecursionError) as error:
            raise ParseError(f"The body is not readable JSON: {str(error)[:200]}") from error
        if not isinstance(data, dict):
            raise ParseError("The body must be a JSON object.")
        return data


def _no_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key stands in it twice")
    return found


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is not a number")


class UnknownNames(ParseError):
    """The body names what is not in the form, or what people do not write."""

    def __init__(self, message: str, sent: list[str]) -> None:
        super().__init__(message)
        self.sent = sent


class Conflict(APIException):
    status_code = status.HTTP_409_CONFLICT
    default_code = "conflict"


class Busy(APIException):
    status_code = status.HTTP_503_SERVICE_UNAVAILABLE
    default_code = "busy"


class Pages(CursorPagination):
    """Cursor pages: the cost of a page does not depend on its depth, and no total is told."""

    page_size = 100
    max_page_size = 500
    page_size_query_param = "page_size"
    ordering = "pk"

    def get_page_size(self, request: Request) -> int:
        """The asked size, at most ``max_page_size``; what is no number is refused."""
        asked = request.query_params.get("page_size", str(self.page_size))
        if not re.fullmatch("[1-9][0-9]{0,8}", asked):
            raise ParseError("page_size must be a whole number from 1.")
        return min(int(asked), self.max_page_size)

    def paginate_queryset(self, queryset: Any, request: Request, view: Any = None) -> list[Any]:
        """The rows of this page. A cursor that is not one of ours is refused, whatever it holds."""
        try:
            return super().paginate_queryset(queryset, request, view) or []
        except (NotFound, ValueError, TypeError, ValidationError) as error:
            raise ParseError("This cursor is not one of ours. Please follow the links of the pages.") from error


def explain(error: Exception, context: Any) -> Response | None:
    """Every error as ``{"title", "detail"}`` or with the messages by field; refusals are 409."""
    # Not at the top: DRF's own views import this module for its settings.
    from rest_framework.views import exception_handler

    if isinstance(error, TooOften):
        error = Throttled(error.seconds, str(error))
    if isinstance(error, Refused | KeyReused):
        error = Conflict(str(error))
    if isinstance(error, OperationalError):
        error = Busy("The database is busy. Nothing was stored. Please send the request again.")
    if isinstance(error, RequestDataTooBig):
        error = TooLarge()
    response = exception_handler(error, context)
    if response is None:
        return None
    if isinstance(error, Http404):
        response.data = {"detail": "Not found, or it belongs to another site."}
    _note_attempt(error, context["request"]._request)
    response.content_type = PROBLEM
    response.data = {"status": response.status_code, **_as_dict(response.data)}
    return response


def _note_attempt(error: Exception, request: Any) -> None:
    if isinstance(error, DjangoPermissionDenied | PermissionDenied):
        note_attempt(request, "not part of the role")
    if isinstance(error, UnknownNames):
        note_attempt(request, f"names that cannot be written: {names(error.sent)}")


def _as_dict(data: Any) -> dict[str, Any]:
    return dict(data) if isinstance(data, dict) else {"detail": data}
