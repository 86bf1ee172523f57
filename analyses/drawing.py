"""Axes, marks and words as SVG, for all figures of the trial: one style, readable in grey, the same in page and PDF.

Pure: no Django. Presentation attributes only, no style and no script, so that a strict content policy lets it pass.
Time runs from left to right. A colour never carries a meaning alone.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from xml.sax.saxutils import escape

BLUE, ORANGE, SKY, GREEN, VERMILION = "#0072B2", "#E69F00", "#56B4E9", "#009E73", "#D55E00"
INK, PALE, GRID, PAPER = "#1b1b1b", "#555555", "#d9d9d9", "#ffffff"
LETTER = 6.4  # width of an average letter at font size 12


def number(value: float) -> str:
    """A coordinate: one decimal at most."""
    return f"{value:.1f}".removesuffix(".0")


def text(x: float, y: float, words: str, *, anchor: str = "start", size: int = 12, fill: str = INK, bold: bool = False) -> str:
    weight = ' font-weight="bold"' if bold else ""
    return (
        f'<text x="{number(x)}" y="{number(y)}" text-anchor="{anchor}" font-size="{size}" fill="{fill}"{weight}>'
        f"{escape(words)}</text>"
    )


def line(x1: float, y1: float, x2: float, y2: float, stroke: str = INK, *, width: float = 1, dash: str = "") -> str:
    dashes = f' stroke-dasharray="{dash}"' if dash else ""
    ends = f'x1="{number(x1)}" y1="{number(y1)}" x2="{number(x2)}" y2="{number(y2)}"'
    return f'<line {ends} stroke="{stroke}" stroke-width="{number(width)}"{dashes}/>'


def path(points: Iterable[tuple[float, float]], stroke: str = BLUE, *, width: float = 1.5, dash: str = "") -> str:
    dashes = f' stroke-dasharray="{dash}"' if dash else ""
    corners = " ".join(f"{number(x)},{number(y)}" for x, y in points)
    return f'<polyline points="{corners}" fill="none" stroke="{stroke}" stroke-width="{number(width)}"{dashes}/>'


def box(x: float, y: float, width: float, height: float, fill: str, *, stroke: str = "none", opacity: float = 1) -> str:
    return (
        f'<rect x="{number(x)}" y="{number(y)}" width="{number(max(width, 0.5))}" height="{number(height)}" fill="{fill}" '
        f'fill-opacity="{opacity}" stroke="{stroke}"/>'
    )


def hatched(x: float, y: float, width: float, height: float, stroke: str, gap: float = 6) -> str:
    """A box that reads as hatching also without colour."""
    lines, offset = [], x - height
    while offset < x + width:
        left, right = max(x, offset), min(x + width, offset + height)
        if right > left:
            lines.append(line(left, y + height - (left - offset), right, y + height - (right - offset), stroke, width=0.8))
        offset += gap
    return box(x, y, width, height, PAPER, stroke=stroke) + "".join(lines)


def circle(x: float, y: float, *, hollow: bool = False, colour: str = BLUE, radius: float = 4) -> str:
    fill = PAPER if hollow else colour
    return f'<circle cx="{number(x)}" cy="{number(y)}" r="{number(radius)}" fill="{fill}" stroke="{colour}" stroke-width="1.5"/>'


def triangle(x: float, y: float, colour: str = INK, size: float = 4) -> str:
    corners = ((x, y - size), (x + size, y + size - 1), (x - size, y + size - 1))
    points = " ".join(f"{number(a)},{number(b)}" for a, b in corners)
    return f'<polygon points="{points}" fill="{colour}"/>'


def cross(x: float, y: float, colour: str = VERMILION, size: float = 4) -> str:
    strokes = (line(x - size, y - size, x + size, y + size, colour, width=2),
               line(x - size, y + size, x + size, y - size, colour, width=2))  # fmt: skip
    return "".join(strokes)


def told(words: str, shape: str) -> str:
    """A shape with its words on hover and for a screen reader."""
    return f"<g><title>{escape(words)}</title>{shape}</g>"


def link(address: str, shape: str) -> str:
    """A shape that opens a page."""
    return f'<a href="{escape(address, {chr(34): "&quot;"})}">{shape}</a>' if address else shape


def svg(title: str, description: str, width: float, height: float, parts: Iterable[str], *, key: str) -> str:
    """The whole drawing; ``key`` makes its ids unique in a page."""
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {number(width)} {number(height)}" role="img" '
        f'aria-labelledby="{key}-title {key}-desc" font-family="sans-serif" font-size="12" fill="{INK}">'
        f'<title id="{key}-title">{escape(title)}</title><desc id="{key}-desc">{escape(description)}</desc>'
        f'<rect width="{number(width)}" height="{number(height)}" fill="{PAPER}"/>{"".join(parts)}</svg>'
    )


@dataclass(frozen=True)
class Scale:
    """Values to places along one side: from ``low`` at ``start`` to ``high`` at ``end``; ``log`` steps by ratios."""

    low: float
    high: float
    start: float
    end: float
    log: bool = False

    def __call__(self, value: float) -> float:
        """The place of a value; beyond the ends it stands at the end."""
        low, high, value = (math.log1p(v) if self.log else v for v in (self.low, self.high, value))
        share = (min(max(value, low), high) - low) / ((high - low) or 1)
        return self.start + share * (self.end - self.start)


PLATELET_TICKS = (0, 1, 3, 10, 30, 100, 300, 1000)


def steps(high: float, at_most: int = 8) -> list[int]:
    """Whole, round ticks from 0 to beyond ``high``."""
    for unit in (1, 2, 5, 7, 10, 14, 20, 28, 50, 56, 84, 100, 168, 200, 336, 500, 1000):
        if high / unit <= at_most:
            return list(range(0, math.ceil(high / unit) * unit + 1, unit))
    return [0, int(high)]


@dataclass(frozen=True)
class Frame:
    """A plot with a horizontal and a vertical scale, its ticks and the names of its axes."""

    across: Scale
    up: Scale
    across_ticks: Sequence[tuple[float, str]]
    up_ticks: Sequence[tuple[float, str]]
    across_name: str
    up_name: str

    def axes(self) -> Iterator[str]:
        left, right = self.across.start, self.across.end
        for value, words in self.up_ticks:
            y = self.up(value)
            yield line(left, y, right, y, GRID)
            yield text(left - 6, y + 4, words, anchor="end", fill=PALE)
        second = 13 if self._crowded() else 0
        for at, (value, words) in enumerate(self.across_ticks):
            yield line(self.across(value), self.up.start, self.across(value), self.up.start + 4, PALE)
            yield text(self.across(value), self.up.start + 17 + at % 2 * second, words, anchor="middle", fill=PALE)
        yield line(left, self.up.start, right, self.up.start, PALE)
        yield text(right, self.up.start + 34 + second, self.across_name, anchor="end", fill=PALE)
        yield text(4, self.up.end - 10, self.up_name, fill=PALE)

    def _crowded(self) -> bool:
        """The words of neighbouring ticks would touch: every other one goes one line down."""
        places = [self.across(value) for value, _ in self.across_ticks]
        rooms = [there - here for here, there in itertools.pairwise(places)]
        return bool(rooms) and max(len(words) for _, words in self.across_ticks) * LETTER + 6 > min(rooms)

    def guide(self, value: float, words: str) -> str:
        """A named horizontal line."""
        y = self.up(value)
        return line(self.across.start, y, self.across.end, y, INK, width=1.2, dash="6 4") + text(
            self.across.end + 4, y + 4, words
        )


def legend(entries: Sequence[tuple[str, str]], x: float, y: float, width: float) -> Iterator[str]:
    """Shapes (drawn at 0, 0) with their words, in as many lines as it takes."""
    start = x
    for shape, words in entries:
        room = 26 + len(words) * LETTER
        if x + room > width:
            x, y = start, y + 20
        yield f'<g transform="translate({number(x + 6)},{number(y - 4)})">{shape}</g>' + text(x + 18, y, words, fill=PALE)
        x += room + 8
