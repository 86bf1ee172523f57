"""Who may enter the trial: rules R1 (age), R2 (persistent ITP), R3 (entry count) and R4 (criteria).

Pure functions over frozen data. ``assess`` never answers with a bare yes or no: each criterion comes with the evidence
that decided it. A criterion that nobody answered makes the outcome "query": the child is not eligible *yet*.

Dates are calendar dates. Completed years compare (month, day), so a child born on 29 February completes a year on
1 March of a year without that day.
"""

from __future__ import annotations

import calendar
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Literal

from itp_trial.protocol import RULES_VERSION, value
from itp_trial.reasons import Reason

Phase = Literal["newly diagnosed", "persistent", "chronic"]
Outcome = Literal["eligible", "not eligible", "query"]

AGE_MIN: int = value("AGE_MIN")
AGE_MAX_COMPLETED: int = value("AGE_MAX_COMPLETED")
AGE_MAX_STRICT: bool = value("AGE_MAX_STRICT")
PERSIST_MIN_M: int = value("PERSIST_MIN_M")
PERSIST_MAX_M: int = value("PERSIST_MAX_M")
BASELINE_WINDOW_D: int = value("BASELINE_WINDOW_D")
ENTRY_PLT_MAX: Decimal = value("ENTRY_PLT_MAX")
ENTRY_PLT_WARN: Decimal = value("ENTRY_PLT_WARN")
ENTRY_PLT_R_IMPOSSIBLE: Decimal = value("ENTRY_PLT_R_IMPOSSIBLE")

_PARTIAL = re.compile(r"([0-9]{4})(?:-([0-9]{2})(?:-([0-9]{2}))?)?")


# --- dates -----------------------------------------------------------------------------------------------------------


def add_months(day: date, months: int) -> date:
    """``day`` plus calendar months, clamped to the end of the month: 30 November + 3 = 28 or 29 February (R2)."""
    index = day.year * 12 + day.month - 1 + months
    year, month = index // 12, index % 12 + 1
    return date(year, month, min(day.day, calendar.monthrange(year, month)[1]))


def completed_years(birth: date, on: date) -> int:
    """Whole years lived on ``on``; negative before birth. Born 29 February: the birthday is 1 March if need be (R1)."""
    return on.year - birth.year - ((on.month, on.day) < (birth.month, birth.day))


@dataclass(frozen=True)
class PartialDate:
    """A date of which the day (or month and day) may be unknown: the first and the last day that it can be."""

    text: str
    first: date
    last: date

    @classmethod
    def parse(cls, text: str) -> PartialDate:
        """Read "2025-01-15", "2025-01" or "2025"; ValueError in plain words for anything else."""
        match = _PARTIAL.fullmatch(text.strip())
        if match is None:
            raise ValueError(f"'{text}' is not a date. Write 2025-01-15, or 2025-01 if the day is unknown.")
        year, month, day = match.groups()
        try:
            return cls(text.strip(), *_span(year, month, day))
        except ValueError:
            raise ValueError(f"'{text}' is not a day of the calendar.") from None

    @property
    def complete(self) -> bool:
        """Whether the day is known."""
        return self.first == self.last


def _span(year: str, month: str | None, day: str | None) -> tuple[date, date]:
    if day is not None:
        exact = date.fromisoformat(f"{year}-{month}-{day}")
        return exact, exact
    first, final = date(int(year), int(month or 1), 1), date(int(year), int(month or 12), 1)
    return first, final.replace(day=calendar.monthrange(final.year, final.month)[1])


# --- what goes in, what comes out ------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Evidence:
    """All that is known about a child at screening; None means "not answered yet".

    ``confirmed_on`` is E, the date on which eligibility is confirmed. ``consent_on`` is the day on which the age
    counts; E stands in for it. ``diagnosis`` is the date of the first documented diagnosis (not of the first symptom),
    ISO text, the day may be missing. ``entry_count`` is the latest valid count in 10^9/L.
    Raises ValueError for a count that is no number or negative.
    """

    birth_date: date | None = None
    confirmed_on: date | None = None
    diagnosis: str | None = None
    tpo_ra_ever: bool | None = None
    severe_ivig_reaction: bool | None = None
    intracranial_haemorrhage: bool | None = None
    difficult_venous_access: bool | None = None
    other_thrombocytopenia: bool | None = None
    entry_count: Decimal | None = None
    entry_count_on: date | None = None
    day_0: date | None = None
    iga_deficiency: bool | None = None
    renal_impairment: bool | None = None
    positive_dat: bool | None = None
    thrombosis_history: bool | None = None
    live_vaccine_recent: bool | None = None
    concurrent_steroids: bool | None = None
    in_another_study: bool | None = None
    consent_on: date | None = None

    def __post_init__(self) -> None:
        count = self.entry_count
        if count is not None and (not count.is_finite() or count < 0):
            raise ValueError(f"A platelet count is a number from 0 up; got {count}.")


@dataclass(frozen=True)
class Criterion:
    """One criterion as it goes to SDTM IE: ``met`` is the literal truth of ``text`` (None = not answered).

    An inclusion criterion lets a child in when it is met, an exclusion criterion when it is not: see ``passes``.
    """

    code: str
    text: str
    met: bool | None
    evidence: str
    rule: str

    @property
    def passes(self) -> bool | None:
        """Whether this criterion allows the child to enter; None while it is open."""
        if self.met is None or not self.code.startswith("EXCL"):
            return self.met
        return not self.met


@dataclass(frozen=True)
class Assessment:
    """The verdict with everything that led to it; ``boundary`` = exactly 3 or 12 months after diagnosis (R2)."""

    eligible: Outcome
    criteria: tuple[Criterion, ...]
    warnings: tuple[Reason, ...]
    boundary: bool
    phase: Phase | None
    rules_version: str = RULES_VERSION

    @property
    def reasons(self) -> tuple[Reason, ...]:
        """Why the child may not enter (yet): every criterion that fails or is open; empty when eligible."""
        return tuple(
            Reason(criterion.rule, f"{criterion.code} {criterion.text}: {criterion.evidence}")
            for criterion in self.criteria
            if not criterion.passes
        )


def assess(evidence: Evidence, *, strict_age: bool = AGE_MAX_STRICT) -> Assessment:
    """Judge a child by R1-R4. ``strict_age`` selects the reading "not older than 10.0 years" of R1."""
    persistence = _persistence(evidence)
    criteria = (
        _age(evidence, strict_age),
        persistence.criterion,
        *_answers(evidence),
        _entry_count(evidence),
    )
    warnings = (*_day_0_warnings(evidence, persistence.phase), *_count_warnings(evidence), *_screens(evidence))
    return Assessment(_outcome(criteria), criteria, warnings, persistence.boundary, persistence.phase)


def _outcome(criteria: tuple[Criterion, ...]) -> Outcome:
    passes = [criterion.passes for criterion in criteria]
    if False in passes:
        return "not eligible"
    return "query" if None in passes else "eligible"


# --- R1 age ----------------------------------------------------------------------------------------------------------

_AGE_TEXT = f"Age {AGE_MIN} to {AGE_MAX_COMPLETED} years at consent"


def _age(evidence: Evidence, strict: bool) -> Criterion:
    met, why = _age_verdict(evidence.birth_date, evidence.consent_on or evidence.confirmed_on, strict)
    return Criterion("INCL01", _AGE_TEXT, met, why, "R1")


def _age_verdict(birth: date | None, on: date | None, strict: bool) -> tuple[bool | None, str]:
    if birth is None:
        return None, "The date of birth is not answered."
    if on is None:
        return None, "The date of consent is not answered."
    if birth > on:
        return None, f"The date of birth {birth} is after the consent on {on}. Please check both."
    years = completed_years(birth, on)
    return _age_in_range(birth, on, years, strict), _age_words(birth, on, years, strict)


def _age_in_range(birth: date, on: date, years: int, strict: bool) -> bool:
    if strict and years == AGE_MAX_COMPLETED:
        return completed_years(birth, on - timedelta(days=1)) < AGE_MAX_COMPLETED
    return AGE_MIN <= years <= AGE_MAX_COMPLETED


def _age_words(birth: date, on: date, years: int, strict: bool) -> str:
    default = f"up to the day before birthday {AGE_MAX_COMPLETED + 1}"
    reading = f"if not older than {AGE_MAX_COMPLETED}.0 years" if strict else default
    return f"Born {birth}; completed years on {on}: {years} (accepted {reading}: assumption)."


# --- R2 persistent ITP -----------------------------------------------------------------------------------------------

_PERSISTENT_TEXT = "Persistent ITP by the ASH definition"


@dataclass(frozen=True)
class _Persistence:
    criterion: Criterion
    phase: Phase | None = None
    boundary: bool = False


def phase_on(diagnosis: date, day: date) -> Phase:
    """The phase of ITP on ``day``; exactly 3 and exactly 12 months after diagnosis are persistent (R2)."""
    if day < add_months(diagnosis, PERSIST_MIN_M):
        return "newly diagnosed"
    return "persistent" if day <= add_months(diagnosis, PERSIST_MAX_M) else "chronic"


def _at_boundary(diagnosis: date, day: date) -> bool:
    return day in (add_months(diagnosis, PERSIST_MIN_M), add_months(diagnosis, PERSIST_MAX_M))


def _persistence(evidence: Evidence) -> _Persistence:
    if not evidence.diagnosis:
        return _open_persistence("The date of diagnosis is not answered.")
    if evidence.confirmed_on is None:
        return _open_persistence("The date on which eligibility is confirmed is not answered.")
    try:
        diagnosis = PartialDate.parse(evidence.diagnosis)
    except ValueError as error:
        return _open_persistence(str(error))
    if diagnosis.first > evidence.confirmed_on or (diagnosis.complete and diagnosis.last > evidence.confirmed_on):
        return _open_persistence(f"The diagnosis {diagnosis.text} is after {evidence.confirmed_on}. Please check both.")
    return _judge_persistence(diagnosis, evidence.confirmed_on)


def _open_persistence(why: str) -> _Persistence:
    return _Persistence(Criterion("INCL02", _PERSISTENT_TEXT, None, why, "R2"))


def _judge_persistence(diagnosis: PartialDate, day: date) -> _Persistence:
    """A diagnosis without a day counts only if its first and its last possible day give the same phase."""
    earliest, latest = phase_on(diagnosis.first, day), phase_on(diagnosis.last, day)
    if earliest != latest:
        return _open_persistence(
            f"Diagnosis {diagnosis.text} without a day: {earliest} if on {diagnosis.first}, "
            f"{latest} if on {diagnosis.last}. Find the day."
        )
    boundary = _at_boundary(diagnosis.first, day) or _at_boundary(diagnosis.last, day)
    why = _persistence_words(diagnosis, day, earliest, boundary)
    return _Persistence(Criterion("INCL02", _PERSISTENT_TEXT, earliest == "persistent", why, "R2"), earliest, boundary)


def _persistence_words(diagnosis: PartialDate, day: date, phase: Phase, boundary: bool) -> str:
    opens, closes = add_months(diagnosis.last, PERSIST_MIN_M), add_months(diagnosis.first, PERSIST_MAX_M)
    note = " Boundary: exactly on a limit; that the limits count is an assumption." if boundary else ""
    # Of a year alone there is no day on which every diagnosis in it would be persistent.
    between = f"persistent from {opens} to {closes}; " if opens <= closes else ""
    return f"Diagnosis {diagnosis.text}: {between}on {day} {phase}.{note}"


def _day_0_warnings(evidence: Evidence, phase: Phase | None) -> Iterator[Reason]:
    """R2 once more on Day 0: a child who has become chronic while waiting is a warning, never a refusal."""
    if phase != "persistent" or evidence.day_0 is None or not evidence.diagnosis:
        return
    diagnosis = PartialDate.parse(evidence.diagnosis)
    phases = {phase_on(diagnosis.first, evidence.day_0), phase_on(diagnosis.last, evidence.day_0)}
    if phases != {"persistent"}:
        others = " or ".join(sorted(phases - {"persistent"}))
        sure = "may be" if "persistent" in phases else "is"
        yield Reason("R2", f"On Day 0 ({evidence.day_0}) the ITP {sure} {others}, no longer surely persistent.")


# --- R3 entry count --------------------------------------------------------------------------------------------------

_COUNT_TEXT = f"Entry platelet count below {ENTRY_PLT_MAX} ×10⁹/L"


def _entry_count(evidence: Evidence) -> Criterion:
    met, why = _count_verdict(evidence)
    return Criterion("ENTRYPLT", _COUNT_TEXT, met, why, "R3")


def _count_verdict(evidence: Evidence) -> tuple[bool | None, str]:
    count, taken, reference = evidence.entry_count, evidence.entry_count_on, evidence.day_0 or evidence.confirmed_on
    if count is None or taken is None:
        return None, "The entry platelet count or its date is not answered."
    if reference is None:
        return None, "Neither Day 0 nor the date on which eligibility is confirmed is answered."
    age = (reference - taken).days
    if not 0 <= age <= BASELINE_WINDOW_D:
        when = f"{abs(age)} day{'s'[: abs(age) != 1]} {'before' if age > 0 else 'after'}"
        return None, (
            f"The count of {taken} is {when} {reference}; it must be at most {BASELINE_WINDOW_D} days old "
            "(assumption). A newer count is needed."
        )
    return count < ENTRY_PLT_MAX, f"{count} ×10⁹/L on {taken} (limit {ENTRY_PLT_MAX}: assumption)."


def _count_warnings(evidence: Evidence) -> Iterator[Reason]:
    count = evidence.entry_count
    if count is None or count >= ENTRY_PLT_MAX:
        return
    if count >= ENTRY_PLT_WARN:
        yield Reason("R3", f"Entry count {count} is {ENTRY_PLT_WARN} or more (assumption): is treatment needed?")
    if count >= ENTRY_PLT_R_IMPOSSIBLE:
        yield Reason(
            "R3",
            f"R impossible: from an entry count of {ENTRY_PLT_R_IMPOSSIBLE}, twice the baseline is already a complete "
            f"response; with {count} the child can only reach CR or NR.",
        )


# --- R4 criteria and screens -----------------------------------------------------------------------------------------


def _answers(evidence: Evidence) -> tuple[Criterion, ...]:
    tpo = evidence.tpo_ra_ever
    return (
        _answer("INCL03", "Never treated with a thrombopoietin receptor agonist", None if tpo is None else not tpo,
                yes="No exposure.", no="Exposed; any exposure of any length rules the child out."),
        _exclusion("EXCL01", "Severe adverse reaction to IVIG in the past", evidence.severe_ivig_reaction),
        _exclusion("EXCL02", "Intracranial haemorrhage in the past", evidence.intracranial_haemorrhage),
        _exclusion("EXCL03", "Difficult venous access", evidence.difficult_venous_access),
        _exclusion("EXCL04", "Congenital, secondary or non-immune thrombocytopenia", evidence.other_thrombocytopenia),
    )  # fmt: skip


def _exclusion(code: str, text: str, answer: bool | None) -> Criterion:
    return _answer(code, text, answer, yes="Answered yes: rules the child out.", no="Answered no.")


def _answer(code: str, text: str, met: bool | None, *, yes: str, no: str) -> Criterion:
    why = "Not answered." if met is None else yes if met else no
    return Criterion(code, text, met, why, "R4")


#: Not criteria of the registry record: they warn and never exclude (protocol 1.2).
_SCREENS = (
    ("iga_deficiency", "IgA deficiency", "the product contains about 6.8 g/L IgA"),
    ("renal_impairment", "renal impairment", "IVIG can worsen it"),
    ("positive_dat", "positive direct antiglobulin test", "think of Evans syndrome, which is a secondary ITP"),
    ("thrombosis_history", "thrombosis in the past", "IVIG raises the risk of another"),
    ("live_vaccine_recent", "live vaccine in the last weeks", "IVIG can make it ineffective"),
    ("concurrent_steroids", "concurrent steroids", "they raise the count and blur the response"),
    ("in_another_study", "takes part in another study", "ask the sponsor first"),
)


def _screens(evidence: Evidence) -> Iterator[Reason]:
    answers = [(getattr(evidence, name), label, why) for name, label, why in _SCREENS]
    for answer, label, why in answers:
        if answer:
            yield Reason("R4", f"Safety screen, {label}: {why}. Does not exclude; the investigator decides.")
    if missing := [label for answer, label, _ in answers if answer is None]:
        yield Reason("R4", f"Safety screens not answered yet: {', '.join(missing)}.")
