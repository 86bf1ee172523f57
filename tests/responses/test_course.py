"""From stored forms to the input of the rules, and from there to the state that an investigator is told."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.utils import timezone

from casebook import actions as casebook
from casebook.models import Finding, Participant
from casebook.signals import course_changed
from enrollment.actions import end_participation
from responses.answer import answer_line
from responses.classification import classify
from responses.course import dossiers
from responses.inputs import Bleed, Rescue
from responses.models import ResponseSummary

PLATELETS_DAY_3 = Decimal(60)


def day(universe: Any, number: int) -> date:
    """Study day of the responder; day 0 was eleven days ago."""
    return universe.today - timedelta(days=11 - number)


def dossier_of(participant: Participant, today: date) -> Any:
    [found] = dossiers([Participant.objects.select_related("site").get(pk=participant.pk)], today)
    return found


def verdict_of(participant: Participant, today: date) -> Any:
    return classify(dossier_of(participant, today).course)


def test_the_story_12_60_70_is_a_confirmed_response(universe: Any) -> None:
    verdict = verdict_of(universe.responder, universe.today)
    assert (verdict.state, verdict.since, verdict.confirmed) == ("R", day(universe, 3), day(universe, 10))
    assert verdict.best_response == "R"
    text = " ".join(reason.text for reason in verdict.reasons)
    assert "The baseline is 12 ×10⁹/L" in text
    assert f"starts on {day(universe, 3)}, 3 days after the dose of {day(universe, 0)}" in text
    assert f"confirmed on {day(universe, 10)}, 7 days later" in text


def test_the_answer_line_says_state_dates_counts_and_baseline(universe: Any) -> None:
    course = dossier_of(universe.responder, universe.today).course
    assert answer_line(classify(course), course) == (
        f"RESPONSE since {day(universe, 3):%d %b %Y}, confirmed {day(universe, 10):%d %b %Y} "
        "(60 and 70 ×10⁹/L, 7 days apart; baseline 12; no bleeding). Day 9 of response."
    )


def test_the_bridge_takes_one_query_for_any_number_of_children(universe: Any, django_assert_num_queries: Any) -> None:
    everybody = list(Participant.objects.select_related("site"))
    with django_assert_num_queries(1):
        assert len(dossiers(everybody, universe.today)) == len(everybody)
    with django_assert_num_queries(1):
        dossiers(everybody[:1], universe.today)


def test_a_child_without_a_dose_has_no_day_0(universe: Any) -> None:
    course = dossier_of(universe.untreated, universe.today).course
    assert (course.day_0, course.baseline, course.doses) == (None, None, ())
    assert classify(course).state == "NE"


def test_an_open_finding_makes_the_count_not_evaluable_until_a_person_confirms_it(universe: Any) -> None:
    on = day(universe, 11)
    saved = universe.clinic().extra_count(universe.responder, on, "601")
    count = dossier_of(universe.responder, universe.today).counts[-1]
    assert (count.on, count.value) == (on, None)
    assert [excluded.why for excluded in count.excluded] == ["A query on this result is open."]
    finding = next(f for f in saved.open_findings if f.item == "platelets")
    casebook.confirm_finding(finding=finding, explanation="Repeated, the same", by=universe.clara)
    assert dossier_of(universe.responder, universe.today).counts[-1].value == 601


def test_a_finding_about_something_else_does_not_dispute_the_count(universe: Any) -> None:
    universe.clinic().extra_count(universe.responder, day(universe, 11), "80", haemoglobin="20")
    assert Finding.objects.filter(item="haemoglobin", state="open").exists()
    assert dossier_of(universe.responder, universe.today).counts[-1].value == 80


def test_a_clumped_sample_is_kept_but_not_used(universe: Any) -> None:
    universe.clinic().extra_count(universe.responder, day(universe, 11), "80", quality="clumped")
    count = dossier_of(universe.responder, universe.today).counts[-1]
    assert count.value is None
    assert count.excluded[0].sample.value == 80
    assert not count.excluded[0].sample.acceptable


def test_a_sample_after_the_start_of_the_infusion_is_not_the_baseline(universe: Any) -> None:
    load = universe.record(universe.responder, "blood-count", "LOAD")
    universe.fill(load, universe.clara, taken_at=f"{day(universe, 0)} 12:00")
    course = dossier_of(universe.responder, universe.today).course
    # The screening count of two days before is the nearest earlier one (R11).
    assert course.baseline == 12
    assert next(count for count in course.counts if count.on == day(universe, 0)).value is None


def test_the_entry_count_serves_as_baseline_only_where_no_blood_count_stands(universe: Any) -> None:
    for code in ("LOAD", "SCREEN"):
        found = universe.responder.records.filter(form="blood-count", visit__code=code).first()
        if found is not None:
            universe.fill(found, universe.clara, done="N", why_not="Tube broken", taken_at=None, quality=None, platelets=None,
                          haemoglobin=None, leukocytes=None, bleeding=None)  # fmt: skip
    dossier = dossier_of(universe.responder, universe.today)
    assert dossier.course.baseline == 12
    screening = universe.record(universe.responder, "screening", "SCREEN")
    assert dossier.counts[0].ref == str(screening.pk)


def test_bleeding_comes_from_episodes_assessments_and_counts(universe: Any) -> None:
    clinic, child = universe.clinic(), universe.responder
    start, end = day(universe, 5), day(universe, 6)
    clinic.log(child, "bleeding-episode", site_of_bleeding="epistaxis", started_on=start, ongoing="N", ended_on=end,
               peak_grade=2, evidence="record")  # fmt: skip
    clinic.log(child, "bleeding-episode", site_of_bleeding="gum", started_on=start, ongoing="Y", peak_grade=3, evidence="report")
    clinic.extra_count(child, day(universe, 11), "20", bleeding="2")
    bleeds = dossier_of(child, universe.today).course.bleeds
    assert Bleed(start, end, 2) in bleeds
    assert Bleed(start, None, 1) in bleeds, "known by report only: grade 1 at most (R24)"
    assert Bleed(day(universe, 11), day(universe, 11), 2) in bleeds
    assert verdict_of(child, universe.today).state == "NR", "bleeding came before the confirming count"


def test_an_episode_that_ended_on_an_unknown_day_covers_its_first_day(universe: Any) -> None:
    start = day(universe, 5)
    universe.clinic().log(universe.responder, "bleeding-episode", site_of_bleeding="gum", started_on=start, ongoing="N",
                          ended_on="~UNK", peak_grade=1, evidence="seen")  # fmt: skip
    assert dossier_of(universe.responder, universe.today).course.bleeds == (Bleed(start, start, 1),)


def test_bleeding_is_unknown_where_nothing_says_it(universe: Any) -> None:
    on = day(universe, 11)
    universe.clinic().extra_count(universe.responder, on, "80", bleeding="U")
    assert on in dossier_of(universe.responder, universe.today).course.bleeding_unknown
    universe.clinic().log(universe.responder, "bleeding-episode", site_of_bleeding="gum", started_on=on, ongoing="Y",
                          peak_grade=1, evidence="seen")  # fmt: skip
    unknown = dossier_of(universe.responder, universe.today).course.bleeding_unknown
    assert on not in unknown
    assert day(universe, 3) not in unknown


def test_a_rescue_without_an_end_goes_on(universe: Any) -> None:
    on = day(universe, 10)
    universe.clinic().log(universe.responder, "rescue", kind="corticosteroid", started_on=on, ongoing="Y", dose="1 mg/kg",
                          why="Bleeding")  # fmt: skip
    assert dossier_of(universe.responder, universe.today).course.rescues == (Rescue(on, None, "corticosteroid"),)


def test_a_death_is_the_end_of_the_fatal_event(universe: Any) -> None:
    on = day(universe, 10)
    universe.clinic().log(
        universe.responder, "adverse-event", term="Sepsis", started_at=f"{on} 01:00", ongoing="N", ended_at=f"{on} 06:00",
        grade=5, serious="Y", death="Y", life_threatening="N", hospitalised="Y", disability="N", important="N",
        aware_at=f"{on} 07:00", related="NOT RELATED", action="NOT APPLICABLE", outcome="FATAL",
    )  # fmt: skip
    assert dossier_of(universe.responder, universe.today).course.death == on


def test_a_running_infusion_is_a_dose_and_a_stopped_one_without_volume_is_none(universe: Any) -> None:
    clinic, child, on = universe.clinic(), universe.untreated, universe.today - timedelta(days=1)
    infusion = universe.record(child, "infusion", "LOAD")
    universe.fill(infusion, clinic.coordinator, weight_kg="20", weight_on=on, started_at=f"{on} 09:00")
    assert dossier_of(child, universe.today).course.day_0 == on
    universe.fill(infusion, clinic.coordinator, stopped_at=f"{on} 09:05", reason="typing")
    assert dossier_of(child, universe.today).course.day_0 is None


def test_the_end_of_participation_is_the_last_day_looked_at(universe: Any) -> None:
    on = day(universe, 10)
    end_participation(participant=universe.responder, state="withdrawn", reason="Moved away", by=universe.ines, on=on)
    course = dossier_of(universe.responder, universe.today).course
    assert (course.followup_ended, course.as_of) == (True, on)


@pytest.mark.parametrize("name", ["responder", "foreign"])
def test_the_summary_equals_a_fresh_derivation(universe: Any, name: str) -> None:
    child = getattr(universe, name)
    verdict = verdict_of(child, universe.today)
    stored = ResponseSummary.objects.get(pk=child.pk)
    assert (stored.state, stored.since, stored.confirmed) == (verdict.state, verdict.since, verdict.confirmed)
    assert stored.best_response == verdict.best_response
    assert stored.as_of == timezone.localdate()


def test_a_save_refreshes_the_summary_in_the_same_transaction(universe: Any) -> None:
    universe.clinic().extra_count(universe.responder, day(universe, 11), "20", bleeding="2")
    assert ResponseSummary.objects.get(pk=universe.responder.pk).state == "LOST"


def test_a_change_of_course_refreshes_the_summary(universe: Any) -> None:
    ResponseSummary.objects.filter(pk=universe.responder.pk).update(state="NE")
    course_changed.send(sender=Participant, participant=universe.responder, by=universe.clara)
    assert ResponseSummary.objects.get(pk=universe.responder.pk).state == "R"


def test_the_digest_does_not_change_with_the_days(universe: Any) -> None:
    from responses.projection import digest

    course = dossier_of(universe.responder, universe.today).course
    assert digest(course) == digest(replace(course, as_of=course.as_of + timedelta(days=1)))
    assert digest(course) != digest(replace(course, baseline=Decimal(13)))
