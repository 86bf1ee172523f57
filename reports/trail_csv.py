"""The trail as a file that sorts and filters: one line per value that changed, in the order in which it happened (RQ-09)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.utils import timezone

from casebook.changes import Change, changes_of
from casebook.crf import Sheet
from casebook.models import FormRecord, Participant
from casebook.names import Names, sheets
from casebook.trail import Filters, changed_items
from itp_trial.models import AuditEntry
from itp_trial.normalise import CAIRO
from itp_trial.permissions import EVERY_SITE, Access
from itp_trial.roles import Can
from reports.csv_export import CsvFile, made

STAYS = "(stays at the site)"
#: Column -> whether people typed its text, which a spreadsheet could run as a formula.
COLUMNS = {
    "at_utc": False, "at_cairo": False, "actor_id": False, "actor_name": True, "role": False, "site": False,
    "participant": False, "visit_code": False, "visit_title": True, "form": False, "form_title": True, "record_id": False,
    "line_id": False, "operation": False, "item": False, "label": True, "old": True, "old_label": True, "new": True,
    "new_label": True, "critical": False, "computed": False, "reason_code": False, "reason": True, "request_id": False,
    "software": False, "table": False, "chain": False, "place": False, "hash": False,
}  # fmt: skip


def participant_trail_csv(participant: Participant, filters: Filters, *, excel: bool = False) -> CsvFile:
    """The trail of one participant, or what the filters leave of it."""
    trail = filters.entries(AuditEntry.objects.filter(chain=str(participant.pk))).order_by("place")
    names = Names(FormRecord.objects.filter(participant=participant))
    return made(f"{participant.number}-trail", COLUMNS, list(_lines(trail, names, filters, at_site=False)), excel)


def trail_csv(access: Access, *, site: Any = None, at_site: bool = False, excel: bool = False) -> CsvFile:
    """The trail of one site, or of all sites that this person may export; of the whole trial with people and roles."""
    entries, records = AuditEntry.objects.order_by("pk"), access.scope(Can.EXPORT, FormRecord.objects.all())
    if site is not None:
        entries, records = entries.filter(site=site.code), records.filter(site=site)
    elif EVERY_SITE not in access.rights[Can.EXPORT]:
        codes = records.values("site__code")
        entries = entries.filter(site__in=codes)
    name = f"{site.code}-trail" if site is not None else "trail"
    return made(name, COLUMNS, list(_lines(entries, Names(records), Filters(), at_site=at_site)), excel)


def _lines(trail: Any, names: Names, filters: Filters, *, at_site: bool) -> Iterator[dict[str, str]]:
    hidden = {} if at_site else _hidden()
    again = changed_items(trail.values_list("row", flat=True)) if filters.repeated else set()
    for entry in trail.iterator(chunk_size=2000):
        changes = changes_of(entry, names)
        kept = filters.narrowed(entry, changes, again) if filters.is_narrow else changes
        whose = _whose(entry, names)
        stays = hidden.get(entry.table_name, set())
        yield from (whose | _what(change, change.name in stays) for change in kept)
        if not changes and not filters.is_narrow:
            yield whose | dict.fromkeys(("item", "label", "old", "old_label", "new", "new_label", "critical", "computed"), "")


def _hidden() -> dict[str, set[str]]:
    """The items that never leave the site, by table."""
    found: dict[str, type[Sheet]] = {sheet._meta.db_table: sheet for sheet in sheets().values()}
    return {table: set(sheet.not_exported) for table, sheet in found.items() if sheet.not_exported}


def _whose(entry: AuditEntry, names: Names) -> dict[str, str]:
    record = names.records.get(entry.record)
    visit = record.visit if record else names.visits.get(entry.row)
    child = names.participants.get(entry.participant)
    is_line = record is not None and entry.row != str(record.pk) and bool(entry.form)
    return {
        "at_utc": entry.at.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "at_cairo": timezone.localtime(entry.at, CAIRO).isoformat(timespec="milliseconds"),
        "actor_id": entry.actor_id, "actor_name": entry.actor_name, "role": entry.role, "site": entry.site,
        "participant": child.number if child else "", "visit_code": visit.code if visit else "",
        "visit_title": visit.title if visit else "", "form": entry.form,
        "form_title": record.crf_class.title() if record else "", "record_id": str(entry.record or ""),
        "line_id": entry.row if is_line else "", "operation": entry.operation, "reason_code": entry.reason_code,
        "reason": entry.reason, "request_id": entry.request_id, "software": entry.software, "table": entry.table_name,
        "chain": entry.chain, "place": str(entry.place), "hash": entry.hash,
    }  # fmt: skip


def _what(change: Change, stays: bool) -> dict[str, str]:
    values = {"old": change.old_value, "old_label": change.old, "new": change.new_value, "new_label": change.new}
    return {
        "item": change.name, "label": change.label,
        **{name: STAYS if stays and value else value for name, value in values.items()},
        "critical": "yes" if change.critical else "no", "computed": "yes" if change.derived else "no",
    }  # fmt: skip
