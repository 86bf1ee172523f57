"""Numbers and days in plain Arabic for families. Pure.

Arabic-Indic digits (٠-٩): they stand in school books, on identity cards and on bills in Egypt, and whoever reads only Arabic
reads them. What is compared letter by letter with other papers (the number of the child, a telephone number) stays in Latin
digits, from left to right. Days are written with the name of their month: ٥/٦ is read from either side.
"""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal

from itp_trial.normalise import CAIRO

WEEKDAYS = ("الاثنين", "الثلاثاء", "الأربعاء", "الخميس", "الجمعة", "السبت", "الأحد")
MONTHS = ("يناير", "فبراير", "مارس", "أبريل", "مايو", "يونيو", "يوليو", "أغسطس", "سبتمبر", "أكتوبر", "نوفمبر", "ديسمبر")
_DIGITS = str.maketrans("0123456789.", "٠١٢٣٤٥٦٧٨٩٫")


def number(value: int | Decimal) -> str:
    """``12.5`` as ``١٢٫٥``, without trailing zeros."""
    plain = format(value.normalize(), "f") if isinstance(value, Decimal) else str(value)
    return plain.translate(_DIGITS)


def day(on: date) -> str:
    """``الأحد ٢٩ نوفمبر ٢٠٢٦``."""
    return f"{WEEKDAYS[on.weekday()]} {number(on.day)} {MONTHS[on.month - 1]} {number(on.year)}"


def moment(at: datetime) -> str:
    """``الأحد ٢٩ نوفمبر ٢٠٢٦ الساعة ١٤:٠٢:١١ بتوقيت القاهرة``."""
    local = at.astimezone(CAIRO)
    clock = f"{local:%H:%M:%S}".translate(_DIGITS)
    return f"{day(local.date())} الساعة {clock} بتوقيت القاهرة"
