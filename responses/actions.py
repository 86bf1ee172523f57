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
from responses import causes
from responses.course import dossiers
from responses.models import ClassChange, ResponseSummary
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
