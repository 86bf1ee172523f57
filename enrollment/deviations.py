"""Deviations that the data show by themselves: one table of rules, one row per cause, never two for one (ADR 0014).

A rule rests on a finding that some form raised (its code), or on the day of a visit, or on the consent at the time of a
dose. What it finds becomes an empty form “Protocol deviation” that opens with the answer filled in. Nobody has to look for
it: it is raised when the data are saved, and withdrawn by itself when they are cured while nobody has saved the form.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any

from django.db import models
from django.utils import timezone

from casebook.actions import add_log_record, remove_record, restore_record
from casebook.items import YesNo
from casebook.models import Finding, FormRecord, Participant, Visit
from enrollment.crfs import Consent, Deviation, Reconsent, latest_consent
from enrollment.crfs.deviation import Category
from itp_trial.actor import System, acting
from itp_trial.normalise import CAIRO

#: Who raises and withdraws: a rule, never a person (RQ-11).
RULES = System("deviation rules")


@dataclass(frozen=True)
class Rule:
    """One line of the table: which finding (or which look at the data) is a departure from what."""

    code: str
    category: Category
    reference: str
    #: The edit check whose finding is the cause; empty for the rules of this module.
    check: str = ""


#: What is a deviation. A finding may be a slip of the pen: while it is open the candidate waits, and it goes when it is cured.
TABLE = (
    Rule("DV-DOSE", Category.DOSE, "R5: 1 and 0.5 g/kg, 10 % tolerance", "INF10"),
    Rule("DV-DURATION", Category.DURATION, "R5: duration of the infusion", "INF11"),
    Rule("DV-RATE", Category.DURATION, "protocol 5.6: rate of the infusion", "INF12"),
    Rule("DV-WEIGHT", Category.DOSE, "R5: weight at most 7 days old", "INF13"),
    Rule("DV-INTERVAL", Category.WINDOW, "R6: 14 to 28 days between doses", "INF15"),
    Rule("DV-ABO", Category.BLOOD_GROUP, "protocol 5.3: blood group of the product", "BAG04"),
    Rule("DV-ENTRY-COUNT", Category.ELIGIBILITY, "R3: entry count on Day 0", "CBC11"),
    Rule("DV-PHASE", Category.ELIGIBILITY, "R2: persistent ITP on Day 0", "INF17"),
    Rule("DV-CRITERIA", Category.ELIGIBILITY, "R4: eligibility with the answers of today", "SCR04"),
    Rule("DV-SAMPLE", Category.SAMPLE, "R8: sample clumped or clotted", "CBC03"),
    Rule("DV-SAMPLE-LATE", Category.SAMPLE, "R10: the count before the dose", "CBC08"),
    Rule("DV-NO-COUNT", Category.SAMPLE, "protocol 11.3: count of the schedule not done"),
    Rule("DV-WINDOW", Category.WINDOW, "protocol 11.3: windows of the visits"),
    Rule("DV-CONSENT", Category.CONSENT, "law 214/2020 art. 3: consent before every dose"),
)
BY_CODE = {rule.code: rule for rule in TABLE}
BY_CHECK = {rule.check: rule for rule in TABLE if rule.check}


class DeviationCause(models.Model):
    """Why a deviation was raised: the rule, the thing that it was found in, and the words that the form opens with."""

    record = models.OneToOneField(FormRecord, on_delete=models.PROTECT, related_name="deviation_cause")
    rule = models.CharField(max_length=20)
    #: The form or the visit in which it was found.
    source = models.UUIDField()
    occurred_on = models.DateField()
    said = models.TextField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["rule", "source"], name="deviation_once_per_cause")]

    def __str__(self) -> str:
        return f"{self.rule}: {self.said}"

    @property
    def category(self) -> str:
        return BY_CODE[self.rule].category

    @property
    def reference(self) -> str:
        return BY_CODE[self.rule].reference


@dataclass(frozen=True)
class Found:
    """What a rule sees now."""

    rule: str
    source: Any
    occurred_on: date
    said: str


def after_findings(record: FormRecord, crf: Any, findings: list[Finding], **_: Any) -> None:
    """The findings of a form were run: raises what is new, withdraws what is cured and untouched."""
    child = record.participant
    if child is None or child.subject_number is None or record.form == Deviation.slug:
        return
    sources = {record.pk, *([record.visit_id] if record.visit_id else [])}
    found = {(f.rule, f.source): f for f in _found(record, child, crf, findings)}
    known = {(cause.rule, cause.source): cause for cause in _known(record, child, sources)}
    if not found and not known:
        return
    with acting(RULES, "Raised or withdrawn by rule"):
        for key, what in found.items():
            _raise(child, what, known.get(key))
        for key, cause in known.items():
            if key not in found:
                _withdraw(cause)


def _known(record: FormRecord, child: Participant, sources: set[Any]) -> Iterable[DeviationCause]:
    causes = DeviationCause.objects.select_related("record__participant", "record__visit")
    here = models.Q(source__in=sources)
    if record.form in (Consent.slug, Reconsent.slug):
        here |= models.Q(rule="DV-CONSENT", record__participant=child)
    return causes.filter(here)


def _found(record: FormRecord, child: Participant, crf: Any, findings: list[Finding]) -> Iterator[Found]:
    for finding in findings:
        if finding.code in BY_CHECK:
            yield Found(BY_CHECK[finding.code].code, record.pk, _day_of(record), finding.message)
    if record.visit is not None:
        yield from _in_window(record.visit)
        yield from _not_counted(record, crf)
    if record.form in (Consent.slug, Reconsent.slug):
        doses = [visit for visit in child.visits.filter(happened_on__isnull=False) if visit.plan.infusion is not None]
    else:
        doses = [record.visit] if record.visit and record.visit.plan.infusion is not None and record.visit.happened_on else []
    for dose in doses:
        yield from _without_consent(dose, child)


def _day_of(record: FormRecord) -> date:
    visit = record.visit
    return (visit.happened_on or visit.target) if visit else timezone.localdate()


def _in_window(visit: Visit) -> Iterator[Found]:
    """A visit outside its window. The days between doses have a rule of their own (R6), so that one cause is told once."""
    if visit.is_in_window or visit.plan.infusion:
        return
    days = visit.window.days_outside(visit.happened_on)
    word = f"{abs(days)} day{'s'[: abs(days) > 1]} {'after' if days > 0 else 'before'} its window"
    yield Found("DV-WINDOW", visit.pk, visit.happened_on,
                f"{visit.title} took place on {visit.happened_on:%d %b %Y}, {word}"
                f" ({visit.opens:%d %b %Y} to {visit.closes:%d %b %Y}).")  # fmt: skip


def _not_counted(record: FormRecord, crf: Any) -> Iterator[Found]:
    """The schedule asked for a count and none was taken."""
    if record.form != "blood-count" or record.visit is None or record.visit.plan.repeats:
        return
    if crf.done == YesNo.NO:
        yield Found(
            "DV-NO-COUNT", record.pk, _day_of(record), f"{record.visit.title}: no blood count. {crf.why_not or ''}".strip()
        )


def _without_consent(dose: Visit, child: Participant) -> Iterator[Found]:
    """A dose was given while the consent had a gap, as the forms say it today."""
    day = dose.happened_on
    if day is None:
        return
    consent = latest_consent(child, datetime.combine(day, time.max, CAIRO))
    gaps = consent.gaps() if consent else ["There is no consent before this dose."]
    if gaps:
        yield Found("DV-CONSENT", dose.pk, day, f"{dose.title} on {day:%d %b %Y}: " + " ".join(gaps))


def _raise(child: Participant, found: Found, known: DeviationCause | None) -> None:
    if known is None:
        record = add_log_record(participant=child, form=Deviation.slug, by=RULES)
        DeviationCause.objects.create(record=record, rule=found.rule, source=found.source, occurred_on=found.occurred_on,
                                      said=found.said)  # fmt: skip
        return
    if known.record.removed_at is not None and known.record.version == 0:
        restore_record(record=known.record, reason="The data show it again.", by=RULES)
    if known.record.version == 0 and (known.said, known.occurred_on) != (found.said, found.occurred_on):
        known.said, known.occurred_on = found.said, found.occurred_on
        known.save(update_fields=["said", "occurred_on"])


def _withdraw(cause: DeviationCause) -> None:
    """What a person has saved stays: whoever explained it says what became of it."""
    if cause.record.version == 0 and cause.record.removed_at is None:
        remove_record(record=cause.record, reason="The data no longer show it.", by=RULES)
