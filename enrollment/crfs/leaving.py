"""How a child leaves: withdrawal with its four switches, end of study, death."""

from __future__ import annotations

from typing import Any

from django.db import models

from casebook import items
from casebook.crf import Crf, EditCheck, Section
from casebook.items import NOT_SUBMITTED, Sdtm, YesNo

# A form reads like a table: one question a line.
# fmt: off


class Who(models.TextChoices):
    MOTHER = "mother", "Mother"
    FATHER = "father", "Father"
    BOTH = "both", "Both parents"
    GUARDIAN = "guardian", "Guardian"
    CHILD = "child", "The child"
    INVESTIGATOR = "investigator", "Investigator"


class Withdrawal(Crf):
    """What a family no longer wants. Each of four things is withdrawn by itself, and no reason has to be given (law 214)."""

    slug = "withdrawal"
    is_safety = True
    is_log = True

    withdrawn_on = items.Date("Day of the withdrawal", critical=True, sdtm=Sdtm("DS.DSSTDTC"))
    by_whom = items.Code("Withdrawn by", options=Who, critical=True, sdtm=NOT_SUBMITTED)
    treatment = items.Code("No further infusions?", options=YesNo, critical=True, sdtm=Sdtm("DS.DSDECOD"))
    follow_up = items.Code("No further visits and contacts?", options=YesNo, critical=True, sdtm=Sdtm("DS.DSDECOD"))
    data_use = items.Code("No further use of data collected so far?", options=YesNo, critical=True, sdtm=NOT_SUBMITTED,
                          help="Safety data that the law asks for stay in any case.")
    samples = items.Code("Stored samples to be destroyed?", options=YesNo, critical=True, sdtm=NOT_SUBMITTED)
    informed = items.Code("Told what the withdrawal means for the child's health?", options=YesNo, critical=True,
                          sdtm=NOT_SUBMITTED)
    reason_given = items.Note("Reason, if the family wants to give one", sdtm=Sdtm("DS.DSTERM"))

    sections = [
        Section("Withdrawal", "withdrawn_on", "by_whom"),
        Section("What is withdrawn", "treatment", "follow_up", "data_use", "samples",
                note="Each question stands for itself. A family may stop the infusions and go on with the visits."),
        Section("Information", "informed", "reason_given"),
    ]
    edit_checks = [
        EditCheck("WDR01", ["treatment", "follow_up", "data_use", "samples"], lambda c: c.withdraws_something(),
                  "Nothing is withdrawn with these answers. Please check.", rule="protocol 6.7"),
        EditCheck("WDR02", ["informed"], lambda c: c.informed != YesNo.NO,
                  "The family has to be told what the withdrawal means for the child's health.", rule="protocol 6.7"),
        EditCheck("WDR03", ["treatment"], lambda c: not c.still_treated(),
                  "The family wants no further infusions: please end maintenance.", rule="protocol 6.7"),
        EditCheck("WDR04", ["follow_up"], lambda c: c.follow_up != YesNo.YES or c.participant.is_ended,
                  "The family wants no further visits: please end the participation.", rule="protocol 6.7"),
    ]

    class Meta:
        verbose_name = "withdrawal"

    def withdraws_something(self) -> bool:
        return YesNo.YES in (self.treatment, self.follow_up, self.data_use, self.samples)

    def still_treated(self) -> bool:
        return self.treatment == YesNo.YES and self.participant.state == "treatment"

    @classmethod
    def of_treatment(cls, participant_id: Any) -> Any:
        """The withdrawals of treatment of a child."""
        return cls.objects.filter(record__participant=participant_id, treatment=YesNo.YES, withdrawn_on__isnull=False)


class EndCause(models.TextChoices):
    PLANNED = "planned", "Follow-up of the protocol is complete"
    FAMILY = "family", "Wish of the family"
    MOVED = "moved", "Moved away"
    ADVERSE = "adverse", "Adverse event"
    EFFICACY = "efficacy", "No benefit"
    PHYSICIAN = "physician", "Decision of the investigator"
    SPONSOR = "sponsor", "Decision of the sponsor"
    UNREACHABLE = "unreachable", "Could not be reached"
    DEATH = "death", "Death"
    OTHER = "other", "Other"


class EndOfStudy(Crf):
    """What is left to say at the end. Day, kind and reason stand in the end itself and are not asked again."""

    slug = "end-of-study"
    is_safety = True
    is_log = True

    cause = items.Code("Main cause of the end", options=EndCause, critical=True, sdtm=Sdtm("DS.DSDECOD"))
    last_contact_on = items.Date("Last contact with the child or the family", critical=True, sdtm=Sdtm("DM.RFPENDTC"))
    attempts = items.Number("Attempts to reach the family", unit="attempts", digits=(2, 0), hard=(0, 50),
                            asked_if=("cause", EndCause.UNREACHABLE), expected=(3, 50), sdtm=NOT_SUBMITTED,
                            help="At least three, by different ways.")
    care_arranged = items.Code("Further care of the ITP arranged?", options=YesNo, sdtm=NOT_SUBMITTED)
    events_followed = items.Code("Are open adverse events followed on?", options=YesNo, critical=True, sdtm=NOT_SUBMITTED,
                                 help="Not applicable where none is open.")

    sections = [Section("End of study", "cause", "last_contact_on", "attempts", "care_arranged", "events_followed",
                        note="The day and the reason stand in the end of participation itself.")]
    edit_checks = [
        EditCheck("EOS01", ["cause"], lambda c: c.participant.is_ended,
                  "This child still takes part: please end the participation.", rule="ICH E6 4.3.4"),
        EditCheck("EOS02", ["last_contact_on"], lambda c: not c.contact_after_end(),
                  "The last contact was after the end of participation. Please check both days."),
    ]

    class Meta:
        verbose_name = "end of study"

    def contact_after_end(self) -> bool:
        ended = self.participant.ended_on
        return bool(ended and self.last_contact_on > ended)


class CauseOfDeath(models.TextChoices):
    BLEEDING = "bleeding", "Bleeding"
    INFECTION = "infection", "Infection"
    INFUSION = "infusion", "Reaction to an infusion"
    OTHER_DISEASE = "other", "Another disease"
    ACCIDENT = "accident", "Accident"
    UNKNOWN = "unknown", "Not known"


class Death(Crf):
    """The death of a child. The serious adverse event with its clocks is a form of its own."""

    slug = "death"
    is_safety = True
    is_log = True

    died_on = items.Date("Day of death", critical=True, sdtm=Sdtm("DM.DTHDTC"))
    cause = items.Code("Cause of death", options=CauseOfDeath, critical=True, sdtm=Sdtm("DD.DDORRES", "PRCDTH"))
    cause_text = items.Text("In the words of the certificate", critical=True, sdtm=Sdtm("DD.DDORRES", "PRCDTH"))
    certificate = items.Code("Death certificate seen", options=YesNo, sdtm=NOT_SUBMITTED)
    autopsy = items.Code("Autopsy", options=YesNo, sdtm=Sdtm("DD.DDORRES", "AUTOPIND"))

    sections = [Section("Death", "died_on", "cause", "cause_text", "certificate", "autopsy",
                        note="Please also enter the serious adverse event: its clocks run from the occurrence.")]
    edit_checks = [
        EditCheck("DTH01", ["died_on"], lambda c: c.participant.is_ended,
                  "Please end the participation: open visits are then cancelled.", rule="R16"),
        EditCheck("DTH02", ["died_on"], lambda c: not c.seen_after(), lambda c: c.seen_after(), hard=True,
                  about="A visit took place after this day."),
    ]

    class Meta:
        verbose_name = "death"

    def seen_after(self) -> str:
        """A visit that took place after the death, or an empty text."""
        later = self.participant.visits.filter(happened_on__gt=self.died_on).order_by("happened_on").first()
        return f"{later.title} took place on {later.happened_on:%d %b %Y}, after this day." if later else ""
