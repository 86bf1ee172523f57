"""The figures of the paper on children whose numbers can be checked by hand. Days count from Day 0 (2025-03-02)."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from analyses import paper
from analyses.enrolment import enrolment
from analyses.figures import Figure, Origin, Table, table
from analyses.inputs import Child, Contact, DailyLife, Dose, Event, Grades, LookBack, Opinion, VisitCount
from analyses.swimmer import ORDERS, swimmer
from responses.classification import classify
from tests.responses.courses import DAY_0, course, day


def child(
    number: str, counts: dict[int, Any], *, state: str = "completed", grades: tuple[Grades, ...] = (), **more: Any
) -> Child:
    found = course(counts, **more)
    return Child(
        number=number, site=number[:2], page=f"/participants/{number}/", state=state, screened_on=day(-3), enrolled_on=day(-1),
        ended_on=None, course=found, verdict=classify(found),
        doses=tuple(Dose(place, on, Decimal(1), Decimal(20), ("MP-1",)) for place, on in enumerate(found.doses)),
        counts=tuple(VisitCount("D3", day(on), Decimal(value)) for on, value in counts.items() if on == 3), grades=grades,
    )  # fmt: skip


def event(
    term: str, period: str, counted_from: str, grade: int | None = 1, *, serious: bool = False, related: bool = True
) -> Event:
    return Event(term, period, counted_from, grade, serious, related)


def graded(visit: str, on: int, skin: int | None, mucosa: int | None = 0, organ: int | None = 0) -> Grades:
    return Grades(visit, day(on), skin, mucosa, organ)


#: A complete response, a response that is lost, no response, one that was rescued first, one without counts, one not treated.
COHORT = [
    child("01-001", {3: 120, 10: 130, 40: 140}, grades=(graded("LOAD", 0, 2, 1), graded("D13", 13, 0))),
    child("01-002", {3: 60, 10: 70, 21: 22, 22: 24}, grades=(graded("LOAD", -1, 3), graded("D13", 12, 3)), state="follow_up"),
    child("02-001", {7: 15, 8: 18}, grades=(graded("LOAD", 0, 2), graded("D13", 13, None)), bleeds=((5, 6, 2),)),
    child("02-002", {3: 12, 40: 90, 47: 95}, rescues=((4, 4, "standard_ivig"),), state="lost"),
    child("03-001", {}, doses=(0,), state="treatment"),
    replace(child("03-002", {}), course=replace(course({}), day_0=None, baseline=None, doses=()), state="screening",
            enrolled_on=None),
]  # fmt: skip
COHORT[-1] = replace(COHORT[-1], verdict=classify(COHORT[-1].course), doses=())
COHORT[0] = replace(COHORT[0], events=(event("Headache", "during", "LOAD"), event("Headache", "immediate", "LOAD", 2),
                                       event("Fever", "delayed", "M1", 3, serious=True)))  # fmt: skip
COHORT[1] = replace(COHORT[1], events=(event("Cough", "late", "M2", None, related=False),))
#: Doses on days 0, 14 and 28. The question of day 20 is about treatment, that of day 60 too (its time began on day 20), that
#: of day 95 is about the time after it; on day 130 were holidays.
COHORT[0] = replace(
    COHORT[0],
    life=(
        DailyLife("SCREEN", day(-2), 20, 5, (3, 1, 1, 0), "most", "all", 2),
        DailyLife("M2", day(20), 20, 4, (1, 2, 0, 1), "contact", "most", 4),
        DailyLife("FU1", day(60), 20, 2, (0, 2, 0, 0), "contact", "contact", 5),
        DailyLife("FU3", day(95), 40, 1, (0, 0, 0, 0), "none", "none", 7),
        DailyLife("FU6", day(130), 0, 0),
    ),
    opinions=(Opinion("FU1", day(60), (2, 3, None, 4, 4)), Opinion("FU6", day(208), (5, None, 3, 4, 5))),
    contacts=(
        Contact(day(5), stay=False, for_itp=True, blood_product=True),
        Contact(day(28), stay=True, for_itp=True, blood_product=False),
        Contact(day(29), stay=False, for_itp=True, blood_product=False),
        Contact(day(30), stay=False, for_itp=False, blood_product=False),
    ),
    episodes=(day(-1), day(0), day(89)),
    look_back=LookBack(6, 3, 0, None),
)
#: Treatment goes on, so that nothing is after it yet; more days absent than there were are not counted.
COHORT[1] = replace(
    COHORT[1],
    course=replace(COHORT[1].course, on_treatment=True),
    life=(
        DailyLife("SCREEN", day(0), 10, 0, (0, 0, 0, 0), "none", "none", None),
        DailyLife("M2", day(40), 10, 12, (12, 0, 0, 0), "none", "none", 3),
    ),
    opinions=(Opinion("FU1", day(61), (4, 4, 4, 4, 1)),),
    look_back=LookBack(0, 0, 0, 0),
)
TODAY = day(300)


def rows(slug: str, cohort: list[Child] = COHORT, **more: Any) -> list[tuple[str, ...]]:
    return list(paper.figure(slug, cohort, TODAY, **more).table.rows)


def test_best_responses_count_all_who_were_treated() -> None:
    assert [row[:3] for row in rows("best-response")] == [
        ("Overall response (CR or R)", "2/5", "40.0"), ("Complete response (CR)", "1/5", "20.0"), ("Response (R)", "1/5", "20.0"),
        ("No response (NR)", "2/5", "40.0"), ("Not evaluable (NE)", "1/5", "20.0"),
    ]  # fmt: skip
    assert rows("best-response")[0][3:] == ("5.3", "85.3")


def test_other_readings_classify_anew() -> None:
    found = {row[0]: row[1] for row in rows("sensitivity")}
    assert found["Main analysis (IWG 2009)"] == "2/5"
    assert found["Rescue ignored (treatment policy)"] == "3/5", "02-002 responded after the rescue"


def test_off_therapy_failures_are_all_but_srot() -> None:
    found = {row[0]: row[1] for row in rows("off-therapy")}
    assert found["SRoT, everything else a failure (main)"] == "0/5"
    assert found["RoT, everything else a failure"] == "0/5"
    late = [replace(COHORT[0], course=(longer := course({3: 120, 10: 130, **dict.fromkeys(range(30, 240, 30), 100)})),
                    verdict=classify(longer))]  # fmt: skip
    assert {row[0]: row[1] for row in rows("off-therapy", late)}["SRoT, everything else a failure (main)"] == "1/1"


def test_time_to_response_censors_at_the_last_count() -> None:
    found = paper.figure("time-to-response", COHORT, TODAY)
    assert [row[:5] for row in found.table.rows] == [
        ("0", "5", "0", "1", "0.0"), ("3", "4", "2", "0", "50.0"), ("8", "2", "0", "1", "50.0"), ("47", "1", "0", "1", "50.0"),
    ]  # fmt: skip
    assert "Median 3 days" in found.method
    assert rows("time-to-complete-response")[1][:4] == ("3", "4", "1", "0")


def test_duration_ends_with_the_loss_or_the_last_good_count() -> None:
    assert [row[:5] for row in rows("duration-of-response")] == [("18", "2", "1", "0", "50.0"), ("37", "1", "0", "1", "50.0")]


def test_time_in_response_is_days_of_days() -> None:
    assert rows("time-in-response")[1] == ("01-002", "18", "22", "81.8")


def test_platelets_of_each_child_and_of_each_visit() -> None:
    assert rows("platelet-courses")[:3] == [("01-001", "0", "10"), ("01-001", "3", "120"), ("01-001", "10", "130")]
    assert rows("platelets-by-visit") == [("Count day 3", "3", "60.0", "36.0", "90.0")]
    assert [row[:2] for row in rows("best-count")] == [("01-001", "140"), ("02-002", "95"), ("01-002", "70"), ("02-001", "18")]


def test_bleeding_is_compared_child_by_child() -> None:
    """02-001 has no skin grade at the visit, so two children are left for skin; the grades are never added up."""
    skin = rows("bleeding-change")[0]
    assert skin[:8] == ("Count day 12-14", "Skin", "2", "2.5", "1.5", "1", "1", "0")


def test_events_are_counted_once_a_child_and_once_an_infusion() -> None:
    """Five treated children, 13 infusions; 01-001 has two headaches at one infusion and a serious fever after another."""
    assert [row[:3] + row[6:7] for row in rows("events-by-period")] == [
        ("Any event", "4", "2/5", "3/13"), ("Infusion-related (during or immediate)", "2", "1/5", "1/13"),
        ("During the infusion", "1", "1/5", "1/13"), ("Immediate, within 24 h", "1", "1/5", "1/13"),
        ("Delayed, to day 28", "1", "1/5", "1/13"), ("Late", "1", "1/5", "1/13"),
    ]  # fmt: skip
    assert [row[:3] for row in rows("events-by-grade")] == [
        ("Grade 1", "1", "1/5"), ("Grade 2", "1", "1/5"), ("Grade 3", "1", "1/5"), ("Grade 3 or more", "1", "1/5"),
        ("No grade", "1", "1/5"),
    ]  # fmt: skip
    assert [row[:2] for row in rows("events-by-relation")] == [
        ("Related to mini-pool IVIG (possible or more)", "3"), ("Not related", "1"), ("Serious", "1"),
        ("Serious and related", "1"),
    ]  # fmt: skip
    assert [row[:3] for row in rows("events-by-term")] == [("Headache", "2", "1/5"), ("Cough", "1", "1/5"), ("Fever", "1", "1/5")]
    assert rows("events-by-lot") == [("MP-1", "5", "13", "3", "4", "3", "1")]
    found = {row[0]: row[1] for row in rows("exposure")}
    assert (found["Infusions"], found["Dose given, g/kg, all infusions together"]) == ("13", "13.00")
    assert found["Events per infusion"] == "0.31"
    assert found["Children with a serious event, exact (Clopper-Pearson) 95 % CI"] == "1/5 (20.0 %, 0.5 to 71.6)"


def test_tables_of_events_without_an_event() -> None:
    """Each keeps its first line, which says none; the one of terms has no line and says why."""
    quiet = [COHORT[2], COHORT[3]]
    assert [rows(f"events-by-{kind}", quiet) for kind in ("period", "grade", "relation", "term")] == [
        [("Any event", "0", "0/2", "0.0", "0.0", "84.2", "0/6", "0.0", "0.0", "45.9")],
        [("Grade 1", "0", "0/2", "0.0", "0.0", "84.2", "0/6", "0.0", "0.0", "45.9")],
        [("Related to mini-pool IVIG (possible or more)", "0", "0/2", "0.0", "0.0", "84.2", "0/6", "0.0", "0.0", "45.9")],
        [],
    ]  # fmt: skip
    assert paper.figure("events-by-term", quiet, TODAY).empty == "No adverse event was entered yet."
    assert paper.figure("events-by-term", [], TODAY).empty == "No child was treated yet."


def test_an_infusion_that_was_not_given_is_not_among_those_with_an_event() -> None:
    """The event was counted from an infusion that the data up to that day do not hold."""
    lone = [replace(COHORT[1], doses=())]
    assert rows("events-by-period", lone)[0] == ("Any event", "1", "1/1", "100.0", "2.5", "100.0", "0/0", "", "", "")
    assert ("Events per infusion", "") in rows("exposure", lone)
    one = [replace(COHORT[1], doses=COHORT[1].doses[:1])]
    assert rows("events-by-period", one)[0][:7] == ("Any event", "1", "1/1", "100.0", "2.5", "100.0", "0/1")
    assert ("Events per infusion", "0.00") in rows("exposure", one)


def test_exposure_of_a_child_that_was_seen_on_day_0_only() -> None:
    """Nothing is estimated: a dose without a known weight adds no grams, and the table says that it is left out."""
    one = child("01-001", {}, doses=(0,), as_of=0)
    unknown = replace(one, number="01-002", doses=(replace(one.doses[0], g_per_kg=None),))
    found = paper.figure("exposure", [one, unknown], TODAY)
    assert found.table.rows[:6] == (
        ("Children", "2"), ("Infusions", "2"), ("Dose given, g/kg, all infusions together", "1.00"),
        ("Dose given, g/kg, mean of a child", "0.50"), ("Child-months under observation", "0.0"), ("Events per infusion", "0.00"),
    )  # fmt: skip
    assert found.note == "The dose per kilogram of 1 infusion is not known; the grams leave it out."
    assert paper.figure("exposure", [one], TODAY).note == ""
    assert "of 2 infusions is not known" in paper.figure("exposure", [unknown, unknown], TODAY).note


def test_school_is_compared_before_during_and_after_treatment() -> None:
    """01-001 missed 5 of 20 days before, 6 of 40 during, 1 of 40 after (without a reason); 01-002 none of 10 before."""
    assert rows("school-absence") == [
        ("Before treatment", "2", "30", "5", "16.7", "10.0", "3.3", "3.3", "0.0", "12.5 (6.2 to 18.8)", ""),
        ("During treatment", "1", "40", "6", "15.0", "2.5", "10.0", "0.0", "2.5", "15.0 (15.0 to 15.0)",
         "-10.0 (-10.0 to -10.0), n = 1"),
        ("After treatment", "1", "40", "1", "2.5", "0.0", "0.0", "0.0", "0.0", "2.5 (2.5 to 2.5)",
         "-22.5 (-22.5 to -22.5), n = 1"),
        ("Screening", "2", "30", "5", "16.7", "10.0", "3.3", "3.3", "0.0", "12.5 (6.2 to 18.8)",
         "0.0 (0.0 to 0.0), n = 2"),
        ("Maintenance dose 2", "1", "20", "4", "20.0", "5.0", "10.0", "0.0", "5.0", "20.0 (20.0 to 20.0)",
         "-5.0 (-5.0 to -5.0), n = 1"),
        ("Follow-up month 1", "1", "20", "2", "10.0", "0.0", "10.0", "0.0", "0.0", "10.0 (10.0 to 10.0)",
         "-15.0 (-15.0 to -15.0), n = 1"),
        ("Follow-up month 3", "1", "40", "1", "2.5", "0.0", "0.0", "0.0", "0.0", "2.5 (2.5 to 2.5)",
         "-22.5 (-22.5 to -22.5), n = 1"),
    ]  # fmt: skip


def test_activity_takes_the_last_answer_of_each_time() -> None:
    found = rows("physical-activity")
    assert found[0] == ("Before treatment", "2", "1", "0", "1", "0", "1", "0", "0", "1", "2.0 (2.0 to 2.0)", "")
    assert found[1] == ("During treatment", "2", "1", "1", "0", "0", "1", "1", "0", "0", "4.0 (3.5 to 4.5)",
                        "3.0 (3.0 to 3.0), n = 1")  # fmt: skip
    assert [row[0] for row in found] == ["Before treatment", "During treatment", "After treatment", "Screening",
                                         "Maintenance dose 2", "Follow-up month 1", "Follow-up month 3"]  # fmt: skip


def test_the_axis_of_absence_does_not_end_below_20_percent() -> None:
    """A small share shall look small."""
    found = paper.figure("school-absence", [replace(COHORT[0], life=(DailyLife("M2", day(20), 20, 1),))], TODAY)
    ticks = {e.text: e.get("x") for e in ET.fromstring(found.svg).iter() if e.get("text-anchor") == "middle"}
    assert (ticks["0"], ticks["20"]) == ("230", "610"), "from one end of the lane to the other"


def test_what_one_of_two_forbids_is_told_without_the_other() -> None:
    one = [replace(COHORT[0], life=(DailyLife("M2", day(20), by_physician="most"), DailyLife("M2", day(21))))]
    assert rows("physical-activity", one)[0][:6] == ("During treatment", "1", "0", "0", "1", "0")


def test_satisfaction_counts_the_answers_and_adds_up_none() -> None:
    """01-001 left out two questions at one visit: its latest answer to each of them is the one before."""
    assert [row for row in rows("satisfaction") if row[1] == "Latest answer"] == [
        ("Effect of the treatment", "Latest answer", "2", "0", "0", "0", "1", "1", "4.5 (4.2 to 4.8)", "100.0"),
        ("Side effects", "Latest answer", "2", "0", "0", "1", "1", "0", "3.5 (3.2 to 3.8)", "50.0"),
        ("Days of infusion", "Latest answer", "2", "0", "0", "1", "1", "0", "3.5 (3.2 to 3.8)", "50.0"),
        ("Going on with it", "Latest answer", "2", "0", "0", "0", "2", "0", "4.0 (4.0 to 4.0)", "100.0"),
        ("All in all", "Latest answer", "2", "1", "0", "0", "0", "1", "3.0 (2.0 to 4.0)", "50.0"),
    ]  # fmt: skip
    assert [row[:3] for row in rows("satisfaction")][:3] == [
        ("Effect of the treatment", "Latest answer", "2"), ("Effect of the treatment", "Follow-up month 1", "2"),
        ("Effect of the treatment", "Follow-up month 6", "1"),
    ]  # fmt: skip


def test_contacts_are_rates_against_the_look_back() -> None:
    """01-001: 28 days under treatment, then to day 89 (its last episode); the day of the last infusion still counts to it."""
    alone = rows("hospital-contacts", COHORT[:1])
    assert [row[:6] for row in alone] == [
        ("Bleeding episodes", "Before treatment", "1", "6", "3.0", "2.00"),
        ("Bleeding episodes", "During treatment", "1", "1", "0.9", "1.09"),
        ("Bleeding episodes", "After treatment", "1", "1", "2.0", "0.50"),
        ("Unplanned visits for ITP", "Before treatment", "1", "3", "3.0", "1.00"),
        ("Unplanned visits for ITP", "During treatment", "1", "1", "0.9", "1.09"),
        ("Unplanned visits for ITP", "After treatment", "1", "1", "2.0", "0.50"),
        ("Admissions for ITP", "Before treatment", "1", "0", "3.0", "0.00"),
        ("Admissions for ITP", "During treatment", "1", "1", "0.9", "1.09"),
        ("Admissions for ITP", "After treatment", "1", "0", "2.0", "0.00"),
        ("Transfusions", "During treatment", "1", "1", "0.9", "1.09"),
        ("Transfusions", "After treatment", "1", "0", "2.0", "0.00"),
    ]  # fmt: skip
    assert [row[6:] for row in alone[:4]] == [("", "", ""), ("1", "0", "0"), ("1", "0", "0"), ("", "", "")]
    both = {row[:2]: row[2:] for row in rows("hospital-contacts", COHORT[:2])}
    assert both["Admissions for ITP", "During treatment"] == ("2", "1", "1.8", "0.54", "0", "1", "1")
    assert both["Admissions for ITP", "After treatment"][0] == "1", "01-002 is still under treatment"


def test_the_axis_of_contacts_does_not_end_below_one_a_month() -> None:
    """A small rate shall look small."""
    seldom = replace(COHORT[0], look_back=LookBack(1, 0, 0, 0), contacts=(), episodes=())
    svg = paper.figure("hospital-contacts", [seldom], TODAY).svg
    ticks = {e.text: e.get("x") for e in ET.fromstring(svg).iter() if e.get("text-anchor") == "middle"}
    assert ticks == {"0": "230", "1": "610"}, "from one end of the lane to the other"


def test_the_flow_follows_every_child() -> None:
    found = {row[0]: row[1] for row in rows("flow")}
    assert found["Screened"] == "6"
    assert found["Not enrolled yet: in screening"] == "1"
    assert found["Loading dose given (full analysis set)"] == "5"
    assert found["Maintenance dose 1 given"] == "4"
    assert found["Maintenance dose 3 given"] == "0"
    assert (found["Lost to follow-up"], found["In follow-up"], found["Completed"]) == ("1", "1", "2")


def test_enrolment_adds_up_by_week_and_site() -> None:
    found = enrolment(COHORT, DAY_0 + timedelta(days=8))
    assert found.table.head == ("Week from", "Site 01", "Site 02", "Site 03", "Total so far")
    assert list(found.table.rows) == [("2025-02-23", "2", "2", "1", "5"), ("2025-03-02", "0", "0", "0", "5"),
                                      ("2025-03-09", "0", "0", "0", "5")]  # fmt: skip


def test_weeks_of_enrolment_run_from_sunday_to_saturday() -> None:
    """Day 0 is a Sunday. Six children on each of it, the Saturday after, the Sunday after that, and a week later: today."""
    many = [replace(COHORT[0], enrolled_on=day(on)) for on in (0, 6, 7, 14) for _ in range(6)]
    found = enrolment(many, day(14))
    assert list(found.table.rows) == [("2025-03-02", "12", "12"), ("2025-03-09", "6", "18"), ("2025-03-16", "6", "24")]
    assert '<desc id="enrolment-desc">24 of 20 children in 3 weeks.</desc>' in found.svg
    ticks = [e.text for e in ET.fromstring(found.svg).iter() if e.get("text-anchor") == "end"]
    assert ticks == ["0", "5", "10", "15", "20", "week from"], "the axis ends at 24, no tick stands beyond it"
    assert '<line x1="64" y1="78.3" x2="670" y2="78.3"' in found.svg, "the planned 20 of 24"


@pytest.mark.parametrize(
    ("order", "first"), [("number", "01-001"), ("response", "01-001"), ("duration", "01-001"), ("followed", "02-002")]
)
def test_lanes_can_be_sorted(order: str, first: str) -> None:
    assert rows("swimmer", order=order)[0][0] == first
    among_all = next(found for found in paper.figures(COHORT, TODAY, order) if found.slug == "swimmer")
    assert among_all.table.rows[0][0] == first
    assert set(ORDERS) == {"number", "response", "duration", "followed"}


def test_a_lane_tells_how_the_response_ended_and_that_treatment_goes_on() -> None:
    """The low count of day 21 is a loss, because a rescue begins before the next count; then a dose may follow."""
    rescued = child("01-001", {3: 60, 10: 70, 21: 20}, rescues=((22, 22, "standard_ivig"),))
    going_on = replace(rescued.course, on_treatment=True)
    early = replace(rescued, number="01-002", course=going_on, verdict=classify(going_on))
    found = swimmer([early, rescued])
    assert [row[0] for row in found.table.rows] == ["01-001", "01-002"], "by their numbers, unless asked otherwise"
    assert found.table.rows[1] == ("01-002", "01", "R", "3", "21", "confirmed by rescue", "3", "1", "28", "on treatment")
    assert found.svg.count("<title>response, day 3 to 21 (confirmed by rescue)</title>") == 2


@pytest.mark.parametrize(("last", "ticks"), [(0, [0, 1]), (1, [0, 1]), (10, list(range(11))), (11, [0, 2, 4, 6, 8, 10, 12])])
def test_the_axis_of_the_lanes_has_up_to_ten_steps(last: int, ticks: list[int]) -> None:
    svg = swimmer([child("01-001", {last: 20}, doses=(0,))]).svg
    assert [int(e.text or "") for e in ET.fromstring(svg).iter() if e.get("text-anchor") == "middle"] == ticks


def test_a_lane_shows_bleeding_from_day_0_to_the_day_of_the_analysis() -> None:
    lane = child("01-001", {50: 20}, as_of=60, bleeds=tuple((on, on, on % 7) for on in (-1, 0, 1, 59, 60, 61)))
    marks = [e.text for e in ET.fromstring(swimmer([lane]).svg).iter() if (e.text or "").startswith("bleeding of grade")]
    assert marks == [f"bleeding of grade {on % 7}" for on in (0, 1, 59, 60)]


def test_every_figure_says_what_it_rests_on_and_draws_clean_svg() -> None:
    origin = Origin("All sites", "27 Dec 2025 14:02:11 Cairo (UTC+2)", "2026.1")
    for found in paper.figures(COHORT, TODAY):
        assert not found.is_empty, found.slug
        said = f"n = {found.n}. {found.method} All sites; data as of 27 Dec 2025 14:02:11 Cairo (UTC+2); rules 2026.1."
        assert origin.words(found) == said
        if found.svg:
            root = ET.fromstring(found.svg)
            assert root.get("role") == ("group" if "<a " in found.svg else "img")
            assert found.svg.count("<title") > 0
            assert not {"style", "script", "onload"} & {word for e in root.iter() for word in (*e.keys(), e.tag.split("}")[-1])}
            assert found.table.rows, "a drawing always has its table"


def test_a_curve_without_an_event_is_a_line() -> None:
    found = paper.figure("time-to-response", [COHORT[2]], TODAY)
    assert [row[:5] for row in found.table.rows] == [("8", "1", "0", "1", "0.0")]
    assert "Median not reached." in found.method
    assert found.svg


def test_without_children_every_figure_says_so() -> None:
    for found in paper.figures([], TODAY):
        assert not found.svg
        assert found.is_empty or found.n == 0


def test_a_row_that_does_not_fit_is_refused() -> None:
    with pytest.raises(ValueError, match="does not fit"):
        Table(("one",), (("a", "b"),))
    assert table(["a"], [[None]]).rows == (("",),)
    assert Figure("x", "X", 0, "", table(["a"], [])).is_empty
    with pytest.raises(ValueError, match="no Day 0"):
        COHORT[-1].study_day(TODAY)
