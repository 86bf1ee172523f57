"""The drawing: well-formed, safe under the content policy, complete, and readable without seeing it."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from xml.etree import ElementTree

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from responses.charts import Chart, Grade, Instant, Point, Scale, Span, draw

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
        Point(day(45), Decimal(40), "not evaluable", "Washout after rescue", "unscheduled"),
        Point(day(47), Decimal(45), "evaluable", "R", "other laboratory"),
    ),
    guides=((Decimal(30), "R"), (Decimal(100), "CR"), (Decimal(24), "= 2 x baseline")),
    responses=(Span(day(3), day(40), "Response"), Span(day(50), None, "Not yet confirmed", provisional=True)),
    doses=(Instant(day(0), "1", "Loading dose"), Instant(day(14), "0.5"), Instant(day(35), "0.5")),
    bleeds=(Span(day(1), day(2), "2"), Span(day(60), None, "3")),
    rescues=(Span(day(60), None, "New or increased corticosteroid"),),
    grades=(Grade(day(3), "Skin", 2), Grade(day(3), "Mucosa", 0), Grade(day(3), "Organ", 4)),
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
    assert "7 platelet counts, 3 doses" in str(root.findtext(f"{space}desc"))


@pytest.mark.parametrize("width", [960, 360])
def test_the_levels_that_decide_are_drawn_and_named(width: int) -> None:
    text = words(draw(FULL, width=width))
    for label in ("30 R", "100 CR", "24 = 2 x base", "Response", "Not yet confirmed", "Dose", "Bleeding", "Rescue", "Event"):
        assert label in text
    assert draw(FULL, width=width).count('stroke-dasharray="6 4"') == 3


def test_every_mark_tells_its_day_and_meaning() -> None:
    text = words(draw(FULL))
    assert "05 Mar 2026: 60 ×10⁹/L, scheduled, evaluable. R" in text
    assert "22 Mar 2026: 0 ×10⁹/L, scheduled, poor quality. Clumped" in text
    assert "01 May 2026 to goes on" in text
    assert "<b>Bleed</b> & more" in text, "escaped, so it comes back as text"


SPACE = "{http://www.w3.org/2000/svg}"


def shape_of(svg: str, said: str) -> tuple[str, int, str]:
    """The mark whose words contain ``said``: its element, its number of corners, and its filling."""
    for group in ElementTree.fromstring(svg).iter(f"{SPACE}g"):
        if said in str(group.findtext(f"{SPACE}title")):
            shape = list(group)[1]
            return shape.tag.removeprefix(SPACE), len(shape.get("points", "").split()), str(shape.get("fill"))
    raise AssertionError(said)


def test_shapes_say_where_a_count_comes_from_and_filling_whether_it_is_used() -> None:
    """Nothing of it needs colour: a circle, a square, a triangle on its tip, a diamond; full or hollow."""
    svg = draw(FULL)
    assert shape_of(svg, "60 ×10⁹/L, scheduled, evaluable")[:2] == ("circle", 0)
    assert shape_of(svg, "12 ×10⁹/L, scheduled, not evaluable") == ("circle", 0, "#ffffff")
    assert shape_of(svg, "unscheduled, not evaluable. Washout after rescue") == ("polygon", 4, "#ffffff")
    assert shape_of(svg, "45 ×10⁹/L, other laboratory")[:2] == ("polygon", 3)
    assert shape_of(svg, "poor quality. Clumped") == ("polygon", 4, "#ffffff")
    for legend in ("scheduled", "unscheduled", "other laboratory", "not used", "poor quality", "dose, g/kg"):
        assert f">{legend}</text>" in svg
    assert ">other laboratory</text>" not in draw(replace(FULL, points=FULL.points[:3]))


@pytest.mark.parametrize("width", [960, 360])
def test_the_bleeding_strip_has_a_grade_for_skin_mucosa_and_organ(width: int) -> None:
    text = words(draw(FULL, width=width))
    for said in ("05 Mar 2026: skin grade 2, worst since the visit before", "mucosa grade 0", "organ grade 4"):
        assert said in text
    for row in ("Skin", "Mucosa", "Organ"):
        assert row in text


def test_arrow_keys_find_every_mark_in_the_order_of_time() -> None:
    """The script reads ``data-x`` of every ``.mark``: counts, doses, bleeding, grades, rescue, events."""
    marks = [g for g in ElementTree.fromstring(draw(FULL)).iter(f"{SPACE}g") if g.get("class") == "mark"]
    assert len(marks) == len(FULL.points) + len(FULL.doses) + len(FULL.bleeds) + len(FULL.grades) + len(FULL.rescues) + 2
    assert all(float(str(mark.get("data-x"))) >= 0 and mark.findtext(f"{SPACE}title") for mark in marks)


@pytest.mark.parametrize(
    ("scale", "highest", "ticks", "middle"),
    [("linear", 150, ["0", "50", "100", "150"], 0.5), ("linear", 900, ["0", "200", "400", "600", "800", "1000"], 0.5),
     ("log", 300, ["0", "1", "10", "30", "100", "300"], None)],
)  # fmt: skip
def test_the_axis_is_linear_or_logarithmic(scale: Scale, highest: int, ticks: list[str], middle: float | None) -> None:
    top = int(ticks[-1])
    points = tuple(Point(day(on), Decimal(v), "evaluable", "") for on, v in ((0, 0), (1, highest), (2, top // 2)))
    svg = draw(Chart("Any", day(3), DAY_0, points=points), scale=scale)
    assert f"Platelets, ×10⁹/L ({scale})" in svg
    shown = [str(t.text) for t in ElementTree.fromstring(svg).iter(f"{SPACE}text") if t.get("text-anchor") == "end"]
    assert shown == ticks
    bottom, _, half = [float(str(c.get("cy"))) for c in ElementTree.fromstring(svg).iter(f"{SPACE}circle")][:3]
    share = (bottom - half) / (304 - 44)
    assert share == pytest.approx(middle, abs=0.01) if middle else share > 0.8


def written(chart: Chart, width: int = 960) -> dict[str, tuple[float, float]]:
    """What is written on the drawing -> where."""
    texts = ElementTree.fromstring(draw(chart, width=width)).iter(f"{SPACE}text")
    return {str(text.text): (float(str(text.get("x"))), float(str(text.get("y")))) for text in texts}


def test_guides_of_one_value_keep_their_order_and_one_at_the_top_is_drawn() -> None:
    """2 x a baseline of 15 is 30, as R is."""
    guides = ((Decimal(30), "R"), (Decimal(30), "= 2 x baseline"), (Decimal(300), "top"), (Decimal(301), "too high"))
    found = written(Chart("Any", day(9), DAY_0, guides=guides))
    assert found["30 = 2 x baseline"][1] == found["30 R"][1] - 13, "above it, where both can be read"
    assert "300 top" in found
    assert "301 too high" not in found


@pytest.mark.parametrize(
    ("width", "names"), [(960, {"50 R, sensitivity", "24 = 2 x baseline"}), (360, {"50 R sens.", "24 = 2 x base"})]
)
def test_the_names_of_guides_are_shorter_on_a_phone(width: int, names: set[str]) -> None:
    guides = ((Decimal(50), "R, sensitivity"), (Decimal(24), "= 2 x baseline"))
    assert names <= set(written(Chart("Any", day(9), DAY_0, guides=guides), width))


def test_a_word_is_written_where_the_next_bar_leaves_room() -> None:
    close = Chart("Any", day(90), DAY_0, bleeds=(Span(day(10), day(11), "a long word"), Span(day(14), day(15), "3")))
    assert {"a long word", "3"} & set(written(close)) == {"3"}
    apart = replace(close, bleeds=(close.bleeds[0], Span(day(40), day(41), "3")))
    assert {"a long word", "3"} <= set(written(apart))


def test_the_size_of_a_dose_is_written_where_the_next_dose_leaves_room() -> None:
    doses = (Instant(day(0), "0.4"), Instant(day(5), "0.25"), Instant(day(9), "0.5"))
    assert {"0.4", "0.25", "0.5"} & set(written(Chart("Any", day(90), DAY_0, doses=doses))) == {"0.4", "0.5"}
    twice = (Instant(day(0), "2"), Instant(day(0), "4"))
    assert {"2", "4"} & set(written(Chart("Any", day(90), DAY_0, doses=twice))) == {"2"}


#: First and last study day with a count -> the study days below the curve; two days, or a fortieth, are left free at each side.
BELOW = {
    "nine steps of a week": (0, 59, range(0, 57, 7)),
    "a day too many for nine": (0, 60, range(0, 57, 14)),
    "to the very edge": (0, 54, range(0, 57, 7)),
    "more than a step before Day 0": (-20, 60, range(-14, 57, 14)),
    "a step before Day 0": (-12, 60, range(-14, 57, 14)),
    "less than a step before Day 0": (-11, 60, range(0, 57, 14)),
    "three days are left free at each side of 120": (-109, 11, range(-112, 15, 14)),
}


@pytest.mark.parametrize(("first", "last", "below"), BELOW.values(), ids=BELOW)
def test_the_days_below_the_curve_count_from_day_0(first: int, last: int, below: range) -> None:
    points = tuple(Point(day(on), Decimal(50), "evaluable", "") for on in (first, last))
    svg = draw(Chart("Any", day(last), DAY_0, points=points))
    shown = [str(text.text) for text in ElementTree.fromstring(svg).iter(f"{SPACE}text")]
    assert [said for said in shown if said.startswith("day ")] == [f"day {number}" for number in below]
    assert [said for said in shown if said in {f"{day(n):%d %b %y}" for n in below}] == [f"{day(n):%d %b %y}" for n in below]


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(st.integers(-10, 700), st.integers(0, 2000)), max_size=30),
    st.lists(st.integers(0, 700), max_size=8),
    st.sampled_from([360, 960]),
    st.sampled_from(["log", "linear"]),
)
def test_no_point_leaves_the_paper(counts: list[tuple[int, int]], doses: list[int], width: int, scale: Scale) -> None:
    chart = Chart(
        "Any",
        day(700),
        DAY_0,
        points=tuple(Point(day(on), Decimal(value), "evaluable", "") for on, value in counts),
        doses=tuple(Instant(day(on), "0.5") for on in doses),
    )
    root = ElementTree.fromstring(draw(chart, width=width, scale=scale))
    height = float(str(root.get("viewBox")).split()[3])
    for circle in root.iter("{http://www.w3.org/2000/svg}circle"):
        assert 0 < float(circle.get("cx", "0")) < width
        assert 0 < float(circle.get("cy", "0")) < height
