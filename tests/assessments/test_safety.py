"""From a serious event to its reports: the forms that follow it, the clocks, who was told, and the versions that stay."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.urls import reverse
from django.utils import timezone

from assessments import actions, safety
from assessments.case import control_number
from assessments.models import AdverseEvent, Notification, SafetyReport, SeriousEvent
from casebook.actions import add_log_record, add_record_about, remove_record
from casebook.locks import freeze
from casebook.models import FormRecord
from dosing.crfs import Infusion
from enrollment.actions import end_participation
from itp_trial.actor import acting
from itp_trial.models import AuditEntry
from itp_trial.refusal import Refused

pytestmark = pytest.mark.requirement("RQ-64")

NARRATIVE = {
    "measures": "Infusion stopped", "abated": "Y", "reappeared": "4", "safety_information": "1", "product_retained": "Y",
    "sample_sent": "N", "lot_quarantined": "Y", "narrative": "Admitted.", "narrative_ar": "تم إدخال الطفل إلى المستشفى.",
}  # fmt: skip


@dataclass
class Trial:
    """One serious event of the responder at site 01 that began two hours ago, and what people do with it."""

    universe: Any
    event: FormRecord

    @property
    def case(self) -> safety.SafetyCase:
        return safety.cases([self.event.pk])[0]

    def fill(self, record: FormRecord, **answers: Any) -> Any:
        return self.universe.fill(record, self.universe.clara, **answers)

    def part(self, form: str) -> FormRecord:
        return FormRecord.objects.get(about=self.event, form=form)

    def report(self, **answers: Any) -> SafetyReport:
        record = actions.start_report(event=self.event, by=self.universe.clara)
        self.fill(record, **{"nullifies": "N", "what_is_new": "First report", **answers})
        return SafetyReport.objects.get(pk=record.pk)

    def tell(self, *duties: str, **changes: Any) -> list[Notification]:
        usual = {"sent_at": timezone.now(), "way": "email", "proof": "EDA-17", "report": None, "by": self.universe.clara}
        return actions.note_notification(event=self.event, duties=list(duties), **{**usual, **changes})


def typed(moment: datetime) -> str:
    return f"{timezone.localtime(moment):%Y-%m-%d %H:%M %z}"


@pytest.fixture
def began() -> datetime:
    return timezone.now() - timedelta(hours=2)


@pytest.fixture
def trial(universe: Any, began: datetime) -> Trial:
    event = add_log_record(participant=universe.responder, form="adverse-event", by=universe.clara)
    universe.fill(event, universe.clara, term="Stiff neck", coded_term="nervous_other", started_at=typed(began), grade=3,
                  ongoing="Y", serious="Y", death="N", life_threatening="N", hospitalised="Y", related="PROBABLY RELATED",
                  expected="N", aware_at=typed(began + timedelta(hours=1)), special_interest="Y")  # fmt: skip
    return Trial(universe, FormRecord.objects.get(pk=event.pk))


class TestWhatFollows:
    def test_a_serious_event_of_special_interest_asks_for_two_forms_once(self, trial: Trial) -> None:
        assert {r.form for r in trial.event.followers.all()} == {"serious-event", "special-interest"}
        trial.fill(trial.event, grade=4)
        assert trial.event.followers.count() == 2

    def test_an_ordinary_event_asks_for_none(self, universe: Any) -> None:
        event = add_log_record(participant=universe.responder, form="adverse-event", by=universe.clara)
        universe.fill(event, universe.clara, term="x", serious="N", special_interest="N")
        assert not event.followers.exists()

    def test_a_form_about_another_one_is_not_added_to_any_form(self, universe: Any, trial: Trial) -> None:
        rescue = add_log_record(participant=universe.responder, form="rescue", by=universe.clara)
        fresh = add_log_record(participant=universe.responder, form="adverse-event", by=universe.clara)
        for about in (rescue, fresh):
            with pytest.raises(Refused, match="cannot be added here"):
                add_record_about(about=about, form="serious-event", by=universe.clara)

    def test_the_bags_and_the_time_since_the_end_come_from_the_infusion(self, universe: Any, trial: Trial) -> None:
        given = Infusion.objects.get(record__participant=universe.responder)
        trial.fill(trial.event, started_at=typed(given.stopped_at + timedelta(minutes=45)))
        trial.fill(trial.part("serious-event"), **NARRATIVE)
        serious = SeriousEvent.objects.get(record__about=trial.event)
        assert serious.minutes_after_end == 45
        assert serious.bags == ", ".join(f"{b.bag.crf.lot_number} / {b.bag.label}" for b in given.bags.order_by("position"))
        # A corrected infusion moves both.
        universe.fill(given.record, universe.clara, stopped_at=typed(given.stopped_at + timedelta(minutes=15)))
        assert SeriousEvent.objects.get(record__about=trial.event).minutes_after_end == 30

    def test_an_event_before_any_infusion_has_neither(self, trial: Trial) -> None:
        given = Infusion.objects.get(record__participant=trial.universe.responder)
        trial.fill(trial.event, started_at=typed(given.started_at - timedelta(days=1)))
        trial.fill(trial.part("serious-event"), **NARRATIVE)
        serious = SeriousEvent.objects.get(record__about=trial.event)
        assert (serious.bags, serious.minutes_after_end) == (None, None)

    #: Answers of the serious event -> the finding that asks about them.
    ASKED = {
        "serious before it began": ({"occurred_at": -3}, "SAE01"),
        "aware before it was serious": ({"occurred_at": -1, "site_aware_at": -2}, "SAE02"),
        "sponsor before the site": ({"site_aware_at": -1, "sponsor_aware_at": -2}, "SAE03"),
        "a death that the event does not know": ({"died_on": "today"}, "SAE05"),
        "the lot is still in use": ({"lot_quarantined": "N"}, "SAE06"),
    }  # fmt: skip

    @pytest.mark.parametrize(("answers", "code"), ASKED.values(), ids=ASKED)
    def test_what_is_asked(self, trial: Trial, answers: dict[str, Any], code: str) -> None:
        said = {
            n: typed(timezone.now() + timedelta(hours=a)) if isinstance(a, int) else timezone.localdate() if a == "today" else a
            for n, a in answers.items()
        }
        record = trial.part("serious-event")
        trial.fill(record, **said)
        assert code in set(record.findings.values_list("code", flat=True))


class TestSpecialInterest:
    def test_only_the_questions_of_the_kind_are_asked(self, trial: Trial) -> None:
        record = trial.part("special-interest")
        trial.fill(record, kind="thrombosis")
        assert {f.item for f in record.findings.filter(code="MISSING")} == {"vessel"}

    #: Haemoglobin after 12.0 g/dL, antiglobulin test -> fall, does it ask?
    FALLS = [("9.9", "negative", "2.1", False), ("10.5", "negative", "1.5", True), ("10.5", "positive", "1.5", False)]

    @pytest.mark.parametrize(("after", "test", "fall", "asks"), FALLS)
    def test_haemolysis(self, trial: Trial, after: str, test: str, fall: str, asks: bool) -> None:
        record = trial.part("special-interest")
        trial.fill(record, kind="haemolysis", hb_before="12.0", hb_after=after, antiglobulin=test)
        assert str(record.crf_class.objects.get(pk=record.pk).hb_fall) == fall
        assert record.findings.filter(code="AESI01").exists() is asks

    @pytest.mark.parametrize(("hcv", "asks"), [("negative", True), ("positive", False)])
    def test_an_infection_without_any_virus_is_asked_about(self, trial: Trial, hcv: str, asks: bool) -> None:
        record = trial.part("special-interest")
        trial.fill(record, kind="infection", hbsag="negative", hbv_dna="negative", hcv_rna=hcv)
        assert record.findings.filter(code="AESI02").exists() is asks


class TestClocks:
    def test_they_run_from_the_event_until_the_serious_form_is_filled(self, trial: Trial, began: datetime) -> None:
        first = trial.case.duties[0]
        assert first.deadline.rule.code == "EG-24H"
        assert first.words.startswith("due ")
        assert abs(first.deadline.due - began - timedelta(hours=24)) < timedelta(minutes=1)
        later = began + timedelta(minutes=30)
        trial.fill(trial.part("serious-event"), occurred_at=typed(later))
        assert abs(trial.case.duties[0].deadline.due - later - timedelta(hours=24)) < timedelta(minutes=1)

    def test_the_first_notice_to_the_sponsor_starts_its_clock(self, trial: Trial) -> None:
        waiting = {d.deadline.rule.code for d in trial.case.duties if d.state == "waits"}
        assert waiting == {"SUSAR-15D"}
        trial.tell("SITE-24H:sponsor")
        assert not [d for d in trial.case.duties if d.state == "waits"]
        stated = timezone.now() - timedelta(minutes=5)
        trial.fill(trial.part("serious-event"), sponsor_aware_at=typed(stated))
        assert abs(trial.case.case.sponsor_aware_at - stated) < timedelta(minutes=1), "its own statement counts more"

    def test_what_was_told_in_time_late_and_not(self, trial: Trial, began: datetime) -> None:
        trial.fill(trial.event, started_at=typed(began - timedelta(days=2)), aware_at=typed(began))
        trial.tell("EG-24H:eda")
        trial.tell("EG-24H:council", sent_at=began - timedelta(days=1, hours=4))
        states = {d.value: d.state for d in trial.case.duties}
        assert states["EG-24H:eda"] == "told late"
        assert states["EG-24H:council"] == "told"
        assert states["EG-24H:committee"] == "overdue"
        assert states["EG-7D:eda"] == "open"

    def test_steps_are_by_rule_and_the_earliest_first(self, trial: Trial) -> None:
        steps = safety.steps_owed([trial.case])
        assert [step.rule.code for step in steps] == ["SITE-24H", "EG-24H", "EG-7D"] or [s.rule.code for s in steps] == [
            "EG-24H", "SITE-24H", "EG-7D"]  # fmt: skip
        assert steps[-1].bodies == "Sponsor, Ethics committee of the institution, Egyptian Drug Authority (EDA), Supreme Council"

    @pytest.mark.parametrize(
        ("death", "threat", "known"), [("Y", "N", True), ("N", "N", False), (None, "N", None), (None, "Y", True)]
    )
    def test_fatal_or_life_threatening(self, trial: Trial, death: str | None, threat: str, known: bool | None) -> None:
        trial.fill(trial.event, death=death, life_threatening=threat)
        assert trial.case.case.fatal_or_life_threatening is known

    def test_an_event_without_a_start_has_no_clock(self, universe: Any) -> None:
        event = add_log_record(participant=universe.responder, form="adverse-event", by=universe.clara)
        universe.fill(event, universe.clara, term="x", serious="Y")
        assert safety.cases([event.pk]) == []
        with pytest.raises(Refused, match="when the event started"):
            actions.start_report(event=event, by=universe.clara)

    def test_four_queries_however_many(self, trial: Trial, django_assert_num_queries: Any) -> None:
        trial.report()
        trial.tell("EG-24H:eda")
        events = safety.event_records([trial.universe.responder, trial.universe.foreign])
        with django_assert_num_queries(4):
            found = safety.cases(events)
            assert [step.bodies for step in safety.steps_owed(found)]


class TestNotifications:
    #: What is wrong -> the refusal.
    REFUSED = {
        "nothing ticked": ((), {}, "Please tick"),
        "not owed": (("SUSAR-7D:eda",), {}, "noted already or is not asked for"),
        "no such thing": (("x:y",), {}, "noted already or is not asked for"),
        "in the future": (("EG-24H:eda",), {"sent_at": timedelta(minutes=5)}, "lies in the future"),
        "before the event": (("EG-24H:eda",), {"sent_at": -timedelta(hours=3)}, "before the event started"),
        "without proof": (("EG-24H:eda",), {"proof": "  "}, "write the proof"),
        "without a way": (("EG-24H:eda",), {"way": "pigeon"}, "choose the way"),
    }  # fmt: skip

    @pytest.mark.parametrize(("duties", "changes", "says"), REFUSED.values(), ids=REFUSED)
    def test_what_is_refused(self, trial: Trial, duties: tuple[str, ...], changes: dict[str, Any], says: str) -> None:
        if "sent_at" in changes:
            changes = {"sent_at": timezone.now() + changes["sent_at"]}
        with pytest.raises(Refused, match=says):
            trial.tell(*duties, **changes)
        assert not Notification.objects.exists()

    def test_a_version_of_another_event_is_refused(self, trial: Trial) -> None:
        with pytest.raises(Refused, match="another event"):
            trial.tell("EG-24H:eda", report=trial.universe.record(trial.universe.responder, "blood-count", "D3"))

    def test_it_is_noted_once_with_person_and_proof(self, trial: Trial) -> None:
        [told, _] = trial.tell("EG-24H:eda", "EG-24H:council", proof=" EDA-17 ")
        assert (told.proof, told.noted_by) == ("EDA-17", trial.universe.clara)
        with pytest.raises(Refused, match="noted already"):
            trial.tell("EG-24H:eda")
        again = {"sent_at": timezone.now(), "way": "fax", "proof": "x", "noted_by": trial.universe.clara}
        with pytest.raises(IntegrityError, match="notification_once"), transaction.atomic(), acting(trial.universe.clara):
            Notification.objects.create(record=trial.event, duty="EG-24H", body="eda", **again)

    def test_two_people_at_once(self, trial: Trial, monkeypatch: pytest.MonkeyPatch) -> None:
        """The second one looked at the page before the first one sent."""
        before = trial.case
        trial.tell("EG-24H:eda")
        monkeypatch.setattr(actions, "_case", lambda event: before)
        with pytest.raises(Refused, match="faster"):
            trial.tell("EG-24H:eda")

    def test_a_slip_is_taken_back_with_a_reason_and_stays(self, trial: Trial) -> None:
        [told] = trial.tell("EG-24H:eda")
        with pytest.raises(Refused, match="say why"):
            actions.take_back_notification(notification=told, why=" ", by=trial.universe.clara)
        actions.take_back_notification(notification=told, why="Wrong child", by=trial.universe.clara)
        with pytest.raises(Refused, match="already"):
            actions.take_back_notification(notification=told, why="Again", by=trial.universe.clara)
        assert Notification.objects.get().taken_back_why == "Wrong child"
        assert not trial.case.told
        trial.tell("EG-24H:eda")

    def test_everything_stands_in_the_trail(self, trial: Trial) -> None:
        trial.tell("EG-24H:eda")
        entry = AuditEntry.objects.filter(table_name="assessments_notification").get()
        assert (entry.operation, entry.actor_id, entry.new["proof"]) == ("INSERT", trial.universe.clara.actor_id, "EDA-17")


class TestVersions:
    def test_a_version_follows_the_event_until_it_is_sent_and_then_stands(self, trial: Trial) -> None:
        first = trial.report()
        assert (first.kind, first.name, first.data["event"]["grade"]) == ("ORIGINAL", "Initial", "3")
        trial.fill(trial.event, grade=4)
        trial.fill(trial.part("serious-event"), **NARRATIVE)
        followed = SafetyReport.objects.get(pk=first.pk)
        assert (followed.data["event"]["grade"], followed.data["serious"]["narrative"]) == ("4", "Admitted.")
        assert followed.content_hash != first.content_hash
        trial.tell("EG-24H:eda", report=first.record)
        trial.fill(trial.event, grade=5)
        assert SafetyReport.objects.get(pk=first.pk).content == followed.content

    def test_follow_ups_and_a_withdrawal_keep_the_earlier_ones(self, trial: Trial) -> None:
        for duty, answers in (("EG-24H:eda", {}), ("EG-7D:eda", {}), ("WITHDRAWN:eda", {"nullifies": "Y"})):
            trial.tell(duty, report=trial.report(**answers).record)
        found = [(r.name, r.kind, r.control_number) for r in SafetyReport.objects.order_by("number")]
        number = control_number(AdverseEvent.objects.get(pk=trial.event.pk))
        assert found == [("Initial", "ORIGINAL", number), ("Follow-up 1", "AMENDMENT", number),
                         ("Nullification 2", "NULLIFICATION", number)]  # fmt: skip
        owed = {(d.value, d.state) for d in trial.case.duties}
        assert owed == {("WITHDRAWN:eda", "told"), *((f"WITHDRAWN:{b}", "open") for b in ("sponsor", "committee", "council"))}

    def test_no_version_before_the_last_one_is_finished_and_sent(self, trial: Trial) -> None:
        trial.fill(trial.part("serious-event"), **NARRATIVE)
        record = actions.start_report(event=trial.event, by=trial.universe.clara)
        with pytest.raises(Refused, match="begun already"):
            trial.report()
        trial.fill(record, nullifies="Y", what_is_new="x")
        assert record.findings.filter(code="SAE10").exists(), "the first one withdraws nothing"
        with pytest.raises(Refused, match="“Initial” was not sent yet"):
            trial.report()

    def test_a_change_of_a_sent_version_is_asked_about(self, trial: Trial) -> None:
        first = trial.report()
        trial.tell("EG-24H:eda", report=first.record)
        trial.fill(first.record, what_is_new="Something else")
        assert first.record.findings.filter(code="SAE11", state="open").exists()

    def test_an_event_that_is_not_serious_is_not_reported(self, trial: Trial) -> None:
        trial.fill(trial.event, serious="N")
        with pytest.raises(Refused, match="Only a serious event"):
            trial.report()

    def test_nothing_that_names_the_child_is_reported(self, trial: Trial) -> None:
        report = trial.report()
        born = trial.universe.record(trial.universe.responder, "screening", "SCREEN").crf().birth_date
        assert born.isoformat() not in report.content
        assert report.data["child"]["age_months"] > 12
        assert report.data["child"]["number"] == trial.universe.responder.number

    def test_a_removed_event_has_no_clock(self, trial: Trial) -> None:
        trial.report()
        remove_record(record=trial.event, reason="Wrong child", by=trial.universe.clara)
        assert safety.cases([trial.event.pk]) == []


class TestNeverBlocked:
    """Safety data are entered whatever else is missing or over."""

    def everything(self, universe: Any, child: Any, by: Any) -> None:
        event = add_log_record(participant=child, form="adverse-event", by=by)
        universe.fill(
            event, by, term="x", started_at=typed(timezone.now() - timedelta(hours=1)), serious="Y", special_interest="Y"
        )
        event.refresh_from_db()
        for form, answers in (("serious-event", NARRATIVE), ("special-interest", {"kind": "thrombosis", "vessel": "x"})):
            universe.fill(FormRecord.objects.get(about=event, form=form), by, **answers)
        report = actions.start_report(event=event, by=by)
        universe.fill(report, by, nullifies="N", what_is_new="x")
        report.refresh_from_db()
        told = {"sent_at": timezone.now(), "way": "fax", "proof": "x", "report": report, "by": by}
        assert actions.note_notification(event=event, duties=["EG-24H:eda"], **told)

    def test_after_the_end_of_participation(self, universe: Any) -> None:
        end_participation(participant=universe.responder, state="withdrawn", reason="x", on=universe.today, by=universe.ines)
        universe.responder.refresh_from_db()
        self.everything(universe, universe.responder, universe.clara)

    def test_without_consent_screening_or_any_other_form(self, universe: Any) -> None:
        self.everything(universe, universe.screening, universe.clara)

    def test_while_the_child_is_frozen(self, universe: Any) -> None:
        freeze(target=universe.responder, reason="Cleaned", by=universe.dana)
        self.everything(universe, universe.responder, universe.clara)

    def test_without_any_dose(self, universe: Any) -> None:
        self.everything(universe, universe.untreated, universe.clara)


class TestPages:
    def test_the_safety_page_of_all_sites_and_of_one(self, trial: Trial, client_of: Any) -> None:
        for person, sees in ((trial.universe.sami, True), (trial.universe.milo, True), (trial.universe.clara, True),
                             (trial.universe.otto, False)):  # fmt: skip
            text = client_of(person).get(reverse("safety")).content.decode()
            assert ("Stiff neck" in text) is sees
        assert "Nothing is owed" in text

    def test_the_lane_of_the_work_list(self, trial: Trial, client_of: Any) -> None:
        text = client_of(trial.universe.clara).get(reverse("work-list")).content.decode()
        assert "Safety clocks" in text
        assert text.index("Safety clocks") < text.index("Late")
        assert "Nothing is owed." not in text
        assert "Nothing is owed." in client_of(trial.universe.otto).get(reverse("work-list")).content.decode()

    def test_an_event_is_told_taken_back_and_reported(self, trial: Trial, client_of: Any) -> None:
        client, url = client_of(trial.universe.clara), reverse("safety-event", args=[trial.event.pk])
        page = client.get(url).content.decode()
        assert "No version yet" in page
        key = {"idempotency-key": "a" * 22}
        answer = client.post(reverse("add-report", args=[trial.event.pk]), key)
        record = FormRecord.objects.get(form="sae-report")
        assert answer["Location"] == reverse("record", args=[record.pk])
        assert "Begun, not saved yet" in client.get(url).content.decode()
        trial.fill(record, nullifies="N", what_is_new="First")
        sent = {"duty": ["EG-24H:eda", "EG-24H:council"], "sent_at": typed(timezone.now()), "way": "portal", "proof": "R-1",
                "report": str(record.pk), "idempotency-key": "b" * 22}  # fmt: skip
        client.post(reverse("notify", args=[trial.event.pk]), sent)
        assert [n.report_id for n in Notification.objects.all()] == [record.pk] * 2
        page = client.get(url).content.decode()
        assert "R-1" in page
        told = Notification.objects.first()
        client.post(reverse("take-back-notification", args=[told.pk]), {"why": "Slip", "idempotency-key": "c" * 22})
        assert "Slip" in client.get(url).content.decode()

    def test_a_time_that_cannot_be_read_is_said(self, trial: Trial, client_of: Any) -> None:
        sent = {"duty": "EG-24H:eda", "sent_at": "yesterday", "way": "portal", "proof": "x", "idempotency-key": "d" * 22}
        answer = client_of(trial.universe.sami).post(reverse("notify", args=[trial.event.pk]), sent, follow=True)
        assert "is not a date and time" in answer.content.decode()

    def test_the_other_children_with_the_lot(self, trial: Trial, client_of: Any) -> None:
        universe = trial.universe
        given = Infusion.objects.get(record__participant=universe.responder)
        trial.fill(trial.event, started_at=typed(given.stopped_at))
        clinic = universe.clinic("01")
        clinic.count(universe.untreated, "LOAD", universe.untreated.enrolled_on, 9)
        clinic.infuse(universe.untreated, "LOAD", universe.untreated.enrolled_on, 20)
        text = client_of(universe.clara).get(reverse("safety-event", args=[trial.event.pk])).content.decode()
        assert f'Also given to: <a href="{reverse("participant", args=[universe.untreated.pk])}">' in text

    def test_an_event_without_a_start_says_so(self, universe: Any, client_of: Any) -> None:
        event = add_log_record(participant=universe.responder, form="adverse-event", by=universe.clara)
        text = client_of(universe.clara).get(reverse("safety-event", args=[event.pk])).content.decode()
        assert "no clock runs" in text
