"""Consent of the parents or the guardian, assent of the child, and the same again for a new version of the form (RQ-63)."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.utils import timezone

from casebook import items
from casebook.crf import Crf, EditCheck, Section
from casebook.items import NOT_SUBMITTED, Sdtm, YesNo
from enrollment import consent
from enrollment.crfs.screening import Screening
from enrollment.versions import approvals_of

# A form reads like a table: one question a line.
# fmt: off


class Language(models.TextChoices):
    ARABIC = "ar", "Arabic"
    ENGLISH = "en", "English"


class ParentState(models.TextChoices):
    CONSENTED = "consented", "Consented"
    DECEASED = "deceased", "Deceased"
    ABSENT = "absent", "Absent"
    REFUSED = "refused", "Refused"


AWAY = (ParentState.DECEASED, ParentState.ABSENT)


class ConsentSheet(Crf):
    """Who consented, how, on which version, in which language, who informed them; witness and assent (law 214/2020)."""

    edition = "2"

    consented_at = items.DateTime("Date and time of consent", critical=True, sdtm=Sdtm("DS.DSSTDTC"))
    version = items.Text("Version of the consent form", critical=True, sdtm=NOT_SUBMITTED, help="For example 2.0")
    language = items.Code("Language", options=Language, sdtm=NOT_SUBMITTED)
    can_read = items.Code("Can whoever consents read this form?", options=YesNo, critical=True, sdtm=NOT_SUBMITTED)
    witness = items.Code("Signature of an impartial witness", options=YesNo, asked_if=("can_read", YesNo.NO),
                         critical=True, sdtm=NOT_SUBMITTED, help="Somebody who is not of the study team.")
    mother = items.Code("Mother", options=ParentState, critical=True, sdtm=NOT_SUBMITTED)
    mother_absence = items.Text("Why, and by which document", asked_if=("mother", AWAY), critical=True,
                                sdtm=NOT_SUBMITTED, help="Kind and number of the document. No names.")
    mother_signature = items.Code("Mother's signature", options=YesNo, asked_if=("mother", ParentState.CONSENTED),
                                  critical=True, sdtm=NOT_SUBMITTED)
    mother_fingerprint = items.Code("Mother's fingerprint", options=YesNo, asked_if=("mother", ParentState.CONSENTED),
                                    critical=True, sdtm=NOT_SUBMITTED)
    father = items.Code("Father", options=ParentState, critical=True, sdtm=NOT_SUBMITTED)
    father_absence = items.Text("Why, and by which document", asked_if=("father", AWAY), critical=True,
                                sdtm=NOT_SUBMITTED, help="Kind and number of the document. No names.")
    father_signature = items.Code("Father's signature", options=YesNo, asked_if=("father", ParentState.CONSENTED),
                                  critical=True, sdtm=NOT_SUBMITTED)
    father_fingerprint = items.Code("Father's fingerprint", options=YesNo, asked_if=("father", ParentState.CONSENTED),
                                    critical=True, sdtm=NOT_SUBMITTED)
    guardian = items.Code("Does a guardian consent in place of the parents?", options=YesNo, critical=True,
                          sdtm=NOT_SUBMITTED)
    guardianship = items.Text("Document of the guardianship", asked_if=("guardian", YesNo.YES), critical=True,
                              sdtm=NOT_SUBMITTED, help="Kind and number of the document. No names.")
    guardian_signature = items.Code("Guardian's signature", options=YesNo, asked_if=("guardian", YesNo.YES),
                                    critical=True, sdtm=NOT_SUBMITTED)
    guardian_fingerprint = items.Code("Guardian's fingerprint", options=YesNo, asked_if=("guardian", YesNo.YES),
                                      critical=True, sdtm=NOT_SUBMITTED)
    assent = items.Code("Assent of the child", options=YesNo, critical=True, sdtm=Sdtm("DS.DSDECOD"),
                        help=f"From {consent.ASSENT_FROM} years (assumption). Younger: give “Not applicable” as the reason.")
    explained_by = items.Text("Who informed the family", sdtm=NOT_SUBMITTED, help="The member of staff.")
    copy_given = items.Code("Copy given to the family", options=YesNo, sdtm=NOT_SUBMITTED)

    sections = [
        Section("Consent", "consented_at", "version", "language", "can_read", "witness"),
        Section("Mother", "mother", "mother_absence", "mother_signature", "mother_fingerprint"),
        Section("Father", "father", "father_absence", "father_signature", "father_fingerprint"),
        Section("Guardian", "guardian", "guardianship", "guardian_signature", "guardian_fingerprint"),
        Section("Child and family", "assent", "explained_by", "copy_given"),
    ]
    edit_checks = [
        EditCheck("CON01", ["mother"], lambda c: c.mother != ParentState.REFUSED,
                  "The mother refused: the child cannot take part.", rule="law 214/2020 art. 3"),
        EditCheck("CON02", ["father"], lambda c: c.father != ParentState.REFUSED,
                  "The father refused: the child cannot take part.", rule="law 214/2020 art. 3"),
        EditCheck("CON03", ["version", "consented_at"], lambda c: not c.version_gap(), lambda c: c.version_gap(),
                  rule="protocol 6.7", about="The version that was signed was not the approved one of the site on that day."),
        EditCheck("CON04", ["assent"], lambda c: c.assent != YesNo.NO,
                  "The child did not assent: the child cannot take part.", rule="protocol 6.7"),
    ]

    class Meta:
        abstract = True

    def gaps(self, age: int | None = None) -> list[str]:
        """Why this consent does not yet allow to take part; empty when it does. ``age`` in completed years."""
        return consent.gaps(consent.Sheet(
            (self._parent("mother"), self._parent("father")), self._guardian(), self.consented_at is not None,
            bool(self.version), _yes(self.can_read), self.witness == YesNo.YES, _yes(self.assent), age))

    def _parent(self, who: str) -> consent.Parent:
        def has(what: str) -> bool:
            return getattr(self, f"{who}_{what}") == YesNo.YES

        return consent.Parent(who, getattr(self, who), has("signature"), has("fingerprint"),
                              bool(getattr(self, f"{who}_absence")))

    def _guardian(self) -> consent.Guardian | None:
        if self.guardian != YesNo.YES:
            return None
        return consent.Guardian(bool(self.guardianship), self.guardian_signature == YesNo.YES,
                                self.guardian_fingerprint == YesNo.YES)

    @property
    def consented_on(self) -> Any:
        return timezone.localtime(self.consented_at).date() if self.consented_at else None

    def version_gap(self) -> str:
        """Why this version could not be signed at this site on that day, or an empty text."""
        return consent.version_gap(approvals_of(self.record.site_id), self.version, self.consented_on)

    def all_gaps(self, screening: Screening | None) -> list[str]:
        """The gaps of the form with those that need more: the age of the child, the version approved for the site."""
        age = screening.age_on(self.consented_on) if screening and self.consented_on else None
        version = self.version_gap()
        return self.gaps(age[0] if age else None) + ([version] if version else [])


def _yes(answer: str | None) -> bool | None:
    return None if answer is None else answer == YesNo.YES


class Consent(ConsentSheet):
    """The consent with which a child enters the trial."""

    slug = "consent"
    decides_eligibility = True

    class Meta:
        verbose_name = "consent and assent"


class Reconsent(ConsentSheet):
    """Consent to a new version of the form. A task of the next visit after the version was registered."""

    slug = "re-consent"

    class Meta:
        verbose_name = "consent to a new version"


def latest_consent(participant: Any, before: Any) -> ConsentSheet | None:
    """The last consent form that was dated before a moment: what was said last counts."""
    dated = {"record__participant": participant, "consented_at__lte": before}
    found = [*Consent.objects.filter(**dated), *Reconsent.objects.filter(**dated).select_related("record")]
    return max(found, key=lambda sheet: sheet.consented_at, default=None)
