"""From the first contact to the end of participation."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from django.utils import timezone

from casebook.actions import add_log_record, cancel_visits, change_state, plan_visits, remove_record
from casebook.models import FormRecord, Participant
from enrollment import places
from enrollment.crfs import Consent, EndOfStudy, Screening, Withdrawal, latest_consent
from enrollment.eligibility import Assessment, Criterion, assess
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
    #: How each criterion is known, by its code.
    sources: Mapping[str, str] = field(default_factory=dict)

    @property
    def rows(self) -> list[tuple[Criterion, str]]:
        """Each criterion with its verdict, and where the answer was seen."""
        return [(c, self.sources.get(c.code, "")) for c in self.assessment.criteria] if self.assessment else []

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
    consent = Consent.objects.filter(record__participant=participant).select_related("record").first()
    consented = consent.consented_on if consent else None
    gaps = consent.all_gaps(screening) if consent else ["The consent form is not filled yet."]
    if screening is None:
        return Readiness(None, gaps)
    on = on or timezone.localdate()
    for what, day in (("The consent was given", consented), ("The screening took place", screening.screened_on)):
        if day and day > on:
            gaps.append(f"{what} on {day:%d %b %Y}, after the day of enrolment {on:%d %b %Y}.")
    return Readiness(assess(screening.evidence(consented, on)), gaps, screening.sources())


def stands_against_eligibility(participant: Participant) -> list[str]:
    """What the criteria and the consent say against eligibility: on the day of enrolment, before it on the day of both forms."""
    screening = Screening.objects.filter(record__participant=participant).first()
    consent = Consent.objects.filter(record__participant=participant).first()
    days = [screening.screened_on if screening else None, consent.consented_on if consent else None]
    return readiness(participant, participant.enrolled_on or max((day for day in days if day), default=None)).reasons


def start_screening(*, site: Site, by: Any, on: date | None = None) -> Participant:
    """A child comes to screening: a place in the trial, a screening number, the screening visit and its empty forms.

    :raises Refused: all places of the trial are taken or reserved
    """
    with acting(by, "Screening started"):
        place = places.reserve()
        Site.objects.select_for_update().get(pk=site.pk)
        sequence = Participant.objects.filter(site=site).count() + 1
        number = screening_number(int(site.code), sequence)
        participant = Participant(site=site, screening_number=number, place=place)
        participant.save(force_insert=True)
        plan_visits(participant=participant, plans=anchored_on(Anchor.SCREENING), anchor=on or timezone.localdate(), by=by)
    return participant


def enrol(*, participant: Participant, by: Any, on: date | None = None) -> Participant:
    """Enrols an eligible child with a valid consent and gives the subject number. Refused with every reason at once."""
    on = on or timezone.localdate()
    with acting(by, "Enrolled"):
        place = participant.place or places.reserve()
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
            subject_number=subject_number(int(site.code), sequence), place=place,
        )  # fmt: skip
        plan_visits(participant=participant, plans=anchored_on(Anchor.ENROLMENT), anchor=on, by=by)
    return participant


def fail_screening(*, participant: Participant, reason: str, by: Any, on: date | None = None) -> Participant:
    """Ends a screening without enrolment; the data stay, with the reason (they belong in the flow diagram).

    The place that was reserved is free again.
    """
    return _end(participant, Participant.State.SCREEN_FAILED, reason, on, by, (Participant.State.SCREENING,))


def end_participation(*, participant: Participant, state: str, reason: str, by: Any, on: date | None = None) -> Participant:
    """Ends follow-up: completed, lost to follow-up, withdrawn or died. Open visits are cancelled, data stay.

    The form “End of study” asks for what is left to say.
    """
    endings = (Participant.State.COMPLETED, Participant.State.LOST, Participant.State.WITHDRAWN, Participant.State.DIED)
    if state not in endings:
        raise Refused("Please choose how the participation ended.")
    taking_part = (Participant.State.TREATMENT, Participant.State.FOLLOW_UP)
    with acting(by, reason):
        ended = _end(participant, Participant.State(state), reason, on, by, taking_part)
        add_log_record(participant=ended, form=EndOfStudy.slug, by=by)
    return ended


def _end(participant: Participant, state: Participant.State, reason: str, on: date | None, by: Any,
         from_states: tuple[Participant.State, ...]) -> Participant:  # fmt: skip
    if not reason.strip():
        raise Refused("Please give the reason.")
    on = on or timezone.localdate()
    _refuse_impossible_end(participant, on)
    with acting(by, reason):
        # Locked first: somebody may enrol this child, or end the participation otherwise, at the same moment.
        Participant.objects.select_for_update(no_key=True).get(pk=participant.pk)
        participant.refresh_from_db(fields=["state", "subject_number", "place"])
        if participant.state not in from_states:
            raise Refused(f"{participant} cannot be ended like this: {participant.get_state_display().lower()}.")
        open_codes = list(participant.visits.filter(happened_on=None, cancelled="").values_list("code", flat=True))
        cancel_visits(participant=participant, codes=open_codes, why=_why(state, reason), by=by)
        place = None if state == Participant.State.SCREEN_FAILED else participant.place
        change_state(participant=participant, by=by, reason=reason, state=state, ended_on=on, end_reason=reason, place=place)
    return participant


def _why(state: str, reason: str) -> str:
    """What stands at a visit that the end of participation cancelled."""
    return f"{Participant.State(state).label}: {reason}"[:120]


def _refuse_impossible_end(participant: Participant, on: date) -> None:
    """What was observed after the end would silently fall out of the response."""
    if on > timezone.localdate():
        raise Refused(f"{on:%d %b %Y} lies in the future.")
    last = participant.visits.filter(happened_on__isnull=False).order_by("happened_on").last()
    if last and on < last.happened_on:
        raise Refused(f"{last.title} took place on {last.happened_on:%d %b %Y}; the participation cannot have ended before.")


def take_back_end(*, participant: Participant, reason: str, by: Any) -> Participant:
    """The end was entered by mistake, or the family came back: the child takes part again where it stood.

    The visits that the end cancelled are open again; the form “End of study” is removed and stays in the trail.

    :raises Refused: no reason; the participation has not ended; a screening whose place somebody else has now
    """
    if not reason.strip():
        raise Refused("Please say why the end is taken back.")
    with acting(by, reason):
        place = places.reserve() if participant.state == Participant.State.SCREEN_FAILED else participant.place
        Participant.objects.select_for_update(no_key=True).get(pk=participant.pk)
        participant.refresh_from_db()
        if not participant.is_ended:
            raise Refused(f"{participant} takes part: {participant.get_state_display().lower()}.")
        why = _why(participant.state, participant.end_reason)
        participant.visits.filter(cancelled=why, happened_on=None).update(cancelled="")
        for record in FormRecord.objects.filter(participant=participant, form=EndOfStudy.slug):
            remove_record(record=record, reason=reason, by=by)
        change_state(participant=participant, by=by, reason=reason, state=_state_before(participant), ended_on=None,
                     end_reason="", place=place)  # fmt: skip
    return participant


def _state_before(participant: Participant) -> Participant.State:
    """Where a child stood before its end: what the schedule had planned says it."""
    if participant.subject_number is None:
        return Participant.State.SCREENING
    off_therapy = [plan.code for plan in anchored_on(Anchor.OFF_THERAPY)]
    followed = participant.visits.filter(code__in=off_therapy).exists()
    return Participant.State.FOLLOW_UP if followed else Participant.State.TREATMENT


def has_valid_consent(record: FormRecord, before: Any) -> bool:
    """True where the last word of the family before a moment is a complete consent, and treatment is not withdrawn."""
    consent = latest_consent(record.participant_id, before)
    if consent is None or consent.gaps():
        return False
    on = timezone.localtime(before).date()
    return not Withdrawal.of_treatment(record.participant_id).filter(withdrawn_on__lt=on).exists()
