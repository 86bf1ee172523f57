"""A passkey in software, for tests: it makes keys and signs challenges as a telephone would, also wrongly when told to."""

from __future__ import annotations

import hashlib
import json
import secrets
from base64 import urlsafe_b64encode
from dataclasses import dataclass, field
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from fido2.cose import ES256
from fido2.webauthn import AttestationObject, AttestedCredentialData, AuthenticatorData


def _text(raw: bytes) -> str:
    return urlsafe_b64encode(raw).rstrip(b"=").decode()


@dataclass
class Authenticator:
    """``origin`` is where the browser says that it is; ``count`` is the counter of the key."""

    origin: str = "https://testserver"
    count: int = 0
    key: ec.EllipticCurvePrivateKey = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))
    credential_id: bytes = field(default_factory=lambda: secrets.token_bytes(32))

    @property
    def credential(self) -> AttestedCredentialData:
        """The key's public half, as the server stores it."""
        public = ES256.from_cryptography_key(self.key.public_key())
        return AttestedCredentialData.create(bytes(16), self.credential_id, public)

    def create(self, options: dict[str, Any]) -> str:
        """The answer to ``navigator.credentials.create``."""
        flags = AuthenticatorData.FLAG.UP | AuthenticatorData.FLAG.AT
        data = AuthenticatorData.create(_rp_hash(options["rp"]["id"]), flags, self.count, self.credential)
        attestation = AttestationObject.create("none", data, {})
        return self._answer(
            {"clientDataJSON": self._client_data("webauthn.create", options), "attestationObject": _text(attestation)}
        )

    def get(self, options: dict[str, Any]) -> str:
        """The answer to ``navigator.credentials.get``."""
        self.count += 1
        data = AuthenticatorData.create(_rp_hash(options["rpId"]), AuthenticatorData.FLAG.UP, self.count)
        said = self._client_data("webauthn.get", options)
        signed = data + hashlib.sha256(_raw(said)).digest()
        signature = self.key.sign(signed, ec.ECDSA(hashes.SHA256()))
        return self._answer({"clientDataJSON": said, "authenticatorData": _text(data), "signature": _text(signature)})

    def _client_data(self, kind: str, options: dict[str, Any]) -> str:
        said = {"type": kind, "challenge": options["challenge"], "origin": self.origin, "crossOrigin": False}
        return _text(json.dumps(said).encode())

    def _answer(self, response: dict[str, str]) -> str:
        number = _text(self.credential_id)
        return json.dumps(
            {"id": number, "rawId": number, "type": "public-key", "response": response, "clientExtensionResults": {}}
        )


def _rp_hash(name: str) -> bytes:
    return hashlib.sha256(name.encode()).digest()


def _raw(text: str) -> bytes:
    from fido2.utils import websafe_decode

    return bytes(websafe_decode(text))
