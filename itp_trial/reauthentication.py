"""Who signs says again who they are, at the moment of signing, also inside a running session (RQ-32)."""

from __future__ import annotations

from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest

from itp_trial import access_log
from itp_trial.models import User
from itp_trial.refusal import Refused


def needs_code(user: User | AnonymousUser) -> bool:
    """True where this person has a second factor and must give its code too."""
    return False


def confirm(request: HttpRequest, *, password: str, code: str = "") -> None:
    """Returns where the password is the signed-in person's own. Raises ``Refused``, and the access log says so.

    Call it before the transaction of the action: what is refused here must stay recorded.
    """
    if not request.user.check_password(password):
        access_log.note(access_log.Kind.SIGNATURE_FAILED, request=request, what=request.path)
        raise Refused("This is not your password. Nothing was signed.")
