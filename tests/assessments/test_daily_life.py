"""Hospital contacts, school, activity and satisfaction: what is computed and what is asked."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from casebook.models import FormRecord
from demo.builder import NotFilled, at


def found(record: FormRecord) -> set[str]:
    return set(record.findings.filter(state="open").values_list("code", flat=True))


class TestSchool:
    """The untreated boy of 8 goes to primary school: 20 school days."""

    #: Answers -> days absent, absence in percent, findings.
    ASKED = {
        "never absent": ({"absent": "N"}, 0, "0.0", set()),
        "three days of twenty": ({"absent": "Y", "absent_itp": 1, "absent_visit": 2}, 3, "15.0", set()),
        "absent, no days": ({"absent": "Y"}, None, None, {"SCH02"}),
        "absent for no day": ({"absent": "Y", "absent_itp": 0}, 0, "0.0", {"SCH02"}),
        "more days than there were": ({"absent": "Y", "absent_illness": 20, "absent_other": 1}, 21, None, {"SCH01"}),
        "all of them": ({"absent": "Y", "absent_illness": 20}, 20, "100.0", set()),
        "in the holidays": ({"scheduled_days": 0, "holiday": "Y", "absent": "N"}, 0, None, set()),
        "no school": ({"school": "none"}, None, None, set()),
    }  # fmt: skip

    @pytest.mark.parametrize(("answers", "days", "percent", "codes"), ASKED.values(), ids=ASKED)
    def test_absence(
        self, universe: Any, answers: dict[str, Any], days: int | None, percent: str | None, codes: set[str]
    ) -> None:
        record = universe.record(universe.untreated, "school-activity", "SCREEN")
        usual = {"school": "primary", "scheduled_days": 20, "holiday": "N", "absent_itp": None, "absent_visit": None}
        universe.fill(record, universe.clara, **{**usual, **answers})
        crf = record.crf_class.objects.get(pk=record.pk)
        assert crf.absent_days == days
        assert crf.absence_percent == (Decimal(percent) if percent else None)
        assert found(record) == codes


class TestHospital:
    #: Answers about a stay -> findings.
    ASKED = {
        "a visit for a cold": ({"kind": "OUTPATIENT CLINIC VISIT", "cause": "illness", "itp_related": "N"}, set()),
        "bleeding, not by ITP": ({"kind": "EMERGENCY ROOM VISIT", "cause": "bleeding", "itp_related": "N"}, {"HOS03"}),
        "a stay without a serious event": ({"kind": "HOSPITAL STAY", "ongoing": "Y", "cause": "illness"}, {"HOS02"}),
        "a stay planned for an infusion": ({"kind": "HOSPITAL STAY", "ongoing": "Y", "cause": "planned"}, set()),
    }  # fmt: skip
    USUAL = {"itp_related": "Y", "blood_products": "N", "elsewhere": "N"}

    def log(self, universe: Any, **answers: Any) -> FormRecord:
        on = universe.today - timedelta(days=4)
        return universe.clinic().log(universe.responder, "hospital-contact", started_on=on, **{**self.USUAL, **answers}).record

    @pytest.mark.parametrize(("answers", "codes"), ASKED.values(), ids=ASKED)
    def test_what_is_asked(self, universe: Any, answers: dict[str, Any], codes: set[str]) -> None:
        assert found(self.log(universe, **answers)) == codes

    @pytest.mark.parametrize(("days", "codes"), [(3, set()), (2, {"HOS02"})], ids=["by the discharge", "after it"])
    def test_the_serious_event_of_a_stay_settles_it(self, universe: Any, days: int, codes: set[str]) -> None:
        started = at(universe.today - timedelta(days=days), 9)
        universe.clinic().log(universe.responder, "adverse-event", term="Pneumonia", started_at=started, serious="Y")
        ended = universe.today - timedelta(days=3)
        stay = {"kind": "HOSPITAL STAY", "ongoing": "N", "ended_on": ended, "cause": "illness"}
        assert found(self.log(universe, **stay)) == codes

    def test_a_discharge_before_the_admission_is_refused(self, universe: Any) -> None:
        with pytest.raises(NotFilled, match="discharged before"):
            self.log(universe, kind="HOSPITAL STAY", ongoing="N", ended_on=universe.today - timedelta(days=5))


def test_satisfaction_is_answered_in_two_languages(universe: Any) -> None:
    """The question and every answer stand there in English and in Arabic; the exports hold the number."""
    from assessments.models import Satisfaction

    for name in ("effect", "side_effects", "burden", "willing", "overall"):
        item = Satisfaction.items()[name]
        assert all(
            any("\u0600" <= letter <= "\u06ff" for letter in text) for text in (item.label, *dict(item.flatchoices).values())
        )
        assert item.exported("4") == "4"
