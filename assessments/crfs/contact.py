"""The contact on day 4-7 after every infusion: delayed reactions are found only by asking (``protocol.md`` 0.9, 6.3)."""

from __future__ import annotations

from datetime import datetime
from functools import cached_property
from typing import Any

from django.db import models
from django.utils import timezone

from assessments.crfs.safety import AdverseEvent
from assessments.story import Story, story_besides
from casebook import items
from casebook.crf import Crf, EditCheck, Row, Section
from casebook.items import DIRECT, NOT_SUBMITTED, Sdtm, YesNo

# A form reads like a table: one question a line.
# fmt: off

#: What is asked one by one, in the words of the family (protocol 6.1), with the question in Arabic.
SYMPTOMS = {
    "headache": ("Headache", "صداع"),
    "fever": ("Fever", "حرارة"),
    "chills": ("Chills or shivering", "رعشة"),
    "vomiting": ("Nausea or vomiting", "غثيان أو ترجيع"),
    "abdominal_pain": ("Abdominal pain", "مغص"),
    "back_pain": ("Pain in back, muscles or joints", "ألم في الظهر أو العضلات أو المفاصل"),
    "neck": ("Stiff neck, or light hurts", "تيبس في الرقبة أو انزعاج من الضوء"),
    "rash": ("Rash, itching or weals", "طفح جلدي أو هرش"),
    "breath": ("Cough, wheeze or short of breath", "كحة أو صعوبة في التنفس"),
    "fatigue": ("Tired, pale or dizzy", "تعب أو شحوب أو دوخة"),
    "urine": ("Dark or red urine, or little urine", "بول غامق أو أحمر أو قليل"),
    "swelling": ("Swollen or painful limb, or the infusion site", "ورم أو ألم في الطرف أو مكان الكانيولا"),
}
ASKED = ("any_symptom", YesNo.YES)


class Means(models.TextChoices):
    TELEPHONE = "TELEPHONE CALL", "Telephone"
    VISIT = "IN PERSON", "At the hospital"
    VIDEO = "REMOTE AUDIO VIDEO", "Video call"


class Respondent(models.TextChoices):
    MOTHER = "MOTHER", "Mother"
    FATHER = "FATHER", "Father"
    GUARDIAN = "GUARDIAN", "Guardian"
    CHILD = "CHILD", "Child (from 7 years)"


REACHED = ("reached", YesNo.YES)


def _symptom(code: str) -> items.Code:
    english, arabic = SYMPTOMS[code]
    return items.Code(f"{english} · {arabic}", options=YesNo, asked_if=ASKED, source=DIRECT, sdtm=Sdtm("AE.AEOCCUR"))


class Contact(Crf):
    """One call: was the child well since the infusion? “No” writes “No” for every symptom."""

    slug = "contact"
    dates_visit = "called_at"

    called_at = items.DateTime("Called at", source=DIRECT, sdtm=Sdtm("SV.SVSTDTC"))
    means = items.Code("How", options=Means, source=DIRECT, sdtm=Sdtm("SV.SVCNTMOD"))
    reached = items.Code("Was the family reached?", options=YesNo, critical=True, source=DIRECT, sdtm=Sdtm("SV.SVOCCUR"))
    why_not = items.Text("What was tried, and why not?", asked_if=("reached", YesNo.NO), source=DIRECT,
                         sdtm=Sdtm("SV.SVREASOC"))
    respondent = items.Code("Who answered", options=Respondent, asked_if=REACHED, source=DIRECT, sdtm=NOT_SUBMITTED)
    any_symptom = items.Code("Any complaint since the infusion? · هل اشتكى الطفل من أي شيء بعد المحلول؟", options=YesNo,
                             asked_if=REACHED, critical=True, source=DIRECT, sdtm=Sdtm("AE.AEOCCUR"),
                             help="Read all symptoms aloud before you choose “No”.")
    headache = _symptom("headache")
    fever = _symptom("fever")
    chills = _symptom("chills")
    vomiting = _symptom("vomiting")
    abdominal_pain = _symptom("abdominal_pain")
    back_pain = _symptom("back_pain")
    neck = _symptom("neck")
    rash = _symptom("rash")
    breath = _symptom("breath")
    fatigue = _symptom("fatigue")
    urine = _symptom("urine")
    swelling = _symptom("swelling")
    other = items.Text("Anything else", asked_if=ASKED, optional=True, source=DIRECT, sdtm=Sdtm("AE.AETERM"))

    sections = [
        Section("Contact", "called_at", "means", "reached", "why_not", "respondent"),
        Section("Since the infusion", "any_symptom", *SYMPTOMS, "other"),
    ]
    edit_checks = [
        EditCheck("CTC01", ["called_at"],
                  lambda c: c.visit is None or c.visit.window.contains(timezone.localtime(c.called_at).date()),
                  "The contact took place outside day 4-7 after the infusion."),
        EditCheck("CTC02", ["any_symptom"], lambda c: c.any_symptom == YesNo.NO or c.is_told(),
                  "“Any complaint” is Yes, but every symptom is No and nothing else is written."),
        EditCheck("CTC03", ["any_symptom", "called_at"], lambda c: not c.event_wanted(), lambda c: c.event_wanted(),
                  rule="protocol 6.3", about="There is a complaint, but no adverse event since the infusion is entered."),
        EditCheck("CTC04", ["urine"], lambda c: c.urine == YesNo.NO,
                  "Dark or little urine after IVIG: think of haemolysis or the kidneys. The child should come today.",
                  rule="protocol 6.1"),
        EditCheck("CTC05", ["neck", "headache"], lambda c: YesNo.NO in (c.neck, c.headache),
                  "Headache with a stiff neck: aseptic meningitis or bleeding inside the skull. The child should come today.",
                  rule="protocol 6.1"),
    ]

    class Meta:
        verbose_name = "contact after an infusion"

    def derive(self, rows: list[Row]) -> None:
        if self.reached == YesNo.YES and self.any_symptom == YesNo.NO:
            for code in SYMPTOMS:
                setattr(self, code, YesNo.NO.value)
                self.missing.pop(code, None)

    def is_asked(self, item: Any) -> bool:
        # With "no complaint" the symptoms are written as No by derive(), not emptied as unasked.
        if item.name in SYMPTOMS and self.reached == YesNo.YES and self.any_symptom == YesNo.NO:
            return True
        return super().is_asked(item)

    def told(self) -> list[str]:
        """The complaints in words."""
        found = [english.lower() for code, (english, _) in SYMPTOMS.items() if getattr(self, code) == YesNo.YES]
        return found + ([self.other] if self.other else [])

    def is_told(self) -> bool:
        """True unless everything was answered and nothing was complained of."""
        return bool(self.told()) or any(getattr(self, code) is None for code in SYMPTOMS)

    @cached_property
    def story(self) -> Story:
        return story_besides(self.record)

    @cached_property
    def infused_at(self) -> datetime | None:
        """The start of the last infusion before the call."""
        return max((i.start for i in self.story.infusions if i.start <= self.called_at), default=None)

    def event_wanted(self) -> str:
        """Complaints for which no adverse event since the infusion is entered, in words."""
        told = self.told()
        if not told or self.infused_at is None:
            return ""
        events = AdverseEvent.objects.filter(record__participant=self.record.participant_id, started_at__gte=self.infused_at)
        return "" if events.exists() else f"Please add an adverse event for: {', '.join(told)}."
