"""Every form says what it needs to be asked, exported and understood; the system check refuses one that does not."""

from __future__ import annotations

from decimal import Decimal
from typing import ClassVar

import pytest
from django.db import models
from django.test.utils import isolate_apps

from casebook import checks, items
from casebook.crf import Crf, EditCheck, Section, completeness, crf_by_slug, crf_models
from casebook.items import NOT_SUBMITTED, Sdtm, YesNo
from itp_trial.schedule import VISITS
from tests.strategies import _DATING, _TYPING, items_of

#: Numbers that count things have no unit; every other number says in what it is measured.
COUNTS = {"donations", "number"}


def test_there_are_forms() -> None:
    """A registry that finds nothing would make every test of this folder pass."""
    assert {"screening", "consent", "blood-count", "infusion", "lot", "adverse-event"} <= {m.slug for m in crf_models()}


def test_every_item_can_be_understood_and_exported(crf: type[Crf]) -> None:
    for item in items_of(crf):
        assert item.label, item.name
        assert item.sdtm == NOT_SUBMITTED or isinstance(item.sdtm, Sdtm), item.name
        assert item.null, f"{item.name}: missing is a fact, so every item may be empty"
        if item.kind == "number":
            assert item.unit or item.name in COUNTS, f"{item.name} has no unit"
        if item.kind == "code":
            assert item.derived or item.flatchoices, f"{item.name} offers nothing to choose"


def test_ranges_fit_into_each_other_and_into_the_column(crf: type[Crf]) -> None:
    for item in items_of(crf):
        if item.hard and item.expected:
            assert item.hard[0] <= item.expected[0] <= item.expected[1] <= item.hard[1], item.name
        if item.hard and item.kind == "number":
            assert abs(Decimal(item.hard[1])) < Decimal(10) ** (item.max_digits - item.decimal_places), item.name


def test_codes_fit_into_their_column(crf: type[Crf]) -> None:
    for item in items_of(crf):
        if item.kind == "code" and item.max_length:
            assert all(len(code) <= item.max_length for code, _ in item.flatchoices), item.name


def test_conditions_name_answers_that_exist(crf: type[Crf]) -> None:
    """An item that is asked if another one is "Yes" is never asked where "Yes" is spelt differently."""
    for item in crf.items().values():
        if item.asked_if:
            name, wanted = item.asked_if
            offered = {code for code, _ in crf.items()[name].flatchoices}
            assert set(wanted if isinstance(wanted, tuple) else (wanted,)) <= offered, item.name


def test_every_kind_of_item_has_a_strategy(crf: type[Crf]) -> None:
    """Else its answers are never tried by the round trip."""
    assert {item.kind for item in items_of(crf)} <= {*_TYPING, *_DATING}


def test_a_form_is_found_by_its_slug(crf: type[Crf]) -> None:
    assert crf_by_slug(crf.slug) is crf


def test_an_unknown_slug_is_a_lookup_error() -> None:
    with pytest.raises(LookupError):
        crf_by_slug("no-such-form")


def test_a_form_is_never_saved_past_the_action(crf: type[Crf]) -> None:
    with pytest.raises(RuntimeError, match="save_form"):
        crf().save()


# --- the system check ------------------------------------------------------------------------------------------------

FINE = Sdtm("LB.LBORRES")


def _ok(_: Crf) -> bool:
    return True


#: What a developer forgets -> what the system check answers.
FORGOTTEN = {
    "an SDTM note": (
        {"weight": items.Number("Weight", digits=(4, 1)), "sections": [Section("One", "weight")]},
        "item weight has no SDTM note",
    ),
    "a label": (
        {"weight": items.Number(digits=(4, 1), sdtm=FINE), "sections": [Section("One", "weight")]},
        "item weight has no label",
    ),
    "a section": ({"weight": items.Number("Weight", digits=(4, 1), sdtm=FINE)}, "item weight stands in 0 sections"),
    "that it stands there already": (
        {"note": items.Text("Note", sdtm=FINE), "sections": [Section("One", "note"), Section("Two", "note")]},
        "item note stands in 2 sections",
    ),
    "to rename it in the section": (
        {"note": items.Text("Note", sdtm=FINE), "sections": [Section("One", "note", "remark")]},
        "section names unknown item remark",
    ),
    "to rename it in a condition": (
        {"note": items.Text("Note", sdtm=FINE, asked_if=("done", YesNo.YES)), "sections": [Section("One", "note")]},
        "note is asked if unknown item done",
    ),
    "to rename it in a check": (
        {"note": items.Text("Note", sdtm=FINE), "sections": [Section("One", "note")],
         "edit_checks": [EditCheck("X01", ["remark"], _ok, "No.")]},
        "check X01 names unknown item remark",
    ),
    "to count the check codes on": (
        {"note": items.Text("Note", sdtm=FINE), "sections": [Section("One", "note")],
         "edit_checks": [EditCheck("X01", ["note"], _ok, "No."), EditCheck("X01", ["note"], _ok, "No.")]},
        "check code X01 is used twice",
    ),
    "the slug": ({"slug": ""}, "the form has no slug"),
}  # fmt: skip


@pytest.mark.parametrize(("declaration", "answer"), FORGOTTEN.values(), ids=FORGOTTEN)
@isolate_apps("casebook")
def test_the_system_check_names_what_a_form_forgets(declaration: dict[str, object], answer: str) -> None:
    form = _declare(declaration)
    assert [error.msg for error in completeness(form)] == [f"Forgetful: {answer}."]
    assert answer in " ".join(error.msg for error in form.check()), "Django's own check has to ask for it"


@isolate_apps("casebook")
def test_the_system_check_says_nothing_about_a_complete_form() -> None:
    assert completeness(_declare({"note": items.Text("Note", sdtm=FINE), "sections": [Section("One", "note")]})) == []


def _declare(declaration: dict[str, object]) -> type[Crf]:
    body = {"slug": "forgetful", "__module__": __name__, "Meta": type("Meta", (), {"app_label": "casebook"})}
    return type("Forgetful", (Crf,), {**body, **declaration})


def test_the_schedule_names_forms_that_exist(monkeypatch: pytest.MonkeyPatch) -> None:
    assert checks.schedule_names_forms() == []
    plan = VISITS["FU1"]
    monkeypatch.setitem(VISITS, "FU1", type(plan)(**{**vars(plan), "forms": ("blood-cuont",)}))
    assert [error.msg for error in checks.schedule_names_forms()] == ["The schedule asks for an unknown form: blood-cuont."]


def test_two_forms_never_share_a_slug(monkeypatch: pytest.MonkeyPatch) -> None:
    assert checks.slugs_are_unique() == []
    monkeypatch.setattr(crf_by_slug("rescue"), "slug", "lot")
    assert [error.id for error in checks.slugs_are_unique()] == ["casebook.E003"]


class TestFailpoints:
    """A place where the process dies on purpose must not exist in production."""

    armed: ClassVar[dict[str, str]] = {"ITP_FAILPOINT": "before_commit"}

    def test_unarmed_is_fine(self) -> None:
        assert checks.no_failpoint() == []

    def test_armed_in_production_is_an_error(self, monkeypatch: pytest.MonkeyPatch, settings: object) -> None:
        monkeypatch.setenv("ITP_FAILPOINT", "before_commit")
        settings.DEMO = False
        assert [error.id for error in checks.no_failpoint()] == ["casebook.E004"]

    def test_armed_in_a_demonstration_is_allowed(self, monkeypatch: pytest.MonkeyPatch, settings: object) -> None:
        monkeypatch.setenv("ITP_FAILPOINT", "before_commit")
        settings.DEMO = True
        assert checks.no_failpoint() == []


def test_items_are_plain_columns_for_migrations(crf: type[Crf]) -> None:
    """Rewording a question or a code list is no migration."""
    for item in items_of(crf):
        _, path, _, options = item.deconstruct()
        assert path.startswith("django.db.models."), item.name
        assert not {"verbose_name", "choices", "label", "sdtm"} & set(options), item.name
        assert isinstance(item.clone(), models.Field)
        assert not isinstance(item.clone(), items.Item)
