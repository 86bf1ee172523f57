"""The bleeding log beside the counts and the assessments of the same child."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from casebook.models import FormRecord
from demo.builder import bleeding, no_bleeding


def found(record: FormRecord) -> set[str]:
    return set(record.findings.filter(state="open").values_list("code", flat=True))


class TestEpisodesBesideCountsAndAssessments:
    """A bleeding that was written down later must not stay beside a count that says "no bleeding" (a known weak point)."""

    #: Further answers of an episode from day 3 to day 4 of the responder, whose count of day 3 says "no bleeding".
    ASKED = {
        "over the count": ({}, {"BLE02"}),
        "after the count": ({"started_on": 4}, set()),
        "ongoing since before it": ({"started_on": 1, "ongoing": "Y", "ended_on": None}, {"BLE02"}),
        "a grade that the sign does not have": (
            {"started_on": 4, "site_of_bleeding": "intracranial", "peak_grade": 1},
            {"BLE03"},
        ),
        "grade 2 by report only": ({"started_on": 4, "evidence": "report"}, {"BLE04"}),
        "grade 1 by report only": ({"started_on": 4, "evidence": "report", "peak_grade": 1}, set()),
    }

    @pytest.mark.parametrize(("answers", "codes"), ASKED.values(), ids=ASKED)
    def test_an_episode_is_compared(self, universe: Any, answers: dict[str, Any], codes: set[str]) -> None:
        day_0 = universe.today - timedelta(days=11)
        usual = {"site_of_bleeding": "epistaxis", "started_on": 3, "ongoing": "N", "ended_on": 4, "peak_grade": 2}
        both = {**usual, "evidence": "record", **answers}
        dated = {k: day_0 + timedelta(days=v) if k.endswith("_on") and v is not None else v for k, v in both.items()}
        assert found(universe.clinic().log(universe.responder, "bleeding-episode", **dated).record) == codes

    def test_an_assessment_without_bleeding_inside_an_episode_is_asked_about(self, universe: Any) -> None:
        day_0 = universe.today - timedelta(days=11)
        episode = {"site_of_bleeding": "gum", "started_on": day_0, "ongoing": "Y", "peak_grade": 1, "evidence": "seen"}
        saved = universe.clinic().log(universe.responder, "bleeding-episode", **episode)
        assert "bleeding assessment of" in saved.open_findings[0].message
        record = universe.record(universe.responder, "bleeding-assessment", "LOAD")
        universe.fill(record, universe.clara, **no_bleeding(day_0))
        assert found(record) == {"BAT04"}
        universe.fill(record, universe.clara, **bleeding(day_0, gum=1))
        assert found(record) == set()
