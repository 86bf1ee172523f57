"""What people write beside a question: one thread for each question of each form, oldest first."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import F, OuterRef, QuerySet, Value
from django.db.models.functions import Concat

from casebook.crf import Row
from casebook.forms import CrfForm, Field
from casebook.locks import refuse_closed, wait_for
from casebook.models import Comment, FormRecord
from casebook.names import question
from itp_trial.actor import acting
from itp_trial.refusal import Refused

LONGEST = Comment._meta.get_field("text").max_length


def add_comment(*, record: FormRecord, item: str, line: str = "", text: str, by: Any,
                kind: Comment.Kind = Comment.Kind.WORDS) -> Comment:  # fmt: skip
    """Writes a comment beside a question; the answer stays as it is.

    :param item: the question by its word (``platelets``, ``bags-volume_ml``)
    :param line: the key of the line that the question stands in
    :raises LookupError: the form has no such question, or the question no such line
    :raises Refused: nothing was written, it is too long, or the form is closed or removed
    """
    line = _line_of(record, item, line)
    if not text.strip():
        raise Refused("Please write the comment.")
    if len(text.strip()) > LONGEST:
        raise Refused(f"Please write at most {LONGEST} characters; these are {len(text.strip())}.")
    with acting(by):
        if record.participant_id is not None:
            wait_for(record.participant_id)
        record.refresh_from_db(fields=["removed_at"])
        if record.removed_at:
            raise Refused("This entry was removed from the casebook. Put it back before you comment on it.")
        refuse_closed(record)
        return Comment.objects.create(record=record, item=item, line=line, text=text.strip(), kind=kind, said_by=by)


def _line_of(record: FormRecord, item: str, line: str) -> str:
    """The key of the line as threads know it; empty for a question outside of lines."""
    sheet, _ = question(record.crf_class, item)
    if not issubclass(sheet, Row):
        return ""
    row = sheet.objects.filter(pk=line, crf=record.pk).first()
    if row is None:
        raise LookupError(line)
    return str(row.pk)


def thread(record: FormRecord, item: str, line: str = "") -> QuerySet[Comment]:
    """The comments on one question, the oldest first."""
    return record.comments.filter(item=item, line=line).select_related("said_by").order_by("said_at")


#: Which questions of a record somebody commented on, once for each comment; annotated, so that a page asks nothing more.
COMMENTED = ArraySubquery(
    Comment.objects.filter(record=OuterRef("pk")).order_by().values_list(Concat(F("item"), Value(":"), F("line")))
)


def count_comments(form: CrfForm, commented: Iterable[str]) -> None:
    """Tells every question of a form how many comments it has."""
    counts = Counter(commented)
    if counts:
        for field in _fields(form):
            field.comments = counts[f"{field.word}:{field.row}"]


def _fields(form: CrfForm) -> Iterable[Field]:
    yield from form.main.fields.values()
    for group in form.groups:
        for row in group.forms:
            yield from row.fields.values()
