"""Secrets that must be read again (of authenticator apps) are stored sealed: a copy of the database alone opens nothing.

The key comes from ``SECRET_KEY``; what an earlier key sealed opens while that key stands in ``SECRET_KEY_FALLBACKS``.
"""

from __future__ import annotations

import base64

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings


class Unopened(Exception):
    """No key that we have opens this."""


def seal(text: str) -> str:
    return _box().encrypt(text.encode()).decode()


def unseal(sealed: str) -> str:
    try:
        return _box().decrypt(sealed.encode()).decode()
    except InvalidToken as error:
        raise Unopened from error


def _box() -> MultiFernet:
    return MultiFernet([_fernet(key) for key in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)])


def _fernet(key: str) -> Fernet:
    derived = HKDF(algorithm=hashes.SHA256(), length=32, salt=None, info=b"accounts.seal").derive(key.encode())
    return Fernet(base64.urlsafe_b64encode(derived))
