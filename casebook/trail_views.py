"""The trail on the screen: the history of one question, of one form, and everything about one participant."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_POST

from casebook import trail
from casebook.comments import LONGEST, add_comment, thread
from casebook.doors import participant_of, record_of, right_to_edit
from casebook.locks import closing
from casebook.models import FormRecord
from casebook.names import names_for
from itp_trial.permissions import access, allow
from itp_trial.roles import Can, Role
from itp_trial.web import act_once, number_of, posted

#: Sent by the form page, which puts the history beside the question instead of opening a page.
FRAGMENT = "X-Fragment"


@require_GET
def history(request: HttpRequest, pk: Any) -> HttpResponse:
    """Who changed what in this form, when and why, newest first."""
    found = record_of(request, pk)
    context = {"record": found, "participant": found.participant, "told": trail.of_record(found)}
    return render(request, "casebook/history.html", context)


@require_GET
def item_history(request: HttpRequest, pk: Any, item: str) -> HttpResponse:
    """The history of one question, of a line with ``?row=``: a page, or the part of one that the form page asks for."""
    return item_page(request, record_of(request, pk), item)


@require_POST
def comment(request: HttpRequest, pk: Any, item: str) -> HttpResponse:
    """Writes a comment beside a question. What cannot be kept comes back as it was typed."""
    found = record_of(request, pk)
    allow(request, right_to_edit(found), found.site_id)
    line, text = line_named(request), posted(request).get("text", "")
    back = address_of(found, item, line)

    def action() -> str:
        try:
            add_comment(record=found, item=item, line=line, text=text, by=request.user)
        except (LookupError, ValidationError):
            raise Http404 from None
        return back

    return act_once(request, action, back=back, refused=lambda why: item_page(request, found, item, typed=text, refused=why))


def line_named(request: HttpRequest) -> str:
    """The key of the line in the address (``?row=``), in the one way of writing it."""
    raw = request.GET.get("row", "")
    try:
        return str(UUID(raw))
    except ValueError:
        return raw


def address_of(record: FormRecord, item: str, line: str = "") -> str:
    """Of the history of one question."""
    return reverse("item-history", args=[record.pk, item]) + (f"?row={line}" if line else "")


def item_page(request: HttpRequest, found: FormRecord, item: str, *, typed: str = "", refused: str = "",
              photo_refused: str = "") -> HttpResponse:  # fmt: skip
    """What stands beside one question; with what was typed and why it, or a photo, could not be kept."""
    line = line_named(request)
    try:
        label, told = trail.of_item(found, item, line)
    except LookupError:
        raise Http404 from None
    is_open = not found.removed_at and not (found.has_locks and closing(found))
    may_comment = is_open and access(request).may(right_to_edit(found), found.site_id)
    context = {
        "record": found, "participant": found.participant, "label": label, "told": told, "word": item, "line": line,
        "comments": thread(found, item, line), "may_comment": may_comment, "typed": typed, "refused": refused,
        "photo_refused": photo_refused, "longest": LONGEST,
    }  # fmt: skip
    whole = request.headers.get(FRAGMENT) is None
    template = "casebook/item_history.html" if whole else "casebook/_item_history.html"
    return render(request, template, context, status=422 if refused or photo_refused else 200)


@require_GET
def participant_trail(request: HttpRequest, pk: Any) -> HttpResponse:
    """Everything that happened to the data of one participant, as sentences, newest first."""
    found = participant_of(request, pk)
    everything, filters = trail.of_participant(found), trail.Filters.read(request.GET)
    entries, next_place = trail.page_of(filters.entries(everything), number_of(request.GET.get("before")))
    context = {
        "participant": found, "filters": filters, "next_place": next_place, "next_query": _with(request, before=next_place),
        "told": trail.tell(entries, names_for(found, entries), filters),
        "actors": trail.actors(everything), "forms": trail.form_choices(), "items": trail.item_choices(),
        "kinds": trail.KINDS.items(), "roles": [*Role.choices, ("system", "System")],
        "switches": [(name, words, getattr(filters, name)) for name, words in trail.SWITCHES.items()],
        "typed": request.GET, "may_export": access(request).may(Can.EXPORT, found.site_id),
    }  # fmt: skip
    return render(request, "casebook/trail.html", context)


def _with(request: HttpRequest, **more: Any) -> str:
    """The address's query with something changed in it."""
    query = request.GET.copy()
    for name, value in more.items():
        query[name] = str(value)
    return query.urlencode()
