"""The code of a signature: printed beside it, typed into the public page, and the application's seal on the row.

It is a keyed code over everything that the row says. Whoever alters or copies a row behind the application cannot make the
code that belongs to it, because the key lives outside of the database; and nobody guesses one (100 bits).
"""

from __future__ import annotations

import json
from datetime import UTC
from typing import Any

from django.conf import settings
from django.utils.crypto import constant_time_compare, salted_hmac

from signatures.models import Signature

SALT = "signatures.seal"
#: No letter that is taken for another one when it is typed from paper.
ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
LENGTH, GROUP = 20, 5
SEALED = ("id", "participant_id", "of_visit_id", "of_record_id", "scope", "meaning", "signed_by_id", "printed_name", "role",
          "site_code", "content_hash", "manifest", "factors", "session", "statement")  # fmt: skip


def code_of(signature: Signature, key: str = "") -> str:
    """The code that belongs to what this row says: ``7K3QM-...`` in four groups."""
    said: dict[str, Any] = {name: getattr(signature, name) for name in SEALED}
    said["signed_at"] = signature.signed_at.astimezone(UTC).isoformat(timespec="microseconds")
    text = json.dumps(said, sort_keys=True, default=str)
    digest = salted_hmac(SALT, text, secret=key or settings.SECRET_KEY, algorithm="sha256").digest()
    letters = "".join(ALPHABET[byte % 32] for byte in digest[:LENGTH])
    return "-".join(letters[start : start + GROUP] for start in range(0, LENGTH, GROUP))


def holds(signature: Signature) -> bool:
    """True where the application itself made this row as it stands there."""
    keys = [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]
    return any(constant_time_compare(signature.code, code_of(signature, key)) for key in keys)


def typed(raw: str) -> str:
    """A code as people type it, with or without its hyphens, with O for 0 and I or L for 1."""
    letters = "".join(letter for letter in raw.upper() if letter.isalnum())[: 2 * LENGTH]
    letters = letters.translate(str.maketrans("OILU", "011V"))
    return "-".join(letters[start : start + GROUP] for start in range(0, len(letters), GROUP))
