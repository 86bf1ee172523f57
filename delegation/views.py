"""The delegation log and what belongs to it: people, signatures, training, the signature statement, access rights."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db.models import Count, Q
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts.reauthentication import confirm
from delegation import actions, report, statement, training
from delegation.authority import may_end, may_extend, waiting_for
from delegation.models import AccessReview, Training
from delegation.words import digest, sentence, tasks
from itp_trial.models import RoleAssignment, Site, User
from itp_trial.normalise import Unreadable, day
from itp_trial.permissions import access, allow, allow_somewhere, visible
from itp_trial.refusal import Refused
from itp_trial.roles import Can, Role
from itp_trial.web import act_once, error_page, number_of, posted

ENTRIES = RoleAssignment.objects.select_related("user", "site", "signed_by", "ended_by")


@dataclass(frozen=True)
class Row:
    """One entry of the log, with what the reader may do about it."""

    entry: RoleAssignment
    may_end: bool
    may_extend: bool

    @property
    def tasks(self) -> str:
        return ", ".join(tasks(self.entry.role))


def _rows(request: HttpRequest, entries: Iterable[RoleAssignment]) -> list[Row]:
    granted, user = access(request), request.user
    return [Row(e, not e.is_over and may_end(granted, user, e), may_extend(granted, user, e)) for e in entries]


# --- people and entries ----------------------------------------------------------------------------------------------


@require_GET
def people(request: HttpRequest) -> HttpResponse:
    """The administrator's page: sites, every entry of the log, and the form for a new one."""
    allow(request, Can.MANAGE_PEOPLE)
    entries = ENTRIES.order_by("site__code", "role", "user__full_name", "starts")
    context = {"rows": _rows(request, entries), "sites": Site.objects.all(), "roles": Role.choices, "with_site": True,
               "users": User.objects.filter(is_active=True).order_by("full_name"), "today": timezone.localdate()}  # fmt: skip
    return render(request, "delegation/people.html", context)


@require_POST
def assign(request: HttpRequest) -> HttpResponse:
    allow(request, Can.MANAGE_PEOPLE)
    data = posted(request)
    user = get_object_or_404(User, pk=number_of(data.get("user")), is_active=True)
    site = get_object_or_404(Site, pk=number_of(data["site"])) if data.get("site") else None

    def action() -> str:
        starts, ends = _day_of(data.get("starts")) or timezone.localdate(), _day_of(data.get("ends"))
        entry = actions.assign_role(user=user, role=data.get("role", ""), site=site, starts=starts, ends=ends, by=request.user)
        messages.success(request, f"{entry}: entered. The role begins to work when the entry is signed.")
        return reverse("people")

    return act_once(request, action, back=reverse("people"))


@require_POST
def end_assignment(request: HttpRequest, pk: int) -> HttpResponse:
    """The last day of an entry, or its end at once."""
    entry = _entry_to_end(request, pk)
    back = _log_of(request, entry)

    def action() -> str:
        data = posted(request)
        if "now" in data:
            actions.stop_role(assignment=entry, by=request.user)
        else:
            ends = _day_of(data.get("ends")) or timezone.localdate()
            actions.end_role(assignment=entry, ends=ends, by=request.user)
        return back

    return act_once(request, action, back=back)


@require_POST
def extend_assignment(request: HttpRequest, pk: int) -> HttpResponse:
    entry = _entry_to_end(request, pk)
    back = _log_of(request, entry)

    def action() -> str:
        actions.extend_role(assignment=entry, ends=_day_of(posted(request).get("until")), by=request.user)
        messages.success(request, f"{entry}: a new entry follows the last one. It waits for its signature.")
        return back

    return act_once(request, action, back=back)


def _entry_to_end(request: HttpRequest, pk: int) -> RoleAssignment:
    """The entry if this person may end it. An entry of another site answers like one that does not exist."""
    granted = access(request)
    if not any(granted.has(right) for right in (Can.MANAGE_PEOPLE, Can.DELEGATE, Can.APPOINT)):
        raise PermissionDenied("Your role does not end entries of the delegation log.")
    entry = get_object_or_404(ENTRIES, pk=pk)
    if not may_end(granted, request.user, entry):
        if entry.site_id is not None and not granted.may(Can.SEE_LOG, entry.site_id):
            raise Http404
        raise PermissionDenied("Your role does not end this entry.")
    return entry


def _log_of(request: HttpRequest, entry: RoleAssignment) -> str:
    """Where the person came from: the administrator works on one page, everybody else on the log of a site."""
    if access(request).has(Can.MANAGE_PEOPLE):
        return reverse("people")
    return reverse("delegation-log", args=[entry.site_id]) if entry.site_id else reverse("trial-log")


# --- the log ---------------------------------------------------------------------------------------------------------


@require_GET
def overview(request: HttpRequest) -> HttpResponse:
    """The logs that this person may read, what waits for their signature, and the way to the pages beside."""
    allow_somewhere(request, Can.SEE_LOG)
    granted, today = access(request), timezone.localdate()
    not_over = Q(assignments__stopped_at=None) & (Q(assignments__ends=None) | Q(assignments__ends__gte=today))
    sites = granted.scope(Can.SEE_LOG, Site.objects.order_by("code"), "pk").annotate(
        in_force=Count("assignments", not_over & Q(assignments__signed_at__isnull=False, assignments__starts__lte=today)),
        unsigned=Count("assignments", not_over & Q(assignments__signed_at=None)),
    )
    signs = granted.has(Can.DELEGATE) or granted.has(Can.APPOINT)
    context = {"sites": sites, "signs": signs, "waiting": waiting_for(granted, request.user).count() if signs else 0,
               "accepted": statement.has_accepted(request.user)}  # fmt: skip
    return render(request, "delegation/overview.html", context)


@require_GET
def site_log(request: HttpRequest, pk: int) -> HttpResponse:
    """The delegation log of one site: who has which tasks from when to when, and who signed it. Made to be printed."""
    site = visible(request, Site.objects, pk, path="pk", rights=(Can.SEE_LOG,))
    principals = RoleAssignment.objects.on(timezone.localdate()).filter(site=site, role=Role.PRINCIPAL, user__is_active=True)
    return _log(request, ENTRIES.filter(site=site), site=site, without_principal=not principals.exists())


@require_GET
def trial_log(request: HttpRequest) -> HttpResponse:
    """Who works for the whole trial, appointed by the sponsor."""
    allow_somewhere(request, Can.SEE_ACCESS)
    return _log(request, ENTRIES.filter(site=None))


def _log(request: HttpRequest, entries: Any, **context: Any) -> HttpResponse:
    rows = _rows(request, entries.order_by("role", "user__full_name", "starts"))
    return render(request, "delegation/log.html", {"rows": rows, "today": timezone.localdate(), **context})


@sensitive_post_parameters("password", "code")
@require_http_methods(["GET", "POST"])
def sign(request: HttpRequest) -> HttpResponse:
    """What waits for this person's signature. Signed is what was shown, and nothing else."""
    granted = access(request)
    if not (granted.has(Can.DELEGATE) or granted.has(Can.APPOINT)):
        raise PermissionDenied("Your role does not sign the delegation log.")
    if request.method == "GET":
        return _signing_page(request)
    ticked = [value.partition(":") for value in request.POST.getlist("entry")]
    shown = {number_of(key): seen for key, _, seen in ticked}
    back = reverse("sign-entries")

    def action() -> str:
        _confirm(request)
        signed = actions.sign_entries(shown=shown, by=request.user)
        many = "1 entry is" if len(signed) == 1 else f"{len(signed)} entries are"
        messages.success(request, f"{many} signed. The rights work from now on, within their days.")
        return back

    return act_once(request, action, back=back)


def _signing_page(request: HttpRequest) -> HttpResponse:
    entries = list(waiting_for(access(request), request.user))
    trainings = training.valid_trainings(entries)
    ready, unready = [], []
    for entry in entries:
        trained = trainings.get((entry.user_id, entry.role))
        if trained is None:
            unready.append(entry)
        else:
            text = sentence(entry, trained)
            ready.append({"entry": entry, "text": text, "digest": digest(text)})
    context = {"ready": ready, "unready": unready, "accepted": statement.has_accepted(request.user)}  # fmt: skip
    return render(request, "delegation/sign.html", context)


def _confirm(request: HttpRequest) -> None:
    """Whoever signs proves who they are. Inside the action, so that a double click is asked once."""
    confirm(request, password=request.POST.get("password", ""), code=request.POST.get("code", ""))


# --- training --------------------------------------------------------------------------------------------------------


@require_GET
def training_page(request: HttpRequest) -> HttpResponse:
    """One's own training; for who trains others also theirs, and who needs it (again)."""
    granted = access(request)
    trains = granted.has(Can.RECORD_TRAINING)
    others = [e for e in training.entries_to_train(granted) if e.user_id != request.user.pk] if trains else []
    context = {
        "own": training.needs(training.own_entries(request.user)),
        "trains": trains,
        "others": training.needs(others),
        "records": training.trainings_seen_by(granted, request.user),
        "how": Training.How.choices,
        "today": timezone.localdate(),
    }
    return render(request, "delegation/training.html", context)


@require_POST
def confirm_training(request: HttpRequest) -> HttpResponse:
    """One's own tick: I have been trained for this role."""
    data = posted(request)

    def action() -> str:
        role = data.get("role", "")
        if role not in {entry.role for entry in training.own_entries(request.user)}:
            raise Refused("You have no entry in this role.")
        if data.get("done") != "on":
            raise Refused("Please tick that you have been trained.")
        _record(request.user, role, data, request.user)
        messages.success(request, "Your training is recorded.")
        return reverse("training")

    return act_once(request, action, back=reverse("training"))


@require_POST
def record_training(request: HttpRequest) -> HttpResponse:
    """A trainer writes down whom they trained."""
    allow_somewhere(request, Can.RECORD_TRAINING)
    data = posted(request)
    key, _, role = data.get("person", "").partition(" ")
    entries = training.entries_to_train(access(request)).filter(user=number_of(key), role=role).exclude(user=request.user.pk)

    def action() -> str:
        entry = entries.first()
        if entry is None:
            raise Refused("Please choose a person of your sites.")
        _record(entry.user, role, data, request.user)
        messages.success(request, f"The training of {entry.user} is recorded.")
        return reverse("training")

    return act_once(request, action, back=reverse("training"))


def _record(user: User, role: str, data: dict[str, str], by: User) -> None:
    on = _day_of(data.get("on")) or timezone.localdate()
    actions.record_training(user=user, role=role, on=on, how=data.get("how", ""), trainer=data.get("trainer", ""),
                            version=data.get("version", ""), by=by)  # fmt: skip


# --- the statement on electronic signatures --------------------------------------------------------------------------


@sensitive_post_parameters("password", "code")
@require_http_methods(["GET", "POST"])
def signature_statement(request: HttpRequest) -> HttpResponse:
    """The statement that the electronic signature equals the handwritten one, to read and to accept."""
    if request.method == "GET":
        context = {"text": statement.TEXT, "version": statement.VERSION, "source": statement.SOURCE,
                   "acceptance": statement.acceptance_of(request.user)}  # fmt: skip
        return render(request, "delegation/statement.html", context)
    back = reverse("signature-statement")

    def action() -> str:
        _confirm(request)
        statement.accept(by=request.user)
        messages.success(request, "You have accepted the statement. You can sign now what your role lets you sign.")
        return back

    return act_once(request, action, back=back)


# --- who has access --------------------------------------------------------------------------------------------------


@require_GET
def access_rights(request: HttpRequest) -> HttpResponse:
    """Everybody's rights on a day, and the reviews of them."""
    allow_somewhere(request, Can.SEE_ACCESS)
    on = _asked_day(request)
    if isinstance(on, str):
        return error_page(request, 400, "This day cannot be shown", on)
    lines, today = report.rights_on(on, access(request)), timezone.localdate()
    due = report.review_due_on(today)
    context = {"lines": lines, "on": on, "today": today, "seen": report.digest_of(lines), "due": due, "overdue": due < today,
               "reviews": AccessReview.objects.select_related("reviewer"), "results": AccessReview.Result.choices,
               "may_review": access(request).may(Can.REVIEW_ACCESS)}  # fmt: skip
    return render(request, "delegation/access_rights.html", context)


@require_GET
def access_rights_csv(request: HttpRequest) -> HttpResponse:
    allow_somewhere(request, Can.SEE_ACCESS)
    on = _asked_day(request)
    if isinstance(on, str):
        return error_page(request, 400, "This day cannot be shown", on)
    excel = request.GET.get("for") == "excel"
    body = report.as_csv(on, report.rights_on(on, access(request)), excel=excel)
    name = f"access-rights-{on.isoformat()}{'-for-excel' if excel else ''}.csv"
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Content-Length": str(len(body))}
    return HttpResponse(body, content_type="text/csv; charset=utf-8", headers=headers)


def _asked_day(request: HttpRequest) -> date | str:
    """The day of the address, today without one, or what is wrong with it."""
    try:
        asked = day(request.GET["on"]) if request.GET.get("on") else timezone.localdate()
    except Unreadable as error:
        return str(error)
    return asked if asked <= timezone.localdate() else "That day is still to come."


@require_POST
def review_access(request: HttpRequest) -> HttpResponse:
    """Somebody looked through the rights of a day and says what they found."""
    allow(request, Can.REVIEW_ACCESS)
    data = posted(request)

    def action() -> str:
        on = _day_of(data.get("on")) or timezone.localdate()
        actions.review_access(day=on, result=data.get("result", ""), findings=data.get("findings", ""),
                              seen=data.get("seen", ""), by=request.user)  # fmt: skip
        messages.success(request, "The review is recorded.")
        return reverse("access-rights")

    return act_once(request, action, back=reverse("access-rights"))


def _day_of(raw: str | None) -> date | None:
    if not raw:
        return None
    try:
        return day(raw)
    except Unreadable as error:
        raise Refused(str(error)) from error
