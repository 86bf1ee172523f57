"""The short forms of events of special interest (``protocol.md`` 6.1): what to look for, by the kind of event."""

from __future__ import annotations

from decimal import Decimal

from django.db import models

from assessments import haemolysis
from assessments.crfs.safety import AdverseEvent
from casebook import items
from casebook.crf import Crf, EditCheck, Row, Section
from casebook.items import Sdtm, YesNo

# A form reads like a table: one question a line.
# fmt: off


class Kind(models.TextChoices):
    ANAPHYLAXIS = "anaphylaxis", "Anaphylaxis"
    TRALI = "trali", "TRALI (lung injury)"
    TACO = "taco", "TACO (volume overload)"
    MENINGITIS = "aseptic_meningitis", "Aseptic meningitis"
    HAEMOLYSIS = "haemolysis", "Haemolysis"
    THROMBOSIS = "thrombosis", "Thrombosis"
    KIDNEY = "kidney_injury", "Acute kidney injury"
    INFECTION = "infection", "Transfusion-transmitted infection, or new reactive serology"
    BRAIN = "intracranial", "Intracranial haemorrhage"
    SERUM = "serum_sickness", "Serum sickness"
    SODIUM = "hyponatraemia", "Severe hyponatraemia or hyperproteinaemia"
    NEUTROPHILS = "neutropenia", "Transient neutropenia"


class Finding(models.TextChoices):
    POSITIVE = "positive", "Positive"
    NEGATIVE = "negative", "Negative"
    NOT_DONE = "not_done", "Not done"


def _of(*kinds: str) -> tuple[str, tuple[str, ...]]:
    return "kind", kinds


LUNG, HEAD = _of(Kind.TRALI, Kind.TACO), _of(Kind.MENINGITIS, Kind.BRAIN)
VIRUS = _of(Kind.INFECTION)


class SpecialInterest(Crf):
    """An event of special interest: only the questions of its kind are asked."""

    slug = "special-interest"
    about = AdverseEvent.slug
    is_safety = True

    kind = items.Code("Which event?", options=Kind, max_length=30, critical=True, sdtm=Sdtm("AE.AECAT"))
    tryptase = items.Number("Tryptase", unit="ug/L", digits=(6, 1), hard=(0, 1000), asked_if=_of(Kind.ANAPHYLAXIS),
                            sdtm=Sdtm("LB.LBORRES", "TRYPTASE"))
    iga = items.Number("IgA of the child", unit="g/L", digits=(5, 2), hard=(0, 20), asked_if=_of(Kind.ANAPHYLAXIS),
                       sdtm=Sdtm("LB.LBORRES", "IGA"))
    anti_iga = items.Code("Antibodies against IgA", options=Finding, asked_if=_of(Kind.ANAPHYLAXIS),
                          sdtm=Sdtm("IS.ISORRES", "ANTIIGA"))
    oxygen = items.Number("Lowest oxygen saturation", unit="%", digits=(3, 0), hard=(30, 100), asked_if=LUNG,
                          sdtm=Sdtm("VS.VSORRES", "OXYSAT"))
    chest_film = items.Text("Chest film", asked_if=LUNG, sdtm=Sdtm("FA.FAORRES", "CHESTXR"))
    overload = items.Code("Signs of volume overload?", options=YesNo, asked_if=LUNG, sdtm=Sdtm("FA.FAORRES", "OVERLOAD"))
    fluid_balance = items.Number("Fluid balance of that day", unit="mL", digits=(5, 0), hard=(-9999, 9999),
                                 asked_if=_of(Kind.TACO), sdtm=Sdtm("FA.FAORRES", "FLUIDBAL"))
    bnp = items.Number("BNP", unit="ng/L", digits=(6, 0), hard=(0, 100000), asked_if=_of(Kind.TACO),
                       sdtm=Sdtm("LB.LBORRES", "BNP"))
    neck = items.Code("Stiff neck?", options=YesNo, asked_if=_of(Kind.MENINGITIS), sdtm=Sdtm("FA.FAORRES", "NECKSTIF"))
    photophobia = items.Code("Light hurts?", options=YesNo, asked_if=_of(Kind.MENINGITIS), sdtm=Sdtm("FA.FAORRES", "PHOTOPHO"))
    lumbar_puncture = items.Text("Lumbar puncture: cells, culture", asked_if=_of(Kind.MENINGITIS),
                                 sdtm=Sdtm("FA.FAORRES", "CSF"), help="“Not done” is an answer.")
    head_imaging = items.Text("Imaging of the head: kind and result", asked_if=HEAD, critical=True,
                              sdtm=Sdtm("FA.FAORRES", "HEADIMG"), help="A bleeding has to be excluded.")
    platelets = items.Number("Platelets when it began", unit="10^9/L", digits=(6, 1), hard=(0, 2000), asked_if=_of(Kind.BRAIN),
                             sdtm=Sdtm("LB.LBORRES", "PLAT"))
    hb_before = items.Number("Haemoglobin before the infusion", unit="g/dL", digits=(4, 1), hard=(2, 22),
                             asked_if=_of(Kind.HAEMOLYSIS), critical=True, sdtm=Sdtm("LB.LBORRES", "HGB"))
    hb_after = items.Number("Lowest haemoglobin after it", unit="g/dL", digits=(4, 1), hard=(2, 22),
                            asked_if=_of(Kind.HAEMOLYSIS), critical=True, sdtm=Sdtm("LB.LBORRES", "HGB"))
    hb_fall = items.Number("Fall", unit="g/dL", digits=(4, 1), derived=True, sdtm=Sdtm("LB.LBORRES", "HGBFALL"))
    antiglobulin = items.Code("Direct antiglobulin test", options=Finding, asked_if=_of(Kind.HAEMOLYSIS),
                              sdtm=Sdtm("LB.LBORRES", "DAT"))
    bilirubin = items.Number("Bilirubin", unit="mg/dL", digits=(4, 1), hard=(0, 60), asked_if=_of(Kind.HAEMOLYSIS),
                             sdtm=Sdtm("LB.LBORRES", "BILI"))
    ldh = items.Number("LDH", unit="U/L", digits=(6, 0), hard=(0, 50000), asked_if=_of(Kind.HAEMOLYSIS),
                       sdtm=Sdtm("LB.LBORRES", "LDH"))
    haptoglobin = items.Number("Haptoglobin", unit="g/L", digits=(4, 2), hard=(0, 10), asked_if=_of(Kind.HAEMOLYSIS),
                               sdtm=Sdtm("LB.LBORRES", "HAPTOG"))
    reticulocytes = items.Number("Reticulocytes", unit="%", digits=(4, 1), hard=(0, 60), asked_if=_of(Kind.HAEMOLYSIS),
                                 sdtm=Sdtm("LB.LBORRES", "RETIRBC"))
    dark_urine = items.Code("Dark urine?", options=YesNo, asked_if=_of(Kind.HAEMOLYSIS), sdtm=Sdtm("FA.FAORRES", "URINECOL"))
    vessel = items.Text("Which vessel, shown by what?", asked_if=_of(Kind.THROMBOSIS), sdtm=Sdtm("FA.FAORRES", "IMGRES"))
    creatinine = items.Number("Highest creatinine", unit="mg/dL", digits=(5, 2), hard=(0, 30), asked_if=_of(Kind.KIDNEY),
                              sdtm=Sdtm("LB.LBORRES", "CREAT"))
    urine = items.Number("Urine of 24 h", unit="mL", digits=(5, 0), hard=(0, 20000), asked_if=_of(Kind.KIDNEY),
                         sdtm=Sdtm("LB.LBORRES", "VOLUME"))
    hbsag = items.Code("HBsAg", options=Finding, asked_if=VIRUS, sdtm=Sdtm("MB.MBORRES", "HBSAG"))
    hbv_dna = items.Code("HBV DNA", options=Finding, asked_if=VIRUS, sdtm=Sdtm("MB.MBORRES", "HBVDNA"))
    anti_hcv = items.Code("Anti-HCV", options=Finding, asked_if=VIRUS, sdtm=Sdtm("MB.MBORRES", "HCAB"))
    hcv_rna = items.Code("HCV RNA", options=Finding, asked_if=VIRUS, sdtm=Sdtm("MB.MBORRES", "HCVRNA"))
    hiv = items.Code("HIV antigen, antibody or RNA", options=Finding, asked_if=VIRUS, sdtm=Sdtm("MB.MBORRES", "HIV12AB"))
    rash = items.Code("Rash, fever, joint pain: all three?", options=YesNo, asked_if=_of(Kind.SERUM),
                      sdtm=Sdtm("FA.FAORRES", "OCCUR"))
    sodium = items.Number("Lowest sodium", unit="mmol/L", digits=(4, 0), hard=(90, 180), asked_if=_of(Kind.SODIUM),
                          sdtm=Sdtm("LB.LBORRES", "SODIUM"))
    protein = items.Number("Highest total protein", unit="g/L", digits=(4, 0), hard=(20, 200), asked_if=_of(Kind.SODIUM),
                           sdtm=Sdtm("LB.LBORRES", "PROT"))
    neutrophils = items.Number("Lowest neutrophils", unit="10^9/L", digits=(5, 2), hard=(0, 100), asked_if=_of(Kind.NEUTROPHILS),
                               sdtm=Sdtm("LB.LBORRES", "NEUT"))
    remarks = items.Note("Other findings", sdtm=Sdtm("CO.COVAL"))

    sections = [
        Section("Event of special interest", "kind"),
        Section("Findings", "tryptase", "iga", "anti_iga", "oxygen", "chest_film", "overload", "fluid_balance", "bnp", "neck",
                "photophobia", "lumbar_puncture", "head_imaging", "platelets", "hb_before", "hb_after", "hb_fall", "antiglobulin",
                "bilirubin", "ldh", "haptoglobin", "reticulocytes", "dark_urine", "vessel", "creatinine", "urine", "hbsag",
                "hbv_dna", "anti_hcv", "hcv_rna", "hiv", "rash", "sodium", "protein", "neutrophils", "remarks"),
    ]
    edit_checks = [
        EditCheck("AESI01", ["hb_before", "hb_after"],
                  lambda c: c.hb_fall >= haemolysis.PROMPT_G_DL or c.antiglobulin == Finding.POSITIVE,
                  "Haemoglobin fell by less than 2 g/dL and no antibodies were found: is it haemolysis?", rule="E2"),
        EditCheck("AESI02", ["hbsag", "hbv_dna"],
                  lambda c: not (c.hbsag == Finding.NEGATIVE and c.hbv_dna == Finding.NEGATIVE and c.is_all_negative()),
                  "Nothing is positive. An antibody alone, soon after IVIG, usually came with the product."),
    ]

    class Meta:
        verbose_name = "event of special interest"

    def is_all_negative(self) -> bool:
        return Finding.POSITIVE not in (self.anti_hcv, self.hcv_rna, self.hiv)

    def derive(self, rows: list[Row]) -> None:
        known = self.hb_before is not None and self.hb_after is not None
        self.hb_fall = Decimal(self.hb_before - self.hb_after) if known else None
