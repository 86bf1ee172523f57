"""The trail on the screen: the history of one question, of one form, and everything about one participant."""

from __future__ import annotations

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from casebook import trail
from casebook.doors import participant_of, record_of
from casebook.names import names_for
from itp_trial.permissions import access
from itp_trial.roles import Can, Role
from itp_trial.web import number_of

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
    found = record_of(request, pk)
    try:
        label, told = trail.of_item(found, item, request.GET.get("row", ""))
    except LookupError:
        raise Http404 from None
    context = {"record": found, "participant": found.participant, "label": label, "told": told}
    whole = request.headers.get(FRAGMENT) is None
    return render(request, "casebook/item_history.html" if whole else "casebook/_item_history.html", context)


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
