"""A new version of the consent form is registered; families of children who take part are asked again at the next visit."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone

from casebook.models import FormRecord, Participant, Visit
from enrollment.crfs import Consent, Reconsent
from enrollment.versions import ConsentVersion, asked_again_by
from itp_trial.actor import acting
from itp_trial.models import Site
from itp_trial.refusal import Refused

TAKING_PART = (Participant.State.TREATMENT, Participant.State.FOLLOW_UP)


def register_consent_version(*, site: Site, version: str, approved_on: date, from_day: date, reference: str,
                             asks_again: bool, by: Any) -> ConsentVersion:  # fmt: skip
    """An approved version at a site. Where it asks again, each child who takes part gets the task at its next visit.

    :raises Refused: something is missing or contradicts itself; the version is registered already
    """
    version, reference = version.strip(), reference.strip()
    if not version or not reference:
        raise Refused("Please give the version and the number of the committee's letter.")
    if approved_on > timezone.localdate():
        raise Refused(f"{approved_on:%d %b %Y} lies in the future: only an approved form is registered.")
    if from_day < approved_on:
        raise Refused("A version is not used before it is approved. Please check both days.")
    with acting(by, "Consent form registered"):
        new = ConsentVersion(site=site, version=version, approved_on=approved_on, from_day=from_day, reference=reference,
                             asks_again=asks_again)  # fmt: skip
        try:
            with transaction.atomic():
                new.save(force_insert=True)
        except IntegrityError:
            raise Refused(f"Version {version} is registered at site {site.code} already.") from None
        if asks_again:
            for child in Participant.objects.filter(site=site, state__in=TAKING_PART):
                ask_again(child, by)
    return new


def ask_again(child: Participant, by: Any) -> FormRecord | None:
    """Places the task “Consent to a new version” on the next visit where it is needed; returns it.

    Harmless to repeat. A task whose visit was cancelled moves to the next visit.
    """
    needed = needed_version(child)
    visit = next_visit(child, needed.from_day) if needed else None
    if needed is None or visit is None:
        return None
    with acting(by, f"Consent form {needed.version} is asked for"):
        waiting = FormRecord.objects.filter(participant=child, form=Reconsent.slug, version=0).select_related("visit").first()
        if waiting is None:
            return FormRecord.objects.create(site_id=child.site_id, participant=child, visit=visit, form=Reconsent.slug)
        if waiting.visit is not None and waiting.visit.cancelled:
            waiting.visit = visit
            waiting.save(update_fields=["visit"])
    return waiting


def needed_version(child: Participant) -> ConsentVersion | None:
    """The version to which the family of a child who takes part has not consented yet, or None."""
    if child.state not in TAKING_PART:
        return None
    newest = asked_again_by(child.site_id, date.max)
    if newest is None:
        return None
    said = [form for kind in (Consent, Reconsent) for form in kind.objects.filter(record__participant=child)]
    on = [
        form.consented_on for form in said if form.version == newest.version or (form.consented_on or date.min) >= newest.from_day
    ]
    return None if on else newest


def next_visit(child: Participant, from_day: date) -> Visit | None:
    """The next planned visit of a child that can take place on this day or later, without such a task of its own."""
    visits = child.visits.filter(happened_on=None, cancelled="", closes__gte=max(from_day, timezone.localdate()))
    return visits.exclude(records__form=Reconsent.slug, records__version__gt=0).order_by("target", "code").first()


def after_form(record: FormRecord, by: Any, **_: Any) -> None:
    """An infusion plans the next visits: a task that found no visit before finds one now."""
    if record.form == "infusion" and record.participant is not None:
        ask_again(record.participant, by)


def after_course(participant: Participant, by: Any, **_: Any) -> None:
    """Maintenance ended: the visits that carried the task may be cancelled."""
    ask_again(participant, by)
