"""What every address of the API has in common."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest
from rest_framework.exceptions import ParseError
from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from itp_trial.api import Pages

PAGING = frozenset({"cursor", "page_size"})


class OneAnswer(BaseContentNegotiation):
    """Each address has one kind of answer (JSON, CSV or PDF), whatever the request says that it accepts."""

    def select_parser(self, request: Request, parsers: Any) -> Any:
        # A body of another content type finds no parser: 415.
        return next((p for p in parsers if (request.content_type or "").split(";")[0].strip().lower() == p.media_type), None)

    def select_renderer(self, request: Request, renderers: Any, format_suffix: str | None = None) -> Any:
        return renderers[0], renderers[0].media_type


class Endpoint(APIView):
    """Refuses unknown query parameters, so that a misspelt filter never answers with everything."""

    content_negotiation_class = OneAnswer
    http_method_names = ["get", "head", "put"]
    parameters: frozenset[str] = frozenset()

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        if unknown := sorted(set(request.query_params) - self.parameters):
            raise ParseError(f"Unknown query parameters: {', '.join(name[:40] for name in unknown[:20])}.")

    def page(self, queryset: Any, state: Callable[[list[Any]], list[Any]], *ordering: str) -> Response:
        """One page of a list. Its last ordering is unique, so that no row is told twice or never."""
        pages = Pages()
        pages.ordering = ordering
        rows = pages.paginate_queryset(queryset, self.request, self)
        return pages.get_paginated_response(state(rows))


def plain(request: Request) -> HttpRequest:
    """Django's request behind this one; after authentication it carries the person and their rights."""
    return request._request


def one_of(request: Request, name: str, *known: str) -> str:
    """A query parameter with listed values; empty where it is not given."""
    value = request.query_params.get(name, "")
    if value and value not in known:
        raise ParseError(f"{name} must be one of: {', '.join(known)}.")
    return value
