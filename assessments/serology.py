"""What a serology after IVIG means: an antibody that came with the product is no infection (``protocol.md`` 12.8, A11). Pure.

The product holds the antibodies of its donors four to six times enriched. Antigens and nucleic acids do not come with it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from itp_trial.protocol import value

PASSIVE_D: int = value("PASSIVE_ANTIBODY_D")


class Result(StrEnum):
    NEGATIVE = "NEG"
    POSITIVE = "POS"
    EQUIVOCAL = "EQU"


#: Antibodies that IVIG hands over, each with the markers that would speak for an infection.
ANTIBODIES: Mapping[str, tuple[str, ...]] = {
    "anti_hbs": ("hbsag", "hbv_dna"),
    "anti_hbc": ("hbsag", "hbv_dna"),
    "anti_hcv": ("hcv_rna",),
}
#: Markers of the infection itself, and the combined HIV test, which always needs a second one.
INFECTION = ("hbsag", "hbv_dna", "hcv_rna", "hiv", "hiv_rna")
NAMES = {
    "hbsag": "HBsAg", "anti_hbs": "anti-HBs", "anti_hbc": "anti-HBc", "anti_hcv": "anti-HCV", "hiv": "HIV antigen/antibody",
    "hbv_dna": "HBV DNA", "hcv_rna": "HCV RNA", "hiv_rna": "HIV RNA",
}  # fmt: skip


@dataclass(frozen=True)
class Serology:
    """The markers of one day; one that was not tested is left out."""

    on: date
    results: Mapping[str, Result]


@dataclass(frozen=True)
class Reading:
    """What is new: antibodies that came with the product, and markers that speak for an infection."""

    passive: tuple[str, ...] = ()
    infection: tuple[str, ...] = ()

    @property
    def note(self) -> str:
        """The passive antibodies in words, or an empty text."""
        names = ", ".join(NAMES[marker] for marker in self.passive)
        return f"{names} newly positive after IVIG: passive antibody of the product, not an infection." if names else ""

    @property
    def alarm(self) -> str:
        """The markers of an infection in words, or an empty text."""
        names = ", ".join(NAMES[marker] for marker in self.infection)
        return f"{names} newly reactive: confirm by nucleic acid test, add an adverse event, tell the sponsor." if names else ""


def read(now: Serology, before: Serology | None, last_ivig: date | None) -> Reading:
    """What ``now`` shows that ``before`` (the latest serology before it) did not.

    An antibody is passive where IVIG was given in the months before, the child was negative or untested, and no marker of
    the infection is positive. Anything else that is newly positive speaks for an infection until it is cleared.
    """
    new = {m for m, result in now.results.items() if result == Result.POSITIVE and not _was_positive(before, m)}
    after_ivig = last_ivig is not None and 0 <= (now.on - last_ivig).days <= PASSIVE_D
    passive = tuple(m for m in ANTIBODIES if m in new and after_ivig and not _infected(now, m))
    tracked = (*INFECTION, "anti_hbc", "anti_hcv")
    return Reading(passive, tuple(m for m in tracked if m in new and m not in passive))


def _was_positive(before: Serology | None, marker: str) -> bool:
    return before is not None and before.results.get(marker) == Result.POSITIVE


def _infected(now: Serology, antibody: str) -> bool:
    return any(now.results.get(marker) in (Result.POSITIVE, Result.EQUIVOCAL) for marker in ANTIBODIES[antibody])
