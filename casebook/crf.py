"""The base of every form: one Django model class declares the whole form.

Pages, PDF, CSV, API and audit walk ``for section in crf.sections: for item in section`` and need nothing else.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, ClassVar

from django.apps import apps
from django.core import checks
from django.db import models

from casebook.items import Item
from casebook.models import FormRecord
from itp_trial.roles import Can


@dataclass(frozen=True)
class Section:
    """A titled group of items. ``columns`` lays them out as a grid with that many items a row."""

    title: str
    names: tuple[str, ...]
    columns: tuple[str, ...] = ()
    note: str = ""

    def __init__(self, title: str, *names: str, columns: tuple[str, ...] = (), note: str = "") -> None:
        for attribute, value in (("title", title), ("names", names), ("columns", columns), ("note", note)):
            object.__setattr__(self, attribute, value)


@dataclass(frozen=True)
class EditCheck:
    """A rule on one or more items. Runs only where all items in ``on`` have a value.

    ``hard`` means impossible: nothing is stored; a function says when (a fact that is stored already can always be
    corrected). Otherwise a finding asks for confirmation and the truth is stored.
    ``message`` is a sentence, or a function of the form that returns one.
    """

    code: str
    on: list[str]
    ok: Callable[[Any], bool]
    message: str | Callable[[Any], str]
    hard: bool | Callable[[Any], bool] = False
    rule: str = ""
    #: What the check says in general, where the message depends on the answers: for the specification.
    about: str = ""

    @property
    def specified(self) -> str:
        """What stands in the edit-check specification."""
        return self.message if isinstance(self.message, str) else self.about

    def refuses(self, crf: Sheet) -> bool:
        """True where breaking this check means that nothing is stored."""
        return self.hard(crf) if callable(self.hard) else self.hard

    def broken(self, crf: Sheet) -> bool:
        return all(getattr(crf, name) is not None for name in self.on) and not self.ok(crf)

    def says(self, crf: Sheet) -> str:
        return self.message if isinstance(self.message, str) else self.message(crf)


@dataclass(frozen=True)
class Problem:
    """One thing that a stored form leaves to be explained: a missing answer, an unusual value, a broken check."""

    code: str
    item: str
    message: str
    value: str = field(default="", compare=False)


@dataclass(frozen=True)
class Substitute:
    """What exports show in place of an item that stays at the site, computed from the same answers."""

    name: str
    label: str
    unit: str
    of: Callable[[dict[str, Any]], Any]


class Sheet(models.Model):
    """Items in sections with checks: what a form and a repeating row of a form have in common."""

    sections: ClassVar[list[Section]] = []
    edit_checks: ClassVar[list[EditCheck]] = []
    #: Items that never leave the site, each with what exports show in its place.
    not_exported: ClassVar[dict[str, Substitute]] = {}
    missing = models.JSONField(default=dict, blank=True)
    #: The answers as they were when the form was opened for this save; empty for a new one.
    stored: Mapping[str, Any] = MappingProxyType({})

    class Meta:
        abstract = True

    @classmethod
    def items(cls) -> dict[str, Item]:
        """All items by name, in the order of the declaration."""
        return {f.name: f for f in cls._meta.get_fields() if isinstance(f, Item)}

    @classmethod
    def asked_items(cls) -> dict[str, Item]:
        """The items that a person answers: all but the derived ones."""
        return {name: item for name, item in cls.items().items() if not item.derived}

    def is_asked(self, item: Item) -> bool:
        """True unless the item depends on another answer that was not given."""
        if item.asked_if is None:
            return True
        name, wanted = item.asked_if
        return getattr(self, name) in (wanted if isinstance(wanted, tuple) else (wanted,))

    def derive(self, rows: list[Row]) -> None:
        """Computes the derived items from the answers and rows. Runs inside every save; forms override it."""

    def answers(self) -> dict[str, Any]:
        """The stored value of every item, with references by key."""
        return {name: getattr(self, item.attname) for name, item in self.items().items()}

    def shown(self) -> Iterator[tuple[Section, list[tuple[Item, str]]]]:
        """Each section with its items and what people read: the value with its unit, or why there is none."""
        for section in self.sections:
            yield section, [(item, self.display(item)) for item in map(self._meta.get_field, section.names)]

    def display(self, item: Item) -> str:
        value = getattr(self, item.name)
        if value is not None:
            return item.display(value)
        from casebook.items import MissingReason

        reason = self.missing.get(item.name)
        return MissingReason(reason).label if reason else ("not asked" if not self.is_asked(item) else "")

    def problems(self) -> list[Problem]:
        """Everything that needs an answer or an explanation, all at once."""
        found = [p for name, item in self.asked_items().items() for p in self._problems_of(name, item)]
        broken = (check for check in self.edit_checks if check.broken(self) and not check.refuses(self))
        return found + [Problem(c.code, c.on[0], c.says(self), self._values(c.on)) for c in broken]

    def impossible(self) -> list[tuple[str, str]]:
        """The broken hard checks as (item, message)."""
        return [(check.on[0], check.says(self)) for check in self.edit_checks if check.broken(self) and check.refuses(self)]

    def overflowing(self) -> list[tuple[str, str]]:
        """The derived numbers that are too large for their column, which only slips of the pen bring about."""
        derived = ((name, item, getattr(self, name)) for name, item in self.items().items() if item.derived)
        numbers = ((n, i, v) for n, i, v in derived if v is not None and isinstance(i, models.DecimalField))
        return [
            (name, f"“{item.label}” would be {value:,.0f} {item.unit}. Please check what it is computed from.")
            for name, item, value in numbers
            if abs(value) >= 10 ** (item.max_digits - item.decimal_places)
        ]

    def _problems_of(self, name: str, item: Item) -> Iterator[Problem]:
        value = getattr(self, name)
        if value is None:
            if self.is_asked(item) and not item.optional and name not in self.missing:
                yield Problem("MISSING", name, f"“{item.label}” has no answer yet. Enter it, or say why it is missing.")
        elif item.expected and not item.expected[0] <= value <= item.expected[1]:
            low, high = item.expected
            text = f"{item.display(value)} is unusual (expected {low} to {high}). Correct it, or confirm it."
            yield Problem("RANGE", name, text, item.exported(value))

    def _values(self, names: list[str]) -> str:
        fields = (self._meta.get_field(name) for name in names)
        return "; ".join(f.exported(getattr(self, f.name)) for f in fields)


class LiveForms(models.Manager[Any]):
    """The forms whose record was not removed."""

    def get_queryset(self) -> models.QuerySet[Any]:
        return super().get_queryset().filter(record__removed_at=None)


class Crf(Sheet):
    """A case report form. Its record holds whose it is, its state and its version; the form holds the answers."""

    #: Raised by hand whenever questions, codes or checks change; stored with every record (RQ-54).
    edition: ClassVar[str] = "1"
    #: Word in URLs, exports and the API, for example ``blood-count``.
    slug: ClassVar[str] = ""
    #: Repeating rows, such as the bags of an infusion.
    row_models: ClassVar[tuple[type[Row], ...]] = ()
    #: The item whose date says when the visit took place.
    dates_visit: ClassVar[str] = ""
    #: Pages beside the form, as (name of the address, words): each takes the key of the record.
    links: ClassVar[tuple[tuple[str, str], ...]] = ()
    #: A product form belongs to a site, not to a participant.
    is_product: ClassVar[bool] = False
    #: May be added at any time, outside the schedule (adverse event, rescue).
    is_log: ClassVar[bool] = False
    #: What a family tells at a visit (a fever, a fall, a new medicine): asked for first.
    told_by_family: ClassVar[bool] = False
    #: The slug of the form whose record this one is about: added by an action of that form, outside the schedule.
    about: ClassVar[str] = ""
    #: Safety data, and what ends a participation: open while its visit or child is closed; closed only by a lock of its own.
    is_safety: ClassVar[bool] = False
    #: The right that entering this form takes.
    entered_with: ClassVar[Can] = Can.EDIT
    #: The meaning of the signature that this form gets by itself (``signatures.models.Meaning``), or empty: it has none.
    signed_as: ClassVar[str] = ""
    #: Covered by the investigator's confirmation of eligibility.
    decides_eligibility: ClassVar[bool] = False

    record = models.OneToOneField(FormRecord, on_delete=models.PROTECT, primary_key=True, related_name="%(class)s")

    objects = LiveForms()
    everything = models.Manager[Any]()

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return f"{self._meta.verbose_name} {self.pk}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Refuses a bare save: answers change through ``casebook.actions.save_form`` only."""
        if not kwargs.pop("from_action", False):
            raise RuntimeError("A form is saved by casebook.actions.save_form, which checks, versions and audits it.")
        super().save(*args, **kwargs)

    @classmethod
    def title(cls) -> str:
        name = str(cls._meta.verbose_name)
        return name[:1].upper() + name[1:]

    def prefill(self) -> None:
        """What a new form offers as answers; forms override it. Nothing of it is stored before a person saves the form."""

    def on_saved(self, by: Any) -> None:
        """What else changes when this form is stored (inside the same transaction); forms override it."""

    def needs_signature(self) -> bool:
        """True where these answers have to be signed by themselves, for example of a serious event; forms override it."""
        return bool(self.signed_as)

    def needs_refusal(self) -> str:
        """A reason why this form must not be entered at all now, or an empty text; forms override it."""
        return ""

    @property
    def participant(self) -> Any:
        return self.record.participant

    @property
    def visit(self) -> Any:
        return self.record.visit

    @classmethod
    def check(cls, **kwargs: Any) -> list[checks.CheckMessage]:
        return [*super().check(**kwargs), *completeness(cls)]


class LiveRows(models.Manager[Any]):
    """The lines that stand in their form now."""

    def get_queryset(self) -> models.QuerySet[Any]:
        return super().get_queryset().filter(taken_away=False, crf__record__removed_at=None)


class Row(Sheet):
    """One line of a repeating group in a form. Subclasses name the form in a foreign key called ``crf``.

    A line that is made blank is taken away and stays in the table; ``everything`` holds those lines too.
    """

    slug: ClassVar[str] = ""
    legend: ClassVar[str] = ""
    #: Empty lines offered on the page beyond the stored ones.
    spare: ClassVar[int] = 6

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    position = models.PositiveSmallIntegerField(default=1)
    taken_away = models.BooleanField(default=False)

    objects = LiveRows()
    everything = models.Manager[Any]()

    class Meta:
        abstract = True
        ordering = ["position"]

    def is_used(self) -> bool:
        """True where a line of another form names this one."""
        return any(
            relation.related_model.objects.filter(**{relation.field.name: self}).exists()
            for relation in self._meta.related_objects
            if issubclass(relation.related_model, Sheet)
        )

    @classmethod
    def check(cls, **kwargs: Any) -> list[checks.CheckMessage]:
        return [*super().check(**kwargs), *completeness(cls)]


def crf_models() -> list[type[Crf]]:
    """Every form of the trial: Django's app registry is the registry."""
    return [model for model in apps.get_models() if issubclass(model, Crf)]


def crf_by_slug(slug: str) -> type[Crf]:
    """The form with this word in its URL. Raises ``LookupError``."""
    for model in crf_models():
        if model.slug == slug:
            return model
    raise LookupError(slug)


def completeness(cls: type[Sheet]) -> list[checks.CheckMessage]:
    """A form that forgets something does not start: SDTM notes, sections, conditions, check codes."""
    items = cls.items()
    placed = [name for section in cls.sections for name in section.names]
    codes = [check.code for check in cls.edit_checks]
    wrong = [f"item {name} has no SDTM note" for name, item in items.items() if not item.sdtm]
    wrong += [f"item {name} has no label" for name, item in items.items() if not item.label]
    wrong += [f"item {name} stands in {placed.count(name)} sections" for name in items if placed.count(name) != 1]
    wrong += [f"section names unknown item {name}" for name in placed if name not in items]
    wrong += [f"{name} is asked if unknown item {i.asked_if[0]}" for name, i in items.items()
              if i.asked_if and i.asked_if[0] not in items]  # fmt: skip
    wrong += [f"check {check.code} names unknown item {name}" for check in cls.edit_checks for name in check.on
              if name not in items]  # fmt: skip
    wrong += [f"check code {code} is used twice" for code in set(codes) if codes.count(code) > 1]
    if issubclass(cls, Crf) and not cls.slug:
        wrong.append("the form has no slug")
    return [checks.Error(f"{cls.__name__}: {text}.", obj=cls, id="casebook.E001") for text in wrong]
