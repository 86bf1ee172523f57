"""The swimmer plot: one lane a child, from Day 0 to the last contact, with doses, responses, bleeding and rescue.

Pure: no Django. Source: ``protocol.md`` 10.9. Bars that are confirmed responses are full, all else of the lane is pale.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import date

from analyses import drawing
from analyses.figures import Figure, table
from analyses.inputs import Child
from responses.verdicts import End, Pair

WIDTH, LANE, TOP = 760, 24, 30
HEAD = ("Child", "Site", "Best response", "Response from, day", "Response until, day", "How it ended", "Doses",
        "Rescue", "Last seen, day", "Off therapy")  # fmt: skip

#: What the lanes can be sorted by: the word in the address, the words on the page, and the key.
ORDERS: dict[str, tuple[str, Callable[[Child], object]]] = {
    "number": ("Number", lambda child: child.number),
    "response": ("Best response", lambda child: (_rank(child), child.number)),
    "duration": ("Duration of response", lambda child: (-_duration(child), child.number)),
    "followed": ("Time observed", lambda child: (-child.study_day(child.last_seen), child.number)),
}


def _rank(child: Child) -> int:
    return ("CR", "R", "NR", "NE").index(child.verdict.best_response)


def _duration(child: Child) -> int:
    pair, end = child.verdict.response, child.verdict.response_end
    return (end.on - pair.start).days if pair and end else -1


def swimmer(children: Sequence[Child], order: str = "number") -> Figure:
    """One lane a child; ``order`` is a key of ``ORDERS``."""
    lanes = sorted(children, key=ORDERS[order][1])  # type: ignore[arg-type]  # every key of one order is of one type
    return Figure("swimmer", "Swimmer plot", len(lanes), "Study days from Day 0; responses as confirmed by rule R14.",
                  table(HEAD, [_row(child) for child in lanes]), svg=_draw(lanes) if lanes else "",
                  links={child.number: child.page for child in lanes}, empty="No child was treated yet.")  # fmt: skip


def _row(child: Child) -> tuple[object, ...]:
    pair, end, off = child.verdict.response, child.verdict.response_end, child.verdict.off_therapy
    return (child.number, child.site, child.verdict.best_response, _day(child, pair.start if pair else None),
            _day(child, end.on if end else None), end.how.replace("_", " ") if end else "", len(child.doses),
            len(child.course.rescues), child.study_day(child.last_seen), off.state if off else "on treatment")  # fmt: skip


def _day(child: Child, on: date | None) -> int | None:
    return None if on is None else child.study_day(on)


def _draw(lanes: Sequence[Child]) -> str:
    last = max(child.study_day(child.last_seen) for child in lanes)
    ticks = drawing.steps(max(last, 1), at_most=10)
    across = drawing.Scale(0, ticks[-1], 96, WIDTH - 30)
    bottom = TOP + LANE * len(lanes) + 8
    parts = [*_days(across, ticks, bottom)]
    for place, child in enumerate(lanes):
        parts.append(drawing.link(child.page, "".join(_lane(across, child, TOP + LANE * place + LANE / 2))))
    parts += drawing.legend(LEGEND, 8, bottom + 50, WIDTH)
    description = f"{len(lanes)} lanes, up to study day {last}. The table holds the same."
    return drawing.svg("Swimmer plot", description, WIDTH, bottom + 80, parts, key="swimmer")


def _days(across: drawing.Scale, ticks: list[int], bottom: float) -> Iterator[str]:
    for day in ticks:
        yield drawing.line(across(day), TOP - 4, across(day), bottom, drawing.GRID, dash="1 3")
        yield drawing.text(across(day), bottom + 15, str(day), anchor="middle", fill=drawing.PALE)
    yield drawing.text(across.end, bottom + 32, "study day", anchor="end", fill=drawing.PALE)


def _lane(across: drawing.Scale, child: Child, y: float) -> Iterator[str]:
    end = across(child.study_day(child.last_seen))
    yield drawing.text(4, y + 4, child.number)
    yield drawing.told(f"{child.number}, seen until day {child.study_day(child.last_seen)}",
                       drawing.box(across(0), y - 4, end - across(0), 8, "#e8e8e8", stroke="#bbbbbb"))  # fmt: skip
    yield from _responses(across, child, y)
    for bleed in child.course.bleeds:
        if bleed.start >= child.course.day_0 and bleed.start <= child.course.as_of:  # type: ignore[operator]  # treated
            x = across(child.study_day(bleed.start))
            yield drawing.told(f"bleeding of grade {bleed.grade}", drawing.line(x, y - 9, x, y - 4, drawing.VERMILION, width=2.5))
    for dose in child.doses:
        yield drawing.told(f"dose {dose.number}", drawing.triangle(across(child.study_day(dose.on)), y + 7))
    for rescue in child.course.rescues:
        yield drawing.told(f"rescue: {rescue.kind}", drawing.cross(across(child.study_day(rescue.start)), y))
    if child.state in ("treatment", "follow_up"):
        yield drawing.told("still observed", drawing.path([(end + 3, y - 4), (end + 9, y), (end + 3, y + 4)], drawing.INK))


def _responses(across: drawing.Scale, child: Child, y: float) -> Iterator[str]:
    verdict = child.verdict
    for pair, end, colour, words in (
        (verdict.response, verdict.response_end, drawing.SKY, "response"),
        (verdict.complete_response, verdict.complete_response_end, drawing.BLUE, "complete response"),
    ):
        yield from _bar(across, child, y, pair, end, colour, words)
    for episode in verdict.later_episodes:
        yield from _bar(across, child, y, episode.response, episode.end, drawing.SKY, "later response")


def _bar(across: drawing.Scale, child: Child, y: float, pair: Pair | None, end: End | None, colour: str,
         words: str) -> Iterator[str]:  # fmt: skip
    if pair is None or end is None:
        return
    first, last = child.study_day(pair.start), child.study_day(end.on)
    shape = drawing.box(across(first), y - 4, across(last) - across(first), 8, colour, stroke=drawing.BLUE)
    yield drawing.told(f"{words}, day {first} to {last} ({end.how.replace('_', ' ')})", shape)


LEGEND = (
    (drawing.box(-6, -4, 12, 8, drawing.SKY, stroke=drawing.BLUE), "response"),
    (drawing.box(-6, -4, 12, 8, drawing.BLUE, stroke=drawing.BLUE), "complete response"),
    (drawing.triangle(0, 0), "dose"),
    (drawing.line(0, -5, 0, 5, drawing.VERMILION, width=2.5), "bleeding begins"),
    (drawing.cross(0, 0), "rescue"),
    (drawing.path([(-3, -4), (3, 0), (-3, 4)], drawing.INK), "still observed"),
)
