"""The safety of the trial as pages, mails and files see it: each event with its clocks and what was told. Four queries."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from django.utils import timezone

from assessments import clocks
from assessments.crfs.safety import RELATED, AdverseEvent, Outcome
from assessments.crfs.serious import ReportKind, SafetyReport, SeriousEvent
from assessments.notification import BODIES, Notification, standing_of
from casebook.items import YesNo
from casebook.models import FormRecord

UNSOLVED = (None, Outcome.NOT_RECOVERED, Outcome.RECOVERING, Outcome.UNKNOWN)


@dataclass(frozen=True)
class Duty:
    """One deadline with what was told, as it stands at a moment."""

    deadline: clocks.Deadline
    told: Notification | None
    now: datetime

    @property
    def state(self) -> str:
        """A word of the common vocabulary: told, told late, open, overdue, waits."""
        due = self.deadline.due
        if self.told is not None:
            return "told late" if clocks.is_late(due, self.told.sent_at) else "told"
        if due is None:
            return "waits"
        return "overdue" if clocks.is_late(due, self.now) else "open"

    @property
    def is_open(self) -> bool:
        return self.state in ("open", "overdue")

    @property
    def body(self) -> str:
        return BODIES[self.deadline.body]

    @property
    def value(self) -> str:
        """How the page names it."""
        return ":".join(self.deadline.key)

    @property
    def words(self) -> str:
        return clocks.words(self.deadline.due, self.now)


@dataclass(frozen=True)
class Step:
    """One rule of one event that is still owed: to whom, until when."""

    case: SafetyCase
    rule: clocks.Rule
    duties: list[Duty]

    @property
    def first(self) -> Duty:
        return self.duties[0]

    @property
    def bodies(self) -> str:
        return ", ".join(duty.body for duty in self.duties)


@dataclass
class SafetyCase:
    """An adverse event with everything that hangs on it."""

    event: AdverseEvent
    now: datetime
    serious: SeriousEvent | None = None
    reports: list[SafetyReport] = field(default_factory=list)
    told: dict[tuple[str, str], Notification] = field(default_factory=dict)

    @property
    def is_serious(self) -> bool:
        return self.event.serious == YesNo.YES

    @property
    def is_open(self) -> bool:
        """A serious event that is not over, or of which something is owed."""
        return self.is_serious and (self.event.outcome in UNSOLVED or any(duty.is_open for duty in self.duties))

    @property
    def case(self) -> clocks.Case:
        event, serious = self.event, self.serious
        told_sponsor = min((n.sent_at for n in self.told.values() if n.body == clocks.Body.SPONSOR), default=None)
        return clocks.Case(
            serious=self.is_serious,
            occurred_at=(serious and serious.occurred_at) or event.started_at,
            site_aware_at=(serious and serious.site_aware_at) or event.aware_at,
            sponsor_aware_at=(serious and serious.sponsor_aware_at) or told_sponsor,
            related=None if event.related is None else event.related in RELATED,
            expected=None if event.expected is None else event.expected == YesNo.YES,
            fatal_or_life_threatening=_either(event.death, event.life_threatening),
            withdrawn_at=next((r.record.saved_at for r in self.reports if r.kind == ReportKind.NULLIFICATION), None),
        )

    @property
    def duties(self) -> list[Duty]:
        """Everything to be told: what is owed first, by its deadline, then what waits for its start, then what was told."""
        found = [Duty(deadline, self.told.get(deadline.key), self.now) for deadline in clocks.deadlines(self.case)]
        return sorted(found, key=lambda duty: (duty.told is not None, not duty.is_open))

    @property
    def steps(self) -> list[Step]:
        """What is still owed, by rule, the earliest first."""
        owed: dict[str, list[Duty]] = defaultdict(list)
        for duty in self.duties:
            if duty.is_open:
                owed[duty.deadline.rule.code].append(duty)
        return [Step(self, clocks.RULES[code], duties) for code, duties in owed.items()]

    @property
    def latest(self) -> SafetyReport | None:
        return self.reports[-1] if self.reports else None


def _either(*answers: str | None) -> bool | None:
    """Yes where one answer is yes, no where all are no, else not known."""
    return True if YesNo.YES in answers else None if None in answers else False


def cases(events: Iterable[FormRecord] | Any, now: datetime | None = None) -> list[SafetyCase]:
    """The saved adverse events among these records, each with its clocks; the latest first. Four queries."""
    now = now or timezone.now()
    found = AdverseEvent.objects.filter(record__in=events, started_at__isnull=False)
    found = found.select_related("record__participant__site").order_by("-started_at", "pk")
    by_record: dict[UUID, SafetyCase] = {event.pk: SafetyCase(event, now) for event in found}
    for serious in SeriousEvent.objects.filter(record__about__in=list(by_record)).select_related("record"):
        by_record[serious.record.about_id].serious = serious
    for report in SafetyReport.objects.filter(record__about__in=list(by_record)).select_related("record").order_by("number"):
        by_record[report.record.about_id].reports.append(report)
    for told in standing_of(list(by_record)):
        by_record[told.record_id].told[told.key] = told
    return list(by_record.values())


def event_records(participants: Any) -> Any:
    """The adverse events of these participants that hold answers."""
    return FormRecord.objects.filter(participant__in=participants, form=AdverseEvent.slug, version__gt=0)


def steps_owed(found: Iterable[SafetyCase]) -> list[Step]:
    """Everything that is still owed about these events, the earliest deadline first."""
    steps = [step for case in found for step in case.steps]
    return sorted(steps, key=lambda step: (step.first.deadline.due, step.case.event.record.participant.number))
