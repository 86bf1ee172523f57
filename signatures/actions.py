"""Signing. One action, for one person, of exactly what was shown."""

from __future__ import annotations

from django.utils import timezone

from casebook.models import Participant
from delegation.statement import VERSION, has_accepted
from itp_trial.actor import acting
from itp_trial.models import User
from itp_trial.permissions import Access, access_of
from itp_trial.refusal import Refused
from itp_trial.roles import Can
from signatures import seal
from signatures.matters import Matter, role_of
from signatures.models import Meaning, Seen, Signature
from signatures.paper import Paper, paper_of

WHO_SIGNS = {Can.SIGN: "an investigator of this site", Can.FREEZE: "a data manager"}


def sign(*, matter: Matter, shown: str, by: User, factors: str, session: str = "") -> Signature:
    """Signs for the person who acts. The door has just asked for the password (and code) of that person.

    :param shown: the hash of what the page showed; the content is read again, and another hash is refused
    :param factors: what the person entered, in words
    :raises Refused: no right, no statement, nothing or too little to sign, unseen forms, or changed content
    """
    with acting(by):
        access = access_of(by)
        _refuse_person(matter, access, by)
        # Nobody saves a form of this participant until the signature stands.
        Participant.objects.select_for_update(no_key=True).get(pk=matter.participant.pk)
        paper = paper_of(matter, by=by, access=access)
        if paper.hash != shown:
            raise Refused("The content has changed since you opened this page. Nothing was signed; please review it again.")
        if reasons := paper.against():
            raise Refused("This cannot be signed yet. " + " ".join(reasons))
        if Signature.objects.filter(matter.of(), signed_by=by, content_hash=paper.hash, superseded_by=None).exists():
            raise Refused("You have signed exactly this already.")
        return _write(paper, access, by, factors, session)


def _refuse_person(matter: Matter, access: Access, by: User) -> None:
    if not access.may(matter.right, matter.participant.site_id):
        raise Refused(f"Only {WHO_SIGNS[matter.right]} signs here.")
    if not has_accepted(by):
        raise Refused("Please accept the statement on electronic signatures first; without it nothing can be signed.")
    if matter.meaning(access) not in Meaning.values:
        raise Refused(f"{matter.title} is not signed by itself. Sign its visit or the casebook.")


def _write(paper: Paper, access: Access, by: User, factors: str, session: str) -> Signature:
    matter = paper.matter
    role = role_of(access, matter.right, matter.participant.site_id)
    signature = Signature(
        participant=matter.participant, of_visit=matter.visit, of_record=matter.record, scope=matter.scope,
        meaning=paper.meaning, signed_by=by, printed_name=by.full_name, role=role,
        site_code=matter.participant.site.code, signed_at=timezone.now(), content_hash=paper.hash, manifest=paper.manifest,
        factors=factors, session=session[:40], statement=VERSION,
    )  # fmt: skip
    signature.code = seal.code_of(signature)
    signature.save(force_insert=True)
    return signature


def mark_seen(*, matter: Matter, shown: str, by: User) -> None:
    """Notes that this person has read these forms in the state that was shown; what was noted already stays so."""
    with acting(by):
        paper = paper_of(matter, by=by, access=access_of(by))
        if paper.hash != shown:
            raise Refused("Something has changed since you opened this page. Please read it again.")
        contents = (leaf.content for leaf in paper.leaves)
        seen = [Seen(record=each.record, by=by, content=each.hash, head=each.head) for each in contents]
        Seen.objects.bulk_create(seen, ignore_conflicts=True)
