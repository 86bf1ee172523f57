"""Who is trained for which role, and who has to be trained (again)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.db.models import Q
from django.utils import timezone

from delegation.guides import GUIDE_VERSION, still_holds
from delegation.models import Training
from itp_trial.models import RoleAssignment
from itp_trial.permissions import EVERY_SITE, Access
from itp_trial.roles import Can


@dataclass(frozen=True)
class Need:
    """One person in one role, with the training that still holds, or the last one that no longer does."""

    user: Any
    role: str
    role_name: str
    valid: Training | None
    last: Training | None

    @property
    def standing(self) -> str:
        if self.valid:
            return "trained"
        return "retraining" if self.last else "untrained"

    @property
    def edition(self) -> str:
        """The edition of the guide that holds today."""
        return GUIDE_VERSION[self.role]

    @property
    def key(self) -> str:
        """How a posted form names the two."""
        return f"{self.user.pk} {self.role}"


def valid_trainings(entries: Iterable[RoleAssignment]) -> dict[tuple[int, str], Training]:
    """The newest training that still holds of each person and role among these entries, in one query."""
    return {key: need.valid for key, need in _by_person_and_role(entries).items() if need.valid}


def needs(entries: Iterable[RoleAssignment]) -> list[Need]:
    """Each person and role among these entries once, those without a training that holds first."""
    found = _by_person_and_role(entries).values()
    return sorted(found, key=lambda need: (need.valid is not None, need.user.full_name, need.role_name))


def _by_person_and_role(entries: Iterable[RoleAssignment]) -> dict[tuple[int, str], Need]:
    wanted = {(entry.user_id, entry.role): entry for entry in entries}
    trainings: dict[tuple[int, str], list[Training]] = {}
    for training in Training.objects.filter(user__in={user for user, _ in wanted}).order_by("-trained_on", "-pk"):
        trainings.setdefault((training.user_id, training.role), []).append(training)
    return {key: _need(entry, trainings.get(key, [])) for key, entry in wanted.items()}


def _need(entry: RoleAssignment, trainings: list[Training]) -> Need:
    """``trainings`` come newest first."""
    valid = next((training for training in trainings if still_holds(training.role, training.version)), None)
    return Need(entry.user, entry.role, entry.get_role_display(), valid, trainings[0] if trainings else None)


def own_entries(user: Any) -> list[RoleAssignment]:
    """The entries for which this person is or has to be trained."""
    return list(user.assignments.not_over(timezone.localdate()).select_related("user", "site"))


def entries_to_train(access: Access) -> Any:
    """The entries of those whom this person may record a training for: at their sites, or everywhere."""
    entries = RoleAssignment.objects.not_over(timezone.localdate()).filter(user__is_active=True)
    return access.scope(Can.RECORD_TRAINING, entries.select_related("user", "site"))


def trainings_seen_by(access: Access, user: Any) -> Any:
    """The training records that this person may read: their own, and those of people at their sites."""
    rows = Training.objects.select_related("user", "entered_by")
    sites = access.rights.get(Can.RECORD_TRAINING, frozenset())
    if EVERY_SITE in sites:
        return rows
    return rows.filter(Q(user=user) | Q(user__assignments__site__in=[s for s in sites if s is not None])).distinct()
