"""The run sheet: every tap is one event; start, end and stop write the infusion form, so that nothing is entered twice."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.utils import timezone

from casebook.actions import save_form
from casebook.forms import CrfForm
from casebook.items import YesNo
from casebook.models import FormRecord, Participant
from casebook.selectors import RECORDS
from dosing import planning, run_sheet
from dosing.crfs import Bag
from dosing.product import BagMovement
from dosing.run_sheet import Illegal, Kind, Sheet
from dosing.sheets import RunEvent, events_of, sheet_of
from itp_trial.actor import acting
from itp_trial.normalise import typed_moment
from itp_trial.refusal import Refused

#: After these the infusion form is written anew.
WRITES_FORM = (Kind.START, Kind.RATE, Kind.REACTION, Kind.STOP, Kind.END)
#: A tap that waited longer than this in a phone is entered in the form, by a person who knows what it was.
LONGEST_WAIT = timedelta(hours=72)
FROM_SHEET = "From the run sheet"


@dataclass(frozen=True)
class Tap:
    """What the page sends: kind, values, and for a tap that waited without network the phone's own time."""

    key: UUID
    kind: Kind
    values: dict[str, Any]
    reason: str = ""
    bag: Bag | None = None
    device_at: datetime | None = None
    waited: bool = False
    corrects: RunEvent | None = None
    #: The true time of something that is corrected; otherwise the server's or the phone's counts.
    at: datetime | None = None


@dataclass(frozen=True)
class Noted:
    """The stored event, and why the infusion form could not follow, or an empty text."""

    event: RunEvent
    problem: str = ""


def note_event(*, record: FormRecord, tap: Tap, by: Any) -> Noted:
    """Stores one tap. The same tap sent twice is stored once.

    :raises Refused: in words, where this cannot happen now; at the start also where the infusion form refuses the dose
    """
    with acting(by, tap.reason):
        Participant.objects.select_for_update(no_key=True).get(pk=record.participant_id)
        if (known := RunEvent.objects.filter(pk=tap.key).first()) is not None:
            return Noted(known)
        at = _time_of(tap)
        _refuse(record, tap, at)
        event = RunEvent.objects.create(
            id=tap.key, record=record, kind=tap.kind, at=at, device_at=tap.device_at, waited=tap.waited, values=tap.values,
            bag=tap.bag, reason=tap.reason.strip(), corrects=tap.corrects, recorded_by=by,
        )  # fmt: skip
        if tap.kind is Kind.BAG and tap.bag is not None:
            _refuse_gone(tap.bag)
        problem = ""
        # Vital signs after the end change how many sets were missed.
        if tap.kind in WRITES_FORM or tap.corrects is not None or (tap.kind is Kind.VITALS and sheet_of(record).over):
            try:
                write_form(record=record, by=by)
            except Refused as refusal:
                if tap.kind is Kind.START:
                    raise
                # What happened at the bedside is stored in any case; the form says what stands in its way.
                problem = str(refusal)
    return Noted(event, problem)


def write_form(*, record: FormRecord, by: Any) -> None:
    """The infusion form after the run sheet: start, stop, highest rate, end, bags; weight from the confirmed plan.

    :raises Refused: with every sentence of the form that stands in the way
    """
    sheet = sheet_of(record)
    if sheet.started is None:
        return
    record = RECORDS.get(pk=record.pk)
    page = CrfForm(record.crf())
    posted = {**_as_posted(page), **_answers(record, sheet), "change-reason": "other", "change-reason-text": FROM_SHEET}
    form = CrfForm(record.crf(), {**posted, **_bag_rows(page, record, sheet)})
    if not form.is_valid():
        raise Refused(" ".join(dict.fromkeys(text for texts in form.errors.values() for text in texts)))
    save_form(form=form, by=by)


def _time_of(tap: Tap) -> datetime:
    """The server's clock counts; the phone's only for a tap that waited, never later than now."""
    now = timezone.now()
    at = tap.at or (tap.device_at if tap.waited and tap.device_at else now)
    if at > now + timedelta(minutes=1):
        raise Refused("This time lies in the future. Please check the clock of this phone.")
    if tap.waited and now - at > LONGEST_WAIT:
        raise Refused("This entry waited for more than 72 hours. Please enter it in the infusion form.")
    return min(at, now)


def _refuse(record: FormRecord, tap: Tap, at: datetime) -> None:
    if tap.corrects is not None:
        if not tap.reason.strip():
            raise Refused("Please say why this entry is corrected.")
        if RunEvent.objects.filter(corrects=tap.corrects).exists():
            raise Refused("This entry was corrected already.")
        return
    if tap.kind is Kind.STOP and not tap.reason.strip():
        raise Refused("Please say why the infusion is stopped.")
    if tap.kind in (Kind.START, Kind.RATE) and not tap.values.get("rate"):
        raise Refused("Please enter the rate of the pump in mL/h.")
    try:
        # A tap that waited is judged by its own time, among what happened before it.
        events = [row.event for row in events_of(record) if row.at <= at]
        run_sheet.refuse_illegal(run_sheet.read(events, at), tap.kind)
    except Illegal as problem:
        raise Refused(str(problem)) from problem


def _refuse_gone(bag: Bag) -> None:
    """A bag that hangs at the bed must not have been wasted or returned."""
    if BagMovement.standing().filter(bag=bag, kind__in=("wasted", "returned")).exists():
        raise Refused(f"Bag {bag.label} was wasted or returned. Please check the label.")


def _answers(record: FormRecord, sheet: Sheet) -> dict[str, str]:
    started, over = sheet.started, sheet.over
    answers = {"started_at": typed_moment(started.at) if started else ""}
    if sheet.max_rate:
        answers["max_rate"] = str(sheet.max_rate)
    if over is not None:
        answers |= {"stopped_at": typed_moment(over.at), "stopped_early": YesNo.YES if sheet.stopped_early else YesNo.NO}
        answers |= {"stop_reason": over.reason if sheet.stopped_early else ""}
        answers |= {"reaction": YesNo.YES if sheet.reactions else YesNo.NO}
    elif sheet.reactions:
        answers["reaction"] = YesNo.YES
    infusion, plan = record.crf(), planning.standing_plan(record)
    if infusion.weight_kg is None and plan is not None:
        answers |= {"weight_kg": str(plan.weight_kg), "weight_on": plan.weight_on.isoformat()}
    return answers


def _bag_rows(page: CrfForm, record: FormRecord, sheet: Sheet) -> dict[str, str]:
    """A line for each bag that was hung. Its volume is known at the end: all of it, of the last one less what is left."""
    hung = [row for row in events_of(record) if row.kind == Kind.BAG and str(row.pk) in {event.key for event in sheet.bags}]
    plan = planning.standing_plan(record)
    planned = {line.bag_id: line.volume_ml for line in plan.bags.all()} if plan else {}
    [group] = page.groups
    places = {str(row.sheet.bag_id): i for i, row in enumerate(group.forms) if row.sheet.bag_id}
    free = iter(i for i, row in enumerate(group.forms) if not row.sheet.bag_id)
    posted: dict[str, str] = {}
    for number, event in enumerate(hung, start=1):
        place = places.get(str(event.bag_id)) if str(event.bag_id) in places else next(free, len(group.forms))
        posted[f"bags-{place}-bag"] = str(event.bag_id)
        if sheet.over is not None and event.bag is not None:
            left = sheet.over.number("left_ml") or Decimal(0) if number == len(hung) else Decimal(0)
            volume = planned.get(event.bag_id, event.bag.volume_ml) if not left else event.bag.volume_ml
            posted[f"bags-{place}-volume_ml"] = str(max((volume or Decimal(0)) - left, Decimal(0)))
    return posted


def _as_posted(page: CrfForm) -> dict[str, str]:
    """What a browser would send back for a page that nobody touched."""
    shown = [page.main, *(row for group in page.groups for row in group.forms)]
    posted = {f.name: f"~{f.missing}" if f.missing else f.typed for sheet in shown for f in sheet.fields.values()}
    for group in page.groups:
        posted[f"{group.model.slug}-count"] = str(group.count)
        posted |= {f"{row.prefix}id": row.stored_id for row in group.forms if row.stored_id}
    return posted | {"record-version": str(page.record.version)}
