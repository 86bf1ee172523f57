"""The page of a visit: all its forms in ward order, what is left, what was answered before, and the way back to it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.urls import reverse

from casebook.actions import add_log_record, add_unscheduled_visit
from casebook.models import FormRecord, Visit
from casebook.selectors import RECORDS
from casebook.stored import stored_forms
from itp_trial.schedule import VISITS
from tests.conformance.document import Document
from tests.input.conftest import count_of


@pytest.fixture
def visit(universe: Any) -> Visit:
    return Visit.objects.get(participant=universe.untreated, code="LOAD")


@pytest.fixture
def page_of(universe: Any, client_of: Any) -> Any:
    return lambda visit: Document(client_of(universe.clara).get(reverse("visit", args=[visit.pk])).content.decode())


def in_visit(visit: Visit, form: str) -> FormRecord:
    return RECORDS.get(visit=visit, form=form)


def address(record: FormRecord) -> str:
    return f"{reverse('record', args=[record.pk])}?visit={record.visit_id}"


def test_every_form_of_the_schedule_stands_there_in_its_order(visit: Visit, page_of: Any) -> None:
    page = page_of(visit)
    shown = [e.attrs["id"].removeprefix("form-") for e in page.all("article")]
    assert shown == list(VISITS["LOAD"].forms)
    for article in page.all("article"):
        [form] = [f for f in article.descendants("form") if "data-record" in f.attrs]
        assert f"?visit={visit.pk}" in form.attrs["action"], "without a script each form posts by itself"


def test_no_id_stands_twice_and_every_control_has_a_name(visit: Visit, page_of: Any) -> None:
    page = page_of(visit)
    ids = [e.attrs["id"] for e in page.elements if "id" in e.attrs]
    assert sorted(ids) == sorted(set(ids))
    assert [e.attrs for e in page.controls() if not page.accessible_name(e)] == []


def test_the_rail_counts_what_is_left_in_words(universe: Any, visit: Visit, page_of: Any) -> None:
    rail = page_of(visit).by_id("rail-blood-count")
    assert "○ not started, 1 question Sample ○ 1 leftResults – not asked" in " ".join(rail.text.split())
    universe.fill(in_visit(visit, "blood-count"), universe.clara, done="Y", quality="good", platelets=12)
    rail = " ".join(page_of(visit).by_id("rail-blood-count").text.split())
    assert "Results ○ 1 left" in rail, "haemoglobin"
    assert "Bleeding ○ 1 left" in rail
    assert "◐ 3 left" in rail


def test_the_foot_says_what_the_visit_waits_for(universe: Any, visit: Visit, page_of: Any) -> None:
    day = universe.untreated.enrolled_on
    universe.fill(in_visit(visit, "blood-count"), universe.clara, **{n: t for n, t in count_of(day).items() if n[0] != "r"})
    said = page_of(visit).by_id("visit-sum").text
    assert said.startswith("Visit complete except: Bleeding assessment (ITP-BAT) (not started")
    assert "Blood count" not in said


def test_values_of_the_last_three_visits_stand_beside_the_input(universe: Any, page_of: Any) -> None:
    clinic, child, today = universe.clinic(), universe.responder, universe.today
    for days, count in ((6, 41), (5, 42), (4, 43)):
        clinic.extra_count(child, today - timedelta(days=days), count)
    visit = add_unscheduled_visit(participant=child, on=today, forms=["blood-count"], by=universe.clara)
    field = page_of(visit).by_id("field-blood-count-platelets")
    [earlier] = [e for e in field.descendants("p") if e.attrs.get("class") == "earlier"]
    assert [word for word in earlier.text.split() if word in ("60", "70", "41", "42", "43")] == ["42", "43", "70"], "oldest first"


def test_what_was_entered_since_the_last_visit_is_listed(universe: Any, page_of: Any) -> None:
    event = add_log_record(participant=universe.untreated, form="adverse-event", by=universe.clara)
    visit = Visit.objects.get(participant=universe.untreated, code="LOAD")
    since = page_of(visit).by_id("since")
    assert reverse("record", args=[event.pk]) + f"?visit={visit.pk}" in [a.attrs["href"] for a in since.descendants("a")]
    assert [b.attrs.get("data-key") for b in since.descendants("button")][:3] == ["1", "2", "3"], "one key each"


class TestSaving:
    """Without a script a form posts by itself and answers with the page of its visit; a script asks for the one form."""

    def test_it_leads_on_to_the_next_form(self, universe: Any, visit: Visit, client_of: Any) -> None:
        record = in_visit(visit, "blood-count")
        answer = client_of(universe.clara).post(address(record), count_of(universe.untreated.enrolled_on))
        assert answer.headers["Location"] == f"/visits/{visit.pk}/#form-bleeding-assessment"

    def test_what_cannot_be_stored_is_shown_on_the_page_of_the_visit(self, universe: Any, visit: Visit, client_of: Any) -> None:
        record = in_visit(visit, "blood-count")
        answer = client_of(universe.clara).post(address(record), {"record-version": "0", "done": "Y", "platelets": "abc"})
        assert answer.status_code == 422
        page = Document(answer.content.decode())
        assert len(page.all("article")) == 3
        assert page.by_id("id_blood-count-platelets").attrs["value"] == "abc"
        assert page.by_id("e-blood-count-platelets") is not None

    def test_a_script_gets_the_one_form(self, universe: Any, visit: Visit, client_of: Any) -> None:
        client, record = client_of(universe.clara), in_visit(visit, "blood-count")
        day = universe.untreated.enrolled_on
        answer = client.post(address(record), count_of(day), headers={"X-Fragment": "1"}, follow=True)
        page = Document(answer.content.decode())
        assert [e.attrs["id"] for e in page.all("article")] == ["form-blood-count"]
        assert page.by_id("rail-blood-count") is not None
        assert "Blood count saved" in page.text
        refused = client.post(address(record), {"record-version": "1", "platelets": "x"}, headers={"X-Fragment": "1"})
        assert refused.status_code == 422
        assert len(Document(refused.content.decode()).all("article", "html")) == 1

    def test_a_log_form_leads_back_to_the_visit(self, universe: Any, visit: Visit, client_of: Any) -> None:
        client = client_of(universe.clara)
        added = client.post(reverse("add-log", args=[universe.untreated.pk, "rescue"]) + f"?visit={visit.pk}")
        assert added.headers["Location"].endswith(f"?visit={visit.pk}")
        whole = {"record-version": "0", "kind": "ivig", "started_on": f"{universe.today:%d/%m/%Y}"}
        record = FormRecord.objects.get(pk=added.headers["Location"].split("/")[2])
        crf = record.crf_class
        posted = {**dict.fromkeys(crf.asked_items(), "~UNK"), **whole}
        saved = client.post(added.headers["Location"], posted)
        assert saved.status_code == 302, saved.context["form"].errors
        assert saved.headers["Location"].startswith(f"/visits/{visit.pk}/")

    @pytest.mark.parametrize("named", ["nonsense", "00000000-0000-0000-0000-000000000000", "foreign"])
    def test_a_visit_of_somebody_else_is_not_gone_back_to(self, universe: Any, visit: Visit, client_of: Any, named: str) -> None:
        other = Visit.objects.filter(participant=universe.foreign).first()
        key = other.pk if named == "foreign" else named
        record = in_visit(visit, "blood-count")
        answer = client_of(universe.clara).get(f"{reverse('record', args=[record.pk])}?visit={key}")
        assert answer.status_code == 200
        assert str(other.pk) not in answer.content.decode()


def test_many_stored_forms_are_read_at_once(universe: Any, django_assert_num_queries: Any) -> None:
    records = list(RECORDS.filter(version__gt=0))
    assert len({record.form for record in records}) >= 5
    with django_assert_num_queries(1):
        found = stored_forms(records)
    for record in records:
        one = record.crf()
        assert found[record.pk].answers() == one.answers(), record.form
        assert found[record.pk].missing == one.missing
    assert stored_forms(RECORDS.filter(version=0)) == {}
