"""All accounts as the administrator sees them, in a fixed number of queries."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone

from accounts import lockout, second_factor, throttle
from accounts.models import Account, Passkey, Totp
from itp_trial.models import AccessEntry, RoleAssignment, User

Kind = AccessEntry.Kind
#: What the administrator should hear of: somebody was locked out, or failed to prove who they are when signing (RQ-37).
NOTICES = (Kind.LOCKED_OUT, Kind.SIGNATURE_FAILED)
NOTICE_DAYS = 7


@dataclass(frozen=True)
class Row:
    """One account with the words that describe it."""

    user: User
    account: Account | None
    states: list[str]
    is_locked: bool


def accounts(users: QuerySet[User] | None = None) -> list[Row]:
    """Every account, the open ones first."""
    of_user = {"user": OuterRef("pk")}
    today = timezone.localdate()
    needing = RoleAssignment.objects.on(today).filter(**of_user, role__in=second_factor.REQUIRED_FOR)
    found = (users if users is not None else User.objects.all()).select_related("account").annotate(
        has_factor=Q(Exists(Totp.objects.filter(**of_user))) | Q(Exists(Passkey.objects.filter(**of_user))),
        needs_factor=Exists(needing),
    ).order_by("-is_active", "full_name")  # fmt: skip
    locked = lockout.locked().keys() | throttle.over(user.username for user in found)
    return [_row(user, user.username in locked) for user in found]


def _row(user: Any, is_locked: bool) -> Row:
    account = getattr(user, "account", None)
    states = ["open" if user.is_active else "closed"]
    if is_locked:
        states.append("locked")
    if account and account.must_change_password:
        states.append("starting password over" if account.starting_password_is_over else "starting password")
    if user.needs_factor and not user.has_factor:
        states.append("second factor missing")
    return Row(user, account, states, is_locked)


def notices() -> QuerySet[AccessEntry]:
    """Lock-outs and failed signings of the last days, the newest first."""
    since = timezone.now() - timedelta(days=NOTICE_DAYS)
    return AccessEntry.objects.filter(kind__in=NOTICES, at__gte=since)[:20]
