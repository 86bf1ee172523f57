"""The CIOMS I form of one version of a report, with its continuation page, as PDF (boxes in ``standards.md`` 6.1).

It is made from the content that the version keeps: what was sent can be printed again, whatever was corrected since.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.conf import settings
from django.template.loader import render_to_string

from assessments import clocks
from assessments.crfs.safety import Action, Outcome, Related
from assessments.crfs.serious import Abated, Reappeared, SafetyReport
from assessments.notification import Notification
from casebook.changes import moment
from reports.pdf import PdfFile, rendered

#: What fits into box 7 + 13; the whole text stands on the continuation page.
SHOWN = 620
CRITERIA = {
    "death": "Patient died",
    "hospitalised": "Inpatient hospitalisation or prolongation",
    "disability": "Persistent or significant disability",
    "life_threatening": "Life-threatening",
    "congenital": "Congenital anomaly",
    "important": "Other medically important",
}


def cioms_pdf(report: SafetyReport) -> PdfFile:
    """Raises ``PdfNotMade``."""
    return PdfFile(f"{file_name(report)}-cioms.pdf", rendered(cioms_html(report)))


def file_name(report: SafetyReport) -> str:
    """Subject number, number of the version and of its record: nothing that anybody typed."""
    return f"{report.record.participant.number}-report-{report.record.repeat}-version-{report.number:.0f}"


def cioms_html(report: SafetyReport) -> str:
    content = report.data
    event, serious = content["event"], content["serious"]
    described = " ".join(text for text in (_headline(event), serious.get("narrative", ""), serious.get("tests", "")) if text)
    context = {
        "report": report, "c": content, "event": event, "serious": serious, "demo": settings.DEMO, "name": report.name,
        "age": age(content["child"]["age_months"]), "onset": _parts(event["started_at"]),
        "criteria": [(label, name in event["criteria"]) for name, label in CRITERIA.items()],
        "described": described[:SHOWN], "continues": len(described) > SHOWN,
        "doses": _until(content["doses"], event["started_at"])[-3:], "related": _label(Related, event["related"]),
        "related_sponsor": _label(Related, serious.get("related_by_sponsor", "")),
        "action": _label(Action, event["action"]), "outcome": _label(Outcome, event["outcome"]),
        "abated": _label(Abated, serious.get("abated", "")), "reappeared": _label(Reappeared, serious.get("reappeared", "")),
        "moments": {name: said(event.get(name) or serious.get(name, "")) for name in MOMENTS},
        "received": said(first_received(report)), "saved_at": report.record.saved_at, "saved_by": report.record.saved_by,
        "all_doses": [_read(dose) for dose in content["doses"]],
        "counts": [{**count, "taken": said(count["taken_at"])} for count in content["counts"]],
    }  # fmt: skip
    return render_to_string("reports/cioms.html", context)


MOMENTS = ("started_at", "ended_at", "occurred_at", "site_aware_at", "sponsor_aware_at")


def said(exported: str) -> str:
    """An exported moment as people read it, or an empty text."""
    return moment(datetime.fromisoformat(exported)) if exported else ""


def age(months: int | None) -> str:
    """Years from the second birthday, months before."""
    if months is None:
        return ""
    return f"{months // 12} years" if months >= 24 else f"{months} months"


def first_received(report: SafetyReport) -> str:
    """When the sponsor was first aware: its own statement, else the first notification to it."""
    stated = str(report.data["serious"].get("sponsor_aware_at", ""))
    if stated:
        return stated
    told = Notification.standing.filter(record=report.record.about_id, body=clocks.Body.SPONSOR).order_by("sent_at").first()
    return told.sent_at.isoformat() if told else ""


def _headline(event: dict[str, Any]) -> str:
    grade = f", CTCAE v5.0 grade {event['grade']}" if event["grade"] else ""
    return f"{event['term']} ({event['coding']['name'] or 'not coded'}{grade})."


def _parts(exported: str) -> dict[str, str]:
    at = datetime.fromisoformat(exported)
    return {"day": f"{at:%d}", "month": f"{at:%b}", "year": f"{at:%Y}", "time": f"{at:%H:%M}"}


def _until(doses: list[dict[str, Any]], started_at: str) -> list[dict[str, Any]]:
    """The doses that had started when the event began, with their times as people read them."""
    onset = datetime.fromisoformat(started_at)
    given = [dose for dose in doses if dose["started_at"] and datetime.fromisoformat(dose["started_at"]) <= onset]
    return [_read(dose) for dose in given]


def _read(dose: dict[str, Any]) -> dict[str, Any]:
    return {**dose, "started": said(dose["started_at"]), "stopped": said(dose["stopped_at"])}


def _label(choices: Any, value: str) -> str:
    return str(dict(choices.choices).get(value, "")) if value else ""
