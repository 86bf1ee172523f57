"""What follows when a stored dose, lot, consent or date is corrected: nothing stands still that rests on it."""

from datetime import timedelta
from decimal import Decimal

import pytest

from casebook.forms import CrfForm
from casebook.models import Finding, FormRecord, Participant
from demo.builder import Facts, NotFilled, at, fill
from dosing.actions import end_treatment
from dosing.models import Infusion
from enrollment.actions import end_participation, enrol
from itp_trial.refusal import Refused


@pytest.fixture
def treated(universe):
    """A child of 18 kg with a loading dose 40 days ago and the first maintenance dose 19 days ago."""
    clinic = universe.clinic("01")
    day_0 = universe.today - timedelta(days=40)
    child = clinic.admit(day_0, Facts(age=5), enrolled=day_0)
    clinic.infuse(child, "LOAD", day_0, 18)
    clinic.infuse(child, "M1", day_0 + timedelta(days=21), 18)
    return universe, clinic, child, day_0


def open_codes(record):
    return set(Finding.objects.filter(record=record, state="open").values_list("code", flat=True))


def test_a_dose_cannot_be_moved_past_the_next_one(treated):
    universe, _, child, day_0 = treated
    loading = universe.record(child, "infusion", "LOAD")
    late = day_0 + timedelta(days=25)
    with pytest.raises(NotFilled, match="this dose must start before it"):
        fill(loading, universe.clara, started_at=at(late, 9), stopped_at=at(late, 16), weight_on=late)


def test_a_dose_before_another_keeps_its_start(treated):
    universe, _, child, _ = treated
    with pytest.raises(NotFilled, match="needs its start"):
        fill(universe.record(child, "infusion", "LOAD"), universe.clara, started_at="~UNK", stopped_at="~UNK")


def test_moving_a_dose_judges_the_interval_of_the_next_one_anew(treated):
    universe, _, child, day_0 = treated
    moved = day_0 + timedelta(days=15)
    assert "INF15" not in open_codes(universe.record(child, "infusion", "M1"))
    fill(
        universe.record(child, "infusion", "LOAD"),
        universe.clara,
        started_at=at(moved, 9),
        stopped_at=at(moved, 16),
        weight_on=moved,
    )
    assert "INF15" in open_codes(universe.record(child, "infusion", "M1"))


def test_follow_up_follows_the_corrected_last_dose(treated):
    universe, _, child, day_0 = treated
    end_treatment(participant=child, reason="enough platelets", by=universe.ines)
    child.refresh_from_db()
    before = child.visits.get(code="FU6").target
    moved = day_0 + timedelta(days=24)
    fill(
        universe.record(child, "infusion", "M1"),
        universe.clara,
        started_at=at(moved, 9),
        stopped_at=at(moved, 15),
        weight_on=moved,
    )
    assert child.visits.get(code="FU6").target == before + timedelta(days=3)


def test_a_corrected_lot_changes_the_grams_that_were_given(treated):
    universe, _, child, _ = treated
    before = Infusion.objects.get(record__participant=child, record__visit__code="LOAD")
    lot = FormRecord.objects.get(form="lot", site=universe.s1)
    fill(lot, universe.pia, igg_g_per_l="32")
    after = Infusion.objects.get(pk=before.pk)
    assert after.grams == (before.volume_ml * 32 / 1000).quantize(Decimal("0.001"))
    assert after.grams < before.grams
    assert "INF10" in open_codes(after.record)
    assert FormRecord.objects.get(pk=before.pk).version == 2


def test_an_infusion_can_still_be_corrected_after_its_lot_was_withdrawn(treated):
    universe, _, child, _ = treated
    lot = FormRecord.objects.get(form="lot", site=universe.s1)
    fill(lot, universe.pia, released="N")
    fill(universe.record(child, "infusion", "M1"), universe.clara, max_rate="70")


def test_an_infusion_can_still_be_corrected_after_the_consent_was_withdrawn(treated):
    """The dose was given: the fact stays correctable, and the missing consent is asked about."""
    universe, _, child, day_0 = treated
    fill(universe.record(child, "consent", "SCREEN"), universe.clara, mother="refused")
    fill(universe.record(child, "infusion", "M1"), universe.clara, max_rate="70")
    assert "INF02" in open_codes(universe.record(child, "infusion", "M1"))
    start = day_0 + timedelta(days=22)
    with pytest.raises(NotFilled, match="without consent"):
        fill(universe.record(child, "infusion", "M1"), universe.clara, started_at=at(start, 9), stopped_at=at(start, 14))


def test_a_doubled_weight_is_asked_about(treated):
    universe, clinic, child, _ = treated
    saved = clinic.infuse(child, "M2", universe.today, 18, weight_kg=36)
    assert "INF18" in {finding.code for finding in saved.open_findings}


def test_an_infusion_of_nothing_is_no_dose(universe):
    clinic = universe.clinic("01")
    day_0 = universe.today - timedelta(days=10)
    child = clinic.admit(day_0, Facts(age=5), enrolled=day_0)
    clinic.infuse(child, "LOAD", day_0, 18, bags=[], stopped_early="Y", stop_reason="no vein found")
    assert not child.visits.filter(code="M1").exists()
    with pytest.raises(Refused, match="No dose was given yet"):
        end_treatment(participant=child, reason="x", by=universe.ines)


def test_screening_that_becomes_ineligible_after_enrolment_says_so(treated):
    universe, _, child, _ = treated
    fill(universe.record(child, "screening", "SCREEN"), universe.clara, tpo_ra_ever="Y")
    [finding] = Finding.objects.filter(record__participant=child, code="SCR04", state="open")
    assert "INCL03" in finding.message


def test_enrolment_is_never_before_consent(universe):
    clinic = universe.clinic("01")
    day = universe.today - timedelta(days=3)
    child = clinic.start_screening(day)
    clinic.screen(child, day, Facts(age=5))
    clinic.consent(child, day, Facts(age=5))
    with pytest.raises(Refused, match="after the day of enrolment"):
        enrol(participant=child, by=universe.ines, on=day - timedelta(days=1))


def test_participation_never_ends_before_a_visit_that_took_place(treated):
    universe, _, child, day_0 = treated
    end = {"participant": child, "state": Participant.State.WITHDRAWN, "reason": "moved away", "by": universe.clara}
    with pytest.raises(Refused, match="cannot have ended before"):
        end_participation(**end, on=day_0 + timedelta(days=5))
    assert end_participation(**end, on=day_0 + timedelta(days=21)).state == Participant.State.WITHDRAWN


def test_a_lot_with_many_bags_can_be_saved_again(universe):
    clinic = universe.clinic("01")
    lot = clinic.receive_lot("BIG", volumes=[50] * 60, on=universe.today - timedelta(days=9),
                             expires=universe.today + timedelta(days=90))  # fmt: skip
    fill(lot, universe.pia, donations="21")
    lot.refresh_from_db()
    assert CrfForm(lot.crf()).groups[0].count == 66
