"""Cases as JSON Lines: one child per line, for checks outside the database.

A broken line is reported with its number and the field, such as ``line 7, counts[2].on: ...``; the good lines are
still classified. Pure: the caller gives the lines and takes the results. No Django, no clock, no file access.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any

from responses.classification import Bleed, Count, CountStatus, Course, End, Pair, Rescue, Rules, Verdict, classify
from responses.counts import PLATELET_LIMIT
from responses.rules import number_text

EXIT_OK, EXIT_BROKEN = 0, 2
WORST_GRADE = 5  # ITP-BAT: grade 5 is fatal bleeding
LONGEST_TEXT = 200

_REQUIRED = (
    "id",
    "day_0",
    "baseline",
    "counts",
    "doses",
    "bleeds",
    "bleeding_unknown",
    "rescues",
    "other_itp_therapy_end",
    "followup_ended",
    "as_of",
)
#: ``expected`` is what a test compares with; the classification does not look at it.
_OPTIONAL = ("death", "expected")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
#: Keeps all later date arithmetic inside the calendar.
_FIRST, _LAST = date(1900, 1, 1), date(2199, 12, 31)


class CaseError(ValueError):
    """One broken line: its number, the path of the field ("" = the whole line) and what is wrong."""

    def __init__(self, line_number: int, field: str, message: str) -> None:
        """Keep the parts apart, so that a caller can show them in its own way."""
        self.line_number, self.field, self.message = line_number, field, message
        where = f"line {line_number}, {field}" if field else f"line {line_number}"
        super().__init__(f"{where}: {message}")


class _Wrong(Exception):
    """A field is wrong; the line number is not known here."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field, self.message = field, message


class _Object(dict[str, Any]):
    """A JSON object that remembers a key given twice, which a plain dict would hide."""

    repeated: str | None = None


def read_case(line: str | bytes, number: int) -> tuple[str, Course]:
    """The id and the course of one line; a CaseError names the line and the first field that is wrong."""
    try:
        case = _object(_parse(_text(line)), "", _REQUIRED, _OPTIONAL)
        return _string(case["id"], "id"), _course(case)
    except _Wrong as wrong:
        raise CaseError(number, wrong.field, wrong.message) from None


def run(
    lines: Iterable[str | bytes],
    write: Callable[[str], object],
    complain: Callable[[str], object],
    rules: Rules | None = None,
    render: Callable[[str, Course, Verdict], str] | None = None,
) -> int:
    """Classify each line, one at a time; write one text per good case (a JSON line, unless ``render`` makes another one)
    and complain about each broken line. 2 if any was broken."""
    told, by = render or as_json_line, rules or Rules()
    code = EXIT_OK
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            name, course = read_case(line, number)
        except CaseError as error:
            complain(str(error))
            code = EXIT_BROKEN
        else:
            write(told(name, course, classify(course, by)))
    return code


def as_json_line(name: str, course: Course, verdict: Verdict) -> str:
    """One line of the output of ``manage.py classify``."""
    return json.dumps(verdict_json(name, verdict), ensure_ascii=False)


def verdict_json(name: str, verdict: Verdict) -> dict[str, Any]:
    """The verdict with the keys of the shared cases, its reasons and the version of the rules."""
    result: dict[str, Any] = {
        "id": name,
        "best_response": verdict.best_response,
        "flag": verdict.flag,
        "response": _pair_json(verdict.response),
        "response_end": _end_json(verdict.response_end),
        "complete_response": _pair_json(verdict.complete_response),
        "complete_response_end": _end_json(verdict.complete_response_end),
        "time_in_response": {
            "days": verdict.time_in_response.days,
            "observed": verdict.time_in_response.observed,
        },
    }
    off = verdict.off_therapy
    if off is not None:
        because = off.sustained_not_evaluable_because
        result["off_therapy"] = {
            "since": off.since.isoformat(),
            "state": off.state,
            "sustained_not_evaluable_because": because,
        }
    result["state"] = verdict.state
    result["since"] = verdict.since.isoformat() if verdict.since else None
    result["provisional"] = verdict.provisional
    result["reasons"] = [{"rule": reason.rule, "text": reason.text} for reason in verdict.reasons]
    result["counts"] = [_count_json(count, verdict) for count in verdict.counts]
    result["what_would_change"] = list(verdict.what_would_change)
    result["rules_version"] = verdict.rules_version
    return result


def _count_json(count: CountStatus, verdict: Verdict) -> dict[str, Any]:
    """One count: whether the rules may use it, whether it decided, why, and the form that it stands in."""
    return {
        "on": count.on.isoformat(),
        "value": None if count.value is None else number_text(count.value),
        "status": count.status,
        "used": count.evaluable,
        "decides": count.evaluable and count.on in verdict.deciding,
        "rule": count.reason.rule,
        "why": count.reason.text,
        "record": count.ref,
    }


def _pair_json(pair: Pair | None) -> dict[str, str | None] | None:
    if pair is None:
        return None
    return {"from": pair.start.isoformat(), "confirmed": pair.confirmed.isoformat() if pair.confirmed else None}


def _end_json(end: End | None) -> dict[str, str] | None:
    return None if end is None else {"on": end.on.isoformat(), "how": end.how}


def _text(line: str | bytes) -> str:
    if isinstance(line, str):
        return line
    try:
        return line.decode("utf-8")
    except UnicodeDecodeError as error:
        raise _Wrong("", f"not valid UTF-8 at byte {error.start + 1}") from None


def _parse(text: str) -> Any:
    """The JSON of one line. Every number becomes a Decimal: no float, and no limit on the digits of an integer."""
    try:
        return json.loads(text, parse_float=_decimal, parse_int=_decimal, parse_constant=Decimal, object_pairs_hook=_pairs)
    except json.JSONDecodeError as error:
        raise _Wrong("", f"not valid JSON: {error.msg} at column {error.colno}") from None
    except RecursionError:
        raise _Wrong("", "not a case: nested too deeply") from None


def _decimal(text: str) -> Decimal:
    """A Decimal; an exponent that no Decimal can hold becomes NaN, which every check refuses."""
    try:
        return Decimal(text)
    except InvalidOperation:
        return Decimal("NaN")


def _pairs(pairs: list[tuple[str, Any]]) -> _Object:
    result = _Object()
    for key, value in pairs:
        if key in result:
            result.repeated = key
        result[key] = value
    return result


def _course(case: _Object) -> Course:
    counts = tuple(_count(item, path) for item, path in _items(case["counts"], "counts"))
    _no_repeated_dates(counts)
    return Course(
        day_0=_date_or_none(case["day_0"], "day_0"),
        baseline=_platelets(case["baseline"], "baseline"),
        counts=counts,
        doses=tuple(_date(item, path) for item, path in _items(case["doses"], "doses")),
        bleeds=tuple(_bleed(item, path) for item, path in _items(case["bleeds"], "bleeds")),
        bleeding_unknown=tuple(_date(item, path) for item, path in _items(case["bleeding_unknown"], "bleeding_unknown")),
        rescues=tuple(_rescue(item, path) for item, path in _items(case["rescues"], "rescues")),
        other_itp_therapy_end=_date_or_none(case["other_itp_therapy_end"], "other_itp_therapy_end"),
        followup_ended=_boolean(case["followup_ended"], "followup_ended"),
        as_of=_date(case["as_of"], "as_of"),
        death=_date_or_none(case.get("death"), "death"),
    )


def _no_repeated_dates(counts: tuple[Count, ...]) -> None:
    first: dict[date, int] = {}
    for index, count in enumerate(counts):
        if count.on in first:
            raise _Wrong(f"counts[{index}].on", f"{count.on} is already the date of counts[{first[count.on]}]")
        first[count.on] = index


def _count(item: Any, path: str) -> Count:
    fields = _object(item, path, ("on", "value"))
    return Count(_date(fields["on"], f"{path}.on"), _platelets(fields["value"], f"{path}.value"))


def _bleed(item: Any, path: str) -> Bleed:
    fields = _object(item, path, ("from", "to", "grade"))
    start, end = _interval(fields, path)
    return Bleed(start, end, _grade(fields["grade"], f"{path}.grade"))


def _rescue(item: Any, path: str) -> Rescue:
    fields = _object(item, path, ("from", "to", "kind"))
    start, end = _interval(fields, path)
    return Rescue(start, end, _string(fields["kind"], f"{path}.kind"))


def _interval(fields: _Object, path: str) -> tuple[date, date | None]:
    start, end = _date(fields["from"], f"{path}.from"), _date_or_none(fields["to"], f"{path}.to")
    if end is not None and end < start:
        raise _Wrong(f"{path}.to", f"{end} is before {start}, the first day")
    return start, end


def _object(value: Any, path: str, required: tuple[str, ...], optional: tuple[str, ...] = ()) -> _Object:
    if not isinstance(value, _Object):
        raise _Wrong(path, f"must be an object, not {_kind(value)}")
    within = f"{path}." if path else ""
    if value.repeated is not None:
        raise _Wrong(within + _shown(value.repeated), "is given twice")
    for key in required:
        if key not in value:
            raise _Wrong(within + key, "is missing")
    for key in value:
        if key not in required and key not in optional:
            raise _Wrong(within + _shown(key), "is not a known field")
    return value


def _items(value: Any, path: str) -> list[tuple[Any, str]]:
    if not isinstance(value, list):
        raise _Wrong(path, f"must be a list, not {_kind(value)}")
    return [(item, f"{path}[{index}]") for index, item in enumerate(value)]


def _string(value: Any, path: str) -> str:
    if not isinstance(value, str):
        raise _Wrong(path, f"must be text, not {_kind(value)}")
    if not value.strip():
        raise _Wrong(path, "must not be empty")
    if len(value) > LONGEST_TEXT:
        raise _Wrong(path, f"must have at most {LONGEST_TEXT} characters")
    if not _clean(value):
        raise _Wrong(path, "must not contain control characters or half characters (lone surrogates)")
    return value


def _clean(text: str) -> bool:
    """No control character, and nothing that UTF-8 cannot store."""
    return not any(ord(character) < 32 or ord(character) == 127 or 0xD800 <= ord(character) < 0xE000 for character in text)


def _shown(text: str) -> str:
    """A key from the file, made safe and short for a message."""
    return text[:40] if _clean(text) else ascii(text[:40])


def _date_or_none(value: Any, path: str) -> date | None:
    return None if value is None else _date(value, path)


def _date(value: Any, path: str) -> date:
    if not isinstance(value, str):
        raise _Wrong(path, f"must be a date such as 2025-03-02, not {_kind(value)}")
    if not _DATE.fullmatch(value):
        raise _Wrong(path, "must be a date such as 2025-03-02")
    try:
        on = date.fromisoformat(value)
    except ValueError:
        raise _Wrong(path, f"{value} is not a day of the calendar") from None
    if not _FIRST <= on <= _LAST:
        raise _Wrong(path, f"{value} must be from {_FIRST} to {_LAST}")
    return on


def _number(value: Any, path: str) -> Decimal:
    if not isinstance(value, Decimal):
        raise _Wrong(path, f"must be a number, not {_kind(value)}")
    if not value.is_finite():
        raise _Wrong(path, "must be a finite number")
    if value < 0:
        raise _Wrong(path, "must not be negative")
    return value


def _platelets(value: Any, path: str) -> Decimal | None:
    if value is None:
        return None
    number = _number(value, path)
    if number > PLATELET_LIMIT:
        raise _Wrong(path, f"must be at most {PLATELET_LIMIT} (×10⁹/L); was it typed per microlitre?")
    return abs(number)  # JSON has a negative zero


def _grade(value: Any, path: str) -> int:
    number = _number(value, path)
    if number > WORST_GRADE or number != number.to_integral_value():
        raise _Wrong(path, f"must be a whole number from 0 to {WORST_GRADE}")
    return int(number)


def _boolean(value: Any, path: str) -> bool:
    if not isinstance(value, bool):
        raise _Wrong(path, f"must be true or false, not {_kind(value)}")
    return value


def _kind(value: Any) -> str:
    """The JSON name of a value's type."""
    if value is None:
        return "null"
    names = ((bool, "true or false"), (Decimal, "a number"), (str, "text"), (list, "a list"), (dict, "an object"))
    return next(name for kind, name in names if isinstance(value, kind))
