"""An empty blood count and a few ways to post it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from django.urls import reverse

from casebook.models import FormRecord
from casebook.selectors import RECORDS


def at(day: date, clock: str = "08:30") -> str:
    return f"{day:%d/%m/%Y} {clock}"


def count_of(day: date, **answers: str) -> dict[str, str]:
    """A complete and ordinary blood count, as a browser posts it."""
    usual = {"record-version": "0", "done": "Y", "taken_at": at(day), "quality": "good", "platelets": "85", "bleeding": "0",
             "haemoglobin": "11.8"}  # fmt: skip
    return {**usual, **answers}


class Desk:
    """One person with one form in front of them."""

    def __init__(self, client: Any, record: FormRecord) -> None:
        self.client, self.key = client, record.pk
        self.url = reverse("record", args=[record.pk])
        self.api = reverse("api-record", args=[record.pk])

    @property
    def record(self) -> FormRecord:
        return RECORDS.get(pk=self.key)

    @property
    def stored(self) -> dict[str, Any]:
        return self.record.crf().answers()

    def post(self, posted: dict[str, Any], **extra: Any) -> Any:
        return self.client.post(self.url, posted, **extra)

    def put(self, version: Any = 0, **answers: Any) -> Any:
        return self.client.put(self.api, {"version": version, "answers": answers}, "application/json")

    def typed(self, answer: Any, name: str) -> str:
        """What stands in an input of the page that came back."""
        return str(answer.context["form"].main.fields[name].typed)


@pytest.fixture
def desk_of(client_of: Callable[[Any], Any]) -> Callable[[Any, FormRecord], Desk]:
    return lambda user, record: Desk(client_of(user), record)


@pytest.fixture
def day(universe: Any) -> date:
    """The day on which the untreated child was enrolled: inside the window of its loading visit."""
    return universe.untreated.enrolled_on


@pytest.fixture
def desk(universe: Any, desk_of: Callable[..., Desk]) -> Desk:
    """Clara with the empty blood count of the loading visit."""
    return desk_of(universe.clara, universe.record(universe.untreated, "blood-count", "LOAD"))
