"""Everything that changes the vault."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils import timezone

from casebook.models import Participant
from identity.across import known_to_the_trial, pair_of
from identity.comparable import keys
from identity.details import Details
from identity.models import DuplicateDecision, Fingerprint, Identity, SourcePhoto
from identity.vault import fingerprints
from itp_trial import scope
from itp_trial.actor import System, acting
from itp_trial.models import User
from itp_trial.refusal import Refused


@dataclass(frozen=True)
class Kept:
    """The record as it is now, and whether a child like this one is already known to the trial."""

    identity: Identity
    known: bool


def keep_identity(*, participant: Participant, details: Details, version: int, by: User) -> Kept:
    """Seals the details of a family and compares them with every child of the trial.

    :param version: which one was read before they were changed; 0 where nothing was kept
    :raises Refused: somebody kept another one since then
    """
    with acting(by, "Contact details of the family"):
        Participant.objects.select_for_update(no_key=True).get(pk=participant.pk)
        identity = Identity.objects.filter(participant=participant).first()
        if identity is None:
            identity = Identity(participant=participant, version=0)
        if identity.version != version:
            raise Refused(
                f"{identity.kept_by.full_name} changed these details while you had them open. What you typed stands below:"
                " open the details in another tab, compare, and enter what is right there."
            )
        if identity.version and identity.details() == details:
            return Kept(identity, known_to_the_trial(_codes_of(participant), participant.pk))
        identity.version, identity.kept_at, identity.kept_by = identity.version + 1, timezone.now(), by
        identity.lock_away(details)
        identity.save()
        _take_fingerprints(participant, details)
        known = known_to_the_trial(_codes(details), participant.pk)
    return Kept(identity, known)


def _codes(details: Details) -> list[str]:
    """Under every key: children that were entered before a rotation are found during it, too."""
    return [code for text in keys(details.child_name, details.mother_name, details.born) for code in fingerprints(text)]


def _codes_of(participant: Participant) -> list[str]:
    return list(Fingerprint.objects.filter(participant=participant).values_list("code", flat=True))


def _take_fingerprints(participant: Participant, details: Details) -> None:
    newest = [fingerprints(text)[0] for text in keys(details.child_name, details.mother_name, details.born)]
    Fingerprint.objects.filter(participant=participant).delete()
    Fingerprint.objects.bulk_create(Fingerprint(participant=participant, code=code) for code in newest)


def decide_duplicate(*, first: Participant, second: Participant, verdict: str, by: User) -> DuplicateDecision:
    """The data manager has asked both hospitals. One child stays one child: the pair goes on being shown."""
    if verdict not in DuplicateDecision.Verdict.values or first == second:
        raise Refused("Please choose whether this is one child or two.")
    with acting(by, f"{first} and {second}: {dict(DuplicateDecision.Verdict.choices)[verdict]}"):
        found, _ = DuplicateDecision.objects.update_or_create(
            pair=pair_of(first.pk, second.pk), defaults={"verdict": verdict, "decided_by": by, "decided_at": timezone.now()}
        )
    return found


def rotate_key() -> int:
    """Seals everything with the first key of ``IDENTITY_KEYS`` and takes the fingerprints anew; all or nothing.

    :return: how many records, photos among them
    :raises vault.Unopened: a record opens with none of the keys; nothing was changed
    """
    with acting(System("rotate_identity_key"), "Key of the identity vault changed"), scope.seeing_everything():
        found = list(Identity.objects.select_for_update().select_related("participant").order_by("pk"))
        for identity in found:
            details = identity.details()
            identity.lock_away(details)
            identity.rotated_at = timezone.now()
            identity.save(update_fields=["sealed", "rotated_at"])
            _take_fingerprints(identity.participant, details)
        photos = list(SourcePhoto.objects.select_for_update().filter(erased_at=None).order_by("pk"))
        for photo in photos:
            photo.lock_away(photo.picture())
            photo.rotated_at = timezone.now()
            photo.save(update_fields=["sealed", "rotated_at"])
    return len(found) + len(photos)
