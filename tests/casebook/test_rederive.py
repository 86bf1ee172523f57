"""Computed answers have their inputs and come out the same again (RQ-62)."""

from __future__ import annotations

import io
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection
from django.urls import reverse

from casebook.management.commands.rederive import derived
from casebook.models import FormRecord
from dosing.crfs import Infusion, InfusionBag
from enrollment.crfs.screening import _age_years
from itp_trial.actor import System, acting
from itp_trial.models import AuditEntry
from itp_trial.protocol import RULES_VERSION
from responses.models import ResponseSummary


def rederive(*arguments: str) -> tuple[int, str]:
    out = io.StringIO()
    try:
        call_command("rederive", *arguments, stdout=out)
    except SystemExit as end:
        return int(end.code or 0), out.getvalue()
    return 0, out.getvalue()


def tamper(record: FormRecord, column: str, value: Any) -> None:
    with acting(System("test"), "tampered"), connection.cursor() as cursor:
        cursor.execute(f"UPDATE {record.crf_class._meta.db_table} SET {column} = %s WHERE record_id = %s", [value, record.pk])


@pytest.mark.requirement("RQ-62")
def test_what_the_saves_stored_equals_a_fresh_derivation(universe: Any) -> None:
    code, said = rederive("--check")
    assert code == 0, said
    assert "every one equals its derivation" in said


@pytest.mark.requirement("RQ-62")
@pytest.mark.parametrize(("form", "column", "value", "said"), [
    ("infusion", "grams", 99, "IgG given is 99 g, computed anew 18 g."),
    ("infusion", "g_per_kg", 2, "Dose given is 2 g/kg, computed anew 1 g/kg."),
    ("bleeding-assessment", "smog_skin", 3, "computed anew"),
])  # fmt: skip
def test_a_wrong_result_is_found_and_mended_by_the_system(universe: Any, form: str, column: str, value: int, said: str) -> None:
    record = universe.record(universe.responder, form, "LOAD")
    tamper(record, column, value)
    code, text = rederive("--check")
    assert code == 1
    assert said in text
    assert universe.responder.number in text
    code, text = rederive()
    assert (code, "1 were computed anew." in text) == (0, True)
    assert rederive("--check")[0] == 0
    entry = AuditEntry.objects.filter(record=record.pk, table_name=record.crf_class._meta.db_table).latest("pk")
    assert (entry.actor_name, list(entry.new)) == ("rederive (system)", [column])


@pytest.mark.requirement("RQ-62")
def test_a_changed_input_is_found(universe: Any) -> None:
    """Somebody with the database's own password changes the volume of a bag: the grams no longer follow."""
    record = universe.record(universe.responder, "infusion", "LOAD")
    line = InfusionBag.objects.filter(crf_id=record.pk).first()
    with acting(System("test"), "tampered"):
        InfusionBag.objects.filter(pk=line.pk).update(volume_ml=line.volume_ml - 10)
    code, said = rederive("--check")
    assert code == 1
    assert "Volume given is" in said


def test_forms_without_rows_are_derived_too(universe: Any) -> None:
    from assessments.crfs.bleeding import BleedingAssessment

    found = list(derived(BleedingAssessment))
    assert found
    assert all(differing == [] for _, differing in found)


@pytest.mark.requirement("RQ-62")
def test_grams_and_dose_agree_with_an_oracle_of_their_own(universe: Any) -> None:
    """Computed here a second time in plain arithmetic: mL x g/L / 1000 over the bags, divided by the weight."""
    infusions = Infusion.objects.all()
    assert infusions
    for infusion in infusions:
        lines = InfusionBag.objects.filter(crf=infusion).select_related("bag__crf")
        milligrams = sum((Decimal(line.volume_ml) * Decimal(line.bag.crf.igg_g_per_l) for line in lines), Decimal(0))
        grams = (milligrams / 1000).quantize(Decimal("0.001"), ROUND_HALF_UP)
        assert infusion.grams == grams
        assert infusion.g_per_kg == (milligrams / 1000 / infusion.weight_kg).quantize(Decimal("0.001"), ROUND_HALF_UP)


@pytest.mark.requirement("RQ-62")
@pytest.mark.parametrize(("born", "on", "years"), [
    (date(2020, 3, 5), date(2026, 3, 4), 5), (date(2020, 3, 5), date(2026, 3, 5), 6), (date(2020, 2, 29), date(2025, 2, 28), 4),
    (date(2020, 2, 29), date(2025, 3, 1), 5),
])  # fmt: skip
def test_the_age_is_computed_from_what_is_stored(born: date, on: date, years: int) -> None:
    assert _age_years({"birth_date": born, "screened_on": on}) == years
    assert _age_years({"birth_date": None, "screened_on": on}) is None


@pytest.mark.requirement("RQ-62")
def test_results_name_the_version_of_their_rules(universe: Any, client_of: Any) -> None:
    record = universe.record(universe.responder, "infusion", "LOAD")
    html = client_of(universe.clara).get(reverse("record", args=[record.pk])).content.decode()
    assert f"(R5, R7, rules {RULES_VERSION})" in html
    summary = ResponseSummary.objects.get(participant=universe.responder)
    assert (summary.rules_version, len(summary.input_digest)) == (RULES_VERSION, 64)
    entry = AuditEntry.objects.filter(record=record.pk, table_name="dosing_infusion").latest("pk")
    assert entry.software
