"""Questions that pages and the API ask of the casebook, each in a fixed number of queries."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from typing import Any

from django.db.models import Count, Exists, OuterRef, Prefetch, Q, QuerySet

from casebook.actions import UNSCHEDULED_FORMS
from casebook.comments import COMMENTED
from casebook.crf import crf_models
from casebook.models import Draft, Finding, FormRecord, Lock, Participant, Visit
from casebook.workdays import WorkingDays, working_days
from itp_trial.permissions import Access
from itp_trial.roles import Can

PARTICIPANTS = Participant.objects.select_related("site")
_DRAFTS = Draft.objects.filter(record=OuterRef("pk"))
_CLOSED = Lock.objects.filter(participant=OuterRef("participant"), lifted_at=None)
#: ``has_locks``: something of this participant is closed (``casebook.locks`` says whether this form is).
#: ``has_drafts``: somebody typed something here that is not saved. ``commented``: which questions have comments.
RECORDS = FormRecord.everything.select_related("site", "participant__site", "visit__participant", "saved_by").annotate(
    has_locks=Exists(_CLOSED), has_drafts=Exists(_DRAFTS), commented=COMMENTED
)
#: All forms of one child, with their visits.
RECORDS_OF_CHILD = FormRecord.objects.select_related("visit", "saved_by").annotate(commented=COMMENTED)
VISITS = Visit.objects.select_related("participant__site")


@dataclass
class Due:
    """One visit on the work list: its state today and why it stands there."""

    visit: Visit
    state: str
    late_by: int
    today: date
    missing: list[str] = field(default_factory=list)

    @property
    def left(self) -> WorkingDays:
        """The working days until the window closes, today included."""
        return working_days(max(self.today, self.visit.opens), self.visit.closes)

    @property
    def why(self) -> str:
        """What happens if nothing happens: the reason for its place in the list."""
        what = f"{self.agreed}The dose" if self.is_dose else f"{self.agreed}The visit"
        if self.late_by > 0:
            return f"{what} is a deviation already: the window closed {self.late_by} day{'s'[: self.late_by > 1]} ago."
        if self.state == "not yet open":
            return f"{self.agreed}Opens on {self.visit.opens:%d %b}; {self.left} in its window."
        return f"{what} becomes a deviation after {self.visit.closes:%d %b}: {self.left} left."

    @property
    def agreed(self) -> str:
        """The day that the family was told, with the reason where there is one."""
        visit = self.visit
        why = f" ({visit.planned_why})" if visit.planned_why else ""
        return f"Agreed for {visit.planned_on:%d %b}{why}. " if visit.planned_on else ""

    @property
    def is_put_off(self) -> bool:
        """Agreed for a day to come: it waits for that day, as long as it is no deviation yet."""
        return self.late_by <= 0 and self.visit.planned_on is not None and self.visit.planned_on > self.today

    @property
    def is_dose(self) -> bool:
        return self.visit.plan.infusion is not None

    @property
    def order(self) -> tuple[Any, ...]:
        """By consequence: what becomes a deviation first, a dose before a count, then the day and the child."""
        days = 0 if self.late_by > 0 else self.left.count
        return days, not self.is_dose, self.visit.closes, self.visit.participant.screening_number

    @property
    def bar(self) -> dict[str, int]:
        """Where opening, best day, today and closing lie on a bar of 100 steps."""
        window = self.visit.window
        first, last = min(window.opens, self.today), max(window.closes, self.today)
        span = max((last - first).days, 1)
        days = {"opens": window.opens, "target": window.target, "today": self.today, "closes": window.closes}
        place = {name: 100 * (day - first).days // span for name, day in days.items()}
        return place | {"width": max(place["closes"] - place["opens"], 2)}


def work_list(participants: QuerySet[Participant], today: date, horizon: int = 7) -> dict[str, list[Due]]:
    """The visits that want something: overdue, due now, within the next days. Two queries, however many children.

    What was agreed with the family for a later day stands among the next days until then.
    """
    # A visit whose every form says something ("not done, because ...") wants nothing any more, although it has no day.
    untouched = FormRecord.objects.filter(visit=OuterRef("pk"), version=0)
    visits = (
        Visit.objects.filter(Exists(untouched), participant__in=participants, happened_on=None, cancelled="")
        .select_related("participant__site")
        .prefetch_related("records")
        .order_by("closes", "participant__screening_number")
    )
    lanes: dict[str, list[Due]] = {"overdue": [], "now": [], "soon": []}
    for visit in visits:
        state = visit.window.state(today, done=False)
        untold = [r.title for r in visit.records_in_order() if not r.version]
        due = Due(visit, state, visit.window.days_outside(today), today, untold)
        if state == "overdue":
            lanes["overdue"].append(due)
        elif state != "not yet open" and due.is_put_off:
            lanes["soon"].append(due)
        elif state in ("open", "due today"):
            lanes["now"].append(due)
        elif (visit.opens - today).days <= horizon:
            lanes["soon"].append(due)
    return {name: sorted(rows, key=lambda due: due.order) for name, rows in lanes.items()}


@dataclass
class Asked:
    """One form with what is asked about it, what weighs most first."""

    record: FormRecord
    findings: list[Finding]

    @property
    def first(self) -> Finding:
        return self.findings[0]

    @property
    def more(self) -> int:
        return len(self.findings) - 1


def to_answer(participants: QuerySet[Participant]) -> list[Asked]:
    """The questions about stored answers that are open, by form: safety first, then what decides, then the oldest. One query."""
    findings = Finding.objects.filter(record__participant__in=participants, record__removed_at=None, state=Finding.State.OPEN)
    findings = findings.exclude(code="MISSING").select_related("record__participant__site", "record__visit__participant")
    asked: dict[Any, Asked] = {}
    for finding in sorted(findings, key=_weight):
        asked.setdefault(finding.record_id, Asked(finding.record, [])).findings.append(finding)
    return list(asked.values())


def _weight(finding: Finding) -> tuple[Any, ...]:
    crf = finding.record.crf_class
    item = crf.items().get(finding.item)
    return not crf.is_safety, not (item and item.critical), finding.raised_at, finding.pk


def open_work(participants: QuerySet[Participant]) -> QuerySet[FormRecord]:
    """What is half done: forms not started of visits that took place, or added and left, and saved forms with a gap."""
    gaps = Count("findings", filter=Q(findings__state=Finding.State.OPEN, findings__code="MISSING"))
    records = FormRecord.objects.filter(participant__in=participants)
    records = records.select_related("participant__site", "visit__participant").annotate(gaps=gaps)
    forgotten = Q(version=0, visit__happened_on__isnull=False) | Q(version=0, visit=None)
    return records.filter(forgotten | Q(gaps__gt=0)).order_by("visit__target", "created_at")


def drafts_by(user: Any, participants: QuerySet[Participant]) -> list[Draft]:
    """What this person typed and has not saved, the oldest first."""
    drafts = Draft.objects.filter(user=user, record__participant__in=participants, record__removed_at=None)
    return list(drafts.select_related("record__participant", "record__visit__participant")[:50])


def visits_with_records(participant: Participant) -> list[Visit]:
    """The visits of a participant in order, each with its records and their open findings. Two queries."""
    records = FormRecord.objects.select_related("saved_by").annotate(
        open_findings=Count("findings", filter=Q(findings__state=Finding.State.OPEN))
    )
    visits = participant.visits.prefetch_related(Prefetch("records", queryset=records))
    return sorted(visits, key=lambda visit: visit.place)


def log_records(participant: Participant) -> list[FormRecord]:
    """The records of a participant outside visits (adverse events, rescues, bleeding episodes)."""
    open_findings = Count("findings", filter=Q(findings__state=Finding.State.OPEN))
    records = participant.records.filter(visit=None).select_related("saved_by").annotate(open_findings=open_findings)
    return list(records.order_by("created_at", "form", "repeat"))  # a grouped query forgets the model's own order


def next_record(record: FormRecord) -> FormRecord | None:
    """The next form of the same visit that is not complete: where "save and next" leads."""
    if record.visit is None:
        return None
    others = [r for r in record.visit.records_in_order() if r.pk != record.pk and r.status != FormRecord.Status.COMPLETE]
    return others[0] if others else None


def removed_records(participant: Participant) -> list[FormRecord]:
    """What was removed as entered by mistake; it can be put back."""
    removed = FormRecord.everything.filter(participant=participant, removed_at__isnull=False)
    return list(removed.select_related("visit__participant", "participant").order_by("removed_at"))


def log_forms() -> list[Any]:
    """The forms that may be added at any time; what families tell comes first."""
    return sorted((model for model in crf_models() if model.is_log), key=lambda model: not model.told_by_family)


def log_forms_for(granted: Access, site_id: int) -> list[Any]:
    """Those of them that this person may add at this site."""
    return [crf for crf in log_forms() if granted.may(crf.entered_with, site_id)]


def right_to_add(slug: str) -> Can:
    """The right that adding an entry of this form takes."""
    return next((crf.entered_with for crf in log_forms() if crf.slug == slug), Can.EDIT)


def unscheduled_forms() -> list[Any]:
    """The forms that an unscheduled visit may have."""
    return [model for model in crf_models() if model.slug in UNSCHEDULED_FORMS]
