"""From the declaration to a bound form. Pages and the API bind the same form: validation exists once.

A posted value is text. ``~ND`` in place of a value, or ``<item>__missing=ND``, says why there is none. Technical names
hold a hyphen (``record-version``), so that no item can ever be called the same.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from casebook.crf import Crf, Row, Sheet
from casebook.items import Item, MissingReason, Ref
from casebook.merging import MISSING_MARK, MOST_ROWS, Answer, Line, answers_in
from itp_trial.normalise import Unreadable, text


@dataclass
class Field:
    """One item on the page: its input name, what stands in it, and what is wrong with it."""

    item: Item
    name: str
    typed: str = ""
    missing: str = ""
    errors: list[str] = field(default_factory=list)
    findings: list[Any] = field(default_factory=list)
    options: list[tuple[str, str]] = field(default_factory=list)
    offered: dict[str, Any] = field(default_factory=dict)
    is_stored: bool = False
    #: The word of its history in addresses (``platelets``, ``bags-volume_ml``), and the key of its line.
    word: str = ""
    row: str = ""
    #: Tells apart the inputs of several forms on one page; part of every id, never of a posted name.
    place: str = ""
    #: What the same question was answered with at earlier visits: pairs of a day and a short text.
    earlier: list[tuple[Any, str]] = field(default_factory=list)
    #: Typed, and not what is stored.
    is_draft: bool = False
    #: How many comments stand beside it.
    comments: int = 0

    @property
    def key(self) -> str:
        return self.place + self.name

    @property
    def input_id(self) -> str:
        return f"id_{self.key}"

    @property
    def is_empty(self) -> bool:
        return not self.typed.strip() and not self.missing

    @property
    def widget(self) -> str:
        if self.item.kind == "code":
            return "radio" if len(self.options) <= 4 else "select"
        return {"reference": "select", "note": "textarea"}.get(self.item.kind, "input")

    @property
    def reasons(self) -> list[tuple[str, str]]:
        return MissingReason.choices

    @property
    def condition(self) -> tuple[str, str] | None:
        """The input that this one depends on and the values (joined by a space) for which it is asked."""
        if self.item.asked_if is None:
            return None
        name, wanted = self.item.asked_if
        values = wanted if isinstance(wanted, tuple) else (wanted,)
        return self.name.removesuffix(self.item.name) + name, " ".join(str(value) for value in values)


class SheetForm:
    """The answers of one sheet: from stored values to inputs, and from posted text back to values."""

    def __init__(self, sheet: Sheet, data: Mapping[str, str] | None, prefix: str = "", record: Any = None) -> None:
        self.sheet, self.data, self.prefix, self.record = sheet, data, prefix, record
        self.before = sheet.answers()
        sheet.stored = self.before
        self.before_missing = dict(sheet.missing)
        self.emptied: list[str] = []
        self.fields = {name: self._field(name, item) for name, item in sheet.asked_items().items()}

    def _field(self, name: str, item: Item) -> Field:
        shown = Field(item, self.prefix + name, is_stored=self.before[name] is not None or name in self.before_missing)
        shown.word, shown.row = (f"{self.sheet.slug}-{name}", self.stored_id) if self.prefix else (name, "")
        if item.kind == "code":
            shown.options = [(str(code), str(label)) for code, label in item.flatchoices]
        elif isinstance(item, Ref):
            offered = list(item.choices_for(self.record, getattr(self.sheet, item.attname)))
            shown.options = [(str(o.pk), str(o)) for o in offered]
            shown.offered = {str(o.pk): o for o in offered}
        if self.data is None:
            shown.typed, shown.missing = _typed(item, self.before[name]), self.before_missing.get(name, "")
        else:
            raw = str(self.data.get(shown.name, "") or "")
            # Only a known reason is a mark: people also write "~5 mL" for "about 5 mL", and that is an answer.
            is_mark = raw.startswith(MISSING_MARK) and raw[1:] in MissingReason.values
            mark = raw[1:] if is_mark else str(self.data.get(f"{shown.name}__missing", "") or "")
            shown.typed, shown.missing = ("" if is_mark else raw), mark
        return shown

    def stored_answers(self) -> dict[str, str]:
        """What stands in the inputs before anybody touches them, whatever was posted since."""
        return _typed_answers(self.sheet, self.before, self.before_missing)

    @property
    def stored_id(self) -> str:
        """The key of a stored row, or an empty text for a new one."""
        return "" if self.sheet._state.adding else str(self.sheet.pk)

    @property
    def is_blank(self) -> bool:
        return all(f.is_empty for f in self.fields.values())

    def left(self) -> set[str]:
        """The asked items that hold neither an answer nor a reason."""
        return {name for name in self.asked() if self.fields[name].is_empty and not self.fields[name].item.optional}

    def asked(self) -> set[str]:
        """The items that are asked, by what stands in the inputs."""
        return {name for name, f in self.fields.items() if self._is_asked(f.item)}

    def _is_asked(self, item: Item) -> bool:
        if item.asked_if is None or item.asked_if[0] not in self.fields:
            return self.sheet.is_asked(item)
        wanted = item.asked_if[1] if isinstance(item.asked_if[1], tuple) else (item.asked_if[1],)
        return self.fields[item.asked_if[0]].typed in [str(value) for value in wanted]

    @property
    def errors(self) -> dict[str, list[str]]:
        return {f.name: f.errors for f in self.fields.values() if f.errors}

    def bind(self) -> None:
        """Parses everything that was posted onto the sheet; what cannot be stored stays as an error at its field."""
        for name, shown in self.fields.items():
            self._bind_one(name, shown)
        self.empty_what_is_not_asked()

    def _bind_one(self, name: str, shown: Field) -> None:
        self.sheet.missing.pop(name, None)
        value = None
        try:
            if shown.typed.strip():
                value = self._parse(shown)
            elif shown.missing:
                self.sheet.missing[name] = MissingReason(shown.missing).value
        except Unreadable as error:
            shown.errors.append(str(error))
        except ValueError:
            shown.errors.append("Please choose one of the listed reasons for a missing value.")
        setattr(self.sheet, shown.item.attname, value)

    def _parse(self, shown: Field) -> Any:
        if not isinstance(shown.item, Ref):
            return shown.item.parse(shown.typed)
        if shown.typed not in shown.offered:
            raise Unreadable("Please choose one of the entries in the list.")
        # The row itself, so that checks and computations that look at it need not ask for it again.
        chosen = shown.offered[shown.typed]
        setattr(self.sheet, shown.item.name, chosen)
        return chosen.pk

    def empty_what_is_not_asked(self) -> None:
        """Runs again after ``derive``, which may settle an answer that others depend on."""
        for name, shown in self.fields.items():
            if not self.sheet.is_asked(shown.item):
                self._empty(name, shown)

    def _empty(self, name: str, shown: Field) -> None:
        if self.before[name] is not None and shown.item.label not in self.emptied:
            self.emptied.append(shown.item.label)
        setattr(self.sheet, shown.item.attname, None)
        self.sheet.missing.pop(name, None)
        shown.errors.clear()

    def changed(self) -> list[str]:
        """The items whose stored answer this form changes or takes away; filling an empty one is no change."""
        after = self.sheet.answers()
        return [n for n in self.fields if self.before[n] is not None and self.before[n] != after[n]] + [
            n for n, reason in self.before_missing.items() if self.sheet.missing.get(n, reason) != reason
        ]


def _typed(item: Item, value: Any) -> str:
    """A stored value as it stands in its input; a reference by its key."""
    return str(value) if isinstance(item, Ref) and value else item.typed(value)


def _typed_answers(sheet: Sheet, values: Mapping[str, Any], missing: Mapping[str, str]) -> dict[str, str]:
    """Stored answers as they stand in the inputs; a reason for a missing one with its mark."""
    items = sheet.asked_items().items()
    return {n: f"{MISSING_MARK}{missing[n]}" if n in missing else _typed(item, values[n]) for n, item in items}


class CrfForm:
    """One form on the page or from the API: the answers, the repeating rows, the version and the reason for change."""

    def __init__(self, crf: Crf, data: Mapping[str, str] | None = None) -> None:
        self.crf, self.record, self.data = crf, crf.record, data
        self.main = SheetForm(crf, data, record=crf.record)
        self.groups = [RowGroup(crf, model, data) for model in crf.row_models]
        self.general_errors: list[str] = []
        self.unknown_names: list[str] = []
        self.reason_errors: list[str] = []
        self.version = self._int(data.get("record-version")) if data is not None else crf.record.version
        self.reason = str((data or {}).get("change-reason", "") or "")
        self.reason_text = str((data or {}).get("change-reason-text", "") or "")

    @staticmethod
    def _int(raw: Any) -> int:
        return int(raw) if str(raw or "").isascii() and str(raw or "").isdigit() and len(str(raw)) < 9 else -1

    def is_valid(self) -> bool:
        """Binds everything and collects every error at once, the hard ones of each field and across fields."""
        self.main.bind()
        for group in self.groups:
            group.bind()
        self._refuse_unknown_names()
        self.crf.derive(self.rows)
        self.main.empty_what_is_not_asked()
        for sheet_form in self.sheet_forms():
            for name, message in [*sheet_form.sheet.impossible(), *sheet_form.sheet.overflowing()]:
                self._add_error(sheet_form, name, message)
        if self.version == self.record.version and any(group.names_foreign_line for group in self.groups):
            self.general_errors.append("A line does not belong to this form. Nothing was saved: please open the form again.")
        refusal = self.crf.needs_refusal()
        self.general_errors += [refusal] if refusal else []
        self._ask_for_reason()
        return not self.errors

    def stored_answers(self) -> dict[str, Answer]:
        """The stored answers as they would be typed, by question; repeating lines as one."""
        return {**self.main.stored_answers(), **{group.model.slug: group.stored_lines for group in self.groups}}

    def typed_answers(self) -> dict[str, Answer]:
        """What was posted, by question."""
        groups = {group.model.slug: group.model.asked_items() for group in self.groups}
        return answers_in(self.data or {}, self.main.fields, groups)

    def place_on_page(self, place: str) -> None:
        """Puts ``place`` before the ids of all inputs: several forms stand on one page."""
        for sheet_form in [self.main, *(row for group in self.groups for row in group.forms)]:
            for shown in sheet_form.fields.values():
                shown.place = place

    @property
    def rows(self) -> list[Row]:
        return [row for group in self.groups for row in group.kept]

    def sheet_forms(self) -> Iterator[SheetForm]:
        yield self.main
        for group in self.groups:
            yield from (form for form in group.forms if not form.is_blank)

    @property
    def errors(self) -> dict[str, list[str]]:
        """Every error by input name; ``""`` holds those of the whole form."""
        found: dict[str, list[str]] = {}
        for form in [self.main, *(f for g in self.groups for f in g.forms)]:
            found |= form.errors
        if self.general_errors:
            found[""] = self.general_errors
        if self.reason_errors:
            found["change-reason"] = self.reason_errors
        return found

    @property
    def emptied(self) -> list[str]:
        return [label for form in self.sheet_forms() for label in form.emptied]

    @property
    def changes_answers(self) -> bool:
        """True where something that was stored before becomes different or goes away."""
        return self.record.version > 0 and (
            any(form.changed() for form in self.sheet_forms()) or any(group.taken_away for group in self.groups)
        )

    def _ask_for_reason(self) -> None:
        # Of a form that somebody saved meanwhile both values are shown first (StaleVersion); the reason comes with the decision.
        if not self.changes_answers or self.version != self.record.version:
            return
        if self.reason not in CHANGE_REASONS:
            self.reason_errors.append("A stored answer changes. Please say why.")
        elif self.reason == "other" and not self.reason_text.strip():
            self.reason_errors.append("Please write the other reason.")
        try:
            text(self.reason_text)
        except Unreadable as error:
            self.reason_errors.append(str(error))

    @property
    def reason_said(self) -> str:
        """The reason as it stands in the audit trail; a first entry has none."""
        if not self.changes_answers or self.reason not in CHANGE_REASONS:
            return ADDED if self.record.version else ""
        return text(self.reason_text) if self.reason == "other" else CHANGE_REASONS[self.reason]

    def _add_error(self, form: SheetForm, name: str, message: str) -> None:
        if name in form.fields:
            form.fields[name].errors.append(message)
        else:
            self.general_errors.append(message)

    def _refuse_unknown_names(self) -> None:
        """An unknown name is a mistake of the sender (a misspelt item, a derived or system field), never ignored."""
        self.unknown_names = sorted(set(self.data or {}) - self.known_names())
        if self.unknown_names:
            self.general_errors.append(f"Not an item of this form: {', '.join(name[:40] for name in self.unknown_names)}.")

    def known_names(self) -> set[str]:
        forms = [self.main, *(form for group in self.groups for form in group.forms)]
        names = {f.name for form in forms for f in form.fields.values()}
        technical = {"record-version", "change-reason", "change-reason-text", "idempotency-key", "csrfmiddlewaretoken",
                     "record-base"}  # fmt: skip
        technical |= {f"choice-{name}" for name in [*self.main.fields, *(group.model.slug for group in self.groups)]}
        counters = {name for group in self.groups for name in group.technical_names()}
        return names | {f"{name}__missing" for name in names} | technical | counters


class RowGroup:
    """The repeating rows of a form: stored ones, changed ones, new ones. A row made blank goes away."""

    def __init__(self, crf: Crf, model: type[Row], data: Mapping[str, str] | None) -> None:
        self.crf, self.model, self.data = crf, model, data
        stored = list(model.objects.filter(crf=crf)) if crf.record.version else []
        self.count = min(len(stored) + model.spare, MOST_ROWS) if data is None else self._posted_count(data)
        self.stored_lines: list[Line] = [{"id": str(row.pk), **_typed_answers(row, row.answers(), row.missing)} for row in stored]
        by_id = {str(row.pk): row for row in stored}
        self.forms = [self._row_form(i, by_id, stored) for i in range(self.count)]
        #: Whether a line names the key of a line that is not of this form (posted by hand, or gone meanwhile).
        self.names_foreign_line = any(form.sheet._state.adding and self._posted_id(form.prefix) for form in self.forms)
        self.untouched = list(by_id.values())
        self.kept: list[Row] = [form.sheet for form in self.forms if not form.is_blank]
        self.taken_away: list[Row] = []

    def _posted_count(self, data: Mapping[str, str]) -> int:
        return min(max(CrfForm._int(data.get(f"{self.model.slug}-count", 0)), 0), MOST_ROWS)

    def _row_form(self, index: int, by_id: dict[str, Row], stored: list[Row]) -> SheetForm:
        prefix = f"{self.model.slug}-{index}-"
        if self.data is None:
            row = stored[index] if index < len(stored) else self.model(crf=self.crf)
        else:
            row = by_id.pop(self._posted_id(prefix), None) or self.model(crf=self.crf)
        row.crf = self.crf
        return SheetForm(row, self.data, prefix, record=self.crf.record)

    def _posted_id(self, prefix: str) -> str:
        return str((self.data or {}).get(f"{prefix}id", "") or "")

    def technical_names(self) -> set[str]:
        return {f"{self.model.slug}-count"} | {f"{self.model.slug}-{i}-id" for i in range(self.count)}

    def bind(self) -> None:
        for form in self.forms:
            if not form.is_blank:
                form.bind()
        self.kept = [form.sheet for form in self.forms if not form.is_blank]
        for position, row in enumerate(self.kept, start=1):
            row.position = position
        self._refuse_doubles()
        blanked = [form.sheet for form in self.forms if form.is_blank and not form.sheet._state.adding]
        self.taken_away = self.untouched + blanked

    def _refuse_doubles(self) -> None:
        """Two lines must not hold what the database allows once, such as the same bag."""
        for constraint in self.model._meta.constraints:
            names = [name for name in getattr(constraint, "fields", ()) if name != "crf"]
            seen: set[tuple[Any, ...]] = set()
            for form in (form for form in self.forms if names and not form.is_blank):
                key = tuple(getattr(form.sheet, self.model._meta.get_field(name).attname) for name in names)
                if key in seen and None not in key:
                    form.fields[names[0]].errors.append("This stands in another line already.")
                seen.add(key)


#: What the trail says where only empty answers were filled (what is derived from them may have changed with them).
ADDED = "Answers added"
CHANGE_REASONS = {
    "typing": "Typing error",
    "source": "New or corrected source document",
    "query": "Answer to a query",
    "wrong_form": "Entered in the wrong place",
    "other": "Other",
}
