"""The universe that all other tests stand on."""

import pytest

from casebook.models import FormRecord, Participant, Visit
from demo.builder import NotFilled, _visit
from itp_trial.models import AuditEntry
from tests.universe import fill, record


def test_it_holds_the_promised_cast(universe):
    u = universe
    assert [str(s.code) for s in (u.s1, u.s2, u.s3)] == ["01", "02", "03"]
    assert u.responder.number.startswith("01-001-")
    assert u.untreated.number.startswith("01-002-")
    assert u.foreign.number.startswith("02-001-")
    assert u.screening.state == Participant.State.SCREENING
    assert u.responder.state == u.untreated.state == u.foreign.state == Participant.State.TREATMENT


def test_the_responder_has_its_three_counts(universe):
    counts = [record(universe.responder, "blood-count", code).crf().platelets for code in ("LOAD", "D3", "UNS")]
    assert counts == [12, 60, 70]
    assert record(universe.responder, "infusion", "LOAD").crf().g_per_kg == 1


def test_forms_of_screening_are_empty_and_the_untreated_has_no_dose(universe):
    assert {r.version for r in universe.screening.records.all()} == {0}
    assert record(universe.untreated, "infusion", "LOAD").version == 0


def test_nothing_needs_an_explanation(universe):
    assert not FormRecord.objects.filter(findings__isnull=False).exists()


def test_the_only_overdue_visit_is_the_foreign_one(universe):
    late = Visit.objects.filter(closes__lt=universe.today, happened_on=None, cancelled="")
    assert [(visit.participant, visit.code) for visit in late] == [(universe.foreign, "D13")]


def test_a_filled_form_is_changed_by_one_answer_and_keeps_the_others(universe):
    saved = fill(record(universe.responder, "blood-count", "D3"), universe.clara, platelets=61)
    crf = saved.record.crf()
    assert (saved.record.version, crf.platelets, crf.quality, crf.leukocytes) == (2, 61, "good", crf.leukocytes)
    infusion = fill(record(universe.responder, "infusion", "LOAD"), universe.clara, premedication="Paracetamol")
    assert infusion.record.crf().g_per_kg == 1


def test_changes_of_the_test_before_are_gone(universe):
    assert record(universe.responder, "blood-count", "D3").version == 1


def test_every_row_names_who_made_it(universe):
    assert set(AuditEntry.objects.filter(table_name="assessments_bloodcount").values_list("actor_name", flat=True)) == {
        "Clara Naguib (clara)", "Otto Mansour (otto)",
    }  # fmt: skip


def test_clients_are_signed_in(universe, client_of):
    assert client_of(universe.clara).get("/account/").status_code in (200, 302)
    assert client_of(universe.clara).get("/healthz").status_code == 200


def test_what_the_application_refuses_is_said_with_form_item_and_reason(universe):
    with pytest.raises(NotFilled, match=r"blood-count of 01-001-.*: platelets: .*not a number"):
        fill(record(universe.responder, "blood-count", "D13"), universe.clara, done="Y", platelets="many")


def test_an_empty_freezer_is_said(universe):
    with pytest.raises(NotFilled, match="Site 03 has no bag left"):
        universe.clinic("03").take_bags(18, universe.today)


def test_a_log_entry_has_no_visit_to_infuse_at(universe):
    entry = universe.clinic().log(universe.responder, "rescue", kind="other_immunosuppressant").record
    with pytest.raises(LookupError, match="belongs to no visit"):
        _visit(entry)
