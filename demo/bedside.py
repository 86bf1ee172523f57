"""Doses as they are really given: planned, confirmed by a second person, run on the sheet at the bedside."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from uuid import uuid4

from django.utils import timezone

from casebook.models import FormRecord, Participant
from demo.builder import THAWED_BEFORE, Clinic, at, record
from dosing import actions, planning
from dosing.actions.run_sheet import Tap
from dosing.crfs import Bag
from dosing.plans import DosePlan
from dosing.run_sheet import Kind
from itp_trial.normalise import moment

#: Minutes after the start at which the ward measured; the hourly set of the fifth hour was forgotten.
MEASURED = (-15, 15, 30, 45, 60, 90, 120, 180, 240, 360)
USUAL = {"temperature": "36.8", "heart_rate": "96", "respiratory_rate": "22", "systolic": "102", "diastolic": "62", "spo2": "98"}


def plan_dose(clinic: Clinic, child: Participant, code: str, weight: Decimal | int, on: date, *, confirmed: bool) -> DosePlan:
    """The coordinator accepts what the planner proposes; the investigator confirms it, or has not come yet."""
    infusion, kilograms = record(child, "infusion", code), Decimal(weight)
    portions = planning.proposed(infusion, kilograms, planning.freezer(infusion))
    taken = {portion.bag.key for portion in portions}
    clinic.bags = [bag for bag in clinic.bags if str(bag.pk) not in taken]
    plan = actions.accept_plan(record=infusion, weight_kg=kilograms, weight_on=on, portions=portions, by=clinic.coordinator)
    return actions.confirm_plan(plan=plan, by=clinic.investigator) if confirmed else plan


def infuse(clinic: Clinic, child: Participant, code: str, on: date, weight: Decimal | int, *, reaction: str = "") -> FormRecord:
    """A planned dose from the first vital signs to the end; the infusion form is written by the sheet."""
    plan, infusion = plan_dose(clinic, child, code, weight, on, confirmed=True), record(child, "infusion", code)
    start = moment(at(on, 9, 30))
    bags = [line.bag for line in plan.bags.all()]
    actions.move_bags(bags=bags, kind="thawed", at=start - THAWED_BEFORE, by=clinic.pharmacist)
    for minute, kind, more in sorted(_story(plan, bags, reaction), key=lambda each: each[0]):
        tap = Tap(uuid4(), kind, more.get("values", {}), bag=more.get("bag"), at=start + timedelta(minutes=minute))
        actions.note_event(record=infusion, tap=tap, by=clinic.coordinator)
    return infusion


def _story(plan: DosePlan, bags: list[Bag], reaction: str) -> Any:
    """What is tapped, minute by minute: the bags one after another, the rates of the plan, the vital signs, the end."""
    yield from ((minute, Kind.VITALS, {"values": USUAL}) for minute in MEASURED)
    end = 60 * 7
    for number, bag in enumerate(bags):
        yield (-2 if number == 0 else end * number // len(bags)), Kind.BAG, {"bag": bag}
    first, *steps = plan.steps
    yield 0, Kind.START, {"values": {"rate": first[2]}}
    yield from ((minute, Kind.RATE, {"values": {"rate": per_hour}}) for minute, _, per_hour in steps)
    if reaction:
        yield 150, Kind.REACTION, {"values": {"words": reaction}}
    yield from ((minute, Kind.VITALS, {"values": USUAL}) for minute in (end, end + 30, end + 60))
    yield end, Kind.END, {}


def is_recent(on: date) -> bool:
    """A weight of that day could still be used for a plan today."""
    return timezone.localdate() - timedelta(days=7) <= on < timezone.localdate()
