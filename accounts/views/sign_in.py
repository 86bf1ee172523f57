"""Signing in (password, then the second factor of whoever has one), signing out, locking the screen."""

from __future__ import annotations

import time
from typing import Any

from django.conf import settings
from django.contrib.auth import get_user_model, login, logout
from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.views import LoginView
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render, resolve_url
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme, urlencode
from django.views.decorators.http import require_http_methods, require_POST

from accounts import lockout, passkeys, second_factor, sessions, throttle
from accounts.forms import SignInForm
from accounts.models import Passkey
from itp_trial import access_log
from itp_trial.refusal import TooOften
from itp_trial.web import posted, too_often

Kind = access_log.Kind
#: The password was right and the second factor is still to come: for so many seconds.
PENDING, PENDING_SECONDS = "second_factor_pending", 5 * 60
BACKEND = "django.contrib.auth.backends.ModelBackend"


class SignIn(LoginView):
    """The password; in the demo the page lists the demo accounts. Limits come before anything is hashed."""

    template_name = "accounts/sign_in.html"
    form_class = SignInForm
    redirect_authenticated_user = True
    http_method_names = ["get", "head", "post", "options"]

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        username = request.POST.get("username", "").strip().lower()[:60]
        try:
            throttle.take(request, username)
            answer: HttpResponse = super().post(request, *args, **kwargs)
        except TooOften as refusal:
            return too_often(request, refusal)
        return answer

    def form_valid(self, form: SignInForm) -> HttpResponse:
        user = form.get_user()
        throttle.give_back(self.request, user.username)
        if not second_factor.enrolled(user):
            login(self.request, user)
            return redirect(self.get_success_url())
        self.request.session.cycle_key()
        self.request.session[PENDING] = {
            "user": user.pk, "since": int(time.time()), "hash": user.get_session_auth_hash(), "next": self.get_success_url(),
        }  # fmt: skip
        return redirect("second-factor")


@login_not_required
@require_http_methods(["GET", "HEAD", "POST"])
def confirm_second_factor(request: HttpRequest) -> HttpResponse:
    """The second step of signing in, open for five minutes after the right password."""
    pending = request.session.get(PENDING)
    user = _pending_user(pending)
    if pending is None or user is None:
        request.session.pop(PENDING, None)
        return redirect("sign-in")
    if request.method != "POST":
        return _ask(request, user)
    try:
        throttle.take(request, user.username)
        lockout.check(request, user.username)
        way = second_factor.accept(request, user, posted(request).get("code", ""))
        if not way:
            access_log.note(Kind.SIGN_IN_FAILED, request=request, user=user, what="wrong second factor")
            lockout.count_failure(request, user.username)
            lockout.check(request, user.username)
            return _ask(request, user, wrong=True)
    except TooOften as refusal:
        return too_often(request, refusal)
    throttle.give_back(request, user.username)
    del request.session[PENDING]
    request.second_factor_used = way  # type: ignore[attr-defined]  # for the line of the access log
    login(request, user, backend=BACKEND)
    request.session[sessions.SECOND_FACTOR] = True
    return redirect(pending["next"])


def _pending_user(pending: Any) -> Any:
    """Who gave the right password a moment ago, if nothing has changed since."""
    if not pending or time.time() - pending["since"] > PENDING_SECONDS:
        return None
    user = get_user_model().objects.filter(pk=pending["user"], is_active=True).first()
    return user if user and user.get_session_auth_hash() == pending["hash"] else None


def _ask(request: HttpRequest, user: Any, *, wrong: bool = False) -> HttpResponse:
    keys = list(Passkey.objects.filter(user=user))
    context = {"wrong": wrong, "demonstration": second_factor.demonstration(second_factor.app_of(user)),
               "passkey": passkeys.ask(request, keys) if keys and passkeys.possible(request) else ""}  # fmt: skip
    return render(request, "accounts/second_factor.html", context)


@require_POST
def sign_out(request: HttpRequest) -> HttpResponse:
    """Ends the session. With ``lock`` (Ctrl+L) what was typed stays in the tab, and the sign-in leads back to it."""
    locked = "lock" in request.POST
    access_log.note(Kind.SIGN_OUT, request=request, what="screen locked" if locked else "")
    logout(request)
    here = request.POST.get("next", "")
    if locked and url_has_allowed_host_and_scheme(here, {request.get_host()}, require_https=request.is_secure()):
        return redirect(f"{reverse('sign-in')}?{urlencode({'next': here})}")
    return redirect(resolve_url(settings.LOGOUT_REDIRECT_URL))
