"""What the vault holds is sealed with keys that are not in the database: ``IDENTITY_KEYS``, the newest first.

Everything is sealed with the first key and opens with any of them. The keyed fingerprints hang on the same keys.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import Any

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings


class Unopened(Exception):
    """No key that we have opens this, or it was sealed for another participant."""


def seal(owner: Any, content: dict[str, str]) -> str:
    """The sealed text, bound to its owner: it opens for nobody else's row."""
    return _box().encrypt(json.dumps({"owner": str(owner), **content}, ensure_ascii=False).encode()).decode()


def unseal(owner: Any, sealed: str) -> dict[str, str]:
    try:
        content: dict[str, str] = json.loads(_box().decrypt(sealed.encode()))
    except InvalidToken as error:
        raise Unopened("No key opens this: it was sealed with one that is not in IDENTITY_KEYS.") from error
    if content.pop("owner") != str(owner):
        raise Unopened("This was sealed for another participant: somebody moved it.")
    return content


def seal_bytes(owner: Any, content: bytes) -> bytes:
    """A sealed picture, bound to its owner like ``seal``."""
    return urlsafe_b64decode(_box().encrypt(f"{owner}\n".encode() + content))


def unseal_bytes(owner: Any, sealed: bytes) -> bytes:
    """:raises Unopened: no key opens it, or it belongs to another row"""
    try:
        said, _, content = _box().decrypt(urlsafe_b64encode(bytes(sealed))).partition(b"\n")
    except InvalidToken as error:
        raise Unopened("No key opens this: it was sealed with one that is not in IDENTITY_KEYS.") from error
    if said.decode() != str(owner):
        raise Unopened("This was sealed for another entry: somebody moved it.")
    return content


def fingerprints(text: str) -> list[str]:
    """The keyed code of a text under each key, the newest first. Without the key nobody can try names against it."""
    return [hmac.new(b"fingerprint:" + key.encode(), text.encode(), hashlib.sha256).hexdigest() for key in settings.IDENTITY_KEYS]


def _box() -> MultiFernet:
    return MultiFernet([Fernet(key) for key in settings.IDENTITY_KEYS])
