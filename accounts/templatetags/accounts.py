"""What forms need that ask who is acting, and what the page of people shows of accounts."""

from __future__ import annotations

from typing import Any

from django import template

from accounts import lockout, passkeys, second_factor
from accounts.models import Passkey
from itp_trial.models import User

register = template.Library()


@register.simple_tag(takes_context=True)
def confirmation(context: Any) -> dict[str, Any]:
    """What ``accounts/_confirm.html`` asks this person for. One challenge for all passkey buttons of a page."""
    request = context["request"]
    if not hasattr(request, "confirmation"):
        app, keys = second_factor.app_of(request.user), list(Passkey.objects.filter(user=request.user))
        request.confirmation = {
            "needs_code": bool(app or keys),
            "passkey": passkeys.ask(request, keys) if keys and passkeys.possible(request) else "",
            "demonstration": second_factor.demonstration(app),
        }
    return dict(request.confirmation)


@register.filter
def minutes(seconds: int) -> str:
    """900 as ``15 minutes``."""
    count = max(1, round(seconds / 60))
    return f"{count} minute{'s' if count > 1 else ''}"


@register.simple_tag
def locked_people() -> list[User]:
    """Whoever is locked out at this moment."""
    return list(User.objects.filter(username__in=lockout.locked()))
