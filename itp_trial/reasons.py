"""The shared answer to "why?": one sentence and the protocol rule behind it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Reason:
    """Why a rule decided what it decided; ``text`` is shown to coordinators and doctors as it is."""

    rule: str
    text: str
