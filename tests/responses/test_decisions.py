"""What a physician does on the page of a child: decide about the next dose, read corrections, answer questions."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.urls import reverse

from casebook.actions import Saved, add_log_record
from casebook.models import FormRecord, Participant
from casebook.names import names_for
from casebook.sentences import told
from demo.builder import NotFilled, fill, sign
from itp_trial.actor import acting
from itp_trial.models import AuditEntry
from itp_trial.refusal import Refused
from responses.actions import decide_dose, mark_seen
from responses.classification import classify
from responses.course import dossiers
from responses.decision import decision_on
from responses.infusions import infusions
from responses.look import since_last_look
from responses.models import DoseDecision, LastLook, ResponseAssessment, ResponseSummary
from responses.next_dose import NextDose, next_dose
from signatures.matters import Matter
from signatures.models import Scope, Signature


def proposed(universe: Any, today: Any = None) -> NextDose:
    [found] = dossiers([Participant.objects.get(pk=universe.responder.pk)], today or universe.today)
    return next_dose(found, classify(found.course), today or universe.today, "")


@pytest.fixture
def day_14(universe: Any) -> Any:
    """The responder on day 14, with today's count: a dose is proposed."""
    today = universe.today
    universe.clinic().extra_count(universe.responder, today, 80)
    return today


def page(client: Any, universe: Any) -> str:
    return client.get(reverse("participant", args=[universe.responder.pk])).content.decode()


def decide(universe: Any, shown: str | None = None, **more: Any) -> DoseDecision:
    said = {"participant": universe.responder, "by": universe.ines, "today": universe.today, "agree": True} | more
    return decide_dose(shown=shown if shown is not None else proposed(universe).fingerprint, **said)


def test_an_agreement_is_bound_to_the_proposal_that_was_shown(universe: Any, day_14: Any) -> None:
    dose = proposed(universe)
    assert dose.proposal is not None
    made = decide(universe)
    assert (made.choice, made.chosen_on, made.proposed_on, made.dose_number) == (
        "agreed",
        dose.proposal.due,
        dose.proposal.due,
        1,
    )
    decided = decision_on(universe.responder, dose)
    assert decided is not None
    assert decided.holds
    universe.fill(universe.responder.records.filter(form="blood-count").last(), universe.clara, platelets="12")
    other = proposed(universe)
    assert other.fingerprint != dose.fingerprint
    after = decision_on(universe.responder, other)
    assert after is not None
    assert not after.holds
    with pytest.raises(Refused, match="The proposal has changed since you opened the page"):
        decide(universe, shown=dose.fingerprint)


def test_the_same_proposal_on_another_day_needs_no_second_decision(universe: Any, day_14: Any) -> None:
    """Days that go by change the words of a proposal (overdue by ...), not what was agreed to."""
    assert proposed(universe).fingerprint == proposed(universe, universe.today + timedelta(days=1)).fingerprint


REFUSED = [
    ({"agree": False}, "say why you decide otherwise"),
    ({"agree": False, "reason": " "}, "say why you decide otherwise"),
    ({"agree": False, "reason": "Holiday", "chosen_on": -11}, "after the last one"),
    ({"shown": "0" * 64}, "has changed since you opened the page"),
]


@pytest.mark.parametrize(("said", "words"), REFUSED)
def test_what_cannot_be_decided_is_refused(universe: Any, day_14: Any, said: dict[str, Any], words: str) -> None:
    if "chosen_on" in said:
        said = said | {"chosen_on": universe.today + timedelta(days=said["chosen_on"])}
    with pytest.raises(Refused, match=words):
        decide(universe, **said)
    assert not DoseDecision.objects.exists()


def test_without_a_proposed_day_there_is_nothing_to_agree_to_but_a_day_to_choose(universe: Any) -> None:
    with pytest.raises(Refused, match="no proposed day to agree to"):
        decide(universe)
    on = universe.today + timedelta(days=5)
    made = decide(universe, agree=False, chosen_on=on, reason="The family travels")
    assert (made.choice, made.chosen_on, made.proposed_on) == ("changed", on, None)
    assert decide(universe, agree=False, reason="Not yet").chosen_on is None


def test_before_the_loading_dose_nothing_is_decided(universe: Any) -> None:
    with pytest.raises(Refused, match="has changed"):
        decide(universe, shown="", participant=universe.untreated)


def test_decisions_stand_in_the_trail_in_words(universe: Any, day_14: Any) -> None:
    decide(universe)
    decide(universe, agree=False, chosen_on=universe.today + timedelta(days=9), reason="The family travels")
    decide(universe, agree=False, reason="Fever")
    trail = AuditEntry.objects.filter(table_name=DoseDecision._meta.db_table).order_by("place")
    agreed, changed, none = (told(entry, names_for(universe.responder, [entry])).sentence for entry in trail)
    assert "agreed to the proposed" in agreed
    assert "for maintenance dose 1" in agreed
    assert f"chose {universe.today + timedelta(days=9):%d %b %Y} for maintenance dose 1 instead of the proposed" in changed
    assert "Reason: The family travels." in changed
    assert "chose to give no dose yet" in none
    assert {entry.actor_id for entry in trail} == {universe.ines.actor_id}


def test_the_database_knows_no_changed_dose_without_a_reason(universe: Any, day_14: Any) -> None:
    made = decide(universe)
    for values in ({"choice": "changed"}, {"chosen_on": universe.today}):
        with pytest.raises(IntegrityError), transaction.atomic(), acting(universe.ines, "test"):
            DoseDecision.objects.filter(pk=made.pk).update(**values)


def test_the_card_offers_the_decision_to_physicians_and_shows_it_to_all(
    universe: Any, day_14: Any, client_of: Callable[[Any], Any]
) -> None:
    ines, url = client_of(universe.ines), reverse("decide-dose", args=[universe.responder.pk])
    dose = proposed(universe)
    assert dose.proposal is not None
    day = f"{dose.proposal.due:%d %b %Y}"
    before = page(ines, universe)
    assert f"Agree to {day}" in before
    assert "11 days since the last dose" in before
    assert "nobody has decided yet" in before
    assert url not in page(client_of(universe.clara), universe)
    assert ines.post(url, {"proposal": dose.fingerprint, "choice": "agreed"}).status_code == 302
    after = page(ines, universe)
    assert "Your decision is recorded: agreed." in after
    assert f"Agreed</strong> by {universe.ines.full_name}" in after.replace("\n", " ").replace("  ", " ")
    assert f"Agree to {day}" not in after
    assert f"Agreed by {universe.ines.full_name}" in page(client_of(universe.milo), universe)
    wrong = {"proposal": dose.fingerprint, "choice": "changed", "chosen_on": "31/02/2026", "reason": "x"}
    assert "Day of the next dose: " in ines.post(url, wrong, follow=True).content.decode()
    changed = wrong | {"chosen_on": f"{universe.today + timedelta(days=8):%d/%m/%Y}", "reason": "The family <b>travels</b>"}
    ines.post(url, changed)
    html = page(ines, universe)
    assert f"Changed: {universe.today + timedelta(days=8):%d %b %Y}" in html
    assert "The family &lt;b&gt;travels&lt;/b&gt;" in html
    universe.fill(universe.responder.records.filter(form="blood-count").last(), universe.clara, platelets="12")
    assert "about another proposal" in page(ines, universe)


# --- since you last looked -------------------------------------------------------------------------------------------


def correct(universe: Any, **answers: Any) -> None:
    universe.fill(universe.record(universe.responder, "blood-count", "D3"), universe.clara, reason="typing", **answers)


def test_corrections_since_the_last_look_say_old_new_who_and_why(universe: Any) -> None:
    assert since_last_look(universe.responder, universe.ines).entries == ()
    correct(universe, platelets="66")
    correct(universe, platelets="61", haemoglobin="10.5")
    newer, older = since_last_look(universe.responder, universe.ines).entries
    assert [(c.label, c.old, c.new) for c in older.changes] == [("Platelets", "60 ×10⁹/L", "66 ×10⁹/L")]
    assert {c.label for c in newer.changes} == {"Platelets", "Haemoglobin"}
    assert newer.where == "Blood count, Count day 3"
    assert newer.who.startswith("Clara")
    assert newer.why


def test_a_tick_is_the_bookmark_of_one_person(universe: Any) -> None:
    correct(universe, platelets="66")
    correct(universe, platelets="61")
    newer, older = since_last_look(universe.responder, universe.ines).entries
    mark_seen(participant=universe.responder, places={older.place, 10**9}, by=universe.ines)
    seen = since_last_look(universe.responder, universe.ines)
    assert [entry.ticked for entry in seen.entries] == [False, True]
    assert (seen.left, seen.looked_at is not None) == (1, True)
    assert since_last_look(universe.responder, universe.hana).left == 2
    mark_seen(participant=universe.responder, places={newer.place}, by=universe.ines)
    assert since_last_look(universe.responder, universe.ines).entries == ()
    assert LastLook.objects.get(person=universe.ines).place == newer.place
    correct(universe, platelets="62")
    assert since_last_look(universe.responder, universe.ines).left == 1
    mark_seen(participant=universe.responder, places=set(), by=universe.ines)
    assert since_last_look(universe.responder, universe.ines).left == 1


def test_a_page_shows_the_newest_corrections_and_says_that_there_are_more(
    universe: Any, monkeypatch: pytest.MonkeyPatch, client_of: Callable[[Any], Any]
) -> None:
    monkeypatch.setattr("responses.look.SHOWN", 2)
    for platelets in ("61", "62", "63"):
        correct(universe, platelets=platelets)
    since = since_last_look(universe.responder, universe.ines)
    assert (len(since.entries), since.more) == (2, True)
    assert since.entries[0].changes[0].new == "63 ×10⁹/L"
    assert "2 or more corrections since you last looked" in page(client_of(universe.ines), universe)


def test_corrections_are_ticked_on_the_page_by_those_who_decide(universe: Any, client_of: Callable[[Any], Any]) -> None:
    correct(universe, platelets="66")
    correct(universe, platelets="61")
    ines, url = client_of(universe.ines), reverse("mark-seen", args=[universe.responder.pk])
    html = page(ines, universe)
    for words in ("Corrected since you last looked", "<strong>Platelets</strong>: 60 ×10⁹/L", "66 ×10⁹/L", "2 corrections since"):
        assert words in html
    assert url not in page(client_of(universe.milo), universe)
    places = [entry.place for entry in since_last_look(universe.responder, universe.ines).entries]
    ines.post(url, {"seen": [places[0]], "shown": places})
    assert since_last_look(universe.responder, universe.ines).left == 1
    ines.post(url, {"all": "1", "shown": places})
    assert "nothing corrected since you last looked" in page(ines, universe)


# --- questions for me ------------------------------------------------------------------------------------------------


@pytest.fixture
def open_event(universe: Any) -> FormRecord:
    """An adverse event of which the coordinator has said everything but what only a physician can say."""
    started = f"{universe.today - timedelta(days=1)} 10:00"
    universe.clinic().log(universe.responder, "adverse-event", term="Headache", started_at=started, ongoing="Y", serious="N")
    return FormRecord.objects.get(form="adverse-event")


def test_a_physician_answers_on_the_spot(universe: Any, open_event: FormRecord, client_of: Callable[[Any], Any]) -> None:
    ines, url = client_of(universe.ines), reverse("answer-question", args=[universe.responder.pk])
    finding = open_event.findings.get(item="related", state="open")
    html = page(ines, universe)
    assert "Questions for me" in html
    assert "Adverse event" in html
    assert f'name="finding" value="{finding.pk}"' in html
    assert url not in page(client_of(universe.milo), universe)
    assert "is not" in ines.post(url, {"finding": finding.pk, "answer": "nonsense"}, follow=True).content.decode().lower()
    options = open_event.crf_class.items()["related"].flatchoices
    assert ines.post(url, {"finding": finding.pk, "answer": options[0][0]}).status_code == 302
    open_event.refresh_from_db()
    assert (open_event.crf().related, open_event.saved_by, open_event.version) == (options[0][0], universe.ines, 2)
    assert open_event.crf().term == "Headache"
    assert (
        "was answered already" in ines.post(url, {"finding": finding.pk, "answer": options[0][0]}, follow=True).content.decode()
    )
    assert "no such question" in ines.post(url, {"finding": "0", "answer": "x"}, follow=True).content.decode()


# --- the glance, infusions, other readings ---------------------------------------------------------------------------


def test_the_page_says_the_four_things_at_a_glance(
    universe: Any, open_event: FormRecord, client_of: Callable[[Any], Any]
) -> None:
    html = page(client_of(universe.ines), universe)
    for words in ("Open safety items", "1 open", "Headache", "Next dose", "no proposal", "For you", "question", "Consent"):
        assert words in html
    assert html.index("Open safety items") < html.index("Course</h2>")
    universe.fill(open_event, universe.clara, serious="Y")
    assert "1 open, serious" in page(client_of(universe.clara), universe)


def test_each_infusion_has_its_reaction_and_its_check_for_haemolysis(universe: Any, client_of: Callable[[Any], Any]) -> None:
    def read() -> Any:
        [found] = dossiers([Participant.objects.get(pk=universe.responder.pk)], universe.today)
        return infusions(found)[0]

    first = read()
    assert (first.name, first.reaction) == ("Loading dose", "no reaction")
    assert first.before is not None
    universe.fill(universe.record(universe.responder, "blood-count", "D3"), universe.clara, haemoglobin=str(first.before - 2))
    after = read()
    assert (after.fall, after.falls_too_far) == (2, True)
    assert "fell by 2" in page(client_of(universe.ines), universe)
    universe.fill(universe.record(universe.responder, "blood-count", "D3"), universe.clara, haemoglobin=str(first.before - 1))
    assert not read().falls_too_far


def test_other_readings_are_told_where_they_differ(universe: Any, client_of: Callable[[Any], Any]) -> None:
    html = page(client_of(universe.milo), universe)
    assert "1 of 6 readings say something else" in html
    assert "ASH 2011, strict" in html
    assert "+ash-strict." in html


def test_a_count_of_another_laboratory_has_its_own_shape(universe: Any, client_of: Callable[[Any], Any]) -> None:
    assert ">other laboratory</text>" not in page(client_of(universe.ines), universe)
    universe.fill(universe.record(universe.responder, "blood-count", "D3"), universe.clara, laboratory="Aswan")
    assert ">other laboratory</text>" in page(client_of(universe.ines), universe)


@pytest.mark.parametrize(("query", "axis"), [("", "log"), ("?scale=linear", "linear"), ("?scale=%3Cb%3E", "log")])
def test_the_scale_of_the_curve_is_chosen_in_the_address(
    universe: Any, client_of: Callable[[Any], Any], query: str, axis: str
) -> None:
    html = client_of(universe.clara).get(reverse("participant", args=[universe.responder.pk]) + query).content.decode()
    assert html.count(f"Platelets, ×10⁹/L ({axis})") == 2, "wide and narrow"
    assert "50 R, sensitivity" in html


def assess(universe: Any, **answers: Any) -> Saved:
    entry = add_log_record(participant=universe.responder, form="response-assessment", by=universe.ines)
    return fill(entry, universe.ines, assessed_on=universe.today, **{"category": "R", "off_therapy": "PENDING"} | answers)


def test_the_investigators_own_category_stands_beside_the_computed_one(universe: Any, client_of: Callable[[Any], Any]) -> None:
    physician, coordinator = client_of(universe.ines), client_of(universe.clara)
    assert "Nobody has assessed the response of this child yet" in page(physician, universe)
    assert "Assess the response" not in page(coordinator, universe)
    record = assess(universe).record
    html = page(coordinator, universe)
    assert "Response (R); On treatment, or too early to say" in html
    assert "Waits for signature" in html
    assert "differs</strong>" not in html[html.index("own assessment") : html.index("<details", html.index("own assessment"))]
    sign(Matter(Scope.FORM, universe.responder, record=record), universe.ines)
    assert Signature.objects.get(of_record=record).get_meaning_display() == "Authorship"
    assert "✓" in page(coordinator, universe).split("own assessment")[1].split("Computed now")[0]


def test_a_judgement_that_differs_needs_a_reason_and_keeps_what_the_rules_said(
    universe: Any, client_of: Callable[[Any], Any]
) -> None:
    with pytest.raises(NotFilled, match=r"The rules compute: .*Please give the reason why your judgement differs"):
        assess(universe, category="CR")
    form = ResponseAssessment.objects.get(pk=assess(universe, category="CR", why_different="98 is close enough.").record.pk)
    assert (form.computed_category, form.computed_off_therapy, form.agrees) == ("R", "PENDING", "N")
    assert form.rules_version == ResponseSummary.objects.get(participant=universe.responder).rules_version
    html = page(client_of(universe.clara), universe)
    assert "Reason for the difference: 98 is close enough." in html
    universe.clinic().extra_count(universe.responder, universe.today, 80)
    form.refresh_from_db()
    assert form.computed_category == "R", "what the rules said then stays"


def test_only_a_physician_may_add_an_assessment(universe: Any, client_of: Callable[[Any], Any]) -> None:
    url = reverse("add-log", args=[universe.responder.pk, "response-assessment"])
    assert client_of(universe.clara).post(url).status_code == 403
    assert "Add: Response assessment" not in client_of(universe.clara).get(
        reverse("visits", args=[universe.responder.pk])).content.decode()  # fmt: skip
    assert client_of(universe.ines).post(url).status_code == 302
