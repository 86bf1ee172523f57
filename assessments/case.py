"""Everything that a report of a serious event says, gathered from the casebook into plain values.

The CIOMS form and the E2B data set are made from it (``standards.md`` 6.1). No name, no birth date and no initials: the child is
its subject number and its age. Moments are ISO 8601 in Cairo with their offset, numbers are texts, so that the content can
be stored, compared and digested.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date
from typing import Any

from django.utils import timezone

from assessments import ctcae
from assessments.crfs.blood_count import BloodCount
from assessments.crfs.safety import CRITERIA, AdverseEvent, infusions_of
from assessments.crfs.serious import SafetyReport, SeriousEvent
from assessments.crfs.special_interest import SpecialInterest
from casebook.crf import Crf, crf_models
from casebook.items import Sdtm
from dosing.crfs import Infusion
from enrollment.crfs import Screening
from itp_trial.protocol import REGISTRY_ID, SPONSOR, STUDY_ID, TITLE

COUNTRY = "EG"
ORGANISATION = "ASSIUTUNIV"
COUNTS_SHOWN = 6


def of(report: SafetyReport) -> dict[str, Any]:
    """The content of this version as the casebook stands now."""
    event = AdverseEvent.everything.select_related("record__participant__site").get(pk=report.record.about_id)
    serious = SeriousEvent.objects.filter(record__about=event.pk).first()
    child = event.record.participant
    return {
        "study": {"id": STUDY_ID, "registry": REGISTRY_ID, "title": TITLE, "sponsor": SPONSOR, "country": COUNTRY},
        "control_number": control_number(event),
        "version": int(report.number or 0),
        "kind": report.kind,
        "what_is_new": report.what_is_new or "",
        "child": _child(child, event),
        "site": {"code": child.site.code, "name": child.site.name},
        "event": _event(event),
        "serious": _said(serious) if serious else {},
        "special_interest": [_lines(form) for form in SpecialInterest.objects.filter(record__about=event.pk)],
        "doses": [_dose(given.key) for given in infusions_of(child.pk)],
        "concomitant": list(_concomitant(child.pk)),
        "history": list(_history(child.pk)),
        "counts": list(_counts(child.pk)),
    }


def control_number(event: AdverseEvent) -> str:
    """Country, organisation, study, child and event: unique without looking at other sites, the same in every version."""
    return f"{COUNTRY}-{ORGANISATION}-{STUDY_ID}-{event.record.participant.number}-{event.record.repeat:02d}"


def text(content: dict[str, Any]) -> str:
    """The content as it is kept: the same content always gives the same text."""
    return json.dumps(content, sort_keys=True, ensure_ascii=False)


def _child(child: Any, event: AdverseEvent) -> dict[str, Any]:
    screening = Screening.objects.filter(record__participant=child.pk).first()
    born = screening.birth_date if screening else None
    months = _months(born, timezone.localtime(event.started_at).date()) if born and event.started_at else None
    dose = Infusion.objects.filter(record__participant=child.pk, weight_kg__isnull=False).order_by("-weight_on").first()
    return {
        "number": child.number,
        "sex": (screening.sex or "") if screening else "",
        "age_months": months,
        "diagnosed_on": (screening.diagnosed_on or "") if screening else "",
        "weight_kg": _plain(dose, "weight_kg") if dose else "",
    }


def _months(born: date, on: date) -> int:
    """Completed months of age."""
    return (on.year - born.year) * 12 + on.month - born.month - (on.day < born.day)


def _event(event: AdverseEvent) -> dict[str, Any]:
    term = ctcae.TERMS.get(event.coded_term or "")
    coding = {"name": term.name, "meddra": term.meddra} if term else {"name": "", "meddra": ""}
    grade = ctcae.definition(event.coded_term, event.grade) if term and event.grade else ""
    criteria = [name for name in CRITERIA if getattr(event, name) == "Y"]
    return {**_said(event), "coding": coding, "grade_means": grade, "criteria": criteria}


def _said(form: Crf) -> dict[str, Any]:
    """Every answer as exports write it, empty for none."""
    return {name: item.exported(getattr(form, item.attname)) for name, item in form.items().items()}


def _lines(form: Crf) -> list[list[str]]:
    """The answered questions of a form, as they are read."""
    return [[item.label, form.display(item)] for name, item in form.items().items() if getattr(form, name) is not None]


def _plain(form: Crf, name: str) -> str:
    return str(form.items()[name].exported(getattr(form, name)))


def _dose(infusion: Infusion) -> dict[str, Any]:
    names = ("started_at", "stopped_at", "grams", "g_per_kg", "volume_ml", "mean_rate", "max_rate", "premedication")
    title, code = infusion.record.visit.title, infusion.record.visit.code
    return {"visit": code, "title": title, "lots": getattr(infusion, "lot_numbers", "") or ""} | {
        n: _plain(infusion, n) for n in names
    }


#: What a form that records a medicine calls its parts.
MEDICINE = {"CM.CMTRT": "name", "CM.CMSTDTC": "started", "CM.CMENDTC": "ended", "CM.CMDOSTXT": "dose", "CM.CMINDC": "why"}


def _concomitant(participant: Any) -> Iterator[dict[str, str]]:
    """Every medicine of the logs (rescue and other therapy), whichever form holds it."""
    for model in crf_models():
        parts = {
            MEDICINE[str(i.sdtm)]: n for n, i in model.items().items() if isinstance(i.sdtm, Sdtm) and str(i.sdtm) in MEDICINE
        }
        if not model.is_log or "name" not in parts:
            continue
        for form in model.objects.filter(record__participant=participant).order_by("record__created_at"):
            yield {part: form.display(form.items()[name]) for part, name in parts.items()}


def _history(participant: Any) -> Iterator[list[str]]:
    """What the forms say of the time before the trial: every answered question of the medical history."""
    for model in crf_models():
        names = [n for n, i in model.items().items() if isinstance(i.sdtm, Sdtm) and i.sdtm.variable.startswith("MH.")]
        forms = model.objects.filter(record__participant=participant) if names and not model.is_product else []
        for form in forms:
            yield from ([form.items()[n].label, form.display(form.items()[n])] for n in names if getattr(form, n) is not None)


def _counts(participant: Any) -> Iterator[dict[str, str]]:
    """The latest blood counts, the oldest first."""
    known = BloodCount.objects.filter(record__participant=participant, taken_at__isnull=False).order_by("-taken_at")
    for count in reversed(known[:COUNTS_SHOWN]):
        yield {name: _plain(count, name) for name in ("taken_at", "platelets", "haemoglobin", "leukocytes")}
