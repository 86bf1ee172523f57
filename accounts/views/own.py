"""One's own account: roles, password, second factors, sessions, API tokens, and what happened to it lately."""

from __future__ import annotations

from typing import Any

import segno
from django.contrib import messages
from django.contrib.auth import logout, update_session_auth_hash
from django.db.models import Q
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts import actions, passkeys, passwords, second_factor, sessions
from accounts.models import Passkey, RecoveryCode, Totp
from accounts.reauthentication import confirm, confirm_password
from itp_trial import access_log
from itp_trial import actions as trial
from itp_trial.models import AccessEntry, ApiToken
from itp_trial.permissions import access
from itp_trial.refusal import Refused
from itp_trial.roles import Role
from itp_trial.web import act_once, number_of, posted

Kind = access_log.Kind
#: Of an enrolment that is not finished: the secret that the page shows.
NEW_SECRET = "new_totp_secret"  # noqa: S105  (the name of a place in the session)
#: What is shown once on the next page.
RECOVERY_CODES = "recovery_codes"
#: The lines of the access log that concern an account itself.
OF_THE_ACCOUNT = (Kind.SIGN_IN, Kind.SIGN_IN_FAILED, Kind.SIGN_OUT, Kind.LOCKED_OUT, Kind.ACCOUNT, Kind.SIGNATURE_FAILED,
                  Kind.REFUSED)  # fmt: skip


@require_GET
def account(request: HttpRequest) -> HttpResponse:
    """A new token's secret is shown once."""
    assignments = list(request.user.assignments.on(timezone.localdate()).select_related("site"))
    about = Q(user=request.user) | Q(what__startswith=f"{request.user.username}: ", kind=Kind.ACCOUNT)
    context = {
        "assignments": assignments,
        "exporting": [a for a in assignments if a.role != Role.ADMINISTRATOR],
        "tokens": ApiToken.objects.filter(assignment__user=request.user).select_related("assignment__site"),
        "secret": request.session.pop("new_token", None),
        "has_second_factor": second_factor.enrolled(request.user),
        "sessions": sessions.live(request.user),
        "this_session": request.session.session_key,
        "events": AccessEntry.objects.filter(about, kind__in=OF_THE_ACCOUNT)[:10],
    }
    return render(request, "accounts/account.html", context)


@require_POST
def create_token(request: HttpRequest) -> HttpResponse:
    own = request.user.assignments.on(timezone.localdate())
    assignment = get_object_or_404(own, pk=number_of(request.POST.get("assignment")))

    def action() -> str:
        _, secret = trial.create_token(assignment=assignment, name=posted(request).get("name", ""), by=request.user)
        request.session["new_token"] = secret
        return reverse("account")

    return act_once(request, action, back=reverse("account"))


@require_POST
def revoke_token(request: HttpRequest, pk: int) -> HttpResponse:
    token = get_object_or_404(ApiToken, pk=pk, assignment__user=request.user)

    def action() -> str:
        trial.revoke_token(token=token, by=request.user)
        return reverse("account")

    return act_once(request, action, back=reverse("account"))


# --- the password ----------------------------------------------------------------------------------------------------


@require_http_methods(["GET", "HEAD", "POST"])
def change_password(request: HttpRequest) -> HttpResponse:
    """A new password of one's own. All other sessions end; this one goes on under a new key."""
    if request.method != "POST":
        context = {"must": sessions.MUST_CHANGE in request.session, "longest": passwords.LONGEST}
        return render(request, "accounts/password.html", context)

    def action() -> str:
        data = posted(request)
        new = data.get("new_password", "")
        if new != data.get("new_password_again", ""):
            raise Refused("The two new passwords differ.")
        confirm_password(request, data.get("password", ""), kind=Kind.REFUSED)
        actions.change_password(user=request.user, password=new, keep=request.session.session_key, request=request)
        update_session_auth_hash(request, request.user)
        request.session.pop(sessions.MUST_CHANGE, None)
        messages.success(request, "Your password is changed. You are signed out everywhere else.")
        return reverse("home")

    return act_once(request, action, back=reverse("change-password"))


# --- second factors --------------------------------------------------------------------------------------------------


@require_http_methods(["GET", "HEAD", "POST"])
def second_factors(request: HttpRequest) -> HttpResponse:
    """What one has, and taking it away. Recovery codes are shown once."""
    user = request.user
    app, keys = second_factor.app_of(user), list(Passkey.objects.filter(user=user))
    if request.method != "POST":
        context = {
            "app": app, "passkeys": keys, "codes_left": RecoveryCode.objects.filter(user=user, used_at=None).count(),
            "new_codes": request.session.pop(RECOVERY_CODES, None), "required": second_factor.required(access(request).roles),
        }  # fmt: skip
        return render(request, "accounts/second_factors.html", context)
    wanted = request.POST.get("do", "")

    def action() -> str:
        data = posted(request)
        confirm(request, password=data.get("password", ""), code=data.get("code", ""), kind=Kind.REFUSED)
        if wanted == "codes":
            if not (app or keys):
                raise Refused("Recovery codes stand in for a second factor. Please add one first.")
            request.session[RECOVERY_CODES] = actions.renew_recovery_codes(user=user, request=request)
        else:
            found = next((factor for factor in (app, *keys) if factor and wanted == _name_of(factor)), None)
            if found is None:
                raise Refused("Please choose what is to be removed.")
            actions.remove_factor(user=user, factor=found, roles=access(request).roles, request=request)
            messages.success(request, "It is removed.")
        return reverse("second-factors")

    return act_once(request, action, back=reverse("second-factors"))


def _name_of(factor: Totp | Passkey) -> str:
    return "app" if isinstance(factor, Totp) else f"passkey-{factor.pk}"


@require_http_methods(["GET", "HEAD", "POST"])
def enrol_app(request: HttpRequest) -> HttpResponse:
    """An authenticator app: the picture to photograph, and its first code."""
    if request.method != "POST":
        secret = request.session.setdefault(NEW_SECRET, second_factor.new_secret())
        picture = segno.make(second_factor.address_of(secret, request.user), error="m")
        context = {"secret": " ".join(secret[i : i + 4] for i in range(0, len(secret), 4)),
                   "picture": picture.svg_data_uri(scale=5, border=2)}  # fmt: skip
        return render(request, "accounts/enrol_app.html", context)

    def action() -> str:
        data = posted(request)
        secret = request.session.get(NEW_SECRET)
        if not secret:
            raise Refused("Please open this page again: the picture was not yours any more.")
        confirm(request, password=data.get("password", ""), code=data.get("code", ""), kind=Kind.REFUSED)
        keep = request.session.session_key
        codes = actions.enrol_app(user=request.user, secret=secret, code=data.get("first_code", ""), keep=keep, request=request)
        del request.session[NEW_SECRET]
        return _enrolled(request, codes, "The app is your second factor now.")

    return act_once(request, action, back=reverse("enrol-app"))


@require_http_methods(["GET", "HEAD", "POST"])
def add_passkey(request: HttpRequest) -> HttpResponse:
    """A passkey of this device, or a security key."""
    if request.method != "POST":
        possible = passkeys.possible(request)
        return render(request, "accounts/add_passkey.html", {"offer": passkeys.offer(request, request.user) if possible else ""})

    def action() -> str:
        data = posted(request)
        confirm(request, password=data.get("password", ""), code=data.get("code", ""), kind=Kind.REFUSED)
        answer, name = data.get("passkey", ""), data.get("name", "")
        codes = actions.add_passkey(user=request.user, name=name, answer=answer, request=request)
        return _enrolled(request, codes, "The passkey is your second factor now.")

    return act_once(request, action, back=reverse("add-passkey"))


def _enrolled(request: HttpRequest, codes: list[str], text: str) -> str:
    """This session knows the second factor now, and the next page shows the recovery codes."""
    request.session[sessions.SECOND_FACTOR] = True
    if codes:
        request.session[RECOVERY_CODES] = codes
    messages.success(request, text)
    return reverse("second-factors")


# --- sessions --------------------------------------------------------------------------------------------------------


@require_POST
def end_session(request: HttpRequest, number: Any) -> HttpResponse:
    """Signs out one of one's own devices."""
    found = next((one for one in sessions.live(request.user) if one.number == str(number)), None)
    if found is None:
        raise Http404
    sessions.end_one(found, request.user, request=request)
    return _signed_out(request) if found.key == request.session.session_key else redirect("account")


@require_POST
def end_all_sessions(request: HttpRequest) -> HttpResponse:
    """Signs out everywhere, here too."""
    sessions.end_sessions(request.user, "signed out everywhere", request=request)
    return _signed_out(request)


def _signed_out(request: HttpRequest) -> HttpResponse:
    logout(request)
    return redirect("sign-in")
