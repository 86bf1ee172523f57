"""What the tests of exports and API share: tokens, calls, and the forms that the universe lacks."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from itp_trial.actions import create_token
from itp_trial.models import User


def token(user: User) -> str:
    return create_token(assignment=user.assignments.earliest("pk"), name="test", by=user)[1]


@pytest.fixture
def call() -> Callable[..., Any]:
    """``call(user, "records/…", "put", {...})``: asks the API with a fresh token of this person."""

    def call(user: User, path: str, method: str = "get", body: Any = None, **headers: str) -> Any:
        headers = {"Authorization": f"Bearer {token(user)}", **headers}
        raw = body if isinstance(body, str | bytes) else json.dumps(body or {}, default=str)
        sent = {} if method == "get" else {"data": raw, "content_type": "application/json"}
        return Client().generic(method.upper(), f"/api/v1/{path}", **sent, secure=True, headers=headers)

    return call


@pytest.fixture
def logged(universe: Any) -> Any:
    """The responder with one event of each kind, a grid of bleeding, a missing reason and a confirmed unusual value."""
    from demo.builder import at, confirm

    clinic, child, today = universe.clinic(), universe.responder, universe.today
    day = today - timedelta(days=5)
    clinic.log(child, "adverse-event", term="=Headache", started_at=at(day, 10), ongoing="N", ended_at=at(day, 18), grade=1,
               serious="N", related="POSSIBLY RELATED", action="DOSE NOT CHANGED", outcome="RECOVERED/RESOLVED",
               narrative="<img src=file:///etc/hostname> Short,\nthen well.")  # fmt: skip
    clinic.log(child, "rescue", kind="corticosteroid", started_on=day, ongoing="N", ended_on=today, dose="2 mg/kg", why="Nose")
    clinic.log(child, "bleeding-episode", site_of_bleeding="epistaxis", started_on=day, ongoing="N", ended_on=day,
               peak_grade=2, evidence="record", treatment="-")  # fmt: skip
    clinic.extra_count(child, today - timedelta(days=4), 650, haemoglobin="~SL")
    saved = clinic.extra_count(child, today - timedelta(days=3), 610)
    confirm(saved, "RANGE", "Repeated by hand", universe.ines)
    clinic.extra_count(child, today - timedelta(days=2), None, done="N", why_not="No vein was found")
    return universe
