"""Stories about case files and parameter sets."""

from __future__ import annotations

import json
from collections.abc import Callable
from decimal import Decimal
from functools import partial
from typing import Any

from responses import casefile
from responses.classification import Bleed, Count, Course, Rescue, classify
from responses.parameters import DEFAULTS, SENSITIVITY, as_toml, read_rules
from tests.responses.courses import course, day
from tests.words.shown import Stories, refused, said

GOOD: dict[str, Any] = {
    "id": "T1",
    "day_0": "2025-03-02",
    "baseline": 10,
    "counts": [{"on": "2025-03-05", "value": 60}, {"on": "2025-03-12", "value": 29.5}],
    "doses": ["2025-03-02"],
    "bleeds": [{"from": "2025-03-03", "to": None, "grade": 0}],
    "bleeding_unknown": [],
    "rescues": [{"from": "2025-04-01", "to": "2025-04-02", "kind": "ivig"}],
    "other_itp_therapy_end": None,
    "followup_ended": True,
    "as_of": "2025-12-27",
}


def case(**changes: Any) -> str:
    return json.dumps({**GOOD, **changes})


def without(name: str) -> str:
    return json.dumps({key: value for key, value in GOOD.items() if key != name})


def _id_of(line: str | bytes) -> str:
    return casefile.read_case(line, 7)[0]


def lines_of(found: dict[str, str | bytes]) -> Callable[[], dict[str, str]]:
    """Name -> what is said about the line; of a good one its id."""
    return lambda: {name: said(partial(_id_of, line)) for name, line in found.items()}


#: A value of every kind of JSON that a field may not have, and what is out of its limits.
_KINDS: dict[str, Any] = {
    "null": None,
    "true": True,
    "number": 5,
    "text": "x",
    "list": [],
    "object": {},
    "blank": " ",
    "tab": "a\tb",
}
CASES: Stories = {
    "case: good": lambda: casefile.read_case(case(), 7),
    "case: good, with a death": lambda: casefile.read_case(case(death="2025-05-01"), 7)[1].death,
    "case: good, not dosed": lambda: casefile.read_case(case(day_0=None, baseline=None), 7)[1],
    "case: missing": lines_of({name: without(name) for name in GOOD}),
    **{
        f"case: {name}": lines_of({kind: case(**{name: value}) for kind, value in _KINDS.items()})
        for name in ("id", "day_0", "baseline", "counts", "followup_ended", "as_of", "death", "expected", "colour")
    },
    "case: parts of a list": lines_of(
        {
            "count": case(counts=[5]),
            "its day": case(counts=[{"on": 5, "value": 5}]),
            "its value": case(counts=[{"on": "2025-03-05", "value": "5"}]),
            "without a day": case(counts=[{"value": 5}]),
            "twice a day": case(counts=[{"on": "2025-03-05", "value": 5}] * 2),
            "dose": case(doses=["2025-02-30"]),
            "unknown": case(bleeding_unknown=["0001-01-01"]),
            "bleed": case(bleeds=["x"]),
            "grade": case(bleeds=[{"from": "2025-03-03", "to": None, "grade": 6}]),
            "half a grade": case(bleeds=[{"from": "2025-03-03", "to": None, "grade": 0.5}]),
            "end of a bleed": case(bleeds=[{"from": "2025-03-03", "to": "2025-03-02", "grade": 1}]),
            "the same day": case(bleeds=[{"from": "2025-03-03", "to": "2025-03-03", "grade": 5}]),
            "start of a rescue": case(rescues=[{"from": None, "to": None, "kind": "ivig"}]),
            "end of a rescue": case(rescues=[{"from": "2025-04-01", "to": 5, "kind": "ivig"}]),
            "kind of a rescue": case(rescues=[{"from": "2025-04-01", "to": None, "kind": ""}]),
            "more": case(rescues=[{"from": "2025-04-01", "to": None, "kind": "x", "why": 1}]),
        }
    ),
    "case: limits": lines_of(
        {
            "2000": case(baseline=2000),
            "2001": case(baseline=2001),
            "-1": case(baseline=-1),
            "NaN": case().replace("29.5", "NaN"),
            "1e9999999999999999999": case().replace("29.5", "1e9999999999999999999"),
            "200 letters": case(id="x" * 200),
            "201 letters": case(id="x" * 201),
            "DEL": case(id="a\x7fb"),
            "space": case(id="a b"),
            "half": case(id="\ud800"),
            "last half": case(id="\udfff"),
            "letter after the halves": case(id="\ue000"),
            "1899": case(as_of="1899-12-31"),
            "1900": case(as_of="1900-01-01"),
            "2199": case(as_of="2199-12-31"),
            "2200": case(as_of="2200-01-01"),
        }
    ),
    "case: shapes": lines_of(
        {
            "cut": case()[:-1],
            "twice": case() + case(),
            "a key twice": case().replace('"baseline": 10', '"baseline": 10, "baseline": 10'),
            "an odd key": case(**{"a\tb" * 20: 1}),
            "a long key": case(**{"b" * 50: 1}),
            "deep": "[" * 100_000,
            "not UTF-8": b'{"id": "\xff"}',
            "bytes": case().encode(),
            "a key twice in a count": case().replace('"value": 60', '"value": 60, "value": 61'),
        }
    ),
    "case: told as JSON": lambda: casefile.verdict_json("T1", classify(casefile.read_case(case(), 1)[1])),
    "case: a loss as JSON": lambda: casefile.verdict_json(
        "T2", classify(course({3: 60, 12: 120, 19: 130, 40: 9, 41: None}, ended=False, as_of=60))
    ),
    "case: no dose as JSON": lambda: casefile.verdict_json("T3", classify(course({3: 60}, doses=()))),
    "course: impossible": lambda: {name: said(make) for name, make in IMPOSSIBLE.items()},
}


def _course(*counts: Count, baseline: Decimal | None = None) -> Course:
    return Course(day(0), baseline, counts, (), (), (), (), None, True, day(9))


IMPOSSIBLE: dict[str, Callable[[], Any]] = {
    "a bleed that ends first": lambda: Bleed(day(3), day(2), 1),
    "a bleed of a day": lambda: Bleed(day(3), day(3), 1).end,
    "a rescue that ends first": lambda: Rescue(day(3), day(2), "ivig"),
    "two counts of a day": lambda: _course(Count(day(1), None), Count(day(2), None), Count(day(1), None)),
    "less than nothing": lambda: _course(Count(day(1), Decimal(-1))),
    "a baseline that is no number": lambda: _course(baseline=Decimal("NaN")),
    "nothing": lambda: _course(Count(day(1), Decimal(0)), baseline=Decimal(0)).baseline,
}

SETS = (
    b"R_MIM = 30",
    b"COLOUR_OF_THE_CELLS_THAT_ARE_NOT_COUNTED_AT_ALL = 3",
    b"R_MIN = 'x'",
    b"R_MIN = true",
    b"R_MIN = [3]",
    b"R_MIN.a = 1",
    b"[R_MIN]\na = 1",
    b"R_MIN = 2025-01-01",
    b"STRICT = 1",
    b"STRICT = 'x'",
    b"SROT_D = 1.5",
    b"SROT_D = -1",
    b"SROT_D = 3651",
    b"CR_MIN = 2001",
    b"CR_MIN = nan",
    b"CR_MIN = 1e99999999999999999999",
    b"BLEED_GRADE = 6",
    b"BLEED_GRADE = 0",
    b"FOLD = 0",
    b"CONFIRM_RESP_D = 0",
    b"PTI_CAP_D = 0",
    b"\n\nR_MIN = 110",
    b"R_MIN = 60\nCR_MIN = 50",
    b"R_MIN = 60\nCR_MIN = 60",
    b'name = "A"',
    b"name = 5",
    b"R_MIN = 3\nR_MIN = 4",
    b"R_MIN = 3\nCR_MIN 1\n",
    b"R_MIN =",
    b"R_MIN = 3\n\xff = 1",
    b"\xff",
    b"R_MIN = " + b"9" * 5000,
    b'"R_MIM" = 3',
    b'"R_MI\\u004d" = 3',
    b"\n'R_MIM' = 3",
    b'name = "set-1"\nR_MIN = 40',
    b"name = 'a'\nname = 'b'",
    b"R_MIN = 3\nR_MAX = 4",
)

PARAMETERS: Stories = {
    "parameters: refused or read": lambda: refused(lambda source: read_rules(source).version, SETS),
    "parameters: the defaults": lambda: as_toml(DEFAULTS).split("\n"),
    "parameters: of a set": lambda: as_toml(SENSITIVITY["ash-strict"][1], "mine").split("\n"),
    "parameters: the sets": lambda: {key: f"{title}: {rules.version}" for key, (title, rules) in SENSITIVITY.items()},
}

STORIES: Stories = {**CASES, **PARAMETERS}
