"""The parts that every form is made of: items that read and show, checks that run only where they can."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from assessments.models import BloodCount
from casebook import items
from casebook.crf import EditCheck
from casebook.forms import CrfForm
from casebook.items import MissingReason, Sdtm, YesNo
from casebook.models import FormRecord, Visit
from dosing.crfs import Infusion
from enrollment.crfs import Screening
from itp_trial.normalise import CAIRO, Unreadable

PLATELETS = BloodCount._meta.get_field("platelets")
BLEEDING = BloodCount._meta.get_field("bleeding")
TAKEN = BloodCount._meta.get_field("taken_at")
DIAGNOSED = Screening._meta.get_field("diagnosed_on")
BORN = Screening._meta.get_field("birth_date")

#: Item, value -> as it stands in the input, as people read it, as it is exported.
SHOWN = [
    (PLATELETS, Decimal("85.0"), "85", "85 ×10⁹/L", "85"),
    (PLATELETS, Decimal("100"), "100", "100 ×10⁹/L", "100"),
    (PLATELETS, Decimal("8.5"), "8.5", "8.5 ×10⁹/L", "8.5"),
    (PLATELETS, None, "", "", ""),
    (BLEEDING, "1", "1", "Grade 1", "1"),
    (BLEEDING, "gone", "gone", "gone", "gone"),
    (BORN, date(2020, 3, 5), "05 Mar 2020", "05 Mar 2020", "2020-03-05"),
    (DIAGNOSED, "2026-03", "2026-03", "Mar 2026", "2026-03"),
    (TAKEN, datetime(2026, 3, 5, 12, 30, tzinfo=UTC), "05 Mar 2026 14:30", "05 Mar 2026 14:30 Cairo (UTC+2)",
     "2026-03-05T14:30+02:00"),
    (TAKEN, datetime(2026, 7, 5, 12, 30, tzinfo=UTC), "05 Jul 2026 15:30", "05 Jul 2026 15:30 Cairo (UTC+3)",
     "2026-07-05T15:30+03:00"),
    (TAKEN, datetime(2025, 10, 30, 20, 30, tzinfo=UTC), "30 Oct 2025 23:30 +0300", "30 Oct 2025 23:30 Cairo (UTC+3)",
     "2025-10-30T23:30+03:00"),
    (TAKEN, datetime(2025, 10, 30, 21, 30, tzinfo=UTC), "30 Oct 2025 23:30 +0200", "30 Oct 2025 23:30 Cairo (UTC+2)",
     "2025-10-30T23:30+02:00"),
    (TAKEN, None, "", "", ""),
]  # fmt: skip


@pytest.mark.parametrize(("item", "value", "typed", "display", "exported"), SHOWN)
def test_each_value_has_three_faces(item: Any, value: Any, typed: str, display: str, exported: str) -> None:
    assert (item.typed(value), item.display(value), item.exported(value)) == (typed, display, exported)


@pytest.mark.parametrize(("item", "value", "typed"), [row[:3] for row in SHOWN if row[1] is not None and row[1] != "gone"])
def test_what_stands_in_the_input_reads_as_the_value(item: Any, value: Any, typed: str) -> None:
    assert item.parse(typed) == value


def test_moments_of_one_night_are_compared_as_moments_not_as_clocks() -> None:
    """23:30 in summer time is before 23:15 in winter time of the same night."""
    first, second = TAKEN.parse("30/10/2025 23:30 +03:00"), TAKEN.parse("30/10/2025 23:15 +02:00")
    assert first < second
    assert (second - first).total_seconds() == 45 * 60
    assert first.astimezone(CAIRO).hour == 23


UNREADABLE = [
    (PLATELETS, "12345678", "not possible"),
    (items.Number("Free", digits=(4, 1)), "1234", "too large to be stored"),
    (items.Grade("Grade", grades=((0, "0: none"), (2, "2: much"))), "1", "not a grade of this item. Possible grades: 0, 2."),
    (BORN, "01/01/1989", "The year 1989 cannot be right"),
    (DIAGNOSED, "2099", "lies in the future"),
    (DIAGNOSED, "yesterday", "Enter what is known"),
]


@pytest.mark.parametrize(("item", "raw", "message"), UNREADABLE)
def test_what_cannot_be_stored_is_said(item: Any, raw: str, message: str) -> None:
    with pytest.raises(Unreadable, match=message):
        item.parse(raw)


def test_the_reason_for_a_missing_value_is_read_as_words() -> None:
    crf = BloodCount(record=FormRecord(form="blood-count"), done="Y", missing={"platelets": "SL"})
    assert crf.display(PLATELETS) == "Sample lost"
    assert crf.display(BloodCount._meta.get_field("why_not")) == "not asked"
    assert crf.display(TAKEN) == ""
    assert set(MissingReason.values) == {"ND", "NA", "UNK", "RF", "SL"}


def test_an_item_is_asked_if_the_other_answer_is_one_of_several() -> None:
    crf = BloodCount(record=FormRecord(form="blood-count"), done="Y")
    item = items.Text("Why", asked_if=("done", ("Y", "N")))
    assert crf.is_asked(item)
    crf.done = None
    assert not crf.is_asked(item)


def test_a_check_runs_only_where_all_its_items_are_answered() -> None:
    """A rule about nothing is not broken, and never an error page."""
    check = EditCheck("X", ["platelets", "taken_at"], lambda crf: crf.platelets < 1, lambda crf: f"{crf.platelets}!")
    crf = BloodCount(record=FormRecord(form="blood-count"), platelets=5)
    assert not check.broken(crf)
    crf.taken_at = datetime.now(UTC)
    assert check.broken(crf)
    assert check.says(crf) == "5!"


def test_a_section_is_shown_with_what_people_read() -> None:
    crf = BloodCount(record=FormRecord(form="blood-count"), done="Y", platelets=Decimal(85))
    shown = {item.name: text for _, cells in crf.shown() for item, text in cells}
    assert (shown["done"], shown["platelets"], shown["haemoglobin"]) == ("Yes", "85 ×10⁹/L", "")


def test_a_computed_number_that_does_not_fit_is_noticed() -> None:
    infusion = Infusion(hours=Decimal(8760), volume_ml=Decimal(100))
    assert infusion.overflowing() == [("hours", "“Duration” would be 8,760 h. Please check what it is computed from.")]


def test_sdtm_notes_read_as_people_write_them() -> None:
    assert str(Sdtm("LB.LBORRES", "PLAT")) == "LB.LBORRES where LBTESTCD=PLAT"
    assert str(Sdtm("SV.SVSTDTC")) == "SV.SVSTDTC"


def test_names_are_readable(universe: Any) -> None:
    record = universe.record(universe.responder, "blood-count", "D3")
    assert str(record) == f"{universe.responder.subject_number}: Blood count"
    assert str(record.visit) == f"{universe.responder.subject_number} Count day 3"
    assert str(universe.screening) == "S01-002"
    assert str(record.crf()) == f"blood count {record.pk}"
    assert str(FormRecord.objects.get(form="lot", site=universe.s1).crf()) == "Lot MP-01-1"
    extra = Visit.objects.get(participant=universe.responder, code="UNS")
    assert extra.title == "Unscheduled visit 1"
    assert extra.date == extra.happened_on


def test_the_page_of_a_form_offers_the_stored_reason(universe: Any) -> None:
    record = universe.record(universe.untreated, "blood-count", "LOAD")
    universe.fill(record, universe.clara, done="Y", platelets="~SL")
    field = CrfForm(FormRecord.objects.get(pk=record.pk).crf()).main.fields["platelets"]
    assert (field.typed, field.missing, field.widget, field.condition) == ("", "SL", "input", ("done", YesNo.YES))
