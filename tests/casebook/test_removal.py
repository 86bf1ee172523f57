"""Nothing is deleted: an entry made by mistake is removed with a reason, counts nowhere, and can be put back."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.urls import reverse
from django.utils import timezone

from casebook import actions, selectors
from casebook.models import FormRecord
from itp_trial.models import AuditEntry
from itp_trial.refusal import Refused
from responses.models import ResponseSummary

pytestmark = pytest.mark.django_db


@pytest.fixture
def rescue(universe: Any) -> FormRecord:
    """A rescue of the responder entered for the wrong child: it makes her a failure until it is removed."""
    day = universe.today
    answers = {
        "kind": "corticosteroid",
        "started_on": day,
        "ongoing": "N",
        "ended_on": day,
        "dose": "2 mg/kg",
        "why": "Low count",
    }
    saved = universe.clinic().log(universe.responder, "rescue", **answers)
    return saved.record


def state_of(child: Any) -> str:
    return ResponseSummary.objects.get(pk=child.pk).state


def test_a_removed_rescue_no_longer_decides(universe: Any, rescue: FormRecord) -> None:
    assert state_of(universe.responder) != "R"
    actions.remove_record(record=rescue, reason="Entered for the wrong child", by=universe.clara)
    assert state_of(universe.responder) == "R"
    actions.restore_record(record=rescue, reason="It was this child after all", by=universe.clara)
    assert state_of(universe.responder) != "R"


def test_it_is_out_of_lists_and_exports_and_in_the_trail(
    universe: Any, rescue: FormRecord, client_of: Callable[..., Any]
) -> None:
    export = reverse("casebook-csv", args=[universe.responder.pk]) + "?purpose=monitoring"
    assert str(rescue.pk) in client_of(universe.milo).get(export).content.decode()
    actions.remove_record(record=rescue, reason="Entered for the wrong child", by=universe.clara)
    assert str(rescue.pk) not in client_of(universe.milo).get(export).content.decode()
    assert rescue not in selectors.log_records(universe.responder)
    assert selectors.removed_records(universe.responder) == [rescue]
    entry = AuditEntry.objects.filter(record=rescue.pk).latest("pk")
    assert entry.new["removed_why"] == entry.reason == "Entered for the wrong child"


def test_the_page_offers_both_ways(universe: Any, rescue: FormRecord, client_of: Callable[..., Any]) -> None:
    client, page = client_of(universe.clara), reverse("record", args=[rescue.pk])
    assert "Entered by mistake?" in client.get(page).content.decode()
    client.post(reverse("remove-record", args=[rescue.pk]), {"reason": "Wrong child"})
    text = client.get(page).content.decode()
    assert "Removed from the casebook" in text
    assert "Wrong child" in text
    assert "Wrong child" in client.get(reverse("visits", args=[universe.responder.pk])).content.decode()
    client.post(reverse("restore-record", args=[rescue.pk]), {"reason": "Right child"})
    assert FormRecord.objects.filter(pk=rescue.pk).exists()


def test_a_removed_entry_takes_no_answers(universe: Any, rescue: FormRecord) -> None:
    actions.remove_record(record=rescue, reason="Wrong child", by=universe.clara)
    with pytest.raises(Refused, match="was removed"):
        universe.fill(rescue, universe.clara, ended_on=universe.today)


@pytest.mark.parametrize("reason", ["", "   "])
def test_both_need_a_reason(universe: Any, rescue: FormRecord, reason: str) -> None:
    with pytest.raises(Refused, match="say why"):
        actions.remove_record(record=rescue, reason=reason, by=universe.clara)
    with pytest.raises(Refused, match="say why"):
        actions.restore_record(record=rescue, reason=reason, by=universe.clara)


def test_what_the_schedule_expects_is_answered_not_removed(universe: Any) -> None:
    count = universe.record(universe.responder, "blood-count", "D3")
    with pytest.raises(Refused, match="belongs to the schedule"):
        actions.remove_record(record=count, reason="No", by=universe.clara)


def test_an_unscheduled_count_may_be_removed(universe: Any) -> None:
    """The child's confirming count is gone, so is the confirmed response."""
    count = universe.record(universe.responder, "blood-count", "UNS")
    actions.remove_record(record=count, reason="Another child's slip", by=universe.clara)
    assert state_of(universe.responder) == "PENDING_CONFIRMATION"


def test_a_lot_whose_bags_were_given_stays(universe: Any) -> None:
    lot = FormRecord.objects.filter(form="lot", site=universe.s1).first()
    with pytest.raises(Refused, match="used in another form"):
        actions.remove_record(record=lot, reason="Never came", by=universe.pia)


def test_of_two_people_one_is_faster(universe: Any, rescue: FormRecord) -> None:
    seen_by_both = FormRecord.objects.get(pk=rescue.pk)
    actions.remove_record(record=rescue, reason="Wrong child", by=universe.clara)
    with pytest.raises(Refused, match="was faster"):
        actions.remove_record(record=seen_by_both, reason="Wrong child", by=universe.ines)


def test_the_next_entry_gets_the_next_number(universe: Any, rescue: FormRecord) -> None:
    actions.remove_record(record=rescue, reason="Wrong child", by=universe.clara)
    assert actions.add_log_record(participant=universe.responder, form="rescue", by=universe.clara).repeat == 2
    assert timezone.now() > FormRecord.everything.get(pk=rescue.pk).removed_at
