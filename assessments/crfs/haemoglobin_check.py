"""The haemoglobin 36-96 hours after an infusion in a child that is not of blood group O (``protocol.md`` 5.3, 6.1)."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal
from functools import cached_property

from assessments import haemolysis, units
from assessments.crfs.laboratory import Antiglobulin
from assessments.measured import Measured, keep_printed, printed
from assessments.story import Infused, Story, story_besides
from casebook import items
from casebook.crf import Crf, EditCheck, Row, Section
from casebook.items import NOT_SUBMITTED, Sdtm
from itp_trial.protocol import value

# A form reads like a table: one question a line.
# fmt: off

FROM_H, UNTIL_H = value("HB_CHECK_FROM_H"), value("HB_CHECK_UNTIL_H")


class HaemoglobinCheck(Crf):
    """One haemoglobin, compared with the last one before the infusion."""

    slug = "haemoglobin-check"
    dates_visit = "taken_at"

    taken_at = items.DateTime("Sample taken", critical=True, sdtm=Sdtm("LB.LBDTC"))
    haemoglobin = Measured("Haemoglobin", quantity=units.HAEMOGLOBIN, digits=(4, 1), hard=(2, 22), expected=(9, 15),
                           unit_slip=(25, 10, "in g/L"), critical=True, sdtm=Sdtm("LB.LBSTRESN", "HGB"))
    dat = items.Code("Direct antiglobulin test", options=Antiglobulin, optional=True, sdtm=Sdtm("LB.LBORRES", "ANGLOBDR"),
                     help="Wanted where the haemoglobin fell by 1 g/dL or more.")
    haemoglobin_printed = printed("Haemoglobin", Sdtm("LB.LBORRES", "HGB"))
    hours = items.Number("Since the end of the infusion", unit="h", digits=(6, 1), derived=True, sdtm=Sdtm("LB.LBELTM"))
    before = items.Number("Haemoglobin before the infusion", unit="g/dL", digits=(4, 1), derived=True, sdtm=NOT_SUBMITTED)
    fall = items.Number("Fall", unit="g/dL", digits=(4, 1), derived=True, critical=True, sdtm=Sdtm("LB.LBSTRESN", "HGBFALL"))

    sections = [
        Section("Sample", "taken_at", "haemoglobin", "dat"),
        Section("Computed", "haemoglobin_printed", "hours", "before", "fall",
                note="Compared with the last blood count before the infusion, whenever this form is saved."),
    ]
    edit_checks = [
        EditCheck("HBC01", ["fall"], lambda c: c.fall < haemolysis.PROMPT_G_DL, lambda c: c.found.text, rule="protocol 6.1",
                  about=f"Haemoglobin fell by {haemolysis.PROMPT_G_DL:f} g/dL or more after the infusion: think of haemolysis."),
        EditCheck("HBC02", ["hours"], lambda c: FROM_H <= c.hours <= UNTIL_H,
                  lambda c: f"Taken {c.hours:f} h after the infusion; haemolysis is looked for after {FROM_H} to {UNTIL_H} h.",
                  rule="protocol 6.1", about=f"Not taken {FROM_H} to {UNTIL_H} h after the infusion."),
        EditCheck("HBC03", ["fall"], lambda c: c.dat is not None or not haemolysis.DAT_G_DL <= c.fall < haemolysis.PROMPT_G_DL,
                  lambda c: c.found.text, rule="protocol 8.2",
                  about=f"Haemoglobin fell by {haemolysis.DAT_G_DL:f} g/dL or more, and no direct antiglobulin test is entered."),
        EditCheck("HBC04", ["taken_at"], lambda c: c.infused is not None,
                  "No infusion before this sample is stored. Please check the time, or enter the infusion."),
    ]

    class Meta:
        verbose_name = "haemoglobin check"

    def derive(self, rows: list[Row]) -> None:
        keep_printed(self)
        self.hours = self.before = self.fall = None
        if self.taken_at and self.infused and self.infused.end:
            seconds = Decimal((self.taken_at - self.infused.end).total_seconds())
            self.hours = (seconds / 3600).quantize(Decimal("0.1"), ROUND_HALF_UP)
        if self.found:
            self.before, self.fall = self.found.before.g_per_dl, self.found.g_per_dl

    @cached_property
    def story(self) -> Story:
        return story_besides(self.record)

    @property
    def infused(self) -> Infused | None:
        """The last infusion before the sample."""
        earlier = [infusion for infusion in self.story.infusions if infusion.start < self.taken_at]
        return earlier[-1] if earlier else None

    @property
    def found(self) -> haemolysis.Fall | None:
        """The fall since before that infusion; ``None`` where there is nothing to compare."""
        if not self.taken_at or self.haemoglobin is None or self.infused is None:
            return None
        known = [haemolysis.Haemoglobin(s.at, s.haemoglobin) for s in self.story.samples if s.haemoglobin is not None]
        return haemolysis.fall_after(self.infused.start, known, haemolysis.Haemoglobin(self.taken_at, self.haemoglobin))
