"""From the body of a PUT to the form that the page posts: names are checked here, answers by the form itself."""

from __future__ import annotations

from typing import Any

from rest_framework.exceptions import ParseError

from casebook.crf import Crf, Sheet
from casebook.forms import MOST_ROWS, CrfForm
from itp_trial.api import UnknownNames
from itp_trial.normalise import Unreadable, text

KEYS = ("version", "answers", "missing", "rows", "reason", "reason_text")


def as_posted(model: type[Crf], body: dict[str, Any]) -> dict[str, str]:
    """The fields that the page of this form would post. Raises ``ParseError`` (400) and names what does not belong.

    The body is the whole form: an item that is neither answered nor missing becomes empty, a row that is absent goes away.
    """
    _only(body, KEYS, "the body")
    posted = {"record-version": _version(body), "change-reason": _text(body.get("reason"), "reason"),
              "change-reason-text": _note(body.get("reason_text"))}  # fmt: skip
    posted |= _sheet(model, _object(body, "answers"), _object(body, "missing"), "")
    rows = _object(body, "rows")
    _only(rows, [row.slug for row in model.row_models], "rows")
    for row_model in model.row_models:
        posted |= _rows(row_model, rows.get(row_model.slug))
    return posted


def unknown_rows(form: CrfForm) -> list[str]:
    """The posted row ids that are not (or no longer, or twice) rows of this form."""
    posted = {f"{row.prefix}id": row for group in form.groups for row in group.forms}
    named = {name: str((form.data or {}).get(name, "")) for name in posted}
    return [key for name, key in named.items() if key and posted[name].stored_id != key]


def _rows(model: Any, rows: Any) -> dict[str, str]:
    rows = [] if rows is None else rows
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise ParseError(f"rows.{model.slug} must be a list of objects.")
    if len(rows) > MOST_ROWS:
        raise ParseError(f"rows.{model.slug} has {len(rows)} rows; at most {MOST_ROWS} can be stored.")
    posted = {f"{model.slug}-count": str(len(rows))}
    for number, row in enumerate(rows):
        posted |= _row(model, row, f"{model.slug}-{number}-")
    return posted


def _row(model: Any, row: dict[str, Any], prefix: str) -> dict[str, str]:
    answers = {name: value for name, value in row.items() if name not in ("id", "missing")}
    posted = _sheet(model, answers, _object(row, "missing"), prefix)
    return posted | {f"{prefix}id": _text(row.get("id"), f"{prefix}id").lower()}


def _sheet(model: type[Sheet], answers: dict[str, Any], missing: dict[str, Any], prefix: str) -> dict[str, str]:
    known = list(model.asked_items())
    _only({**answers, **missing}, known, "this form" if not prefix else prefix.rstrip("-"))
    values = {name: _text(value, prefix + name) for name, value in answers.items()}
    reasons = {name: _text(value, f"{prefix}{name} (missing)") for name, value in missing.items()}
    if both := sorted(name for name in values if values[name].strip() and reasons.get(name)):
        raise ParseError(f"Both an answer and a reason why it is missing: {', '.join(both)}.")
    return {prefix + n: v for n, v in values.items()} | {f"{prefix}{n}__missing": v for n, v in reasons.items()}


def _only(found: dict[str, Any], known: Any, where: str) -> None:
    if unknown := sorted(set(found) - set(known)):
        names = ", ".join(name[:40] for name in unknown[:20])
        raise UnknownNames(f"Unknown in {where}, or computed by the system: {names}.", unknown)


def _object(body: dict[str, Any], name: str) -> dict[str, Any]:
    found = body.get(name)
    if found is None:
        return {}
    if not isinstance(found, dict):
        raise ParseError(f"{name} must be an object.")
    return found


def _version(body: dict[str, Any]) -> str:
    version = _text(body.get("version"), "version")
    if not (version.isascii() and version.isdigit() and len(version) < 9):
        raise ParseError("version must be the version of the record that you have read, for example 3.")
    return version


def _text(value: Any, where: str) -> str:
    """Strings as they are, numbers as the parser kept them (as text), null as empty."""
    if value is None:
        return ""
    if not isinstance(value, str):
        raise ParseError(f"{where} must be a text, a number or null.")
    return value


def _note(value: Any) -> str:
    try:
        return text(_text(value, "reason_text"))
    except Unreadable as error:
        raise ParseError(f"reason_text: {error}") from error
