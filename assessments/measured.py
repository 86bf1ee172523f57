"""The item for a laboratory result: typed in any unit of its kind, stored in one, with the printed text beside it."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from assessments import units
from casebook import items
from casebook.crf import Sheet
from itp_trial.normalise import Unreadable

PRINTED = "_printed"


class Reading(Decimal):
    """A value in the unit of the trial that still knows how it was printed."""

    measurement: units.Measurement


class Measured(items.Number):
    """A number that may be typed with its unit: ``85000 /uL``. Without one it stands in the unit of the item."""

    def __init__(self, label: str = "", *, quantity: units.Quantity = units.CELLS, **rest: Any) -> None:
        self.quantity = quantity
        super().__init__(label, **{"unit": quantity.unit, **rest})

    def parse(self, raw: str) -> Reading:
        measurement = units.read(raw, self.quantity, self.step)
        reading = Reading(self.in_range(self.read(f"{measurement.value:f}")))
        reading.measurement = measurement
        return reading

    def _refuse_wrong_unit(self, value: Decimal) -> None:
        try:
            super()._refuse_wrong_unit(value)
        except Unreadable as error:
            others = " or ".join(units.shown(u) for u in self.quantity.factors if self.quantity.factors[u] != units.ONE)
            raise Unreadable(f"{error} Or type the unit behind the number: {items.plain(value)} {others}.") from None


def printed(label: str, sdtm: items.Sdtm) -> items.Text:
    """The companion of a measured item: the result as it stands on the report. Named like it, with ``_printed``.

    Empty where the number was typed without a unit: then it stands on the report as it is stored.
    """
    return items.Text(f"{label}, as printed", derived=True, sdtm=sdtm)


def keep_printed(sheet: Sheet) -> None:
    """Writes the companions. A number that was only shown again, in the unit of the trial, keeps its first print."""
    for name in sheet.items():
        if name.endswith(PRINTED):
            setattr(sheet, name, _print_of(sheet, name.removesuffix(PRINTED), getattr(sheet, name)))


def _print_of(sheet: Sheet, name: str, before: str | None) -> str | None:
    value = getattr(sheet, name)
    if not isinstance(value, Reading):
        return None if value is None else before
    if value.measurement.unit_typed:
        return value.measurement.printed
    return before if value == sheet.stored.get(name) else None
