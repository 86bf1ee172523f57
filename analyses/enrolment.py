"""Enrolment against the plan, and the flow of children through the trial (CONSORT / TREND).

Pure: no Django. Source: ``protocol.md`` 10.1.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import date, timedelta

from analyses import drawing
from analyses.figures import Figure, table
from analyses.inputs import Child
from itp_trial.protocol import PLANNED_PARTICIPANTS, value

WIDTH = 760


def enrolment(children: Sequence[Child], today: date) -> Figure:
    """Enrolled children by week and site, added up, against the planned number."""
    enrolled = [child for child in children if child.enrolled_on]
    sites = sorted({child.site for child in children})
    weeks = list(_weeks([child.enrolled_on for child in enrolled if child.enrolled_on], today))
    rows = [(week.isoformat(), *_new(enrolled, week, sites), _until(enrolled, week)) for week in weeks]
    head = ("Week from", *(f"Site {site}" for site in sites), "Total so far")
    return Figure("enrolment", "Enrolment", len(enrolled), f"Weeks begin on Sunday; planned {PLANNED_PARTICIPANTS}.",
                  table(head, rows), svg=_draw(rows, weeks) if rows else "", empty="No child is enrolled yet.")  # fmt: skip


def _weeks(days: list[date], today: date) -> Iterator[date]:
    """The Sundays from the first enrolment to today."""
    if not days:
        return
    week = min(days) - timedelta(days=(min(days).weekday() + 1) % 7)
    while week <= max(today, *days):
        yield week
        week += timedelta(days=7)


def _new(enrolled: list[Child], week: date, sites: list[str]) -> list[int]:
    found = Counter(c.site for c in enrolled if c.enrolled_on and week <= c.enrolled_on < week + timedelta(days=7))
    return [found[site] for site in sites]


def _until(enrolled: list[Child], week: date) -> int:
    return sum(c.enrolled_on < week + timedelta(days=7) for c in enrolled if c.enrolled_on)


def _draw(rows: list[tuple[object, ...]], weeks: list[date]) -> str:
    totals = [int(str(row[-1])) for row in rows]
    high = max(PLANNED_PARTICIPANTS, totals[-1])
    across, up = drawing.Scale(0, len(weeks), 64, WIDTH - 90), drawing.Scale(0, high, 270, 40)
    gap = max(1, len(weeks) // 8)
    marks = [(i, f"{weeks[i]:%d %b %y}") for i in range(0, len(weeks), gap)]
    frame = drawing.Frame(across, up, marks, [(n, str(n)) for n in range(0, high + 1, 5)], "week from", "children enrolled")
    corners = [(across(0), up(0.0))]
    for place, total in enumerate(totals):
        corners += [(across(place), up(total)), (across(place + 1), up(total))]
    parts = [*frame.axes(), frame.guide(PLANNED_PARTICIPANTS, "planned"), drawing.path(corners, width=2.5)]
    return drawing.svg("Enrolment", f"{totals[-1]} of {PLANNED_PARTICIPANTS} children in {len(weeks)} weeks.", WIDTH, 320, parts,
                       key="enrolment")  # fmt: skip


def flow(children: Sequence[Child]) -> Figure:
    """How many were screened, enrolled, given each dose and followed, and why the others were not."""
    rows = list(_flow(children))
    shown = [(row[0], row[1]) for row in rows if row[1]]
    return Figure("flow", "Flow of participants", len(children), "Every screened child; full analysis set = any dose given.",
                  table(("Stage", "Children", "Share of the stage before"), rows), svg=_draw_flow(shown) if children else "",
                  empty="No child has come to screening yet.")  # fmt: skip


def _flow(children: Sequence[Child]) -> Iterator[tuple[str, int, str]]:
    enrolled = [child for child in children if child.enrolled_on]
    treated = [child for child in children if child.treated]
    yield "Screened", len(children), ""
    yield "Not enrolled: screen failure", _in_state(children, "screen_failed"), ""
    yield "Not enrolled yet: in screening", _in_state(children, "screening"), ""
    yield "Enrolled", len(enrolled), _of(len(enrolled), len(children))
    yield "Loading dose given (full analysis set)", len(treated), _of(len(treated), len(enrolled))
    before = len(treated)
    for number in range(1, value("MAX_MAINT") + 1):
        given = sum(any(dose.number == number for dose in child.doses) for child in treated)
        yield f"Maintenance dose {number} given", given, _of(given, before)
        before = given
    yield "In follow-up", _in_state(treated, "follow_up"), ""
    yield "Completed", _in_state(treated, "completed"), _of(_in_state(treated, "completed"), len(treated))
    yield "Lost to follow-up", _in_state(treated, "lost"), ""
    yield "Withdrawn", _in_state(treated, "withdrawn"), ""


def _in_state(children: Sequence[Child], state: str) -> int:
    return sum(child.state == state for child in children)


def _of(part: int, whole: int) -> str:
    return f"{100 * part / whole:.0f} %" if whole else ""


def _draw_flow(shown: list[tuple[str, int]]) -> str:
    most = max(number for _, number in shown)
    scale = drawing.Scale(0, most, 0, 380)
    parts = []
    for place, (words, number) in enumerate(shown):
        y = 20 + place * 28
        parts += [drawing.text(300, y + 14, words, anchor="end"), drawing.box(312, y, scale(number), 18, drawing.SKY,
                  stroke=drawing.BLUE), drawing.text(318 + scale(number), y + 14, str(number), bold=True)]  # fmt: skip
    return drawing.svg("Flow of participants", "; ".join(f"{w}: {n}" for w, n in shown), WIDTH, 40 + 28 * len(shown), parts,
                       key="flow")  # fmt: skip
