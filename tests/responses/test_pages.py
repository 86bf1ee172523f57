"""The cohort list and the dashboard of a participant: what they say, who sees them, and what they cost."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from casebook.models import Participant
from dosing.actions import end_treatment
from enrollment.actions import start_screening
from responses.selectors import responses

#: Of a physician, who also sees what was corrected and asked since the last look, and what waits for a signature.
MOST_QUERIES = 17


def page(client: Any, participant: Participant) -> str:
    answer = client.get(reverse("participant", args=[participant.pk]))
    assert answer.status_code == 200
    return answer.content.decode()


def queries(client: Any, url: str) -> int:
    """What a page asks, besides the note in the access log that somebody looked."""
    client.get(url)
    with CaptureQueriesContext(connection) as captured:
        assert client.get(url).status_code == 200
    return sum(not query["sql"].startswith("INSERT INTO itp_trial_accessentry") for query in captured)


def test_the_dashboard_answers_state_since_when_and_why(universe: Any, client_of: Callable[[Any], Any]) -> None:
    html = page(client_of(universe.clara), universe.responder)
    on = universe.today - timedelta(days=8)
    for words in (
        f"since {on:%d %b %Y}, confirmed", "◆</span> Response",
        "60 and 70 ×10⁹/L, 7 days apart", "baseline 12", "What would change it", "R14",
        "assumption", "Next dose", "Loading dose", "= 2 x baseline", "18 kg", "6 years", "Data as of", "S0M0O0",
    ):  # fmt: skip
        assert words in html
    for form in ("blood-count", "infusion"):
        found = universe.responder.records.filter(form=form, visit__code__in=("LOAD", "D3"), version__gt=0).first()
        assert reverse("record", args=[found.pk]) in html


def test_the_page_has_one_h1_and_no_inline_style(universe: Any, client_of: Callable[[Any], Any]) -> None:
    html = page(client_of(universe.clara), universe.responder)
    assert html.count("<h1") == 1
    assert " style=" not in html


@pytest.mark.parametrize("name", ["responder", "screening", "untreated"])
def test_the_dashboard_stays_within_its_queries(universe: Any, client_of: Callable[[Any], Any], name: str) -> None:
    client = client_of(universe.ines)
    assert queries(client, reverse("participant", args=[getattr(universe, name).pk])) <= MOST_QUERIES


def test_the_cohort_costs_the_same_for_few_and_for_many(universe: Any, client_of: Callable[[Any], Any]) -> None:
    client = client_of(universe.clara)
    few = queries(client, reverse("participants"))
    for _ in range(15):
        start_screening(site=universe.s1, by=universe.clara)
    assert queries(client, reverse("participants")) == few <= 9


def test_empty_states_speak_to_people(universe: Any, client_of: Callable[[Any], Any]) -> None:
    html = page(client_of(universe.clara), universe.screening)
    for words in ("No blood count yet. The first one belongs to the loading visit.", "No dose can be planned before enrolment",
                  "No consent form yet", "No adverse event was entered", "Not evaluable"):  # fmt: skip
        assert words in html


def test_an_enrolled_child_without_dose_sees_the_loading_dose(universe: Any, client_of: Callable[[Any], Any]) -> None:
    html = page(client_of(universe.clara), universe.untreated)
    assert "<strong>Loading dose</strong>, 1.0 g/kg" in html
    assert "No weight yet" in html


def test_another_site_is_not_found(universe: Any, client_of: Callable[[Any], Any]) -> None:
    client = client_of(universe.otto)
    assert client.get(reverse("participant", args=[universe.responder.pk])).status_code == 404
    assert universe.responder.number not in client.get(reverse("participants")).content.decode()


def test_the_administrator_sees_no_clinical_data(universe: Any, client_of: Callable[[Any], Any]) -> None:
    client = client_of(universe.adam)
    assert client.get(reverse("participants")).status_code == 403
    assert client.get(reverse("participant", args=[universe.responder.pk])).status_code == 403


def test_only_the_investigator_is_offered_the_end_of_maintenance(universe: Any, client_of: Callable[[Any], Any]) -> None:
    url = reverse("end-treatment", args=[universe.responder.pk])
    assert url in page(client_of(universe.ines), universe.responder)
    assert url not in page(client_of(universe.clara), universe.responder)
    assert url not in page(client_of(universe.ines), universe.untreated)


def test_after_the_end_of_maintenance_the_reason_stands_there(universe: Any, client_of: Callable[[Any], Any]) -> None:
    end_treatment(participant=universe.responder, reason="Complete remission", by=universe.ines)
    html = page(client_of(universe.ines), universe.responder)
    assert "No further dose (maintenance ended)" in html
    assert "The physician ended maintenance: Complete remission" in html
    assert "Released lots" not in html


@pytest.mark.parametrize(
    ("query", "seen"),
    [("", 3), ("?response=R", 1), ("?state=screening", 1), ("?site=01", 3), ("?site=02", 0), ("?site=%00x", None)],
)
def test_the_cohort_filters_and_says_n_of_n(universe: Any, client_of: Callable[[Any], Any], query: str, seen: int | None) -> None:
    answer = client_of(universe.clara).get(reverse("participants") + query)
    if seen is None:
        assert answer.status_code == 400
        return
    assert f"<strong>{seen} of 3</strong>" in answer.content.decode()


def test_the_cohort_shows_state_count_doses_and_next_visit(universe: Any, client_of: Callable[[Any], Any]) -> None:
    html = client_of(universe.milo).get(reverse("participants") + "?response=R").content.decode()
    for words in ("Response", "70", "1 of 6", "steady", "Count day 12-14"):
        assert words in html


def test_safety_bleeding_and_rescue_are_listed(universe: Any, client_of: Callable[[Any], Any]) -> None:
    clinic, child, on = universe.clinic(), universe.responder, universe.today
    started = f"{on - timedelta(days=1)} 10:00"
    clinic.log(child, "adverse-event", term="Headache <script>", started_at=started, ongoing="Y", grade=2, serious="N",
               related="POSSIBLY RELATED", action="DOSE NOT CHANGED", outcome="RECOVERING/RESOLVING")  # fmt: skip
    clinic.log(child, "bleeding-episode", site_of_bleeding="epistaxis", started_on=on, ongoing="Y", peak_grade=2,
               evidence="seen")  # fmt: skip
    clinic.log(child, "rescue", kind="corticosteroid", started_on=on, ongoing="Y", dose="1 mg/kg", why="Nose bleed")
    html = page(client_of(universe.clara), child)
    for words in (
        "Headache &lt;script&gt;",
        "Response lost",
        ": bleeding started",
        "New or increased corticosteroid",
        "grade 2",
        "goes on",
        "Nose bleed",
    ):
        assert words in html
    assert "<script>" not in html


def test_the_stored_responses_come_in_one_query(universe: Any, django_assert_num_queries: Any) -> None:
    with django_assert_num_queries(1):
        rows = {row["number"]: row for row in responses(Participant.objects.all())}
    row = rows[universe.responder.number]
    assert (row["best_response"], row["state"], row["site"]) == ("R", "R", "01")
    assert row["response_from"] == (universe.today - timedelta(days=8)).isoformat()
    assert (row["duration_days"], row["duration_months"], row["response_end_how"]) == (7, "0.23", "censored")
    nobody = rows[universe.screening.number]
    assert (nobody["best_response"], nobody["since"], nobody["duration_days"]) == ("NE", None, None)
