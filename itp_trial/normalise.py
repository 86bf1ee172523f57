"""Typed text, made comparable before anything parses it. Pure: the form, the API and the commands share it."""

from __future__ import annotations

import re
import unicodedata
from datetime import date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

from itp_trial.protocol import TIME_ZONE

CAIRO = ZoneInfo(TIME_ZONE)
MONTHS = ("january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november",
          "december")  # fmt: skip
#: No date of this trial lies outside; a year typed wrong is noticed at once.
EARLIEST_YEAR, LATEST_YEAR = 1990, 2100
LONGEST_NOTE = 10_000

# Arabic-Indic and Persian digits are what Egyptian keyboards produce; the Arabic decimal sign becomes a point.
_DIGITS = {ord(arabic): str(i % 10) for i, arabic in enumerate("٠١٢٣٤٥٦٧٨٩۰۱۲۳۴۵۶۷۸۹")} | {0x066B: ".", 0x066C: None}
_NUMBER = re.compile(r"-?[0-9]{1,12}(\.[0-9]{1,6})?")
#: With three digits behind each Arabic thousands sign it is a number; with any other it is asked, not guessed.
_GROUPED = re.compile(r"-?\d{1,3}(\u066c\d{3})+([.\u066b]\d+)?")
_FORBIDDEN = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff\u202a-\u202e\u2066-\u2069]")


class Unreadable(ValueError):
    """The text cannot be read as what was asked; the message says so in the user's words."""


# Century, birth date, governorate, serial number and check digit; people put spaces or dashes between them.
_NATIONAL_ID = re.compile(
    r"(?<![\w-])[23]\d\d(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])(?:0[1-4]|1[1-9]|2[1-9]|3[1-5]|88)\d{5}(?![\w-])", re.ASCII
)


def holds_national_id(raw: str) -> bool:
    """Whether 14 digits in this text look like an Egyptian national ID, in whatever digits and groups."""
    plain = re.sub(r"(?<=\d)[ \u00a0./-](?=\d)", "", raw.translate(_DIGITS))
    return any(_NATIONAL_ID.search(one) for one in (raw.translate(_DIGITS), plain))


def text(raw: str) -> str:
    """Trimmed NFC text. Raises ``Unreadable`` for characters that cannot be stored or that reorder other text, and for
    what looks like a national ID (RQ-68)."""
    if found := _FORBIDDEN.search(raw):
        raise Unreadable(f"This text holds a character that cannot be stored (U+{ord(found[0]):04X}). Please remove it.")
    if len(raw) > LONGEST_NOTE:
        raise Unreadable(f"This text has {len(raw):,} characters; at most {LONGEST_NOTE:,} can be stored.")
    if holds_national_id(raw):
        raise Unreadable("This looks like an Egyptian national ID (14 digits). It is never kept here: please remove it.")
    return unicodedata.normalize("NFC", raw.replace("\r\n", "\n")).strip()


def digits(raw: str) -> str:
    """The text with Arabic-Indic digits and decimal sign as Western ones."""
    return text(raw).translate(_DIGITS)


def number(raw: str) -> Decimal:
    """A plain decimal number such as ``12.5``. Raises ``Unreadable`` for letters, ``1e3``, ``1_000`` or ``12,5``."""
    plain = digits(raw)
    if "\u066c" in raw and not _GROUPED.fullmatch(text(raw)):
        meant = text(raw).replace("\u066c", "\u066b")
        raise Unreadable(
            f"“{_short(raw)}”: the Arabic thousands sign (٬) stands between wrong digits. Did you mean {digits(meant)}?"
        )
    if _NUMBER.fullmatch(plain):
        return Decimal(plain) + 0  # + 0 turns -0 into 0
    if re.fullmatch(r"-?[0-9]+,[0-9]+", plain):
        raise Unreadable(f"“{raw}”: please use a point for decimals, for example {plain.replace(',', '.')}.")
    raise Unreadable(f"“{_short(raw)}” is not a number. Please enter digits only, for example 12.5.")


def day(raw: str) -> date:
    """A calendar date: ``05/03/2026`` (day first), ``2026-03-05`` or ``5 Mar 2026``."""
    year, month, number_of_day = _date_parts(digits(raw))
    if year is None or month is None or number_of_day is None:
        raise Unreadable(f"“{_short(raw)}” is not a full date. Please enter day, month and year: 05/03/2026.")
    if not EARLIEST_YEAR <= year <= LATEST_YEAR:
        raise Unreadable(f"The year {year} cannot be right.")
    try:
        return date(year, month, number_of_day)
    except ValueError:
        raise Unreadable(f"“{_short(raw)}” is not a day of the calendar.") from None


def partial_day(raw: str) -> str:
    """A date as far as it is known, as ISO 8601 cut from the right: ``2026``, ``2026-03`` or ``2026-03-05``.

    Unknown parts are typed as ``UN`` (``UN/03/2026``) or left out. Nothing is imputed (RQ-18).
    """
    year, month, number_of_day = _date_parts(digits(raw))
    if number_of_day is not None and month is None and year is not None:
        raise Unreadable(f"“{_short(raw)}”: a day without its month cannot be stored. Enter the month, or the year alone.")
    if year is None or not EARLIEST_YEAR <= year <= LATEST_YEAR or month not in (None, *range(1, 13)):
        raise Unreadable(f"“{_short(raw)}” is not a date. Enter what is known: 05/03/2026, UN/03/2026 or 2026.")
    if number_of_day is not None:
        return day(raw).isoformat()
    return f"{year:04d}" if month is None else f"{year:04d}-{month:02d}"


def moment(raw: str) -> datetime:
    """A date and time in Cairo: ``05/03/2026 14:30``. Aware. An hour that the clock skips or repeats is refused.

    A repeated hour is accepted with its offset: ``29/10/2026 23:30 +03:00``.
    """
    plain = re.sub(r"(?<=[0-9])T(?=[0-9])", " ", digits(raw))
    match = re.fullmatch(r"(.+?)[ ,]+([0-9]{1,2})[:.]([0-9]{2})(?::[0-9]{2})? *([+-][0-9]{2}:?[0-9]{2})?", plain)
    if not match or int(match[2]) > 23 or int(match[3]) > 59:
        raise Unreadable(f"“{_short(raw)}” is not a date and time. Please enter for example 05/03/2026 14:30.")
    local = datetime.combine(day(match[1]), datetime.min.time()).replace(hour=int(match[2]), minute=int(match[3]))
    return _in_cairo(local, match[4])


def typed_moment(value: datetime) -> str:
    """A moment as it can be typed again: in Cairo time, with the offset in the one hour of the year that needs it."""
    local = value.astimezone(CAIRO)
    twice = local.replace(fold=0).utcoffset() != local.replace(fold=1).utcoffset()
    return f"{local:%d %b %Y %H:%M}" + (f" {local:%z}" if twice else "")


def _in_cairo(local: datetime, offset: str | None) -> datetime:
    first, second = local.replace(tzinfo=CAIRO, fold=0), local.replace(tzinfo=CAIRO, fold=1)
    if first.utcoffset() == second.utcoffset():
        if offset and first.strftime("%z") != offset.replace(":", ""):
            raise Unreadable(f"On that day Cairo is at UTC{first:%z}, not {offset}.")
        return first
    back = first.astimezone(ZoneInfo("UTC")).astimezone(CAIRO)
    if back.replace(tzinfo=None) != local:
        raise Unreadable(f"{local:%d %b %Y %H:%M} does not exist in Cairo: the clock jumped forward that night.")
    for candidate in (first, second):
        if offset and candidate.strftime("%z") == offset.replace(":", ""):
            return candidate
    raise Unreadable(
        f"{local:%d %b %Y %H:%M} happened twice in Cairo: the clock went back that night."
        f" Please add +03:00 for the first or +02:00 for the second."
    )


def _date_parts(plain: str) -> tuple[int | None, int | None, int | None]:
    """Year, month and day as far as they are known; no year where the text is no date.

    The year has four digits and stands first or last; a month in letters stands beside it, never where a day could be
    (``Mar 5 2026`` is refused, not guessed).
    """
    words = [word for word in re.split(r"[-/ .]+", plain.strip()) if word]
    if not 1 <= len(words) <= 3:
        return _NO_DATE
    if not _YEAR.fullmatch(words[0]):
        words.reverse()
    year, *rest = words
    if not _YEAR.fullmatch(year) or not all(_UNKNOWN.fullmatch(w) or _SHORT.fullmatch(w) or _month_name(w) for w in rest):
        return _NO_DATE
    month, number_of_day = (*rest, "UN", "UN")[:2]
    if _month_name(number_of_day) or (_month_name(month) and plain.strip().startswith(year) and len(rest) > 1):
        return _NO_DATE
    return int(year), _month_name(month) or _known(month), _known(number_of_day)


_NO_DATE = (None, None, None)
_YEAR, _SHORT, _UNKNOWN = re.compile(r"[0-9]{4}"), re.compile(r"[0-9]{1,2}"), re.compile(r"(?i)unk?")


def _month_name(word: str) -> int | None:
    """1-12 for an English month in full or cut to three letters."""
    for place, name in enumerate(MONTHS, start=1):
        if word.lower() in (name, name[:3]):
            return place
    return None


def _known(word: str) -> int | None:
    return None if _UNKNOWN.fullmatch(word) else int(word)


def _short(raw: str) -> str:
    return raw if len(raw) <= 40 else f"{raw[:40]}…"
