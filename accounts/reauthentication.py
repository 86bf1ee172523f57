"""Who acts must be who signed in: password and second factor at the moment of an act (RQ-32, RQ-34, RQ-37).

For whoever writes a door that signs, unlocks or changes how one signs in::

    def action() -> str:                       # inside act_once: an act that is sent twice is confirmed once
        confirm(request, password=data.get("password", ""), code=data.get("code", ""))
        ...

with ``{% include "accounts/_confirm.html" %}`` in the form. The code is that of the authenticator app, a recovery code, or
the answer of a passkey that the page put into the same field. A failure is counted and noted after the answer, so that it
stays also where the refusal rolls the action's transaction back.
"""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from django.contrib.auth import get_user_model
from django.http import HttpRequest

from accounts import lockout, second_factor, throttle
from accounts.models import Account
from accounts.passwords import LONGEST
from itp_trial import access_log
from itp_trial.refusal import Refused, TooOften

Kind = access_log.Kind


def needs_code(user: Any) -> bool:
    """Whether this person is asked for a second factor besides the password."""
    return second_factor.enrolled(user)


def confirm(request: HttpRequest, *, password: str, code: str = "", kind: str = Kind.SIGNATURE_FAILED) -> None:
    """Raises ``Refused``, in plain words, unless the person who is signed in has just proved to be that person.

    :param kind: the line of the access log that a failure becomes
    """
    if Account.objects.filter(user=request.user, must_change_password=True).exists():
        raise Refused("The administrator knows your password. Please choose your own one first.")
    confirm_password(request, password, kind=kind)
    if not needs_code(request.user):
        return
    if not code.strip():
        raise Refused("Please enter the code of your second factor too. Nothing was done.")
    if not second_factor.accept(request, request.user, code):
        raise _failure(request, kind, "second factor", "This code is not right, or it was used before. Nothing was done.")


def confirm_password(request: HttpRequest, password: str, *, kind: str) -> None:
    """Raises ``Refused`` unless this is the password of the person who is signed in. Limits come before the hashing."""
    username, address = request.user.get_username(), throttle.network_of(request)
    throttle.check(throttle.OF_CONFIRMER, username)
    throttle.check(throttle.OF_CONFIRMING_ADDRESS, address)
    lockout.check(request, username)
    person = get_user_model().objects.filter(pk=request.user.pk, is_active=True).first()
    if person is None or len(password) > LONGEST or not person.check_password(password):
        raise _failure(request, kind, "password", "The password is not right. Nothing was done.")


def _failure(request: HttpRequest, kind: str, wrong: str, text: str) -> Refused:
    username, address = request.user.get_username(), throttle.network_of(request)

    def remember() -> None:
        access_log.note(kind, request=request, what=f"wrong {wrong} at {request.path}")
        lockout.count_failure(request, username)
        for limit, who in ((throttle.OF_CONFIRMER, username), (throttle.OF_CONFIRMING_ADDRESS, address)):
            with suppress(TooOften):
                throttle.count(limit, who)

    lockout.afterwards(request, remember)
    return Refused(text)
