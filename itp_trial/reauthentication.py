"""Who signs says again who they are, at the moment of signing, also inside a running session (RQ-32).

Call ``confirm`` inside the action of ``act_once``: an act that is sent twice is confirmed once.
"""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest

from itp_trial.refusal import Refused


def needs_code(user: Any) -> bool:
    """True where this person has a second factor and must give its code too."""
    return False


def confirm(request: HttpRequest, *, password: str, code: str = "") -> None:
    """Raises ``Refused`` unless this is the password of the person who is signed in."""
    if not request.user.check_password(password):
        raise Refused("The password is not right. Nothing was done.")
