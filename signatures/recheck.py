"""Every valid signature once more: does its seal hold, is the content still what was signed? Every night, and on demand.

What passes the application and its triggers is found here: it runs inside ``verify_audit``, whose result stands on the health
page and is mailed.
"""

from __future__ import annotations

from collections.abc import Iterator

from casebook.models import FormRecord
from itp_trial.verification import Broken
from signatures import seal
from signatures.content import contents, digest_of
from signatures.models import Signature


def broken(using: str = "default") -> Iterator[Broken]:
    """Each signature that is not what the application wrote, or whose content changed without superseding it."""
    signatures = list(Signature.objects.using(using).order_by("participant", "signed_at"))
    hashes = _hashes({key for signature in signatures if signature.is_valid for key in signature.manifest}, using)
    for signature in signatures:
        for what in wrong(signature, hashes):
            yield Broken(f"signature {signature.pk} ({signature.printed_name}, {signature.get_meaning_display()})", what)


def wrong(signature: Signature, hashes: dict[str, str]) -> Iterator[str]:
    """What is wrong with one signature, beside the hashes of the forms as they are now."""
    target = signature.of_record_id or signature.of_visit_id or signature.participant_id
    if not seal.holds(signature):
        yield "its code does not fit what it says: the application did not write it so"
    if digest_of(signature.scope, target, signature.meaning, signature.manifest) != signature.content_hash:
        yield "its hash does not fit its list of forms"
    if signature.is_valid:
        for key, line in signature.manifest.items():
            if hashes.get(key) != line["hash"]:
                yield f"the form {key} is not what was signed, and no change superseded it"


def is_unchanged(signature: Signature) -> bool:
    """True where this valid signature still stands for exactly what was signed."""
    return signature.is_valid and not list(wrong(signature, _hashes(set(signature.manifest))))


def _hashes(keys: set[str], using: str = "default") -> dict[str, str]:
    records = FormRecord.everything.using(using).filter(pk__in=keys).select_related("participant", "visit")
    return {str(content.record.pk): content.hash for content in contents(records, using)}
