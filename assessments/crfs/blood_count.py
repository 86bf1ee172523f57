"""Local laboratory blood count."""

from __future__ import annotations

from decimal import Decimal

from django.db import models
from django.utils import timezone

from casebook import items
from casebook.crf import Crf, EditCheck, Section
from casebook.items import DIRECT, NOT_SUBMITTED, Sdtm, YesNo

# A form reads like a table: one question a line.
# fmt: off


class SampleQuality(models.TextChoices):
    GOOD = "good", "Good"
    CLUMPED = "clumped", "Platelets clumped"
    CLUMPED_CONFIRMED = "clumped_ok", "Clumped, count confirmed by smear or citrate"
    CLOTTED = "clotted", "Clotted"


class BleedingToday(models.TextChoices):
    NONE = "0", "No bleeding"
    GRADE_1 = "1", "Grade 1"
    GRADE_2 = "2", "Grade 2"
    GRADE_3 = "3", "Grade 3"
    GRADE_4 = "4", "Grade 4"
    NOT_ASSESSED = "U", "Not assessed"


class BloodCount(Crf):
    """Platelets and haemoglobin, with what a response needs to know about the same day."""

    slug = "blood-count"
    dates_visit = "taken_at"
    DONE = ("done", YesNo.YES)

    done = items.Code("Was a blood count done?", options=YesNo, sdtm=Sdtm("LB.LBSTAT"))
    why_not = items.Text("Why not?", asked_if=("done", YesNo.NO), sdtm=Sdtm("LB.LBREASND"))
    taken_at = items.DateTime("Sample taken", asked_if=DONE, critical=True, sdtm=Sdtm("LB.LBDTC"))
    quality = items.Code("Quality of the sample", options=SampleQuality, asked_if=DONE, critical=True,
                         sdtm=Sdtm("LB.LBORRES", "PLATCLMP"))
    primary = items.Code("Is this the count of the day?", options=YesNo, asked_if=DONE, optional=True,
                         sdtm=NOT_SUBMITTED, help="Only if several counts were taken on one day.")
    platelets = items.Number("Platelets", unit="10^9/L", digits=(6, 1), hard=(0, 2000), expected=(1, 600),
                             unit_slip=(1500, 1000, "per µL"), asked_if=DONE, critical=True,
                             sdtm=Sdtm("LB.LBORRES", "PLAT"))
    haemoglobin = items.Number("Haemoglobin", unit="g/dL", digits=(4, 1), hard=(2, 22), expected=(9, 15),
                               unit_slip=(25, 10, "in g/L"), asked_if=DONE, sdtm=Sdtm("LB.LBORRES", "HGB"))
    leukocytes = items.Number("Leukocytes", unit="10^9/L", digits=(5, 1), hard=(Decimal("0.2"), 200), expected=(4, 17),
                              asked_if=DONE, optional=True, sdtm=Sdtm("LB.LBORRES", "WBC"))
    bleeding = items.Code("Bleeding on the day of the sample", options=BleedingToday, asked_if=DONE, critical=True,
                          source=DIRECT,
                          sdtm=Sdtm("FA.FAORRES", "PRESENT"),
                          help="Worst ITP-BAT grade present that day. A response needs a day without bleeding.")

    sections = [
        Section("Sample", "done", "why_not", "taken_at", "quality", "primary"),
        Section("Results", "platelets", "haemoglobin", "leukocytes"),
        Section("Bleeding", "bleeding"),
    ]
    edit_checks = [
        EditCheck("CBC01", ["taken_at"],
                  lambda c: c.visit is None or c.visit.window.contains(timezone.localtime(c.taken_at).date()),
                  lambda c: f"The sample was taken outside the visit window"
                            f" ({c.visit.opens:%d %b} to {c.visit.closes:%d %b %Y})."),
        EditCheck("CBC02", ["platelets"], lambda c: c.platelets < 1500,
                  "1500 or more is rare. Was it printed per µL? Then divide by 1000."),
        EditCheck("CBC03", ["quality", "platelets"], lambda c: c.quality in ("good", "clumped_ok"),
                  "A count from a clumped or clotted sample is not used for the response. Repeat it if possible.",
                  rule="R8"),
    ]

    class Meta:
        verbose_name = "blood count"
