"""The listings of the review of the trail (RQ-10): each with a fixed definition, found in the data of a period and a scope.

They raise questions and judge nobody. A listing is a function that finds its rows; ``LISTINGS`` is the whole review.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.urls import reverse

from casebook import trail
from casebook.changes import moment
from casebook.crf import crf_models
from casebook.forms import ADDED
from casebook.models import Finding, FormRecord
from casebook.names import Names
from casebook.trail import Filters
from itp_trial.models import AccessEntry, AuditEntry, RoleAssignment, Site, User
from itp_trial.protocol import value

#: Raised whenever a definition below changes; stands in every recorded review.
DEFINITIONS = "1"
SHOWN = 100
SAME_VALUES_MIN, EMPTY_REASONS_MAX = value("SAME_VALUES_MIN"), value("EMPTY_REASONS_MAX")
Kind = AccessEntry.Kind


@dataclass(frozen=True)
class Line:
    """One row of a listing: a sentence, and where to look."""

    text: str
    url: str = ""


@dataclass(frozen=True)
class Found:
    """What a listing found: how many there are, and the first of them."""

    listing: Listing
    count: int
    lines: list[Line]


class Scope:
    """The data that a review looks at: the days of a period (both included), at one site or at all."""

    def __init__(self, since: date, until: date, site: Site | None) -> None:
        self.since, self.until, self.site = since, until, site

    @cached_property
    def names(self) -> Names:
        records = FormRecord.objects.all() if self.site is None else FormRecord.objects.filter(site=self.site)
        return Names(records).read()

    @property
    def entries(self) -> QuerySet[AuditEntry]:
        found = AuditEntry.objects.filter(at__date__range=(self.since, self.until))
        return found if self.site is None else found.filter(site=self.site.code)

    @property
    def accesses(self) -> QuerySet[AccessEntry]:
        """The access log. A file of all sites holds the data of each."""
        found = AccessEntry.objects.filter(at__date__range=(self.since, self.until))
        of_all = Q(site="", kind__in=[Kind.EXPORT, Kind.PRINT])
        return found if self.site is None else found.filter(Q(site=self.site.code) | of_all)

    def told(self, entries: QuerySet[AuditEntry], filters: Filters | None = None) -> tuple[int, list[Line]]:
        first = list(entries.order_by("-pk")[:SHOWN])
        told = trail.tell(first, self.names, filters or Filters())
        return entries.count(), [Line(one.sentence, _where(one.entry)) for one in told]


def _where(entry: AuditEntry) -> str:
    if entry.record:
        return reverse("history", args=[entry.record])
    return reverse("trail", args=[entry.participant]) if entry.participant else ""


Finder = Callable[[Scope], tuple[int, list[Line]]]


@dataclass(frozen=True)
class Listing:
    """One question to the trail, with its fixed definition."""

    key: str
    title: str
    definition: str
    find: Finder

    def found(self, scope: Scope) -> Found:
        count, lines = self.find(scope)
        return Found(self, count, lines)


def _critical(scope: Scope) -> tuple[int, list[Line]]:
    return scope.told(trail.taking(scope.entries, trail.critical_items(typed=True)), Filters(critical=True))


def _signed(scope: Scope) -> tuple[int, list[Line]]:
    return scope.told(trail.after_signature(trail.answers_only(scope.entries)))


def _late(scope: Scope) -> tuple[int, list[Line]]:
    return scope.told(trail.late(scope.entries))


def _own_confirmations(scope: Scope) -> tuple[int, list[Line]]:
    typed = trail.answers_only(AuditEntry.objects.filter(record=OuterRef("record"), actor_id=OuterRef("actor_id")))
    confirmed = scope.entries.filter(table_name=Finding._meta.db_table, new__state=Finding.State.CONFIRMED)
    return scope.told(confirmed.filter(Exists(typed)))


def _night(scope: Scope) -> tuple[int, list[Line]]:
    return scope.told(trail.answers_only(scope.entries).filter(trail.AT_NIGHT, actor_id__startswith="user:"))


def _again(scope: Scope) -> tuple[int, list[Line]]:
    return scope.told(trail.changed_again(scope.entries), Filters(repeated=True))


def _taken_away(scope: Scope) -> tuple[int, list[Line]]:
    return scope.told(trail.answers_only(scope.entries).filter(operation="UPDATE", new__taken_away=True))


#: Words that say that something changed, which the trail knows already.
_EMPTY = re.compile(
    r"(data )?(correct(ion|ed)?|errors?|mistakes?|wrong|chang(e|ed|es)|updat(e|ed)|fix(ed)?|typo|edit(ed)?|ok|n/?a)", re.I
)


def says_nothing(reason: str) -> bool:
    """True for a typed reason that only says that something changed, or hardly anything: ``error``, ``x``."""
    words = reason.strip(" .,!?-–\n\t")
    return len(re.findall(r"\w", words)) < 3 or bool(_EMPTY.fullmatch(words))


def _empty_reasons(scope: Scope) -> tuple[int, list[Line]]:
    """People of whose reasons for change too many say nothing. Reasons from the list count as said."""
    changes = trail.answers_only(scope.entries).filter(operation="UPDATE", actor_id__startswith="user:")
    reasons: dict[str, list[str]] = defaultdict(list)
    for name, code, reason in changes.exclude(reason__in=["", ADDED]).values_list("actor_name", "reason_code", "reason"):
        reasons[name].append("" if code not in ("", "other") else reason)
    lines = []
    for name, said in sorted(reasons.items()):
        empty = [reason for reason in said if reason and says_nothing(reason)]
        if len(empty) > EMPTY_REASONS_MAX * len(said):
            examples = ", ".join(f"“{reason}”" for reason in sorted(set(empty))[:5])
            lines.append(Line(f"{name}: {len(empty)} of {len(said)} reasons for change say nothing: {examples}."))
    return len(lines), lines[:SHOWN]


def _same_values(scope: Scope) -> tuple[int, list[Line]]:
    lines = [line for crf in crf_models() if len(_measured(crf)) >= SAME_VALUES_MIN for line in _repeats(crf, scope)]
    return len(lines), lines[:SHOWN]


def _measured(crf: Any) -> list[Any]:
    return [item for item in crf.asked_items().values() if item.kind == "number"]


def _repeats(crf: Any, scope: Scope) -> Iterable[Line]:
    """Forms whose measured values equal those of the visit before."""
    forms = crf.objects.filter(record__visit__happened_on__isnull=False).select_related("record__visit", "record__participant")
    forms = forms if scope.site is None else forms.filter(record__site=scope.site)
    before: dict[Any, Any] = {}
    for form in forms.order_by("record__participant", "record__visit__happened_on", "record__visit__code", "pk"):
        visit, child = form.record.visit, form.record.participant
        last = before.get(child.pk)
        before[child.pk] = form
        if last is None or not scope.since <= visit.happened_on <= scope.until:
            continue
        same = [i for i in _measured(crf) if getattr(form, i.name) is not None and getattr(form, i.name) == getattr(last, i.name)]
        if len(same) >= SAME_VALUES_MIN:
            values = ", ".join(f"{item.label} {item.display(getattr(form, item.name))}" for item in same)
            where = f"{child.number}, {crf.title()}: {visit.title} equals {last.record.visit.title}"
            yield Line(f"{where} in {values}.", reverse("record", args=[form.pk]))


def _accesses(*kinds: str) -> Finder:
    def find(scope: Scope) -> tuple[int, list[Line]]:
        entries = scope.accesses.filter(kind__in=kinds)
        lines = [Line(_access_text(entry)) for entry in entries.order_by("-pk")[:SHOWN]]
        return entries.count(), lines

    return find


def _access_text(entry: AccessEntry) -> str:
    what = ": ".join(text for text in (entry.get_kind_display().lower(), entry.what) if text)
    purpose = f". Purpose: {entry.purpose}" if entry.purpose else ""
    return f"On {moment(entry.at)} {entry.user_name or 'somebody unknown'}: {what}{purpose}."


def _rights(scope: Scope) -> tuple[int, list[Line]]:
    return scope.told(scope.entries.filter(table_name__in=[RoleAssignment._meta.db_table, User._meta.db_table]))


LATE, NIGHT = trail.SWITCHES["late"], trail.SWITCHES["night"]
LISTINGS = (
    Listing("critical", "Critical answers changed",
            "Platelets, weight, dose, bag, eligibility, dates of serious events and every other critical answer that was"
            " changed or taken away after it was first saved.", _critical),
    Listing("signed", "Changed after a signature", "Answers of a form that changed after its first signature.", _signed),
    Listing("late", "Late entries", f"Answers {LATE}.", _late),
    Listing("own", "Entered and confirmed by one person",
            "Unusual values that were confirmed by somebody who had entered answers of the same form.", _own_confirmations),
    Listing("night", "Unusual hours", f"Answers saved by a person {NIGHT}.", _night),
    Listing("reasons", "Reasons that say nothing",
            f"People of whose reasons for change more than {EMPTY_REASONS_MAX:.0%} (assumption) only say that something"
            " changed, such as “error”.", _empty_reasons),
    Listing("same", "Values as at the visit before",
            f"Forms in which {SAME_VALUES_MIN} or more measured values (assumption) equal those of the visit before.",
            _same_values),
    Listing("again", "Changed more than once", "Answers that were changed more than once.", _again),
    Listing("lines", "Lines taken away", "Lines of a form, such as a bag, that were taken away.", _taken_away),
    Listing("refused", "Refused sign-ins and attempts", "Sign-ins and signatures that were refused, and lock-outs.",
            _accesses(Kind.SIGN_IN_FAILED, Kind.LOCKED_OUT, Kind.SIGNATURE_FAILED, Kind.REFUSED)),
    Listing("rights", "Accounts and roles", "Accounts opened or changed; roles given, ended or taken away.", _rights),
    Listing("exports", "Files and prints", "Everything that was exported or printed, with its purpose.",
            _accesses(Kind.EXPORT, Kind.PRINT)),
)  # fmt: skip


def look(scope: Scope) -> list[Found]:
    """The whole review of a scope."""
    return [listing.found(scope) for listing in LISTINGS]
