"""What Django and django-axes tell about signing in becomes lines of the access log (RQ-13)."""

from __future__ import annotations

from typing import Any

from axes.helpers import get_cool_off
from axes.signals import user_locked_out
from django.conf import settings
from django.contrib.auth import get_user_model
from django.contrib.auth.signals import user_logged_in, user_login_failed
from django.http import HttpRequest
from django.utils import timezone

from accounts import sessions
from accounts.models import Account
from itp_trial import access_log
from itp_trial.signals import rights_ended

Kind = access_log.Kind


def connect() -> None:
    pairs = ((user_logged_in, signed_in), (user_login_failed, failed), (user_locked_out, locked_out), (rights_ended, left))
    for signal, receiver in pairs:
        signal.connect(receiver, dispatch_uid=f"accounts.{receiver.__name__}")


def signed_in(request: HttpRequest, user: Any, **_: Any) -> None:
    sessions.remember(request)
    if Account.objects.filter(user=user, must_change_password=True).exists():
        request.session[sessions.MUST_CHANGE] = True
    way = getattr(request, "second_factor_used", "")
    access_log.note(Kind.SIGN_IN, request=request, user=user, what=f"with password and {way}" if way else "with password")


def failed(credentials: dict[str, Any], request: HttpRequest | None = None, **_: Any) -> None:
    """A wrong password, also for a name that nobody has; what was typed as the name is kept, the password is not."""
    if request is None or (getattr(request, "axes_locked_out", False) and not _counted(request)):
        return  # nothing was tried: the account is locked, and that line stands there already
    username = str(credentials.get("username") or "")
    access_log.note(
        Kind.SIGN_IN_FAILED, request=request, user=_person(username), user_name=username, what="wrong name or password"
    )


def locked_out(request: HttpRequest, username: str, ip_address: str, **_: Any) -> None:
    """The failure that locks; attempts at a locked account come here too and are no news."""
    if not _counted(request):
        return
    until = timezone.localtime(timezone.now() + get_cool_off())
    what = f"after {settings.AXES_FAILURE_LIMIT} wrong attempts, for this address until {until:%d %b %Y %H:%M}"
    access_log.note(Kind.LOCKED_OUT, request=request, user=_person(username), user_name=username, what=what)


def left(user: Any, **_: Any) -> None:
    """The last role of this person has ended."""
    sessions.end_sessions(user, "last role ended")


def _counted(request: HttpRequest) -> bool:
    """Whether django-axes counted this failure; at a locked account it counts none."""
    return getattr(request, "axes_failures_since_start", None) is not None


def _person(username: str) -> Any:
    return get_user_model().objects.filter(username=username).first()
