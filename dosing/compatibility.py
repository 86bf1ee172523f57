"""Which lot may be given to which child by ABO group (``protocol.md`` 5.3; the two levels are an assumption). Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Level = Literal["fits", "warning", "stop", "unknown"]

ANTIGENS = {"O": frozenset(), "A": frozenset("A"), "B": frozenset("B"), "AB": frozenset("AB")}
GROUPS = tuple(ANTIGENS)


@dataclass(frozen=True)
class Match:
    """The judgement, and why in the user's words (empty where everything fits)."""

    level: Level
    text: str = ""


def match(child: str, lot: str) -> Match:
    """Plasma of the lot against the child's red cells: the lot must carry no antibody against the child's antigens."""
    if child not in ANTIGENS or lot not in ANTIGENS:
        whose = "child" if child not in ANTIGENS else "lot"
        return Match("unknown", f"The blood group of the {whose} is not known: the ABO rule cannot be applied.")
    antibodies = ANTIGENS["AB"] - ANTIGENS[lot]
    if against := sorted(antibodies & ANTIGENS[child]):
        names = " and ".join(f"anti-{antigen}" for antigen in against)
        return Match("stop", f"A lot of group {lot} carries {names} and must not be given to a child of group {child}.")
    if child != lot:
        return Match("warning", f"A lot of group {lot} for a child of group {child}: compatible, but not the same group.")
    return Match("fits")
