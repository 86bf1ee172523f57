"""Hypothesis strategies that type valid answers into any form, read off its declaration: ranges, codes, dates, references.

A new form needs nothing here: a kind of item that is not in ``_TYPING`` fails the tests until somebody says how it is typed.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Mapping
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from django.utils import timezone
from hypothesis import HealthCheck, Phase, assume, given, settings
from hypothesis import strategies as st

from casebook.crf import Sheet
from casebook.forms import CrfForm, Field
from casebook.items import Item, MissingReason
from casebook.models import FormRecord
from itp_trial.normalise import CAIRO

ARABIC_INDIC = str.maketrans("0123456789.", "٠١٢٣٤٥٦٧٨٩\u066b")
PERSIAN = str.maketrans("0123456789", "۰۱۲۳۴۵۶۷۸۹")
#: Words of several scripts; "~" at the start is what a hurried person writes for "about".
PROSE = st.text("aZéẞ0 '\"<>&=+-@;,.~%_ابتثجحخ٣۴中\n\t", min_size=1, max_size=40).filter(str.strip)


# --- one item --------------------------------------------------------------------------------------------------------


def number(item: Any) -> st.SearchStrategy[str]:
    """A number inside the possible range, near its lower end, where also the checks between items hold."""
    low, high = map(Decimal, item.hard or (0, 10))
    places = item.decimal_places or 0
    usual = item.expected[1] if item.expected else low + (high - low) / 4
    values = st.decimals(low, min(high, max(usual, low + 1)), places=places)
    return st.tuples(values, st.sampled_from([{}, ARABIC_INDIC])).map(lambda pair: f"{pair[0]:f}".translate(pair[1]))


def day(moment: datetime) -> st.SearchStrategy[str]:
    """The day of a moment, in the ways in which people write it."""
    plain = st.sampled_from(["%d/%m/%Y", "%Y-%m-%d", "%d.%m.%Y", "%d %b %Y"]).map(moment.strftime)
    return st.tuples(plain, st.sampled_from([{}, PERSIAN])).map(lambda pair: pair[0].translate(pair[1]))


def partial_day(moment: datetime) -> st.SearchStrategy[str]:
    return st.sampled_from(["%d/%m/%Y", "UN/%m/%Y", "UN/UN/%Y", "%Y-%m", "%Y", "%Y-%m-%d"]).map(moment.strftime)


def clock(moment: datetime) -> st.SearchStrategy[str]:
    """The offset stands there because one hour in October happens twice."""
    return st.sampled_from(["%d/%m/%Y %H:%M %z", "%Y-%m-%dT%H:%M%z", "%d %b %Y, %H:%M %z"]).map(moment.strftime)


_TYPING: dict[str, Callable[[Field], st.SearchStrategy[str]]] = {
    "text": lambda field: PROSE,
    "note": lambda field: PROSE,
    "code": lambda field: st.sampled_from([code for code, _ in field.options]),
    "number": lambda field: number(field.item),
    "reference": lambda field: st.sampled_from([key for key, _ in field.options]) if field.options else st.just("~ND"),
}
_DATING: dict[str, Callable[[datetime], st.SearchStrategy[str]]] = {
    "date": day,
    "partial date": partial_day,
    "date and time": clock,
}
_PLAIN_DATE = {"date": "%Y-%m-%d", "partial date": "%Y-%m-%d", "date and time": "%Y-%m-%d %H:%M %z"}
_NO_ANSWER = st.sampled_from(["", *(f"~{code}" for code in MissingReason.values)])


def typed_text(field: Field) -> st.SearchStrategy[str]:
    """What a person may type for an item without a date; one time in eight no answer, or why there is none."""
    return st.integers(0, 7).flatmap(lambda n: _TYPING[field.item.kind](field) if n else _NO_ANSWER)


# --- a whole form ----------------------------------------------------------------------------------------------------


@st.composite
def answers(draw: st.DrawFn, record: FormRecord) -> dict[str, str]:
    """Posted text of one form that can be stored: every kind of item, rows, blanks and reasons for missing values."""
    page = CrfForm(record.crf())
    posted = {f.name: draw(typed_text(f)) for f in page.main.fields.values() if f.item.kind not in _DATING}
    for group in page.groups:
        rows = group.forms[: draw(st.integers(0, 2))]
        posted[f"{group.model.slug}-count"] = str(len(rows))
        posted |= {f.name: draw(typed_text(f)) for row in rows for f in row.fields.values() if f.item.kind not in _DATING}
        for row in rows:
            posted |= draw(_dates_of_a_line([f for f in row.fields.values() if f.item.kind in _DATING], record))
    dated = [f for f in page.main.fields.values() if f.item.kind in _DATING]
    moments = sorted(draw(st.lists(past_moments(record), min_size=len(dated), max_size=len(dated))))
    for order in itertools.permutations(dated):
        plain = {f.name: moment.strftime(_PLAIN_DATE[f.item.kind]) for f, moment in zip(order, moments, strict=True)}
        if not _contradicts(record, posted | plain):
            break
    posted |= {f.name: draw(_DATING[f.item.kind](moment)) for f, moment in zip(order, moments, strict=True)}
    assume(not _contradicts(record, posted))
    return posted


def _dates_of_a_line(fields: list[Field], record: FormRecord) -> st.SearchStrategy[dict[str, str]]:
    """The dated items of one line in the order of time, as lines ask them: started, ended."""
    moments = st.lists(past_moments(record), min_size=len(fields), max_size=len(fields)).map(sorted)
    return moments.flatmap(
        lambda found: st.fixed_dictionaries({f.name: _DATING[f.item.kind](m) for f, m in zip(fields, found, strict=True)})
    )


def past_moments(record: FormRecord) -> st.SearchStrategy[datetime]:
    """Minutes between enrolment (else the last 400 days) and now, in Cairo."""
    now = timezone.localtime(None, CAIRO).replace(second=0, microsecond=0)
    first = record.participant.enrolled_on if record.participant else None
    start = datetime.combine(first or now.date() - timedelta(days=400), datetime.min.time(), CAIRO)
    minutes = int((now.timestamp() - start.timestamp()) // 60)
    # Parts of a million, so that the same draw means nearly the same moment although the clock goes on.
    share = st.integers(0, 1_000_000)
    return share.map(lambda n: datetime.fromtimestamp(start.timestamp() + 60 * (minutes * n // 1_000_000), CAIRO))


def _contradicts(record: FormRecord, posted: Mapping[str, str]) -> bool:
    """Whether a hard check between items refuses these answers."""
    return not CrfForm(record.crf(), posted).is_valid()


def as_posted(page: CrfForm) -> dict[str, str]:
    """What a browser sends back for a page that nobody touched."""
    shown = [page.main, *(row for group in page.groups for row in group.forms)]
    posted = {f.name: f"~{f.missing}" if f.missing else f.typed for sheet in shown for f in sheet.fields.values()}
    for group in page.groups:
        posted[f"{group.model.slug}-count"] = str(group.count)
        posted |= {f"{row.prefix}id": row.stored_id for row in group.forms}
    return posted | {"record-version": str(page.record.version)}


def items_of(model: type[Sheet]) -> Iterable[Item]:
    """Every item of a form, those of its repeating rows included."""
    for sheet in (model, *getattr(model, "row_models", ())):
        yield from sheet.items().values()


def in_the_past(days: int) -> date:
    return timezone.localdate() - timedelta(days=days)


_fullest: dict[tuple[Any, ...], dict[str, str]] = {}


def fullest_answers(record: FormRecord) -> dict[str, str]:
    """Of some random answers those with the most values: for tests that need one well filled form. Looked for once."""
    key = (record.form, record.participant_id)
    if key not in _fullest or _contradicts(record, _fullest[key]):
        _fullest[key] = _look_for_the_fullest(record)
    return dict(_fullest[key])


def _look_for_the_fullest(record: FormRecord) -> dict[str, str]:
    found: list[dict[str, str]] = []

    @settings(max_examples=15, deadline=None, database=None, derandomize=True, phases=[Phase.generate],
              suppress_health_check=[*HealthCheck])  # fmt: skip
    @given(answers(record))
    def collect(posted: dict[str, str]) -> None:
        found.append(posted)

    collect()
    return max(found, key=lambda posted: sum(not text.startswith("~") and bool(text.strip()) for text in posted.values()))
