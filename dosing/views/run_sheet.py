"""The run sheet at the bedside: one page for a phone, and one door through which every tap goes."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from casebook.models import FormRecord
from dosing import actions, dose, planning, run_sheet
from dosing.actions.run_sheet import Tap
from dosing.crfs import Infusion, usable_bags
from dosing.run_sheet import Event, Kind, Sheet
from dosing.sheets import RunEvent, age_of, events_of, watched_after
from dosing.views.plan import infusion_of
from itp_trial import vital_signs
from itp_trial.normalise import Unreadable, moment, number
from itp_trial.permissions import access, allow
from itp_trial.refusal import Refused
from itp_trial.roles import Can
from itp_trial.web import act_once, posted

#: Sign -> the words at its input, its unit, decimals.
SIGNS = {
    "temperature": ("Temp.", "°C", 1), "heart_rate": ("Pulse", "/min", 0), "respiratory_rate": ("Breaths", "/min", 0),
    "systolic": ("BP upper", "mmHg", 0), "diastolic": ("BP lower", "mmHg", 0), "spo2": ("SpO₂", "%", 0),
}  # fmt: skip
RATE = Infusion.items()["max_rate"]
LEFT = Infusion.row_models[0].items()["volume_ml"]
LONGEST_WORDS = 300


@dataclass(frozen=True)
class Line:
    """One stored event in the list: what it says in words, and what is alarming about it."""

    row: RunEvent
    minutes: int | None
    words: str
    alerts: list[str]
    replaced: bool


@require_http_methods(["GET", "POST"])
def run_sheet_page(request: HttpRequest, pk: Any) -> HttpResponse:
    """Shows the sheet; a POST is one tap."""
    record = infusion_of(request, pk)
    if request.method == "POST":
        allow(request, Can.EDIT, record.site_id)
        return _tap(request, record)
    return render(request, "dosing/run_sheet.html", _context(request, record))


def _tap(request: HttpRequest, record: FormRecord) -> HttpResponse:
    back = reverse("run-sheet", args=[record.pk])

    def action() -> str:
        try:
            tap = _read(record, posted(request))
        except Unreadable as error:
            raise Refused(str(error)) from error
        noted = actions.note_event(record=record, tap=tap, by=request.user)
        messages.success(request, f"{_KINDS[tap.kind]} noted {timezone.localtime(noted.event.at):%H:%M} Cairo.")
        for words in _warnings(record, noted.event.event):
            messages.warning(request, words)
        if noted.problem:
            messages.error(request, f"Stored here, but the infusion form could not follow: {noted.problem}")
        return back

    return act_once(request, action, back=back)


_KINDS = {
    Kind.VITALS: "Vital signs", Kind.BAG: "Bag", Kind.START: "Start", Kind.RATE: "Rate", Kind.PAUSE: "Pause",
    Kind.RESUME: "Resume", Kind.REACTION: "Reaction", Kind.STOP: "Stop", Kind.END: "End", Kind.VOID: "Correction",
}  # fmt: skip


def _read(record: FormRecord, data: dict[str, str]) -> Tap:
    """One tap from what was posted. Raises ``Unreadable`` or ``Refused`` in the user's words."""
    kind = data.get("kind", "")
    if kind not in list(Kind):
        raise Refused("Please choose what happened.")
    corrects = RunEvent.objects.filter(record=record, pk=_uuid(data.get("corrects"))).first() if data.get("corrects") else None
    if (kind == Kind.VOID or data.get("corrects")) and corrects is None:
        raise Refused("There is no such entry to correct.")
    bag = _bag(record, data.get("bag", "")) if kind == Kind.BAG else None
    corrected_at = moment(data["at"]) if corrects and data.get("at", "").strip() else corrects and corrects.at
    return Tap(
        key=_uuid(data.get("key")) or uuid4(), kind=Kind(kind), values=_values(Kind(kind), data), bag=bag, corrects=corrects,
        reason=data.get("reason", "").strip()[:LONGEST_WORDS], waited=data.get("waited") == "1", at=corrected_at,
        device_at=_device(data.get("device-at", "")),
    )  # fmt: skip


def _values(kind: Kind, data: dict[str, str]) -> dict[str, str]:
    """The numbers and words of one kind of tap, checked for the possible, as text."""
    if kind is Kind.VITALS:
        return _signs(data)
    wanted: dict[str, Callable[[str], Any]] = {
        "rate": RATE.parse,
        "left_ml": LEFT.parse,
        "words": lambda typed: typed[:LONGEST_WORDS],
    }
    return {name: str(read(data[name])) for name, read in wanted.items() if data.get(name, "").strip()}


def _signs(data: dict[str, str]) -> dict[str, str]:
    found = {}
    for name, (words, unit, decimals) in SIGNS.items():
        if typed := data.get(name, "").strip():
            low, high = vital_signs.POSSIBLE[name]
            if not low <= (value := number(typed)) <= high:
                raise Refused(f"{words} {typed} is not possible: enter {low} to {high} {unit}.")
            found[name] = f"{value:.{decimals}f}"
    if not found:
        raise Refused("Please enter at least one vital sign.")
    return found


def _bag(record: FormRecord, key: str) -> Any:
    planned = planning.standing_plan(record)
    offered = {str(line.bag_id): line.bag for line in planned.bags.all()} if planned else {}
    offered |= {str(bag.pk): bag for bag in usable_bags(record, None)}
    if key not in offered:
        raise Refused("Please choose the bag that was hung.")
    return offered[key]


def _uuid(raw: Any) -> UUID | None:
    try:
        return UUID(str(raw))
    except ValueError:
        return None


def _device(raw: str) -> datetime | None:
    try:
        return datetime.fromisoformat(raw).astimezone(UTC) if raw else None
    except ValueError:
        raise Refused("The time of this phone cannot be read.") from None


def _warnings(record: FormRecord, event: Event) -> list[str]:
    """What one fresh event asks for: signs by age and by change, a rate that is high."""
    sheet = run_sheet.read([row.event for row in events_of(record)], timezone.now())
    return _alerts(sheet, event, age_of(record, timezone.localdate()), _weight(record))


def _alerts(sheet: Sheet, event: Event, age: int | None, weight: Any) -> list[str]:
    if event.kind is Kind.VITALS:
        found = [vital_signs.outside(sign, event.number(sign), age) for sign in vital_signs.NAMES
                 if age is not None and event.number(sign) is not None]  # fmt: skip
        return list(dict.fromkeys([*sheet.alerts(event), *filter(None, found)]))
    rate = event.number("rate")
    words = run_sheet.rate_words(rate, weight) if rate is not None else ""
    return [words] if words else []


def _weight(record: FormRecord) -> Any:
    plan = planning.standing_plan(record)
    return plan.weight_kg if plan else record.crf().weight_kg


def _context(request: HttpRequest, record: FormRecord) -> dict[str, Any]:
    rows, now = events_of(record), timezone.now()
    sheet = run_sheet.read([row.event for row in rows], now)
    dues = run_sheet.schedule(sheet, now, watched_after=watched_after(record))
    plan, weight = planning.standing_plan(record), _weight(record)
    planned = [line.bag for line in plan.bags.all()] if plan else []
    hung = {row.bag_id for row in rows if str(row.pk) in {event.key for event in sheet.bags}}
    return {
        "record": record, "participant": record.participant, "sheet": sheet, "dues": dues, "plan": plan, "weight": weight,
        "now": now,
        "next": run_sheet.upcoming(dues, now), "missed": run_sheet.missed(dues, now), "signs": _asked(),
        "lines": list(_lines(rows, sheet, age_of(record, timezone.localdate()), weight)),
        "bags": [bag for bag in planned or usable_bags(record, None) if bag.pk not in hung],
        "step": _step(plan, sheet, now), "took": _took(record, sheet),
        "may_edit": access(request).may(Can.EDIT, record.site_id),
    }  # fmt: skip


def _asked() -> list[tuple[str, str, str, tuple[int, int]]]:
    return [(name, words, unit, vital_signs.POSSIBLE[name]) for name, (words, unit, _) in SIGNS.items()]


def _step(plan: Any, sheet: Sheet, now: datetime) -> dict[str, Any] | None:
    """The rate that the plan asks for now: before the start its first one."""
    if plan is None or not plan.steps:
        return None
    minutes = (now - sheet.started.at).total_seconds() // 60 if sheet.started else 0
    minute, per_kg, per_h = [step for step in plan.steps if step[0] <= minutes][-1]
    return {"minute": minute, "per_kg": per_kg, "per_h": per_h}


def _took(record: FormRecord, sheet: Sheet) -> str:
    """The check of the time (loading: 6-8 h) after the end, in words."""
    if sheet.started is None or sheet.over is None:
        return ""
    # To the minute, as the form has it.
    start, end = (moment.replace(second=0, microsecond=0) for moment in (sheet.started.at, sheet.over.at))
    return dose.duration_words(planning.number_of(record), start, end, sheet.stopped_early) if start < end else ""


def _lines(rows: Iterable[RunEvent], sheet: Sheet, age: int | None, weight: Any) -> Iterable[Line]:
    standing = {event.key for event in sheet.events}
    start = sheet.started.at if sheet.started else None
    for row in sorted(rows, key=lambda each: (each.at, each.recorded_at), reverse=True):
        event = row.event
        minutes = int((row.at - start).total_seconds() // 60) if start else None
        alerts = _alerts(sheet, event, age, weight) if event.key in standing else []
        yield Line(row, minutes, _words(row), alerts, event.key not in standing)


def _words(row: RunEvent) -> str:
    values = row.values
    if row.kind == Kind.VITALS:
        return ", ".join(f"{SIGNS[name][0]} {values[name]} {SIGNS[name][1]}" for name in SIGNS if name in values)
    parts = [f"{row.bag.crf.lot_number} / {row.bag.label}"] if row.bag else []
    parts += [f"{values['rate']} mL/h"] if "rate" in values else []
    parts += [values["words"]] if "words" in values else []
    parts += [f"{values['left_ml']} mL left in the last bag"] if "left_ml" in values else []
    return ", ".join([*parts, *([row.reason] if row.reason else [])])
