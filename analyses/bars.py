"""Bars made of parts, one lane a line: shares of days, of children, of answers.

Pure: no Django. The parts go from dark to light in the order of the legend, so that they are told apart in grey; each part
that has room for it carries its number.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from analyses import drawing

WIDTH, LANE, HEIGHT = 760, 30, 19
#: Where the bars begin, and where the longest ends: names stand before them, numbers behind.
START, END = 230, WIDTH - 150
#: Dark to light, with the colour of the words on it.
SHADES = (("#003a5d", drawing.PAPER), (drawing.BLUE, drawing.PAPER), (drawing.SKY, drawing.INK), ("#cfe8f7", drawing.INK),
          (drawing.PAPER, drawing.INK))  # fmt: skip
DIGIT = 7


@dataclass(frozen=True)
class Lane:
    """One bar: its name, the length of each part in the order of the legend, and what is written behind it."""

    name: str
    parts: tuple[float, ...]
    behind: str = ""


def draw(title: str, lanes: Sequence[Lane], kinds: Sequence[str], axis: str, *, key: str, high: float, digits: int = 0) -> str:
    """The picture. ``high`` is the end of the axis, ``digits`` the decimals of the numbers in the parts."""
    bottom = 26 + LANE * len(lanes)
    scale = drawing.Scale(0, high, START, END)
    parts: list[str] = []
    for tick in drawing.steps(high, 5):
        if tick <= high:
            parts.append(drawing.line(scale(tick), 20, scale(tick), bottom, drawing.GRID))
            parts.append(drawing.text(scale(tick), bottom + 16, str(tick), anchor="middle", fill=drawing.PALE))
    parts.append(drawing.text(END, bottom + 33, axis, anchor="end", fill=drawing.PALE))
    for place, lane in enumerate(lanes):
        parts += _lane(lane, 26 + LANE * place, scale, kinds, digits)
    if len(kinds) > 1:
        marks = [(drawing.box(-5, -5, 10, 10, shade, stroke=drawing.INK), words)
                 for (shade, _), words in zip(SHADES, kinds, strict=False)]  # fmt: skip
        parts += drawing.legend(marks, 8, bottom + 58, WIDTH)
    said = "; ".join(f"{lane.name}: " + ", ".join(f"{w} {v:.{digits}f}" for w, v in zip(kinds, lane.parts, strict=True))
                     for lane in lanes)  # fmt: skip
    return drawing.svg(title, said, WIDTH, bottom + 90, parts, key=key)


def _lane(lane: Lane, y: float, scale: drawing.Scale, kinds: Sequence[str], digits: int) -> Iterator[str]:
    yield drawing.text(START - 10, y + 14, lane.name, anchor="end")
    so_far = 0.0
    for (shade, ink), words, value in zip(SHADES, kinds, lane.parts, strict=False):
        start, end = scale(so_far), scale(so_far + value)
        so_far += value
        if value:
            shown = f"{value:.{digits}f}"
            bar = drawing.box(start, y, end - start, HEIGHT, shade, stroke=drawing.INK)
            if len(kinds) > 1 and end - start > DIGIT * len(shown) + 4:
                bar += drawing.text((start + end) / 2, y + 14, shown, anchor="middle", fill=ink)
            yield drawing.told(f"{lane.name}: {words} {shown}", bar)
    if lane.behind:
        yield drawing.text(scale(so_far) + 6, y + 14, lane.behind, fill=drawing.PALE)
