"""Clinical chemistry, immunoglobulins and the direct antiglobulin test."""

from __future__ import annotations

from decimal import Decimal

from django.db import models
from django.utils import timezone

from assessments import units
from assessments.measured import Measured, keep_printed, printed
from casebook import items
from casebook.crf import Crf, EditCheck, Row, Section
from casebook.items import Sdtm, YesNo
from itp_trial.protocol import value

# A form reads like a table: one question a line.
# fmt: off

IGA_ALERT: Decimal = value("IGA_ALERT")
DONE = ("done", YesNo.YES)


class Antiglobulin(models.TextChoices):
    NEGATIVE = "NEG", "Negative"
    IGG = "IGG", "Positive, IgG"
    C3 = "C3", "Positive, C3"
    BOTH = "BOTH", "Positive, IgG and C3"


POSITIVE = (Antiglobulin.IGG, Antiglobulin.C3, Antiglobulin.BOTH)


class Strength(models.TextChoices):
    WEAK = "W", "Weak"
    ONE = "1", "1+"
    TWO = "2", "2+"
    THREE = "3", "3+"
    FOUR = "4", "4+"


class Laboratory(Crf):
    """Results of one sample. A test that was not made gets the reason for a missing value."""

    slug = "laboratory"
    dates_visit = "taken_at"

    done = items.Code("Was a sample taken for chemistry?", options=YesNo, sdtm=Sdtm("LB.LBSTAT"))
    why_not = items.Text("Why not?", asked_if=("done", YesNo.NO), sdtm=Sdtm("LB.LBREASND"))
    taken_at = items.DateTime("Sample taken", asked_if=DONE, critical=True, sdtm=Sdtm("LB.LBDTC"))
    laboratory = items.Text("Laboratory, if not the hospital's own", asked_if=DONE, optional=True, sdtm=Sdtm("LB.LBNAM"))
    creatinine = Measured("Creatinine", quantity=units.CREATININE, digits=(4, 2), hard=(Decimal("0.05"), 15),
                          expected=(Decimal("0.2"), Decimal("0.8")), asked_if=DONE,
                          sdtm=Sdtm("LB.LBSTRESN", "CREAT"), help="In µmol/L? Type it behind: 35 µmol/L.")
    alt = items.Number("ALT", unit="U/L", digits=(6, 1), hard=(0, 10000), expected=(5, 60), asked_if=DONE,
                       sdtm=Sdtm("LB.LBORRES", "ALT"))
    ast = items.Number("AST", unit="U/L", digits=(6, 1), hard=(0, 10000), expected=(10, 80), asked_if=DONE,
                       sdtm=Sdtm("LB.LBORRES", "AST"), help="Higher in toddlers.")
    bilirubin = Measured("Bilirubin, total", quantity=units.BILIRUBIN, digits=(4, 2), hard=(0, 40),
                         expected=(Decimal("0.1"), Decimal("1.2")), asked_if=DONE, sdtm=Sdtm("LB.LBSTRESN", "BILI"))
    bilirubin_indirect = Measured("Bilirubin, indirect", quantity=units.BILIRUBIN, digits=(4, 2), hard=(0, 40),
                                  expected=(0, 1), asked_if=DONE, optional=True, sdtm=Sdtm("LB.LBSTRESN", "BILIND"))
    ldh = items.Number("LDH", unit="U/L", digits=(6, 1), hard=(20, 10000), expected=(150, 500), asked_if=DONE,
                       sdtm=Sdtm("LB.LBORRES", "LDH"))
    igg = Measured("IgG", quantity=units.IMMUNOGLOBULIN, digits=(5, 2), hard=(0, 120), expected=(Decimal("3.5"), 16),
                   unit_slip=(120, 100, "in mg/dL"), asked_if=DONE, sdtm=Sdtm("LB.LBSTRESN", "IGG"),
                   help="Higher after a dose, as expected. In mg/dL? Type it behind: 850 mg/dL.")
    iga_below = items.Code("IgA below the limit of detection?", options=YesNo, asked_if=DONE, critical=True,
                           sdtm=Sdtm("LB.LBSTRESC", "IGA"), help="Printed with “<”.")
    iga = Measured("IgA", quantity=units.IMMUNOGLOBULIN, digits=(5, 3), hard=(0, 20),
                   expected=(Decimal("0.1"), Decimal("2.5")), unit_slip=(20, 100, "in mg/dL"),
                   asked_if=("iga_below", YesNo.NO), critical=True, sdtm=Sdtm("LB.LBSTRESN", "IGA"))
    igm = Measured("IgM", quantity=units.IMMUNOGLOBULIN, digits=(5, 2), hard=(0, 50),
                   expected=(Decimal("0.3"), Decimal("2.5")), unit_slip=(50, 100, "in mg/dL"), asked_if=DONE,
                   sdtm=Sdtm("LB.LBSTRESN", "IGM"))
    dat = items.Code("Direct antiglobulin test", options=Antiglobulin, asked_if=DONE, critical=True,
                     sdtm=Sdtm("LB.LBORRES", "ANGLOBDR"))
    dat_strength = items.Code("Strength", options=Strength, asked_if=("dat", POSITIVE), sdtm=Sdtm("LB.LBSTRESC", "ANGLOBDR"))
    creatinine_printed = printed("Creatinine", Sdtm("LB.LBORRES", "CREAT"))
    bilirubin_printed = printed("Bilirubin, total", Sdtm("LB.LBORRES", "BILI"))
    bilirubin_indirect_printed = printed("Bilirubin, indirect", Sdtm("LB.LBORRES", "BILIND"))
    igg_printed = printed("IgG", Sdtm("LB.LBORRES", "IGG"))
    iga_printed = printed("IgA", Sdtm("LB.LBORRES", "IGA"))
    igm_printed = printed("IgM", Sdtm("LB.LBORRES", "IGM"))

    sections = [
        Section("Sample", "done", "why_not", "taken_at", "laboratory"),
        Section("Chemistry", "creatinine", "alt", "ast", "bilirubin", "bilirubin_indirect", "ldh"),
        Section("Immunoglobulins", "igg", "iga_below", "iga", "igm"),
        Section("Red cells", "dat", "dat_strength"),
        Section("As printed", "creatinine_printed", "bilirubin_printed", "bilirubin_indirect_printed", "igg_printed",
                "iga_printed", "igm_printed", note="Kept where a unit was typed; else the report shows what is stored."),
    ]
    edit_checks = [
        EditCheck("LAB01", ["iga"], lambda c: c.iga >= IGA_ALERT, lambda c: c.iga_text(), rule="protocol 8.2",
                  about="IgA is so low that a reaction to the product is possible."),
        EditCheck("LAB02", ["iga_below"], lambda c: c.iga_below == YesNo.NO, lambda c: c.iga_text(), rule="protocol 8.2",
                  about="IgA is below what the laboratory can measure: a reaction is possible."),
        EditCheck("LAB03", ["dat"], lambda c: c.dat == Antiglobulin.NEGATIVE,
                  "A positive antiglobulin test: before the first dose think of Evans syndrome, after a dose of haemolysis.",
                  rule="protocol 8.2"),
        EditCheck("LAB04", ["bilirubin_indirect", "bilirubin"], lambda c: c.bilirubin_indirect <= c.bilirubin,
                  "The indirect bilirubin cannot be higher than the total one. Are they exchanged?", hard=True),
        EditCheck("LAB05", ["taken_at"],
                  lambda c: c.visit is None or c.visit.window.contains(timezone.localtime(c.taken_at).date()),
                  "The sample was taken outside the visit window."),
    ]

    class Meta:
        verbose_name = "laboratory"

    def derive(self, rows: list[Row]) -> None:
        keep_printed(self)

    def iga_text(self) -> str:
        return (f"IgA below {IGA_ALERT:f} g/L: the product holds about 6.8 g/L IgA, so a reaction is possible. Look for anti-IgA"
                " and speak to the sponsor before a dose. Selective deficiency is diagnosed from 4 years only.")
