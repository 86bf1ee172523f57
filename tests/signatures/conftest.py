"""Somebody signs: through the action, and through the page with the password."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.urls import reverse

from demo.people import PASSWORD
from signatures.matters import Matter
from signatures.models import Scope


@pytest.fixture
def visit(universe: Any) -> Matter:
    """The visit of day 3 of the responder: one blood count of 60."""
    count = universe.record(universe.responder, "blood-count", "D3")
    return Matter(Scope.VISIT, universe.responder, visit=count.visit)


@pytest.fixture
def casebook(universe: Any) -> Matter:
    return Matter(Scope.CASEBOOK, universe.responder)


@pytest.fixture
def at_the_page(client_of: Callable[[Any], Any]) -> Callable[..., Any]:
    """``at_the_page(user, name, key, **other)``: opens the page and signs what it shows; returns the page after it."""

    def sign_there(user: Any, name: str, key: Any, **other: str) -> Any:
        client, url = client_of(user), reverse(name, args=[key])
        html = client.get(url).content.decode()
        shown = re.search(r'name="shown" value="([0-9a-f]{64})"', html)
        posted = {"password": PASSWORD, "shown": shown[1] if shown else "", **other}
        return client.post(url, posted, follow=True)

    return sign_there
