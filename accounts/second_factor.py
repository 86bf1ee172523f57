"""The second factor: a code from an authenticator app, a passkey, or a recovery code (RQ-44).

``accept`` is the one place that decides whether what was sent proves a second factor; sign-in and signing both ask it.
"""

from __future__ import annotations

import hmac
import secrets
from dataclasses import dataclass
from typing import Any

import pyotp
from django.conf import settings
from django.http import HttpRequest
from django.utils import timezone
from django.utils.crypto import salted_hmac

from accounts import passkeys
from accounts.models import Passkey, RecoveryCode, Totp
from accounts.passwords import ALPHABET
from accounts.seal import Unopened, unseal
from itp_trial.actor import acting
from itp_trial.normalise import Unreadable, digits
from itp_trial.roles import Role

#: Whoever holds one of these works with a second factor or not at all (RQ-44).
REQUIRED_FOR = frozenset({Role.ADMINISTRATOR, Role.DATA_MANAGER, Role.SPONSOR})
ISSUER = "ITP Trial"
STEP_SECONDS = 30
#: A telephone's clock may be one step off.
TOLERANCE = 1
RECOVERY_CODES = 10


def required(roles: Any) -> bool:
    return not REQUIRED_FOR.isdisjoint(roles)


def enrolled(user: Any) -> bool:
    """Whether this person has an authenticator app or a passkey."""
    return Totp.objects.filter(user=user).exists() or Passkey.objects.filter(user=user).exists()


def accept(request: HttpRequest, user: Any, sent: str) -> str:
    """The way in which ``sent`` proves the second factor, or an empty text. What was accepted is used up."""
    if sent.lstrip().startswith("{"):
        return "passkey" if _accept_passkey(request, user, sent) else ""
    plain = _plain(sent)
    if plain.isdecimal() and len(plain) == 6:
        return "code of the app" if _accept_totp(user, plain) else ""
    return "recovery code" if _accept_recovery_code(user, plain) else ""


def _plain(code: str) -> str:
    """A code as it is compared: Western digits, small letters, no spaces or dashes. Empty where it cannot be one."""
    try:
        plain = "".join(digits(code).lower().split()).replace("-", "")
    except Unreadable:
        return ""
    return plain if plain.isascii() else ""


# --- codes of an authenticator app -----------------------------------------------------------------------------------


def new_secret() -> str:
    return pyotp.random_base32()


def address_of(secret: str, user: Any) -> str:
    """What the app reads from the picture: ``otpauth://...``."""
    return pyotp.TOTP(secret).provisioning_uri(name=user.username, issuer_name=ISSUER)


def matching_step(secret: str, code: str, after: int = 0) -> int:
    """The time step whose code this is, later than ``after``; 0 where there is none."""
    plain = _plain(code)
    for step in range(step_now() - TOLERANCE, step_now() + TOLERANCE + 1):
        if step > after and hmac.compare_digest(code_at(secret, step), plain):
            return step
    return 0


def code_at(secret: str, step: int) -> str:
    """What the app shows in this time step."""
    return pyotp.TOTP(secret).generate_otp(step)


def step_now() -> int:
    return int(timezone.now().timestamp()) // STEP_SECONDS


def _accept_totp(user: Any, code: str) -> bool:
    app = app_of(user)
    secret = _secret(app)
    if app is None or not secret:
        return False
    step = matching_step(secret, code, after=app.last_step)
    # One statement decides: of two requests with the same code only one moves the step forward.
    return bool(step) and Totp.objects.filter(pk=app.pk, last_step__lt=step).update(last_step=step) == 1


def _secret(app: Totp | None) -> str:
    """The app's secret; empty where no key of ours opens it any more (then the administrator removes the app)."""
    try:
        return unseal(app.secret) if app else ""
    except Unopened:
        return ""


def app_of(user: Any) -> Totp | None:
    return Totp.objects.filter(user=user).first()


@dataclass(frozen=True)
class Demonstration:
    """What the telephone of a demonstration's account would show, or in how many seconds it shows a new code."""

    code: str
    wait: int


def demonstration(app: Totp | None) -> Demonstration | None:
    """In a demonstration: the code that a demonstration account can use now. Never of a secret that is a secret."""
    if not settings.DEMO or app is None or _secret(app) != settings.DEMO_TOTP_SECRET:
        return None
    step = max(step_now(), app.last_step + 1)
    if step > step_now() + TOLERANCE:
        return Demonstration("", STEP_SECONDS - int(timezone.now().timestamp()) % STEP_SECONDS)
    return Demonstration(code_at(settings.DEMO_TOTP_SECRET, step), 0)


# --- passkeys --------------------------------------------------------------------------------------------------------


def _accept_passkey(request: HttpRequest, user: Any, sent: str) -> bool:
    """The answer to the challenge that this session asked; the challenge is used up, whatever the answer."""
    keys = list(Passkey.objects.filter(user=user))
    proof = passkeys.verify(request, keys, sent)
    if proof is None:
        return False
    # A counter that does not move forward is a copied key; authenticators without a counter always say 0.
    found = Passkey.objects.filter(pk=proof.passkey.pk)
    if proof.count:
        found = found.filter(sign_count__lt=proof.count)
    return found.update(sign_count=proof.count, last_used_at=timezone.now()) == 1


# --- recovery codes --------------------------------------------------------------------------------------------------


def new_recovery_codes() -> list[str]:
    """Codes to print: two groups of five, 49 bits each."""
    return ["-".join("".join(secrets.choice(ALPHABET) for _ in range(5)) for _ in range(2)) for _ in range(RECOVERY_CODES)]


def recovery_digest(user: Any, code: str) -> str:
    """A digest with the key of this installation: a copy of the database alone does not help to guess."""
    return salted_hmac("accounts.recovery", f"{user.pk}:{_plain(code)}", algorithm="sha256").hexdigest()


def _accept_recovery_code(user: Any, plain: str) -> bool:
    unused = RecoveryCode.objects.filter(user=user, digest=recovery_digest(user, plain), used_at=None)
    with acting(user, "Recovery code used"):
        return unused.update(used_at=timezone.now()) == 1
