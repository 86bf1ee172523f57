"""Laboratory results as printed: read in any unit, stored in one, exactly; and what is refused."""

from __future__ import annotations

import re
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assessments import units
from assessments.crfs.blood_count import BloodCount
from assessments.units import BILIRUBIN, CELLS, CREATININE, HAEMOGLOBIN, IMMUNOGLOBULIN, Quantity
from demo.builder import NotFilled
from itp_trial.normalise import Unreadable
from tests.input.conftest import at

#: Typed, kind of result -> value in the unit of the trial, as kept.
READ = {
    "the unit of the trial": ("85", CELLS, "85", "85 10^9/L"),
    "with that unit": ("85 10^9/L", CELLS, "85", "85 10^9/L"),
    "with a raised nine": ("85 ×10⁹/L", CELLS, "85", "85 10^9/L"),
    "an old way of writing powers": ("85 10*9/L", CELLS, "85", "85 10^9/L"),
    "thousands per µL": ("85.4 10^3/uL", CELLS, "85.4", "85.4 10^3/uL"),
    "the same with signs": ("85.4 x10³/µL", CELLS, "85.4", "85.4 10^3/uL"),
    "the same with a K": ("85 K/uL", CELLS, "85", "85 10^3/uL"),
    "per µL": ("85000 /uL", CELLS, "85", "85000 /uL"),
    "per µL with groups": ("85,432 /µL", CELLS, "85.432", "85,432 /uL"),
    "per cubic millimetre": ("85000/mm³", CELLS, "85", "85000 /uL"),
    "an Arabic thousands sign": ("٨٥٬٤٣٢ /uL", CELLS, "85.432", "85432 /uL"),
    "Arabic digits": ("٨٥٠٠٠ /uL", CELLS, "85", "85000 /uL"),
    "just below a threshold": ("29960 /uL", CELLS, "29.96", "29960 /uL"),
    "g/dL": ("11.8", HAEMOGLOBIN, "11.8", "11.8 g/dL"),
    "g/L": ("118 g/L", HAEMOGLOBIN, "11.8", "118 g/L"),
    "immunoglobulin in mg/dL": ("850 mg/dL", IMMUNOGLOBULIN, "8.5", "850 mg/dL"),
    "creatinine in µmol/L": ("35 µmol/L", CREATININE, "0.396", "35 umol/L"),
    "bilirubin in umol/l": ("17.1 umol/l", BILIRUBIN, "1", "17.1 umol/L"),
}  # fmt: skip


@pytest.mark.parametrize(("typed", "quantity", "value", "printed"), READ.values(), ids=READ)
def test_what_is_read(typed: str, quantity: Quantity, value: str, printed: str) -> None:
    found = units.read(typed, quantity, Decimal("0.001"))
    assert (found.value, found.printed) == (Decimal(value), printed)


#: Typed, kind of result -> what is said.
REFUSED = {
    "no number": ("many", CELLS, "not a number"),
    "a unit of something else": ("85 g/dL", CELLS, "not a unit of this result. Possible: ×10⁹/L, ×10³/µL, /µL"),
    "a decimal comma": ("85,4 10^9/L", CELLS, "use a point"),
    "groups in another unit": ("85,000 g/L", HAEMOGLOBIN, "use a point"),
    "two numbers": ("8 5", CELLS, "“8 5” is not a number"),
    "a blank between the digits": ("85 000 /µL", CELLS, "“85 000 /µL” is not a number"),
    "an exponent": ("1e3", CELLS, "“1e3” is not a number"),
    "an exponent with its unit": ("1e3 /uL", CELLS, "“1e3 /uL” is not a number"),
    "a large exponent": ("1E+5000000", CELLS, "“1E+5000000” is not a number"),
    "an underscore": ("1_000", CELLS, "“1_000” is not a number"),
    "another base": ("0x10", CELLS, "“0x10” is not a number"),
    "a misplaced Arabic thousands sign": ("8٬5", CELLS, "Did you mean 8.5"),
    "the same with a unit": ("85٬00 /uL", CELLS, "Did you mean 85.00"),
}


@pytest.mark.parametrize(("typed", "quantity", "message"), REFUSED.values(), ids=REFUSED)
def test_what_is_refused(typed: str, quantity: Quantity, message: str) -> None:
    with pytest.raises(Unreadable, match=re.escape(message)):
        units.read(typed, quantity, Decimal("0.001"))


@given(st.integers(0, 2_000_000))
def test_a_count_per_microlitre_is_converted_exactly(count: int) -> None:
    """No rounding may carry a count over a threshold."""
    assert Fraction(units.read(f"{count} /uL", CELLS, Decimal("0.001")).value) == Fraction(count, 1000)


@given(st.sampled_from([CELLS, HAEMOGLOBIN, IMMUNOGLOBULIN, CREATININE, BILIRUBIN]), st.data())
def test_a_conversion_is_right_to_half_a_step(quantity: Quantity, data: st.DataObject) -> None:
    unit = data.draw(st.sampled_from(sorted(quantity.factors)))
    number = data.draw(st.decimals(0, 10_000, places=2))
    found = units.read(f"{number:f} {unit}", quantity, Decimal("0.001")).value
    assert abs(Fraction(found) - Fraction(number) * quantity.factors[unit]) <= Fraction(1, 2000)


class TestOnTheForm:
    def fill(self, universe: Any, **answers: Any) -> BloodCount:
        record = universe.record(universe.untreated, "blood-count", "LOAD")
        day = universe.untreated.enrolled_on
        usual = {"done": "Y", "taken_at": at(day), "quality": "good", "haemoglobin": "11.8", "bleeding": "0"}
        first = {} if record.version else usual
        universe.fill(record, universe.clara, **{**first, **answers})
        return BloodCount.objects.get(record=record)

    def test_the_print_is_kept_beside_the_value(self, universe: Any) -> None:
        crf = self.fill(universe, platelets="85000 /µL", haemoglobin="118 g/L", neutrophils="3.2")
        assert (crf.platelets, crf.platelets_printed) == (85, "85000 /uL")
        assert (crf.haemoglobin, crf.haemoglobin_printed) == (Decimal("11.8"), "118 g/L")
        assert (crf.neutrophils, crf.neutrophils_printed) == (Decimal("3.2"), None), "typed as it is stored"

    def test_a_form_that_is_saved_again_keeps_the_print(self, universe: Any) -> None:
        self.fill(universe, platelets="85000 /uL")
        crf = self.fill(universe, haemoglobin="11.9")
        assert (crf.platelets, crf.platelets_printed, crf.haemoglobin_printed) == (85, "85000 /uL", None)

    def test_the_unit_alone_can_be_corrected(self, universe: Any) -> None:
        self.fill(universe, platelets="85")
        assert self.fill(universe, platelets="85000 /uL").platelets_printed == "85000 /uL"

    def test_a_result_that_goes_takes_its_print_along(self, universe: Any) -> None:
        self.fill(universe, platelets="85000 /uL")
        crf = self.fill(universe, platelets="~SL")
        assert (crf.platelets, crf.platelets_printed) == (None, None)

    def test_s10_a_number_of_another_unit_gets_the_hint_and_is_corrected_in_the_trail(self, universe: Any) -> None:
        with pytest.raises(NotFilled, match=r"Was it printed per µL\? Then enter 85 .* Or type the unit .*: 85000 .*µL"):
            self.fill(universe, platelets="85000")
        self.fill(universe, platelets="8.5")
        assert self.fill(universe, platelets="85000 /uL", reason="typing").platelets == 85

    def test_too_many_decimals_are_refused(self, universe: Any) -> None:
        with pytest.raises(NotFilled, match="At most 3 decimals"):
            self.fill(universe, platelets="85.1234 10^9/L")
