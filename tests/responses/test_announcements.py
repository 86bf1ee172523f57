"""A correction that changes the class of a child is announced with its reason; new data and passing days are not."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.core.management import call_command
from django.db import IntegrityError, transaction
from django.urls import reverse

from casebook.actions import confirm_finding, remove_record, restore_record
from casebook.models import Participant
from casebook.names import names_for
from casebook.sentences import told
from itp_trial.actor import acting
from itp_trial.models import AuditEntry
from itp_trial.refusal import Refused
from responses.actions import acknowledge, refresh
from responses.models import ClassChange, ResponseSummary
from responses.parameters import SENSITIVITY


def last_count(universe: Any) -> Any:
    """The count of day 10, which confirmed the response."""
    return universe.responder.records.get(form="blood-count", visit__code="UNS")


def correct(universe: Any, platelets: str, reason: str = "typing", by: Any = None) -> None:
    universe.fill(last_count(universe), by or universe.clara, reason=reason, platelets=platelets)


def announced(child: Participant) -> list[ClassChange]:
    return list(ClassChange.objects.filter(participant=child))


def test_a_correction_that_changes_the_class_is_announced_with_its_reason(universe: Any) -> None:
    correct(universe, "17")
    [change] = announced(universe.responder)
    assert (change.state_before, change.state_after) == ("R", "NE")
    assert change.what == "changed from R to NE; best response changed from R to NE"
    for words in ("Platelets in Blood count, Unscheduled visit 1 was corrected from 70 ×10⁹/L to 17 ×10⁹/L",
                  "Clara", "site coordinator"):  # fmt: skip
        assert words in change.because
    assert change.because.count("corrected") == 1
    assert change.rules_version == ResponseSummary.objects.get(pk=universe.responder.pk).rules_version
    assert change.acknowledged_at is None


def test_the_announcement_stands_in_the_trail_as_the_work_of_the_rules(universe: Any) -> None:
    correct(universe, "17")
    [change] = announced(universe.responder)
    entry = AuditEntry.objects.get(table_name=ClassChange._meta.db_table)
    assert entry.actor_id == f"system:Response rules {change.rules_version}"
    assert (entry.role, entry.participant) == ("system", universe.responder.pk)
    sentence = told(entry, names_for(universe.responder, [entry])).sentence
    assert f"announced that the class {change.what} (rules version {change.rules_version})" in sentence
    assert f"Reason: {change.because}" in sentence
    # What follows in the same save belongs to the person again.
    newest = AuditEntry.objects.filter(chain=str(universe.responder.pk)).order_by("place")
    assert [e.actor_id for e in newest if e.place > entry.place and e.actor_id != universe.clara.actor_id] == []


def test_every_correction_of_one_save_is_named(universe: Any) -> None:
    universe.fill(last_count(universe), universe.clara, platelets="17", bleeding="2")
    [change] = announced(universe.responder)
    assert "Platelets in" in change.because
    assert "; Bleeding on the day of the sample in" in change.because


@pytest.mark.parametrize("platelets", ["71", "69.5"])
def test_a_correction_that_changes_no_class_is_not_announced(universe: Any, platelets: str) -> None:
    correct(universe, platelets)
    assert announced(universe.responder) == []


def test_a_corrected_correction_is_two_announcements(universe: Any) -> None:
    correct(universe, "17")
    correct(universe, "70")
    first, second = announced(universe.responder)
    assert (first.state_before, first.state_after) == (second.state_after, second.state_before)
    assert "from 17 ×10⁹/L to 70 ×10⁹/L" in second.because
    assert "from 70 " not in second.because


def test_new_counts_move_the_class_on_without_an_announcement(universe: Any) -> None:
    clinic, child = universe.clinic("02"), universe.foreign
    before = ResponseSummary.objects.get(pk=child.pk).state
    clinic.extra_count(child, universe.today - timedelta(days=8), 120)
    after = ResponseSummary.objects.get(pk=child.pk).state
    assert before != after == "CR"
    assert announced(child) == []


def test_a_late_entry_that_rewrites_the_past_is_announced(universe: Any) -> None:
    """A rescue before the first response, entered only now, takes the response away: no correction, but news."""
    on = universe.today - timedelta(days=9)
    universe.clinic().log(universe.responder, "rescue", kind="corticosteroid", started_on=on, ongoing="N", ended_on=on,
                          dose="1 mg/kg", why="Nose bleed")  # fmt: skip
    [change] = announced(universe.responder)
    assert (change.best_before, change.best_after) == ("R", "NR")
    assert "was entered" in change.because
    assert "escue" in change.because


def test_a_removed_entry_and_one_that_is_put_back_are_announced(universe: Any) -> None:
    record = last_count(universe)
    remove_record(record=record, reason="Another child", by=universe.clara)
    restore_record(record=record, reason="It was this child", by=universe.clara)
    first, second = announced(universe.responder)
    assert "Blood count, Unscheduled visit 1 was removed from the casebook" in first.because
    assert "Another child" in first.because
    assert "was put back into the casebook" in second.because
    assert (first.state_before, second.state_after) == ("R", "R")


def test_a_confirmed_value_that_changes_the_class_is_announced(universe: Any) -> None:
    """A disputed count decides nothing (R8); confirmed as correct, it decides."""
    correct(universe, "700")
    assert announced(universe.responder)[-1].state_after == "PENDING_CONFIRMATION"
    finding = last_count(universe).findings.get(item="platelets", state="open")
    confirm_finding(finding=finding, explanation="The slip says so", by=universe.ines)
    change = announced(universe.responder)[-1]
    assert "a value in Blood count, Unscheduled visit 1 was confirmed as correct" in change.because
    assert change.state_after == "R"


def test_another_version_of_the_rules_is_a_reason(universe: Any) -> None:
    ResponseSummary.objects.filter(pk=universe.responder.pk).update(rules_version="2025.9", state="NR", best_response="NR")
    call_command("reclassify", verbosity=0)
    [change] = announced(universe.responder)
    assert change.because == f"the rules changed from version 2025.9 to {change.rules_version}"
    assert (change.state_before, change.state_after) == ("NR", "R")


def test_the_days_alone_are_no_news(universe: Any) -> None:
    ResponseSummary.objects.filter(pk=universe.responder.pk).update(state="PENDING_CONFIRMATION")
    refresh(participant=universe.responder, today=universe.today)
    assert announced(universe.responder) == []


def test_an_investigator_takes_note_once(universe: Any) -> None:
    correct(universe, "17")
    [change] = announced(universe.responder)
    seen = acknowledge(change=change, by=universe.ines)
    assert seen.acknowledged_by == universe.ines
    assert seen.acknowledged_at is not None
    with pytest.raises(Refused, match=f"{universe.ines.full_name} has already taken note"):
        acknowledge(change=change, by=universe.hana)
    newest = AuditEntry.objects.filter(table_name=ClassChange._meta.db_table).order_by("-place").first()
    assert newest is not None
    assert newest.actor_id == universe.ines.actor_id
    assert "took note of the changed class" in told(newest, names_for(universe.responder, [newest])).sentence


def test_the_database_knows_neither_half_a_note_nor_a_change_without_reason(universe: Any) -> None:
    correct(universe, "17")
    [change] = announced(universe.responder)
    for values in ({"acknowledged_by": universe.ines}, {"because": ""}):
        with pytest.raises(IntegrityError), transaction.atomic(), acting(universe.ines, "test"):
            ClassChange.objects.filter(pk=change.pk).update(**values)


def test_the_announcement_stands_on_the_page_until_somebody_takes_note(universe: Any, client_of: Callable[[Any], Any]) -> None:
    correct(universe, "17", reason="typing")
    [change] = announced(universe.responder)
    url, door = (reverse(name, args=[universe.responder.pk]) for name in ("participant", "take-note"))
    for person, may in ((universe.ines, True), (universe.clara, False), (universe.milo, False)):
        html = client_of(person).get(url).content.decode()
        assert "Changed from R to NE" in html
        assert "was corrected from 70 ×10⁹/L to 17 ×10⁹/L" in html
        assert (door in html) is may
    ines = client_of(universe.ines)
    assert ines.post(door, {"change": change.pk}).status_code == 302
    html = ines.get(url).content.decode()
    assert "You have taken note of the changed class" in html
    assert "Changed from R to NE" not in html
    assert ines.post(door, {"change": change.pk}, follow=True).content.decode().count("has already taken note") == 1
    assert "There is no such announcement" in ines.post(door, {"change": "nonsense"}, follow=True).content.decode()


def test_a_summary_holds_the_other_readings_the_duration_and_the_next_dose(universe: Any) -> None:
    stored = ResponseSummary.objects.get(pk=universe.responder.pk)
    assert stored.duration_days == 7
    assert stored.readings["r50"]["best_response"] == "R"
    assert stored.readings["ash-strict"]["best_response"] == "NE", "7 days apart is not more than 7"
    assert stored.readings["r50"]["response"]["start"] == str(universe.today - timedelta(days=8))
    assert stored.next_dose_on is not None
    assert set(stored.readings) == set(SENSITIVITY)
    assert ResponseSummary.objects.get(pk=universe.untreated.pk).next_dose_on is None


def test_a_save_pays_for_an_announcement_only_when_there_is_one(universe: Any, django_assert_max_num_queries: Any) -> None:
    with django_assert_max_num_queries(3 + 2):
        refresh(participant=universe.responder, today=universe.today)
