"""Stories about drawings: the course of a child, its lane, and every figure of the paper."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields, replace
from datetime import date
from decimal import Decimal
from typing import Any

from analyses import enrolment, paper, swimmer
from analyses.figures import Figure
from analyses.inputs import Contact, DailyLife, LookBack, Opinion
from analyses.statistics import Observed, kaplan_meier, quartiles, signed_rank, steps_down
from responses.charts import Chart, Grade, Instant, Point, Span, draw
from responses.lanes import lane, words
from tests.analyses.test_figures import COHORT, TODAY, child, event, graded
from tests.responses.courses import day
from tests.responses.test_charts import FULL
from tests.words.shown import Stories

#: No day of a dose or a count is Day 0; bars, names and guides that touch; nothing goes on.
CROWDED = Chart(
    "Crowded",
    day(61),
    day(0),
    points=(
        Point(day(5), Decimal(290), "evaluable", "CR", "other laboratory"),
        Point(day(1), Decimal("29.5"), "evaluable", "NR", "unscheduled"),
    ),
    guides=((Decimal(31), "= 2 x baseline"), (Decimal(30), "R"), (Decimal(100), "CR"), (Decimal(400), "too high")),
    responses=(
        Span(day(58), day(61), "Response"),
        Span(day(5), day(5), "Complete response"),
        Span(day(30), day(44), "Not yet confirmed", provisional=True),
    ),
    doses=(Instant(day(3), "0.5"), Instant(day(2), "1"), Instant(day(60), "0.512")),
    bleeds=(
        Span(day(9), day(9), "2"),
        Span(day(4), day(8), "a long word"),
        Span(day(60), None, "3 with a word that is longer than the room"),
    ),
    rescues=(Span(day(60), day(61), "ivig"),),
    grades=(Grade(day(3), "Organ", 1), Grade(day(1), "Skin", 2), Grade(day(1), "Mucosa", 5)),
    events=(Instant(day(50), "Fever", "Grade 1"),),
)
HIGH = Chart(
    "High",
    day(700),
    day(0),
    points=(Point(day(650), Decimal(1500), "evaluable", "CR"), Point(day(4), Decimal(0), "evaluable", "NR")),
)
WITHOUT_DAY_0 = replace(CROWDED, title="Before the first dose", day_0=None, doses=())
LANE = Chart(
    'of "01-001" & <more>',
    day(50),
    day(0),
    responses=(
        Span(day(3), day(40), "Response"),
        Span(day(3), day(20), "Complete response"),
        Span(day(45), None, "Not yet confirmed", provisional=True),
    ),
    doses=(Instant(day(0), "1"), Instant(day(14), "0.5")),
    bleeds=(Span(day(-1), day(0), "1"), Span(day(30), day(30), "2")),
    rescues=(Span(day(49), None, "ivig"),),
)

#: The cohort of the figures, and children who make what it does not show: a sustained response, a death, a second episode.
SUSTAINED = child("04-001", {3: 120, 10: 130, **dict.fromkeys(range(30, 240, 30), 100)}, state="completed")
MORE = [
    *COHORT,
    replace(
        SUSTAINED,
        events=(event("Fever", "immediate", "M1", 4, serious=True, related=False), event("Cough", "", "", 5, serious=True)),
        grades=(graded("LOAD", 0, 1, 3, 2), graded("D13", 13, 0, 0, 3), graded("M1", 14, 1, 1)),
    ),
    replace(child("04-002", {3: 60, 12: 65}, death=20, doses=(0,)), state="withdrawn", ended_on=day(20), end_reason="death"),
    child(
        "04-003",
        {3: 60, 12: 65, 30: 20, 32: 10, 40: 80, 50: 90},
        ended=False,
        as_of=60,
        bleeds=((33, None, 3),),
        rescues=((34, None, "ivig"),),
        state="treatment",
    ),
    replace(
        child("05-001", {}),
        state="screen_failed",
        course=COHORT[-1].course,
        verdict=COHORT[-1].verdict,
        doses=(),
        enrolled_on=None,
    ),
]

#: Families who told of school, play and the treatment, before, during (doses on days 0 and 14) and after it.
LIFE = (
    DailyLife("LOAD", day(0), 20, 5, (3, 1, 1, 0), "contact", "most", 3),
    DailyLife("D13", day(13), 10, 2, (1, 1, 0, 0), "none", "contact", 5),
    DailyLife("M1", day(14), 0, 0),
    DailyLife("D13", day(20), 5, 6),
    DailyLife("LOAD", day(40), 12, 1, (0, 0, 0, 1), "none", "", 7),
    DailyLife("M1", day(60), 15, 3, (0, 1, 1, 0), "", "all", 6),
)
OPINIONS = (Opinion("M1", day(14), (4, 5, None, 2, 3)), Opinion("D13", day(40), (5, None, 3, 4, 4)))
CONTACTS = (
    Contact(day(5), False, True, False),
    Contact(day(14), True, True, True),
    Contact(day(15), True, False, True),
    Contact(day(0), False, True, False),
    Contact(day(50), True, True, False),
    Contact(day(-1), True, True, False),
)
FAMILIES = [
    replace(
        child("01-001", {3: 120, 40: 140}, doses=(0, 14)),
        life=LIFE,
        opinions=OPINIONS,
        contacts=CONTACTS,
        episodes=(day(3), day(9), day(30)),
        look_back=LookBack(2, 1, 0, 0),
    ),
    replace(
        child("01-002", {3: 20}, doses=(0,)),
        life=LIFE[:2],
        opinions=OPINIONS[:1],
        contacts=CONTACTS[:1],
        look_back=LookBack(None, 4, 1, None),
    ),
    replace(
        child("01-003", {3: 20}, doses=(0,)),
        life=(
            DailyLife("LOAD", day(-3), 8, 8, (8, 0, 0, 0), "all", "all", 0),
            DailyLife("D13", day(12), None, None, (0, 0, 0, 0), "all", "none", None),
        ),
    ),
    replace(COHORT[-1], life=LIFE[:1]),
]
FAMILIES.append(replace(FAMILIES[0], number="01-004", course=replace(FAMILIES[0].course, on_treatment=True)))
OF_FAMILIES = ("school-absence", "physical-activity", "satisfaction", "hospital-contacts")

FIGURES = (
    "enrolment",
    "flow",
    "best-response",
    "sensitivity",
    "off-therapy",
    "swimmer",
    "time-to-response",
    "time-to-complete-response",
    "duration-of-response",
    "time-in-response",
    "platelet-courses",
    "platelets-by-visit",
    "best-count",
    "bleeding-change",
    "marked-bleeding",
    "exposure",
    "events-by-period",
    "events-by-grade",
    "events-by-relation",
    "events-by-term",
    "events-by-lot",
)


def words_of(found: Figure) -> dict[str, Any]:
    """A figure without its drawing, its table a row a line."""
    told = {field.name: getattr(found, field.name) for field in fields(found) if field.name not in ("svg", "table")}
    return {**told, "table": [" | ".join(row) for row in (found.table.head, *found.table.rows)]}


def figure(slug: str, cohort: list[Any] = MORE, today: date = TODAY) -> Callable[[], dict[str, Any]]:
    return lambda: words_of(paper.figure(slug, cohort, today))


def curve(*seen: tuple[int, bool]) -> list[str]:
    """A survival curve in rounded numbers."""
    found = kaplan_meier([Observed(days, event) for days, event in seen])
    steps = [f"day {s.day}: {s.events} of {s.at_risk}, {s.survival:.6f} ({_six(s.low)} to {_six(s.high)})" for s in found.steps]
    corners = [f"{day_number}: {share:.6f}" for day_number, share in steps_down(found)]
    order = ", ".join(f"{each.days}{'' if each.event else '+'}" for each in found.observed)
    return [
        order,
        f"median {found.median} ({found.median_low} to {found.median_high}), last day {found.last_day}",
        *steps,
        *corners,
    ]


def _six(share: float | None) -> str:
    return "none" if share is None else f"{share:.6f}"


STORIES: Stories = {
    "statistics: curve": lambda: curve((6, True), (6, False), (6, True), (7, True), (9, False), (20, False)),
    "statistics: curve of many who all had the event": lambda: curve(*((days, True) for days in range(1, 13))),
    "statistics: curve without an event": lambda: curve((3, False), (5, False)),
    "statistics: curve of nobody": curve,
    "statistics: paired, nothing changed": lambda: signed_rank([0, 0, 0]),
    "statistics: paired, nobody": lambda: signed_rank([]),
    "statistics: quartiles": lambda: [quartiles([]), quartiles([7.0]), quartiles([1.0, 2.0, 3.0, 4.0, 10.0])],
    **{f"figure: {slug}": figure(slug) for slug in FIGURES},
    **{f"figure: {slug} of nobody": figure(slug, []) for slug in FIGURES},
    **{
        f"figure: swimmer by {order}": (lambda order=order: words_of(paper.figure("swimmer", MORE, TODAY, order)))
        for order in swimmer.ORDERS
    },
    **{f"figure: {slug}": figure(slug, FAMILIES) for slug in OF_FAMILIES},
    **{f"figure: {slug} of nobody": figure(slug, []) for slug in OF_FAMILIES},
    "figure: enrolment in the second week": lambda: words_of(enrolment.enrolment(MORE, day(8))),
    "figure: curve without an event": figure("time-to-response", [COHORT[2]]),
    "lane: words": lambda: [
        words(LANE),
        words(Chart("x", day(9), day(0), doses=(Instant(day(0), "1"),))),
        words(Chart("x", day(9), day(0))),
    ],
    "chart: description": lambda: [FULL.description, CROWDED.description],
}

#: Name of the file -> how it is drawn.
DRAWINGS: dict[str, Callable[[], str]] = {
    "chart-full": lambda: draw(FULL),
    "chart-full-narrow-linear": lambda: draw(FULL, width=360, scale="linear", key="c2"),
    "chart-crowded": lambda: draw(CROWDED),
    "chart-crowded-narrow": lambda: draw(CROWDED, width=599),
    "chart-crowded-linear": lambda: draw(CROWDED, scale="linear"),
    "chart-high-linear": lambda: draw(HIGH, scale="linear"),
    "chart-without-day-0": lambda: draw(WITHOUT_DAY_0),
    "chart-empty": lambda: draw(Chart("Empty", day(0))),
    "lane": lambda: lane(LANE, 100),
    "lane-beyond-the-horizon": lambda: lane(LANE, 30),
    "lane-without-horizon": lambda: lane(LANE, 0),
    **{f"figure-{slug}": (lambda slug=slug: paper.figure(slug, MORE, TODAY).svg) for slug in FIGURES},
    **{
        f"figure-swimmer-by-{order}": (lambda order=order: paper.figure("swimmer", MORE, TODAY, order).svg)
        for order in swimmer.ORDERS
        if order != "number"
    },
    **{f"figure-{slug}": (lambda slug=slug: paper.figure(slug, FAMILIES, TODAY).svg) for slug in OF_FAMILIES},
    "figure-enrolment-in-the-second-week": lambda: enrolment.enrolment(MORE, day(8)).svg,
    "figure-time-to-response-of-one": lambda: paper.figure("time-to-response", [COHORT[2]], TODAY).svg,
    "figure-platelet-courses-of-one": lambda: paper.figure("platelet-courses", [COHORT[0]], TODAY).svg,
}
