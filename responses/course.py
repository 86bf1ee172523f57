"""The bridge from stored forms to the pure rules: one query for any number of participants.

What becomes what: a blood count that was done becomes a ``Sample`` (R8-R10); an infusion that was started and gave
anything becomes a dose (R7); bleeding comes from episodes, assessments and blood counts (R12); rescues as they stand.
Nothing is imputed: a form without its date is not used, and says so where it is entered.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db.models import Exists, OuterRef
from django.utils import timezone

from assessments.crfs.bleeding import Evidence
from assessments.crfs.blood_count import SampleQuality
from assessments.smog import REPORT_ONLY_GRADE_MAX
from casebook.items import YesNo
from casebook.models import Finding, FormRecord, Participant
from responses.counts import Count, Infusion, Sample, baseline, daily_counts
from responses.inputs import Bleed, Course, Rescue

#: Form -> its table and the items that are read.
Read = Mapping[str, tuple[str, tuple[str, ...]]]
#: What the rules and the header read. The consent and the ages are only shown; they decide nothing here.
READ: Read = {
    "screening": ("screening", ("screened_on", "birth_date", "entry_count", "entry_count_on", "other_therapy_end")),
    "consent": (
        "consent",
        ("consented_at", "version", "can_read", "witness", "mother", "mother_absence", "mother_signature",
         "mother_fingerprint", "father", "father_absence", "father_signature", "father_fingerprint", "guardian",
         "guardianship", "guardian_signature", "guardian_fingerprint", "assent"),
    ),
    "blood-count": (
        "bloodcount",
        ("done", "taken_at", "quality", "primary", "platelets", "haemoglobin", "bleeding", "laboratory"),
    ),
    "bleeding-assessment": (
        "bleedingassessment", ("assessed_on", "smog_skin", "smog_mucosa", "smog_organ", "present_grade")),
    "bleeding-episode": (
        "bleedingepisode", ("site_of_bleeding", "started_on", "ongoing", "ended_on", "peak_grade", "evidence")),
    "infusion": (
        "infusion",
        ("weight_kg", "weight_on", "started_at", "stopped_at", "volume_ml", "grams", "g_per_kg", "reaction"),
    ),
    "death": ("death", ("died_on",)),
    "rescue": ("rescue", ("kind", "started_on", "ongoing", "ended_on", "why")),
    "adverse-event": (
        "adverseevent",
        ("term", "started_at", "ongoing", "ended_at", "grade", "serious", "death", "related", "outcome"),
    ),
}  # fmt: skip

#: A save of one of these may change the classification.
DECISIVE = frozenset(READ) - {"consent"}

#: While one of these findings is open, the count is not query-free (R8).
DISPUTES = Finding.objects.filter(
    record=OuterRef("pk"), state=Finding.State.OPEN, item__in=["platelets", "entry_count"], code__in=["RANGE", "CBC02"]
)
UNUSABLE = (SampleQuality.CLUMPED, SampleQuality.CLOTTED)
NO_BLEEDING_KNOWN = "U"


@dataclass(frozen=True)
class Entry:
    """One stored form: its record id, the visit it belongs to, its answers, and whether its count is disputed (R8)."""

    ref: str
    form: str
    visit: str
    answers: Mapping[str, Any]
    disputed: bool = False

    def __getitem__(self, item: str) -> Any:
        return self.answers[item]

    def day(self, item: str) -> date | None:
        """The Cairo date of a date or of a moment."""
        value = self.answers[item]
        return timezone.localtime(value).date() if isinstance(value, datetime) else value

    def clock(self, item: str) -> time | None:
        """The Cairo time of a moment."""
        value = self.answers[item]
        return timezone.localtime(value).time() if value else None


@dataclass(frozen=True)
class Dossier:
    """Everything about one child that the rules and the dashboard start from.

    ``counts`` is one count per date with the samples that were not chosen (R9); ``course`` is the input of the rules.
    """

    participant: Participant
    entries: tuple[Entry, ...]
    counts: tuple[Count, ...]
    course: Course

    def of(self, form: str) -> list[Entry]:
        """The stored forms of one kind, in the order in which they were made."""
        return [entry for entry in self.entries if entry.form == form]


def dossiers(participants: Iterable[Participant], today: date, read: Read = READ) -> list[Dossier]:
    """The dossier of each participant, in the order given. One query, however many there are.

    ``read`` are the forms of ``READ`` with others that the caller wants to show.
    """
    wanted = list(participants)
    entries = stored([participant.pk for participant in wanted], read)
    return [dossier(participant, tuple(entries[participant.pk]), today) for participant in wanted]


def dossier(participant: Participant, entries: tuple[Entry, ...], today: date) -> Dossier:
    """The pure input of one child as of ``today``, or as of the day on which participation ended."""
    infusions = [Infusion(entry.day("started_at"), entry.clock("started_at")) for entry in doses(entries)]
    day_0 = next((entry.day("started_at") for entry in doses(entries) if entry.visit == "LOAD"), None)
    counts = daily_counts([*_samples(entries, day_0)], infusions)
    bleeds = tuple(sorted(_bleeds(entries), key=lambda bleed: (bleed.start, bleed.end or date.max, bleed.grade)))
    first = baseline(counts, day_0) if day_0 else None
    course = Course(
        day_0=day_0,
        baseline=first.value if first else None,
        counts=counts,
        doses=tuple(sorted(infusion.on for infusion in infusions)),
        bleeds=bleeds,
        bleeding_unknown=_bleeding_unknown(entries, counts, bleeds),
        rescues=tuple(sorted(_rescues(entries), key=lambda rescue: (rescue.start, rescue.end or date.max, rescue.kind))),
        other_itp_therapy_end=next((e["other_therapy_end"] for e in entries if e.form == "screening"), None),
        followup_ended=participant.is_ended,
        as_of=_as_of(participant, today),
        death=min(_deaths(entries), default=None),
        on_treatment=participant.state == Participant.State.TREATMENT,
    )
    return Dossier(participant, entries, counts, course)


def stored(participants: list[UUID], read: Read = READ) -> dict[UUID, list[Entry]]:
    """The saved forms of these children with the items that ``read`` names, in the order in which they were made. One query."""
    columns = [f"{table}__{item}" for table, items in read.values() for item in items]
    records = FormRecord.objects.filter(participant__in=participants, version__gt=0, form__in=read)
    rows = records.annotate(disputed=Exists(DISPUTES)).order_by("created_at", "pk")
    found: dict[UUID, list[Entry]] = defaultdict(list)
    for row in rows.values("pk", "participant_id", "form", "visit__code", "disputed", *columns):
        table, items = read[row["form"]]
        answers = {item: row[f"{table}__{item}"] for item in items}
        found[row["participant_id"]].append(
            Entry(str(row["pk"]), row["form"], row["visit__code"] or "", answers, row["disputed"])
        )
    return found


def _as_of(participant: Participant, today: date) -> date:
    return participant.ended_on or today if participant.is_ended else today


def doses(entries: Iterable[Entry]) -> list[Entry]:
    """The infusions that count as a dose, earliest first: started, with any volume, or still running (R7)."""
    given = [entry for entry in entries if entry.form == "infusion" and entry["started_at"] and _was_given(entry)]
    return sorted(given, key=lambda entry: entry["started_at"])


def _was_given(entry: Entry) -> bool:
    """A running infusion has no stop and often no bags yet; a stopped one without volume was none."""
    return bool(entry["volume_ml"]) or entry["stopped_at"] is None


def _samples(entries: Iterable[Entry], day_0: date | None) -> Iterator[Sample]:
    """Every platelet result with a date. The entry count of the screening form speaks only up to Day 0 and only for a
    date without a usable blood count: it is usually a copy of one, without its time and quality."""
    counted = [_sample(entry) for entry in entries if entry.form == "blood-count" and entry["done"] == YesNo.YES]
    known = [sample for sample in counted if sample is not None]
    yield from known
    dates = {sample.on for sample in known if sample.acceptable and sample.value is not None}
    for entry in entries:
        if entry.form == "screening" and entry["entry_count"] is not None:
            on = entry["entry_count_on"]
            if on is not None and on not in dates and (day_0 is None or on <= day_0):
                yield Sample(on, entry["entry_count"], query_free=not entry.disputed, ref=entry.ref)


def _sample(entry: Entry) -> Sample | None:
    on = entry.day("taken_at")
    if on is None:
        return None
    return Sample(
        on=on,
        value=entry["platelets"],
        at=entry.clock("taken_at"),
        acceptable=entry["quality"] not in UNUSABLE,
        primary=entry["primary"] == YesNo.YES,
        query_free=not entry.disputed,
        ref=entry.ref,
    )


def _bleeds(entries: Iterable[Entry]) -> Iterator[Bleed]:
    """R12: episodes by their dates, and what was present on the day of an assessment or of a blood count."""
    for entry in entries:
        if entry.form == "bleeding-episode" and entry["started_on"] and entry["peak_grade"]:
            yield Bleed(entry["started_on"], episode_end(entry), episode_grade(entry))
        elif entry.form == "bleeding-assessment" and entry["assessed_on"] and entry["present_grade"]:
            yield Bleed(entry["assessed_on"], entry["assessed_on"], entry["present_grade"])
        elif entry.form == "blood-count" and (on := entry.day("taken_at")) and (grade := _grade_of_count(entry)):
            yield Bleed(on, on, grade)


def episode_end(entry: Entry) -> date | None:
    """The last day of an episode; None while it goes on. One that ended on an unknown day covers its first day only:
    for the days after it the assessments speak, and without them bleeding is unknown."""
    if entry["ongoing"] == YesNo.YES:
        return None
    return entry["ended_on"] or entry["started_on"]


def episode_grade(entry: Entry) -> int:
    """The worst ITP-BAT grade; known by report only it is grade 1 at most (R24)."""
    grade = int(entry["peak_grade"])
    return min(grade, REPORT_ONLY_GRADE_MAX) if entry["evidence"] == Evidence.REPORT else grade


def _grade_of_count(entry: Entry) -> int | None:
    """The grade on the day of a blood count; None where it was not assessed."""
    answer = entry["bleeding"]
    return None if answer in (None, "", NO_BLEEDING_KNOWN) else int(answer)


def _bleeding_unknown(entries: Iterable[Entry], counts: Iterable[Count], bleeds: Iterable[Bleed]) -> tuple[date, ...]:
    """The dates with a count for which no form says whether the child bled (R12)."""
    said = {entry.day(on) for entry in entries for on in _speaks_on(entry)}
    covered = tuple(bleeds)
    return tuple(
        count.on
        for count in counts
        if count.on not in said and not any(b.start <= count.on and (b.end is None or count.on <= b.end) for b in covered)
    )


def _speaks_on(entry: Entry) -> Iterator[str]:
    if entry.form == "blood-count" and _grade_of_count(entry) is not None:
        yield "taken_at"
    elif entry.form == "bleeding-assessment" and entry["present_grade"] is not None:
        yield "assessed_on"


def _rescues(entries: Iterable[Entry]) -> Iterator[Rescue]:
    """Rescues by their dates; an end that nobody wrote down has not come (R17)."""
    for entry in entries:
        if entry.form == "rescue" and entry["started_on"] and entry["kind"]:
            yield Rescue(entry["started_on"], rescue_end(entry), entry["kind"])


def rescue_end(entry: Entry) -> date | None:
    """The day on which a rescue was last given; None while it goes on."""
    return None if entry["ongoing"] == YesNo.YES else entry["ended_on"]


def _deaths(entries: Iterable[Entry]) -> Iterator[date]:
    for entry in entries:
        if entry.form == "death" and entry["died_on"]:
            yield entry["died_on"]
        on = (entry.day("ended_at") or entry.day("started_at")) if entry.form == "adverse-event" else None
        if on is not None and entry["death"] == YesNo.YES:
            yield on


def decimals(value: Decimal | None) -> str:
    """A number without trailing zeros, or an empty text: ``12.5``."""
    return "" if value is None else format(value.normalize(), "f")
