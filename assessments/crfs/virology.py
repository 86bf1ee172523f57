"""Virology: before the first dose, and half a year after the last one."""

from __future__ import annotations

from datetime import date, datetime
from functools import cached_property

from django.db import models
from django.utils import timezone

from assessments import serology
from assessments.story import Story, story_besides
from casebook import items
from casebook.crf import Crf, EditCheck, Row, Section
from casebook.items import NOT_SUBMITTED, Sdtm

# A form reads like a table: one question a line.
# fmt: off


class Result(models.TextChoices):
    NEGATIVE = serology.Result.NEGATIVE.value, "Negative"
    POSITIVE = serology.Result.POSITIVE.value, "Positive"
    EQUIVOCAL = serology.Result.EQUIVOCAL.value, "Equivocal"


class Method(models.TextChoices):
    IMMUNOASSAY = "immunoassay", "Immunoassay (ELISA, CLIA)"
    RAPID = "rapid", "Rapid test"
    NUCLEIC_ACID = "nat", "Nucleic acid test"


MARKERS = ("hbsag", "anti_hbs", "anti_hbc", "anti_hcv", "hiv")


def marker(label: str, testcd: str) -> tuple[items.Code, items.Code]:
    """The two columns of one marker: result and method."""
    return (items.Code(label, options=Result, critical=True, sdtm=Sdtm("MB.MBORRES", testcd)),
            items.Code(f"{label}: method", options=Method, sdtm=Sdtm("MB.MBMETHOD", testcd)))


class Virology(Crf):
    """Viral markers of one sample, each with its method. Antibodies after IVIG are read as what they are."""

    slug = "virology"
    dates_visit = "taken_on"

    taken_on = items.Date("Sample taken on", critical=True, sdtm=Sdtm("MB.MBDTC"))
    laboratory = items.Text("Laboratory, if not the hospital's own", optional=True, sdtm=Sdtm("MB.MBNAM"))
    hbsag, hbsag_method = marker("HBsAg", "HBSAG")
    anti_hbs, anti_hbs_method = marker("Anti-HBs", "HBSAB")
    anti_hbc, anti_hbc_method = marker("Anti-HBc", "HBCAB")
    anti_hcv, anti_hcv_method = marker("Anti-HCV", "HCAB")
    hiv, hiv_method = marker("HIV antigen and antibody", "HIVAGAB")
    hbv_dna = items.Code("HBV DNA", options=Result, optional=True, sdtm=Sdtm("MB.MBORRES", "HBVDNA"))
    hcv_rna = items.Code("HCV RNA", options=Result, optional=True, sdtm=Sdtm("MB.MBORRES", "HCVRNA"))
    hiv_rna = items.Code("HIV RNA", options=Result, optional=True, sdtm=Sdtm("MB.MBORRES", "HIVRNA"))
    passive_note = items.Text("Antibodies after IVIG", derived=True, sdtm=NOT_SUBMITTED)

    sections = [
        Section("Sample", "taken_on", "laboratory"),
        Section("Markers", *(name for m in MARKERS for name in (m, f"{m}_method")), columns=("Result", "Method")),
        Section("Nucleic acids, where tested", "hbv_dna", "hcv_rna", "hiv_rna"),
        Section("Reading", "passive_note"),
    ]
    edit_checks = [
        EditCheck("VIR01", ["taken_on"], lambda c: not c.is_late_baseline(),
                  "This baseline sample was taken when a dose had been given already: antibodies may come from the product.",
                  rule="protocol 8.2"),
        EditCheck("VIR02", ["taken_on"], lambda c: not c.reading().alarm, lambda c: c.reading().alarm, rule="protocol 6.1",
                  about="A new reactive result that is not explained by antibodies of the product."),
    ]

    class Meta:
        verbose_name = "virology"

    def derive(self, rows: list[Row]) -> None:
        self.passive_note = (self.reading().note or None) if self.taken_on else None

    @cached_property
    def story(self) -> Story:
        return story_besides(self.record)

    @cached_property
    def earlier(self) -> list[Virology]:
        """The other serologies of this child. One query."""
        others = Virology.objects.filter(record__participant=self.record.participant_id, taken_on__isnull=False)
        return list(others.exclude(pk=self.pk).order_by("taken_on"))

    def serology(self) -> serology.Serology:
        names = (*MARKERS, "hbv_dna", "hcv_rna", "hiv_rna")
        found = {name: serology.Result(result) for name in names if (result := getattr(self, name))}
        return serology.Serology(self.taken_on, found)

    def reading(self) -> serology.Reading:
        """What is new beside the serology before this one."""
        before = [other.serology() for other in self.earlier if other.taken_on < self.taken_on]
        doses = [day for infusion in self.story.infusions if (day := _day(infusion.start)) <= self.taken_on]
        return serology.read(self.serology(), before[-1] if before else None, max(doses, default=None))

    def is_late_baseline(self) -> bool:
        first = min((infusion.start for infusion in self.story.infusions), default=None)
        return self.visit is not None and self.visit.code == "SCREEN" and first is not None and _day(first) < self.taken_on


def _day(moment: datetime) -> date:
    return timezone.localtime(moment).date()
