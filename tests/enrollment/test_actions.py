"""From the first contact to the end of participation: what each step makes, what stands in its way, and in whose words."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from django.db import IntegrityError
from django.urls import reverse
from django.utils import timezone

from casebook.models import FormRecord, Participant
from demo.builder import Facts
from enrollment import actions
from itp_trial.actor import System, acting
from itp_trial.models import AuditEntry
from itp_trial.refusal import Refused
from itp_trial.schedule import VISITS


@pytest.fixture
def today(universe: Any) -> date:
    return universe.today


@pytest.fixture
def ready(universe: Any, today: date) -> Participant:
    """A child with both forms filled, so that nothing stands against enrolment."""
    clinic = universe.clinic("01")
    child = clinic.start_screening(today - timedelta(days=1))
    clinic.screen(child, today - timedelta(days=1), Facts())
    clinic.consent(child, today - timedelta(days=1), Facts())
    return child


class TestScreening:
    def test_a_child_gets_a_number_a_visit_and_its_forms(self, universe: Any, today: date) -> None:
        child = actions.start_screening(site=universe.s1, by=universe.clara)
        assert child.screening_number == "S01-004"
        assert (child.state, child.subject_number) == ("screening", None)
        [visit] = child.visits.all()
        assert (visit.code, visit.target) == ("SCREEN", today)
        assert [record.form for record in visit.records_in_order()] == list(VISITS["SCREEN"].forms)

    def test_each_site_counts_for_itself(self, universe: Any) -> None:
        assert actions.start_screening(site=universe.s3, by=universe.sara).screening_number == "S03-001"

    def test_the_page_starts_on_an_earlier_day_never_on_a_later_one(self, universe: Any, client_of: Any, today: date) -> None:
        client, url = client_of(universe.clara), reverse("screen")
        earlier = f"{today - timedelta(days=3):%d/%m/%Y}"
        client.post(url, {"site": universe.s1.pk, "on": earlier})
        assert Participant.objects.filter(site=universe.s1).last().visits.get().target == today - timedelta(days=3)
        answer = client.post(url, {"site": universe.s1.pk, "on": f"{today + timedelta(days=1):%d/%m/%Y}"}, follow=True)
        assert "lies in the future" in answer.content.decode()
        assert Participant.objects.filter(site=universe.s1).count() == 4


class TestEnrolment:
    def test_it_gives_the_number_and_plans_the_loading_dose(self, universe: Any, ready: Participant, today: date) -> None:
        child = actions.enrol(participant=ready, by=universe.ines)
        assert child.subject_number.startswith("01-003-")
        assert (child.state, child.enrolled_on) == ("treatment", today)
        visit = child.visits.get(code="LOAD")
        assert visit.opens == today
        assert set(visit.records.values_list("form", flat=True)) == {"blood-count", "bleeding-assessment", "infusion"}
        assert AuditEntry.objects.filter(table_name="casebook_participant", row=str(child.pk)).first().reason == "Enrolled"

    def test_every_reason_against_it_is_said_at_once(self, universe: Any) -> None:
        """An empty screening: nothing is filled, nothing is hidden."""
        with pytest.raises(Refused) as refusal:
            actions.enrol(participant=universe.screening, by=universe.ines)
        assert "The screening form is not filled yet." in str(refusal.value)
        assert "The consent form is not filled yet." in str(refusal.value)

    #: An answer of the screening form -> what stands against enrolment.
    AGAINST = {
        "a thrombopoietin agonist": ({"tpo_ra_ever": "Y"}, "thrombopoietin"),
        "a reaction to IVIG": ({"ivig_reaction": "Y"}, "EXCL01"),
        "an intracranial haemorrhage": ({"intracranial": "Y"}, "EXCL02"),
        "difficult access": ({"venous_access": "Y"}, "EXCL03"),
        "another cause": ({"other_cause": "Y"}, "EXCL04"),
        "an open question": ({"other_cause": None}, "EXCL04"),
    }

    @pytest.mark.parametrize(("answers", "reason"), AGAINST.values(), ids=AGAINST)
    def test_each_criterion_stands_in_its_way(
        self, universe: Any, ready: Participant, answers: dict[str, Any], reason: str
    ) -> None:
        universe.fill(universe.record(ready, "screening", "SCREEN"), universe.clara, **answers)
        with pytest.raises(Refused, match=f"(?i){reason}"):
            actions.enrol(participant=ready, by=universe.ines)
        ready.refresh_from_db()
        assert (ready.state, ready.subject_number) == ("screening", None)
        assert not ready.visits.filter(code="LOAD").exists()

    #: An answer of the consent -> what is missing. Law 214/2020: both parents, signature and fingerprint.
    GAPS = {
        "the mother refused": ({"mother": "refused"}, "The mother refused."),
        "the father refused": ({"father": "refused"}, "The father refused."),
        "no signature": ({"mother_signature": "N"}, "The mother's signature is missing."),
        "no fingerprint": ({"father_fingerprint": "N"}, "The father's fingerprint is missing."),
        "a deceased father without document": (
            {"father": "deceased"},
            "The father is deceased: the reason with its document is missing.",
        ),
        "nothing about the father": ({"father": None}, "Nothing is said about the father."),
        "no version": ({"version": None}, "The version of the consent form is missing."),
        "no date": ({"consented_at": None}, "The date and time of the consent are missing."),
        "a version that was never approved": ({"version": "1.9"}, "Version 1.9 was signed on"),
        "nobody who could read": ({"can_read": "N", "witness": "N"}, "Whoever consents cannot read the form"),
        "a child that says no": ({"assent": "N"}, "The child did not assent."),
    }

    @pytest.mark.parametrize(("answers", "gap"), GAPS.values(), ids=GAPS)
    def test_an_incomplete_consent_stands_in_its_way(
        self, universe: Any, ready: Participant, answers: dict[str, Any], gap: str
    ) -> None:
        universe.fill(universe.record(ready, "consent", "SCREEN"), universe.clara, **answers)
        assert any(said.startswith(gap) for said in actions.readiness(ready).consent_gaps)
        with pytest.raises(Refused, match=gap.replace(".", r"\.")):
            actions.enrol(participant=ready, by=universe.ines)

    def test_a_document_stands_for_an_absent_parent(self, universe: Any, ready: Participant) -> None:
        consent = universe.record(ready, "consent", "SCREEN")
        universe.fill(consent, universe.clara, father="deceased", father_absence="Death certificate 1234")
        assert actions.readiness(ready).is_ready

    def test_nobody_is_enrolled_twice(self, universe: Any) -> None:
        with pytest.raises(Refused, match="is not in screening: on treatment"):
            actions.enrol(participant=universe.responder, by=universe.ines)

    def test_the_page_names_what_stands_against_it(self, universe: Any, client_of: Any) -> None:
        text = client_of(universe.clara).get(reverse("eligibility", args=[universe.screening.pk])).content.decode()
        assert "Cannot be enrolled (yet)" in text
        answer = client_of(universe.clara).post(reverse("enrol", args=[universe.screening.pk]), follow=True)
        assert "This child cannot be enrolled." in answer.content.decode()

    def test_the_page_enrols_and_shows_the_visits(self, universe: Any, ready: Participant, client_of: Any) -> None:
        text = client_of(universe.clara).get(reverse("eligibility", args=[ready.pk])).content.decode()
        assert "Ready to enrol" in text
        answer = client_of(universe.clara).post(reverse("enrol", args=[ready.pk]), follow=True)
        assert "Enrolled as 01-003-" in answer.content.decode()
        assert "Loading dose" in answer.content.decode()

    def test_without_a_number_nobody_is_on_treatment(self, universe: Any) -> None:
        with pytest.raises(IntegrityError, match="enrolled_has_number"), acting(System("test")):
            Participant.objects.filter(pk=universe.screening.pk).update(state="treatment")


class TestTheEnd:
    def test_a_screen_failure_keeps_its_data_and_reason(self, universe: Any, today: date) -> None:
        child = actions.fail_screening(participant=universe.screening, reason="moved away", by=universe.clara)
        assert (child.state, child.ended_on, child.end_reason) == ("screen_failed", today, "moved away")
        assert child.visits.get().cancelled == "Screen failure: moved away"
        assert FormRecord.objects.filter(participant=child).count() == len(VISITS["SCREEN"].forms)

    def test_an_enrolled_child_is_no_screen_failure(self, universe: Any) -> None:
        with pytest.raises(Refused, match="cannot be ended like this: on treatment"):
            actions.fail_screening(participant=universe.responder, reason="x", by=universe.clara)

    @pytest.mark.parametrize("state", ["completed", "lost", "withdrawn", "died"])
    def test_participation_ends_and_open_visits_are_cancelled(self, universe: Any, state: str) -> None:
        child = universe.responder
        done = set(child.visits.filter(happened_on__isnull=False).values_list("code", flat=True))
        actions.end_participation(participant=child, state=state, reason="as planned", by=universe.clara)
        assert set(child.visits.filter(cancelled="").values_list("code", flat=True)) == done
        child.refresh_from_db()
        assert child.state == state
        assert child.is_ended

    #: What is wrong with an end -> what is said.
    REFUSED = {
        "no state": ({"state": "gone"}, "choose how the participation ended"),
        "no reason": ({"reason": "  "}, "give the reason"),
        "in the future": ({"on": 1}, "lies in the future"),
    }

    @pytest.mark.parametrize(("change", "message"), REFUSED.values(), ids=REFUSED)
    def test_ends_that_are_refused(self, universe: Any, today: date, change: dict[str, Any], message: str) -> None:
        change = {**change, **({"on": today + timedelta(days=change["on"])} if "on" in change else {})}
        with pytest.raises(Refused, match=message):
            actions.end_participation(
                **{"participant": universe.responder, "state": "lost", "reason": "x", "by": universe.clara, **change}
            )
        assert Participant.objects.get(pk=universe.responder.pk).state == "treatment"

    def test_only_who_takes_part_can_end(self, universe: Any) -> None:
        actions.end_participation(participant=universe.responder, state="lost", reason="x", by=universe.clara)
        for child in (universe.responder, universe.screening):
            with pytest.raises(Refused, match="cannot be ended like this"):
                actions.end_participation(participant=child, state="withdrawn", reason="y", by=universe.clara)

    def test_an_ended_child_shows_no_buttons_for_visits(self, universe: Any, client_of: Any) -> None:
        client, child = client_of(universe.clara), universe.responder
        client.post(reverse("end-participation", args=[child.pk]), {"state": "withdrawn", "reason": "moved", "on": ""})
        text = client.get(reverse("visits", args=[child.pk])).content.decode()
        assert "Unscheduled visit</h2>" not in text
        assert reverse("add-log", args=[child.pk, "adverse-event"]) in text, "safety is never blocked"


def test_consent_before_a_dose_is_asked_of_the_stored_form(universe: Any) -> None:
    record = universe.record(universe.untreated, "infusion", "LOAD")
    assert actions.has_valid_consent(record, timezone.now())
    assert not actions.has_valid_consent(record, timezone.now() - timedelta(days=90))
    assert not actions.has_valid_consent(universe.record(universe.screening, "consent", "SCREEN"), timezone.now())
