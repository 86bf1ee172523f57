"""The blood group of a child, where a rule of this app needs it.

The form that asks for it stands in a layer above. Whoever holds it says so once, when the application starts:
``blood_group.provided_by(selector)``. As long as nobody does, the group is not known, and every rule says so.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from casebook.models import Participant

_source: list[Callable[[Any], str | None]] = []


def provided_by(selector: Callable[[Any], str | None]) -> None:
    """``selector(participant)`` answers with O, A, B, AB, or nothing where it is not known."""
    _source[:] = [selector]


def of(participant: Participant) -> str:
    """O, A, B, AB, or an empty text where it is not known."""
    return (_source[0](participant) or "") if _source else ""
