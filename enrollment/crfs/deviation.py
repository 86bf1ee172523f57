"""A protocol deviation: found by a rule or by a person; the coordinator explains it, the investigator grades it."""

from __future__ import annotations

from typing import Any

from django.db import models

from casebook import items
from casebook.crf import Crf, EditCheck, Section
from casebook.items import NOT_SUBMITTED, Sdtm, YesNo
from itp_trial.permissions import access_of
from itp_trial.refusal import Refused
from itp_trial.roles import Can

# A form reads like a table: one question a line.
# fmt: off


class Category(models.TextChoices):
    CONSENT = "consent", "Consent"
    ELIGIBILITY = "eligibility", "Eligibility"
    WINDOW = "window", "Visit or dose outside its window"
    DOSE = "dose", "Dose"
    DURATION = "duration", "Duration or rate of the infusion"
    BLOOD_GROUP = "abo", "Blood group of the product"
    SAMPLE = "sample", "Sample or assessment missing or unusable"
    OTHER = "other", "Other"


class Grade(models.TextChoices):
    MINOR = "minor", "Minor"
    MAJOR = "major", "Major"
    CRITICAL = "critical", "Critical: may affect safety, rights or the main result"


class Deviation(Crf):
    """One departure from the protocol (SDTM DV)."""

    slug = "deviation"
    is_log = True

    category = items.Code("Kind of deviation", options=Category, critical=True, sdtm=Sdtm("DV.DVCAT"))
    occurred_on = items.Date("Day on which it happened", critical=True, sdtm=Sdtm("DV.DVSTDTC"))
    description = items.Note("What happened", optional=False, critical=True, sdtm=Sdtm("DV.DVTERM"))
    why = items.Note("Why it happened", optional=False, sdtm=NOT_SUBMITTED)
    action = items.Note("What was done, for the child and so that it does not happen again", optional=False,
                        sdtm=NOT_SUBMITTED)
    affects_safety = items.Code("Could it harm the child?", options=YesNo, sdtm=NOT_SUBMITTED,
                                help="If yes: is there an adverse event to enter?")
    reported = items.Code("Reported to the committee?", options=YesNo, optional=True, sdtm=NOT_SUBMITTED)
    grade = items.Code("Grade", options=Grade, critical=True, sdtm=Sdtm("DV.DVDECOD"),
                       help="The investigator grades; the coordinator leaves this empty.")

    sections = [
        Section("Deviation", "category", "occurred_on", "description"),
        Section("Explanation", "why", "action", "affects_safety", "reported"),
        Section("Grade", "grade"),
    ]
    edit_checks = [
        EditCheck("DEV01", ["grade", "reported"], lambda c: c.grade != Grade.CRITICAL or c.reported != YesNo.NO,
                  "A critical deviation is reported to the committee.", rule="ICH E6 4.5"),
        EditCheck("DEV02", ["occurred_on"], lambda c: not c.before_screening(),
                  "This day lies before the child came to screening. Please check.", rule="ICH E6 4.5"),
    ]

    class Meta:
        verbose_name = "protocol deviation"

    def before_screening(self) -> bool:
        first = self.participant.visits.filter(code="SCREEN").first()
        return bool(first and self.occurred_on < first.opens)

    def prefill(self) -> None:
        """What the rule found is offered as the answer; the coordinator corrects and completes it."""
        cause = getattr(self.record, "deviation_cause", None)
        if cause is not None:
            self.category, self.occurred_on, self.description = cause.category, cause.occurred_on, cause.said

    def on_saved(self, by: Any) -> None:
        """Whoever may enter forms explains; the grade is a medical judgement."""
        if self.grade != self.stored.get("grade") and hasattr(by, "assignments") and not _may_grade(by, self.record.site_id):
            raise Refused("Only an investigator grades a deviation. Please leave the grade as it was; the rest can be saved.")


def _may_grade(by: Any, site_id: Any) -> bool:
    return access_of(by).may(Can.GRADE_DEVIATION, site_id)
