"""Parameter sets of the response rules: as TOML files, by name, and with a version of their own.

A file names parameters as ``docs/protocol.md`` does; what it leaves out has its default. A broken file is refused with
the line and the parameter, such as ``line 3, R_MIM: is not a parameter of the response rules; did you mean R_MIN?``.
Pure: no Django, no clock, no file access.
"""

from __future__ import annotations

import hashlib
import re
import tomllib
from collections.abc import Iterator
from dataclasses import fields, replace
from decimal import Decimal, InvalidOperation
from difflib import get_close_matches
from typing import Any

from itp_trial.protocol import PARAMETERS, RULES_VERSION, value
from responses.rules import Rules, number_text

DEFAULTS = Rules()
#: The parameters of the response rules by their name in the protocol; the field of ``Rules`` is the same in small letters.
NAMES: tuple[str, ...] = tuple(field.name.upper() for field in fields(Rules) if field.name != "version")
_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,39}")
_TOML_SAYS = re.compile(r"(.*) \(at (?:line ([0-9]+), column [0-9]+|end of document)\)")
_MOST_DAYS, _MOST_PLATELETS, _WORST_GRADE = 3650, Decimal(2000), 5
#: What may not be 0: with it a rule would have no meaning.
_POSITIVE = ("FOLD", "BLEED_GRADE", "CONFIRM_RESP_D", "PTI_CAP_D")


class ParameterError(ValueError):
    """A parameter set that cannot be used: its line (0 = the whole file), the parameter and what is wrong."""

    def __init__(self, line: int, name: str, message: str) -> None:
        """Keep the parts apart, so that a caller can show them in its own way."""
        self.line, self.name, self.message = line, name, message
        where = ", ".join(part for part in (f"line {line}" if line else "", name) if part)
        super().__init__(f"{where}: {message}" if where else message)


def named(name: str, **changes: Any) -> Rules:
    """The default rules with some other values, under a version that says so: equal values have equal versions."""
    return _versioned(replace(DEFAULTS, **changes), name)


def _versioned(rules: Rules, name: str) -> Rules:
    """Two different sets never share a version, whatever somebody called them; the defaults keep the trial's own."""
    content = "\n".join(f"{key}={_text(rules, key)}" for key in NAMES)
    if all(getattr(rules, key.lower()) == getattr(DEFAULTS, key.lower()) for key in NAMES):
        return replace(rules, version=RULES_VERSION)
    digest = hashlib.sha256(content.encode()).hexdigest()[:8]
    return replace(rules, version=f"{RULES_VERSION}+{name}.{digest}")


def read_rules(source: bytes) -> Rules:
    """The rules of a TOML file. Raises ``ParameterError`` for the first thing that is wrong, in the order of the lines."""
    text = _decoded(source)
    found = _parsed(text)
    line_of = {name: _line_of(text, name) for name in found}
    name = _set_name(found.pop("name", "set"), line_of.get("name", 0))
    changes = {_known(key, line_of[key]).lower(): _checked(key, raw, line_of[key]) for key, raw in found.items()}
    rules = replace(DEFAULTS, **changes)
    if rules.cr_min < rules.r_min:
        wrong = "CR_MIN" if "CR_MIN" in found else "R_MIN"
        message = f"CR_MIN ({_text(rules, 'CR_MIN')}) must not be below R_MIN ({_text(rules, 'R_MIN')})"
        raise ParameterError(line_of[wrong], wrong, message)
    return _versioned(rules, name)


def _decoded(source: bytes) -> str:
    try:
        return source.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = source[: error.start].count(b"\n") + 1
        raise ParameterError(line, "", f"not valid UTF-8 at byte {error.start + 1} of the file") from None


def _parsed(text: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text, parse_float=_decimal)
    except tomllib.TOMLDecodeError as error:
        said = _TOML_SAYS.fullmatch(str(error))
        words, line = (said[1], said[2]) if said else (str(error), None)
        raise ParameterError(int(line or text.count("\n") + 1), "", f"not valid TOML: {words}") from None
    except (RecursionError, ValueError):
        raise ParameterError(0, "", "not a parameter set: a number is too long, or it is nested too deeply") from None


def _decimal(text: str) -> Decimal:
    """A Decimal; an exponent that no Decimal can hold becomes NaN, which every check refuses."""
    try:
        return Decimal(text)
    except InvalidOperation:
        return Decimal("NaN")


def _line_of(text: str, name: str) -> int:
    """The line on which a name is given; 0 where it stands in no plain form."""
    given = re.compile(rf"\s*(\[\s*)?[\"']?{re.escape(name)}[\"']?\s*[=.\]]")
    return next((number for number, line in enumerate(text.splitlines(), start=1) if given.match(line)), 0)


def _set_name(raw: Any, line: int) -> str:
    if not isinstance(raw, str) or not _NAME.fullmatch(raw):
        raise ParameterError(line, "name", "must be small letters, digits and hyphens, such as “ash-strict”")
    return raw


def _known(name: str, line: int) -> str:
    if name in NAMES:
        return name
    close = get_close_matches(name.upper(), NAMES, n=1)
    hint = f"; did you mean {close[0]}?" if close else f"; there are {', '.join(NAMES)}"
    raise ParameterError(line, name[:40], f"is not a parameter of the response rules{hint}")


def _checked(name: str, raw: Any, line: int) -> Any:
    """The value of one parameter, of the type and within the limits that give the rule a meaning."""
    problem = next(_problems(name, raw), None)
    if problem is not None:
        raise ParameterError(line, name, problem)
    return Decimal(raw) if isinstance(getattr(DEFAULTS, name.lower()), Decimal) else raw


def _problems(name: str, raw: Any) -> Iterator[str]:
    default = getattr(DEFAULTS, name.lower())
    if isinstance(default, bool):
        if not isinstance(raw, bool):
            yield f"must be true or false, not {_kind(raw)}"
        return
    if isinstance(raw, bool) or not isinstance(raw, int | Decimal):
        yield f"must be a number, not {_kind(raw)}"
    elif isinstance(default, int) and not isinstance(raw, int):
        yield "must be a whole number"
    elif not Decimal(raw).is_finite() or not 0 <= raw <= (most := _most(name)):
        yield f"must be a number from 0 to {number_text(_most(name))}"
    elif raw == 0 and name in _POSITIVE:
        yield f"must be more than 0 and at most {number_text(most)}"


def _most(name: str) -> Decimal:
    if name == "BLEED_GRADE":
        return Decimal(_WORST_GRADE)
    return Decimal(_MOST_DAYS) if name.endswith("_D") else _MOST_PLATELETS


def _kind(raw: Any) -> str:
    names = ((bool, "true or false"), (int | Decimal, "a number"), (str, "text"), (list, "a list"), (dict, "a table"))
    return next((name for kind, name in names if isinstance(raw, kind)), "a date or time")


def _text(rules: Rules, name: str) -> str:
    raw = getattr(rules, name.lower())
    return str(raw).lower() if isinstance(raw, bool) else number_text(raw)


def as_toml(rules: Rules, name: str = "set") -> str:
    """The whole set as a file that ``read_rules`` takes, each parameter with its meaning: a start for one's own."""
    lines = [f"# Parameter set of the response rules, version {rules.version}.", f'name = "{name}"']
    for key in NAMES:
        parameter = PARAMETERS[key]
        assumed = "; assumption" if parameter.assumption else ""
        lines += ["", f"# {parameter.rule}: {parameter.meaning} ({parameter.unit}{assumed})", f"{key} = {_text(rules, key)}"]
    return "\n".join(lines) + "\n"


#: The sensitivity analyses of section 10, computed beside the main one: key -> (what it asks, rules).
SENSITIVITY: dict[str, tuple[str, Rules]] = {
    "r50": (
        f"Response from {number_text(value('R_MIN_SENSITIVITY'))} ×10⁹/L",
        named("r50", r_min=value("R_MIN_SENSITIVITY")),
    ),
    "bleeding-2": (
        f"Bleeding counts from grade {value('BLEED_GRADE_SENSITIVITY')}",
        named("bleeding-2", bleed_grade=value("BLEED_GRADE_SENSITIVITY")),
    ),
    "unconfirmed": ("Unconfirmed responses accepted", named("unconfirmed", accept_unconfirmed=True)),
    "ash-strict": ("ASH 2011, strict: more than 7 days, more than 2-fold", named("ash-strict", strict=True)),
    "last-low": ("A low last count is no loss", named("last-low", censor_unconfirmed_loss=True)),
    "treatment-policy": ("Rescue ignored (treatment policy)", named("treatment-policy", ignore_rescue=True)),
}
