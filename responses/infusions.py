"""Each infusion with its reaction and with haemoglobin before and after: the check for haemolysis. No queries."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from casebook.items import YesNo
from itp_trial.protocol import value
from responses import facts
from responses.course import Dossier, Entry, decimals, doses

CHECK_FROM, CHECK_TO = timedelta(hours=value("HB_CHECK_FROM_H")), timedelta(hours=value("HB_CHECK_UNTIL_H"))
FALL: Decimal = value("HB_FALL_PROMPT")


@dataclass(frozen=True)
class Infused:
    """One infusion. ``before`` is the last haemoglobin up to its start, ``after`` the lowest inside the check window, g/dL."""

    name: str
    entry: Entry
    g_per_kg: str
    reaction: str
    before: Decimal | None
    after: Decimal | None

    @property
    def fall(self) -> Decimal | None:
        return None if self.before is None or self.after is None else self.before - self.after

    @property
    def falls_too_far(self) -> bool:
        """As far as CTCAE counts haemolysis of grade 2."""
        return self.fall is not None and self.fall >= FALL


def infusions(dossier: Dossier) -> list[Infused]:
    """In the order in which they were given."""
    measured = [
        (entry["taken_at"], entry["haemoglobin"])
        for entry in dossier.of("blood-count")
        if entry["taken_at"] is not None and entry["haemoglobin"] is not None
    ]
    return [_infused(entry, sorted(measured)) for entry in doses(dossier.entries)]


def _infused(entry: Entry, measured: list[tuple[datetime, Decimal]]) -> Infused:
    start, end = entry["started_at"], entry["stopped_at"] or entry["started_at"]
    before = [hb for at, hb in measured if at <= start]
    after = [hb for at, hb in measured if CHECK_FROM <= at - end <= CHECK_TO]
    reaction = {YesNo.YES: "reaction", YesNo.NO: "no reaction"}.get(entry["reaction"], "reaction not answered")
    return Infused(facts.dose_name(entry), entry, decimals(entry["g_per_kg"]), reaction, before[-1] if before else None,
                   min(after, default=None))  # fmt: skip
