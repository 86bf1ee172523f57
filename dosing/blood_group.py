"""The blood group of the child: typed on two samples that were drawn separately, and what both agree on.

It stands beside the product because the group of a bag is judged against it (``protocol.md`` 5.3).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db import models

from casebook import items
from casebook.crf import Crf, EditCheck, Row, Section
from casebook.items import Sdtm

# A form reads like a table: one question a line.
# fmt: off


class BloodGroup(models.TextChoices):
    O = "O", "O"  # noqa: E741  (the blood group's name)
    A = "A", "A"
    B = "B", "B"
    AB = "AB", "AB"


class Rhesus(models.TextChoices):
    POSITIVE = "POS", "Positive"
    NEGATIVE = "NEG", "Negative"


class BloodGroupTest(Crf):
    """ABO and RhD of a child on two samples. What the two disagree on stays empty until a person has cleared it."""

    slug = "blood-group"

    first_at = items.DateTime("First sample taken", critical=True, sdtm=Sdtm("LB.LBDTC"))
    first_abo = items.Code("ABO group, first sample", options=BloodGroup, critical=True, sdtm=Sdtm("LB.LBORRES", "ABO"))
    first_rhd = items.Code("RhD, first sample", options=Rhesus, critical=True, sdtm=Sdtm("LB.LBORRES", "RHD"))
    second_at = items.DateTime("Second sample taken", critical=True, sdtm=Sdtm("LB.LBDTC"),
                               help="Drawn separately, not a second tube of the same puncture.")
    second_abo = items.Code("ABO group, second sample", options=BloodGroup, critical=True,
                            sdtm=Sdtm("LB.LBORRES", "ABO"))
    second_rhd = items.Code("RhD, second sample", options=Rhesus, critical=True, sdtm=Sdtm("LB.LBORRES", "RHD"))
    abo = items.Code("ABO group of the child", options=BloodGroup, derived=True, critical=True,
                     sdtm=Sdtm("LB.LBSTRESC", "ABO"))
    rhd = items.Code("RhD of the child", options=Rhesus, derived=True, critical=True, sdtm=Sdtm("LB.LBSTRESC", "RHD"))

    sections = [
        Section("First sample", "first_at", "first_abo", "first_rhd"),
        Section("Second sample", "second_at", "second_abo", "second_rhd",
                note="The group counts as confirmed when two samples agree."),
        Section("Blood group", "abo", "rhd"),
    ]
    edit_checks = [
        EditCheck("ABO01", ["first_abo", "second_abo"], lambda c: c.first_abo == c.second_abo,
                  lambda c: f"The samples disagree: {c.first_abo} and {c.second_abo}. Take a third sample and correct the"
                            " wrong answer; until then the child has no blood group here.", rule="protocol 5.3",
                  about="The two samples disagree: take a third one; until then the child has no blood group here."),
        EditCheck("ABO02", ["first_rhd", "second_rhd"], lambda c: c.first_rhd == c.second_rhd,
                  "The samples disagree on RhD. Take a third sample and correct the wrong answer.", rule="protocol 5.3"),
        EditCheck("ABO03", ["second_at", "first_at"], lambda c: c.second_at != c.first_at,
                  "Both samples have the same time. A confirmation needs a second puncture.", rule="protocol 5.3"),
    ]

    class Meta:
        verbose_name = "blood group"

    def derive(self, rows: list[Row]) -> None:
        self.abo = _agreed(self.first_abo, self.second_abo)
        self.rhd = _agreed(self.first_rhd, self.second_rhd)

    @property
    def is_confirmed(self) -> bool:
        """True where two samples of different times gave the same ABO group."""
        times = {self.first_at, self.second_at} - {None}
        return len(times) == 2 and self.first_abo is not None and self.first_abo == self.second_abo


def _agreed(first: str | None, second: str | None) -> str | None:
    """What two results say together: the one that there is, or both if they are equal; ``None`` where they disagree."""
    said = {first, second} - {None}
    return said.pop() if len(said) == 1 else None


@dataclass(frozen=True)
class ChildsGroup:
    """ABO and RhD as far as they are known; ``confirmed`` once two samples agree on ABO."""

    abo: str
    rhd: str | None
    confirmed: bool


def blood_group_of(participant: Any) -> ChildsGroup | None:
    """The blood group of a participant (or of the one with this key); ``None`` if untested or in dispute. One query."""
    return group_in(BloodGroupTest.objects.filter(record__participant=participant).order_by("record__created_at").first())


def group_in(found: BloodGroupTest | None) -> ChildsGroup | None:
    """The blood group that this form says; ``None`` without a form, untested or in dispute."""
    if found is None or found.abo is None:
        return None
    return ChildsGroup(found.abo, found.rhd, found.is_confirmed)


def abo_of(participant: Any) -> str:
    """O, A, B or AB, or an empty text where it is not known. One query."""
    found = blood_group_of(participant)
    return found.abo if found else ""
