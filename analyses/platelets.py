"""Platelet counts of all children: one line each, median by visit, best count of each.

Pure: no Django. Source: ``protocol.md`` 10.8. Counts are 10^9/L; only counts that the rules could use are drawn.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal

from analyses import drawing
from analyses.figures import Figure, table
from analyses.inputs import Child
from analyses.statistics import Quartiles, quartiles
from itp_trial.schedule import VISITS
from responses.rules import Rules, number_text

WIDTH = 760
RULES = Rules()
GUIDES = ((float(RULES.r_min), f"{RULES.r_min} R"), (float(RULES.cr_min), f"{RULES.cr_min} CR"))
UP_NAME = "Platelets, ×10⁹/L"
CODES = ("LOAD is the loading dose, D a count day, M a maintenance dose, C7 the count 7 days after it, FU a month of the "
         "follow-up (FU14: its day 14). The table names each visit.")  # fmt: skip


def _platelet_axis(low: float, high: float) -> drawing.Scale:
    return drawing.Scale(0, 300 if high <= 300 else 1000, low, 40, log=True)


def _platelet_ticks(scale: drawing.Scale) -> list[tuple[float, str]]:
    return [(tick, str(tick)) for tick in drawing.PLATELET_TICKS if tick <= scale.high]


def courses(child: Child) -> list[tuple[int, Decimal]]:
    """The evaluable counts of one child by study day, the baseline on Day 0 first."""
    used = [(child.study_day(s.on), s.value) for s in child.verdict.counts if s.evaluable and s.value is not None]
    start = [(0, child.course.baseline)] if child.course.baseline is not None else []
    return [*start, *((day, value) for day, value in used if day > 0)]


def spaghetti(children: Sequence[Child]) -> Figure:
    """Every child as one line on a logarithmic axis, with a tick for each dose."""
    rows = [(child.number, day, number_text(value)) for child in children for day, value in courses(child)]
    return Figure("platelet-courses", "Platelet courses", len(children), "Evaluable counts by study day, logarithmic axis.",
                  table(("Child", "Study day", UP_NAME), rows), svg=_draw_courses(children) if rows else "",
                  note="Short strokes below the axis are doses.", empty="No count yet.",
                  links={child.number: child.page for child in children})  # fmt: skip


def _draw_courses(children: Sequence[Child]) -> str:
    lines = {child.number: courses(child) for child in children}
    values = [float(value) for line in lines.values() for _, value in line]
    last = max(day for line in lines.values() for day, _ in line)
    ticks, up = drawing.steps(max(last, 1), at_most=10), _platelet_axis(300, max(values))
    frame = drawing.Frame(drawing.Scale(0, ticks[-1], 64, WIDTH - 70), up, [(d, str(d)) for d in ticks],
                          _platelet_ticks(up), "study day", UP_NAME)  # fmt: skip
    parts = [*frame.axes(), *(frame.guide(value, words) for value, words in GUIDES)]
    for child in children:
        parts += _course(frame, child, lines[child.number])
    title = "Platelet courses"
    description = f"{len(children)} children, one line each, {len(values)} counts up to study day {last}."
    return drawing.svg(title, description, WIDTH, 350, parts, key="platelet-courses")


def _course(frame: drawing.Frame, child: Child, line: list[tuple[int, Decimal]]) -> Iterator[str]:
    responded = child.verdict.best_response in ("CR", "R")
    colour = drawing.BLUE if responded else drawing.VERMILION
    places = [(frame.across(day), frame.up(float(value))) for day, value in line]
    shape = drawing.path(places, colour, width=1.3, dash="" if responded else "4 3")
    shape += "".join(drawing.circle(x, y, colour=colour, radius=2.2, hollow=not responded) for x, y in places)
    yield drawing.link(child.page, drawing.told(f"{child.number}: {child.verdict.best_response}", shape))
    for dose in child.doses:
        x = frame.across(child.study_day(dose.on))
        yield drawing.line(x, frame.up.start, x, frame.up.start + 6)


def _in_schedule(code: str) -> int:
    return list(VISITS).index(code)


def by_visit(children: Sequence[Child]) -> Figure:
    """Median and quartiles at each planned visit; the last count of a visit speaks for it."""
    values: dict[str, list[float]] = {}
    for child in children:
        for code, value in {count.visit: count.value for count in sorted(child.counts, key=lambda c: c.on)}.items():
            if not VISITS[code].repeats:
                values.setdefault(code, []).append(float(value))
    found = [(code, quartiles(values[code])) for code in sorted(values, key=_in_schedule)]
    rows = [(VISITS[code].title, q.n, f"{q.median:.1f}", f"{q.low:.1f}", f"{q.high:.1f}") for code, q in found]
    return Figure("platelets-by-visit", "Platelets by visit", len(children), "Median with quartiles at each planned visit.",
                  table(("Visit", "Children", "Median, ×10⁹/L", "Lower quartile", "Upper quartile"), rows),
                  svg=_draw_visits(found) if found else "", note=CODES, empty="No count at a planned visit yet.")  # fmt: skip


def _draw_visits(found: list[tuple[str, Quartiles]]) -> str:
    up = _platelet_axis(300, max(q.high or 0 for _, q in found))
    across = drawing.Scale(-0.5, len(found) - 0.5, 64, WIDTH - 70)
    frame = drawing.Frame(across, up, [(i, code) for i, (code, _) in enumerate(found)], _platelet_ticks(up), "visit", UP_NAME)
    parts = [*frame.axes(), *(frame.guide(value, words) for value, words in GUIDES)]
    parts.append(drawing.path([(across(i), up(q.median or 0)) for i, (_, q) in enumerate(found)], width=1))
    for i, (code, q) in enumerate(found):
        x, low, middle, high = across(i), up(q.low or 0), up(q.median or 0), up(q.high or 0)
        shape = drawing.line(x, low, x, high, drawing.BLUE, width=2) + drawing.circle(x, middle)
        shape += drawing.line(x - 5, low, x + 5, low, drawing.BLUE) + drawing.line(x - 5, high, x + 5, high, drawing.BLUE)
        parts.append(drawing.told(f"{VISITS[code].title}: {q.text}, n = {q.n}", shape))
    return drawing.svg("Platelets by visit", f"{len(found)} visits, median and quartiles.", WIDTH, 362, parts,
                       key="platelets-by-visit")  # fmt: skip


def waterfall(children: Sequence[Child]) -> Figure:
    """The best evaluable count of each child after Day 0, highest first."""
    best = [(child, max(values)) for child in children if (values := [v for day, v in courses(child) if day > 0])]
    best.sort(key=lambda pair: (-pair[1], pair[0].number))
    rows = [(child.number, number_text(value), _baseline(child), child.verdict.best_response) for child, value in best]
    return Figure("best-count", "Best platelet count of each child", len(best), "Highest evaluable count after Day 0.",
                  table(("Child", "Best count, ×10⁹/L", "Baseline, ×10⁹/L", "Best response"), rows),
                  svg=_draw_best(best) if best else "", empty="No count after Day 0 yet.",
                  links={child.number: child.page for child, _ in best})  # fmt: skip


def _baseline(child: Child) -> str:
    return number_text(child.course.baseline) if child.course.baseline is not None else "missing"


def _draw_best(best: list[tuple[Child, Decimal]]) -> str:
    up = _platelet_axis(300, float(best[0][1]))
    across = drawing.Scale(0, len(best), 64, WIDTH - 70)
    frame = drawing.Frame(across, up, [], _platelet_ticks(up), "children, best count first", UP_NAME)
    parts = [*frame.axes()]
    for i, (child, value) in enumerate(best):
        parts.append(_bar(frame, i, child, value))
    parts += [frame.guide(value, words) for value, words in GUIDES]
    shapes = [(_swatch(status), words) for status, words in (("CR", "CR"), ("R", "R"), ("NR", "NR or NE"))]
    parts += drawing.legend(shapes, 64, 340, WIDTH)
    return drawing.svg("Best platelet count of each child", f"{len(best)} bars, the highest first.", WIDTH, 356, parts,
                       key="best-count")  # fmt: skip


def _bar(frame: drawing.Frame, place: int, child: Child, value: Decimal) -> str:
    left, width = frame.across(place + 0.12), frame.across(1) - frame.across(0.24)
    top = frame.up(float(value))
    shape = _filled(child.verdict.best_response, left, top, width, frame.up.start - top)
    words = f"{child.number}: {number_text(value)} ×10⁹/L, {child.verdict.best_response}"
    return drawing.link(child.page, drawing.told(words, shape))


def _filled(status: str, x: float, y: float, width: float, height: float) -> str:
    """CR full, R lighter, everything else hatched: to be told apart in grey."""
    if status == "CR":
        return drawing.box(x, y, width, height, drawing.BLUE)
    if status == "R":
        return drawing.box(x, y, width, height, drawing.SKY, stroke=drawing.BLUE, opacity=0.5)
    return drawing.hatched(x, y, width, height, drawing.VERMILION)


def _swatch(status: str) -> str:
    return _filled(status, -6, -6, 12, 12)
