"""Concomitant, continued and prohibited therapy, premedication and vaccinations; rescue has its own form."""

from __future__ import annotations

from functools import cached_property

from django.db import models
from django.utils import timezone

from assessments import therapy, vaccines
from assessments.crfs.safety import Rescue
from assessments.story import Story, story_besides
from assessments.therapy import Drug, Flag, Purpose
from casebook import items
from casebook.crf import Crf, EditCheck, Row, Section
from casebook.items import NOT_SUBMITTED, Sdtm, YesNo
from enrollment.crfs import Screening
from itp_trial.protocol import value

# A form reads like a table: one question a line.
# fmt: off


class DrugKind(models.TextChoices):
    PARACETAMOL = Drug.PARACETAMOL.value, "Paracetamol"
    ANTIHISTAMINE = Drug.ANTIHISTAMINE.value, "Antihistamine"
    STEROID = Drug.STEROID.value, "Corticosteroid"
    IVIG = Drug.IVIG.value, "Immunoglobulin (standard or unscheduled)"
    ANTI_D = Drug.ANTI_D.value, "Anti-D"
    TPO_RA = Drug.TPO_RA.value, "Thrombopoietin agonist"
    RITUXIMAB = Drug.RITUXIMAB.value, "Rituximab"
    IMMUNOSUPPRESSANT = Drug.IMMUNOSUPPRESSANT.value, "Other immunosuppressant"
    PLATELETS = Drug.PLATELETS.value, "Platelet transfusion"
    RED_CELLS = Drug.RED_CELLS.value, "Red cells"
    ANTIFIBRINOLYTIC = Drug.ANTIFIBRINOLYTIC.value, "Tranexamic acid or similar"
    LOCAL = Drug.LOCAL.value, "Local haemostasis"
    HORMONE = Drug.HORMONE.value, "Hormonal control of bleeding"
    ASPIRIN = Drug.ASPIRIN.value, "Aspirin"
    NSAID = Drug.NSAID.value, "Ibuprofen or another NSAID"
    ANTICOAGULANT = Drug.ANTICOAGULANT.value, "Antiplatelet or anticoagulant"
    HERBAL = Drug.HERBAL.value, "Herbal product"
    ANTIBIOTIC = Drug.ANTIBIOTIC.value, "Antibiotic"
    OTHER = Drug.OTHER.value, "Other"


class Why(models.TextChoices):
    PREMEDICATION = Purpose.PREMEDICATION.value, "Before an infusion (premedication)"
    CONTINUED = Purpose.CONTINUED.value, "ITP therapy continued from before the trial"
    ITP = Purpose.ITP.value, "To raise platelets or stop ITP bleeding"
    OTHER = Purpose.OTHER.value, "Another illness or reason"


class Meaning(models.TextChoices):
    RESCUE = Flag.RESCUE.value, "Rescue: belongs into the rescue form"
    CONTINUED = Flag.CONTINUED.value, "Other ITP therapy: moves the off-therapy start (R20)"
    STEROID_PREMEDICATION = Flag.STEROID_PREMEDICATION.value, "Steroid premedication: raises platelets, no rescue"
    RAISES_PLATELETS = Flag.RAISES_PLATELETS.value, "Raises platelets, no rescue by definition"
    ADJUNCTIVE = Flag.ADJUNCTIVE.value, "Adjunct, no rescue"
    AVOID = Flag.AVOID.value, "To be avoided in this trial"
    NONE = Flag.NONE.value, "No meaning for the response"


class Route(models.TextChoices):
    ORAL = "ORAL", "By mouth"
    INTRAVENOUS = "INTRAVENOUS", "Intravenous"
    INTRAMUSCULAR = "INTRAMUSCULAR", "Intramuscular"
    OTHER = "OTHER", "Other"


IM_FROM: int = value("IM_FROM_PLT")


class Therapy(Crf):
    """One medicine or blood product besides the trial product."""

    slug = "therapy"
    is_log = True
    told_by_family = True

    drug = items.Text("Medicine", critical=True, sdtm=Sdtm("CM.CMTRT"), help="As written in the source.")
    kind = items.Code("Kind", options=DrugKind, max_length=30, critical=True, sdtm=Sdtm("CM.CMCLAS"))
    purpose = items.Code("Given", options=Why, critical=True, sdtm=Sdtm("CM.CMCAT"))
    route = items.Code("Route", options=Route, sdtm=Sdtm("CM.CMROUTE"))
    dose = items.Text("Dose and frequency", sdtm=Sdtm("CM.CMDOSTXT"))
    started_on = items.Date("Started on", critical=True, sdtm=Sdtm("CM.CMSTDTC"))
    ongoing = items.Code("Still given?", options=YesNo, sdtm=Sdtm("CM.CMENRTPT"))
    ended_on = items.Date("Last given on", asked_if=("ongoing", YesNo.NO), critical=True, sdtm=Sdtm("CM.CMENDTC"))
    meaning = items.Code("Meaning for the trial", options=Meaning, derived=True, max_length=30, critical=True,
                         sdtm=NOT_SUBMITTED)

    sections = [
        Section("Therapy", "drug", "kind", "purpose", "route", "dose", "started_on", "ongoing", "ended_on"),
        Section("Computed", "meaning"),
    ]
    edit_checks = [
        EditCheck("CMT01", ["started_on", "ended_on"], lambda c: c.ended_on >= c.started_on,
                  "It was last given before it started. Please check both dates.", hard=True),
        EditCheck("CMT02", ["meaning", "started_on"], lambda c: not c.lacks_rescue(),
                  "By the protocol this is rescue therapy. Please enter it as “Rescue therapy” too: only that form counts for"
                  " the response.", rule="R17"),
        EditCheck("CMT03", ["meaning"], lambda c: c.meaning != Flag.AVOID,
                  "To be avoided in this trial: it disturbs the function of platelets or their count.", rule="protocol 7"),
        EditCheck("CMT04", ["meaning"], lambda c: c.meaning not in (Flag.STEROID_PREMEDICATION, Flag.RAISES_PLATELETS),
                  "A steroid raises platelets: the counts after it are flagged, and it is no rescue.", rule="protocol 5.6"),
        EditCheck("CMT05", ["route", "started_on"], lambda c: not c.low_count(), lambda c: c.low_count(), rule="protocol 7",
                  about=f"Injected into a muscle with a count below {IM_FROM} ×10⁹/L."),
        EditCheck("CMT06", ["meaning", "ended_on"], lambda c: not c.later_than_screened(),
                  "It went on longer than “Last day of other ITP therapy” in the screening form says. Please correct that date:"
                  " the time off therapy starts there.", rule="R20"),
    ]

    class Meta:
        verbose_name = "concomitant therapy"

    def derive(self, rows: list[Row]) -> None:
        known = self.kind and self.purpose
        self.meaning = therapy.flag(Drug(self.kind), Purpose(self.purpose)).value if known else None

    @cached_property
    def story(self) -> Story:
        return story_besides(self.record)

    def lacks_rescue(self) -> bool:
        """True for a rescue that the rescue form does not hold."""
        if self.meaning != Flag.RESCUE:
            return False
        rescues = Rescue.objects.filter(record__participant=self.record.participant_id, started_on=self.started_on)
        return not rescues.exists()

    def low_count(self) -> str:
        """The count that stands against an injection into the muscle, in words."""
        counts = [s for s in self.story.samples if s.platelets is not None and timezone.localtime(s.at).date() <= self.started_on]
        if self.route != Route.INTRAMUSCULAR or not counts or counts[-1].platelets >= IM_FROM:
            return ""
        return f"Injected into a muscle with {items.plain(counts[-1].platelets)} ×10⁹/L: to be avoided below {IM_FROM} ×10⁹/L."

    def later_than_screened(self) -> bool:
        if self.meaning != Flag.CONTINUED:
            return False
        screened = Screening.objects.filter(record__participant=self.record.participant_id)
        last = screened.values_list("other_therapy_end", flat=True).first()
        return last is None or last < self.ended_on


class Vaccine(models.TextChoices):
    MMR = "mmr", "Measles, mumps, rubella (MMR)"
    MEASLES = "measles", "Measles"
    VARICELLA = "varicella", "Varicella"
    OPV = "opv", "Polio by mouth (OPV)"
    BCG = "bcg", "BCG"
    ROTAVIRUS = "rotavirus", "Rotavirus"
    YELLOW_FEVER = "yellow_fever", "Yellow fever"
    INACTIVATED = "inactivated", "An inactivated vaccine"


#: Live vaccines that antibodies of the product weaken.
WEAKENED = (Vaccine.MMR, Vaccine.MEASLES, Vaccine.VARICELLA)


class Vaccination(Crf):
    """One vaccination, given or planned."""

    slug = "vaccination"
    is_log = True
    told_by_family = True

    vaccine = items.Code("Vaccine", options=Vaccine, critical=True, sdtm=Sdtm("CM.CMTRT"))
    name = items.Text("Product or disease", optional=True, sdtm=Sdtm("CM.CMDECOD"))
    given = items.Code("Was it given?", options=YesNo, sdtm=Sdtm("CM.CMOCCUR"), help="“No” for one that is planned.")
    on = items.Date("Given or planned for", future=True, critical=True, sdtm=Sdtm("CM.CMSTDTC"))

    sections = [Section("Vaccination", "vaccine", "name", "given", "on",
                        note="Live vaccine has to wait for months after a dose (8 months after 0.4 g/kg, 10 after 1 g/kg).")]
    edit_checks = [
        EditCheck("VAC01", ["vaccine", "on"], lambda c: not c.too_early(), lambda c: c.too_early(), rule="protocol 7",
                  about="A live vaccine may not work so soon after an infusion."),
        EditCheck("VAC02", ["on", "given"], lambda c: c.given == YesNo.NO or c.on <= timezone.localdate(),
                  "It was given, but the date lies in the future. Please check both.", hard=True),
    ]

    class Meta:
        verbose_name = "vaccination"

    def too_early(self) -> str:
        """Why this vaccine may not work, in words."""
        if self.vaccine not in WEAKENED:
            return ""
        infusions = [i for i in story_besides(self.record).infusions if i.g_per_kg]
        return vaccines.warning(self.on, [vaccines.Dose(timezone.localtime(i.start).date(), i.g_per_kg) for i in infusions])
