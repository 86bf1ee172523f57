"""Small words for templates: dates that nobody misreads, keys, states as word and shape."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

from django import template

from casebook.changes import moment
from itp_trial import reasons
from itp_trial.idempotency import new_key

register = template.Library()


@register.filter
def day(value: date | None) -> str:
    """05 Mar 2026: no reader takes the month for the day."""
    return f"{value:%d %b %Y}" if value else ""


@register.filter
def clock(value: datetime | None) -> str:
    """05 Mar 2026 14:02 Cairo (UTC+3)."""
    return moment(value) if value is not None else ""


@register.filter
def second(value: datetime) -> str:
    """05 Mar 2026 14:02:11 Cairo (UTC+3): when a page read its data."""
    return moment(value, seconds=True)


@register.filter
def readable(text: str) -> str:
    """The sentence of a rule with its dates as people read them."""
    return reasons.readable(text)


@register.filter
def utc(value: datetime) -> str:
    """2026-03-05T12:02:00: the same moment for everybody, and for machines."""
    return f"{value.astimezone(UTC):%Y-%m-%dT%H:%M:%S}"


@register.simple_tag
def idempotency_key() -> str:
    return new_key()


# One vocabulary for all pages: a word, a shape and a colour class each, so that colour is never alone.
STATES = {
    "expected": ("Not started", "○"), "incomplete": ("Incomplete", "◐"), "complete": ("Complete", "●"),
    "screening": ("In screening", "○"), "screen_failed": ("Screen failure", "✕"), "treatment": ("On treatment", "◐"),
    "follow_up": ("In follow-up", "◑"), "completed": ("Completed", "●"), "lost": ("Lost to follow-up", "?"),
    "withdrawn": ("Withdrawn", "✕"), "died": ("Died", "†"), "done": ("Done", "●"), "not yet open": ("Not yet open", "○"),
    "open": ("Open", "◐"), "due today": ("Due today", "◆"), "overdue": ("Overdue", "▲"), "cancelled": ("Not needed", "–"),
    "CR": ("Complete response", "▲"), "R": ("Response", "◆"), "NR": ("No response", "▽"), "NE": ("Not evaluable", "?"),
    "PENDING_CONFIRMATION": ("Response, not yet confirmed", "◇"), "LOST": ("Response lost", "▼"),
    "SRoT": ("Sustained response off therapy", "★"), "RoT": ("Response off therapy", "☆"),
    "PENDING": ("Still in follow-up", "…"), "NONE": ("No response off therapy", "▽"),
    "unsigned": ("Waits for signature", "◇"), "in force": ("In force", "●"), "to come": ("Starts later", "○"),
    "ended": ("Ended", "–"), "stopped": ("Stopped", "✕"), "never signed": ("Never signed", "✕"),
    "trained": ("Trained", "●"), "untrained": ("Training missing", "○"), "retraining": ("Training to renew", "◐"),
    "review due": ("Review overdue", "▲"), "review in time": ("In time", "●"), "account closed": ("Account closed", "✕"),
    "told": ("Told in time", "●"), "told late": ("Told late", "▲"), "waits": ("Not started", "○"),
    "granted": ("Granted", "●"), "declined": ("Declined", "✕"),
    "signed": ("Signed", "✓"), "superseded": ("Changed since signed", "◇"), "frozen": ("Frozen", "▤"), "locked": ("Locked", "■"),
    "to be explained": ("To be explained", "◇"), "to be graded": ("To be graded", "◐"), "graded": ("Graded", "●"),
    "accepted": ("Accepted", "●"), "not accepted": ("Not accepted yet", "◇"),
}  # fmt: skip


@register.inclusion_tag("components/state.html")
def state(code: str) -> dict[str, str]:
    """A state as word + shape + colour."""
    word, shape = STATES.get(code, (code, "·"))
    return {"code": code.lower().replace(" ", "-").replace("_", "-"), "word": word, "shape": shape}


@register.filter
def closed(locks: Any, target: Any) -> Any:
    """What closes a form, a visit or a participant (``casebook.locks.Locks``), or None."""
    return locks.over(target) if locks else None


@register.filter
def widget(field: Any) -> str:
    return f"casebook/widgets/{field.widget}.html"


@register.filter
def section_fields(form: Any, section: Any) -> list[Any]:
    """The inputs of a section, in its order, without the derived items."""
    return [form.main.fields[name] for name in section.names if name in form.main.fields]


@register.filter
def grid_rows(form: Any, section: Any) -> list[list[Any]]:
    """The inputs of a grid section, one list per line."""
    fields = section_fields(form, section)
    width = len(section.columns)
    return [fields[start : start + width] for start in range(0, len(fields), width)]


@register.filter
def derived_items(crf: Any, section: Any) -> list[tuple[Any, str]]:
    """The computed items of a section with what stands in them."""
    items = crf.items()
    return [(items[name], crf.display(items[name])) for name in section.names if items[name].derived]


@register.filter
def comments_on(record: Any, word: str) -> int:
    """How many comments stand beside a computed answer."""
    return list(getattr(record, "commented", ())).count(f"{word}:")
