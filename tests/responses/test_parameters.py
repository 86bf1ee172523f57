"""Parameter sets: what a TOML file may say, how it is refused, and which version it travels under."""

from __future__ import annotations

from dataclasses import fields
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from itp_trial.protocol import PARAMETERS, RULES_VERSION, value
from responses.classification import classify
from responses.parameters import DEFAULTS, NAMES, SENSITIVITY, ParameterError, as_toml, named, read_rules
from responses.rules import Rules
from responses.sensitivity import differs, readings
from tests.responses.courses import course


def test_every_threshold_of_the_rules_is_a_parameter_of_the_protocol() -> None:
    assert set(NAMES) <= set(PARAMETERS)
    for field in fields(Rules):
        if field.name != "version":
            assert getattr(DEFAULTS, field.name) == value(field.name.upper())


def test_a_file_changes_what_it_names_and_leaves_the_rest() -> None:
    rules = read_rules(b'# both readings\nname = "mine"\nR_MIN = 50\nFOLD = 1.5\nSTRICT = true\n\nATTRIB_D = 28\n')
    assert (rules.r_min, rules.fold, rules.strict, rules.attrib_d) == (Decimal(50), Decimal("1.5"), True, 28)
    assert (rules.cr_min, rules.confirm_resp_d) == (DEFAULTS.cr_min, DEFAULTS.confirm_resp_d)
    assert isinstance(rules.r_min, Decimal)


BROKEN = [
    (b"R_MIM = 30", 1, "R_MIM", "is not a parameter of the response rules; did you mean R_MIN?"),
    (b"r_min = 30", 1, "r_min", "did you mean R_MIN?"),
    (b"CR_MIN = 90\ncolour = 3", 2, "colour", "there are CR_MIN, R_MIN"),
    (b"MAX_MAINT = 4", 1, "MAX_MAINT", "is not a parameter of the response rules"),
    (b"version = '1'", 1, "version", "is not a parameter of the response rules"),
    (b"\n\nR_MIN = 'thirty'", 3, "R_MIN", "must be a number, not text"),
    (b"R_MIN = true", 1, "R_MIN", "must be a number, not true or false"),
    (b"R_MIN = [30]", 1, "R_MIN", "must be a number, not a list"),
    (b"[R_MIN]\na = 1", 1, "R_MIN", "must be a number, not a table"),
    (b"R_MIN.a = 1", 1, "R_MIN", "must be a number, not a table"),
    (b"R_MIN = 2025-01-01", 1, "R_MIN", "must be a number, not a date or time"),
    (b'STRICT = "yes"', 1, "STRICT", "must be true or false, not text"),
    (b"STRICT = 1", 1, "STRICT", "must be true or false, not a number"),
    (b"SROT_D = 180.5", 1, "SROT_D", "must be a whole number"),
    (b"SROT_D = -1", 1, "SROT_D", "must be a number from 0 to 3650"),
    (b"SROT_D = 3651", 1, "SROT_D", "must be a number from 0 to 3650"),
    (b"CR_MIN = 2000.1", 1, "CR_MIN", "must be a number from 0 to 2000"),
    (b"CR_MIN = nan", 1, "CR_MIN", "must be a number from 0 to 2000"),
    (b"CR_MIN = inf", 1, "CR_MIN", "must be a number from 0 to 2000"),
    (b"CR_MIN = 1e99999999999999999999", 1, "CR_MIN", "must be a number from 0 to 2000"),
    (b"BLEED_GRADE = 6", 1, "BLEED_GRADE", "must be a number from 0 to 5"),
    (b"BLEED_GRADE = 0", 1, "BLEED_GRADE", "must be more than 0 and at most 5"),
    (b"FOLD = 0", 1, "FOLD", "must be more than 0 and at most 2000"),
    (b"CONFIRM_RESP_D = 0", 1, "CONFIRM_RESP_D", "must be more than 0 and at most 3650"),
    (b"PTI_CAP_D = 0", 1, "PTI_CAP_D", "must be more than 0 and at most 3650"),
    (b"R_MIN = 110", 1, "R_MIN", "CR_MIN (100) must not be below R_MIN (110)"),
    (b"R_MIN = 60\nCR_MIN = 50", 2, "CR_MIN", "CR_MIN (50) must not be below R_MIN (60)"),
    (b'name = "My set"', 1, "name", "must be small letters, digits and hyphens"),
    (b"name = 5", 1, "name", "must be small letters, digits and hyphens"),
    (b"R_MIN = 30\nR_MIN = 40", 2, "", "not valid TOML: Cannot overwrite a value"),
    (b"R_MIN = 30\nCR_MIN 100\n", 2, "", "not valid TOML: Expected '=' after a key"),
    (b"R_MIN =", 1, "", "not valid TOML: Invalid value"),
    (b"R_MIN = 30\n\xff = 1", 2, "", "not valid UTF-8 at byte 12 of the file"),
    (b"R_MIN = " + b"[" * 2000 + b"1", 0, "", "not a parameter set"),
    (b"R_MIN = " + b"9" * 5000, 0, "", "not a parameter set"),
]


@pytest.mark.parametrize(("source", "line", "name", "words"), BROKEN, ids=[f"{row[2]} {row[3][:30]}" for row in BROKEN])
def test_a_broken_set_names_its_line_and_parameter(source: bytes, line: int, name: str, words: str) -> None:
    with pytest.raises(ParameterError) as caught:
        read_rules(source)
    error = caught.value
    assert (error.line, error.name) == (line, name)
    assert words in error.message
    assert "at line" not in error.message
    where = ", ".join(part for part in (f"line {line}" if line else "", name) if part)
    assert str(error) == (f"{where}: {error.message}" if where else error.message)


@pytest.mark.parametrize("source", [b"SROT_D = 0", b"SROT_D = 3650", b"CR_MIN = 2000", b"R_MIN = 0", b"BLEED_GRADE = 5",
                                    b"BLEED_GRADE = 1", b"R_MIN = 100", b"PTI_CAP_D = 1", b"\xef\xbb\xbfR_MIN = 31"])  # fmt: skip
def test_the_limits_themselves_are_good(source: bytes) -> None:
    read_rules(source)


def test_a_version_stands_for_its_values_and_nothing_else() -> None:
    assert read_rules(b"").version == read_rules(b"R_MIN = 30.0\nSTRICT = false").version == RULES_VERSION
    assert named("r50", r_min=Decimal(50)).version == read_rules(b'name = "r50"\nR_MIN = 50.0').version
    versions = {rules.version for _, rules in SENSITIVITY.values()}
    assert len(versions) == len(SENSITIVITY)
    assert RULES_VERSION not in versions
    assert all(version.startswith(f"{RULES_VERSION}+{key}.") for version, key in zip(
        (rules.version for _, rules in SENSITIVITY.values()), SENSITIVITY, strict=True))  # fmt: skip
    assert read_rules(b"R_MIN = 31").version.startswith(f"{RULES_VERSION}+set.")


@settings(max_examples=100, deadline=None)
@given(st.builds(named, st.just("any"), r_min=st.decimals(0, 50, places=1), fold=st.decimals(1, 4, places=2),
                 srot_d=st.integers(0, 3650), strict=st.booleans(), bleed_grade=st.integers(1, 5)))  # fmt: skip
def test_what_is_printed_reads_as_the_same_set(rules: Rules) -> None:
    read = read_rules(as_toml(rules, "any").encode())
    assert (read, read.version) == (rules, rules.version)
    assert as_toml(read, "any") == as_toml(rules, "any")


def test_the_printed_set_says_what_each_number_means() -> None:
    text = as_toml(DEFAULTS)
    assert text.startswith(f'# Parameter set of the response rules, version {RULES_VERSION}.\nname = "set"\n\n')
    assert "# R13: Complete response from this count (10^9/L; assumption)\nCR_MIN = 100\n" in text
    assert text.count("\n# R") == len(NAMES)


@pytest.mark.parametrize(
    ("baseline", "loose", "strict"),
    [
        (None, "at least 100", "at least 100"), (0, "at least 30", "at least 30"), (14, "at least 30", "at least 30"),
        (15, "at least 30", "more than 30"), ("15.5", "at least 31", "more than 31"), (50, "at least 100", "at least 100"),
        ("49.5", "at least 99", "more than 99"), (60, "at least 100", "at least 100"),
    ],
)  # fmt: skip
def test_the_smallest_count_of_a_response_in_words(baseline: int | str | None, loose: str, strict: str) -> None:
    known = None if baseline is None else Decimal(baseline)
    assert (DEFAULTS.response_text(known), named("x", strict=True).response_text(known)) == (loose, strict)


BEST = {
    # story: (main, r50, bleeding-2, unconfirmed, ash-strict, last-low, treatment-policy)
    "40, confirmed": (course({3: 40, 12: 45}), ("R", "NR", "R", "R", "R", "R", "R")),
    "7 days apart": (course({3: 60, 10: 60}), ("R", "R", "R", "R", "NE", "R", "R")),
    "exactly twofold": (course({3: 60, 12: 60}, baseline=30), ("R", "R", "R", "R", "NR", "R", "R")),
    "grade 1 on both days": (course({3: 60, 12: 60}, bleeds=[(3, 12, 1)]), ("NR", "NR", "R", "NR", "NR", "NR", "NR")),
    "only one good count": (course({3: 60, 12: 10}), ("NE", "NE", "NE", "R", "NE", "NE", "NE")),
    "rescue first": (course({3: 10, 40: 60, 49: 60}, rescues=[(4, 4, "ivig")]), ("NR", "NR", "NR", "NR", "NR", "NR", "R")),
}  # fmt: skip


@pytest.mark.parametrize("story", BEST)
def test_each_analysis_of_the_protocol_reads_the_same_course_its_own_way(story: str) -> None:
    given_course, expected = BEST[story]
    main = classify(given_course)
    others = readings(given_course)
    assert [reading.key for reading in others] == list(SENSITIVITY)
    assert (main.best_response, *(reading.verdict.best_response for reading in others)) == expected
    assert [differs(reading.verdict, main) for reading in others] == [
        reading.verdict.best_response != main.best_response for reading in others
    ]


def test_a_low_last_count_is_a_loss_or_censored() -> None:
    low_at_the_end = course({3: 60, 12: 60, 20: 10}, doses=(0, 14))
    main = classify(low_at_the_end)
    [other] = [reading for reading in readings(low_at_the_end) if reading.key == "last-low"]
    assert (main.response_end.how, other.verdict.response_end.how) == ("unconfirmed_last_count", "censored")  # type: ignore[union-attr]
    assert differs(other.verdict, main)
