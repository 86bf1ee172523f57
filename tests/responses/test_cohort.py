"""The cohort list: filters and order in the database, pages without an offset, one lane a child."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any
from xml.etree import ElementTree

import pytest
from django.urls import reverse

from casebook.models import Participant
from responses import cohort as module
from responses.charts import Chart, Instant, Span
from responses.cohort import Asked, cohort
from responses.lanes import lane, words
from responses.models import ResponseSummary


@pytest.fixture
def twelve(universe: Any) -> list[Participant]:
    """Twelve more children at site 03 whose summaries are written as the sort needs them."""
    day = universe.today
    children = []
    from itp_trial.actor import System, acting

    with acting(System("test")):
        for number in range(12):
            child = Participant.objects.create(site=universe.s3, screening_number=f"S03-{number:03d}",
                                               subject_number=f"03-{number:03d}", state="treatment")  # fmt: skip
            children.append(child)
    states = ["NR", "CR", "R", "LOST", "PENDING_CONFIRMATION", "NE"] * 2
    for number, child in enumerate(children[:-1]):
        ResponseSummary.objects.create(
            participant=child, state=states[number], best_response="R", rules_version="1", input_digest="", as_of=day,
            duration_days=None if number % 3 == 0 else number // 2,
            next_dose_on=None if number % 4 == 0 else day + timedelta(days=20 - number // 2),
        )  # fmt: skip
    return children


def walk(universe: Any, sort: str, **filters: str) -> list[str]:
    """All pages one after the other, as somebody who presses "Next page" sees them."""
    seen, after = [], ""
    at_site_3 = Participant.objects.filter(site=universe.s3)
    for _ in range(20):
        page = cohort(at_site_3, Asked(sort=sort, after=after, **filters), universe.today)
        seen += [row.participant.screening_number for row in page.rows]
        if not page.following:
            return seen
        after = page.following
    raise AssertionError("the pages never end")


@pytest.mark.parametrize("size", [1, 5, 12, 20])
@pytest.mark.parametrize("sort", list(module.SORTS))
def test_pages_show_every_child_once_in_the_order_asked_for(
    universe: Any, twelve: list[Participant], monkeypatch: pytest.MonkeyPatch, sort: str, size: int
) -> None:
    stored = ResponseSummary.objects.in_bulk([child.pk for child in twelve])
    far = date(9999, 1, 1)

    def key(child: Participant) -> Any:
        summary = stored.get(child.pk)
        return {
            "number": 0,
            "response": module.RESPONSE_STATES.index(summary.state if summary else "NE"),
            "duration": -(summary.duration_days if summary and summary.duration_days is not None else -1),
            "next-dose": summary.next_dose_on or far if summary else far,
        }[sort]

    monkeypatch.setattr(module, "PAGE", size)
    expected = sorted(twelve, key=lambda child: (key(child), child.screening_number))
    assert walk(universe, sort) == [child.screening_number for child in expected]


def test_filters_count_what_matches_and_what_there_is(universe: Any, twelve: list[Participant]) -> None:
    at_site_3 = Participant.objects.filter(site=universe.s3)
    for response, matching in (("CR", 2), ("NE", 2), ("", 12)):
        page = cohort(at_site_3, Asked(response=response), universe.today)
        assert (page.matching, page.total, len(page.rows)) == (matching, 12, matching)
    assert cohort(at_site_3, Asked(site="01"), universe.today).matching == 0
    assert cohort(at_site_3, Asked(state="treatment", response="R"), universe.today).matching == 2


@pytest.mark.parametrize("after", ["nonsense", "~", "1~", "x~S03-001", "9999-99-99~S03-001"])
@pytest.mark.parametrize("sort", ["number", "next-dose"])
def test_an_unreadable_place_begins_at_the_start(universe: Any, twelve: list[Participant], after: str, sort: str) -> None:
    asked = Asked.read({"sort": sort, "after": after})
    assert len(cohort(Participant.objects.filter(site=universe.s3), asked, universe.today).rows) in (0, 12)
    assert Asked.read({"sort": "'; DROP"}).sort == "number"


def test_the_page_leads_on_and_keeps_the_filters(
    universe: Any, twelve: list[Participant], monkeypatch: pytest.MonkeyPatch, client_of: Callable[[Any], Any]
) -> None:
    monkeypatch.setattr(module, "PAGE", 5)
    client = client_of(universe.milo)
    html = client.get(reverse("participants") + "?site=03&sort=duration").content.decode()
    assert "<strong>12 of 16</strong> participants, 5 on this page" in html
    assert 'href="?site=03&amp;sort=duration&amp;after=' in html
    assert "First page" not in html
    following = html.partition("&amp;after=")[2].partition('"')[0]
    second = client.get(reverse("participants") + f"?site=03&sort=duration&after={following}").content.decode()
    assert "First page" in second


DAY_0 = date(2026, 3, 2)


def test_a_lane_is_drawn_on_the_scale_of_the_list_and_told_in_words() -> None:
    chart = Chart(
        "01-001", DAY_0 + timedelta(days=50), DAY_0,
        responses=(Span(DAY_0 + timedelta(days=3), DAY_0 + timedelta(days=40), "Response"),
                   Span(DAY_0 + timedelta(days=3), DAY_0 + timedelta(days=20), "Complete response"),
                   Span(DAY_0 + timedelta(days=45), None, "Not yet confirmed", provisional=True)),
        doses=(Instant(DAY_0, "1"), Instant(DAY_0 + timedelta(days=14), "0.5")),
        bleeds=(Span(DAY_0, DAY_0, "1"),), rescues=(Span(DAY_0 + timedelta(days=49), None, "ivig"),),
    )  # fmt: skip
    root = ElementTree.fromstring(lane(chart, 100))
    space = "{http://www.w3.org/2000/svg}"
    heights = [rect.get("height") for rect in root.iter(f"{space}rect")]
    assert heights[:3] == ["6", "12", "6"], "thin, thick, and an outline"
    assert [rect.get("stroke-dasharray") for rect in root.iter(f"{space}rect")][:3] == [None, None, "3 2"]
    assert len(list(root.iter(f"{space}polygon"))) == 2
    assert float(str(next(root.iter(f"{space}line")).get("x2"))) == pytest.approx(130)
    said = str(root.get("aria-label"))
    assert said == words(chart)
    for part in ("2 doses", "response 05 Mar 2026 to 11 Apr 2026", "not yet confirmed", "1 bleeding entries", "1 rescues"):
        assert part in said
    assert lane(Chart("x", DAY_0), 100) == ""
    assert words(Chart("x", DAY_0, DAY_0, doses=(Instant(DAY_0, "1"),))) == "1 dose, no response"
