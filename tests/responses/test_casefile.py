"""Broken lines are named with line and field; good lines are still classified. The command is a thin door."""

from __future__ import annotations

import io
import json
import sys
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from responses import casefile
from responses.casefile import CaseError, read_case
from responses.management.commands.classify import Command
from tests.responses.courses import day

GOOD: dict[str, Any] = {
    "id": "case 1 حالة",
    "day_0": "2025-03-02",
    "baseline": 10,
    "counts": [
        {"on": "2025-03-05", "value": 60},
        {"on": "2025-03-09", "value": None},
        {"on": "2025-03-12", "value": 29.5},
    ],
    "doses": ["2025-03-02"],
    "bleeds": [{"from": "2025-03-03", "to": None, "grade": 0}],
    "bleeding_unknown": ["2025-03-05"],
    "rescues": [{"from": "2025-04-01", "to": "2025-04-02", "kind": "ivig"}],
    "other_itp_therapy_end": None,
    "followup_ended": True,
    "as_of": "2025-12-27",
}
LINE = json.dumps(GOOD)
RESPONDER = json.dumps(GOOD | {"counts": [{"on": "2025-03-05", "value": 60}, {"on": "2025-03-12", "value": 65}],
                               "bleeding_unknown": [], "rescues": []})  # fmt: skip


def changed(path: str, value: Any) -> str:
    """The good case with one value replaced; ``path`` is like ``counts/2/on``."""
    case = json.loads(LINE)
    *parents, last = path.split("/")
    place: Any = case
    for part in parents:
        place = place[int(part)] if isinstance(place, list) else place[part]
    place[int(last) if isinstance(place, list) else last] = value
    return json.dumps(case)


def without(path: str) -> str:
    """The good case without one key."""
    case = json.loads(LINE)
    *parents, last = path.split("/")
    place: Any = case
    for part in parents:
        place = place[int(part)] if isinstance(place, list) else place[part]
    del place[last]
    return json.dumps(case)


def test_a_good_line_is_read_exactly() -> None:
    name, course = read_case(LINE, 1)
    assert name == GOOD["id"]
    assert [count.value for count in course.counts] == [Decimal(60), None, Decimal("29.5")]
    assert course.bleeds[0].end is None
    assert course.rescues[0].end == day(31)
    assert course.bleeding_unknown == (day(3),)
    assert course.death is None
    assert read_case(LINE.encode(), 1) == (name, course)


def test_optional_keys() -> None:
    assert read_case(changed("death", "2025-05-01"), 1)[1].death == day(60)
    assert read_case(changed("expected", "anything"), 1)[1] == read_case(LINE, 1)[1]
    assert read_case(changed("day_0", None), 1)[1].day_0 is None
    assert read_case(changed("baseline", None), 1)[1].baseline is None
    assert str(read_case(LINE.replace('"baseline": 10', '"baseline": -0.0'), 1)[1].baseline) == "0.0"


REQUIRED = [(without(key), key, "is missing") for key in GOOD]
WRONG_TYPES = [
    (changed("id", 5), "id", "must be text, not a number"),
    (changed("day_0", 20250302), "day_0", "must be a date"),
    (changed("day_0", True), "day_0", "not true or false"),
    (changed("baseline", "10"), "baseline", "must be a number, not text"),
    (changed("baseline", True), "baseline", "must be a number, not true or false"),
    (changed("counts", {}), "counts", "must be a list, not an object"),
    (changed("counts", None), "counts", "must be a list, not null"),
    (changed("counts/2", []), "counts[2]", "must be an object, not a list"),
    (changed("counts/2/value", "60"), "counts[2].value", "must be a number"),
    (changed("doses/0", None), "doses[0]", "not null"),
    (changed("bleeds/0/grade", "1"), "bleeds[0].grade", "must be a number"),
    (changed("rescues/0/kind", None), "rescues[0].kind", "must be text"),
    (changed("followup_ended", "yes"), "followup_ended", "must be true or false"),
    (changed("followup_ended", 1), "followup_ended", "must be true or false"),
    (changed("as_of", None), "as_of", "must be a date"),
]
WRONG_VALUES = [
    (changed("counts/2/on", "2025-02-30"), "counts[2].on", "not a day of the calendar"),
    (changed("counts/2/on", "20250312"), "counts[2].on", "must be a date such as"),
    (changed("counts/2/on", "2025-W10-3"), "counts[2].on", "must be a date such as"),
    (changed("counts/2/on", "2025-03-12T10:00"), "counts[2].on", "must be a date such as"),
    (changed("counts/2/on", "٢٠٢٥-٠٣-١٢"), "counts[2].on", "must be a date such as"),
    (changed("counts/2/on", "2025-03-12\n"), "counts[2].on", "must be a date such as"),
    (changed("counts/2/on", "2025-03-05"), "counts[2].on", "already the date of counts[0]"),
    (changed("as_of", "0001-01-01"), "as_of", "must be from 1900-01-01"),
    (changed("as_of", "9999-12-31"), "as_of", "to 2199-12-31"),
    (changed("death", "soon"), "death", "must be a date"),
    (changed("counts/2/value", -1), "counts[2].value", "must not be negative"),
    (changed("counts/2/value", float("nan")), "counts[2].value", "must be a finite number"),
    (changed("counts/2/value", float("-inf")), "counts[2].value", "must be a finite number"),
    (changed("counts/2/value", 2001), "counts[2].value", "must be at most 2000"),
    (changed("counts/2/value", 2**63), "counts[2].value", "must be at most 2000"),
    (LINE.replace("29.5", "9" * 6000), "counts[2].value", "must be at most 2000"),
    (LINE.replace("29.5", "1e99999999999999999999"), "counts[2].value", "must be a finite number"),
    (changed("baseline", -0.5), "baseline", "must not be negative"),
    (changed("bleeds/0/grade", 6), "bleeds[0].grade", "whole number from 0 to 5"),
    (changed("bleeds/0/grade", 1.5), "bleeds[0].grade", "whole number from 0 to 5"),
    (changed("bleeds/0/to", "2025-03-01"), "bleeds[0].to", "is before 2025-03-03"),
    (changed("rescues/0/to", "2025-03-31"), "rescues[0].to", "is before 2025-04-01"),
    (changed("rescues/0/kind", " "), "rescues[0].kind", "must not be empty"),
    (changed("id", ""), "id", "must not be empty"),
    (changed("id", "a\0b"), "id", "control characters"),
    (changed("id", "a\ud800b"), "id", "lone surrogates"),
    (changed("rescues/0/kind", "iv\x7fig"), "rescues[0].kind", "control characters"),
    (changed("id", "x" * 201), "id", "at most 200 characters"),
]
WRONG_SHAPES: list[tuple[str | bytes, str, str]] = [
    (changed("colour", "red"), "colour", "is not a known field"),
    (changed("counts/2/unit", "G/L"), "counts[2].unit", "is not a known field"),
    (changed("a\ud800", 1), "'a\\ud800'", "is not a known field"),
    (without("counts/2/on"), "counts[2].on", "is missing"),
    (without("bleeds/0/to"), "bleeds[0].to", "is missing"),
    (LINE.replace('"baseline": 10', '"baseline": 10, "baseline": 20'), "baseline", "is given twice"),
    (LINE.replace('"value": 60', '"value": 60, "value": 61'), "counts[0].value", "is given twice"),
    (LINE[:-1], "", "not valid JSON"),
    (LINE + LINE, "", "not valid JSON: Extra data"),
    ("{'id': 1}", "", "not valid JSON"),
    ("[]", "", "must be an object, not a list"),
    ("null", "", "must be an object, not null"),
    ("5", "", "must be an object, not a number"),
    ('"case"', "", "must be an object, not text"),
    ("[" * 100_000, "", "nested too deeply"),
    (LINE.encode("utf-8")[:8] + b"\xff" + LINE.encode("utf-8")[8:], "", "not valid UTF-8 at byte 9"),
]
BROKEN: list[tuple[str | bytes, str, str]] = [*REQUIRED, *WRONG_TYPES, *WRONG_VALUES, *WRONG_SHAPES]


@pytest.mark.parametrize(("line", "field", "words"), BROKEN, ids=[f"{row[1]} {row[2]}" for row in BROKEN])
def test_a_broken_line_names_its_field(line: str | bytes, field: str, words: str) -> None:
    with pytest.raises(CaseError) as caught:
        read_case(line, 7)
    error = caught.value
    assert (error.line_number, error.field) == (7, field)
    assert words in error.message
    assert str(error) == (f"line 7, {field}: {error.message}" if field else f"line 7: {error.message}")
    str(error).encode("utf-8")  # can be shown anywhere


@pytest.mark.parametrize("value", [0, 2000, 0.1])
def test_limits_themselves_are_good(value: float) -> None:
    read_case(changed("counts/2/value", value), 1)
    read_case(changed("bleeds/0/grade", 5), 1)


def test_good_lines_are_written_and_broken_ones_complained_about() -> None:
    written: list[str] = []
    complaints: list[str] = []
    lines: list[str | bytes] = [LINE, "", "{", LINE.encode(), changed("counts/2/on", "x")]
    assert casefile.run(lines, written.append, complaints.append) == 2
    assert [json.loads(line)["id"] for line in written] == [GOOD["id"]] * 2
    assert "حالة" in written[0]
    assert [text.split(":")[0] for text in complaints] == ["line 3", "line 5, counts[2].on"]


def test_nothing_broken_is_exit_0() -> None:
    written: list[str] = []
    assert casefile.run([LINE], written.append, written.append) == 0
    assert casefile.run([], written.append, written.append) == 0
    assert len(written) == 1


def test_the_result_has_the_keys_of_the_shared_cases() -> None:
    written: list[str] = []
    casefile.run([LINE, changed("doses", [])], written.append, written.append)
    first, second = (json.loads(line) for line in written)
    assert list(first) == [
        "id",
        "best_response",
        "flag",
        "response",
        "response_end",
        "complete_response",
        "complete_response_end",
        "time_in_response",
        "off_therapy",
        "state",
        "since",
        "provisional",
        "reasons",
        "counts",
        "what_would_change",
        "rules_version",
    ]
    assert "off_therapy" not in second
    assert set(first["reasons"][0]) == {"rule", "text"}
    assert set(first["counts"][0]) == {"on", "value", "status", "used", "decides", "rule", "why", "record"}
    assert [count["decides"] for count in first["counts"]] == [False, False, True], "bleeding unknown, no value, failing"
    assert first["what_would_change"]


# The command


def classify(*args: str) -> tuple[int, str, str]:
    """Run the command; exit code, standard output and standard error."""
    out, err = io.StringIO(), io.StringIO()
    try:
        call_command(Command(stdout=out, stderr=err, no_color=True), *args)
    except SystemExit as stop:
        return int(stop.code or 0), out.getvalue(), err.getvalue()
    return 0, out.getvalue(), err.getvalue()


def test_command_reads_a_file(tmp_path: Path) -> None:
    file = tmp_path / "cases.jsonl"
    file.write_bytes(LINE.encode() + b"\n\xff\n" + LINE.encode())
    code, out, err = classify(str(file))
    assert code == 2
    assert len(out.splitlines()) == 2
    assert err.splitlines() == ["line 2: not valid UTF-8 at byte 1"]


@pytest.mark.parametrize("args", [(), ("-",)])
def test_command_reads_standard_input(args: tuple[str, ...], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(LINE.encode())))
    code, out, err = classify(*args)
    assert (code, err) == (0, "")
    assert json.loads(out)["id"] == GOOD["id"]


def test_command_says_that_a_file_cannot_be_read(tmp_path: Path) -> None:
    for name in (tmp_path / "absent", tmp_path):
        with pytest.raises(CommandError, match="cannot read") as caught:
            classify(str(name))
        assert caught.value.returncode == 2


def test_command_needs_neither_checks_nor_database() -> None:
    assert Command.requires_system_checks == []
    assert Command.requires_migrations_checks is False


# Parameter sets and reasoning


def test_command_classifies_by_a_parameter_set(tmp_path: Path) -> None:
    cases, rules = tmp_path / "cases.jsonl", tmp_path / "r50.toml"
    cases.write_text(RESPONDER)
    rules.write_text('name = "mine"\nR_MIN = 65\n')
    plain = json.loads(classify(str(cases))[1])
    code, out, _ = classify(str(cases), "--rules", str(rules))
    other = json.loads(out)
    assert code == 0
    assert (plain["best_response"], other["best_response"]) == ("R", "NE")
    assert other["rules_version"].startswith(f"{plain['rules_version']}+mine.")
    assert json.loads(classify(str(cases), "--rules", "ash-strict")[1])["rules_version"].count("+ash-strict.") == 1


def test_command_refuses_a_broken_parameter_set(tmp_path: Path) -> None:
    rules = tmp_path / "broken.toml"
    rules.write_text("CR_MIN = 100\nR_MIM = 30\n")
    with pytest.raises(CommandError, match=r"broken.toml: line 2, R_MIM: .* did you mean R_MIN\?") as caught:
        classify("--rules", str(rules))
    assert caught.value.returncode == 2
    with pytest.raises(CommandError, match="cannot read"):
        classify("--rules", str(tmp_path / "absent.toml"))


def test_command_prints_a_parameter_set_that_it_takes(tmp_path: Path) -> None:
    rules = tmp_path / "printed.toml"
    rules.write_text(classify("--print-rules")[1])
    assert "# R13: Complete response from this count" in rules.read_text()
    assert classify("--print-rules", "--rules", str(rules))[1] == rules.read_text()


def test_command_explains_in_words(tmp_path: Path) -> None:
    cases = tmp_path / "cases.jsonl"
    cases.write_text(f"{RESPONDER}\n{changed('counts', [])}\n{changed('doses', [])}\n")
    code, out, err = classify(str(cases), "--explain")
    assert (code, err) == (0, "")
    for words in (
        f"{GOOD['id']}: ", "Best response      R", "confirmed 2025-03-12", "\n  R14  The response starts on 2025-03-05",
        "Counts (* = the verdict rests on it)", "* 2025-03-05      60  R   R13", "What would change it\n  - ",
        "Other readings of the rules", "ASH 2011, strict", "(the same)", "Rules version 2026.1, data as of",
    ):  # fmt: skip
        assert words in out
