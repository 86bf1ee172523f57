"""The administrator's pages: open an account, close it, let its person in again. Rights are given elsewhere."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts import actions, selectors, sessions
from accounts.actions import IdentityCheck
from accounts.models import Account
from itp_trial.models import AccessEntry, User
from itp_trial.normalise import Unreadable, day
from itp_trial.permissions import allow
from itp_trial.refusal import Refused
from itp_trial.roles import Can
from itp_trial.web import act_once, posted

#: A starting password is shown once, on the next page.
STARTING_PASSWORD = "starting_password"  # noqa: S105  (the name of a place in the session)


@require_GET
def accounts(request: HttpRequest) -> HttpResponse:
    """Everybody's account, and what happened to them lately that somebody should look at."""
    allow(request, Can.MANAGE_PEOPLE)
    return render(request, "accounts/accounts.html", {"rows": selectors.accounts(), "notices": list(selectors.notices())})


@require_http_methods(["GET", "HEAD", "POST"])
def open_account(request: HttpRequest) -> HttpResponse:
    allow(request, Can.MANAGE_PEOPLE)
    if request.method != "POST":
        return render(request, "accounts/open.html", {"today": timezone.localdate()})

    def action() -> str:
        data = posted(request)
        user, secret = actions.open_account(
            username=data.get("username", ""), full_name=data.get("full_name", ""), email=data.get("email", ""),
            identity=_identity(data), by=request.user, request=request,
        )  # fmt: skip
        request.session[STARTING_PASSWORD] = {"user": user.pk, "secret": secret}
        return reverse("account-of", args=[user.pk])

    return act_once(request, action, back=reverse("open-account"))


@require_GET
def account_of(request: HttpRequest, pk: int) -> HttpResponse:
    """One person's account with everything that the administrator may do to it."""
    allow(request, Can.MANAGE_PEOPLE)
    person = get_object_or_404(User, pk=pk)
    (row,) = selectors.accounts(User.objects.filter(pk=pk))
    shown = request.session.get(STARTING_PASSWORD)
    secret = request.session.pop(STARTING_PASSWORD)["secret"] if shown and shown["user"] == person.pk else None
    context = {
        "row": row, "person": person, "secret": secret, "today": timezone.localdate(), "is_own": person == request.user,
        "lifetime": Account.STARTING_PASSWORD_LIFETIME.days, "live": len(sessions.live(person)),
        "last_sign_in": AccessEntry.objects.filter(user=person, kind=AccessEntry.Kind.SIGN_IN).first(),
    }  # fmt: skip
    return render(request, "accounts/account_of.html", context)


def _change(request: HttpRequest, pk: int, act: Callable[[User, dict[str, str]], str]) -> HttpResponse:
    """One change of one account: ``act`` returns what to say afterwards."""
    allow(request, Can.MANAGE_PEOPLE)
    person = get_object_or_404(User, pk=pk)
    back = reverse("account-of", args=[pk])

    def action() -> str:
        messages.success(request, act(person, posted(request)))
        return back

    return act_once(request, action, back=back)


@require_POST
def close_account(request: HttpRequest, pk: int) -> HttpResponse:
    def act(person: User, data: dict[str, str]) -> str:
        actions.close_account(user=person, reason=data.get("reason", ""), by=request.user, request=request)
        return "The account is closed. Its sessions and API tokens ended."

    return _change(request, pk, act)


@require_POST
def reopen_account(request: HttpRequest, pk: int) -> HttpResponse:
    def act(person: User, data: dict[str, str]) -> str:
        actions.reopen_account(user=person, reason=data.get("reason", ""), by=request.user, request=request)
        return "The account is open again."

    return _change(request, pk, act)


@require_POST
def unlock_account(request: HttpRequest, pk: int) -> HttpResponse:
    def act(person: User, data: dict[str, str]) -> str:
        actions.unlock_account(user=person, by=request.user, request=request)
        return f"{person} can sign in again."

    return _change(request, pk, act)


@require_POST
def give_starting_password(request: HttpRequest, pk: int) -> HttpResponse:
    def act(person: User, data: dict[str, str]) -> str:
        secret = actions.give_starting_password(user=person, identity=_identity(data), by=request.user, request=request)
        request.session[STARTING_PASSWORD] = {"user": person.pk, "secret": secret}
        return "The old password opens nothing any more."

    return _change(request, pk, act)


@require_POST
def remove_second_factors(request: HttpRequest, pk: int) -> HttpResponse:
    def act(person: User, data: dict[str, str]) -> str:
        actions.remove_all_factors(user=person, reason=data.get("reason", ""), by=request.user, request=request)
        return "The second factors are removed."

    return _change(request, pk, act)


def _identity(data: dict[str, Any]) -> IdentityCheck:
    try:
        on = day(data["checked_on"]) if data.get("checked_on") else timezone.localdate()
    except Unreadable as error:
        raise Refused(str(error)) from error
    return IdentityCheck(by=data.get("checked_by", ""), how=data.get("checked_how", ""), on=on)
