"""Everything on the page of one participant, in a fixed number of queries.

Forms, open visits, lots, announcements, the decision about the next dose, the clocks of serious events; for a physician also the
open questions, what waits for a signature, and what was corrected since the last look.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db.models import Exists, OuterRef, Q, Subquery

from assessments import safety
from casebook.models import FormRecord, Participant, Visit
from dosing.blood_group import BloodGroupTest, ChildsGroup, group_in
from enrollment.crfs import Reconsent
from enrollment.versions import ConsentVersion
from itp_trial.reasons import dates_in, readable
from responses import facts
from responses.agreement import CARD, agreement
from responses.answer import ASSUMED_RULES, answer_rest
from responses.charts import Scale, draw
from responses.classification import classify
from responses.course import READ, Dossier, dossiers
from responses.decision import decision_on
from responses.infusions import infusions
from responses.look import since_last_look
from responses.models import ClassChange
from responses.next_dose import ended_reason, next_dose
from responses.own_category import own_category
from responses.questions import questions
from responses.selectors import header_of
from responses.sensitivity import differs, readings
from responses.verdicts import Verdict
from signatures.selectors import Waiting, waiting_of

WIDE, NARROW = 960, 360


@dataclass(frozen=True)
class Why:
    """One reason with its rule, and the forms that hold the values it names: (words, record id)."""

    rule: str
    text: str
    assumed: bool
    forms: tuple[tuple[str, str], ...]


def dashboard(participant: Participant, today: date, scale: Scale = "log", physician: Any = None) -> dict[str, Any]:
    """The context of the page. The classification is live: a summary may be from an earlier day.

    ``physician`` is the person who looks, where that is somebody who decides: they see what was corrected since.
    """
    [dossier] = dossiers([participant], today, {**READ, **CARD})
    verdict = classify(dossier.course)
    visits = _visits(participant)
    asked_again = next((visit for visit in visits if visit.asks_again), None)
    visits = [visit for visit in visits if visit.happened_on is None]
    drawing, rows = facts.chart(dossier, verdict), facts.table(dossier, verdict)
    dose = next_dose(dossier, verdict, today, ended_reason(participant, [visit.cancelled for visit in visits]),
                     _group(dossier))  # fmt: skip
    return {
        "participant": participant,
        "header": header_of(dossier, verdict, today),
        "verdict": verdict,
        "answer": answer_rest(verdict, dossier.course),
        "why": reasons(verdict, rows),
        "changes": [readable(text) for text in verdict.what_would_change],
        "chart_wide": draw(drawing, width=WIDE, key="wide", scale=scale),
        "chart_narrow": draw(drawing, width=NARROW, key="narrow", scale=scale),
        "scale": scale,
        "readings": (others := [(reading, differs(reading.verdict, verdict)) for reading in readings(dossier.course)]),
        "readings_differ": sum(other for _, other in others),
        "own": own_category(participant, verdict),
        "decision": decision_on(participant, dose),
        "questions": questions(participant) if physician else [],
        "to_sign": _to_sign(participant) if physician else None,
        "clocks": _clocks(dossier),
        "agreement": agreement(dossier.entries, asked_again),
        "since": since_last_look(participant, physician) if physician else None,
        "has_counts": bool(drawing.points),
        "rows": rows,
        "next_dose": dose,
        "dose_reasons": [(r.rule, readable(r.text)) for r in dose.proposal.reasons] if dose.proposal else [],
        "announcements": list(ClassChange.objects.filter(participant=participant, acknowledged_at=None)),
        "next_visit": next((visit for visit in visits if not visit.cancelled), None),
        **_cards(dossier, rows),
    }


def _visits(participant: Participant) -> list[Any]:
    """The visits still to come, and one at which the family waits to be asked again, with the version that is asked for."""
    waits = Exists(FormRecord.objects.filter(visit=OuterRef("pk"), form=Reconsent.slug, version=0))
    asking = ConsentVersion.objects.filter(site=OuterRef("participant__site"), asks_again=True).order_by("-from_day")
    found = Visit.objects.annotate(asks_again=waits, asks_for=Subquery(asking.values("version")[:1]))
    return list(found.filter(Q(happened_on=None) | Q(asks_again=True), participant=participant).order_by("target", "code"))


def _group(dossier: Dossier) -> ChildsGroup | None:
    found = next(iter(dossier.of(BloodGroupTest.slug)), None)
    return group_in(BloodGroupTest(**found.answers)) if found else None


def _clocks(dossier: Dossier) -> list[safety.Step]:
    """What is owed about the serious events of this child; no query where there is none."""
    serious = [event.ref for event in facts.events(dossier) if event.serious]
    return safety.steps_owed(safety.cases(serious)) if serious else []


def _to_sign(participant: Participant) -> Waiting:
    [waiting] = waiting_of([participant])
    return waiting


def _cards(dossier: Dossier, rows: list[facts.Row]) -> dict[str, Any]:
    return {
        "events": (events := facts.events(dossier)),
        "open_events": [event for event in events if event.open],
        "open_serious": any(event.open and event.serious for event in events),
        "infusions": infusions(dossier),
        "rescues": facts.rescue_rows(dossier),
        "bleeding": facts.bleeding(dossier),
        "bleeding_rows": [row for row in reversed(rows) if row.kind == "Bleeding"],
        "other_therapy_end": dossier.course.other_itp_therapy_end,
    }


def reasons(verdict: Verdict, rows: list[facts.Row]) -> list[Why]:
    """The reasons of the verdict, each linked to the forms of the days that it names."""
    by_day: dict[date, list[facts.Row]] = {}
    for row in rows:
        by_day.setdefault(row.on, []).append(row)
    return [
        Why(reason.rule, readable(reason.text), reason.rule in ASSUMED_RULES, tuple(_forms(reason.text, by_day)))
        for reason in verdict.reasons
    ]


#: Kind of row -> the words in a reason that speak of it ("" = always) and the name of the link.
_NAMED = {
    "Platelets": ("", "count"),
    "Dose": ("dose", "dose"),
    "Rescue": ("rescue", "rescue"),
    "Bleeding": ("bleeding of grade", "bleeding"),
}


def _forms(text: str, by_day: dict[date, list[facts.Row]]) -> Iterator[tuple[str, str]]:
    """The forms of the days that a reason names, of the kinds that it speaks of, each form once."""
    seen = set()
    for on in dates_in(text):
        for row in by_day.get(on, []):
            said, name = _NAMED.get(row.kind, ("", ""))
            if name and said in text and row.ref not in seen:
                seen.add(row.ref)
                yield f"{name} {on:%d %b %Y}", row.ref
