"""What a page of forms shows: each form with its findings, how much of it is left, and what was answered before."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from django.http import HttpRequest

from casebook import selectors
from casebook.comments import count_comments
from casebook.crf import Crf
from casebook.doors import right_to_edit
from casebook.drafts import Collision, Merge, drafts_of, with_draft
from casebook.forms import CHANGE_REASONS, CrfForm
from casebook.locks import Locks
from casebook.models import Draft, Finding, FormRecord, Lock, Visit
from casebook.stored import stored_forms
from itp_trial.permissions import access
from itp_trial.roles import Can

#: So many earlier visits stand beside the inputs: a slip is seen while it is typed.
EARLIER_VISITS = 3
LONGEST_EARLIER = 18


@dataclass
class Part:
    """One section of a form: where it stands on the page, and how many of its questions are asked and left."""

    title: str
    anchor: str
    asked: int
    left: int


@dataclass
class FormOnPage:
    """One form as a page shows it to one person."""

    record: FormRecord
    merge: Merge
    findings: list[Finding]
    may_edit_ever: bool
    may_confirm: bool
    stale: Any = None
    #: What the person had typed before and not saved.
    draft: Draft | None = None
    #: What freezes or locks it, the strictest first.
    closed: list[Lock] = field(default_factory=list)
    #: Before the ids of all inputs where several forms share the page.
    place: str = ""
    #: The end of addresses that leads back to the page of the visit.
    back: str = ""
    reasons: dict[str, str] = field(default_factory=lambda: CHANGE_REASONS)

    @property
    def form(self) -> CrfForm:
        return self.merge.form

    @property
    def collisions(self) -> list[Collision]:
        return self.merge.collisions

    @property
    def base(self) -> str:
        """What the reader of this page sees, for the comparison when it comes back."""
        return json.dumps(self.merge.base, ensure_ascii=False, separators=(",", ":"))

    @property
    def line_slugs(self) -> str:
        return " ".join(group.model.slug for group in self.form.groups)

    @property
    def may_edit(self) -> bool:
        return self.may_edit_ever and self.record.removed_at is None and not self.closed

    @property
    def asks_reason(self) -> bool:
        return self.record.version > 0

    @property
    def open_findings(self) -> list[Finding]:
        return [f for f in self.findings if f.state == Finding.State.OPEN]

    @property
    def missing_findings(self) -> list[Finding]:
        return [f for f in self.open_findings if f.code == "MISSING"]

    @property
    def unusual_findings(self) -> list[Finding]:
        return [f for f in self.open_findings if f.code != "MISSING"]

    @property
    def parts(self) -> list[Part]:
        main, sections = self.form.main, enumerate(self.form.crf.sections)
        asked, left = main.asked(), main.left()
        return [Part(section.title, f"{self.place}section-{n}", len(asked & set(section.names)), len(left & set(section.names)))
                for n, section in sections if main.fields.keys() & set(section.names)]  # fmt: skip

    @property
    def left(self) -> int:
        return len(self.form.main.left())

    @property
    def waits_for(self) -> str:
        """Why the visit is not complete without this form, or an empty text."""
        if self.merge.drafted:
            return "draft, not saved"
        if self.left:
            return f"{self.left} left" if self.record.version else f"not started, {self.left} question{'s'[: self.left > 1]}"
        unusual = len(self.unusual_findings)
        return f"{unusual} to confirm" if unusual else "" if self.record.version else "not saved"


def form_on_page(request: HttpRequest, record: FormRecord, merge: Merge, *, findings: list[Finding] | None = None,
                 draft: Draft | None = None, locks: Locks | None = None, place: str = "", stale: Any = None,
                 back: str = "") -> FormOnPage:  # fmt: skip
    """One form with its findings at their inputs; on a page with others ``place`` tells its ids apart."""
    granted = access(request)
    found = findings_of([record])[record.pk] if findings is None else findings
    closed = (locks or _locks_of(record)).closing(record)
    shown = FormOnPage(record, merge, found, granted.may(right_to_edit(record), record.site_id),
                       granted.may(Can.CONFIRM, record.site_id) and not closed, stale, draft, closed, place, back)  # fmt: skip
    if place:
        merge.form.place_on_page(place)
    for name in merge.drafted & merge.form.main.fields.keys():
        merge.form.main.fields[name].is_draft = True
    _place_findings(shown)
    count_comments(merge.form, getattr(record, "commented", ()))
    return shown


def stored_form(request: HttpRequest, record: FormRecord, *, place: str = "", back: str = "") -> FormOnPage:
    """One form as it is stored, with what this person had typed and not saved."""
    may_edit = access(request).may(right_to_edit(record), record.site_id)
    draft = drafts_of(request.user, [record]).get(record.pk) if may_edit else None
    return form_on_page(request, record, with_draft(record.crf(), draft), draft=draft, place=place, back=back)


def _locks_of(record: FormRecord) -> Locks:
    """Asked only where the record was read together with whether anything of its participant is closed, and it is."""
    return Locks.of(record.participant) if getattr(record, "has_locks", True) else Locks()


def findings_of(records: Iterable[FormRecord]) -> dict[Any, list[Finding]]:
    """The findings of these records that the data have not cured, by record. One query."""
    found: dict[Any, list[Finding]] = defaultdict(list)
    findings = Finding.objects.filter(record__in=list(records)).select_related("settled_by")
    for finding in findings.exclude(state=Finding.State.CURED):
        found[finding.record_id].append(finding)
    return found


def _place_findings(shown: FormOnPage) -> None:
    form = shown.form
    by_name = {f.name: f for f in form.main.fields.values()}
    by_name |= {f.name: f for group in form.groups for row in group.forms for f in row.fields.values()}
    for finding in shown.findings:
        if finding.item in by_name:
            by_name[finding.item].findings.append(finding)


@dataclass
class VisitPage:
    """One visit with all its forms, in the order of the ward."""

    visit: Visit
    forms: list[FormOnPage]
    before: Visit | None
    after: Visit | None
    #: The day of the visit before this one; events since then are asked for.
    since: date | None
    events: list[FormRecord]
    locks: Locks

    @property
    def pending(self) -> list[FormOnPage]:
        return [shown for shown in self.forms if shown.waits_for]


def place_of(record: FormRecord) -> str:
    return f"{record.form}-"


def visit_page(request: HttpRequest, visit: Visit, bound: FormOnPage | None = None) -> VisitPage:
    """Everything on the page of a visit in a fixed number of queries, however many forms and visits there are.

    :param bound: a form of this visit that was posted and could not be stored: it is shown as it was typed
    """
    everything = list(selectors.RECORDS_OF_CHILD.filter(participant=visit.participant))
    for record in everything:
        record.participant, record.site = visit.participant, visit.participant.site
    own = _in_ward_order(visit, [r for r in everything if r.visit_id == visit.pk])
    earlier = {record.pk: _earlier(record, visit, everything) for record in own}
    crfs = stored_forms([*own, *(record for records in earlier.values() for record in records)])
    findings, locks = findings_of(own), Locks.of(visit.participant)
    may_edit = access(request).may(Can.EDIT, visit.participant.site_id)
    drafts = drafts_of(request.user, own) if may_edit else {}
    forms = []
    for record in own:
        if bound is not None and bound.record.pk == record.pk:
            shown = bound
        else:
            crf = crfs.get(record.pk) or record.crf_class(record=record)
            draft = drafts.get(record.pk)
            shown = form_on_page(request, record, with_draft(crf, draft), findings=findings[record.pk], draft=draft, locks=locks,
                                 place=place_of(record), back=f"?visit={visit.pk}")  # fmt: skip
        _show_earlier(shown.form, [(r.visit.date, crfs[r.pk]) for r in earlier[record.pk] if r.pk in crfs])
        forms.append(shown)
    return _around(visit, forms, everything, locks)


def _in_ward_order(visit: Visit, records: list[FormRecord]) -> list[FormRecord]:
    order = {slug: place for place, slug in enumerate(visit.plan.forms)}
    return sorted(records, key=lambda r: (order.get(r.form, len(order)), r.form, r.repeat))


def _around(visit: Visit, forms: list[FormOnPage], everything: list[FormRecord], locks: Locks) -> VisitPage:
    """The visits before and after this one, and what was entered outside of visits since the one before."""
    visits = sorted({r.visit for r in everything if r.visit is not None and not r.visit.cancelled}, key=lambda v: v.place)
    place = next((n for n, other in enumerate(visits) if other.pk == visit.pk), None)
    before = visits[place - 1] if place else None
    after = visits[place + 1] if place is not None and place + 1 < len(visits) else None
    since = max((v.happened_on for v in visits if v.happened_on and v.happened_on < visit.date), default=None)
    events = [r for r in everything if r.visit_id is None and (since is None or r.created_at.date() >= since)]
    return VisitPage(visit, forms, before, after, since, events, locks)


def _earlier(record: FormRecord, visit: Visit, everything: list[FormRecord]) -> list[FormRecord]:
    """The same form at the last visits before this one, the oldest first."""
    same = [r for r in everything if r.form == record.form and r.version and r.visit and r.visit.place < visit.place]
    return sorted(same, key=lambda r: r.visit.place if r.visit else visit.place)[-EARLIER_VISITS:]


def _show_earlier(form: CrfForm, earlier: list[tuple[date, Crf]]) -> None:
    for name, shown in form.main.fields.items():
        if shown.item.kind in ("number", "code"):
            given = [(day, getattr(crf, name)) for day, crf in earlier]
            shown.earlier = [(day, _short(shown.item, value)) for day, value in given if value is not None]


def _short(item: Any, value: Any) -> str:
    """A number without its unit, a grade as its number, any other code by the beginning of its words."""
    text = item.typed(value) if item.kind == "number" or isinstance(value, int) else item.display(value)
    return text if len(text) <= LONGEST_EARLIER else f"{text[: LONGEST_EARLIER - 1]}…"
