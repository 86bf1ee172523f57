"""The blank and the annotated case report form, the codebook and the edit-check specification, from the declarations.

Nothing of it knows a participant or a day, so that the same version of the forms always gives the same bytes.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.template.loader import render_to_string

from casebook.crf import Crf, Section, Sheet, crf_models
from casebook.items import NOT_SUBMITTED, Item
from itp_trial import protocol
from itp_trial.schedule import VISITS
from reports import edit_checks
from reports.csv_export import codebook_csv, made
from reports.pdf import rendered

#: Nobody waits for it in a browser.
SECONDS = 900


@dataclass(frozen=True)
class Line:
    """One question on paper: what is asked, where the answer goes, when it is asked, where it stands in SDTM."""

    label: str
    help: str
    answer: tuple[str, ...]
    unit: str
    condition: str
    sdtm: str
    computed: bool


@dataclass(frozen=True)
class Group:
    title: str
    note: str
    lines: list[Line]
    repeats: bool = False


@dataclass(frozen=True)
class Form:
    """One form as it is printed."""

    title: str
    slug: str
    edition: str
    when: str
    groups: list[Group]


def forms() -> list[Form]:
    """Every form of the trial, in the order in which a child meets it: those of the schedule first."""
    return [_form(crf) for crf in sorted(crf_models(), key=_place)]


def _place(crf: type[Crf]) -> tuple[int, str]:
    scheduled = list(dict.fromkeys(slug for plan in VISITS.values() for slug in plan.forms))
    return (scheduled.index(crf.slug) if crf.slug in scheduled else len(scheduled), crf.slug)


def _form(crf: type[Crf]) -> Form:
    visits = [plan.title for plan in VISITS.values() if crf.slug in plan.forms]
    when = "; ".join(visits) or (
        "At any time" if crf.is_log else "Product of a site" if crf.is_product else "When it is asked for"
    )
    groups = [_group(crf, section) for section in crf.sections]
    for row in crf.row_models:
        lines = [_line(row, row.items()[name]) for section in row.sections for name in section.names]
        groups.append(Group(row.legend, "One line for each.", lines, repeats=True))
    return Form(crf.title(), crf.slug, crf.edition, when, groups)


def _group(sheet: type[Sheet], section: Section) -> Group:
    return Group(section.title, section.note, [_line(sheet, sheet.items()[name]) for name in section.names])


def _line(sheet: type[Sheet], item: Item) -> Line:
    choices = tuple(str(label) for _, label in item.flatchoices) if item.kind == "code" else ()
    note = str(item.sdtm)
    return Line(item.label, item.help, choices, item.shown_unit, _condition(sheet, item),
                "not submitted" if note == NOT_SUBMITTED else note, item.derived)  # fmt: skip


def _condition(sheet: type[Sheet], item: Item) -> str:
    if item.asked_if is None:
        return ""
    name, wanted = item.asked_if
    other = sheet.items()[name]
    values = wanted if isinstance(wanted, tuple) else (wanted,)
    return f"Only if “{other.label}”: {' or '.join(str(other.display(value)) for value in values)}"


def html(annotated: bool) -> str:
    context: dict[str, Any] = {"forms": forms(), "annotated": annotated, "protocol": protocol, "visits": VISITS.values()}
    return render_to_string("reports/blank_forms.html", context)


#: What ``manage.py forms`` writes: file name -> its bytes.
FILES: dict[str, Callable[[], bytes]] = {
    "blank-crf.pdf": lambda: rendered(html(annotated=False), SECONDS),
    "annotated-crf.pdf": lambda: rendered(html(annotated=True), SECONDS),
    "codebook.csv": lambda: codebook_csv().body,
    "edit-checks.csv": lambda: made("edit-checks", dict.fromkeys(edit_checks.COLUMNS, False), edit_checks.specification()).body,
}
