"""Passkeys (WebAuthn) through Yubico's ``fido2``: what the browser is asked, and whether its answer proves the key."""

from __future__ import annotations

import ipaddress
import json
from base64 import b64decode, b64encode
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest
from django.http.request import split_domain_port
from fido2.server import Fido2Server
from fido2.webauthn import (
    AttestedCredentialData,
    AuthenticationResponse,
    PublicKeyCredentialRpEntity,
    PublicKeyCredentialUserEntity,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from accounts.models import Passkey

#: Where the session keeps the challenge that it asked last.
ASKED, OFFERED = "passkey_asked", "passkey_offered"


@dataclass(frozen=True)
class Proof:
    """The passkey that signed the challenge, and how often it says that it was used."""

    passkey: Passkey
    count: int


def possible(request: HttpRequest) -> bool:
    """Browsers know passkeys for host names only, not for addresses such as 127.0.0.1."""
    try:
        ipaddress.ip_address(_host(request).strip("[]"))
    except ValueError:
        return True
    return False


def ask(request: HttpRequest, keys: Iterable[Passkey]) -> str:
    """What the browser needs to prove one of these keys, as JSON. The session remembers the challenge."""
    options, state = _server(request).authenticate_begin(
        [_stored(key) for key in keys], user_verification=UserVerificationRequirement.PREFERRED
    )
    request.session[ASKED] = state
    return json.dumps(dict(options)["publicKey"])


def verify(request: HttpRequest, keys: list[Passkey], sent: str) -> Proof | None:
    """The proof in the browser's answer, or ``None``. A challenge is good for one answer."""
    state = request.session.pop(ASKED, None)
    if state is None or not keys:
        return None
    try:
        answer = AuthenticationResponse.from_dict(json.loads(sent))
        used = _server(request).authenticate_complete(state, [_stored(key) for key in keys], answer)
    except Exception:  # whatever the parser stumbled over: what cannot be read proves nothing
        return None
    found = next(key for key in keys if _stored(key).credential_id == used.credential_id)
    return Proof(found, answer.response.authenticator_data.counter)


def offer(request: HttpRequest, user: Any) -> str:
    """What the browser needs to make a new passkey for this person, as JSON."""
    person = PublicKeyCredentialUserEntity(id=str(user.pk).encode(), name=user.username, display_name=user.full_name)
    options, state = _server(request).register_begin(
        person,
        [_stored(key) for key in Passkey.objects.filter(user=user)],
        resident_key_requirement=ResidentKeyRequirement.DISCOURAGED,
        user_verification=UserVerificationRequirement.PREFERRED,
    )
    request.session[OFFERED] = state
    return json.dumps(dict(options)["publicKey"])


def register(request: HttpRequest, sent: str) -> tuple[str, int] | None:
    """The public half of the new passkey and its counter, or ``None`` where the browser's answer is not right."""
    state = request.session.pop(OFFERED, None)
    if state is None:
        return None
    try:
        made = _server(request).register_complete(state, json.loads(sent))
    except Exception:  # whatever the parser stumbled over: what cannot be read proves nothing
        return None
    return b64encode(bytes(made.credential_data or b"")).decode(), made.counter


def _stored(key: Passkey) -> AttestedCredentialData:
    return AttestedCredentialData(b64decode(key.credential))


def _server(request: HttpRequest) -> Fido2Server:
    """The keys belong to the host name; an answer counts only from the very address that the request came to."""
    party = PublicKeyCredentialRpEntity(id=_host(request), name="ITP Trial")
    origin = f"{request.scheme}://{request.get_host()}"
    return Fido2Server(party, verify_origin=lambda said: said == origin)


def _host(request: HttpRequest) -> str:
    return split_domain_port(request.get_host())[0]
