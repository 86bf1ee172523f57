"""The plan of a dose: accepted by one person, confirmed by a second one, withdrawn with a reason (RQ-12)."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone

from casebook.items import plain
from casebook.models import FormRecord, Participant
from dosing import planning
from dosing.blood_group import abo_of
from dosing.crfs import Infusion
from dosing.planner import Plan, Portion
from dosing.plans import DosePlan, PlannedBag
from itp_trial.actor import acting
from itp_trial.refusal import Refused


def accept_plan(*, record: FormRecord, weight_kg: Decimal, weight_on: date, portions: Iterable[Portion], by: Any,
                reason: str = "") -> DosePlan:  # fmt: skip
    """Takes the calculation over as the plan of this dose; the bags are kept for it.

    :raises Refused: the infusion has begun, another plan stands, a wrong blood group, or a question without a reason
    """
    _refuse_started(record)
    plan = planning.compute(record, weight_kg, weight_on, portions)
    _refuse_impossible(plan, reason)
    with acting(by, _said(plan)):
        Participant.objects.select_for_update(no_key=True).get(pk=record.participant_id)
        if planning.standing_plan(record) is not None:
            raise Refused("There is a plan for this dose already. Withdraw it first, with the reason.")
        accepted = DosePlan.objects.create(
            record=record, weight_kg=weight_kg, weight_on=weight_on, child_group=abo_of(record.participant_id),
            target_g=plan.target_g, grams=plan.grams, volume_ml=plan.volume_ml, rules_version=plan.rules_version,
            steps=[[step.minute, str(step.ml_per_kg_h), str(step.ml_per_h)] for step in plan.steps],
            findings=[finding.text for finding in plan.findings], reason=reason.strip(), accepted_by=by,
        )  # fmt: skip
        _keep(accepted, plan.portions)
    return accepted


def confirm_plan(*, plan: DosePlan, by: Any) -> DosePlan:
    """A second person has checked child, weight, bags and volume, and signs for it."""
    with acting(by, "Second person confirms the plan of the dose"):
        plan = DosePlan.objects.select_for_update(of=("self",)).select_related("record").get(pk=plan.pk)
        if plan.accepted_by_id == by.pk:
            raise Refused("You accepted this plan yourself. A second person has to confirm it.")
        if plan.withdrawn_at or plan.confirmed_at:
            raise Refused(f"This plan was {'withdrawn' if plan.withdrawn_at else 'confirmed'} already.")
        plan.confirmed_by, plan.confirmed_at = by, timezone.now()
        plan.save(update_fields=["confirmed_by", "confirmed_at"])
    return plan


def withdraw_plan(*, plan: DosePlan, reason: str, by: Any) -> DosePlan:
    """The plan holds no longer; its bags are free again."""
    if not reason.strip():
        raise Refused("Please say why the plan is withdrawn.")
    with acting(by, reason.strip()):
        plan = DosePlan.objects.select_for_update(of=("self",)).select_related("record__participant").get(pk=plan.pk)
        _refuse_started(plan.record)
        if plan.withdrawn_at:
            raise Refused("This plan was withdrawn already.")
        plan.withdrawn_at, plan.withdrawn_why = timezone.now(), reason.strip()
        plan.save(update_fields=["withdrawn_at", "withdrawn_why"])
        PlannedBag.objects.filter(plan=plan).update(kept=False)
    return plan


def free_kept_bags(*, infusion: Infusion) -> None:
    """An infusion has started: from now on its form says which bags were used."""
    if infusion.started_at is not None:
        PlannedBag.objects.filter(record=infusion.pk, kept=True).update(kept=False)


def _refuse_started(record: FormRecord) -> None:
    if record.form != Infusion.slug:
        raise Refused("A dose is planned for an infusion.")
    if Infusion.objects.filter(pk=record.pk, started_at__isnull=False).exists():
        raise Refused("This infusion has started. What was given stands in its form.")


def _refuse_impossible(plan: Plan, reason: str) -> None:
    if not plan.portions:
        raise Refused("Please choose the bags.")
    if plan.stops:
        raise Refused(" ".join(plan.stops))
    too_much = next((p for p in plan.portions if not 0 < p.ml <= p.bag.volume_ml), None)
    if too_much is not None:
        raise Refused(
            f"Bag {too_much.bag.label} holds {plain(too_much.bag.volume_ml)} mL; {plain(too_much.ml)} mL cannot be given."
        )
    if plan.needs_reason and not reason.strip():
        raise Refused("The planner asks about this dose. Please give the reason for it, or change the plan.")


def _keep(accepted: DosePlan, portions: tuple[Portion, ...]) -> None:
    rows = [PlannedBag(record_id=accepted.record_id, plan=accepted, bag_id=portion.bag.key, volume_ml=portion.ml, position=i)
            for i, portion in enumerate(portions, start=1)]  # fmt: skip
    try:
        with transaction.atomic():
            PlannedBag.objects.bulk_create(rows)
    except IntegrityError as error:
        raise Refused("One of these bags was just taken for another dose. Please compute again.") from error


def _said(plan: Plan) -> str:
    """The acceptance as it stands in the trail."""
    dose = f"{plain(plan.weight_kg)} kg, target {plan.target_g:.2f} g, planned {plan.grams:.2f} g ({plan.percent} %)"
    bags = f"{plain(plan.volume_ml)} mL of {len(plan.portions)} bags"
    return f"Dose calculation accepted: {dose} in {bags}, rules {plan.rules_version}"
