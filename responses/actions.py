"""What changes about responses: summaries follow the data, and physicians take note and decide.

``ResponseSummary`` is not audited: it derives from forms that are. Announcements and decisions are.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Any

from django.db import transaction
from django.utils import timezone

from casebook.models import Participant
from itp_trial.actor import System, acting
from itp_trial.refusal import Refused
from responses import causes, look
from responses.classification import classify
from responses.course import Dossier, dossiers
from responses.models import ClassChange, DoseDecision, LastLook, ResponseSummary
from responses.next_dose import ended_reason, fingerprint, proposal_of
from responses.projection import PROJECTED, class_of, summary


def refresh(*, participant: Participant, today: date, cause: causes.Cause = causes.nothing) -> ResponseSummary:
    """Classifies one participant anew and stores the summary, inside the transaction of the save that changed it."""
    return refresh_many(participants=[participant], today=today, cause=cause)[0]


def refresh_many(
    *, participants: Iterable[Participant], today: date, cause: causes.Cause = causes.nothing
) -> list[ResponseSummary]:
    """Three queries for any number of participants: lock, read, upsert; and one announcement for each changed class.

    The lock comes first and by itself: two people who save two forms of one child at the same time would else each
    classify without the other's form, and the summary would stay wrong until the next save.
    """
    keys = [participant.pk for participant in participants]
    with transaction.atomic():
        rows = Participant.objects.select_related("response").filter(pk__in=keys).order_by("pk")
        locked = list(rows.select_for_update(of=("self",), no_key=True))
        before = {child.pk: getattr(child, "response", None) for child in locked}
        summaries = [summary(found) for found in dossiers(locked, today)]
        stored = ResponseSummary.objects.bulk_create(
            summaries,
            update_conflicts=True,
            unique_fields=["participant"],
            update_fields=[*PROJECTED, "computed_at"],
        )
        for after in stored:
            _announce(before[after.participant_id], after, cause)
        return stored


def _announce(before: ResponseSummary | None, after: ResponseSummary, cause: causes.Cause) -> None:
    """A changed class is told with its reason where the past was rewritten; the rules themselves stand in the trail."""
    if before is None or class_of(before) == class_of(after):
        return
    because = causes.of_rules(before, after) or cause(before, after)
    if not because:
        return
    with acting(System(f"Response rules {after.rules_version}"), because):
        ClassChange.objects.create(
            participant=after.participant,
            state_before=before.state, state_after=after.state,
            best_before=before.best_response, best_after=after.best_response,
            off_before=before.off_therapy, off_after=after.off_therapy,
            because=because, rules_version=after.rules_version,
        )  # fmt: skip


def acknowledge(*, change: ClassChange, by: Any) -> ClassChange:
    """A physician takes note of a changed class; the announcement leaves the page and stays in the trail.

    :raises Refused: somebody has taken note already
    """
    with acting(by, "Took note of the changed class"):
        change = ClassChange.objects.select_for_update(of=("self",)).select_related("acknowledged_by").get(pk=change.pk)
        if change.acknowledged_by is not None:
            raise Refused(f"{change.acknowledged_by.full_name} has already taken note of this change.")
        change.acknowledged_at, change.acknowledged_by = timezone.now(), by
        change.save(update_fields=["acknowledged_at", "acknowledged_by"])
    return change


def decide_dose(
    *, participant: Participant, shown: str, agree: bool, by: Any, today: date, chosen_on: date | None = None, reason: str = ""
) -> DoseDecision:
    """A physician agrees to the proposed next dose, or decides otherwise with the reason.

    ``shown`` is the fingerprint of the proposal on the page: nobody agrees to what they did not see.

    :raises Refused: there is another proposal by now, or none; no reason, or a day before the last dose
    """
    if not agree and not reason.strip():
        raise Refused("Please say why you decide otherwise than proposed.")
    with acting(by, reason.strip() or "Agreed to the proposed dose"):
        locked = Participant.objects.select_for_update(no_key=True).get(pk=participant.pk)
        [dossier] = dossiers([locked], today)
        proposal = _proposal_today(dossier, today)
        if proposal is None or proposal.end_of_treatment is not None or fingerprint(len(dossier.course.doses), proposal) != shown:
            raise Refused("The proposal has changed since you opened the page. Please read what it says now, and decide again.")
        if agree and proposal.due is None:
            raise Refused("There is no proposed day to agree to. Choose a day, with the reason.")
        if not agree and chosen_on is not None and chosen_on <= dossier.course.doses[-1]:
            raise Refused("The next dose is after the last one. Please check the day.")
        return DoseDecision.objects.create(
            participant=locked, dose_number=len(dossier.course.doses), proposal=shown, proposed_on=proposal.due,
            choice=DoseDecision.Choice.AGREED if agree else DoseDecision.Choice.CHANGED,
            chosen_on=proposal.due if agree else chosen_on, reason=reason.strip()[:500],
            rules_version=proposal.rules_version, decided_by=by,
        )  # fmt: skip


def _proposal_today(dossier: Dossier, today: date) -> Any:
    child = dossier.participant
    cancelled = list(child.visits.filter(happened_on=None).order_by("target", "code").values_list("cancelled", flat=True))
    return proposal_of(dossier, classify(dossier.course), today, ended_reason(child, cancelled))


def mark_seen(*, participant: Participant, places: set[int], by: Any) -> LastLook:
    """Ticks corrections as seen by this person. When none is left, the next look begins after the newest of them."""
    with acting(by):
        mark, _ = LastLook.objects.select_for_update().get_or_create(participant=participant, person=by)
        shown = set(look.corrections(participant, mark.place).values_list("place", flat=True))
        ticked = (set(mark.ticked) | places) & shown
        if shown and ticked == shown:
            mark.place, ticked = max(shown), set()
        mark.ticked, mark.looked_at = sorted(ticked), timezone.now()
        mark.save(update_fields=["place", "ticked", "looked_at"])
    return mark
