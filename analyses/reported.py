"""From the stored forms to what families and hospitals reported of each child: daily life, satisfaction, contacts. One query."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from analyses.inputs import Contact, DailyLife, LookBack, Opinion
from assessments.crfs.hospital import STAYS, Reason
from casebook.items import YesNo
from responses.course import Dossier, Entry, Read, stored

QUESTIONS = ("effect", "side_effects", "burden", "willing", "overall")
REASONS = ("absent_itp", "absent_visit", "absent_illness", "absent_other")
LOOK_BACK = ("bleeding_episodes", "unplanned_visits", "admissions", "transfusions")
#: Form -> the items that are read, as ``responses/course.py`` reads its own.
READ: Read = {
    "school-activity": (
        "schoolactivity",
        ("asked_on", "scheduled_days", "absent_days", *REASONS, "by_physician", "by_parents", "active_days"),
    ),
    "satisfaction": ("satisfaction", ("asked_on", *QUESTIONS)),
    "hospital-contact": ("hospitalcontact", ("kind", "started_on", "cause", "itp_related", "blood_products")),
    "itp-history": ("itphistory", LOOK_BACK),
    "growth": ("growth", ("measured_on", "weight_kg")),
    "blood-group": ("bloodgrouptest", ("abo",)),
}


@dataclass(frozen=True)
class Reported:
    """The forms of one child up to the day of the analysis."""

    entries: tuple[Entry, ...]
    until: date

    @property
    def life(self) -> tuple[DailyLife, ...]:
        return tuple(_life(entry) for entry in self._of("school-activity", "asked_on"))

    @property
    def opinions(self) -> tuple[Opinion, ...]:
        return tuple(
            Opinion(entry.visit, entry["asked_on"], tuple(_whole(entry[name]) for name in QUESTIONS))
            for entry in self._of("satisfaction", "asked_on")
        )

    @property
    def contacts(self) -> tuple[Contact, ...]:
        """Without the stays that were planned for an infusion of the trial."""
        found = self._of("hospital-contact", "started_on")
        return tuple(
            Contact(entry["started_on"], entry["kind"] in STAYS, entry["itp_related"] == YesNo.YES,
                    entry["blood_products"] == YesNo.YES)
            for entry in found if entry["cause"] != Reason.PLANNED
        )  # fmt: skip

    @property
    def look_back(self) -> LookBack | None:
        found = next((entry for entry in self.entries if entry.form == "itp-history"), None)
        return LookBack(*(_whole(found[name]) for name in LOOK_BACK)) if found else None

    @property
    def weight(self) -> tuple[date, Decimal] | None:
        """The latest measured weight in kg, with its day."""
        measured = [(entry["measured_on"], entry["weight_kg"]) for entry in self._of("growth", "measured_on")]
        return max((pair for pair in measured if pair[1] is not None), default=None)

    @property
    def blood_group(self) -> str:
        """O, A, B or AB; empty where it is not known or in dispute."""
        return next((entry["abo"] or "" for entry in self.entries if entry.form == "blood-group"), "")

    def _of(self, form: str, day: str) -> Iterator[Entry]:
        """The forms of one kind with a day, the earliest first."""
        known = [entry for entry in self.entries if entry.form == form and entry[day] and entry[day] <= self.until]
        return iter(sorted(known, key=lambda entry: entry[day]))


def reported(found: Iterable[Dossier]) -> dict[UUID, Reported]:
    """What was reported of each child, up to the day of its analysis. One query."""
    until = {dossier.participant.pk: dossier.course.as_of for dossier in found}
    entries = stored(list(until), READ)
    return {child: Reported(tuple(entries[child]), day) for child, day in until.items()}


def _life(entry: Entry) -> DailyLife:
    reasons: Any = tuple(_whole(entry[name]) or 0 for name in REASONS)
    return DailyLife(entry.visit, entry["asked_on"], _whole(entry["scheduled_days"]), _whole(entry["absent_days"]), reasons,
                     entry["by_physician"] or "", entry["by_parents"] or "", _whole(entry["active_days"]))  # fmt: skip


def _whole(answer: Any) -> int | None:
    """A number of days, episodes or points as a whole number."""
    return None if answer in (None, "") else int(answer)
