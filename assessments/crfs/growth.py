"""Weight and height, judged by age and sex."""

from __future__ import annotations

from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from functools import cached_property
from typing import Any

from assessments.child import Child, child_of
from casebook import items
from casebook.crf import Crf, EditCheck, Row, Section
from casebook.items import Sdtm
from casebook.models import FormRecord
from itp_trial import growth

# A form reads like a table: one question a line.
# fmt: off


class Growth(Crf):
    """Weight and height outside of infusions (an infusion holds the weight that its dose was computed from)."""

    slug = "growth"
    dates_visit = "measured_on"

    measured_on = items.Date("Measured on", critical=True, sdtm=Sdtm("VS.VSDTC"))
    weight_kg = items.Number("Weight", unit="kg", digits=(4, 1), hard=(3, 100), expected=(5, 60), critical=True,
                             sdtm=Sdtm("VS.VSORRES", "WEIGHT"))
    height_cm = items.Number("Height", unit="cm", digits=(4, 1), hard=(50, 200), expected=(60, 170),
                             sdtm=Sdtm("VS.VSORRES", "HEIGHT"), help="Below 2 years lying, from 2 years standing.")
    bmi = items.Number("Body mass index", unit="kg/m2", digits=(4, 1), derived=True, sdtm=Sdtm("VS.VSSTRESN", "BMI"))

    sections = [Section("Growth", "measured_on", "weight_kg", "height_cm", "bmi")]
    edit_checks = [
        EditCheck("GRO01", ["weight_kg", "measured_on"], lambda c: c.is_possible("weight_kg"),
                  lambda c: c.impossible_text("weight_kg"), hard=True, rule="protocol 8.3",
                  about="The weight is not possible at this age."),
        EditCheck("GRO02", ["height_cm", "measured_on"], lambda c: c.is_possible("height_cm"),
                  lambda c: c.impossible_text("height_cm"), hard=True, rule="protocol 8.3",
                  about="The height is not possible at this age."),
        EditCheck("GRO03", ["weight_kg", "measured_on"], lambda c: c.is_usual("weight_kg"),
                  lambda c: c.unusual_text("weight_kg"), rule="protocol 8.3",
                  about="The weight is unusual for age and sex (WHO)."),
        EditCheck("GRO04", ["height_cm", "measured_on"], lambda c: c.is_usual("height_cm"),
                  lambda c: c.unusual_text("height_cm"), rule="protocol 8.3",
                  about="The height is unusual for age and sex (WHO)."),
        EditCheck("GRO05", ["weight_kg", "measured_on"], lambda c: not c.change(), lambda c: c.change(),
                  rule="protocol 8.3", about="The weight changed by more than expected since the last one."),
        EditCheck("GRO06", ["measured_on"], lambda c: c.visit is None or c.visit.window.contains(c.measured_on),
                  "Measured outside the visit window."),
    ]

    class Meta:
        verbose_name = "weight and height"

    def derive(self, rows: list[Row]) -> None:
        self.bmi = None
        if self.weight_kg and self.height_cm:
            metres = self.height_cm / 100
            self.bmi = (self.weight_kg / metres / metres).quantize(Decimal("0.1"), ROUND_HALF_UP)

    @cached_property
    def child(self) -> Child | None:
        return child_of(self.record.participant_id)

    def limits(self, name: str) -> growth.Limits | None:
        """The limits of one item on the day of the measurement; ``None`` where birth date or sex are not known."""
        months = self.child.months_on(self.measured_on) if self.child else None
        if months is None or self.child is None:
            return None
        of = growth.weight_limits if name == "weight_kg" else growth.height_limits
        return of(self.child.sex, months)

    def is_possible(self, name: str) -> bool:
        limits = self.limits(name)
        return limits is None or limits.is_possible(getattr(self, name))

    def is_usual(self, name: str) -> bool:
        limits = self.limits(name)
        return limits is None or limits.is_usual(getattr(self, name))

    def impossible_text(self, name: str) -> str:
        item, limits = self.items()[name], self.limits(name)
        return f"{item.display(getattr(self, name))} cannot be at this age ({limits.least:f} to {limits.most:f} {item.unit})."

    def unusual_text(self, name: str) -> str:
        item, limits = self.items()[name], self.limits(name)
        return (f"{item.display(getattr(self, name))} is more than 3 SD from the median of this age"
                f" ({limits.low:f} to {limits.high:f} {item.unit}). Correct it, or confirm it.")

    def change(self) -> str:
        """What is surprising beside the last weight before this one, or an empty text."""
        before = [w for w in weights_besides(self.record) if w.on < self.measured_on]
        return growth.surprising_change(before[-1], growth.Weighed(self.measured_on, self.weight_kg)) if before else ""


def weights_besides(record: FormRecord) -> list[growth.Weighed]:
    """The other weights of the child, from this form and from its infusions, oldest first. One query."""
    names = (("growth__measured_on", "growth__weight_kg"), ("infusion__weight_on", "infusion__weight_kg"))
    forms = FormRecord.objects.filter(participant=record.participant_id, version__gt=0, form__in=["growth", "infusion"])
    rows = forms.exclude(pk=record.pk).values(*(name for pair in names for name in pair))
    known: list[tuple[date | None, Any]] = [(row[on], row[kg]) for row in rows for on, kg in names]
    return sorted((growth.Weighed(on, kg) for on, kg in known if on and kg), key=lambda weighed: weighed.on)
