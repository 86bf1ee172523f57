"""Two people, two tabs, two clicks: nobody's answers are overwritten unseen, and nothing is stored twice."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from django.urls import reverse

from casebook.models import FormRecord
from dosing.crfs import Bag, InfusionBag
from itp_trial.models import AuditEntry, IdempotencyKey
from tests.conformance.document import Document
from tests.input.conftest import Desk, at, count_of
from tests.strategies import as_posted


@pytest.fixture
def two(universe: Any, desk: Desk, desk_of: Any) -> tuple[Desk, Desk]:
    """Clara and Ines with the same form open."""
    return desk, desk_of(universe.ines, desk.record)


@pytest.mark.row("C1")
class TestTwoPeopleOneForm:
    """C1: the second one sees both values, loses nothing, and decides."""

    def test_the_second_sees_both_values(self, two: tuple[Desk, Desk], day: date) -> None:
        clara, ines = two
        assert clara.post(count_of(day, platelets="85")).status_code == 302
        answer = ines.post(count_of(day, platelets="58", haemoglobin="10.1"))
        assert answer.status_code == 409
        page = Document(answer.content.decode())
        [table] = [e for e in page.all("table") if "Stored now" in e.text]
        rows = [[cell.text for cell in row.children if not isinstance(cell, str)] for row in table.descendants("tr")]
        assert ["Platelets", "85 ×10⁹/L", "58 ×10⁹/L"] in rows
        assert ["Haemoglobin", "11.8 g/dL", "10.1 g/dL"] in rows
        assert len(rows) == 3, "only what differs"
        assert "Clara Naguib saved this form while you had it open" in page.text

    def test_the_stored_answer_is_the_first_and_the_page_holds_the_second(self, two: tuple[Desk, Desk], day: date) -> None:
        clara, ines = two
        clara.post(count_of(day, platelets="85"))
        answer = ines.post(count_of(day, platelets="58"))
        assert clara.stored["platelets"] == Decimal(85)
        assert clara.record.version == 1
        assert ines.typed(answer, "platelets") == "58"

    def test_saving_again_works_with_a_reason(self, two: tuple[Desk, Desk], day: date) -> None:
        clara, ines = two
        clara.post(count_of(day, platelets="85"))
        page = Document(ines.post(count_of(day, platelets="58")).content.decode())
        assert page.value("record-version") == "1", "the page now knows the version that it showed"
        again = count_of(day, platelets=page.value("platelets"), **{"record-version": page.value("record-version")})
        assert ines.post(again).status_code == 422, "it replaces a stored answer, so it says why"
        assert ines.post({**again, "change-reason": "source"}).status_code == 302
        assert ines.stored["platelets"] == Decimal(58)
        assert [entry.actor_name.split()[0] for entry in trail(clara.record)] == ["Clara", "Ines"]

    def test_another_field_of_the_same_form_is_a_conflict_too(self, two: tuple[Desk, Desk], day: date) -> None:
        clara, ines = two
        clara.post(count_of(day))
        assert ines.post(count_of(day, leukocytes="8")).status_code == 409

    @pytest.mark.row("C2")
    def test_two_tabs_of_one_person_are_two_people(self, desk: Desk, day: date) -> None:
        assert desk.post(count_of(day, platelets="85")).status_code == 302
        assert desk.post(count_of(day, platelets="58")).status_code == 409

    def test_the_api_tells_version_and_differences(self, two: tuple[Desk, Desk], day: date) -> None:
        clara, ines = two
        clara.post(count_of(day, platelets="85"))
        answer = ines.put(done="Y", taken_at=at(day), platelets="58", quality="good", bleeding="0", haemoglobin="11.8")
        assert answer.status_code == 409
        assert answer.json()["version"] == 1
        assert answer.json()["differences"] == [{"label": "Platelets", "theirs": "85 ×10⁹/L", "yours": "58 ×10⁹/L"}]

    def test_rows_are_compared_as_well(self, universe: Any, desk_of: Any) -> None:
        """Else the second person would take away the first one's bags without having seen them."""
        lot = FormRecord.objects.get(site=universe.s1, form="lot")
        first, second = desk_of(universe.pia, lot), desk_of(universe.pia, lot)
        page = as_posted(first.client.get(first.url).context["form"])
        new = int(page["bags-count"]) - 1
        assert first.post({**page, f"bags-{new}-label": "NEW", f"bags-{new}-volume_ml": "100"}).status_code == 302
        answer = second.post({**page, f"bags-{new}-label": "OTHER", f"bags-{new}-volume_ml": "90"})
        assert answer.status_code == 409
        [difference] = [d for d in answer.context["stale"].differences if d.label == "Bags"]
        assert "NEW" in difference.theirs
        assert "OTHER" in difference.yours


class TestTheSamePostTwice:
    """C4, C4b: a double click is one save; a key for something else is an error of the sender."""

    @pytest.mark.row("C4")
    def test_a_double_click_is_one_save(self, desk: Desk, day: date) -> None:
        posted = count_of(day, **{"idempotency-key": "one"})
        answers = [desk.post(posted) for _ in range(3)]
        assert [answer.status_code for answer in answers] == [302, 302, 302]
        assert desk.record.version == 1
        assert len(trail(desk.record)) == 1

    @pytest.mark.row("C4b")
    def test_the_key_with_other_contents_is_409(self, desk: Desk, day: date) -> None:
        desk.post(count_of(day, **{"idempotency-key": "one"}))
        answer = desk.post(count_of(day, platelets="58", **{"idempotency-key": "one"}))
        assert answer.status_code == 409
        assert "already sent with other contents" in answer.content.decode()
        assert desk.stored["platelets"] == Decimal(85)

    @pytest.mark.row("C4b")
    def test_the_key_at_another_address_is_409(self, universe: Any, desk: Desk, desk_of: Any, day: date) -> None:
        posted = count_of(day, **{"idempotency-key": "one"})
        desk.post(posted)
        other = desk_of(universe.clara, universe.record(universe.responder, "blood-count", "D13"))
        assert other.post(posted).status_code == 409
        assert other.record.version == 0

    def test_the_key_of_another_person_is_another_key(self, two: tuple[Desk, Desk], day: date) -> None:
        clara, ines = two
        clara.post(count_of(day, **{"idempotency-key": "one"}))
        assert ines.post(count_of(day, **{"idempotency-key": "one"})).status_code == 409
        assert IdempotencyKey.objects.filter(key="one").count() == 1, "the refused save gave its key back"

    def test_a_refused_form_gives_its_key_back(self, desk: Desk, day: date) -> None:
        assert desk.post(count_of(day, platelets="abc", **{"idempotency-key": "one"})).status_code == 422
        assert desk.post(count_of(day, platelets="85", **{"idempotency-key": "one"})).status_code == 302

    @pytest.mark.parametrize("key", ["", "k" * 64, "k" * 5000, "ключ", "a\x00b", "'; DROP TABLE x; --"])
    def test_any_key_is_only_a_key(self, desk: Desk, day: date, key: str) -> None:
        assert desk.post(count_of(day, **{"idempotency-key": key})).status_code == 302
        assert desk.record.version == 1

    @pytest.mark.row("C4")
    def test_an_action_is_done_once(self, universe: Any, client_of: Any) -> None:
        client = client_of(universe.clara)
        url = reverse("add-log", args=[universe.responder.pk, "rescue"])
        answers = [client.post(url, {"idempotency-key": "one"}) for _ in range(3)]
        assert len({answer.headers["Location"] for answer in answers}) == 1, "each click leads to the one new form"
        assert universe.responder.records.filter(form="rescue").count() == 1

    @pytest.mark.row("C4")
    def test_the_api_replays_its_first_answer(self, desk: Desk, day: date) -> None:
        answers = {n: t for n, t in count_of(day).items() if n != "record-version"}
        body = {"version": 0, "answers": answers}
        first, second = (
            desk.client.put(desk.api, body, "application/json", headers={"Idempotency-Key": "one"}) for _ in range(2)
        )
        assert (first.status_code, second.status_code) == (200, 200)
        assert first.json() == second.json()
        assert desk.record.version == 1
        changed = {**body, "answers": {**answers, "platelets": "58"}}
        third = desk.client.put(desk.api, changed, "application/json", headers={"Idempotency-Key": "one"})
        assert third.status_code == 409


class TestBags:
    """A bag is given once: within a form, between two forms, and also if somebody was faster."""

    @pytest.fixture
    def infusion(self, universe: Any, desk_of: Any) -> Desk:
        return desk_of(universe.clara, universe.record(universe.untreated, "infusion", "LOAD"))

    @pytest.fixture
    def free(self, universe: Any) -> list[Bag]:
        return list(Bag.objects.filter(crf__record__site=universe.s1, given=None).order_by("label"))

    def given(self, day: date, *bags: Bag, **more: str) -> dict[str, str]:
        rows = {f"bags-{i}-{name}": text for i, bag in enumerate(bags)
                for name, text in (("bag", str(bag.pk)), ("volume_ml", "50"))}  # fmt: skip
        usual = {
            "weight_kg": "18",
            "weight_on": f"{day:%d/%m/%Y}",
            "started_at": at(day, "00:10"),
            "stopped_at": at(day, "00:40"),
        }
        return {"record-version": "0", "bags-count": str(len(bags)), **usual, **rows, **more}

    def test_twice_in_one_form_is_shown_at_its_line(self, infusion: Desk, free: list[Bag], day: date) -> None:
        answer = infusion.post(self.given(day, free[0], free[0]))
        assert answer.status_code == 422
        assert answer.context["form"].errors["bags-1-bag"] == ["This stands in another line already."]

    def test_a_bag_that_was_given_is_not_offered_any_more(self, universe: Any, infusion: Desk, day: date) -> None:
        used = Bag.objects.filter(crf__record__site=universe.s1, given__isnull=False).first()
        answer = infusion.post(self.given(day, used))
        assert answer.status_code == 422
        assert answer.context["form"].errors["bags-0-bag"] == ["Please choose one of the entries in the list."]

    @pytest.mark.row("A3")
    def test_a_bag_of_another_site_is_not_offered(self, universe: Any, infusion: Desk, day: date) -> None:
        other = Bag.objects.filter(crf__record__site=universe.s2).first()
        answer = infusion.post(self.given(day, other))
        assert answer.context["form"].errors["bags-0-bag"] == ["Please choose one of the entries in the list."]

    def test_more_than_the_bag_holds_cannot_be_given(self, infusion: Desk, free: list[Bag], day: date) -> None:
        answer = infusion.post(self.given(day, free[0], **{"bags-0-volume_ml": "900"}))
        assert "more cannot be given" in answer.context["form"].errors["bags-0-volume_ml"][0]

    def test_a_bag_that_was_given_stays_in_its_lot(self, universe: Any, desk_of: Any) -> None:
        used = InfusionBag.objects.filter(crf__record__site=universe.s1).first().bag
        desk = desk_of(universe.pia, used.crf.record)
        posted = as_posted(desk.client.get(desk.url).context["form"])
        line = next(n.removesuffix("id") for n, t in posted.items() if t == str(used.pk))
        answer = desk.post({**posted, f"{line}label": "", f"{line}volume_ml": "", "change-reason": "typing"})
        assert answer.status_code == 422
        assert "is used in another form and has to stay" in answer.content.decode()
        assert Bag.objects.filter(pk=used.pk).exists()

    def test_two_bags_of_a_lot_have_two_labels(self, universe: Any, desk_of: Any) -> None:
        lot = FormRecord.objects.get(site=universe.s1, form="lot")
        desk = desk_of(universe.pia, lot)
        posted = as_posted(desk.client.get(desk.url).context["form"])
        new = int(posted["bags-count"]) - 1
        answer = desk.post({**posted, f"bags-{new}-label": posted["bags-0-label"], f"bags-{new}-volume_ml": "100"})
        assert answer.context["form"].errors == {f"bags-{new}-label": ["This stands in another line already."]}


def trail(record: FormRecord) -> list[AuditEntry]:
    return list(AuditEntry.objects.filter(table_name=record.crf_class._meta.db_table, row=str(record.pk)).order_by("pk"))
