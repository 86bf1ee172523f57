"""How hospitals of the demonstration report: side effects within the week, serious events in versions."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

from django.utils import timezone

from assessments.actions import note_notification, start_report
from assessments.safety import cases
from casebook.models import FormRecord
from demo.builder import Clinic, at, fill
from itp_trial.normalise import moment

SERIOUS = {
    "measures": "The infusion had ended. Admitted, monitored; next dose at half the rate.", "abated": "NA", "reappeared": "4",
    "vital_signs": "38.4 °C, pulse 118, breaths 24, 104/62 mmHg, SpO2 98 %", "safety_information": "1.0 of 2026",
    "tests": "Cerebrospinal fluid: 210 cells/µL, no bacteria. Head CT: no bleeding.", "related_by_sponsor": "PROBABLY RELATED",
    "product_retained": "N", "sample_sent": "Y", "lot_quarantined": "Y",
    "narrative": "Severe headache with stiff neck and vomiting the day after a maintenance dose. Head CT showed no bleeding;"
                 " the cerebrospinal fluid was sterile with 210 cells/µL. Fluids and paracetamol; home after four days, well.",
    "narrative_ar": "صداع شديد مع تيبس في الرقبة وقيء في اليوم التالي للجرعة. أظهرت الأشعة المقطعية عدم وجود نزيف،"
                    " وكان السائل النخاعي معقما. عولج الطفل بالسوائل والباراسيتامول وخرج بعد أربعة أيام بصحة جيدة.",
}  # fmt: skip
MENINGITIS = {
    "kind": "aseptic_meningitis", "neck": "Y", "photophobia": "Y", "lumbar_puncture": "210 cells/µL, culture sterile",
    "head_imaging": "CT, no bleeding", "remarks": "Symptoms over within four days.",
}  # fmt: skip
DIED = {
    "measures": "Intensive care; the rest of the bag and the lot are kept.", "abated": "NA", "reappeared": "4",
    "vital_signs": "36.9 °C, pulse 62, breaths 12, 150/95 mmHg, SpO2 94 %", "safety_information": "1.0 of 2026",
    "tests": "Head CT: haemorrhage with shift of the midline. Platelets 5 x10^9/L.", "related_by_sponsor": "NOT RELATED",
    "product_retained": "Y", "sample_sent": "N", "lot_quarantined": "N", "cause_of_death": "Intracranial haemorrhage",
    "autopsy": "N",
    "narrative": "Sixteen days after a maintenance dose, with 5 x10^9/L platelets, sudden headache, vomiting, then unconscious."
                 " Head CT showed a haemorrhage. Platelets, IVIG, methylprednisolone, operation; died the next morning.",
    "narrative_ar": "بعد ستة عشر يوما من الجرعة، ومع انخفاض الصفائح، أصيب الطفل بصداع مفاجئ وقيء ثم فقد الوعي. أظهرت الأشعة"
                    " المقطعية نزيفا في المخ. عولج في العناية المركزة وتوفي في صباح اليوم التالي.",
}  # fmt: skip
BLEEDING = {"kind": "intracranial", "head_imaging": "CT, haemorrhage with shift of the midline", "platelets": 5,
            "remarks": "Low count since the response was lost."}  # fmt: skip
ALL = ("sponsor", "committee", "eda", "council")
#: A side effect is reported two days later: what is younger still waits.
REPORTED_AFTER = timedelta(days=2)


def report_side_effect(clinic: Clinic, event: FormRecord) -> None:
    """All four bodies, in one letter, where its day has come."""
    [case] = cases([event.pk])
    sent = case.event.started_at + REPORTED_AFTER
    if sent < timezone.now():
        _tell(clinic, event, [duty.value for duty in case.duties], sent, f"Letter {event.participant}/{event.repeat}")


def report_serious(clinic: Clinic, event: FormRecord, day: Callable[[int], date]) -> None:
    """The notice within the day (one body late), the follow-up within the week; one letter is still owed."""
    event.refresh_from_db()
    times = {"occurred_at": at(day(22), 18, 30), "site_aware_at": at(day(22), 21), "sponsor_aware_at": at(day(22), 23)}
    stay = {"admitted_on": day(22), "discharged_on": day(26)}
    _fill(clinic, event, "serious-event", **times, **stay, **SERIOUS)
    _fill(clinic, event, "special-interest", **MENINGITIS)
    first = _version(clinic, event, "First report, within the day.")
    at_once = ["EG-24H:sponsor", "EG-24H:eda", "EG-24H:council", "SITE-24H:sponsor"]
    _tell(clinic, event, at_once, moment(at(day(22), 23)), "R-1041", first)
    _tell(clinic, event, ["EG-24H:committee"], moment(at(day(24), 9)), "Stamp 77", first)
    second = _version(clinic, event, "Culture of the cerebrospinal fluid sterile; discharged well.")
    complete = ["EG-7D:sponsor", "EG-7D:eda", "EG-7D:committee", "SUSAR-15D:eda"]
    _tell(clinic, event, complete, moment(at(day(28), 11)), "R-1066", second)


def report_death(clinic: Clinic, event: FormRecord, day: Callable[[int], date]) -> None:
    """The notice on the same day, to all; the full report is due within the week."""
    event.refresh_from_db()
    times = {"occurred_at": at(day(43), 14), "site_aware_at": at(day(43), 15), "sponsor_aware_at": at(day(43), 17)}
    _fill(clinic, event, "serious-event", **times, admitted_on=day(43), died_on=day(44), **DIED)
    _fill(clinic, event, "special-interest", **BLEEDING)
    first = _version(clinic, event, "First report, on the day.")
    _tell(clinic, event, [*(f"EG-24H:{body}" for body in ALL), "SITE-24H:sponsor"], moment(at(day(43), 20)), "R-2003", first)


#: By the key of the child whose story it is.
REPORTED = {"serious_event": report_serious, "relapsed": report_death}


def _fill(clinic: Clinic, event: FormRecord, form: str, **answers: Any) -> None:
    fill(FormRecord.objects.get(about=event, form=form), clinic.coordinator, **answers)


def _version(clinic: Clinic, event: FormRecord, news: str) -> FormRecord:
    record = start_report(event=event, by=clinic.investigator)
    return fill(record, clinic.investigator, nullifies="N", what_is_new=news).record


def _tell(clinic: Clinic, event: FormRecord, duties: list[str], sent: Any, proof: str, report: FormRecord | None = None) -> None:
    told = {"sent_at": sent, "way": "email", "proof": proof, "report": report, "by": clinic.coordinator}
    note_notification(event=event, duties=duties, **told)
