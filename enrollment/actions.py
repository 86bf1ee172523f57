"""From the first contact to the end of participation."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from django.utils import timezone

from casebook.actions import cancel_visits, change_state, plan_visits
from casebook.models import FormRecord, Participant
from enrollment.crfs import Consent, Screening
from enrollment.eligibility import Assessment, assess
from enrollment.numbering import screening_number, subject_number
from itp_trial.actor import acting
from itp_trial.models import Site
from itp_trial.refusal import Refused
from itp_trial.schedule import Anchor, anchored_on


@dataclass(frozen=True)
class Readiness:
    """Whether a child may be enrolled now, and everything that stands against it."""

    assessment: Assessment | None
    consent_gaps: list[str]

    @property
    def reasons(self) -> list[str]:
        if self.assessment is None:
            return ["The screening form is not filled yet.", *self.consent_gaps]
        return [str(reason.text) for reason in self.assessment.reasons] + self.consent_gaps

    @property
    def is_ready(self) -> bool:
        return not self.reasons


def readiness(participant: Participant, on: date | None = None) -> Readiness:
    """What the screening form and the consent say about enrolling this child on a day (default: today)."""
    screening = Screening.objects.filter(record__participant=participant).first()
    consent = Consent.objects.filter(record__participant=participant).first()
    consented = timezone.localtime(consent.consented_at).date() if consent and consent.consented_at else None
    gaps = consent.gaps() if consent else ["The consent form is not filled yet."]
    if screening is None:
        return Readiness(None, gaps)
    on = on or timezone.localdate()
    for what, day in (("The consent was given", consented), ("The screening took place", screening.screened_on)):
        if day and day > on:
            gaps.append(f"{what} on {day:%d %b %Y}, after the day of enrolment {on:%d %b %Y}.")
    return Readiness(assess(screening.evidence(consented, on)), gaps)


def stands_against_eligibility(participant: Participant) -> list[str]:
    """What the criteria and the consent say against eligibility: on the day of enrolment, before it on the day of both forms."""
    screening = Screening.objects.filter(record__participant=participant).first()
    consent = Consent.objects.filter(record__participant=participant).first()
    days = [screening.screened_on if screening else None]
    days += [timezone.localtime(consent.consented_at).date() if consent and consent.consented_at else None]
    return readiness(participant, participant.enrolled_on or max((day for day in days if day), default=None)).reasons


def start_screening(*, site: Site, by: Any, on: date | None = None) -> Participant:
    """A child comes to screening: a screening number, the screening visit and its empty forms."""
    with acting(by, "Screening started"):
        Site.objects.select_for_update().get(pk=site.pk)
        sequence = Participant.objects.filter(site=site).count() + 1
        participant = Participant(site=site, screening_number=screening_number(int(site.code), sequence))
        participant.save(force_insert=True)
        plan_visits(participant=participant, plans=anchored_on(Anchor.SCREENING), anchor=on or timezone.localdate(), by=by)
    return participant


def enrol(*, participant: Participant, by: Any, on: date | None = None) -> Participant:
    """Enrols an eligible child with a valid consent and gives the subject number. Refused with every reason at once."""
    on = on or timezone.localdate()
    with acting(by, "Enrolled"):
        site = Site.objects.select_for_update().get(pk=participant.site_id)
        participant = Participant.objects.select_for_update(no_key=True).get(pk=participant.pk)
        if participant.state != Participant.State.SCREENING:
            raise Refused(f"{participant} is not in screening: {participant.get_state_display().lower()}.")
        ready = readiness(participant, on)
        if not ready.is_ready:
            raise Refused("This child cannot be enrolled. " + " ".join(ready.reasons))
        sequence = Participant.objects.filter(site=site, subject_number__isnull=False).count() + 1
        change_state(
            participant=participant, by=by, reason="Enrolled", state=Participant.State.TREATMENT, enrolled_on=on,
            subject_number=subject_number(int(site.code), sequence),
        )  # fmt: skip
        plan_visits(participant=participant, plans=anchored_on(Anchor.ENROLMENT), anchor=on, by=by)
    return participant


def fail_screening(*, participant: Participant, reason: str, by: Any, on: date | None = None) -> Participant:
    """Ends a screening without enrolment; the data stay, with the reason (they belong in the flow diagram)."""
    return _end(participant, Participant.State.SCREEN_FAILED, reason, on, by, (Participant.State.SCREENING,))


def end_participation(*, participant: Participant, state: str, reason: str, by: Any, on: date | None = None) -> Participant:
    """Ends follow-up: completed, lost to follow-up or withdrawn. Open visits are cancelled, data stay."""
    endings = (Participant.State.COMPLETED, Participant.State.LOST, Participant.State.WITHDRAWN)
    if state not in endings:
        raise Refused("Please choose how the participation ended.")
    taking_part = (Participant.State.TREATMENT, Participant.State.FOLLOW_UP)
    return _end(participant, Participant.State(state), reason, on, by, taking_part)


def _end(participant: Participant, state: Participant.State, reason: str, on: date | None, by: Any,
         from_states: tuple[Participant.State, ...]) -> Participant:  # fmt: skip
    if not reason.strip():
        raise Refused("Please give the reason.")
    on = on or timezone.localdate()
    _refuse_impossible_end(participant, on)
    with acting(by, reason):
        # Locked first: somebody may enrol this child, or end the participation otherwise, at the same moment.
        Participant.objects.select_for_update(no_key=True).get(pk=participant.pk)
        participant.refresh_from_db(fields=["state", "subject_number"])
        if participant.state not in from_states:
            raise Refused(f"{participant} cannot be ended like this: {participant.get_state_display().lower()}.")
        open_codes = list(participant.visits.filter(happened_on=None).values_list("code", flat=True))
        cancel_visits(participant=participant, codes=open_codes, why=f"{state.label}: {reason}", by=by)
        change_state(participant=participant, by=by, reason=reason, state=state, ended_on=on, end_reason=reason)
    return participant


def _refuse_impossible_end(participant: Participant, on: date) -> None:
    """What was observed after the end would silently fall out of the response."""
    if on > timezone.localdate():
        raise Refused(f"{on:%d %b %Y} lies in the future.")
    last = participant.visits.filter(happened_on__isnull=False).order_by("happened_on").last()
    if last and on < last.happened_on:
        raise Refused(f"{last.title} took place on {last.happened_on:%d %b %Y}; the participation cannot have ended before.")


def has_valid_consent(record: FormRecord, before: Any) -> bool:
    """True where a complete consent of this participant was given before a moment."""
    consent = Consent.objects.filter(record__participant_id=record.participant_id).first()
    return bool(consent and not consent.gaps() and consent.consented_at <= before)
