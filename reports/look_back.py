"""From a lot or a pool to every child who received of it: dose, day, bags, later counts and adverse events.

A blood product has to be traced in both directions. The answer reads what the forms say; nothing is stored for it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.db.models import Q
from django.template.loader import render_to_string
from django.utils import timezone

from assessments.models import AdverseEvent, BloodCount
from casebook.items import YesNo, plain
from dosing.crfs import Bag, InfusionBag, Lot
from dosing.stock import bag_lines
from itp_trial import protocol
from itp_trial.normalise import CAIRO
from itp_trial.permissions import Access
from itp_trial.roles import Can
from reports import pdf
from reports.csv_export import CsvFile, made
from reports.pdf import PdfFile

#: Column -> whether people typed its text.
COLUMNS = {
    "pool": True, "lot": True, "bag": True, "site": False, "participant": False, "dose": False, "visit": True,
    "infusion_started": False, "volume_ml": False, "igg_g": False, "dose_g_per_kg": False, "later_counts": False,
    "later_adverse_events": True,
}  # fmt: skip


@dataclass(frozen=True)
class Given:
    """What one child received of this lot or pool in one infusion, and what was seen afterwards."""

    infusion: Any
    lines: list[InfusionBag]
    counts: list[BloodCount]
    events: list[AdverseEvent]

    @property
    def record(self) -> Any:
        return self.infusion.record


@dataclass(frozen=True)
class LookBack:
    """The answer for one lot or pool at the sites that this person may see."""

    word: str
    lots: list[Lot]
    given: list[Given]
    #: Bags that nobody has received, with their account.
    others: list[Any]

    @property
    def children(self) -> int:
        return len({each.record.participant_id for each in self.given})


def known_words(access: Access) -> list[str]:
    """The lot and pool numbers that may be asked for."""
    lots = access.scope(Can.VIEW_PRODUCT, Lot.objects.all(), "record__site").values_list("lot_number", "pool")
    return sorted({word for pair in lots for word in pair if word})


def look_back(word: str, access: Access, right: Can = Can.VIEW) -> LookBack:
    """Every infusion with a bag of this lot or pool, in a fixed number of queries; also bags that may no longer be given."""
    lots = access.scope(right, Lot.objects.filter(Q(lot_number=word) | Q(pool=word)), "record__site")
    lots = list(lots.select_related("record__site").order_by("lot_number", "record__site__code")) if word else []
    lines = InfusionBag.objects.filter(bag__crf__in=lots).select_related(
        "bag__crf", "crf__record__participant__site", "crf__record__visit"
    )
    by_infusion: dict[Any, list[InfusionBag]] = defaultdict(list)
    for line in lines.order_by("crf__started_at", "crf_id", "position"):
        by_infusion[line.crf].append(line)
    children = {infusion.record.participant_id for infusion in by_infusion}
    counts = _by_child(BloodCount.objects.filter(record__participant__in=children, taken_at__isnull=False).order_by("taken_at"))
    events = _by_child(AdverseEvent.objects.filter(record__participant__in=children).order_by("started_at"))
    given = [Given(infusion, found, _after(infusion, counts, "taken_at"), _after(infusion, events, "started_at"))
             for infusion, found in by_infusion.items()]  # fmt: skip
    used = {line.bag_id for line in lines}
    bags = Bag.objects.filter(crf__in=lots).exclude(pk__in=used).select_related("crf__record__site").order_by("crf", "position")
    return LookBack(word, lots, given, bag_lines(bags))


def _by_child(found: Any) -> dict[Any, list[Any]]:
    children: dict[Any, list[Any]] = defaultdict(list)
    for crf in found.select_related("record"):
        children[crf.record.participant_id].append(crf)
    return children


def _after(infusion: Any, by_child: dict[Any, list[Any]], moment: str) -> list[Any]:
    """From the start of the infusion on; an event whose time is not known yet is shown rather than left out."""
    start = infusion.started_at
    found = by_child.get(infusion.record.participant_id, [])
    return [crf for crf in found if start is None or getattr(crf, moment) is None or getattr(crf, moment) >= start]


def look_back_csv(found: LookBack, *, excel: bool = False) -> CsvFile:
    """One line per bag that was given."""
    return made("look-back", COLUMNS, [_line(each, line) for each in found.given for line in each.lines], excel)


def look_back_pdf(found: LookBack) -> PdfFile:
    """The same as a printed list. Raises ``PdfNotMade``."""
    context = {"found": found, "protocol": protocol, "data_time": timezone.now()}
    return PdfFile("look-back.pdf", pdf.rendered(render_to_string("reports/look_back_pdf.html", context)))


def _line(each: Given, line: InfusionBag) -> dict[str, str]:
    infusion, lot = each.infusion, line.bag.crf
    grams = line.volume_ml * lot.igg_g_per_l / 1000 if line.volume_ml is not None and lot.igg_g_per_l else None
    child = each.record.participant
    return {
        "pool": lot.pool or "", "lot": lot.lot_number or "", "bag": line.bag.label or "", "site": child.site.code,
        "participant": child.number, "dose": str(infusion.number), "visit": each.record.visit.title,
        "infusion_started": _clock(infusion.started_at), "volume_ml": _number(line.volume_ml), "igg_g": _number(grams),
        "dose_g_per_kg": _number(infusion.g_per_kg), "later_counts": "; ".join(map(count_words, each.counts)),
        "later_adverse_events": "; ".join(map(event_words, each.events)),
    }  # fmt: skip


def count_words(count: BloodCount) -> str:
    parts = [f"platelets {_number(count.platelets)}"] if count.platelets is not None else []
    parts += [f"Hb {_number(count.haemoglobin)} g/dL"] if count.haemoglobin is not None else []
    return f"{_clock(count.taken_at)[:10]} {', '.join(parts) or 'no value'}"


def event_words(event: AdverseEvent) -> str:
    grade = f" grade {event.grade}" if event.grade else ""
    serious = ", serious" if event.serious == YesNo.YES else ""
    return f"{_clock(event.started_at)[:10]} {event.term or 'no term yet'}{grade}{serious}".strip()


def _clock(moment: Any) -> str:
    return timezone.localtime(moment, CAIRO).isoformat(timespec="minutes") if moment else ""


def _number(value: Any) -> str:
    return "" if value is None else plain(value)


def shown(each: Iterable[Given]) -> list[tuple[Given, list[str], list[str]]]:
    """For templates: each infusion with its later counts and events in words."""
    return [(one, list(map(count_words, one.counts)), list(map(event_words, one.events))) for one in each]
