"""``manage.py rotate_identity_key``: seals the vault with the newest of ``IDENTITY_KEYS``.

First put the new key in front of the old one and restart (everything opens with either), then run this, then take the old
key out. A new key: ``python -c 'from cryptography.fernet import Fernet; print(Fernet.generate_key().decode())'``
"""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from identity.actions import rotate_key
from identity.vault import Unopened


class Command(BaseCommand):
    help = "Seal every record of the identity vault, and every fingerprint, with the first key of IDENTITY_KEYS."

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            count = rotate_key()
        except Unopened as error:
            raise CommandError(f"{error} Nothing was changed.") from error
        self.stdout.write(f"{count} records are sealed with the first key. Older keys may be taken out of IDENTITY_KEYS now.")
