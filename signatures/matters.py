"""What can be signed, by scope: its forms, its meaning, and what stands against signing it now."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.db.models import Q

from casebook.crf import crf_models
from casebook.models import FormRecord, Participant, Visit
from itp_trial.permissions import Access
from itp_trial.roles import RIGHTS, Can, Role
from signatures.models import Meaning, Scope

#: Reasons, in words, why a matter of this scope must not be signed now. Upper apps add theirs.
against: dict[str, list[Callable[[Participant], list[str]]]] = {scope: [] for scope in Scope.values}


@dataclass(frozen=True)
class Matter:
    """One thing that somebody signs."""

    scope: Scope
    participant: Participant
    visit: Visit | None = None
    record: FormRecord | None = None

    @property
    def target(self) -> Any:
        """The key of what is signed."""
        return (self.record or self.visit or self.participant).pk

    @property
    def title(self) -> str:
        if self.record is not None:
            return f"{self.record.title}, {self.record.visit.title}" if self.record.visit else self.record.title
        return self.visit.title if self.visit is not None else str(self.scope.label)

    def records(self) -> list[FormRecord]:
        """The forms that a signature of this covers, those of a visit and of the casebook as far as they are filled."""
        if self.record is not None:
            return [self.record]
        found = FormRecord.objects.filter(participant=self.participant).select_related("visit", "saved_by")
        if self.visit is not None:
            found = found.filter(visit=self.visit)
        if self.scope == Scope.ELIGIBILITY:
            found = found.filter(form__in=[crf.slug for crf in crf_models() if crf.decides_eligibility])
        else:
            found = found.filter(version__gt=0)
        for record in (records := list(found.order_by("visit__target", "created_at", "form", "repeat"))):
            record.participant = self.participant
        return records

    def meaning(self, access: Access) -> str:
        """Fixed by the scope; a casebook is approved by the principal investigator and reviewed by other investigators."""
        if self.record is not None:
            return self.record.crf_class.signed_as
        if self.scope == Scope.CASEBOOK:
            approves = (Role.PRINCIPAL, self.participant.site_id) in access.grants
            return Meaning.APPROVAL if approves else Meaning.REVIEW
        return {Scope.VISIT: Meaning.REVIEW, Scope.ELIGIBILITY: Meaning.ELIGIBILITY, Scope.LOCK: Meaning.LOCK}[self.scope]

    @property
    def right(self) -> Can:
        """Investigators sign what the site wrote; a data lock is signed by whoever locks."""
        return Can.FREEZE if self.scope == Scope.LOCK else Can.SIGN

    def of(self) -> Q:
        """The signatures of exactly this."""
        return Q(scope=self.scope, participant=self.participant, of_visit=self.visit, of_record=self.record)


def role_of(access: Access, right: Can, site_id: int) -> str:
    """The roles at this site, or of the whole trial, that let somebody sign, in words."""
    places = (site_id, None)
    roles = [role for role in Role if right in RIGHTS[role] and any((role.value, place) in access.grants for place in places)]
    return ", ".join(str(role.label) for role in roles)
