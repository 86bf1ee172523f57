"""The drawing: well-formed, safe under the content policy, complete, and readable without seeing it."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from xml.etree import ElementTree

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from responses.charts import Chart, Instant, Point, Span, draw

DAY_0 = date(2026, 3, 2)


def day(number: int) -> date:
    return DAY_0 + timedelta(days=number)


FULL = Chart(
    title="Platelets and treatment of 01-001",
    as_of=day(90),
    day_0=DAY_0,
    points=(
        Point(day(0), Decimal(12), "not evaluable", "Baseline"),
        Point(day(3), Decimal(60), "evaluable", "R"),
        Point(day(10), Decimal(70), "evaluable", "R"),
        Point(day(20), Decimal(0), "poor quality", "Clumped"),
        Point(day(40), Decimal(1200), "evaluable", "CR"),
    ),
    guides=((Decimal(30), "R"), (Decimal(100), "CR"), (Decimal(24), "= 2 x baseline")),
    responses=(Span(day(3), day(40), "Response"), Span(day(50), None, "Not yet confirmed", provisional=True)),
    doses=(Instant(day(0), "1", "Loading dose"), Instant(day(14), "0.5"), Instant(day(35), "0.5")),
    bleeds=(Span(day(1), day(2), "2"), Span(day(60), None, "3")),
    rescues=(Span(day(60), None, "New or increased corticosteroid"),),
    events=(Instant(day(5), "Headache"), Instant(day(61), "<b>Bleed</b> & more", "Grade 3", strong=True)),
)


def words(svg: str) -> str:
    return " ".join(text.strip() for text in ElementTree.fromstring(svg).itertext())


@pytest.mark.parametrize("width", [960, 360])
@pytest.mark.parametrize(
    "chart", [FULL, Chart("Empty", day(0)), replace(FULL, day_0=None, points=())], ids=["full", "empty", "bare"]
)
def test_it_is_well_formed_and_needs_neither_style_nor_script(chart: Chart, width: int) -> None:
    root = ElementTree.fromstring(draw(chart, width=width))
    assert root.get("role") == "img"
    for element in root.iter():
        assert "style" not in element.attrib
        assert not [name for name in element.attrib if name.startswith("on")]
        assert element.tag.rpartition("}")[2] not in ("script", "style", "foreignObject")


def test_it_names_itself_and_says_where_the_same_stands_in_words() -> None:
    root = ElementTree.fromstring(draw(FULL, key="k"))
    space = "{http://www.w3.org/2000/svg}"
    assert root.get("aria-labelledby") == "k-title k-desc"
    assert root.findtext(f"{space}title") == FULL.title
    assert "5 platelet counts, 3 doses" in str(root.findtext(f"{space}desc"))


@pytest.mark.parametrize("width", [960, 360])
def test_the_levels_that_decide_are_drawn_and_named(width: int) -> None:
    text = words(draw(FULL, width=width))
    for label in ("30 R", "100 CR", "24 = 2 x base", "Response", "Not yet confirmed", "Dose", "Bleeding", "Rescue", "Event"):
        assert label in text
    assert draw(FULL, width=width).count('stroke-dasharray="6 4"') == 3


def test_every_mark_tells_its_day_and_meaning() -> None:
    text = words(draw(FULL))
    assert "05 Mar 2026: 60 ×10⁹/L, evaluable. R" in text
    assert "22 Mar 2026: 0 ×10⁹/L, poor quality. Clumped" in text
    assert "01 May 2026 to goes on" in text
    assert "<b>Bleed</b> & more" in text, "escaped, so it comes back as text"


def test_shapes_differ_without_colour() -> None:
    svg = draw(FULL)
    assert svg.count('r="4.5" fill="#ffffff"') == 1 + 1, "the baseline, and the legend"
    assert "<polygon" in svg


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(st.integers(-10, 700), st.integers(0, 2000)), max_size=30),
    st.lists(st.integers(0, 700), max_size=8),
    st.sampled_from([360, 960]),
)
def test_no_point_leaves_the_paper(counts: list[tuple[int, int]], doses: list[int], width: int) -> None:
    chart = Chart(
        "Any",
        day(700),
        DAY_0,
        points=tuple(Point(day(on), Decimal(value), "evaluable", "") for on, value in counts),
        doses=tuple(Instant(day(on), "0.5") for on in doses),
    )
    for circle in ElementTree.fromstring(draw(chart, width=width)).iter("{http://www.w3.org/2000/svg}circle"):
        assert 0 < float(circle.get("cx", "0")) < width
        assert 0 < float(circle.get("cy", "0")) < 520
