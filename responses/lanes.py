"""One child as one lane on the time axis of the whole list: doses, response, bleeding, rescue. An SVG element.

Pure: no Django. All lanes of a list have the same horizon, so that they compare by eye; shapes tell what colours tell.
"""

from __future__ import annotations

from datetime import date
from xml.sax.saxutils import escape

from responses.charts import BLUE, GREEN, GRID, INK, ORANGE, VERMILION, Chart, Span

WIDTH, HEIGHT, MIDDLE = 260, 30, 13


def lane(chart: Chart, horizon: int) -> str:
    """The lane from Day 0 to the horizon in days; an empty text before the first dose."""
    if chart.day_0 is None:
        return ""
    parts = [
        f'<line x1="0" y1="{MIDDLE}" x2="{_x(chart, horizon, None)}" y2="{MIDDLE}" stroke="{GRID}" stroke-width="2"/>',
        *(_response(chart, horizon, span) for span in chart.responses),
        *(_bar(chart, horizon, span, ORANGE, MIDDLE + 6) for span in chart.rescues),
        *(_bar(chart, horizon, span, VERMILION, MIDDLE - 10) for span in chart.bleeds),
        *(_dose(_x(chart, horizon, dose.on)) for dose in chart.doses),
    ]
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" class="lane" viewBox="-6 0 {WIDTH + 12} {HEIGHT}" role="img" '
        f'aria-label="{escape(words(chart), {chr(34): "&quot;"})}">{"".join(parts)}</svg>'
    )


def words(chart: Chart) -> str:
    """The lane for those who do not see it."""
    spans = [f"{span.label.lower()} {span.start:%d %b %Y} to {span.end or chart.as_of:%d %b %Y}" for span in chart.responses]
    said = [f"{len(chart.doses)} dose{'s'[: len(chart.doses) != 1]}", *(spans or ["no response"])]
    said += [f"{len(chart.bleeds)} bleeding entries"] if chart.bleeds else []
    said += [f"{len(chart.rescues)} rescues"] if chart.rescues else []
    return ", ".join(said)


def _x(chart: Chart, horizon: int, on: date | None) -> float:
    """The place of a day; of what goes on, that of the last day looked at."""
    assert chart.day_0 is not None
    days = ((on or chart.as_of) - chart.day_0).days
    return round(min(max(days, 0) / max(horizon, 1), 1) * WIDTH, 1)


def _response(chart: Chart, horizon: int, span: Span) -> str:
    """Complete response is thick, response thin, and what waits for confirmation has only an outline."""
    x, height = _x(chart, horizon, span.start), 12 if "omplete" in span.label else 6
    width = max(_x(chart, horizon, span.end) - x, 2)
    colour = BLUE if "omplete" in span.label else GREEN
    look = f'fill="#ffffff" stroke="{ORANGE}" stroke-dasharray="3 2"' if span.provisional else f'fill="{colour}"'
    return f'<rect x="{x}" y="{MIDDLE - height / 2}" width="{round(width, 1)}" height="{height}" {look}/>'


def _bar(chart: Chart, horizon: int, span: Span, colour: str, y: float) -> str:
    x = _x(chart, horizon, span.start)
    return f'<rect x="{x}" y="{y}" width="{round(max(_x(chart, horizon, span.end) - x, 3), 1)}" height="4" fill="{colour}"/>'


def _dose(x: float) -> str:
    return f'<polygon points="{x},{HEIGHT - 9} {round(x + 4, 1)},{HEIGHT - 2} {round(x - 4, 1)},{HEIGHT - 2}" fill="{INK}"/>'
