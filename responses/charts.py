"""The course of one child as one SVG drawing on one time axis: platelets, doses, bleeding, rescue, events.

Pure: no Django. Time runs from left to right. Presentation attributes only (no style, no script), so that the same text
stands in the page under a strict content policy and in the PDF. Colours are told apart by the colour-blind, and never
carry a meaning alone: shape, hatching or a word always says the same.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from functools import partial
from typing import Literal
from xml.sax.saxutils import escape

from responses.rules import number_text

Mark = Literal["evaluable", "not evaluable", "poor quality"]
Shape = Literal["scheduled", "unscheduled", "other laboratory"]
Scale = Literal["log", "linear"]

BLUE, ORANGE, SKY, GREEN, VERMILION = "#0072B2", "#E69F00", "#56B4E9", "#009E73", "#D55E00"
INK, PALE, GRID = "#1b1b1b", "#555555", "#d9d9d9"
TICKS: dict[Scale, tuple[int, ...]] = {
    "log": (0, 1, 10, 30, 100, 300, 1000),
    "linear": (0, 50, 100, 150, 200, 250, 300, 400, 600, 800, 1000, 1500, 2000),
}
LINEAR_TOPS = (150, 200, 300, 400, 600, 1000)
DAYS_BETWEEN_TICKS = (1, 3, 7, 14, 28, 56, 84, 168, 336, 672)
ROWS = ("Dose", "Bleeding", "Skin", "Mucosa", "Organ", "Rescue", "Event")
ROW_HEIGHT = 24
LETTER = 6.2  # width of an average letter at font size 12


@dataclass(frozen=True)
class Point:
    """One platelet count in 10^9/L; ``note`` is said on hover: the status, or why it is not used.

    Its shape says where it comes from, its filling whether the rules may use it.
    """

    on: date
    value: Decimal
    mark: Mark
    note: str
    shape: Shape = "scheduled"


@dataclass(frozen=True)
class Span:
    """Something with a first and a last day (None = goes on): a rescue, a bleeding episode, a response."""

    start: date
    end: date | None
    label: str
    provisional: bool = False


@dataclass(frozen=True)
class Instant:
    """Something on one day: a dose with its g/kg as ``label``, or an event. ``strong`` = serious."""

    on: date
    label: str
    note: str = ""
    strong: bool = False


@dataclass(frozen=True)
class Grade:
    """The SMOG grade of one domain at one assessment: worst since the visit before. ``row`` is Skin, Mucosa or Organ."""

    on: date
    row: str
    grade: int


@dataclass(frozen=True)
class Chart:
    """All that is drawn. ``as_of`` is the last day; ``guides`` are horizontal lines: (10^9/L, name)."""

    title: str
    as_of: date
    day_0: date | None = None
    points: tuple[Point, ...] = ()
    guides: tuple[tuple[Decimal, str], ...] = ()
    responses: tuple[Span, ...] = ()
    doses: tuple[Instant, ...] = ()
    bleeds: tuple[Span, ...] = ()
    rescues: tuple[Span, ...] = ()
    events: tuple[Instant, ...] = ()
    grades: tuple[Grade, ...] = ()

    @property
    def description(self) -> str:
        """The drawing in one sentence, for those who do not see it."""
        parts = [f"{len(self.points)} platelet counts", f"{len(self.doses)} doses", f"{len(self.bleeds)} bleeding entries",
                 f"{len(self.rescues)} rescue therapies", f"{len(self.events)} adverse events"]  # fmt: skip
        return f"{', '.join(parts)}, up to {_day(self.as_of)}. Time runs from left to right. The table holds the same."


@dataclass(frozen=True)
class Frame:
    """The scales: days to x, 10^9/L to y."""

    chart: Chart
    width: int
    start: date
    end: date
    top_value: float
    scale: Scale = "log"

    @property
    def narrow(self) -> bool:
        return self.width < 600

    @property
    def left(self) -> float:
        return 58 if self.narrow else 72

    @property
    def right(self) -> float:
        return self.width - (84 if self.narrow else 118)

    # Above the curve there is room for the title and two names of responses.
    top, bottom = 50.0, 310.0

    def x(self, on: date) -> float:
        share = (on - self.start).days / max((self.end - self.start).days, 1)
        return self.left + share * (self.right - self.left)

    def y(self, value: Decimal | float) -> float:
        """Linear, or log(1 + count): even steps for equal ratios, and zero has its place."""
        count = min(float(value), self.top_value)
        share = count / self.top_value if self.scale == "linear" else math.log1p(count) / math.log1p(self.top_value)
        return self.bottom - share * (self.bottom - self.top)

    def row(self, name: str) -> float:
        """The middle of one of the rows below the curve."""
        return self.bottom + 50 + ROWS.index(name) * ROW_HEIGHT

    @property
    def height(self) -> float:
        return self.row(ROWS[-1]) + (88 if self.narrow else 50)


def draw(chart: Chart, *, width: int = 960, key: str = "chart", scale: Scale = "log") -> str:
    """The drawing as an SVG element; ``key`` makes its ids unique in a page. Below 600 wide it is drawn for a phone."""
    frame = _frame(chart, width, scale)
    parts = [
        f'<rect width="{width}" height="{_n(frame.height)}" fill="#ffffff"/>',
        *_shading(frame), *_axes(frame), *_guides(frame), *_curve(frame), *_doses(frame), *_bleeds(frame),
        *_strip(frame), *_rescues(frame), *_events(frame), *_legend(frame),
    ]  # fmt: skip
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {_n(frame.height)}" role="img" '
        f'aria-labelledby="{key}-title {key}-desc" font-family="sans-serif" font-size="12" fill="{INK}">'
        f'<title id="{key}-title">{escape(chart.title)}</title><desc id="{key}-desc">{escape(chart.description)}</desc>'
        f"{''.join(parts)}</svg>"
    )


def _frame(chart: Chart, width: int, scale: Scale) -> Frame:
    days = [chart.as_of, *(point.on for point in chart.points), *(dose.on for dose in chart.doses)]
    days += [span.start for span in (*chart.bleeds, *chart.rescues)] + [event.on for event in chart.events]
    days += [grade.on for grade in chart.grades]
    first = min([*days, *([chart.day_0] if chart.day_0 else [])])
    last = max(days)
    margin = timedelta(days=max(2, (last - first).days // 40))
    highest = max((float(point.value) for point in chart.points), default=0)
    top = next((tick for tick in (LINEAR_TOPS if scale == "linear" else (300, 1000)) if highest <= tick), 2000)
    return Frame(chart, width, first - margin, last + margin, top, scale)


def _n(number: float) -> str:
    return f"{number:.1f}".removesuffix(".0")


def _day(on: date) -> str:
    return f"{on:%d %b %Y}"


def _text(x: float, y: float, words: str, *, anchor: str = "start", size: int = 12, fill: str = INK, bold: bool = False) -> str:
    weight = ' font-weight="bold"' if bold else ""
    return f'<text x="{_n(x)}" y="{_n(y)}" text-anchor="{anchor}" font-size="{size}" fill="{fill}"{weight}>{escape(words)}</text>'


def _line(x1: float, y1: float, x2: float, y2: float, stroke: str, *, width: float = 1, dash: str = "") -> str:
    dashes = f' stroke-dasharray="{dash}"' if dash else ""
    return f'<line x1="{_n(x1)}" y1="{_n(y1)}" x2="{_n(x2)}" y2="{_n(y2)}" stroke="{stroke}" stroke-width="{_n(width)}"{dashes}/>'


def _told(words: str, shape: str, x: float | None = None) -> str:
    """A shape with its words on hover; with its place the arrow keys find it too."""
    place = "" if x is None else f' class="mark" data-x="{_n(x)}"'
    return f"<g{place}><title>{escape(words)}</title>{shape}</g>"


def _axes(frame: Frame) -> Iterator[str]:
    for tick in TICKS[frame.scale]:
        if tick <= frame.top_value and _has_room(frame, tick):
            yield _line(frame.left, frame.y(tick), frame.right, frame.y(tick), GRID)
            yield _text(frame.left - 6, frame.y(tick) + 4, str(tick), anchor="end", fill=PALE)
    yield _text(4, 14, f"Platelets, ×10⁹/L ({frame.scale})", size=12, fill=PALE)
    for name in ROWS:
        y = frame.row(name)
        yield _text(4, y + 4, name, size=11 if frame.narrow else 12, fill=PALE)
        yield _line(frame.left, y + ROW_HEIGHT / 2, frame.right, y + ROW_HEIGHT / 2, GRID)
    yield from _time_ticks(frame)


def _has_room(frame: Frame, tick: int) -> bool:
    """On a linear scale the small steps of a high axis would touch."""
    return frame.scale == "log" or tick % (50 if frame.top_value <= 300 else 200) == 0


def _time_ticks(frame: Frame) -> Iterator[str]:
    """Dates below the curve, counted from Day 0 where there is one."""
    origin = frame.chart.day_0 or frame.start
    room = 4 if frame.narrow else 9
    days = (frame.end - frame.start).days
    step = next((step for step in DAYS_BETWEEN_TICKS if days / step <= room), DAYS_BETWEEN_TICKS[-1])
    first = -((origin - frame.start).days // step) * step
    for number in range(first, (frame.end - origin).days + 1, step):
        on = origin + timedelta(days=number)
        yield _line(frame.x(on), frame.top, frame.x(on), frame.row(ROWS[-1]) + ROW_HEIGHT / 2, GRID, dash="1 3")
        yield _text(frame.x(on), frame.bottom + 15, f"{on:%d %b %y}", anchor="middle", size=11, fill=PALE)
        if frame.chart.day_0:
            yield _text(frame.x(on), frame.bottom + 28, f"day {number}", anchor="middle", size=11, fill=PALE)


def _guides(frame: Frame) -> Iterator[str]:
    """The levels that decide, named at the right; names that would touch are moved apart."""
    below = math.inf
    for value, name in sorted(frame.chart.guides, key=lambda guide: guide[0]):
        if value > frame.top_value:
            continue
        y = frame.y(value)
        yield _line(frame.left, y, frame.right, y, INK if "baseline" not in name else VERMILION, width=1.2, dash="6 4")
        place = min(y + 4, below - 13)
        below = place
        words = f"{number_text(value)} {name}"
        if frame.narrow:  # the margin of a phone; the words stand in full in the reasons and on the wide drawing
            words = words.replace("baseline", "base").replace(", sensitivity", " sens.")
        yield _text(frame.right + 4, place, words, size=11)


def _shading(frame: Frame) -> Iterator[str]:
    """Confirmed responses plain, provisional ones hatched, each with its word in the head line."""
    for place, span in enumerate(frame.chart.responses):
        end = span.end or frame.chart.as_of
        x1, x2 = frame.x(span.start), max(frame.x(end), frame.x(span.start) + 2)
        colour = ORANGE if span.provisional else (BLUE if "omplete" in span.label else GREEN)
        words = f"{span.label}: {_day(span.start)} to {_day(end)}"
        area = (
            f'<rect x="{_n(x1)}" y="{_n(frame.top)}" width="{_n(x2 - x1)}" height="{_n(frame.bottom - frame.top)}" '
            f'fill="{colour}" fill-opacity="0.14"/>'
        )
        hatch = "".join(_hatch(x1, x2, frame.top, frame.bottom, colour)) if span.provisional else ""
        edge = _line(x1, frame.top - 2, x2, frame.top - 2, colour, width=3)
        yield _told(words, area + hatch + edge)
        start = min(x1, frame.right - len(span.label) * LETTER)
        yield _text(max(start, frame.left), frame.top - 8 - 13 * (place % 2), span.label, size=11, bold=True)


def _hatch(x1: float, x2: float, top: float, bottom: float, colour: str, gap: float = 8) -> Iterator[str]:
    """Lines at 45 degrees, cut at the sides of the rectangle."""
    height = bottom - top
    offset = x1 - height
    while offset < x2:
        left, right = max(x1, offset), min(x2, offset + height)
        if right > left:
            yield _line(left, bottom - (left - offset), right, bottom - (right - offset), colour, width=0.8)
        offset += gap


def _curve(frame: Frame) -> Iterator[str]:
    points = sorted(frame.chart.points, key=lambda point: point.on)
    used = [f"{_n(frame.x(p.on))},{_n(frame.y(p.value))}" for p in points if p.mark == "evaluable"]
    if len(used) > 1:
        yield f'<polyline points="{" ".join(used)}" fill="none" stroke="{BLUE}" stroke-width="1.5"/>'
    for point in points:
        words = f"{_day(point.on)}: {number_text(point.value)} ×10⁹/L, {point.shape}, {point.mark}. {point.note}"
        x = frame.x(point.on)
        yield _told(words, _mark(point.mark, point.shape, x, frame.y(point.value)), x)


def _mark(mark: Mark, shape: Shape, x: float, y: float) -> str:
    """Diamond: poor quality. Circle: scheduled. Square: unscheduled. Triangle on its tip: other laboratory. Hollow: not used."""
    if mark == "poor quality":
        return _polygon([(x, y - 6), (x + 6, y), (x, y + 6), (x - 6, y)], "#ffffff", VERMILION)
    fill = BLUE if mark == "evaluable" else "#ffffff"
    if shape == "unscheduled":
        return _polygon([(x - 4.5, y - 4.5), (x + 4.5, y - 4.5), (x + 4.5, y + 4.5), (x - 4.5, y + 4.5)], fill, BLUE)
    if shape == "other laboratory":
        return _polygon([(x - 5.5, y - 4), (x + 5.5, y - 4), (x, y + 6)], fill, BLUE)
    return f'<circle cx="{_n(x)}" cy="{_n(y)}" r="4.5" fill="{fill}" stroke="{BLUE}" stroke-width="1.8"/>'


def _polygon(corners: list[tuple[float, float]], fill: str, stroke: str) -> str:
    points = " ".join(f"{_n(x)},{_n(y)}" for x, y in corners)
    return f'<polygon points="{points}" fill="{fill}" stroke="{stroke}" stroke-width="1.8"/>'


def _triangle(x: float, y: float) -> str:
    corners = f"{_n(x)},{_n(y - 6)} {_n(x + 6)},{_n(y + 5)} {_n(x - 6)},{_n(y + 5)}"
    return f'<polygon points="{corners}" fill="{INK}"/>'


def _doses(frame: Frame) -> Iterator[str]:
    """A triangle a dose with its g/kg beside it, where there is room; the words on hover always have it."""
    taken = -math.inf
    for dose in sorted(frame.chart.doses, key=lambda dose: dose.on):
        x, y = frame.x(dose.on), frame.row("Dose")
        yield _told(f"{_day(dose.on)}: dose {dose.note or dose.label}", _triangle(x, y), x)
        room = len(dose.label) * LETTER
        following = min((frame.x(d.on) for d in frame.chart.doses if d.on > dose.on), default=math.inf)
        if x + 8 > taken and x + 8 + room < min(following - 7, frame.width):
            yield _text(x + 8, y + 4, dose.label, size=11)
            taken = x + 8 + room


def _bar(frame: Frame, span: Span, row: str, colour: str) -> tuple[float, float, str]:
    x1 = frame.x(span.start)
    x2 = max(frame.x(span.end or frame.chart.as_of), x1 + 12)
    y = frame.row(row)
    return (
        x1,
        x2,
        (
            f'<rect x="{_n(x1 - 6)}" y="{_n(y - 8)}" width="{_n(x2 - x1)}" height="16" rx="3" fill="{colour}" '
            f'fill-opacity="0.35" stroke="{colour}"/>'
        ),
    )


def _spans(frame: Frame, spans: Iterable[Span], row: str, colour: str) -> Iterator[str]:
    """Bars with their word inside or behind it, as far as the next bar leaves room."""
    ordered = sorted(spans, key=lambda span: span.start)
    for index, span in enumerate(ordered):
        x1, _, bar = _bar(frame, span, row, colour)
        until = _day(span.end) if span.end else "goes on"
        yield _told(f"{_day(span.start)} to {until}: {row.lower()} {span.label}", bar, x1)
        following = frame.x(ordered[index + 1].start) - 6 if index + 1 < len(ordered) else frame.width
        words = span.label
        room = len(words) * LETTER
        if x1 - 3 + room <= following:
            yield _text(min(x1 - 3, frame.width - room), frame.row(row) + 4, words, size=11)


def _bleeds(frame: Frame) -> Iterator[str]:
    return _spans(frame, frame.chart.bleeds, "Bleeding", VERMILION)


def _strip(frame: Frame) -> Iterator[str]:
    """Skin, mucosa and organ at each assessment: the grade as a digit, and the darker the worse."""
    for cell in sorted(frame.chart.grades, key=lambda cell: (cell.on, cell.row)):
        x, y = frame.x(cell.on), frame.row(cell.row)
        box = (
            f'<rect x="{_n(x - 7)}" y="{_n(y - 8)}" width="14" height="16" fill="{VERMILION}" '
            f'fill-opacity="{_n(cell.grade * 0.16)}" stroke="{PALE}"/>'
        )
        digit = _text(x, y + 4, str(cell.grade), anchor="middle", size=11, bold=cell.grade > 1)
        yield _told(f"{_day(cell.on)}: {cell.row.lower()} grade {cell.grade}, worst since the visit before", box + digit, x)


def _rescues(frame: Frame) -> Iterator[str]:
    return _spans(frame, frame.chart.rescues, "Rescue", ORANGE)


def _events(frame: Frame) -> Iterator[str]:
    """A flag an event; a serious one is filled and has an S."""
    for event in frame.chart.events:
        x, y = frame.x(event.on), frame.row("Event")
        cloth = f"{_n(x)},{_n(y - 9)} {_n(x + 9)},{_n(y - 5)} {_n(x)},{_n(y - 1)}"
        fill = VERMILION if event.strong else "#ffffff"
        flag = _line(x, y - 9, x, y + 8, INK, width=1.5) + f'<polygon points="{cloth}" fill="{fill}" stroke="{INK}"/>'
        serious = _text(x + 3, y + 9, "S", size=11, bold=True) if event.strong else ""
        yield _told(f"{_day(event.on)}: event {event.label}. {event.note}".strip(), flag + serious, x)


def _legend(frame: Frame) -> Iterator[str]:
    """The shapes in words, in as many lines as it needs."""
    x, y = 8.0, frame.row(ROWS[-1]) + 36
    shapes: tuple[Shape, ...] = ("scheduled", "unscheduled", "other laboratory")
    used = {point.shape for point in frame.chart.points} | {"scheduled", "unscheduled"}
    entries: list[tuple[str, Callable[[float, float], str]]] = [
        *((shape, partial(_mark, "evaluable", shape)) for shape in shapes if shape in used),
        ("not used", partial(_mark, "not evaluable", "scheduled")),
        ("poor quality", partial(_mark, "poor quality", "scheduled")),
        ("dose, g/kg", _triangle),
    ]
    for words, shape in entries:
        room = 26 + len(words) * LETTER
        if x + room > frame.width:
            x, y = 8.0, y + 20
        yield shape(x + 6, y - 4) + _text(x + 17, y, words, size=11, fill=PALE)
        x += room + 8
