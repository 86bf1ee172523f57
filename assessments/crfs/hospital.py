"""Contacts with a hospital besides the visits of the trial: does the therapy reduce them (``protocol.md`` 1.2)?"""

from __future__ import annotations

from django.db import models
from django.utils import timezone

from assessments.crfs.safety import AdverseEvent
from casebook import items
from casebook.crf import Crf, EditCheck, Section
from casebook.items import Sdtm, YesNo

# A form reads like a table: one question a line.
# fmt: off


class ContactKind(models.TextChoices):
    OUTPATIENT = "OUTPATIENT CLINIC VISIT", "Clinic, unscheduled"
    EMERGENCY = "EMERGENCY ROOM VISIT", "Emergency room"
    DAY = "DAY HOSPITAL VISIT", "Day hospital"
    STAY = "HOSPITAL STAY", "Hospital stay (a night or more)"
    INTENSIVE = "INTENSIVE CARE UNIT STAY", "Intensive care"


class Reason(models.TextChoices):
    BLEEDING = "bleeding", "Bleeding"
    LOW_COUNT = "low_count", "Low count without bleeding"
    REACTION = "reaction", "Reaction to an infusion"
    PLANNED = "planned", "Planned stay for an infusion of the trial"
    OTHER_ILLNESS = "illness", "Another illness"
    OTHER = "other", "Other"


STAYS = (ContactKind.STAY, ContactKind.INTENSIVE)


class HospitalContact(Crf):
    """One contact: what, when, why. A planned stay for an infusion is no serious event."""

    slug = "hospital-contact"
    is_log = True
    told_by_family = True

    kind = items.Code("Kind of contact", options=ContactKind, max_length=40, critical=True, sdtm=Sdtm("HO.HODECOD"))
    started_on = items.Date("On, or admitted on", critical=True, sdtm=Sdtm("HO.HOSTDTC"))
    ongoing = items.Code("Still in hospital?", options=YesNo, asked_if=("kind", STAYS), sdtm=Sdtm("HO.HOENRTPT"))
    ended_on = items.Date("Discharged on", asked_if=("ongoing", YesNo.NO), sdtm=Sdtm("HO.HOENDTC"))
    cause = items.Code("Main reason", options=Reason, critical=True, sdtm=Sdtm("HO.HOINDC"))
    itp_related = items.Code("Because of ITP or its treatment?", options=YesNo, critical=True, sdtm=Sdtm("HO.HORELITP"))
    blood_products = items.Code("Blood product or platelets given?", options=YesNo, sdtm=Sdtm("CM.CMOCCUR"),
                                help="If yes, please also add it as rescue or concomitant therapy.")
    elsewhere = items.Code("In another hospital?", options=YesNo, sdtm=Sdtm("HO.HOLOC"))
    note = items.Note("Diagnosis and course", sdtm=Sdtm("HO.HOTERM"))

    sections = [Section("Contact", "kind", "started_on", "ongoing", "ended_on", "cause", "itp_related", "blood_products",
                        "elsewhere", "note")]
    edit_checks = [
        EditCheck("HOS01", ["started_on", "ended_on"], lambda c: c.ended_on >= c.started_on,
                  "The child was discharged before the admission. Please check both dates.", hard=True),
        EditCheck("HOS02", ["kind", "cause", "started_on"], lambda c: not c.lacks_event(),
                  "A stay that was not planned for an infusion is a serious adverse event. Please add it.", rule="protocol 6.5"),
        EditCheck("HOS03", ["cause", "itp_related"],
                  lambda c: c.itp_related == YesNo.YES or c.cause not in (Reason.BLEEDING, Reason.LOW_COUNT, Reason.REACTION),
                  "This reason belongs to ITP or its treatment, but the answer is No. Which one is right?"),
    ]

    class Meta:
        verbose_name = "hospital contact"

    def lacks_event(self) -> bool:
        """True for an unplanned stay without a serious event that began by its end."""
        if self.kind not in STAYS or self.cause == Reason.PLANNED:
            return False
        events = AdverseEvent.objects.filter(record__participant=self.record.participant_id, serious=YesNo.YES)
        return not events.filter(started_at__date__lte=self.ended_on or timezone.localdate()).exists()
