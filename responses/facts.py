"""What the dossier of one child says, as rows for tables and as marks for the chart. No queries."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from assessments.crfs.bleeding import BleedingAssessment
from assessments.crfs.safety import Outcome, Related, RescueKind
from assessments.smog import BY_CODE
from casebook.items import YesNo
from enrollment.crfs import Consent, Screening
from itp_trial.protocol import value
from itp_trial.reasons import readable
from itp_trial.schedule import VISITS
from responses.charts import Chart, Grade, Instant, Mark, Point, Shape, Span
from responses.counts import Sample
from responses.course import Dossier, Entry, decimals, doses, episode_end, episode_grade, rescue_end
from responses.rules import Rules, number_text
from responses.verdicts import CountStatus, End, Episode, Pair, Verdict

R_MIN_SENSITIVITY: Decimal = value("R_MIN_SENSITIVITY")
WEIGHT_MAX_AGE_D: int = value("WEIGHT_MAX_AGE_D")
#: A change is called rising or falling from this part of the earlier count, and from 5 ×10⁹/L. Display only.
TREND_PART, TREND_LEAST = Decimal("0.2"), Decimal(5)
UNSCHEDULED = "UNS"
#: The rows of the bleeding strip and the item of the assessment that each shows.
DOMAINS = {"Skin": "smog_skin", "Mucosa": "smog_mucosa", "Organ": "smog_organ"}


@dataclass(frozen=True)
class Row:
    """One line of the table beside the chart. ``ref`` is the form that it comes from."""

    on: date
    kind: str
    value: str
    note: str
    ref: str
    day: int | None = None
    until: str = ""
    status: str = ""
    mark: Mark | None = None
    number: Decimal | None = None
    shape: Shape = "scheduled"


@dataclass(frozen=True)
class LastCount:
    """The latest valid platelet count and what it did since the one before: rising, falling, steady or first."""

    value: Decimal
    on: date
    trend: str
    ref: str

    @property
    def text(self) -> str:
        return number_text(self.value)


@dataclass(frozen=True)
class Weight:
    """The latest weight used for a dose, and how old it is."""

    kg: Decimal
    on: date
    age_d: int
    ref: str

    @property
    def too_old(self) -> bool:
        """Older than a dose may be computed from (R5)."""
        return self.age_d > WEIGHT_MAX_AGE_D


@dataclass(frozen=True)
class Event:
    """One adverse event, as the safety card lists it."""

    term: str
    on: date | None
    grade: int | None
    serious: bool
    open: bool
    related: str
    outcome: str
    ref: str


@dataclass(frozen=True)
class Bleeding:
    """The latest bleeding assessment: the SMOG text and the worst grade present on its day (None = not said)."""

    on: date
    smog: str
    present: int | None
    ref: str


@dataclass(frozen=True)
class ConsentState:
    """What the consent form says: ``code`` is a state word, ``gaps`` what is missing before a child may be enrolled."""

    code: str
    on: date | None = None
    version: str = ""
    parents: str = ""
    assent: str = ""
    gaps: tuple[str, ...] = ()
    ref: str = ""


def last_count(dossier: Dossier) -> LastCount | None:
    """The latest valid count up to the day looked at (R8-R10)."""
    valid = [count for count in dossier.counts if count.value is not None and count.on <= dossier.course.as_of]
    if not valid:
        return None
    last = valid[-1]
    assert last.value is not None
    return LastCount(last.value, last.on, _trend([count.value for count in valid if count.value is not None]), last.ref)


def _trend(values: list[Decimal]) -> str:
    if len(values) == 1:
        return "first count"
    before, now = values[-2:]
    if abs(now - before) < max(before * TREND_PART, TREND_LEAST):
        return "steady"
    return "rising" if now > before else "falling"


def weight(dossier: Dossier, today: date) -> Weight | None:
    """The latest weight of an infusion form."""
    known = [entry for entry in dossier.of("infusion") if entry["weight_kg"] and entry["weight_on"]]
    if not known:
        return None
    last = max(known, key=lambda entry: entry["weight_on"])
    return Weight(last["weight_kg"].normalize() + 0, last["weight_on"], (today - last["weight_on"]).days, last.ref)


def age(dossier: Dossier, today: date) -> str:
    """``4 years 2 months``, or an empty text where the birth date is not known."""
    for entry in dossier.of("screening"):
        found = Screening(birth_date=entry["birth_date"]).age_on(today)
        if found:
            years, months = found
            return f"{years} year{'s'[: years != 1]} {months} month{'s'[: months != 1]}"
    return ""


def consent(dossier: Dossier) -> ConsentState:
    """The state of the consent, by the rules of the consent form itself."""
    entry = next(iter(dossier.of("consent")), None)
    if entry is None:
        return ConsentState("expected")
    form = Consent(**entry.answers)
    gaps = tuple(form.gaps())
    parents = ", ".join(
        f"{who} {getattr(form, f'get_{who}_display')() or 'not answered'}".lower() for who in ("mother", "father")
    )
    assent = form.get_assent_display() or ""
    return ConsentState("incomplete" if gaps else "complete", entry.day("consented_at"), form.version or "", parents, assent,
                        gaps, entry.ref)  # fmt: skip


def bleeding(dossier: Dossier) -> Bleeding | None:
    """The latest dated bleeding assessment."""
    dated = [entry for entry in dossier.of("bleeding-assessment") if entry["assessed_on"]]
    if not dated:
        return None
    last = max(dated, key=lambda entry: entry["assessed_on"])
    form = BleedingAssessment(**last.answers)
    return Bleeding(last["assessed_on"], form.smog_text, last["present_grade"], last.ref)


def events(dossier: Dossier) -> list[Event]:
    """Adverse events: open and serious ones first, then the latest first."""
    found = [_event(entry) for entry in dossier.of("adverse-event")]
    return sorted(found, key=lambda e: (not (e.open and e.serious), not e.open, not e.serious, -(e.on or date.min).toordinal()))


def _event(entry: Entry) -> Event:
    related = dict(Related.choices).get(entry["related"], "not answered")
    outcome = dict(Outcome.choices).get(entry["outcome"], "not answered")
    return Event(
        entry["term"] or "Not named yet", entry.day("started_at"), entry["grade"], entry["serious"] == YesNo.YES,
        entry["ongoing"] != YesNo.NO, str(related), str(outcome), entry.ref,
    )  # fmt: skip


def table(dossier: Dossier, verdict: Verdict) -> list[Row]:
    """Everything that the chart shows, as rows in the order of time."""
    rows = [*_count_rows(dossier, verdict), *_dose_rows(dossier), *_bleeding_rows(dossier), *_assessment_rows(dossier),
            *_rescue_rows(dossier), *_event_rows(dossier)]  # fmt: skip
    return sorted(rows, key=lambda row: (row.on, row.kind, row.ref))


def _study_day(dossier: Dossier, on: date) -> int | None:
    return (on - dossier.course.day_0).days if dossier.course.day_0 else None


def _count_rows(dossier: Dossier, verdict: Verdict) -> Iterator[Row]:
    judged = {count.on: count for count in verdict.counts}
    for count in dossier.counts:
        if count.value is not None:
            yield _chosen(dossier, judged[count.on], count.ref, count.value)
        for excluded in count.excluded:
            yield _left_out(dossier, excluded.sample, excluded.rule, excluded.why)


def _chosen(dossier: Dossier, count: CountStatus, ref: str, number: Decimal) -> Row:
    course = dossier.course
    before = course.day_0 is not None and count.on <= course.day_0
    is_baseline = before and count.value == course.baseline and count.on == _baseline_day(dossier)
    note = f"Baseline (R11). {count.reason.text}" if is_baseline else count.reason.text
    mark: Mark = "evaluable" if count.evaluable else "not evaluable"
    status = count.status if count.evaluable else ""
    return Row(count.on, "Platelets", f"{number_text(number)} ×10⁹/L", readable(f"{note} ({count.reason.rule})"), ref,
               _study_day(dossier, count.on), status=status, mark=mark, number=number, shape=_shape(dossier, ref))  # fmt: skip


def _shape(dossier: Dossier, ref: str) -> Shape:
    """Where a count comes from: another laboratory, besides the schedule, or the schedule (the screening form belongs to it)."""
    entry = next(entry for entry in dossier.entries if entry.ref == ref)
    if entry.answers.get("laboratory"):
        return "other laboratory"
    return "unscheduled" if entry.visit == UNSCHEDULED else "scheduled"


def _baseline_day(dossier: Dossier) -> date | None:
    day_0 = dossier.course.day_0
    return max((c.on for c in dossier.counts if c.value is not None and day_0 and c.on <= day_0), default=None)


def _left_out(dossier: Dossier, sample: Sample, rule: str, why: str) -> Row:
    mark: Mark = "not evaluable" if sample.acceptable else "poor quality"
    text = f"{number_text(sample.value)} ×10⁹/L" if sample.value is not None else "no result"
    return Row(sample.on, "Platelets", text, f"Not used: {why} ({rule})", sample.ref, _study_day(dossier, sample.on), mark=mark,
               number=sample.value, shape=_shape(dossier, sample.ref))  # fmt: skip


def dose_number(entry: Entry) -> int | None:
    """0 = loading dose, 1 to 5 = maintenance doses."""
    return VISITS[entry.visit].infusion if entry.visit in VISITS else None


def dose_name(entry: Entry) -> str:
    number = dose_number(entry)
    return "Loading dose" if number == 0 else f"Maintenance dose {number}" if number else "Dose"


def _dose_rows(dossier: Dossier) -> Iterator[Row]:
    for entry in doses(dossier.entries):
        on = entry.day("started_at")
        assert on is not None
        given = f"{decimals(entry['g_per_kg'])} g/kg" if entry["g_per_kg"] else "amount not known yet"
        amounts = f"{decimals(entry['grams'])} g, {decimals(entry['volume_ml'])} mL" if entry["grams"] else ""
        running = "Running: no end entered. " if entry["stopped_at"] is None else ""
        yield Row(on, "Dose", given, f"{dose_name(entry)}. {running}{amounts}".strip(), entry.ref, _study_day(dossier, on))


def _bleeding_rows(dossier: Dossier) -> Iterator[Row]:
    for entry in dossier.of("bleeding-episode"):
        if entry["started_on"] and entry["peak_grade"]:
            sign = BY_CODE.get(entry["site_of_bleeding"])
            known = f", by {entry['evidence']}" if entry["evidence"] else ""
            yield _bleed_row(dossier, entry, entry["started_on"], episode_end(entry), episode_grade(entry),
                             f"Episode: {sign.label if sign else 'kind not given'}{known}")  # fmt: skip
    for entry in dossier.of("bleeding-assessment"):
        if entry["assessed_on"] and entry["present_grade"]:
            yield _bleed_row(dossier, entry, entry["assessed_on"], entry["assessed_on"], entry["present_grade"], "Assessment")
    for entry in dossier.of("blood-count"):
        on, answer = entry.day("taken_at"), entry["bleeding"]
        if on and answer in ("1", "2", "3", "4"):
            yield _bleed_row(dossier, entry, on, on, int(answer), "On the day of the blood count")


def _bleed_row(dossier: Dossier, entry: Entry, start: date, end: date | None, grade: int, note: str) -> Row:
    return Row(start, "Bleeding", f"grade {grade}", note, entry.ref, _study_day(dossier, start), _until(start, end))


def _assessment_rows(dossier: Dossier) -> Iterator[Row]:
    """Every dated assessment with its SMOG: the strip below the curve."""
    for entry in dossier.of("bleeding-assessment"):
        if entry["assessed_on"]:
            smog = BleedingAssessment(**entry.answers).smog_text
            yield Row(entry["assessed_on"], "Assessment", smog, "Skin, mucosa, organ: worst since the visit before", entry.ref,
                      _study_day(dossier, entry["assessed_on"]))  # fmt: skip


def _grades(dossier: Dossier) -> Iterator[Grade]:
    for entry in dossier.of("bleeding-assessment"):
        for row, item in DOMAINS.items():
            if entry["assessed_on"] and entry[item] is not None:
                yield Grade(entry["assessed_on"], row, entry[item])


def _until(start: date, end: date | None) -> str:
    return "goes on" if end is None else "" if end == start else f"to {end:%d %b %Y}"


def rescue_rows(dossier: Dossier) -> list[Row]:
    """Rescue therapies with their dates and reasons."""
    return sorted(_rescue_rows(dossier), key=lambda row: row.on, reverse=True)


def _rescue_rows(dossier: Dossier) -> Iterator[Row]:
    for entry in dossier.of("rescue"):
        if entry["started_on"] and entry["kind"]:
            kind = str(dict(RescueKind.choices).get(entry["kind"], entry["kind"]))
            until = _until(entry["started_on"], rescue_end(entry))
            yield Row(entry["started_on"], "Rescue", kind, entry["why"] or "", entry.ref,
                      _study_day(dossier, entry["started_on"]), until)  # fmt: skip


def _event_rows(dossier: Dossier) -> Iterator[Row]:
    for event in events(dossier):
        if event.on:
            seriousness = "serious, " if event.serious else ""
            yield Row(event.on, "Adverse event", event.term, f"{seriousness}grade {event.grade or 'not given'}, {event.outcome}",
                      event.ref, _study_day(dossier, event.on), "goes on" if event.open else "")  # fmt: skip


def chart(dossier: Dossier, verdict: Verdict, rules: Rules | None = None) -> Chart:
    """The drawing of one child: the same facts as the table."""
    rules, course = rules or Rules(), dossier.course
    rows = table(dossier, verdict)
    guides = [(Decimal(rules.r_min), "R"), (R_MIN_SENSITIVITY, "R, sensitivity"), (Decimal(rules.cr_min), "CR")]
    if course.baseline:
        guides.append((course.baseline * rules.fold, f"= {number_text(rules.fold)} x baseline"))
    return Chart(
        title=f"Platelets and treatment of {dossier.participant.number}",
        as_of=course.as_of,
        day_0=course.day_0,
        points=tuple(Point(r.on, r.number, r.mark, r.note, r.shape) for r in rows if r.mark and r.number is not None),
        guides=tuple(guides),
        responses=tuple(_periods(verdict)),
        doses=tuple(Instant(r.on, r.value.removesuffix(" g/kg"), f"{r.value}. {r.note}") for r in rows if r.kind == "Dose"),
        bleeds=tuple(_bleed_spans(dossier)),
        rescues=tuple(Span(r.start, r.end, str(dict(RescueKind.choices).get(r.kind, r.kind))) for r in course.rescues),
        events=tuple(Instant(e.on, e.term, f"Grade {e.grade}", e.serious) for e in events(dossier) if e.on),
        grades=tuple(_grades(dossier)),
    )


def _bleed_spans(dossier: Dossier) -> Iterator[Span]:
    """One mark for a day: the worst grade. An assessment and a count on one day often say the same."""
    worst: dict[tuple[date, date | None], int] = {}
    for bleed in dossier.course.bleeds:
        worst[bleed.start, bleed.end] = max(bleed.grade, worst.get((bleed.start, bleed.end), 0))
    for (start, end), grade in worst.items():
        yield Span(start, end, str(grade))


def _periods(verdict: Verdict) -> Iterator[Span]:
    if verdict.response and verdict.response_end:
        first = Episode(verdict.response, verdict.response_end, verdict.complete_response, verdict.complete_response_end)
        yield from _episode(first)
    for later in verdict.later_episodes:
        yield from _episode(later)
    if verdict.state == "PENDING_CONFIRMATION" and verdict.since:
        yield Span(verdict.since, None, "Not yet confirmed", provisional=True)


def _episode(episode: Episode) -> Iterator[Span]:
    yield _period("Response", episode.response, episode.end)
    if episode.complete and episode.complete_end:
        yield _period("Complete response", episode.complete, episode.complete_end)


def _period(label: str, pair: Pair, end: End) -> Span:
    return Span(pair.start, max(end.on, pair.start + timedelta(days=1)), label)
