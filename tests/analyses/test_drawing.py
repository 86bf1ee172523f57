"""What every figure is drawn with: places along an axis, round ticks, legends that wrap, addresses that cannot break out."""

from __future__ import annotations

import re

import pytest

from analyses import bars
from analyses.drawing import INK, Frame, Scale, legend, link, steps


@pytest.mark.parametrize(
    ("scale", "value", "place"),
    [
        (Scale(0, 10, 100, 200), 5, 150.0),
        (Scale(10, 20, 100, 200), 15, 150.0),
        (Scale(10, 20, 100, 200), 5, 100.0),
        (Scale(10, 20, 100, 200), 25, 200.0),
        (Scale(0, 10, 200, 100), 2, 180.0),
        (Scale(0, 99, 0, 100, log=True), 9, 50.0),
        (Scale(9, 99, 0, 100, log=True), 99, 100.0),
        (Scale(7, 7, 100, 200), 7, 100.0),
    ],
    ids=["middle", "not from 0", "below", "above", "upwards", "by ratios", "by ratios, not from 0", "no length"],
)
def test_a_value_has_its_place_and_stays_within_the_ends(scale: Scale, value: float, place: float) -> None:
    assert scale(value) == pytest.approx(place)


@pytest.mark.parametrize(
    ("high", "at_most", "step", "end"),
    [
        (8, 8, 1, 8), (9, 8, 2, 10), (17, 8, 5, 20), (41, 8, 7, 42), (57, 8, 10, 60), (81, 8, 14, 84), (113, 8, 20, 120),
        (161, 8, 28, 168), (225, 8, 50, 250), (401, 8, 56, 448), (449, 8, 84, 504), (673, 8, 100, 700), (801, 8, 168, 840),
        (1345, 8, 200, 1400), (1601, 8, 336, 1680), (2689, 8, 500, 3000), (4001, 8, 1000, 5000), (10, 10, 1, 10),
    ],
)  # fmt: skip
def test_ticks_are_round_and_end_beyond_the_highest_value(high: int, at_most: int, step: int, end: int) -> None:
    """Whole days and weeks; the first step of which not too many are needed."""
    assert steps(high, at_most) == list(range(0, end + 1, step))


def test_ticks_of_a_time_that_no_step_fits_are_its_ends() -> None:
    assert steps(9) == [0, 2, 4, 6, 8, 10], "eight steps at most, unless asked otherwise"
    assert steps(8001) == [0, 8001]


def places(width: float) -> list[tuple[str, ...]]:
    """Where each word of a legend of three stands."""
    drawn = "".join(legend([("", "a" * 5), ("", "b" * 5), ("", "c" * 5)], 10, 100, width))
    return re.findall(r'<text x="([0-9.]+)" y="([0-9.]+)"', drawn)


def test_a_legend_wraps_where_the_next_words_do_not_fit() -> None:
    """Five letters take 32, the shape before them 26, the space to the next 8: the lines end at 68, 134 and 200."""
    assert places(200) == [("28", "100"), ("94", "100"), ("160", "100")]
    assert places(199) == [("28", "100"), ("94", "100"), ("28", "120")]
    assert places(134) == [("28", "100"), ("94", "100"), ("28", "120")]
    assert places(133) == [("28", "100"), ("28", "120"), ("28", "140")]


def test_an_address_cannot_break_out_of_its_quotation_marks() -> None:
    assert link('/x/?a=1&b="><script>', "<g/>") == '<a href="/x/?a=1&amp;b=&quot;&gt;&lt;script&gt;"><g/></a>'
    assert link("", "<g/>") == "<g/>"


def test_a_guide_is_a_dashed_line_in_ink_with_its_name_behind() -> None:
    frame = Frame(Scale(0, 10, 50, 250), Scale(0, 100, 200, 0), [], [], "day", "count")
    stroke, name = frame.guide(50, "planned").split("/>")
    assert stroke == f'<line x1="50" y1="100" x2="250" y2="100" stroke="{INK}" stroke-width="1.2" stroke-dasharray="6 4"'
    assert name.startswith('<text x="254" y="104"')


@pytest.mark.parametrize(
    ("ticks", "width", "lines", "name"),
    [(3, 76, [217, 217, 217], 234), (4, 111, [217, 230, 217, 230], 247), (1, 10, [217], 234), (0, 10, [], 234)],
    ids=["room for each", "too narrow by a pixel", "one", "none"],
)
def test_the_words_of_a_crowded_axis_stand_on_two_lines(ticks: int, width: int, lines: list[int], name: int) -> None:
    """Five letters take 32 and 6 between them; the name of the axis stands one line below the lowest."""
    across = Scale(0, max(ticks - 1, 1), 100, 100 + width)
    drawn = "".join(Frame(across, Scale(0, 9, 200, 0), [(at, "M1 x2") for at in range(ticks)], [], "visit", "count").axes())
    assert [int(y) for y in re.findall(r'y="(\d+)"[^>]*>M1 x2<', drawn)] == lines
    assert re.findall(r'y="(\d+)"[^>]*>visit<', drawn) == [str(name)]


# --- bars of parts


def bar(*parts: float, kinds: tuple[str, ...] = ("good", "bad"), high: float = 380) -> str:
    """One lane; with 380 as the end of the axis a part is as many pixels wide as its number says."""
    return bars.draw("Bars", [bars.Lane("Lane", parts)], kinds, "children", key="bars", high=high)


def written(svg: str, y: int) -> list[str]:
    """The words that stand on one line of the drawing."""
    return re.findall(rf'<text x="[0-9.]+" y="{y}"[^>]*>([^<]*)<', svg)


def test_a_part_carries_its_number_where_it_has_room() -> None:
    """Two digits take 14, the space around them 4; the name of the lane stands before."""
    assert written(bar(19, 30), 40) == ["Lane", "19", "30"]
    assert written(bar(18, 30), 40) == ["Lane", "30"]
    assert written(bar(30, kinds=("good",)), 40) == ["Lane"], "a bar of one kind has its number behind it"


def test_a_legend_names_the_parts_of_bars_that_have_more_than_one() -> None:
    assert [word for word in written(bar(30, 30), 114) if word] == ["good", "bad"]
    assert written(bar(30, kinds=("good",)), 114) == []


def test_the_axis_of_bars_has_five_steps_at_most() -> None:
    assert written(bar(3, 3, high=6), 72) == ["0", "2", "4", "6"]


def test_a_lane_without_all_its_parts_is_refused() -> None:
    with pytest.raises(ValueError, match="shorter"):
        bar(30)
