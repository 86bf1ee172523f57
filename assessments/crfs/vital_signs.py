"""Vital signs outside of infusions; those of an infusion stand in its run sheet."""

from __future__ import annotations

from functools import cached_property

from django.utils import timezone

from assessments.child import Child, child_of
from casebook import items
from casebook.crf import Crf, EditCheck, Section
from casebook.items import DIRECT, Sdtm
from itp_trial import vital_signs
from itp_trial.vital_signs import POSSIBLE

# A form reads like a table: one question a line.
# fmt: off


def _by_age(code: str, sign: str) -> EditCheck:
    return EditCheck(code, [sign, "measured_at"], lambda c: not c.outside(sign), lambda c: c.outside(sign),
                     rule="protocol 8.4", about="Unusual for the age (PALS).")


class VitalSigns(Crf):
    """One set of vital signs, with soft limits by age."""

    slug = "vital-signs"
    dates_visit = "measured_at"

    measured_at = items.DateTime("Measured at", source=DIRECT, sdtm=Sdtm("VS.VSDTC"))
    temperature = items.Number("Temperature", unit="C", digits=(3, 1), hard=POSSIBLE["temperature"], expected=(35, 38),
                               source=DIRECT, sdtm=Sdtm("VS.VSORRES", "TEMP"))
    heart_rate = items.Number("Heart rate", unit="/min", digits=(3, 0), hard=POSSIBLE["heart_rate"], source=DIRECT,
                              sdtm=Sdtm("VS.VSORRES", "HR"))
    respiratory_rate = items.Number("Respiratory rate", unit="/min", digits=(3, 0), hard=POSSIBLE["respiratory_rate"],
                                    source=DIRECT, sdtm=Sdtm("VS.VSORRES", "RESP"))
    systolic = items.Number("Systolic pressure", unit="mmHg", digits=(3, 0), hard=POSSIBLE["systolic"], source=DIRECT,
                            sdtm=Sdtm("VS.VSORRES", "SYSBP"))
    diastolic = items.Number("Diastolic pressure", unit="mmHg", digits=(3, 0), hard=POSSIBLE["diastolic"], source=DIRECT,
                             sdtm=Sdtm("VS.VSORRES", "DIABP"))
    spo2 = items.Number("Oxygen saturation", unit="%", digits=(3, 0), hard=POSSIBLE["spo2"], source=DIRECT,
                        sdtm=Sdtm("VS.VSORRES", "OXYSAT"))

    sections = [Section("Vital signs", "measured_at", "temperature", "heart_rate", "respiratory_rate", "systolic",
                        "diastolic", "spo2", note="The child at rest and awake. What does not fit the age is asked about.")]
    edit_checks = [
        _by_age("VIT01", "heart_rate"),
        _by_age("VIT02", "respiratory_rate"),
        _by_age("VIT03", "systolic"),
        _by_age("VIT04", "diastolic"),
        EditCheck("VIT05", ["spo2"], lambda c: not vital_signs.oxygen(c.spo2), lambda c: vital_signs.oxygen(c.spo2),
                  rule="protocol 8.4", about="Oxygen saturation is low."),
        EditCheck("VIT06", ["diastolic", "systolic"], lambda c: c.diastolic < c.systolic,
                  "The diastolic pressure must be lower than the systolic one. Are they exchanged?", hard=True),
    ]

    class Meta:
        verbose_name = "vital signs"

    @cached_property
    def child(self) -> Child | None:
        return child_of(self.record.participant_id)

    def outside(self, sign: str) -> str:
        """What is unusual about one sign at this age, or an empty text."""
        if self.child is None:
            return ""
        age = self.child.years_on(timezone.localtime(self.measured_at).date())
        return vital_signs.outside(sign, getattr(self, sign), age)
