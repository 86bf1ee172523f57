"""Who the child is and what happened before the trial: demography, ITP history with its therapies, medical and family history.

The date of birth, the sex and the diagnosis stand in the screening form, where they decide; no fact is asked twice.
"""

from __future__ import annotations

from django.db import models

from casebook import items
from casebook.crf import Crf, EditCheck, Row, Section
from casebook.items import NOT_SUBMITTED, Sdtm, YesNo
from enrollment.crfs.screening import Screening
from itp_trial.protocol import value

# A form reads like a table: one question a line.
# fmt: off

LOOK_BACK_M: int = value("LOOK_BACK_M")


class Region(models.TextChoices):
    """Coarse on purpose: a governorate with age and sex would point at a child."""

    CAIRO = "cairo", "Greater Cairo"
    DELTA = "delta", "Delta"
    COAST = "coast", "North coast and Alexandria"
    CANAL = "canal", "Canal and Sinai"
    UPPER = "upper", "Upper Egypt"
    OTHER = "other", "Elsewhere"


class Residence(models.TextChoices):
    URBAN = "urban", "Town"
    RURAL = "rural", "Village"


class Kinship(models.TextChoices):
    NONE = "none", "Not related"
    FIRST = "first", "First cousins"
    OTHER = "other", "Related otherwise"


class Schooling(models.TextChoices):
    NONE = "none", "None"
    BASIC = "basic", "Basic school"
    SECONDARY = "secondary", "Secondary school"
    HIGHER = "higher", "University or institute"


class Demography(Crf):
    """Where the child lives and with whom. Race and ethnicity are not collected."""

    slug = "demography"

    region = items.Code("Region of residence", options=Region, sdtm=NOT_SUBMITTED)
    residence = items.Code("Residence", options=Residence, sdtm=NOT_SUBMITTED)
    travel_hours = items.Number("Way to the hospital, one way", unit="h", digits=(4, 1), hard=(0, 48), expected=(0, 8),
                                sdtm=NOT_SUBMITTED, help="In an emergency the way counts.")
    kinship = items.Code("Are the parents related?", options=Kinship, sdtm=NOT_SUBMITTED,
                         help="Speaks for an inherited thrombocytopenia.")
    schooling = items.Code("Highest school of the mother", options=Schooling, sdtm=NOT_SUBMITTED)

    sections = [
        Section("Residence", "region", "residence", "travel_hours",
                note="Date of birth and sex stand in the form “Screening and eligibility”, where they decide."),
        Section("Family", "kinship", "schooling"),
    ]

    class Meta:
        verbose_name = "demography"


class Onset(models.TextChoices):
    INFECTION = "infection", "After an infection"
    VACCINATION = "vaccination", "After a vaccination"
    NONE = "none", "No trigger known"


class ItpHistory(Crf):
    """How the ITP began, what was given, and the reference period against which the trial is compared."""

    slug = "itp-history"

    trigger = items.Code("How it began", options=Onset, sdtm=Sdtm("FA.FAORRES", "TRIGGER"))
    first_count = items.Number("Platelet count at diagnosis", unit="10^9/L", digits=(6, 1), hard=(0, 2000),
                               expected=(0, 99), unit_slip=(1500, 1000, "per µL"), sdtm=Sdtm("LB.LBORRES", "PLAT"))
    marrow = items.Code("Bone marrow examined?", options=YesNo, sdtm=Sdtm("PR.PROCCUR"))
    treated = items.Code("Any therapy for ITP before the trial?", options=YesNo, critical=True, sdtm=Sdtm("CM.CMOCCUR"),
                         help="If yes: one line a course below.")
    bleeding_episodes = items.Number("Bleeding episodes", unit="episodes", digits=(3, 0), hard=(0, 200), expected=(0, 20),
                                     sdtm=Sdtm("FA.FAORRES", "LBBLEED"))
    unplanned_visits = items.Number("Unplanned visits for ITP", unit="visits", digits=(3, 0), hard=(0, 200),
                                    expected=(0, 20), sdtm=Sdtm("FA.FAORRES", "LBVISIT"))
    admissions = items.Number("Admissions for ITP", unit="admissions", digits=(3, 0), hard=(0, 90), expected=(0, 6),
                              sdtm=Sdtm("FA.FAORRES", "LBADMIT"))
    transfusions = items.Number("Transfusions of platelets or red cells", unit="transfusions", digits=(3, 0),
                                hard=(0, 90), expected=(0, 6), sdtm=Sdtm("FA.FAORRES", "LBTRANS"))

    sections = [
        Section("Beginning", "trigger", "first_count", "marrow",
                note="The day of the diagnosis stands in the form “Screening and eligibility”."),
        Section("Therapies", "treated"),
        Section("Look-back", "bleeding_episodes", "unplanned_visits", "admissions", "transfusions",
                note=f"In the {LOOK_BACK_M} months before the consent (assumption), from records and the family."),
    ]
    edit_checks = [
        EditCheck("ITP01", ["treated"], lambda c: c.treated != YesNo.YES or c.has_courses,
                  "Therapies were given: please enter each course in a line below.", rule="protocol 1.2"),
        EditCheck("ITP02", ["treated"], lambda c: c.treated != YesNo.NO or not c.has_courses,
                  "There are lines of therapies below, but the answer is no. Please check.", rule="protocol 1.2"),
    ]

    class Meta:
        verbose_name = "ITP history"

    has_courses = False

    def derive(self, rows: list[Row]) -> None:
        self.has_courses = bool(rows)


class Therapy(models.TextChoices):
    """What is given for ITP. Thrombopoietin agonists are asked in the screening form: any of them excludes."""

    PREDNISOLONE = "prednisolone", "Prednisolone"
    DEXAMETHASONE = "dexamethasone", "Dexamethasone"
    METHYLPREDNISOLONE = "methylprednisolone", "Methylprednisolone, high dose"
    IVIG = "ivig", "Standard IVIG"
    ANTI_D = "anti_d", "Anti-D"
    RITUXIMAB = "rituximab", "Rituximab"
    IMMUNOSUPPRESSANT = "immunosuppressant", "Other immunosuppressant"
    SPLENECTOMY = "splenectomy", "Splenectomy"
    OTHER = "other", "Other"


class CourseResponse(models.TextChoices):
    """As the records say it; the trial's own thresholds are not applied backwards."""

    COMPLETE = "complete", "Complete response"
    PARTIAL = "partial", "Response"
    NONE = "none", "No response"
    LOST = "lost", "Response, lost again"
    UNKNOWN = "unknown", "Cannot be said"


class PriorTherapy(Row):
    """One course of a therapy before the trial, with what it brought."""

    slug = "therapies"
    legend = "Courses of therapy"
    spare = 3

    crf = models.ForeignKey(ItpHistory, on_delete=models.PROTECT, related_name="therapies")
    therapy = items.Code("Therapy", options=Therapy, critical=True, sdtm=Sdtm("CM.CMTRT"))
    started_on = items.PartialDate("Started", sdtm=Sdtm("CM.CMSTDTC"), help="As far as it is known: 2026, 03/2026.")
    ended_on = items.PartialDate("Ended", optional=True, sdtm=Sdtm("CM.CMENDTC"), help="Empty: still given.")
    response = items.Code("Response", options=CourseResponse, critical=True, sdtm=Sdtm("SUPPCM.CMRESP"))

    sections = [Section("Courses of therapy", "therapy", "started_on", "ended_on", "response")]
    edit_checks = [
        EditCheck("THE01", ["started_on", "ended_on"], lambda r: _not_before(r.ended_on, r.started_on),
                  "This course ended before it started. Please check both dates.", hard=True),
    ]

    def __str__(self) -> str:
        return f"{self.get_therapy_display()} {self.started_on or ''}".strip()


ItpHistory.row_models = (PriorTherapy,)


def _not_before(later: str, earlier: str) -> bool:
    """Compares two partial dates as far as both are known."""
    known = min(len(later), len(earlier))
    return later[:known] >= earlier[:known]


class MedicalHistory(Crf):
    """Other diseases of the child, and what runs in the family.

    IgA deficiency, kidneys, thrombosis and the antiglobulin test are safety screens of the screening form.
    """

    slug = "medical-history"

    allergy = items.Code("Any allergy?", options=YesNo, sdtm=Sdtm("MH.MHOCCUR"))
    allergy_which = items.Text("Which?", asked_if=("allergy", YesNo.YES), sdtm=Sdtm("MH.MHTERM"))
    transfusion_reaction = items.Code("Reaction to a transfusion in the past?", options=YesNo, critical=True,
                                      sdtm=Sdtm("MH.MHOCCUR"))
    surgery_bleeding = items.Code("Unusual bleeding after surgery or circumcision?", options=YesNo, sdtm=Sdtm("MH.MHOCCUR"))
    vaccinated = items.Code("Vaccinated as the national schedule asks?", options=YesNo, sdtm=Sdtm("MH.MHOCCUR"))
    other_disease = items.Code("Any other disease, now or in the past?", options=YesNo, sdtm=Sdtm("MH.MHOCCUR"),
                               help="If yes: one line a disease below.")
    family_bleeding = items.Code("Bleeding disorder in the family?", options=YesNo, critical=True,
                                 sdtm=Sdtm("FA.FAORRES", "FAMBLEED"))
    family_platelets = items.Code("Low platelets in the family?", options=YesNo, critical=True,
                                  sdtm=Sdtm("FA.FAORRES", "FAMPLAT"))
    family_immune = items.Code("Autoimmune disease in the family?", options=YesNo, sdtm=Sdtm("FA.FAORRES", "FAMIMM"))
    family_note = items.Note("Who and what, without names", sdtm=NOT_SUBMITTED)

    sections = [
        Section("The child", "allergy", "allergy_which", "transfusion_reaction", "surgery_bleeding", "vaccinated",
                "other_disease"),
        Section("The family", "family_bleeding", "family_platelets", "family_immune", "family_note"),
    ]
    edit_checks = [
        EditCheck("MED01", ["family_platelets"], lambda c: not c.speaks_for_inheritance(),
                  "Low platelets in the family: is an inherited thrombocytopenia excluded? It would exclude the child.",
                  rule="R4"),
        EditCheck("MED02", ["other_disease"], lambda c: c.other_disease != YesNo.YES or c.has_diseases,
                  "Please enter each disease in a line below."),
    ]

    class Meta:
        verbose_name = "medical and family history"

    has_diseases = False

    def derive(self, rows: list[Row]) -> None:
        self.has_diseases = bool(rows)

    def speaks_for_inheritance(self) -> bool:
        """Low platelets in the family, while the screening form has not yet said that there is no other cause."""
        if self.family_platelets != YesNo.YES:
            return False
        answered = Screening.objects.filter(record__participant=self.record.participant_id, other_cause=YesNo.NO)
        return not answered.exists()


class Disease(Row):
    """One other disease of the child."""

    slug = "diseases"
    legend = "Diseases"
    spare = 3

    crf = models.ForeignKey(MedicalHistory, on_delete=models.PROTECT, related_name="diseases")
    disease = items.Text("Disease", sdtm=Sdtm("MH.MHTERM"))
    started_on = items.PartialDate("Since", sdtm=Sdtm("MH.MHSTDTC"))
    ongoing = items.Code("Still there?", options=YesNo, sdtm=Sdtm("MH.MHENRTPT"))

    sections = [Section("Diseases", "disease", "started_on", "ongoing")]

    def __str__(self) -> str:
        return str(self.disease)


MedicalHistory.row_models = (Disease,)
