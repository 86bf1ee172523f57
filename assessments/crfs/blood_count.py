"""Local laboratory blood count."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from functools import cached_property
from typing import Any

from django.db import models
from django.utils import timezone

from assessments import counts, haemolysis, units
from assessments.crfs.bleeding import told
from assessments.measured import Measured, keep_printed, printed
from assessments.story import Story, story_besides
from casebook import items
from casebook.crf import Crf, EditCheck, Row, Section
from casebook.items import DIRECT, NOT_SUBMITTED, Sdtm, YesNo
from itp_trial.protocol import value

# A form reads like a table: one question a line.
# fmt: off

ENTRY_PLT_MAX: Decimal = value("ENTRY_PLT_MAX")
PLT_ASK_UNIT: Decimal = value("PLT_ASK_UNIT")
#: An unusable sample this recent is what a repeat repeats.
REPEATED_WITHIN = timedelta(days=14)


class SampleQuality(models.TextChoices):
    GOOD = "good", "Good"
    CLUMPED = "clumped", "Platelets clumped"
    CLUMPED_CONFIRMED = "clumped_ok", "Clumped, count confirmed by smear or citrate"
    CLOTTED = "clotted", "Clotted"


#: A count from such a sample is valid (R8).
USABLE = (SampleQuality.GOOD, SampleQuality.CLUMPED_CONFIRMED)


class ConfirmedBy(models.TextChoices):
    SMEAR = "smear", "Smear"
    CITRATE = "citrate", "Citrate tube"
    BOTH = "both", "Smear and citrate tube"


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
    edition = "2"
    dates_visit = "taken_at"
    DONE = ("done", YesNo.YES)

    done = items.Code("Was a blood count done?", options=YesNo, sdtm=Sdtm("LB.LBSTAT"))
    why_not = items.Text("Why not?", asked_if=("done", YesNo.NO), sdtm=Sdtm("LB.LBREASND"))
    taken_at = items.DateTime("Sample taken", asked_if=DONE, critical=True, sdtm=Sdtm("LB.LBDTC"))
    quality = items.Code("Quality of the sample", options=SampleQuality, asked_if=DONE, critical=True,
                         sdtm=Sdtm("LB.LBORRES", "PLATCLMP"))
    confirmed_by = items.Code("Confirmed by", options=ConfirmedBy, asked_if=("quality", SampleQuality.CLUMPED_CONFIRMED),
                              critical=True, sdtm=Sdtm("LB.LBMETHOD"))
    is_repeat = items.Code("Repeats an unusable sample?", options=YesNo, asked_if=DONE, optional=True, sdtm=NOT_SUBMITTED)
    repeat_of = items.DateTime("Repeats the sample of", derived=True, sdtm=Sdtm("LB.LBREFID"))
    primary = items.Code("Is this the count of the day?", options=YesNo, asked_if=DONE, optional=True,
                         sdtm=NOT_SUBMITTED, help="Only if several counts were taken on one day.")
    laboratory = items.Text("Laboratory, if not the hospital's own", asked_if=DONE, optional=True, sdtm=Sdtm("LB.LBNAM"))
    platelets = Measured("Platelets", quantity=units.CELLS, digits=(7, 3), hard=(0, 2000), expected=(1, 600),
                         unit_slip=(1500, 1000, "per µL"), asked_if=DONE, critical=True,
                         sdtm=Sdtm("LB.LBSTRESN", "PLAT"), help="Printed in another unit? Type it behind: 85000 /µL.")
    haemoglobin = Measured("Haemoglobin", quantity=units.HAEMOGLOBIN, digits=(4, 1), hard=(2, 22), expected=(9, 15),
                           unit_slip=(25, 10, "in g/L"), asked_if=DONE, sdtm=Sdtm("LB.LBSTRESN", "HGB"))
    leukocytes = Measured("Leukocytes", quantity=units.CELLS, digits=(5, 1), hard=(Decimal("0.2"), 200), expected=(4, 17),
                          asked_if=DONE, optional=True, sdtm=Sdtm("LB.LBSTRESN", "WBC"))
    neutrophils = Measured("Neutrophils", quantity=units.CELLS, digits=(5, 2), hard=(0, 150), expected=(1, 9),
                           asked_if=DONE, optional=True, sdtm=Sdtm("LB.LBSTRESN", "NEUT"))
    lymphocytes = Measured("Lymphocytes", quantity=units.CELLS, digits=(5, 2), hard=(0, 150), expected=(1, 10),
                           asked_if=DONE, optional=True, sdtm=Sdtm("LB.LBSTRESN", "LYM"))
    mpv = items.Number("Mean platelet volume", unit="fL", digits=(3, 1), hard=(4, 25), expected=(7, 14),
                       asked_if=DONE, optional=True, sdtm=Sdtm("LB.LBORRES", "MPV"))
    reticulocytes_percent = items.Number("Reticulocytes, percent", unit="%", digits=(4, 2), hard=(0, 40),
                                         expected=(Decimal("0.5"), 3), asked_if=DONE, optional=True,
                                         sdtm=Sdtm("LB.LBORRES", "RETIRBC"))
    reticulocytes = items.Number("Reticulocytes, absolute", unit="10^9/L", digits=(5, 1), hard=(0, 2000),
                                 expected=(20, 150), asked_if=DONE, optional=True, sdtm=Sdtm("LB.LBORRES", "RETI"))
    platelets_printed = printed("Platelets", Sdtm("LB.LBORRES", "PLAT"))
    haemoglobin_printed = printed("Haemoglobin", Sdtm("LB.LBORRES", "HGB"))
    leukocytes_printed = printed("Leukocytes", Sdtm("LB.LBORRES", "WBC"))
    neutrophils_printed = printed("Neutrophils", Sdtm("LB.LBORRES", "NEUT"))
    lymphocytes_printed = printed("Lymphocytes", Sdtm("LB.LBORRES", "LYM"))
    bleeding = items.Code("Bleeding on the day of the sample", options=BleedingToday, asked_if=DONE, critical=True,
                          source=DIRECT,
                          sdtm=Sdtm("FA.FAORRES", "PRESENT"),
                          help="Worst ITP-BAT grade present that day. A response needs a day without bleeding.")

    sections = [
        Section("Sample", "done", "why_not", "taken_at", "quality", "confirmed_by"),
        Section("Results", "platelets", "haemoglobin", "leukocytes"),
        Section("Bleeding", "bleeding"),
        Section("More, if it applies", "primary", "is_repeat", "laboratory", "neutrophils", "lymphocytes", "mpv",
                "reticulocytes_percent", "reticulocytes", note="May stay empty."),
        Section("As printed", "platelets_printed", "haemoglobin_printed", "leukocytes_printed", "neutrophils_printed",
                "lymphocytes_printed", "repeat_of", note="Kept where a unit was typed; else the report shows what is stored."),
    ]
    edit_checks = [
        EditCheck("CBC01", ["taken_at"],
                  lambda c: c.visit is None or c.visit.window.contains(timezone.localtime(c.taken_at).date()),
                  lambda c: f"The sample was taken outside the visit window"
                            f" ({c.visit.opens:%d %b} to {c.visit.closes:%d %b %Y}).",
                  about="The sample was taken outside the visit window."),
        EditCheck("CBC02", ["platelets"], lambda c: c.platelets < PLT_ASK_UNIT,
                  "1500 or more is rare. Was it printed per µL? Then divide by 1000.", rule="protocol 8.1"),
        EditCheck("CBC03", ["quality", "platelets"], lambda c: c.quality in USABLE,
                  "A count from a clumped or clotted sample is not used for the response. Repeat it if possible.",
                  rule="R8"),
        EditCheck("CBC04", ["platelets", "taken_at"], lambda c: not c.jumps(counts.implausible_rise),
                  lambda c: f"More than a {counts.RISE_FOLD}-fold rise in at most 48 hours ({c.jumps(counts.implausible_rise)})."
                            " Right child, right sample?", rule="protocol 8.1",
                  about="The count rose more than 20-fold in at most 48 hours."),
        EditCheck("CBC05", ["platelets", "taken_at"], lambda c: not c.jumps(counts.implausible_fall),
                  lambda c: f"A fall of more than {counts.FALL_PART:.0%} in at most 24 hours"
                            f" ({c.jumps(counts.implausible_fall)}). Was the sample clotted?", rule="protocol 8.1",
                  about="The count fell by more than 80 % in at most 24 hours."),
        EditCheck("CBC06", ["bleeding", "taken_at"], lambda c: not c.contradicted_by(), lambda c: c.contradicted_by(),
                  rule="R12", about="“No bleeding” here, but the bleeding log holds an episode on this day."),
        EditCheck("CBC07", ["done"], lambda c: c.done == YesNo.YES or not c.decides_a_dose(),
                  "No count before this dose: neither the interval nor the response on this day can be judged. If a sample can"
                  " still be taken before the infusion starts, take it.", rule="R6"),
        EditCheck("CBC08", ["taken_at"], lambda c: not c.taken_after_the_dose(),
                  "This sample was taken after the infusion of this visit had started. It is shown and never classified.",
                  rule="R10"),
        EditCheck("CBC09", ["haemoglobin", "taken_at"], lambda c: not c.haemolysis(), lambda c: c.haemolysis(),
                  rule="protocol 6.1",
                  about="Haemoglobin fell by 2 g/dL or more since before the latest infusion: think of haemolysis."),
        EditCheck("CBC11", ["platelets"], lambda c: not c.too_high_for_entry(),
                  f"R3 judges the entry count again on Day 0: before the loading dose it must be below {ENTRY_PLT_MAX} ×10⁹/L"
                  " (assumption). Is the child still to be treated?", rule="R3"),
        EditCheck("CBC10", ["is_repeat"], lambda c: c.is_repeat == YesNo.NO or c.repeat_of is not None,
                  "No unusable sample of the last 14 days is stored that this one could repeat.", rule="R8"),
    ]

    class Meta:
        verbose_name = "blood count"

    def derive(self, rows: list[Row]) -> None:
        keep_printed(self)
        self.repeat_of = self._repeated() if self.is_repeat == YesNo.YES else None

    @cached_property
    def story(self) -> Story:
        return story_besides(self.record)

    def jumps(self, is_jump: Any) -> str:
        """The neighbouring count between which and this one the platelets jump, in words; else an empty text."""
        this = counts.Counted(self.taken_at, self.platelets)
        usable = [s for s in self.story.samples if s.platelets is not None and s.quality in USABLE]
        for other in usable if self.quality in USABLE else ():
            pair = sorted((this, counts.Counted(other.at, other.platelets)), key=lambda each: each.at)
            if is_jump(*pair):
                return " to ".join(f"{items.plain(each.platelets)} on {_moment(each.at)}" for each in pair)
        return ""

    def contradicted_by(self) -> str:
        """The dated bleeding episode that says otherwise than "no bleeding" here, in words."""
        if self.bleeding != BleedingToday.NONE:
            return ""
        found = self.story.episodes_on(timezone.localtime(self.taken_at).date())
        return f"“No bleeding” here, but the bleeding log holds: {told(found[0])}. Which one is right?" if found else ""

    def too_high_for_entry(self) -> bool:
        """R3 once more on Day 0: at the visit of the loading dose."""
        return self.visit is not None and self.visit.plan.infusion == 0 and self.platelets >= ENTRY_PLT_MAX

    def decides_a_dose(self) -> bool:
        return self.visit is not None and self.visit.plan.infusion is not None

    def taken_after_the_dose(self) -> bool:
        here = (infusion for infusion in self.story.infusions if infusion.visit == self.record.visit_id)
        return self.decides_a_dose() and any(infusion.start < self.taken_at for infusion in here)

    def haemolysis(self) -> str:
        """What a fall of haemoglobin since before the latest infusion asks for, or an empty text."""
        infused = haemolysis.last_infusion_before(self.taken_at, (i.start for i in self.story.infusions))
        known = [haemolysis.Haemoglobin(s.at, s.haemoglobin) for s in self.story.samples if s.haemoglobin is not None]
        this = haemolysis.Haemoglobin(self.taken_at, self.haemoglobin)
        fall = haemolysis.fall_after(infused, known, this) if infused else None
        return fall.text if fall and fall.prompts_haemolysis else ""

    def _repeated(self) -> datetime | None:
        """The latest unusable sample before this one."""
        bad = [sample.at for sample in self.story.samples if sample.quality and sample.quality not in USABLE]
        before = [at for at in bad if self.taken_at and timedelta() < self.taken_at - at <= REPEATED_WITHIN]
        return max(before, default=None)


def _moment(at: datetime) -> str:
    return f"{timezone.localtime(at):%d %b %Y %H:%M}"
