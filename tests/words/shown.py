"""A value as lines of text that a person can read, and that differ whenever anything in the value differs."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import fields, is_dataclass
from datetime import date
from functools import partial
from typing import Any

#: Name of a story -> what is asked; a refusal is an answer too.
Stories = Mapping[str, Callable[[], Any]]


def told(ask: Callable[[], Any]) -> str:
    try:
        answer = ask()
        return "\n".join(_lines(list(answer) if isinstance(answer, Iterator) else answer))
    except ValueError as refusal:
        return f"refused: {refusal}"


def _lines(value: Any) -> Iterator[str]:
    if pairs := _pairs(value):
        for name, part in pairs:
            inner = list(_lines(part))
            if _pairs(part) or (isinstance(part, list | tuple) and part):
                yield f"{name}:"
                yield from (f"  {line}" for line in inner)
            else:
                yield f"{name}: {inner[0]}"
    elif isinstance(value, list | tuple):
        for part in value:
            first, *rest = _lines(part)
            yield from (f"- {first}", *(f"  {line}" for line in rest))
        if not value:
            yield "nothing"
    else:
        yield _plain(value)


def _pairs(value: Any) -> list[tuple[str, Any]]:
    if is_dataclass(value) and not isinstance(value, type):
        return [(field.name, getattr(value, field.name)) for field in fields(value)]
    return [(str(name), part) for name, part in value.items()] if isinstance(value, Mapping) else []


def _plain(value: Any) -> str:
    if isinstance(value, str):
        return f"“{value}”"
    if isinstance(value, date):
        return value.isoformat()
    return ", ".join(sorted(map(str, value))) if isinstance(value, set | frozenset) else str(value)


def said(make: Callable[[], Any]) -> str:
    """What came of it in one line: the value, or the words of the refusal."""
    try:
        return f"read: {make()!r}"
    except ValueError as refusal:
        return str(refusal)


def refused(read: Callable[[Any], Any], typed: Iterable[Any]) -> dict[str, str]:
    """What is said about each."""
    return {repr(one)[:60]: said(partial(read, one)) for one in typed}
