"""The work list: what becomes a deviation first stands on top, with the reason and the working days in words."""

from __future__ import annotations

import json
from datetime import date, timedelta
from typing import Any

import pytest
from django.urls import reverse

from casebook import selectors
from casebook.models import Participant, Visit
from casebook.planning import plan_date
from casebook.selectors import Due
from casebook.workdays import working_days
from tests.conformance.document import Document


@pytest.mark.parametrize(
    ("first", "last", "count", "estimated"),
    [
        (date(2026, 11, 22), date(2026, 11, 26), 5, False),  # Sunday to Thursday
        (date(2026, 11, 26), date(2026, 11, 29), 2, False),  # over Friday and Saturday
        (date(2026, 11, 27), date(2026, 11, 28), 0, False),
        (date(2026, 11, 26), date(2026, 11, 26), 1, False),
        (date(2026, 11, 26), date(2026, 11, 25), 0, False),
        (date(2026, 4, 12), date(2026, 4, 13), 1, False),  # the Spring Festival on a Monday
        (date(2028, 2, 20), date(2028, 3, 5), None, True),  # Eid al-Fitr, as far as it can be known
    ],
)
def test_working_days(first: date, last: date, count: int | None, estimated: bool) -> None:
    found = working_days(first, last)
    assert found.estimated == estimated
    assert count is None or found.count == count
    assert ("estimated" in str(found)) == estimated


def due(code: str, opens: int, closes: int, today: int, number: str = "S01-001") -> Due:
    days = {name: date(2026, 11, day) for name, day in (("opens", opens), ("target", opens), ("closes", closes))}
    visit = Visit(code=code, participant=Participant(screening_number=number), **days)
    now = date(2026, 11, today)
    return Due(visit, visit.window.state(now, done=False), visit.window.days_outside(now), now)


def test_sorted_by_consequence() -> None:
    late, dose = due("M1", 1, 10, 15), due("M2", 10, 26, 15)
    count, sooner = due("D3", 10, 26, 15), due("D3", 10, 17, 15)
    assert sorted([count, dose, sooner, late], key=lambda one: one.order) == [late, sooner, dose, count]
    assert late.why == "The dose is a deviation already: the window closed 5 days ago."
    assert sooner.why == "The visit becomes a deviation after 17 Nov: 3 working days left."
    assert due("D3", 20, 22, 15).why == "Opens on 20 Nov; 1 working day in its window."


def test_what_was_agreed_for_a_later_day_waits_for_it_until_it_is_late() -> None:
    agreed = due("M2", 10, 26, 15)
    agreed.visit.planned_on, agreed.visit.planned_why = date(2026, 11, 24), "Holiday of the family"
    assert agreed.is_put_off
    assert agreed.why.startswith("Agreed for 24 Nov (Holiday of the family). The dose becomes a deviation after 26 Nov")
    for today in (24, 27):
        later = due("M2", 10, 26, today)
        later.visit.planned_on = date(2026, 11, 24)
        assert not later.is_put_off


def test_put_off_on_the_page(universe: Any, client_of: Any) -> None:
    """The ways out of a row lead to where each is recorded; a day to come takes the row to the next days."""
    clara, visit = client_of(universe.clara), Visit.objects.get(participant=universe.untreated, code="LOAD")
    ways = {a.attrs["data-key"]: a.attrs["href"] for a in Document(clara.get(reverse("work-list")).content.decode()).all("a")
            if "data-key" in a.attrs and (str(visit.pk) in a.attrs["href"] or "identity" in a.attrs["href"])}  # fmt: skip
    assert ways["s"] == f"{reverse('visits', args=[visit.participant_id])}#plan-{visit.pk}"
    assert ways["d"] == f"{reverse('visit', args=[visit.pk])}#elsewhere"
    assert ways["c"].startswith("/participants/")
    lanes = selectors.work_list(Participant.objects.all(), universe.today)
    assert visit in [row.visit for row in lanes["now"]]
    plan_date(visit=visit, on=universe.today + timedelta(days=1), reason="The child has a cold", by=universe.clara)
    lanes = selectors.work_list(Participant.objects.all(), universe.today)
    assert visit not in [row.visit for row in lanes["now"]]
    [row] = [row for row in lanes["soon"] if row.visit == visit]
    assert "The child has a cold" in row.why
    milo = client_of(universe.milo).get(reverse("work-list")).content.decode()
    assert 'data-key="c"' not in milo, "who only reads finds no way to act"


def test_the_bar_holds_today_wherever_it_lies() -> None:
    for today in (1, 10, 15, 20, 28):
        bar = due("D3", 10, 20, today).bar
        assert all(0 <= place <= 100 for place in bar.values())
        assert bar["opens"] < bar["closes"]
    assert due("D3", 10, 10, 10).bar["width"] == 2, "a window of one day is seen too"


def test_the_page(universe: Any, client_of: Any) -> None:
    client = client_of(universe.otto)
    record = universe.record(universe.foreign, "blood-count", "D13")
    body = {"version": 0, "base": {"platelets": ""}, "typed": {"platelets": "58"}}
    client.post(reverse("draft", args=[record.pk]), json.dumps(body), "application/json")
    page = Document(client.get(reverse("work-list")).content.decode())
    titles = [" ".join(h.text.split()) for h in page.all("h2")]
    lanes = ["Safety clocks", "Typed, not saved (1)", "Today", "Late (1)", "Next 7 days", "To answer", "To fix", "Stock"]
    assert [title.startswith(lane) for title, lane in zip(titles, lanes, strict=False)] == [True] * len(lanes)
    assert "1 typed and not saved" in page.text
    assert "1 is late" in page.text
    assert next(s.attrs["aria-label"] for s in page.all("svg")).startswith("Opens ")
    hrefs = [a.attrs["href"] for a in page.all("a")]
    assert f"/visits/{record.visit_id}/#form-blood-count" in hrefs


def test_nobody_reads_the_drafts_of_others(universe: Any, client_of: Any) -> None:
    assert selectors.drafts_by(universe.omar, Participant.objects.all()) == []
