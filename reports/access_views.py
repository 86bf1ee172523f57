"""Who looked at whom, who exported and printed what, who came in (RQ-13, RQ-15): for monitors, data managers and the
principal investigator of a site."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from casebook.models import Participant
from itp_trial.models import AccessEntry, Site
from itp_trial.normalise import CAIRO, Unreadable, day
from itp_trial.permissions import EVERY_SITE, Access, access, allow_somewhere
from itp_trial.roles import Can
from itp_trial.web import number_of
from reports.csv_export import made
from reports.purpose import PURPOSES, asks_why, exported, stated
from reports.views import for_excel

PAGE = 100
#: Column -> whether people typed its text.
COLUMNS = {
    "at_utc": False, "at_cairo": False, "kind": False, "kind_label": True, "user_id": False, "user_name": True, "site": False,
    "participant": False, "what": True, "purpose": True, "address": False, "request_id": False,
}  # fmt: skip


@require_safe
def access_log(request: HttpRequest) -> HttpResponse:
    """The log, newest first, in pages that follow each other by the line's number."""
    allow_somewhere(request, Can.SEE_ACCESSES)
    found, error = filtered(request)
    before = number_of(request.GET.get("before"))
    rows = list((found.filter(pk__lt=before) if before else found)[: PAGE + 1])
    query = request.GET.copy()
    query["before"] = str(rows[PAGE - 1].pk) if len(rows) > PAGE else ""
    children = participants_of(access(request))
    context = {
        "rows": [(row, children.get(row.participant)) for row in rows[:PAGE]], "error": error, "typed": request.GET,
        "older": query.urlencode() if len(rows) > PAGE else "", "kinds": AccessEntry.Kind.choices,
        "people": people_in(visible_entries(access(request))), "children": children.items(), "purposes": PURPOSES.items(),
    }  # fmt: skip
    return render(request, "reports/access_log.html", context)


@require_safe
@asks_why
def access_log_csv(request: HttpRequest) -> HttpResponse:
    """What the filters leave of the log, as a file; itself an export."""
    allow_somewhere(request, Can.SEE_ACCESSES)
    purpose, (found, _) = stated(request.GET), filtered(request)
    children = participants_of(access(request))
    lines = [_line(entry, children) for entry in found.order_by("pk")]
    file = made("access-log", COLUMNS, lines, for_excel(request))
    exported(request, f"CSV of the access log, {file.rows} rows", purpose)
    return file.response()


def visible_entries(granted: Access) -> QuerySet[AccessEntry]:
    """The lines of a person's sites. Files of all sites hold theirs too, so they see those lines."""
    sites = granted.rights.get(Can.SEE_ACCESSES, frozenset())
    if EVERY_SITE in sites:
        return AccessEntry.objects.all()
    codes = Site.objects.filter(pk__in=sites).values("code")
    return AccessEntry.objects.filter(Q(site__in=codes) | Q(site="", kind=AccessEntry.Kind.EXPORT))


def filtered(request: HttpRequest) -> tuple[QuerySet[AccessEntry], str]:
    """The visible lines that pass ``kind``, ``person``, ``participant``, ``since`` and ``until``, or none and why."""
    found, query = visible_entries(access(request)).order_by("-pk"), request.GET
    if query.get("kind"):
        found = found.filter(kind=query["kind"])
    if query.get("person"):
        found = found.filter(user=number_of(query["person"]))
    try:
        if query.get("participant"):
            found = found.filter(participant=UUID(query["participant"]))
        if query.get("since"):
            found = found.filter(at__date__gte=day(query["since"]))
        if query.get("until"):
            found = found.filter(at__date__lte=day(query["until"]))
    except Unreadable as error:
        return found.none(), str(error)
    except ValueError:
        return found.none(), "There is no such participant."
    return found, ""


def people_in(entries: QuerySet[AccessEntry]) -> list[tuple[int, str]]:
    found = entries.filter(user__isnull=False).order_by("user__full_name").values_list("user", "user__full_name")
    return list(found.distinct())


def participants_of(granted: Access) -> dict[Any, str]:
    """The numbers of the participants at these sites, by their key."""
    children = granted.scope(Can.SEE_ACCESSES, Participant.objects.all())
    return {child.pk: child.number for child in children.only("subject_number", "screening_number")}


def _line(entry: AccessEntry, children: dict[Any, str]) -> dict[str, str]:
    return {
        "at_utc": entry.at.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "at_cairo": timezone.localtime(entry.at, CAIRO).isoformat(timespec="milliseconds"), "kind": entry.kind,
        "kind_label": entry.get_kind_display(), "user_id": str(entry.user_id or ""), "user_name": entry.user_name,
        "site": entry.site, "participant": children.get(entry.participant, ""), "what": entry.what,
        "purpose": entry.purpose, "address": entry.address or "", "request_id": entry.request_id,
    }  # fmt: skip
