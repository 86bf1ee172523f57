"""Items: Django columns that know how they are asked, checked and exported.

An item is a plain column with a question around it. ``deconstruct()`` gives migrations the plain Django field, so that
rewording a label is no migration. Every item may be empty: missing is a fact and carries a reason code.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date
from decimal import Decimal
from typing import Any

from django.db import models
from django.utils import timezone

from itp_trial import normalise

NOT_SUBMITTED = "not submitted"

#: Where an answer comes from (RQ-29): copied from a source document, first written down here, or computed.
TRANSCRIBED, DIRECT, COMPUTED = "transcribed", "direct capture (eSource)", "computed"


class YesNo(models.TextChoices):
    YES = "Y", "Yes"
    NO = "N", "No"


class MissingReason(models.TextChoices):
    """Why a value is not there (RQ-53). Blank without a reason means: not yet entered."""

    NOT_DONE = "ND", "Not done"
    NOT_APPLICABLE = "NA", "Not applicable"
    UNKNOWN = "UNK", "Unknown"
    REFUSED = "RF", "Refused"
    SAMPLE_LOST = "SL", "Sample lost"


@dataclass(frozen=True)
class Sdtm:
    """Where the item stands in SDTM: variable, and the test code where the domain is vertical."""

    variable: str
    testcd: str = ""

    def __str__(self) -> str:
        return f"{self.variable} where {self.variable[:2]}TESTCD={self.testcd}" if self.testcd else self.variable


class Item(models.Field):
    """What every item knows. Mixed in before a Django field class.

    :param label: the question, as the coordinator reads it
    :param sdtm: an ``Sdtm`` note, or ``NOT_SUBMITTED``
    :param asked_if: ``(item name, value or tuple of values)``: asked only then, emptied otherwise
    :param expected: soft range (low, high); outside of it a finding asks for confirmation
    :param hard: possible range (low, high); outside of it nothing is stored
    :param optional: an empty value needs no reason
    :param derived: computed by ``Crf.derive``, shown but never typed
    :param critical: decides eligibility, dose, response or safety
    :param source: ``TRANSCRIBED`` from a source document, or ``DIRECT``: this form is where it is first written down
    :param beside: a template that the page shows below the input, such as what each grade means
    """

    plain: type[models.Field]
    kind = "text"

    def __init__(self, label: str = "", *, sdtm: Sdtm | str = "", asked_if: tuple[str, Any] | None = None,
                 unit: str = "", help: str = "", expected: tuple[Any, Any] | None = None,
                 hard: tuple[Any, Any] | None = None, optional: bool = False, derived: bool = False,
                 critical: bool = False, source: str = TRANSCRIBED, beside: str = "", **column: Any) -> None:  # fmt: skip
        self.label, self.sdtm, self.asked_if, self.unit, self.help = label, sdtm, asked_if, unit, help
        self.beside = beside
        self.expected, self.hard = expected, hard
        self.optional, self.derived, self.critical = optional, derived, critical
        self.source = COMPUTED if derived else source
        super().__init__(verbose_name=label, null=True, blank=True, **column)

    def deconstruct(self) -> tuple[str, str, list[Any], dict[str, Any]]:
        name, _, args, kwargs = super().deconstruct()
        for not_schema in ("verbose_name", "choices"):
            kwargs.pop(not_schema, None)
        return name, f"django.db.models.{self.plain.__name__}", args, kwargs

    def clone(self) -> models.Field:
        """The plain column behind the item: what the migrations compare."""
        _, _, args, kwargs = self.deconstruct()
        return self.plain(*args, **kwargs)

    def parse(self, raw: str) -> Any:
        """The stored value of a typed text. Raises ``normalise.Unreadable`` with a message for the field."""
        return self.in_range(self.read(raw))

    def read(self, raw: str) -> Any:
        return normalise.text(raw)

    def in_range(self, value: Any) -> Any:
        if self.hard and not self.hard[0] <= value <= self.hard[1]:
            low, high = self.hard
            raise normalise.Unreadable(f"{value} is not possible here: enter {low} to {high} {self.shown_unit}".strip() + ".")
        return value

    def typed(self, value: Any) -> str:
        """The value as it stands in the input box."""
        return "" if value is None else str(value)

    def display(self, value: Any) -> str:
        """The value as people read it, with its unit."""
        return f"{self.typed(value)} {self.shown_unit}".strip() if value is not None else ""

    @property
    def shown_unit(self) -> str:
        """The unit as people print it; ``unit`` is the one of the exports."""
        return self.unit.replace("10^9", "×10⁹")

    def exported(self, value: Any) -> str:
        """The value as it stands in CSV and API: code, ISO date or plain number."""
        return "" if value is None else str(value)


class Text(Item, models.TextField):
    plain = models.TextField


class Note(Text):
    """Free text of several lines."""

    kind = "note"

    def __init__(self, label: str = "", **options: Any) -> None:
        super().__init__(label, **{"optional": True, **options})


class Code(Item, models.CharField):
    """One of a list of codes."""

    plain = models.CharField
    kind = "code"

    def __init__(self, label: str = "", *, options: type[models.TextChoices] | None = None, **rest: Any) -> None:
        rest.setdefault("max_length", 20)
        if options is not None:
            rest["choices"] = options.choices
        super().__init__(label, **rest)

    def read(self, raw: str) -> str:
        value = normalise.digits(raw)
        if value not in dict(self.flatchoices):
            raise normalise.Unreadable("Please choose one of the answers in the list.")
        return value

    def display(self, value: Any) -> str:
        return "" if value is None else str(dict(self.flatchoices).get(value, value))


class Grade(Item, models.SmallIntegerField):
    """A severity grade with its defining text; ``grades`` are ``(number, text)`` pairs."""

    plain = models.SmallIntegerField
    kind = "code"

    def __init__(self, label: str = "", *, grades: tuple[tuple[int, str], ...] = (), **rest: Any) -> None:
        if grades:
            rest["choices"] = grades
        super().__init__(label, **rest)

    def read(self, raw: str) -> int:
        value = normalise.digits(raw)
        if value not in {str(grade) for grade, _ in self.flatchoices}:
            allowed = ", ".join(str(grade) for grade, _ in self.flatchoices)
            raise normalise.Unreadable(f"“{raw[:20]}” is not a grade of this item. Possible grades: {allowed}.")
        return int(value)

    def display(self, value: Any) -> str:
        return "" if value is None else str(dict(self.flatchoices).get(value, value))


class Number(Item, models.DecimalField):
    """A decimal number; ``digits=(most digits, decimals)``. ``unit_slip=(from, divide by, as printed)`` names the usual
    slip of unit and offers the corrected value."""

    plain = models.DecimalField
    kind = "number"

    def __init__(self, label: str = "", *, digits: tuple[int, int] | None = None,
                 unit_slip: tuple[int, int, str] | None = None, **rest: Any) -> None:  # fmt: skip
        if digits:
            rest["max_digits"], rest["decimal_places"] = digits
        self.unit_slip = unit_slip
        super().__init__(label, **rest)

    def read(self, raw: str) -> Decimal:
        value = normalise.number(raw)
        if -value.as_tuple().exponent > (self.decimal_places or 0) and value != value.quantize(self.step):
            raise normalise.Unreadable(f"At most {self.decimal_places} decimals can be stored here.")
        return value

    def in_range(self, value: Decimal) -> Decimal:
        self._refuse_wrong_unit(value)
        value = super().in_range(value)
        if abs(value) >= Decimal(10) ** (self.max_digits - self.decimal_places):
            raise normalise.Unreadable(f"{value} is too large to be stored here.")
        return value.quantize(self.step)

    def _refuse_wrong_unit(self, value: Decimal) -> None:
        if self.unit_slip and self.hard and value > self.hard[1] and value >= self.unit_slip[0]:
            _, divisor, printed = self.unit_slip
            raise normalise.Unreadable(
                f"{value} is not possible in {self.shown_unit}. Was it printed {printed}?"
                f" Then enter {plain(value / divisor)} ({self.shown_unit})."
            )

    @property
    def step(self) -> Decimal:
        return Decimal(1).scaleb(-(self.decimal_places or 0))

    def typed(self, value: Any) -> str:
        return "" if value is None else plain(value)

    exported = typed


class Date(Item, models.DateField):
    """A full calendar date, never in the future unless ``future`` says so."""

    plain = models.DateField
    kind = "date"

    def __init__(self, label: str = "", *, future: bool = False, **rest: Any) -> None:
        self.future = future
        super().__init__(label, **rest)

    def read(self, raw: str) -> Any:
        return normalise.day(raw)

    def in_range(self, value: Any) -> Any:
        _not_in_future(value, None if self.future else timezone.localdate())
        return value

    def typed(self, value: Any) -> str:
        return "" if value is None else f"{value:%d %b %Y}"

    def exported(self, value: Any) -> str:
        return "" if value is None else value.isoformat()


class PartialDate(Item, models.CharField):
    """A date as far as it is known: year, month or day. Stored as ISO 8601 cut from the right."""

    plain = models.CharField
    kind = "partial date"

    def __init__(self, label: str = "", **rest: Any) -> None:
        super().__init__(label, **{"max_length": 10, **rest})

    def read(self, raw: str) -> str:
        return normalise.partial_day(raw)

    def in_range(self, value: str) -> str:
        if value > timezone.localdate().isoformat()[: len(value)]:
            raise normalise.Unreadable(f"{value} lies in the future.")
        return value

    def display(self, value: Any) -> str:
        """As far as it is known: 05 Mar 2026, Mar 2026, 2026."""
        shape = {7: "%b %Y", 10: "%d %b %Y"}.get(len(value or ""))
        return f"{date.fromisoformat(f'{value}-01'[:10]):{shape}}" if shape else value or ""


class DateTime(Item, models.DateTimeField):
    """A moment, typed and shown in Cairo time, stored in UTC, never in the future."""

    plain = models.DateTimeField
    kind = "date and time"

    def read(self, raw: str) -> Any:
        return normalise.moment(raw)

    def in_range(self, value: Any) -> Any:
        _not_in_future(value.date(), timezone.localdate())
        if value > timezone.now():
            raise normalise.Unreadable(f"{value:%d %b %Y %H:%M} lies in the future.")
        # Two moments of one zone compare by their wall clocks, which the hour that happens twice turns round.
        return value.astimezone(UTC)

    def typed(self, value: Any) -> str:
        return "" if value is None else normalise.typed_moment(value)

    def display(self, value: Any) -> str:
        shown = f"{timezone.localtime(value, normalise.CAIRO):%d %b %Y %H:%M}" if value is not None else ""
        return f"{shown} Cairo (UTC{_offset(value)})" if value is not None else ""

    def exported(self, value: Any) -> str:
        return "" if value is None else timezone.localtime(value, normalise.CAIRO).isoformat(timespec="minutes")


class Ref(Item, models.ForeignKey):
    """One of the rows that ``choices_for(record)`` offers, for example a bag of this site's stock."""

    plain = models.ForeignKey
    kind = "reference"

    def __init__(self, label: str = "", *, to: Any = None, choices_for: Any = None, **rest: Any) -> None:
        self.choices_for = choices_for
        rest.setdefault("on_delete", models.PROTECT)
        super().__init__(label, to=to, **rest)

    def display(self, value: Any) -> str:
        return "" if value is None else str(value)

    def exported(self, value: Any) -> str:
        return "" if value is None else str(value)


def plain(value: Decimal) -> str:
    """A decimal without trailing zeros and never in exponent form: 12.50 is ``12.5``, 1E+2 is ``100``."""
    shown = f"{value:f}"
    return shown.rstrip("0").rstrip(".") if "." in shown else shown


def _offset(value: Any) -> str:
    shown = f"{timezone.localtime(value, normalise.CAIRO):%z}"
    return f"{shown[0]}{int(shown[1:3])}"


def _not_in_future(value: Any, latest: Any) -> None:
    if latest and value > latest:
        raise normalise.Unreadable(f"{value:%d %b %Y} lies in the future.")
