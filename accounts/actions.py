"""Accounts, passwords and second factors: every change by a named person, in the trail and in the access log (RQ-13)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.http import HttpRequest
from django.utils import timezone

from accounts import lockout, passkeys, passwords, second_factor
from accounts.models import Account, Passkey, PasswordHistory, RecoveryCode, Totp
from accounts.seal import seal
from accounts.sessions import end_sessions
from itp_trial import access_log
from itp_trial.actions import create_user
from itp_trial.actor import acting
from itp_trial.models import ApiToken, User
from itp_trial.refusal import Refused

Kind = access_log.Kind
USERNAME = re.compile(r"[a-z][a-z0-9._-]{2,59}")


@dataclass(frozen=True)
class IdentityCheck:
    """Who made sure that the person is this person, how, and on which day (RQ-35)."""

    by: str
    how: str
    on: date

    def refuse_gaps(self) -> None:
        if not self.by.strip() or not self.how.strip():
            raise Refused("Please say who checked the person's identity, and how.")
        if self.on > timezone.localdate():
            raise Refused("The identity check cannot be on a day to come.")


def _note(what: str, *, about: User, by: Any, request: HttpRequest | None, kind: str = Kind.ACCOUNT) -> None:
    """A line of the access log. What somebody else did to an account begins with its user name."""
    own = by == about
    name = "" if isinstance(by, User) else by.actor_name
    access_log.note(kind, request=request, user=by if isinstance(by, User) else None, user_name=name,
                    what=what if own else f"{about.username}: {what}")  # fmt: skip


def _refuse_own(user: User, by: Any) -> None:
    if user == by:
        raise Refused("Nobody changes the rights of their own account.")


# --- accounts --------------------------------------------------------------------------------------------------------


def open_account(
    *, username: str, full_name: str, email: str, identity: IdentityCheck, by: Any, password: str = "",
    request: HttpRequest | None = None,
) -> tuple[User, str]:  # fmt: skip
    """Opens an account. Returns the person and the starting password, which is shown once and must be replaced at first use.

    :param password: of a demonstration's account, known to everybody; it stays
    """
    username, email, full_name = username.strip().lower(), email.strip().lower(), " ".join(full_name.split())
    identity.refuse_gaps()
    _refuse_unusable(username, full_name, email)
    secret = password or passwords.starting_password()
    with acting(by, "Account opened"):
        user = create_user(username=username, full_name=full_name[:120], email=email, password=secret, by=by)
        Account.objects.create(user=user, must_change_password=not password, **_columns(identity))
        _note("account opened", about=user, by=by, request=request)
    return user, secret


def _refuse_unusable(username: str, full_name: str, email: str) -> None:
    """A name that was ever given stays given, also of a closed account (RQ-35)."""
    if not USERNAME.fullmatch(username):
        raise Refused("A user name has 3 to 60 small letters, digits, points or dashes, and starts with a letter.")
    if not full_name:
        raise Refused("Please enter the full name.")
    try:
        validate_email(email)
    except ValidationError as error:
        raise Refused("Please enter an email address, such as name@hospital.org.") from error
    if User.objects.filter(username__iexact=username).exists():
        raise Refused("This user name is or was somebody's. Please choose another one.")
    if User.objects.filter(email__iexact=email).exists():
        raise Refused("This email address is or was somebody's. Please use another one.")


def _columns(identity: IdentityCheck) -> dict[str, Any]:
    return {"identity_checked_by": identity.by.strip()[:120], "identity_checked_how": identity.how.strip()[:200],
            "identity_checked_on": identity.on}  # fmt: skip


def close_account(*, user: User, reason: str, by: Any, request: HttpRequest | None = None) -> User:
    """Closes an account: its sessions and API tokens end at once, its names stay taken."""
    _refuse_own(user, by)
    if not reason.strip():
        raise Refused("Please say why the account is closed.")
    if not user.is_active:
        raise Refused("This account is closed already.")
    with acting(by, f"Account closed: {reason.strip()}"):
        user.is_active = False
        user.save()
        Account.objects.filter(user=user).update(closed_at=timezone.now())
        ApiToken.objects.filter(assignment__user=user, revoked_at=None).update(revoked_at=timezone.now())
        _note(f"account closed: {reason.strip()}", about=user, by=by, request=request)
        end_sessions(user, "account closed")
    return user


def reopen_account(*, user: User, reason: str, by: Any, request: HttpRequest | None = None) -> User:
    """Opens a closed account of the same person again, with the password that it had."""
    _refuse_own(user, by)
    if not reason.strip():
        raise Refused("Please say why the account is opened again.")
    if user.is_active:
        raise Refused("This account is open.")
    with acting(by, f"Account opened again: {reason.strip()}"):
        user.is_active = True
        user.save()
        Account.objects.filter(user=user).update(closed_at=None)
        _note(f"account opened again: {reason.strip()}", about=user, by=by, request=request)
    return user


def unlock_account(*, user: User, by: Any, request: HttpRequest | None = None) -> None:
    """Lets a person who was locked out try again at once (RQ-46)."""
    _refuse_own(user, by)
    with acting(by, "Unlocked"):
        lockout.unlock(user.username)
        _note("unlocked", about=user, by=by, request=request)


# --- passwords -------------------------------------------------------------------------------------------------------


def give_starting_password(*, user: User, identity: IdentityCheck, by: Any, request: HttpRequest | None = None) -> str:
    """A new starting password for somebody who forgot theirs, after their identity was checked again. Returned once."""
    _refuse_own(user, by)
    identity.refuse_gaps()
    secret = passwords.starting_password()
    with acting(by, "New starting password"):
        account, _ = Account.objects.get_or_create(user=user, defaults=_columns(identity))
        for name, value in _columns(identity).items():
            setattr(account, name, value)
        _replace(user, secret, account, must_change=True)
        _note("new starting password", about=user, by=by, request=request)
        end_sessions(user, "new starting password")
    return secret


def change_password(*, user: User, password: str, keep: str | None = None, request: HttpRequest | None = None) -> None:
    """The person's own new password. All their sessions end but ``keep``. Raises ``Refused`` with what is wrong with it."""
    with acting(user, "Password changed"):
        User.objects.select_for_update().get(pk=user.pk)
        try:
            validate_password(password, user)
            passwords.refuse_reuse(user, password)
        except ValidationError as error:
            raise Refused(" ".join(error.messages)) from error
        _replace(user, password, Account.objects.filter(user=user).first(), must_change=False)
        _note("password changed", about=user, by=user, request=request)
        end_sessions(user, "password changed", but=keep)


def _replace(user: User, password: str, account: Account | None, *, must_change: bool) -> None:
    PasswordHistory.objects.create(user=user, password=user.password)
    kept = PasswordHistory.objects.filter(user=user).values("pk")[: passwords.REMEMBERED]
    PasswordHistory.objects.filter(user=user).exclude(pk__in=kept).delete()
    user.set_password(password)
    user.save()
    if account:
        account.must_change_password, account.password_set_at = must_change, timezone.now()
        account.save()


# --- second factors --------------------------------------------------------------------------------------------------


def enrol_app(
    *, user: User, secret: str, code: str, by: Any = None, keep: str | None = None, request: HttpRequest | None = None
) -> list[str]:
    """Takes an authenticator app into use, proved by its first code.

    Returns recovery codes where it is the first second factor; then all sessions end but ``keep``, which knew none.
    """
    step = second_factor.matching_step(secret, code)
    if not step:
        raise Refused("This code does not fit. Please check the telephone's clock and type the code that it shows now.")
    with acting(by or user, "Authenticator app enrolled"):
        Totp.objects.filter(user=user).delete()
        Totp.objects.create(user=user, secret=seal(secret), last_step=step)
        _note("authenticator app enrolled", about=user, by=by or user, request=request)
        return _first_recovery_codes(user, by or user, keep)


def add_passkey(*, user: User, name: str, answer: str, request: HttpRequest) -> list[str]:
    """Takes a passkey into use, proved by the browser's answer. Returns what ``enrol_app`` returns."""
    made = passkeys.register(request, answer)
    if made is None:
        raise Refused("The passkey could not be checked. Please open the page again and try once more.")
    with acting(user, "Passkey added"):
        credential, count = made
        label = name.strip()[:60] or "Passkey"
        Passkey.objects.create(user=user, name=label, credential=credential, sign_count=count)
        _note(f"passkey added: {label}", about=user, by=user, request=request)
        return _first_recovery_codes(user, user, request.session.session_key)


def remove_factor(*, user: User, factor: Totp | Passkey, roles: Any, request: HttpRequest | None = None) -> None:
    """Takes one of one's own second factors out of use; the last one stays where the role needs one."""
    rest = Totp.objects.filter(user=user).count() + Passkey.objects.filter(user=user).count() - 1
    if rest == 0 and second_factor.required(roles):
        raise Refused("Your role needs a second factor. Please add another one before you remove this one.")
    label = "authenticator app" if isinstance(factor, Totp) else f"passkey {factor.name}"
    with acting(user, "Second factor removed"):
        factor.delete()
        if rest == 0:
            RecoveryCode.objects.filter(user=user).delete()
        _note(f"{label} removed", about=user, by=user, request=request)


def remove_all_factors(*, user: User, reason: str, by: Any, request: HttpRequest | None = None) -> None:
    """For somebody who lost the telephone and the recovery codes. Their sessions end; the role may demand a new one."""
    _refuse_own(user, by)
    if not reason.strip():
        raise Refused("Please say why, and how you know that it is this person who asks.")
    with acting(by, f"Second factors removed: {reason.strip()}"):
        for model in (Totp, Passkey, RecoveryCode):
            model.objects.filter(user=user).delete()
        _note(f"second factors removed: {reason.strip()}", about=user, by=by, request=request)
        end_sessions(user, "second factors removed")


def renew_recovery_codes(*, user: User, by: Any = None, request: HttpRequest | None = None) -> list[str]:
    """Ten new recovery codes; the earlier ones are worth nothing. Returned once, stored as digests."""
    codes = second_factor.new_recovery_codes()
    with acting(by or user, "Recovery codes made"):
        RecoveryCode.objects.filter(user=user).delete()
        for code in codes:
            RecoveryCode.objects.create(user=user, digest=second_factor.recovery_digest(user, code))
        _note("new recovery codes", about=user, by=by or user, request=request)
    return codes


def _first_recovery_codes(user: User, by: Any, keep: str | None) -> list[str]:
    if RecoveryCode.objects.filter(user=user).exists():
        return []
    end_sessions(user, "second factor enrolled", but=keep)
    return renew_recovery_codes(user=user, by=by)
