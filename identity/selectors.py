"""What the pages of the vault show."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from itertools import combinations
from typing import Any

from django.db.models import Count, QuerySet

from casebook.models import Participant
from identity.across import known_to_the_trial, pair_of
from identity.models import DuplicateDecision, Fingerprint, Identity
from itp_trial.access_log import Kind
from itp_trial.models import AccessEntry

SHOWN_LOOKS = 50


def identity_of(participant: Participant) -> Identity | None:
    return Identity.objects.select_related("kept_by").filter(participant=participant).first()


def looks_at(participant: Participant) -> QuerySet[AccessEntry]:
    """Who looked at the details of this family, when and why; the newest first."""
    return AccessEntry.objects.filter(participant=participant.pk, kind=Kind.IDENTITY)[:SHOWN_LOOKS]


def is_known(participant: Participant) -> bool:
    """Whether another child of the trial looks like this one."""
    codes = Fingerprint.objects.filter(participant=participant).values_list("code", flat=True)
    return known_to_the_trial(codes, participant.pk)


@dataclass(frozen=True)
class Pair:
    """Two children that look like one, and what was decided about them."""

    first: Participant
    second: Participant
    decision: DuplicateDecision | None


def pairs() -> list[Pair]:
    """Every pair with a fingerprint in common: those without a decision first."""
    shared = Fingerprint.objects.values("code").annotate(children=Count("participant")).filter(children__gt=1).values("code")
    by_code: dict[str, list[Participant]] = defaultdict(list)
    for print_ in Fingerprint.objects.filter(code__in=shared).select_related("participant__site").order_by("participant__pk"):
        by_code[print_.code].append(print_.participant)
    couples = {pair_of(a.pk, b.pk): (a, b) for children in by_code.values() for a, b in combinations(children, 2)}
    decided = {d.pair: d for d in DuplicateDecision.objects.filter(pair__in=couples).select_related("decided_by")}
    found = [Pair(*sorted(couple, key=_number), decided.get(name)) for name, couple in couples.items()]
    return sorted(found, key=lambda pair: (pair.decision is not None, _number(pair.first), _number(pair.second)))


def _number(participant: Participant) -> Any:
    return participant.screening_number
