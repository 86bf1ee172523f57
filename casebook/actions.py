"""Everything that changes the casebook. Named actions, keyword-only, always ``by=``, one transaction each."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from django.db import IntegrityError, models
from django.db.models import F
from django.utils import timezone

from casebook.crf import Problem, Row, crf_by_slug
from casebook.forms import CrfForm
from casebook.guard import refusing_closed
from casebook.locks import CLOSED, closing, refuse_closed
from casebook.models import Finding, FormRecord, Participant, Visit
from casebook.signals import course_changed, findings_run, form_saved
from itp_trial.actor import acting
from itp_trial.failpoints import failpoint
from itp_trial.models import User
from itp_trial.refusal import Refused
from itp_trial.schedule import VISITS, VisitPlan


@dataclass
class Difference:
    """One item on which two people disagree: what is stored now and what this person typed."""

    label: str
    theirs: str
    yours: str


class StaleVersion(Refused):
    """Someone saved this form since it was opened. Holds both values of every item that differs."""

    def __init__(self, record: FormRecord, differences: list[Difference]) -> None:
        self.record, self.differences = record, differences
        who = record.saved_by.full_name if record.saved_by else "Someone"
        super().__init__(
            f"{who} saved this form while you had it open. Nothing of yours is lost:"
            " compare the values below, then save again to keep what stands in the form."
        )


@dataclass
class Saved:
    """What a save did: the record at its new version, and the findings that are open now."""

    record: FormRecord
    open_findings: list[Finding] = field(default_factory=list)
    emptied: list[str] = field(default_factory=list)


def save_form(*, form: CrfForm, by: Any, reason: str = "") -> Saved:
    """Stores a valid form: the only way in for clinical answers.

    :raises StaleVersion: the stored version is not the one that the form was opened with
    :raises Refused: the participant or the record takes no entries now (``Closed``: it is frozen or locked)
    """
    with refusing_closed(form.record), acting(by, reason or form.reason_said, code="" if reason else form.reason):
        record = _lock(form)
        try:
            _write(form, record)
        except (IntegrityError, models.ProtectedError) as error:
            raise Refused(_taken(form, error)) from error
        failpoint("after_answers")
        findings = _run_findings(form, record)
        _move_on(form, record, by, findings)
        failpoint("after_record")
        form.crf.on_saved(by)
        form_saved.send(sender=type(form.crf), record=record, crf=form.crf, by=by)
        findings_run.send(sender=type(form.crf), record=record, crf=form.crf, findings=findings, by=by)
        failpoint("before_commit")
    return Saved(record, [f for f in findings if f.state == Finding.State.OPEN], form.emptied)


def _lock(form: CrfForm) -> FormRecord:
    # The values of the form were bound to the caller's copy of the record; the lock makes sure it is still that version.
    locked = _locked(form.record)
    if locked.removed_at:
        raise Refused("This entry was removed from the casebook. Put it back before you change it.")
    if locked.version != form.version:
        raise StaleVersion(locked, _differences(form, locked))
    form.record.version, form.record.status = locked.version, locked.status
    return form.record


def _locked(record: FormRecord) -> FormRecord:
    """The record as it is now. Its participant first: two saves of one child wait in the same order everywhere."""
    records = FormRecord.everything.select_related("saved_by")
    if record.participant_id is None:
        return records.select_for_update(of=("self",)).get(pk=record.pk)
    # The condition always holds; it makes the participant part of the row, which an optional one cannot be locked as.
    records = records.select_related("saved_by", "participant").filter(participant__site=F("site"))
    return records.select_for_update(of=("participant", "self"), no_key=True).get(pk=record.pk)


def _differences(form: CrfForm, locked: FormRecord) -> list[Difference]:
    theirs = locked.crf()
    return [
        Difference(item.label, theirs.display(item) or "empty", form.crf.display(item) or "empty")
        for item in form.crf.items().values()
        if theirs.display(item) != form.crf.display(item)
    ] + [
        Difference(group.model.legend, "; ".join(stored) or "empty", "; ".join(typed) or "empty")
        for group in form.groups
        if (stored := [str(row) for row in group.model.objects.filter(crf=theirs)]) != (typed := [str(r) for r in group.kept])
    ]


def _taken(form: CrfForm, error: Exception) -> str:
    """What the database refused, in words: somebody was faster, or a line is needed elsewhere."""
    legends = ", ".join(group.model.legend.lower() for group in form.groups) or "the form"
    if isinstance(error, models.ProtectedError):
        return f"A line that you emptied ({legends}) is used in another form and has to stay. Nothing was saved."
    return f"Something in {legends} is used in another form already, perhaps just now. Nothing was saved: please check."


def _write(form: CrfForm, record: FormRecord) -> None:
    form.crf.save(from_action=True, force_insert=record.version == 0, force_update=record.version > 0)
    for group in form.groups:
        for row in group.taken_away:
            _take_away(row)
        for row in group.kept:
            row.save()


def _take_away(row: Row) -> None:
    """The line leaves its form and stays in the table and the trail."""
    if row.is_used():
        raise models.ProtectedError("This line is used elsewhere.", {row})
    row.taken_away = True
    # Only the mark: what was posted blank must not empty the answers that the line had.
    row.save(update_fields=["taken_away"])


def _run_findings(form: CrfForm, record: FormRecord) -> list[Finding]:
    """Opens what is newly wrong, closes what the data have cured; returns those that live on."""
    problems = {(p.code, p.item): p for p in _problems(form)}
    known = record.findings.exclude(state=Finding.State.CURED) if record.version else Finding.objects.none()
    living, cured = [], []
    for finding in known:
        same = problems.get((finding.code, finding.item))
        if same is not None and same.value == finding.value:
            living.append(finding)
            del problems[finding.code, finding.item]
        else:
            cured.append(finding.pk)
    if cured:
        Finding.objects.filter(pk__in=cured).update(state=Finding.State.CURED, settled_at=timezone.now())
    new = [Finding(record=record, code=p.code, item=p.item, message=p.message, value=p.value) for p in problems.values()]
    return living + (Finding.objects.bulk_create(new) if new else [])


def _problems(form: CrfForm) -> Iterable[Problem]:
    yield from form.crf.problems()
    for group in form.groups:
        for number, row in enumerate(group.kept):
            prefix = f"{group.model.slug}-{number}-"
            yield from (Problem(p.code, prefix + p.item, f"Row {number + 1}: {p.message}", p.value) for p in row.problems())


def _move_on(form: CrfForm, record: FormRecord, by: Any, findings: list[Finding]) -> None:
    missing = any(f.code == "MISSING" and f.state == Finding.State.OPEN for f in findings)
    record.status = FormRecord.Status.INCOMPLETE if missing else FormRecord.Status.COMPLETE
    record.version += 1
    record.edition = form.crf.edition
    # A machine that computes something anew saves nothing for a person: the form stays theirs, the trail names the machine.
    record.saved_at, record.saved_by = timezone.now(), by if isinstance(by, User) else record.saved_by
    record.save(update_fields=["status", "version", "edition", "saved_at", "saved_by"])
    _date_the_visit(form, record)


def _date_the_visit(form: CrfForm, record: FormRecord) -> None:
    """A visit took place on the day that its first form says; an infusion knows it better. A corrected day moves along."""
    item, visit = form.crf.dates_visit, record.visit
    if not item or visit is None:
        return
    day, before = _day_of(getattr(form.crf, item)), _day_of(form.main.before[item])
    happened = visit.happened_on
    if day and (happened is None or form.crf.slug == "infusion"):
        happened = day
    elif before and before == happened != day and happened not in (others := _days_of_others(record)):
        happened = day or next(iter(others), None)
    if happened != visit.happened_on:
        visit.happened_on = happened
        visit.save(update_fields=["happened_on"])


def _day_of(moment: Any) -> date | None:
    return timezone.localtime(moment).date() if hasattr(moment, "hour") else moment


def _days_of_others(record: FormRecord) -> list[date]:
    """What the other saved forms of the same visit say about its day."""
    others = FormRecord.objects.filter(visit=record.visit, version__gt=0).exclude(pk=record.pk)
    forms = [other.crf() for other in others.order_by("saved_at") if other.crf_class.dates_visit]
    days = [_day_of(getattr(crf, crf.dates_visit)) for crf in forms]
    return [day for day in days if day]


def recompute(*, record: FormRecord, by: Any) -> None:
    """Derives a stored form anew after something that it rests on has changed, and runs its findings again.

    A closed form is never changed by a machine: it keeps what it says, and a question says what would change.
    """
    with acting(by, "Computed anew: something that this form rests on has changed"):
        record = _locked(record)
        form = CrfForm(record.crf())
        form.crf.derive(form.rows)
        if closing(record):
            _ask_about_closed(form, record)
            return
        findings = _run_findings(form, record)
        if form.crf.answers() != form.main.before:
            form.crf.save(from_action=True, force_update=True)
            _move_on(form, record, by, findings)
        findings_run.send(sender=type(form.crf), record=record, crf=form.crf, findings=findings, by=by)


def _ask_about_closed(form: CrfForm, record: FormRecord) -> None:
    """One question that says how the form would read if it were open; none where it would read the same."""
    stored, items = record.crf(), form.crf.items().values()
    would = [f"{i.label}: {form.crf.display(i) or 'empty'} in place of {stored.display(i) or 'empty'}." for i in items
             if form.crf.display(i) != stored.display(i)]  # fmt: skip
    known = set(record.findings.exclude(state=Finding.State.CURED).values_list("code", "item"))
    would += [problem.message for problem in _problems(form) if (problem.code, problem.item) not in known]
    asked = record.findings.filter(code=CLOSED, state=Finding.State.OPEN)
    text = "Something that this closed form rests on has changed. Opened again it would say: " + " ".join(would)
    if would and not asked.filter(message=text).exists():
        asked.update(state=Finding.State.CURED, settled_at=timezone.now())
        Finding.objects.create(record=record, code=CLOSED, item=next(iter(form.crf.items())), message=text)


def confirm_finding(*, finding: Finding, explanation: str, by: Any) -> Finding:
    """A person confirms that an unusual value is what the source says. A missing answer cannot be confirmed away."""
    if not explanation.strip():
        raise Refused("Please say why the value is correct.")
    if finding.code == "MISSING":
        raise Refused("A missing answer is settled in the form: enter it, or say why it is missing.")
    with acting(by, explanation):
        refuse_closed(_locked(finding.record))
        finding = Finding.objects.select_for_update().get(pk=finding.pk)
        if finding.state == Finding.State.OPEN:
            finding.state, finding.explanation = Finding.State.CONFIRMED, explanation.strip()
            finding.settled_by, finding.settled_at = by, timezone.now()
            finding.save()
            _tell_about(finding, by)
    return finding


def _tell_about(finding: Finding, by: Any) -> None:
    # A confirmed count may decide a response from now on (R8).
    if participant := finding.record.participant:
        course_changed.send(sender=Finding, participant=participant, by=by)


def plan_visits(*, participant: Participant, plans: list[VisitPlan], anchor: date, by: Any) -> list[Visit]:
    """Creates or moves the visits that hang on this anchor day, with their expected records, all empty."""
    with acting(by):
        known = {v.code: v for v in participant.visits.filter(code__in=[p.code for p in plans])}
        fresh = [_visit(participant, plan, anchor) for plan in plans if plan.code not in known]
        Visit.objects.bulk_create(fresh)
        FormRecord.objects.bulk_create(r for visit in fresh for r in _expected_records(visit))
        for visit in known.values():
            _move(visit, anchor)
    return fresh


def _visit(participant: Participant, plan: VisitPlan, anchor: date, repeat: int = 1) -> Visit:
    target = anchor + timedelta(days=plan.day)
    return Visit(
        participant=participant,
        code=plan.code,
        repeat=repeat,
        target=target,
        opens=target - timedelta(days=plan.early),
        closes=target + timedelta(days=plan.late),
    )


def _expected_records(visit: Visit) -> list[FormRecord]:
    owner = visit.participant
    return [FormRecord(site_id=owner.site_id, participant=owner, visit=visit, form=slug) for slug in visit.plan.forms]


def _move(visit: Visit, anchor: date) -> None:
    moved = _visit(visit.participant, visit.plan, anchor)
    if visit.happened_on is None and (visit.target != moved.target or visit.cancelled):
        visit.target, visit.opens, visit.closes, visit.cancelled = moved.target, moved.opens, moved.closes, ""
        if visit.planned_on and not visit.window.contains(visit.planned_on):
            visit.planned_on, visit.planned_why = None, ""  # agreed for another window
        visit.save(update_fields=["target", "opens", "closes", "cancelled", "planned_on", "planned_why"])


def cancel_visits(*, participant: Participant, codes: list[str], why: str, by: Any) -> None:
    """The schedule no longer asks for these visits; those that took place stay as they are."""
    with acting(by, why):
        participant.visits.filter(code__in=codes, happened_on__isnull=True).update(cancelled=why[:120])


UNSCHEDULED_FORMS = ("blood-count", "bleeding-assessment", "haemoglobin-check", "laboratory", "virology", "vital-signs", "growth",
                     "contact", "school-activity", "satisfaction")  # fmt: skip


def add_unscheduled_visit(*, participant: Participant, on: date, forms: list[str], by: Any) -> Visit:
    """A visit outside the schedule, with the forms that were chosen."""
    if participant.is_ended:
        raise Refused(f"{participant} is {participant.get_state_display().lower()}: no further visits.")
    if on > timezone.localdate():
        raise Refused(f"{on:%d %b %Y} lies in the future. An unscheduled visit is entered when it has taken place.")
    if not forms:
        raise Refused("Please choose at least one form for this visit.")
    if unknown := sorted(set(forms) - set(UNSCHEDULED_FORMS)):
        raise Refused(f"Not a form of an unscheduled visit: {', '.join(unknown)}.")
    with acting(by, "Unscheduled visit"):
        refuse_closed(Participant.objects.select_for_update(no_key=True).get(pk=participant.pk))
        repeat = participant.visits.filter(code="UNS").count() + 1
        visit = _visit(participant, VISITS["UNS"], on, repeat)
        visit.save(force_insert=True)
        FormRecord.objects.bulk_create(
            FormRecord(site_id=participant.site_id, participant=participant, visit=visit, form=slug) for slug in forms
        )
    return visit


def add_log_record(*, participant: Participant, form: str, by: Any) -> FormRecord:
    """A new entry of a log form (adverse event, rescue therapy). Safety data are never blocked."""
    crf = crf_by_slug(form)
    if not crf.is_log:
        raise Refused(f"{crf.title()} belongs to a visit and cannot be added by itself.")
    with acting(by, "New log entry"):
        locked = Participant.objects.select_for_update(no_key=True).get(pk=participant.pk)
        if not crf.is_safety:
            refuse_closed(locked)
        repeat = FormRecord.everything.filter(participant=participant, form=form, visit=None).count() + 1
        return FormRecord.objects.create(site_id=participant.site_id, participant=participant, form=form, repeat=repeat)


def add_record_about(*, about: FormRecord, form: str, by: Any) -> FormRecord:
    """A form about another form's record, such as the report of an adverse event. Safety data are never blocked."""
    crf, about = crf_by_slug(form), FormRecord.objects.get(pk=about.pk)
    if crf.about != about.form or about.version == 0:
        raise Refused(f"{crf.title()} cannot be added here, or not before the form that it is about is saved.")
    with acting(by, "New entry about another one"):
        Participant.objects.select_for_update(no_key=True).get(pk=about.participant_id)
        repeat = FormRecord.everything.filter(participant=about.participant_id, form=form, visit=None).count() + 1
        return FormRecord.objects.create(
            site_id=about.site_id, participant_id=about.participant_id, about=about, form=form, repeat=repeat
        )


def add_product_record(*, site: Any, form: str, by: Any) -> FormRecord:
    """A new product form (a mini-pool lot) at a site."""
    with acting(by, "New product entry"):
        type(site).objects.select_for_update().get(pk=site.pk)
        repeat = FormRecord.everything.filter(site=site, participant=None, form=form).count() + 1
        return FormRecord.objects.create(site=site, form=form, repeat=repeat)


def remove_record(*, record: FormRecord, reason: str, by: Any) -> FormRecord:
    """Takes an entry that was made by mistake out of the casebook. It stays in the trail and can be put back.

    :raises Refused: the schedule expects this form; a line of it is used elsewhere; no reason
    """
    if not reason.strip():
        raise Refused("Please say why this entry is removed.")
    if not record.may_be_removed:
        raise Refused(f"{record.title} belongs to the schedule. If it was not done, say so in the form.")
    with acting(by, reason.strip()):
        rows = [row for model in record.crf_class.row_models for row in model.objects.filter(crf=record.pk)]
        if any(row.is_used() for row in rows):
            raise Refused("A line of this form is used in another form. It cannot be removed.")
        _set_removed(record, timezone.now(), reason.strip()[:500], by)
    return record


def restore_record(*, record: FormRecord, reason: str, by: Any) -> FormRecord:
    """Puts a removed entry back into the casebook, as it was."""
    if not reason.strip():
        raise Refused("Please say why this entry is put back.")
    with acting(by, reason.strip()):
        _set_removed(record, None, "", by)
    return record


def _set_removed(record: FormRecord, at: Any, why: str, by: Any) -> None:
    locked = _locked(record)
    refuse_closed(locked)
    if (locked.removed_at is None) == (at is None):
        raise Refused("Somebody was faster: please look at the form again.")
    record.removed_at, record.removed_why = at, why
    record.save(update_fields=["removed_at", "removed_why"])
    if record.participant:
        course_changed.send(sender=FormRecord, participant=record.participant, by=by)


def change_state(*, participant: Participant, by: Any, reason: str, **values: Any) -> None:
    """Moves a participant on (enrolled, follow-up, ended) and tells whoever listens.

    Ending is never blocked: families withdraw, and children die, whatever is frozen or locked.
    """
    with acting(by, reason):
        if values.get("state") not in Participant.ENDED:
            refuse_closed(participant)
        for name, value in values.items():
            setattr(participant, name, value)
        participant.save(update_fields=list(values))
        course_changed.send(sender=Participant, participant=participant, by=by)
