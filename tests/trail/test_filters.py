"""Each filter of the trail finds what it says and nothing else; the page is read in pages without an offset."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

import pytest
from django.urls import reverse

from casebook import trail
from casebook.trail import Filters
from demo.builder import sign
from itp_trial.models import AuditEntry
from signatures.matters import Matter
from signatures.models import Scope
from tests.trail.conftest import story

EVENING, NOON = datetime(2026, 6, 1, 17, 30, tzinfo=UTC), datetime(2026, 6, 2, 9, 0, tzinfo=UTC)


def page(client: Any, child: Any, **query: str) -> Any:
    return client.get(f"{reverse('trail', args=[child.pk])}?{urlencode(query)}")


def test_by_kind_form_question_and_person(universe: Any, corrected: Any) -> None:
    corrected(platelets=66, by=universe.ines)
    child = universe.responder
    assert {one.entry.table_name for one in story(child, kind=trail.VISITS)} == {"casebook_visit", "casebook_participant"}
    assert {one.entry.table_name for one in story(child, kind=trail.FORMS)} == {"casebook_formrecord"}
    assert {one.entry.form for one in story(child, form="infusion")} == {"infusion"}
    told = story(child, item="blood-count:platelets")
    assert [one.changes[0].new for one in told] == ["66 ×10⁹/L", "70 ×10⁹/L", "60 ×10⁹/L", "12 ×10⁹/L"]
    assert all(len(one.changes) == 1 for one in told), "nothing else of those entries is shown"
    assert [one.who for one in story(child, item="blood-count:platelets", person=universe.ines.actor_id)] == [
        "Ines Farouk (investigator)"
    ]
    lines = story(child, item="infusion-bags:bag")
    assert {one.entry.table_name for one in lines} == {"dosing_infusionbag"}
    assert story(child, kind="no such kind") == []


def test_by_role(universe: Any, corrected: Any) -> None:
    corrected(platelets=66, by=universe.ines)
    child = universe.responder
    assert story(child, role="investigator")
    assert {one.entry.role for one in story(child, role="investigator")} == {"investigator"}
    assert story(child, role="principal") == []
    assert story(child, role="x' OR true --") == []
    everything = AuditEntry.objects.all()
    assert everything.filter(trail.role_is("system")).exists(), "machines are found by this word"
    assert set(everything.filter(trail.role_is("system")).values_list("role", flat=True)) == {"system"}


def test_by_day_in_cairo(universe: Any, corrected: Any, moved: Any) -> None:
    """22:30 UTC is the next day in Cairo."""
    moved(datetime(2026, 6, 1, 22, 30, tzinfo=UTC))
    corrected(platelets=66)
    june_2 = datetime(2026, 6, 2).date()
    told = story(universe.responder, since=june_2, until=june_2, kind=trail.ANSWERS)
    assert [one.changes[0].new for one in told] == ["66 ×10⁹/L"]
    june_1 = june_2 - timedelta(days=1)
    assert story(universe.responder, since=june_1, until=june_1) == []


@pytest.mark.requirement("RQ-10")
def test_critical_answers_only(universe: Any, corrected: Any) -> None:
    corrected(platelets=66, leukocytes="8.1")
    told = story(universe.responder, critical=True)
    assert {change.label for one in told for change in one.changes} >= {"Platelets", "Bag", "Weight used for the dose"}
    assert all(change.critical for one in told for change in one.changes)
    assert [change.label for change in told[0].changes] == ["Platelets"], "the leukocytes are not critical"


@pytest.mark.requirement("RQ-10")
def test_changed_more_than_once(universe: Any, corrected: Any) -> None:
    corrected(platelets=66, haemoglobin="11.0")
    assert story(universe.responder, repeated=True) == []
    corrected(platelets=67)
    told = story(universe.responder, repeated=True)
    assert [[change.text for change in one.changes] for one in told] == [
        ["Platelets: from 66 to 67 ×10⁹/L"], ["Platelets: from 60 to 66 ×10⁹/L"],
    ]  # fmt: skip
    corrected(leukocytes=None)
    corrected(leukocytes="7.5")
    assert len(story(universe.responder, repeated=True)) == 2, "filling an empty answer changes nothing"


@pytest.mark.requirement("RQ-10")
def test_first_entries_later_than_three_days_after_the_visit(universe: Any, corrected: Any, moved: Any) -> None:
    child = universe.untreated
    visit = child.visits.get(code="LOAD")
    day = visit.target
    counted = {"done": "Y", "taken_at": f"{day} 00:01", "quality": "good", "platelets": 9, "bleeding": "0", "haemoglobin": 11}
    answers = {"blood-count": counted, "bleeding-assessment": {"assessed_on": day, "any_bleeding": "N"}}
    for days, form in ((3, "blood-count"), (4, "bleeding-assessment")):
        moved(datetime(day.year, day.month, day.day, 9, tzinfo=UTC) + timedelta(days=days))
        universe.fill(universe.record(child, form, "LOAD"), universe.clara, **answers[form])
    late = [one for one in story(child, late=True) if one.entry.form in ("blood-count", "bleeding-assessment")]
    assert {one.entry.form for one in late} == {"bleeding-assessment"}
    universe.fill(universe.record(child, "blood-count", "LOAD"), universe.clara, platelets=10)
    assert "blood-count" not in {one.entry.form for one in story(child, late=True)}, "a correction is no late entry"
    universe.fill(universe.record(child, "blood-count", "LOAD"), universe.clara, leukocytes="7")
    assert "blood-count" in {one.entry.form for one in story(child, late=True)}, "an answer that was still empty is one"


@pytest.mark.requirement("RQ-10")
@pytest.mark.parametrize(("hour", "minute", "at_night"), [(16, 59, False), (17, 0, True), (2, 59, True), (3, 0, False)])
def test_unusual_hours_are_those_of_cairo(universe: Any, corrected: Any, moved: Any, hour: int, minute: int,
                                          at_night: bool) -> None:  # fmt: skip
    """20:00 to 06:00; in June Cairo is three hours ahead of UTC."""
    moved(datetime(2026, 6, 2, hour, minute, tzinfo=UTC))
    corrected(platelets=66)
    newest = AuditEntry.objects.filter(table_name="assessments_bloodcount").latest("pk")
    assert AuditEntry.objects.filter(pk=newest.pk).filter(trail.AT_NIGHT).exists() is at_night
    assert (66 in [int(c.new.split()[0]) for one in story(universe.responder, night=True, item="blood-count:platelets")
                   for c in one.changes]) is at_night  # fmt: skip


@pytest.mark.requirement("RQ-10")
def test_after_the_first_signature(universe: Any, corrected: Any) -> None:
    """What changed before it was signed is none of it; what changed after the first signature is, also after the second."""
    corrected(platelets=66)
    assert story(universe.responder, signed=True) == []
    visit = universe.record(universe.responder, "blood-count", "D3").visit
    sign(Matter(Scope.VISIT, universe.responder, visit=visit), universe.ines)
    assert story(universe.responder, signed=True, kind=trail.ANSWERS) == []
    corrected(platelets=67)
    sign(Matter(Scope.VISIT, universe.responder, visit=visit), universe.ines)
    [one] = story(universe.responder, signed=True, kind=trail.ANSWERS)
    assert [change.new for change in one.changes] == ["67 ×10⁹/L"]


@pytest.mark.requirement("RQ-08")
def test_the_page_filters_and_says_so(universe: Any, corrected: Any, client_of: Any) -> None:
    corrected(platelets=66)
    client = client_of(universe.milo)
    html = page(client, universe.responder, item="blood-count:platelets", critical="on").content.decode()
    assert "changed Platelets in Blood count, Count day 3 from 60 to 66 ×10⁹/L." in html
    assert "Reason: Typing error." in html
    assert "planned the visit" not in html
    assert '<option value="blood-count:platelets" selected>' in html
    assert 'id="id_critical" checked' in html
    assert "UTC <time" in html
    assert "No entry of this trail is like that" in page(client, universe.responder, person="nobody").content.decode()


@pytest.mark.parametrize("query", [{"since": "32/13/2026"}, {"until": "soon"}, {"item": "blood-count:no-such"}, {"item": "x"}])
def test_what_cannot_be_read_finds_nothing_and_says_so(universe: Any, client_of: Any, query: dict[str, str]) -> None:
    answer = page(client_of(universe.milo), universe.responder, **query)
    assert answer.status_code == 200
    assert answer.context["told"] == []
    assert "message error" in answer.content.decode()


def test_pages_follow_each_other_and_tell_every_entry_once(
    universe: Any, client_of: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trail.page_of, "__defaults__", (0, 10))
    client, seen, before = client_of(universe.milo), [], "0"
    while before != "":
        answer = page(client, universe.responder, before=before)
        seen += [one.entry.place for one in answer.context["told"]]
        before = str(answer.context["next_place"] or "")
    whole = AuditEntry.objects.filter(chain=str(universe.responder.pk)).count()
    assert seen == list(range(whole, 0, -1))


def test_filters_are_kept_on_the_next_page(universe: Any, client_of: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trail.page_of, "__defaults__", (0, 2))
    answer = page(client_of(universe.milo), universe.responder, kind="answers", form="blood-count")
    assert "kind=answers&amp;form=blood-count&amp;before=" in answer.content.decode()


def test_a_filter_that_is_empty_is_none() -> None:
    read = Filters.read({"since": " ", "until": "", "kind": "", "form": ""})
    assert read == Filters()
    assert not read.is_narrow
    assert Filters.read({"critical": ""}).critical


def test_the_history_of_a_form_and_its_lines_is_told(universe: Any, client_of: Any) -> None:
    record = universe.record(universe.responder, "infusion", "LOAD")
    html = client_of(universe.milo).get(reverse("history", args=[record.pk])).content.decode()
    assert html.count("entered a line of “Bags given” in Infusion, Loading dose:") == 4
    empty = universe.record(universe.untreated, "infusion", "LOAD")
    assert "Nothing was saved in this form yet." in client_of(universe.milo).get(
        reverse("history", args=[empty.pk])).content.decode()  # fmt: skip
