"""The line listing of serious adverse events: one event a line, with causality, clocks and what was told."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from assessments import clocks, ctcae
from assessments.case import control_number
from assessments.crfs.safety import CRITERIA
from assessments.safety import Duty, SafetyCase
from reports.csv_export import CsvFile, made

#: Column -> whether people typed it.
COLUMNS = {
    "site": False, "participant": False, "event": False, "control_number": False, "term": True, "coded_term": False,
    "meddra": False, "grade": False, "started_at": False, "ended_at": False, "period": False, "counted_from": False, "lots": True,
    "criteria": False, "related": False, "related_by_sponsor": False, "expected": False, "action": False, "outcome": False,
    "occurred_at": False, "site_aware_at": False, "sponsor_aware_at": False, "latest_version": False,
    **{f"{code}:{body}": False for code, rule in clocks.RULES.items() if code != clocks.SIDE_EFFECT.code for body in rule.bodies},
}  # fmt: skip


def sae_csv(cases: Iterable[SafetyCase], *, excel: bool = False) -> CsvFile:
    """The serious ones among these events, by site, child and start."""
    serious = sorted((case for case in cases if case.is_serious), key=_place)
    return made("serious-events", COLUMNS, [_line(case) for case in serious], excel)


def _place(case: SafetyCase) -> Any:
    record = case.event.record
    return record.participant.site.code, record.participant.screening_number, record.repeat


def _line(case: SafetyCase) -> dict[str, Any]:
    event, serious, child = case.event, case.serious, case.event.record.participant
    said = {name: _said(event, name) for name in COLUMNS if name in event.items()}
    more = {name: _said(serious, name) for name in COLUMNS if serious and name in serious.items()}
    term = ctcae.TERMS.get(event.coded_term or "")
    return dict.fromkeys(COLUMNS, "") | said | more | {
        "site": child.site.code, "participant": child.number, "event": str(event.record.repeat),
        "control_number": control_number(event), "meddra": term.meddra if term else "",
        "criteria": " ".join(name for name in CRITERIA if getattr(event, name) == "Y"),
        "latest_version": case.latest.name if case.latest else "",
        **{duty.value: _duty(duty) for duty in case.duties},
    }  # fmt: skip


def _said(form: Any, name: str) -> str:
    return str(form.items()[name].exported(getattr(form, name)))


def _duty(duty: Duty) -> str:
    """``told 2026-04-05T16:30+02:00``, ``open until ...``: the state, and the moment that goes with it."""
    at = duty.told.sent_at if duty.told else duty.deadline.due
    return f"{duty.state} {at.astimezone(clocks.CAIRO).isoformat(timespec='minutes')}" if at else duty.state
