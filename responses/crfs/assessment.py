"""The investigator's own category of response, beside the computed one. The rules never read it (R13-R23 decide alone)."""

from __future__ import annotations

from typing import Any

from django.db import models

from casebook import items
from casebook.crf import Crf, EditCheck, Row, Section
from casebook.items import NOT_SUBMITTED, Sdtm, YesNo
from itp_trial.roles import Can

# A form reads like a table: one question a line.
# fmt: off


class Category(models.TextChoices):
    CR = "CR", "Complete response (CR)"
    R = "R", "Response (R)"
    NR = "NR", "No response (NR)"
    NE = "NE", "Not evaluable (NE)"


class OffTherapy(models.TextChoices):
    SUSTAINED = "SRoT", "Sustained response off therapy (SRoT)"
    RESPONSE = "RoT", "Response off therapy (RoT)"
    NONE = "NONE", "No response off therapy"
    NOT_EVALUABLE = "NE", "Not evaluable"
    TOO_EARLY = "PENDING", "On treatment, or too early to say"


class ResponseAssessment(Crf):
    """One assessment by an investigator. What the rules said at that moment is kept with it; a difference needs a reason."""

    slug = "response-assessment"
    is_log = True
    signed_as = "authorship"
    entered_with = Can.DECIDE

    assessed_on = items.Date("Assessed on", critical=True, sdtm=Sdtm("RS.RSDTC"))
    category = items.Code("Best response so far, in your judgement", options=Category, critical=True,
                          sdtm=Sdtm("RS.RSORRES", "BESTRESP"), help="With RSEVAL = INVESTIGATOR.")
    off_therapy = items.Code("Response off therapy, in your judgement", options=OffTherapy, critical=True,
                             sdtm=Sdtm("RS.RSORRES", "OFFTHER"))
    why_different = items.Note("Why this differs from the computed response", optional=True, sdtm=Sdtm("CO.COVAL"),
                               help="Needed where your judgement differs. Exports hold both; the analysis uses the computed one.")
    computed_category = items.Code("Computed best response at that moment", options=Category, derived=True, sdtm=NOT_SUBMITTED)
    computed_off_therapy = items.Code("Computed response off therapy at that moment", options=OffTherapy, derived=True,
                                      sdtm=NOT_SUBMITTED)
    rules_version = items.Text("By version of the rules", derived=True, sdtm=NOT_SUBMITTED)
    agrees = items.Code("Both agree", options=YesNo, derived=True, sdtm=NOT_SUBMITTED)

    sections = [
        Section("Your judgement", "assessed_on", "category", "off_therapy"),
        Section("Computed by the rules", "computed_category", "computed_off_therapy", "rules_version", "agrees", "why_different",
                note="Taken over when you save, and kept as it was then; the dashboard shows what the rules say now."),
    ]
    edit_checks = [
        EditCheck("RSP01", ["category", "agrees"], lambda c: c.agrees == YesNo.YES or bool(c.why_different),
                  lambda c: c.what_differs(), hard=True,
                  about="The judgement differs from the computed response, and no reason is given."),
        EditCheck("RSP02", ["assessed_on"], lambda c: c.was_dosed(),
                  "On this day no dose had been given yet: please check the day.", rule="R8"),
    ]

    class Meta:
        verbose_name = "response assessment"

    def derive(self, rows: list[Row]) -> None:
        from responses.models import ResponseSummary

        found = ResponseSummary.objects.filter(participant=self.record.participant_id).first()
        self.computed_category, self.rules_version = (found.best_response, found.rules_version) if found else (None, None)
        self.computed_off_therapy = (found.off_therapy or OffTherapy.TOO_EARLY.value) if found else None
        self.agrees = self._compared()

    def _compared(self) -> str | None:
        pairs = [(self.category, self.computed_category), (self.off_therapy, self.computed_off_therapy)]
        if any(value is None for pair in pairs for value in pair):
            return None
        return str(YesNo.YES if all(own == computed for own, computed in pairs) else YesNo.NO)

    def what_differs(self) -> str:
        """The sentence of the check: what the rules say, so that the reason can answer it."""
        said = Category(self.computed_category).label, OffTherapy(self.computed_off_therapy).label
        return f"The rules compute: {said[0]}; {said[1]}. Please give the reason why your judgement differs."

    def was_dosed(self) -> bool:
        """True from the day of the loading dose on."""
        visits: Any = self.participant.visits
        return bool(visits.filter(code="LOAD", happened_on__lte=self.assessed_on).exists())
