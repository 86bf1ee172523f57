"""The signatures as a file and for the API: name, role, time with zone and meaning of each, and what became of it (RQ-30)."""

from __future__ import annotations

from typing import Any

from django.utils import timezone

from casebook.models import Participant
from itp_trial.normalise import CAIRO
from itp_trial.permissions import Access
from itp_trial.roles import Can
from reports.csv_export import CsvFile, made
from signatures.models import Signature

#: Column -> whether people typed its text, which a spreadsheet could run as a formula.
COLUMNS = {
    "signature_id": False, "participant": False, "site": False, "scope": False, "visit_code": False, "visit_title": True,
    "form": False, "record_id": False, "meaning": False, "meaning_label": True, "printed_name": True, "role": True,
    "signed_at_utc": False, "signed_at_cairo": False, "factors": True, "state": False, "superseded_by": False,
    "superseded_at": False, "content_hash": False, "forms": False, "code": False,
}  # fmt: skip


def signatures_csv(access: Access, *, site: Any = None, excel: bool = False) -> CsvFile:
    """The signatures of all sites that this person may export, or of one of them."""
    found = access.scope(Can.EXPORT, Signature.objects.all(), "participant__site")
    found = found.filter(participant__site=site) if site is not None else found
    return made("signatures", COLUMNS, [line(signature) for signature in _named(found)], excel)


def signatures_of(participant: Participant) -> Any:
    """The signatures of one participant, the oldest first."""
    return _named(participant.signatures.all())


def _named(signatures: Any) -> Any:
    return signatures.select_related("participant", "of_visit__participant", "of_record__visit")


def line(signature: Signature) -> dict[str, str]:
    """One signature as plain text; ``forms`` holds each covered form with the hash of what was signed."""
    visit, record = signature.of_visit, signature.of_record
    visit = visit or (record.visit if record else None)
    forms = " ".join(f"{key}:sha256:{signed['hash']}" for key, signed in sorted(signature.manifest.items()))
    return {
        "signature_id": str(signature.pk), "participant": signature.participant.number, "site": signature.site_code,
        "scope": signature.scope, "visit_code": visit.code if visit else "", "visit_title": visit.title if visit else "",
        "form": record.form if record else "", "record_id": str(record.pk) if record else "", "meaning": signature.meaning,
        "meaning_label": str(signature.get_meaning_display()), "printed_name": signature.printed_name, "role": signature.role,
        "signed_at_utc": signature.signed_at.isoformat(timespec="seconds").replace("+00:00", "Z"),
        "signed_at_cairo": timezone.localtime(signature.signed_at, CAIRO).isoformat(timespec="seconds"),
        "factors": signature.factors, "state": signature.state, "superseded_by": str(signature.superseded_by or ""),
        "superseded_at": signature.superseded_at.isoformat(timespec="seconds") if signature.superseded_at else "",
        "content_hash": f"sha256:{signature.content_hash}", "forms": forms, "code": signature.code,
    }  # fmt: skip
