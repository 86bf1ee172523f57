"""docs/protocol.md is what the parameter table says."""

from __future__ import annotations

import re
import runpy
import sys
from decimal import Decimal
from pathlib import Path

import pytest

from itp_trial import protocol_doc
from itp_trial.protocol import PARAMETERS, Parameter
from itp_trial.protocol_doc import QUESTIONS, RULES, markdown

DOCUMENT = Path(__file__).resolve().parent.parent / "docs" / "protocol.md"


def test_the_file_is_up_to_date() -> None:
    assert DOCUMENT.read_text(encoding="utf-8") == markdown(), "run: python -m itp_trial.protocol_doc > docs/protocol.md"


def test_every_rule_has_a_heading_and_a_short_summary() -> None:
    assert list(RULES) == [f"R{number}" for number in range(1, 25)]
    for rule, (name, summary) in RULES.items():
        assert f"### {rule} {name}\n\n{summary}\n" in markdown()
        assert 1 <= len(re.findall(r"[.](?:\s|$)", summary)) <= 3


@pytest.mark.parametrize("name", PARAMETERS)
def test_every_parameter_has_one_row_under_its_rule(name: str) -> None:
    parameter = PARAMETERS[name]
    section = markdown().split(f"\n### {parameter.rule} ")[1].split("\n### ")[0].split("\n## ")[0]
    rows = [line for line in markdown().splitlines() if line.startswith(f"| `{name}` |")]
    assert len(rows) == 1
    assert rows[0] in section
    assert parameter.meaning in rows[0]
    assert ("**assumption**" in rows[0]) is parameter.assumption


def test_a_number_is_written_as_people_write_it(monkeypatch: pytest.MonkeyPatch) -> None:
    values = {"A": True, "B": False, "C": Decimal("1E+2"), "D": Decimal("0.50"), "E": 7, "F": "x|y"}
    monkeypatch.setattr(protocol_doc, "PARAMETERS", {
        name: Parameter(name, value, "a|b", "Meaning.", "Source", name == "A", "R1") for name, value in values.items()
    })  # fmt: skip
    assert [line for line in markdown().splitlines() if line.startswith("| `")] == [
        r"| `A` | yes | a\|b | Meaning. | Source; **assumption** |",
        r"| `B` | no | a\|b | Meaning. | Source |",
        r"| `C` | 100 | a\|b | Meaning. | Source |",
        r"| `D` | 0.50 | a\|b | Meaning. | Source |",
        r"| `E` | 7 | a\|b | Meaning. | Source |",
        r"| `F` | x\|y | a\|b | Meaning. | Source |",
    ]


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("BASELINE_WINDOW_D", "7 days"),
        ("ENTRY_PLT_MAX", "100 ×10⁹/L"),
        ("DOSE_TOL", "10 %"),
        ("CONFIRM_LOSS_D", "1 day"),
        ("AGE_MAX_STRICT", "no"),
    ],
)
def test_a_value_is_told_with_its_unit(name: str, words: str) -> None:
    assert PARAMETERS[name].words == words


def test_every_question_is_numbered() -> None:
    for number, (_, text) in enumerate(QUESTIONS, start=1):
        assert f"\n{number}. {text}" in markdown()


def test_it_runs_as_a_module(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "itp_trial.protocol_doc")
    runpy.run_module("itp_trial.protocol_doc", run_name="__main__")
    assert capsys.readouterr().out == markdown()
