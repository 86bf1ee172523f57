"""Screening: eligibility with the answer, its source and its evidence for every criterion (R1-R4)."""

from __future__ import annotations

from typing import Any

from django.db import models

from casebook import items
from casebook.crf import Crf, EditCheck, Section, Substitute
from casebook.items import NOT_SUBMITTED, Sdtm, YesNo
from enrollment import eligibility
from enrollment.eligibility import completed_years

# A form reads like a table: one question a line.
# fmt: off


class Sex(models.TextChoices):
    FEMALE = "F", "Female"
    MALE = "M", "Male"


class Source(models.TextChoices):
    """Where the site saw it."""

    CERTIFICATE = "certificate", "Birth certificate"
    RECORD = "record", "Hospital record"
    LETTER = "letter", "Referral letter"
    LABORATORY = "laboratory", "Laboratory report"
    EXAMINATION = "examination", "Examination today"
    FAMILY = "family", "Said by the family"


def _age_years(answers: dict[str, Any]) -> int | None:
    born, on = answers["birth_date"], answers["screened_on"]
    return completed_years(born, on) if born and on else None


class Screening(Crf):
    """Eligibility with the evidence for every criterion (R1-R4)."""

    slug = "screening"
    decides_eligibility = True
    edition = "2"
    dates_visit = "screened_on"
    not_exported = {"birth_date": Substitute("age_years", "Age on the day of screening", "completed years", _age_years)}

    screened_on = items.Date("Date of screening", sdtm=Sdtm("SV.SVSTDTC"))
    birth_date = items.Date("Date of birth", critical=True, sdtm=NOT_SUBMITTED,
                            help="Held at the site; exports show the age.")
    birth_source = items.Code("How the date of birth is known", options=Source, sdtm=NOT_SUBMITTED)
    sex = items.Code("Sex", options=Sex, sdtm=Sdtm("DM.SEX"))
    diagnosed_on = items.PartialDate("First documented diagnosis of ITP", critical=True, sdtm=Sdtm("MH.MHSTDTC"),
                                     help="Not the first symptom. If the day is not known: UN/03/2026.")
    diagnosis_source = items.Code("How the diagnosis is known", options=Source, sdtm=NOT_SUBMITTED)
    tpo_ra_ever = items.Code("Any thrombopoietin agonist, ever?", options=YesNo, critical=True,
                             sdtm=Sdtm("IE.IEORRES", "INCL03"), help="Any exposure of any length excludes the child.")
    tpo_ra_source = items.Code("Source on thrombopoietin agonists", options=Source, sdtm=NOT_SUBMITTED)
    tpo_ra_evidence = items.Text("Evidence on thrombopoietin agonists", sdtm=NOT_SUBMITTED)
    ivig_reaction = items.Code("Severe adverse reaction to IVIG in the past?", options=YesNo, critical=True,
                               sdtm=Sdtm("IE.IEORRES", "EXCL01"), help="A mild headache does not exclude.")
    ivig_reaction_source = items.Code("Source on IVIG reactions", options=Source, sdtm=NOT_SUBMITTED)
    ivig_reaction_evidence = items.Text("Evidence on IVIG reactions", sdtm=NOT_SUBMITTED)
    intracranial = items.Code("Intracranial haemorrhage in the past?", options=YesNo, critical=True,
                              sdtm=Sdtm("IE.IEORRES", "EXCL02"))
    intracranial_source = items.Code("Source on intracranial haemorrhage", options=Source, sdtm=NOT_SUBMITTED)
    intracranial_evidence = items.Text("Evidence on intracranial haemorrhage", sdtm=NOT_SUBMITTED)
    venous_access = items.Code("Difficult venous access?", options=YesNo, critical=True,
                               sdtm=Sdtm("IE.IEORRES", "EXCL03"))
    venous_access_source = items.Code("Source on venous access", options=Source, sdtm=NOT_SUBMITTED)
    venous_access_evidence = items.Text("Evidence on venous access", sdtm=NOT_SUBMITTED)
    other_cause = items.Code("Congenital, secondary or non-immune thrombocytopenia?", options=YesNo, critical=True,
                             sdtm=Sdtm("IE.IEORRES", "EXCL04"))
    other_cause_source = items.Code("Source on other causes", options=Source, sdtm=NOT_SUBMITTED)
    other_cause_evidence = items.Text("Evidence on other causes", sdtm=NOT_SUBMITTED)
    entry_count = items.Number("Latest platelet count", unit="10^9/L", digits=(6, 1), hard=(0, 2000),
                               expected=(1, 99), unit_slip=(1500, 1000, "per µL"), critical=True,
                               sdtm=Sdtm("LB.LBORRES", "PLAT"))
    entry_count_on = items.Date("Date of that count", critical=True, sdtm=Sdtm("LB.LBDTC"))
    entry_count_source = items.Code("How the count is known", options=Source, sdtm=NOT_SUBMITTED)
    iga_deficiency = items.Code("IgA deficiency known?", options=YesNo, sdtm=Sdtm("MH.MHOCCUR"))
    renal_impairment = items.Code("Renal impairment?", options=YesNo, sdtm=Sdtm("MH.MHOCCUR"))
    positive_dat = items.Code("Positive direct antiglobulin test?", options=YesNo, sdtm=Sdtm("LB.LBORRES", "ANGLOBDR"))
    thrombosis = items.Code("Thrombosis in the past?", options=YesNo, sdtm=Sdtm("MH.MHOCCUR"))
    live_vaccine = items.Code("Live vaccine in the last weeks?", options=YesNo, sdtm=Sdtm("CM.CMOCCUR"))
    steroids = items.Code("Steroids now?", options=YesNo, sdtm=Sdtm("CM.CMOCCUR"))
    other_study = items.Code("Taking part in another study?", options=YesNo, sdtm=NOT_SUBMITTED)
    other_therapy_end = items.Date("Last day of other ITP therapy that continues", optional=True, future=True,
                                   asked_if=("steroids", YesNo.YES), critical=True, sdtm=Sdtm("CM.CMENDTC"),
                                   help="If it is known. The time off therapy starts on this day or later (R20).")

    sections = [
        Section("Child", "screened_on", "birth_date", "birth_source", "sex"),
        Section("ITP", "diagnosed_on", "diagnosis_source", "entry_count", "entry_count_on", "entry_count_source"),
        Section("Criteria of the protocol", "tpo_ra_ever", "tpo_ra_source", "tpo_ra_evidence", "ivig_reaction",
                "ivig_reaction_source", "ivig_reaction_evidence", "intracranial", "intracranial_source",
                "intracranial_evidence", "venous_access", "venous_access_source", "venous_access_evidence", "other_cause",
                "other_cause_source", "other_cause_evidence", columns=("Answer", "Source", "Evidence"),
                note="Say for each answer where it was seen, for example “hospital record” and “admission of 3 May 2026”."),
        Section("Safety screen", "iga_deficiency", "renal_impairment", "positive_dat", "thrombosis", "live_vaccine",
                "steroids", "other_therapy_end", "other_study",
                note="These warn and never exclude."),
    ]
    edit_checks = [
        EditCheck("SCR01", ["birth_date", "screened_on"], lambda c: c.birth_date <= c.screened_on,
                  "The child is born after the day of screening. Please check both dates.", hard=True),
        EditCheck("SCR02", ["entry_count_on", "screened_on"],
                  lambda c: (c.screened_on - c.entry_count_on).days <= eligibility.BASELINE_WINDOW_D,
                  "This count is older than 7 days (assumption). A newer one is needed before the first dose.",
                  rule="R3"),
        EditCheck("SCR03", ["birth_date", "diagnosed_on"],
                  lambda c: c.diagnosed_on >= c.birth_date.isoformat()[: len(c.diagnosed_on)],
                  "The diagnosis is before the birth. Please check both dates.", hard=True),
        EditCheck("SCR04", ["screened_on"], lambda c: not c.no_longer_eligible(), lambda c: c.no_longer_eligible(),
                  rule="R4", about="This child is enrolled, but is not eligible with these answers."),
    ]

    class Meta:
        verbose_name = "screening and eligibility"

    def evidence(self, consent_on: Any = None, confirmed_on: Any = None) -> eligibility.Evidence:
        """The answers as the pure eligibility rules want them."""
        def yes(code: str | None) -> bool | None:
            return None if code is None else code == YesNo.YES

        return eligibility.Evidence(
            birth_date=self.birth_date, confirmed_on=confirmed_on or self.screened_on, diagnosis=self.diagnosed_on,
            consent_on=consent_on, tpo_ra_ever=yes(self.tpo_ra_ever), severe_ivig_reaction=yes(self.ivig_reaction),
            intracranial_haemorrhage=yes(self.intracranial), difficult_venous_access=yes(self.venous_access),
            other_thrombocytopenia=yes(self.other_cause), entry_count=self.entry_count,
            entry_count_on=self.entry_count_on, iga_deficiency=yes(self.iga_deficiency),
            renal_impairment=yes(self.renal_impairment), positive_dat=yes(self.positive_dat),
            thrombosis_history=yes(self.thrombosis), live_vaccine_recent=yes(self.live_vaccine),
            concurrent_steroids=yes(self.steroids), in_another_study=yes(self.other_study),
        )

    def no_longer_eligible(self) -> str:
        """Why an enrolled child would not be eligible with these answers, or an empty text."""
        if self.participant.subject_number is None:
            return ""
        found = eligibility.assess(self.evidence(confirmed_on=self.participant.enrolled_on))
        if found.eligible != "not eligible":
            return ""
        failing = (c for c in found.criteria if c.passes is False)
        return "This child is enrolled, but is not eligible with these answers: " + " ".join(
            f"{c.code} {c.text}: {c.evidence}" for c in failing)

    def sources(self) -> dict[str, str]:
        """How each criterion is known, by its code: the source, and what was written down beside it."""
        named = {"INCL01": "birth", "INCL02": "diagnosis", "INCL03": "tpo_ra", "EXCL01": "ivig_reaction",
                 "EXCL02": "intracranial", "EXCL03": "venous_access", "EXCL04": "other_cause", "ENTRYPLT": "entry_count"}
        said = {code: (getattr(self, f"{name}_source"), getattr(self, f"{name}_evidence", None)) for code, name in named.items()}
        return {code: ": ".join(filter(None, [source and Source(source).label, text])) for code, (source, text) in said.items()}

    def age_on(self, day: Any) -> tuple[int, int] | None:
        """Completed years and months on a day, or None without a birth date."""
        if self.birth_date is None:
            return None
        years = completed_years(self.birth_date, day)
        months = (day.year - self.birth_date.year) * 12 + day.month - self.birth_date.month
        return years, (months - (day.day < self.birth_date.day)) % 12
