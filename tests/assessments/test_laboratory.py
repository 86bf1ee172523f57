"""Chemistry, immunoglobulins and virology: alerts on both sides, prints, and antibodies that came with the product."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest

from assessments.serology import Result, Serology, read
from demo.builder import NotFilled

NEG, POS, EQU = Result.NEGATIVE, Result.POSITIVE, Result.EQUIVOCAL
DAY_14, DAY_0 = date(2026, 3, 15), date(2026, 3, 1)

#: Markers before, markers on day 14, last IVIG -> passive, speaks for an infection.
SEROLOGY = {
    "A11: anti-HBs newly positive, HBsAg negative": (
        {"anti_hbs": NEG}, {"anti_hbs": POS, "hbsag": NEG}, DAY_0, ("anti_hbs",), ()),
    "the same without IVIG": ({"anti_hbs": NEG}, {"anti_hbs": POS, "hbsag": NEG}, None, (), ()),
    "anti-HBc with HBsAg": ({}, {"anti_hbc": POS, "hbsag": POS}, DAY_0, (), ("hbsag", "anti_hbc")),
    "anti-HBc with doubtful HBsAg": ({}, {"anti_hbc": POS, "hbsag": EQU}, DAY_0, (), ("anti_hbc",)),
    "anti-HBc alone after IVIG": ({"anti_hbc": NEG}, {"anti_hbc": POS, "hbsag": NEG}, DAY_0, ("anti_hbc",), ()),
    "anti-HBc without IVIG": ({}, {"anti_hbc": POS, "hbsag": NEG}, None, (), ("anti_hbc",)),
    "anti-HBs known before": ({"anti_hbs": POS}, {"anti_hbs": POS}, DAY_0, (), ()),
    "a new HIV test": ({"hiv": NEG}, {"hiv": POS}, DAY_0, (), ("hiv",)),
    "IVIG at the end of its time": ({}, {"anti_hcv": POS}, DAY_14 - timedelta(days=183), ("anti_hcv",), ()),
    "IVIG too long ago": ({}, {"anti_hcv": POS}, DAY_14 - timedelta(days=184), (), ("anti_hcv",)),
    "all negative": ({}, {"hbsag": NEG, "anti_hbs": NEG}, DAY_0, (), ()),
}  # fmt: skip


@pytest.mark.parametrize(("before", "now", "ivig", "passive", "infection"), SEROLOGY.values(), ids=SEROLOGY)
def test_what_a_serology_means(
    before: dict[str, Result], now: dict[str, Result], ivig: date | None, passive: tuple[str, ...], infection: tuple[str, ...]
) -> None:
    found = read(Serology(DAY_14, now), Serology(DAY_0, before) if before else None, ivig)
    assert (found.passive, found.infection) == (passive, infection)
    assert bool(found.note) == bool(passive)
    assert bool(found.alarm) == bool(infection)


class TestVirology:
    USUAL = {"hbsag": "NEG", "anti_hbs": "NEG", "anti_hbc": "NEG", "anti_hcv": "NEG", "hiv": "NEG"}

    def fill(self, universe: Any, on: date, **answers: str) -> Any:
        record = universe.record(universe.responder, "virology", "SCREEN")
        return universe.fill(record, universe.clara, taken_on=on, **{**self.USUAL, **answers})

    @pytest.mark.parametrize(("days", "codes"), [(11, set()), (10, {"VIR01"})], ids=["on day 0", "a day later"])
    def test_the_baseline_precedes_the_first_dose(self, universe: Any, days: int, codes: set[str]) -> None:
        saved = self.fill(universe, universe.today - timedelta(days=days))
        assert {finding.code for finding in saved.open_findings} == codes

    def test_a11_passive_antibody_is_noted_and_raises_nothing(self, universe: Any) -> None:
        saved = self.fill(universe, universe.today - timedelta(days=11), anti_hbs="POS")
        assert "anti-HBs newly positive after IVIG: passive antibody" in saved.record.crf().passive_note
        assert saved.open_findings == []

    def test_a_marker_of_infection_is_asked_about(self, universe: Any) -> None:
        saved = self.fill(universe, universe.today - timedelta(days=13), hbsag="POS")
        assert [finding.code for finding in saved.open_findings] == ["VIR02"]
        assert saved.record.crf().passive_note is None

    def test_without_a_date_nothing_is_read(self, universe: Any) -> None:
        record = universe.record(universe.screening, "virology", "SCREEN")
        assert universe.fill(record, universe.clara, **self.USUAL).record.crf().passive_note is None


class TestChemistry:
    ASKED = {
        "usual": ({}, set()),
        "IgA at the alert": ({"iga": "0.07"}, {"RANGE"}),
        "IgA below it": ({"iga": "6.9 mg/dL"}, {"RANGE", "LAB01"}),
        "IgA not to be found": ({"iga_below": "Y", "iga": None}, {"LAB02"}),
        "a positive antiglobulin test": ({"dat": "IGG", "dat_strength": "2"}, {"LAB03"}),
        "of unknown strength": ({"dat": "C3"}, {"LAB03", "MISSING"}),
        "not done": ({"done": "N", "why_not": "No vein"}, set()),
    }

    def fill(self, universe: Any, **answers: Any) -> Any:
        return universe.fill(universe.record(universe.responder, "laboratory", "SCREEN"), universe.clara, **answers)

    @pytest.mark.parametrize(("answers", "codes"), ASKED.values(), ids=ASKED)
    def test_what_is_asked(self, universe: Any, answers: dict[str, Any], codes: set[str]) -> None:
        assert {finding.code for finding in self.fill(universe, **answers).open_findings} == codes

    def test_results_in_other_units_keep_their_print(self, universe: Any) -> None:
        crf = self.fill(universe, creatinine="35 µmol/L", igg="850 mg/dL", iga="0.6").record.crf()
        assert (crf.creatinine, crf.creatinine_printed) == (Decimal("0.40"), "35 umol/L")
        assert (crf.igg, crf.igg_printed) == (Decimal("8.5"), "850 mg/dL")
        assert (crf.iga, crf.iga_printed) == (Decimal("0.6"), None)

    def test_more_indirect_than_total_bilirubin_is_refused(self, universe: Any) -> None:
        assert self.fill(universe, bilirubin="0.5", bilirubin_indirect="0.5").open_findings == []
        with pytest.raises(NotFilled, match="Are they exchanged"):
            self.fill(universe, bilirubin_indirect="0.51")

    def test_a_sample_outside_the_visit_is_asked_about(self, universe: Any) -> None:
        saved = self.fill(universe, taken_at=f"{universe.today - timedelta(days=14):%d/%m/%Y} 09:00")
        assert [finding.code for finding in saved.open_findings] == ["LAB05"]
