"""Each kind of entry as a sentence: who, in which role, when in Cairo, what from what to what, and why."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from casebook import actions as casebook
from casebook import sentences, trail
from casebook.changes import Change, changes_of
from casebook.models import Finding, FormRecord
from casebook.names import Names, names_for, names_of_record
from delegation.actions import assign_role
from dosing.crfs import Bag, InfusionBag
from enrollment import actions as enrollment
from itp_trial import actions
from itp_trial.actor import acting
from itp_trial.models import AuditEntry, Site
from tests.trail.conftest import last_entry, story

WHO = r"On \d\d \w{3} \d{4} \d\d:\d\d Cairo \(UTC[+-]\d\) Clara Naguib \(site coordinator\) "


@pytest.mark.requirement("RQ-01", "RQ-08")
def test_a_correction_reads_as_one_sentence(universe: Any, corrected: Any) -> None:
    corrected(platelets=66)
    [one] = [one for one in story(universe.responder, kind=trail.ANSWERS) if one.entry.operation == "UPDATE"]
    assert re.fullmatch(
        WHO + r"changed Platelets in Blood count, Count day 3 from 60 to 66 ×10⁹/L\. Reason: Typing error\.", one.sentence
    )


def test_several_changes_are_listed_below_one_opening(universe: Any, corrected: Any) -> None:
    corrected(platelets=66, quality="clumped", haemoglobin="~SL")
    one = story(universe.responder, kind=trail.ANSWERS)[0]
    assert re.fullmatch(WHO + r"changed Blood count, Count day 3:", one.opening)
    assert [change.text for change in one.listed] == [
        "Quality of the sample: from Good to Platelets clumped",
        "Platelets: from 60 to 66 ×10⁹/L",
        "Haemoglobin: from 11.8 g/dL to no answer (sample lost)",
    ]
    assert one.sentence.endswith("Reason: Typing error.")


def test_an_answer_that_is_filled_later_was_entered_not_changed(universe: Any, corrected: Any) -> None:
    corrected(leukocytes=None)
    corrected(leukocytes="7.1")
    newest, emptied = story(universe.responder, item="blood-count:leukocytes")[:2]
    assert "entered Leukocytes in Blood count, Count day 3: 7.1 ×10⁹/L. Reason: Answers added." in newest.sentence
    assert "emptied Leukocytes in Blood count, Count day 3, which was 7.4 ×10⁹/L." in emptied.sentence


def test_only_the_reason_of_a_missing_answer_may_change(universe: Any, corrected: Any) -> None:
    corrected(haemoglobin="~SL")
    corrected(haemoglobin="~ND", reason="source")
    one = story(universe.responder, item="blood-count:haemoglobin")[0]
    assert "from no answer (sample lost) to no answer (not done)" in one.sentence


def test_moments_and_dates_read_in_cairo(universe: Any) -> None:
    entered = [one for one in story(universe.responder, form="infusion", kind=trail.ANSWERS) if len(one.changes) > 5]
    texts = [change.text for change in entered[-1].changes]
    day = f"{universe.today - timedelta(days=11):%d %b %Y}"
    assert f"Weighed on: {day}" in texts
    assert any(re.fullmatch(rf"Infusion started: {day} 09:30 Cairo \(UTC[+-]\d\)", text) for text in texts)


@pytest.mark.requirement("RQ-11")
def test_computed_answers_and_questions_are_the_systems(universe: Any, corrected: Any) -> None:
    texts = [c.text for one in story(universe.responder, form="infusion") for c in one.changes]
    assert "IgG given (computed): 18 g" in texts
    corrected(platelets=650)
    [asked] = story(universe.responder, kind=trail.QUESTIONS)
    assert re.search(r"Cairo \(UTC[+-]\d\) the system \(software [0-9.]+\), when Clara Naguib \(site coordinator\) saved, asked"
                     r" about Blood count, Count day 3: “650 ×10⁹/L is unusual", asked.sentence)  # fmt: skip


@pytest.mark.requirement("RQ-12")
def test_questions_are_opened_confirmed_and_closed(universe: Any, corrected: Any) -> None:
    record = corrected(platelets=650)
    finding = Finding.objects.get(record=record, state=Finding.State.OPEN)
    casebook.confirm_finding(finding=finding, explanation="Same in the source document", by=universe.ines)
    corrected(platelets=60)
    closed, confirmed, _ = story(universe.responder, kind=trail.QUESTIONS)
    assert "Ines Farouk (investigator) confirmed what stands in Blood count, Count day 3" in confirmed.sentence
    assert confirmed.sentence.endswith("Reason: Same in the source document.")
    assert "closed a question about Blood count, Count day 3, which the data answered" in closed.sentence


@pytest.mark.requirement("RQ-12")
def test_visits_are_planned_moved_dated_and_cancelled(universe: Any) -> None:
    child, clara = universe.untreated, universe.clara
    with acting(clara, "The family asked"):
        visit = child.visits.get(code="LOAD")
        later = visit.target + timedelta(days=1)
        child.visits.filter(pk=visit.pk).update(target=later)
        child.visits.filter(pk=visit.pk).update(happened_on=later)
        child.visits.filter(pk=visit.pk).update(happened_on=visit.target)
        child.visits.filter(pk=visit.pk).update(happened_on=None)
        child.visits.filter(pk=visit.pk).update(repeat=1, opens=visit.target - timedelta(days=1))
    casebook.cancel_visits(participant=child, codes=["LOAD"], why="The lot was recalled", by=clara)
    with acting(clara):
        child.visits.filter(pk=visit.pk).update(cancelled="")
    told = [one.words.did for one in story(child, kind=trail.VISITS)][:7]
    old, new = f"{visit.target:%d %b %Y}", f"{later:%d %b %Y}"
    assert told[0] == "planned the visit “Loading dose” again"
    assert told[1] == "cancelled the visit “Loading dose”: The lot was recalled"
    assert told[2].startswith("changed Opens in a visit from ")
    assert told[3] == "took back the day of the visit “Loading dose” (before: " + old + ")"
    assert told[4] == f"recorded that the visit “Loading dose” took place on {old} (before: {new})"
    assert told[5] == f"recorded that the visit “Loading dose” took place on {new}"
    assert told[6] == f"moved the visit “Loading dose” from {old} to {new}"
    planned = [one.words.did for one in story(child, kind=trail.VISITS)][7:]
    assert any(text.startswith(f"planned the visit “Loading dose” for {old} (opens ") for text in planned)


@pytest.mark.requirement("RQ-12")
def test_a_participant_comes_moves_on_and_ends(universe: Any) -> None:
    child = universe.untreated
    enrollment.end_participation(participant=child, state="withdrawn", reason="The family moved away", by=universe.ines)
    told = [one.sentence for one in story(child, kind=trail.VISITS)]
    assert any("Ines Farouk (investigator) moved the participant from “On treatment” to “Withdrawn” on" in text for text in told)
    assert any("from “In screening” to “On treatment”" in text and "and gave the subject number 01-" in text for text in told)
    assert told[-1].endswith("took S01-003 into screening. Reason: Screening started.")
    with acting(universe.ines, "Better words"):
        type(child).objects.filter(pk=child.pk).update(end_reason="Moved to another city")
    assert "changed End reason in a participant from The family moved away to Moved to another city" in story(child)[0].sentence


@pytest.mark.requirement("RQ-12")
def test_forms_are_planned_opened_and_saved(universe: Any) -> None:
    event = casebook.add_log_record(participant=universe.untreated, form="rescue", by=universe.clara)
    universe.fill(event, universe.clara, kind="ivig", started_on=universe.today)
    told = [one.words.did for one in story(universe.untreated, kind=trail.FORMS)]
    assert told[0] == "saved Rescue therapy as version 1; it is now incomplete"
    assert told[1] == "opened the form Rescue therapy"
    assert "planned the form Blood count, Loading dose" in told


@pytest.mark.requirement("RQ-04")
def test_a_line_that_was_taken_away_is_still_told_with_its_name(universe: Any) -> None:
    """Also the bag itself may have gone from the stock since."""
    record = universe.record(universe.responder, "infusion", "LOAD")
    line = InfusionBag.objects.filter(crf_id=record.pk).select_related("bag").first()
    with acting(universe.clara, "Entered in the wrong place"):
        InfusionBag.objects.filter(pk=line.pk).update(taken_away=True)
    assert "took away a line of “Bags given” in Infusion, Loading dose" in story(universe.responder)[0].sentence
    with acting(universe.pia, "Entered twice"):
        Bag.objects.filter(pk=line.bag_id).update(taken_away=True)
    first = [told for told in story(universe.responder) if str(line.bag) in str([change.text for change in told.listed])]
    assert first, "its entry still names the bag"
    with acting(universe.clara, "It was right"):
        InfusionBag.everything.filter(pk=line.pk).update(taken_away=False)
    assert "put back a line of “Bags given” in Infusion, Loading dose" in story(universe.responder)[0].sentence


def test_lines_in_another_order_and_forms_without_an_answer(universe: Any) -> None:
    record = universe.record(universe.responder, "infusion", "LOAD")
    with acting(universe.clara, "Sorted"):
        InfusionBag.objects.filter(crf_id=record.pk, position=1).update(position=99)
    assert "put a line of “Bags given” in Infusion, Loading dose in another order" in story(universe.responder)[0].sentence
    empty = AuditEntry(table_name="assessments_rescue", operation="INSERT", record=record.pk, new={"missing": {}}, old=None)
    assert changes_of(empty, names_for(universe.responder, [empty])) == ()
    names = names_for(universe.responder, [empty])
    assert sentences._answers(empty, names, ()).did == "saved Infusion, Loading dose without an answer"


@pytest.mark.requirement("RQ-54")
def test_an_item_that_was_renamed_since_stays_readable(universe: Any) -> None:
    record = universe.record(universe.responder, "blood-count", "D3")
    entry = AuditEntry(table_name="assessments_bloodcount", operation="UPDATE", record=record.pk, row=str(record.pk),
                       old={"thrombocyte_count": 60, "platelets": "many", "missing": {"quality": "XX"}},
                       new={"thrombocyte_count": None, "platelets": None, "missing": {}})  # fmt: skip
    told = changes_of(entry, names_of_record(record, [entry]))
    assert [(change.label, change.old, change.new) for change in told] == [
        ("Quality of the sample", "XX", ""), ("Platelets", "many", ""),
        ("thrombocyte count (no longer asked)", "60", ""),
    ]  # fmt: skip


def test_a_reference_to_nothing_known_says_so(universe: Any) -> None:
    record = universe.record(universe.responder, "infusion", "LOAD")
    entry = AuditEntry(table_name="dosing_infusionbag", operation="INSERT", record=record.pk, row="x",
                       new={"bag_id": "00000000-0000-0000-0000-00000000000f"})  # fmt: skip
    [change] = changes_of(entry, names_of_record(record, [entry]))
    assert change.new == "an entry that is gone"


def test_people_roles_and_sites_have_words_too(universe: Any) -> None:
    names = Names(FormRecord.objects.none())
    actions.rename_site(site=universe.s1, name="New Centre", city=universe.s1.city, is_demo_name=False, by=universe.adam)
    sentence = sentences.told(last_entry(table_name="itp_trial_site"), names).sentence
    assert re.search(r"Adam Zaki \(administrator\) changed a site: Name: from .+ to New Centre; Is demo name: from yes to no\."
                     r" Reason: Site renamed\.$", sentence)  # fmt: skip
    assign_role(user=universe.sami, role="monitor", site=universe.s2, starts=universe.today, ends=None, by=universe.adam)
    sentence = sentences.told(last_entry(table_name="itp_trial_roleassignment"), names).sentence
    assert "added a role assignment: User: Sami Ragab; Role: Monitor; Site: 02 " in sentence
    assert str(Site.objects.get(code="02")) in sentence


def test_who_did_it() -> None:
    entry = AuditEntry(actor_id="user:1", actor_name="Clara Naguib (clara)", role="coordinator, monitor")
    assert sentences.who(entry) == "Clara Naguib (site coordinator, monitor)"
    assert sentences.who(AuditEntry(actor_id="user:1", actor_name="Clara Naguib (clara)", role="")) == "Clara Naguib"
    assert sentences.who(AuditEntry(actor_id="system:beat", actor_name="beat (system)", role="system")) == "beat (system)"
    assert sentences.roles(AuditEntry(role="no such role")) == "no such role"


def test_a_unit_stands_once() -> None:
    assert Change("x", "Weight", "12 kg", "12.5 kg").text == "Weight: from 12 to 12.5 kg"
    assert Change("x", "Text", "two kg", "12 kg").text == "Text: from two kg to 12 kg"
    assert Change("x", "Answer", "", "Yes").text == "Answer: Yes"


@pytest.mark.requirement("RQ-16")
def test_the_night_with_an_hour_twice_keeps_its_order(universe: Any, corrected: Any, moved: Any) -> None:
    """On 29 Oct 2026 Cairo shows 23:30 twice; the offset tells them apart and the chain keeps the order."""
    for minutes, platelets in ((0, 61), (60, 62)):
        moved(datetime(2026, 10, 29, 20, 30, tzinfo=UTC) + timedelta(minutes=minutes))
        corrected(platelets=platelets)
    moved(datetime(2026, 4, 23, 22, 30, tzinfo=UTC))
    corrected(platelets=63)
    spring, second, first = story(universe.responder, item="blood-count:platelets")[:3]
    assert first.when == "29 Oct 2026 23:30 Cairo (UTC+3)"
    assert second.when == "29 Oct 2026 23:30 Cairo (UTC+2)"
    assert spring.when == "24 Apr 2026 01:30 Cairo (UTC+3)", "00:30 does not exist that night"
    assert [one.changes[0].new for one in (spring, second, first)] == ["63 ×10⁹/L", "62 ×10⁹/L", "61 ×10⁹/L"]
    assert [one.entry.place for one in (spring, second, first)] == sorted([spring.entry.place, second.entry.place,
                                                                        first.entry.place], reverse=True)  # fmt: skip
