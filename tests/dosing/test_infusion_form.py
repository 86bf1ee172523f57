"""The infusion form: what it computes, what it asks, and what follows from it in the schedule."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.urls import reverse

from casebook.models import FormRecord, Participant, Visit
from demo.builder import NotFilled
from dosing import actions
from dosing.crfs import Bag, Infusion, InfusionBag, usable_bags
from itp_trial.refusal import Refused
from itp_trial.schedule import VISITS
from tests.input.conftest import at


@pytest.fixture
def day(universe: Any) -> date:
    return universe.untreated.enrolled_on


@pytest.fixture
def record(universe: Any) -> FormRecord:
    return universe.record(universe.untreated, "infusion", "LOAD")


@pytest.fixture
def bags(universe: Any) -> list[Bag]:
    """What is left in the freezer of site 01: 45 g of IgG a litre."""
    return list(Bag.objects.filter(crf__record__site=universe.s1, given=None).order_by("-volume_ml", "label"))


def infuse(universe: Any, record: FormRecord, day: date, rows: list[tuple[Bag, Any]], **more: Any) -> Infusion:
    given = [{"bag": bag.pk, "volume_ml": volume} for bag, volume in rows]
    usual = {"weight_kg": 9, "weight_on": day, "started_at": at(day, "00:10"), "stopped_at": at(day, "07:10"),
             "stopped_early": "N", "reaction": "N", "max_rate": 60, "bags": given}  # fmt: skip
    universe.fill(record, universe.clara, **{**usual, **more})
    return Infusion.objects.get(record=record)


def codes(infusion: Infusion) -> set[str]:
    return set(infusion.record.findings.filter(state="open").values_list("code", flat=True))


class TestComputed:
    def test_volume_grams_dose_duration_and_rate(self, universe: Any, record: FormRecord, bags: list[Bag], day: date) -> None:
        found = infuse(universe, record, day, [(bags[0], "100"), (bags[1], "100")])
        assert (found.volume_ml, found.grams, found.g_per_kg) == (Decimal(200), Decimal(9), Decimal(1))
        assert (found.hours, found.mean_rate) == (Decimal(7), Decimal("3.17"))
        assert codes(found) == set(), "the planned dose in the planned time raises nothing"

    def test_they_follow_a_correction(self, universe: Any, record: FormRecord, bags: list[Bag], day: date) -> None:
        infuse(universe, record, day, [(bags[0], "100"), (bags[1], "100")])
        universe.fill(record, universe.clara, **{"bags-1-volume_ml": "20"})
        found = Infusion.objects.get(record=record)
        assert (found.volume_ml, found.grams) == (Decimal(120), Decimal("5.4"))
        assert codes(found) >= {"INF10"}

    def test_a_running_infusion_is_not_judged_yet(self, universe: Any, record: FormRecord, bags: list[Bag], day: date) -> None:
        found = infuse(universe, record, day, [(bags[0], "50")], stopped_at="~NA")
        assert (found.hours, found.mean_rate) == (None, None)
        assert codes(found) == set()

    def test_without_bags_nothing_was_given(self, universe: Any, record: FormRecord, day: date) -> None:
        found = infuse(universe, record, day, [])
        assert (found.volume_ml, found.grams) == (Decimal(0), Decimal(0))
        assert "INF14" in codes(found)

    def test_a_computed_value_is_stored_as_it_was_judged(
        self, universe: Any, record: FormRecord, bags: list[Bag], day: date
    ) -> None:
        """Half a milligram is rounded once, half up."""
        found = infuse(universe, record, day, [(bags[0], "0.1")])
        assert found.grams == Decimal("0.005")


#: What is entered -> the findings that ask about it.
UNUSUAL = {
    "half of the dose": ({"bags": 1}, {"INF10"}),
    "almost nothing": ({"volume": "20"}, {"INF14"}),
    "in less than six hours": ({"stopped_at": "06:00"}, {"INF11"}),
    "very fast": ({"stopped_at": "00:40"}, {"INF11", "INF12"}),
    "stopped early": ({"stopped_at": "06:00", "stopped_early": "Y", "stop_reason": "rash"}, set()),
    "an old weight": ({"weight_on": -40}, {"INF13"}),
}  # fmt: skip


@pytest.mark.parametrize(("change", "expected"), UNUSUAL.values(), ids=UNUSUAL)
def test_an_unusual_infusion_is_stored_and_asked_about(
    universe: Any, record: FormRecord, bags: list[Bag], day: date, change: dict[str, Any], expected: set[str]
) -> None:
    more = {name: value for name, value in change.items() if name in ("stopped_early", "stop_reason")}
    if "stopped_at" in change:
        more["stopped_at"] = at(day, change["stopped_at"])
    if "weight_on" in change:
        more["weight_on"] = day + timedelta(days=change["weight_on"])
    volume = change.get("volume", "100")
    rows = [(bag, volume) for bag in bags[: change.get("bags", 1 if "volume" in change else 2)]]
    assert expected <= codes(infuse(universe, record, day, rows, **more))
    if not expected:
        assert codes(Infusion.objects.get(record=record)) == set()


class TestTheStock:
    """Only bags that may be given are offered: of this site, released, in date, not given before."""

    def offered(self, record: FormRecord) -> set[Bag]:
        return set(usable_bags(FormRecord.objects.get(pk=record.pk), None))

    def test_what_is_offered(self, universe: Any, record: FormRecord, bags: list[Bag]) -> None:
        assert self.offered(record) == set(bags)
        assert not InfusionBag.objects.filter(bag__in=bags).exists()

    @pytest.mark.parametrize(
        "release", [{"released": "N", "released_on": None}, {"released": None, "released_on": None}], ids=["refused", "open"]
    )
    def test_no_bag_of_a_lot_that_is_not_released(self, universe: Any, record: FormRecord, release: dict[str, Any]) -> None:
        before = self.offered(record)
        universe.clinic("01").receive_lot(
            "NEW", volumes=[100], on=universe.today - timedelta(days=3), expires=universe.today + timedelta(days=9), **release
        )
        assert self.offered(record) == before

    def test_no_expired_bag(self, universe: Any, record: FormRecord) -> None:
        before = self.offered(record)
        universe.clinic("01").receive_lot(
            "OLD", volumes=[100], on=universe.today - timedelta(days=90), expires=universe.today - timedelta(days=30)
        )
        assert self.offered(record) == before

    def test_the_chosen_bag_stays_offered_in_its_form(
        self, universe: Any, record: FormRecord, bags: list[Bag], day: date
    ) -> None:
        infuse(universe, record, day, [(bags[0], "100")])
        assert bags[0] in self.offered(record)
        assert bags[0] not in self.offered(universe.record(universe.responder, "infusion", "M1"))


class TestTheSchedule:
    def test_the_loading_dose_brings_counts_and_the_next_dose(
        self, universe: Any, record: FormRecord, bags: list[Bag], day: date
    ) -> None:
        infuse(universe, record, day, [(bags[0], "100"), (bags[1], "100")])
        planned = {visit.code: visit.target for visit in universe.untreated.visits.all()}
        assert planned["D3"] == day + timedelta(days=3)
        assert planned["D13"] == day + timedelta(days=13)
        assert planned["M1"] == day + timedelta(days=21)

    def test_a_corrected_start_moves_them(self, universe: Any, record: FormRecord, bags: list[Bag], day: date) -> None:
        infuse(universe, record, day, [(bags[0], "100")])
        later = {"started_at": at(universe.today, "00:01"), "stopped_at": "~NA", "weight_on": universe.today}
        universe.fill(record, universe.clara, **later)
        assert universe.untreated.visits.get(code="M1").target == universe.today + timedelta(days=21)
        assert universe.untreated.visits.get(code="LOAD").happened_on == universe.today

    def test_an_infusion_without_a_start_plans_nothing(self, universe: Any, record: FormRecord) -> None:
        universe.fill(record, universe.clara, weight_kg=9)
        assert not universe.untreated.visits.filter(code="M1").exists()

    def test_the_fifth_maintenance_dose_ends_treatment(self, universe: Any) -> None:
        """Six doses in 15 weeks; follow-up hangs on the last one, and there is no sixth maintenance dose."""
        clinic, start = universe.clinic("01"), universe.today - timedelta(days=120)
        clinic.receive_lot("MANY", volumes=[100] * 20, on=start - timedelta(days=9), expires=universe.today)
        child = clinic.admit(start)
        for number, code in enumerate(["LOAD", "M1", "M2", "M3", "M4", "M5"]):
            assert child.visits.filter(code=code).exists(), code
            clinic.infuse(child, code, start + timedelta(days=21 * number), 9)
        last = start + timedelta(days=21 * 5)
        child.refresh_from_db()
        assert child.state == "follow_up"
        follow_up = child.visits.filter(code__startswith="FU")
        assert follow_up.count() == 7
        assert follow_up.get(code="FU14").target == last + timedelta(days=14)
        assert follow_up.get(code="FU6").target == last + timedelta(days=180)
        assert Infusion.objects.filter(record__participant=child).count() == 6

    def test_a_dose_outside_the_interval_is_asked_about(self, universe: Any) -> None:
        clinic, start = universe.clinic("01"), universe.today - timedelta(days=60)
        clinic.receive_lot("MANY", volumes=[100] * 8, on=start - timedelta(days=9), expires=universe.today)
        child = clinic.admit(start)
        clinic.infuse(child, "LOAD", start, 9)
        saved = clinic.infuse(child, "M1", start + timedelta(days=40), 9)
        assert "INF15" in {finding.code for finding in saved.open_findings}


class TestEndOfTreatment:
    def test_the_investigator_ends_it_with_a_reason(self, universe: Any, client_of: Any) -> None:
        child = universe.responder
        answer = client_of(universe.ines).post(
            reverse("end-treatment", args=[child.pk]), {"reason": "Complete response"}, follow=True
        )
        assert "Maintenance has ended." in answer.content.decode()
        child.refresh_from_db()
        assert child.state == "follow_up"
        assert child.visits.get(code="M1").cancelled == "End of treatment: Complete response"
        started = Infusion.objects.get(record__participant=child).started_on
        assert child.visits.get(code="FU1").target == started + timedelta(days=VISITS["FU1"].day)

    def test_counts_that_are_still_due_stay(self, universe: Any) -> None:
        actions.end_treatment(participant=universe.responder, reason="x", by=universe.ines)
        assert Visit.objects.get(participant=universe.responder, code="D13").cancelled == ""

    #: Who, with which reason -> why not.
    REFUSED = {
        "without a reason": ("responder", " ", "give the reason"),
        "without a dose": ("untreated", "x", "No dose was given yet"),
        "in screening": ("screening", "x", "No dose was given yet"),
    }

    @pytest.mark.parametrize(("who", "reason", "message"), REFUSED.values(), ids=REFUSED)
    def test_it_is_refused(self, universe: Any, who: str, reason: str, message: str) -> None:
        child = getattr(universe, who)
        state = child.state
        with pytest.raises(Refused, match=message):
            actions.end_treatment(participant=child, reason=reason, by=universe.ines)
        assert Participant.objects.get(pk=child.pk).state == state

    def test_it_ends_once(self, universe: Any) -> None:
        actions.end_treatment(participant=universe.responder, reason="x", by=universe.ines)
        with pytest.raises(Refused, match="is not on treatment: in follow-up"):
            actions.end_treatment(participant=universe.responder, reason="x", by=universe.ines)

    def test_a_correction_after_the_end_plans_nothing_new(self, universe: Any) -> None:
        child = universe.responder
        actions.end_treatment(participant=child, reason="x", by=universe.ines)
        before = set(child.visits.values_list("code", "cancelled"))
        universe.fill(universe.record(child, "infusion", "LOAD"), universe.clara, premedication="Paracetamol")
        assert set(child.visits.values_list("code", "cancelled")) == before


def test_a_lot_that_expires_before_it_comes_is_asked_about(universe: Any, client_of: Any) -> None:
    clinic, today = universe.clinic("01"), universe.today
    lot = clinic.receive_lot("BAD", volumes=[], on=today - timedelta(days=9), expires=today - timedelta(days=20))
    assert set(lot.findings.values_list("code", flat=True)) == {"LOT01"}
    text = client_of(universe.pia).get(reverse("lots")).content.decode()
    assert "BAD" in text
    assert "0 of 0" in text


def test_the_pharmacist_begins_a_lot_and_finds_it_again(universe: Any, client_of: Any) -> None:
    client = client_of(universe.pia)
    answer = client.post(reverse("add-lot"), {"site": universe.s1.pk})
    assert "Begun, not saved" in client.get(reverse("lots")).content.decode()
    saved = client.post(answer.headers["Location"], {"record-version": "0", "lot_number": "L-7", "bags-count": "0"})
    assert saved.status_code == 302
    assert "L-7" in client.get(reverse("lots")).content.decode()


def test_the_builder_refuses_what_the_page_refuses(universe: Any, record: FormRecord, day: date) -> None:
    with pytest.raises(NotFilled, match="stopped before it started"):
        infuse(universe, record, day, [], stopped_at=at(day, "00:05"))
