"""What changes the safety data beside the forms: notifications, versions of a report, and what a saved event brings about."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone

from assessments.crfs.safety import AdverseEvent
from assessments.crfs.serious import SafetyReport, SeriousEvent
from assessments.crfs.special_interest import SpecialInterest
from assessments.notification import Notification
from assessments.safety import SafetyCase, cases
from casebook.actions import add_record_about, recompute
from casebook.items import YesNo
from casebook.models import FormRecord
from itp_trial.actor import acting
from itp_trial.refusal import Refused


def note_notification(
    *, event: FormRecord, duties: list[str], sent_at: datetime, way: str, proof: str, report: FormRecord | None, by: Any
) -> list[Notification]:
    """Notes that bodies were told: ``duties`` are ``rule:body`` as the page names them.

    :raises Refused: nothing chosen or not owed, a time that cannot be, no proof, a version of another event
    """
    case = _case(event)
    owed = {duty.value: duty for duty in case.duties}
    if not duties:
        raise Refused("Please tick what was told to whom.")
    if any(value not in owed or owed[value].told for value in duties):
        raise Refused("Something of this was noted already or is not asked for. Please look at the page again.")
    if sent_at > timezone.now():
        raise Refused(f"{timezone.localtime(sent_at):%d %b %Y %H:%M} lies in the future. Note it when it was sent.")
    if sent_at < case.event.started_at:
        raise Refused("This time lies before the event started. Please check it.")
    if not proof.strip():
        raise Refused("Please write the proof: receipt number, or who confirmed.")
    if way not in Notification.Way.values:
        raise Refused("Please choose the way in which it was sent.")
    if report is not None and report.about_id != event.pk:
        raise Refused("This version belongs to another event.")
    with acting(by, "Notification noted"):
        rows = [
            Notification(record=event, report=report, duty=duty, body=body, sent_at=sent_at, way=way, proof=proof.strip()[:200],
                         noted_by=by)
            for duty, body in (value.split(":") for value in duties)
        ]  # fmt: skip
        try:
            with transaction.atomic():
                return Notification.objects.bulk_create(rows)
        except IntegrityError:
            raise Refused("Somebody was faster: please look at the page again.") from None


def take_back_notification(*, notification: Notification, why: str, by: Any) -> None:
    """A slip: the clock runs again, and the row stays with the reason."""
    if not why.strip():
        raise Refused("Please say why this notification is taken back.")
    with acting(by, why.strip()):
        locked = Notification.objects.select_for_update().get(pk=notification.pk)
        if locked.taken_back_at:
            raise Refused("This notification was taken back already.")
        locked.taken_back_at, locked.taken_back_why = timezone.now(), why.strip()[:500]
        locked.save(update_fields=["taken_back_at", "taken_back_why"])


def start_report(*, event: FormRecord, by: Any) -> FormRecord:
    """The next version of the report of a serious event.

    :raises Refused: the event is not serious; the last version is not finished or was not sent yet
    """
    case = _case(event)
    if not case.is_serious:
        raise Refused("Only a serious event is reported. Answer “Serious?” in the adverse event first.")
    versions = FormRecord.objects.filter(about=event, form=SafetyReport.slug)
    if versions.filter(version=0).exists():
        raise Refused("A version was begun already. Please finish it.")
    if case.latest is not None and not case.latest.is_sent():
        raise Refused(f"“{case.latest.name}” was not sent yet: until then it follows the event by itself.")
    return add_record_about(about=event, form=SafetyReport.slug, by=by)


def after_event(*, event: AdverseEvent, by: Any) -> None:
    """A saved event asks for its further forms, once: what is serious, what is of special interest."""
    wanted = {SeriousEvent.slug: event.serious == YesNo.YES, SpecialInterest.slug: event.special_interest == YesNo.YES}
    there = set(FormRecord.everything.filter(about=event.record_id).values_list("form", flat=True))
    for form, asked in wanted.items():
        if asked and form not in there:
            add_record_about(about=event.record, form=form, by=by)


def refresh_report(*, event: Any, by: Any) -> None:
    """What is reported follows the event until it is sent: the last version takes its content anew."""
    last = SafetyReport.objects.filter(record__about=event).order_by("-number").first()
    if last is not None and not last.is_sent():
        recompute(record=last.record, by=by)


def _case(event: FormRecord) -> SafetyCase:
    found = cases([event.pk])
    if not found:
        raise Refused("Please enter when the event started first: the clocks run from there.")
    return found[0]
