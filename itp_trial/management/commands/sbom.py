"""``manage.py sbom``: what the product is made of, as CycloneDX JSON (RQ-47)."""

from __future__ import annotations

import json
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from itp_trial import sbom


class Command(BaseCommand):
    help = "Print the software bill of materials (CycloneDX 1.6) of what is locked and installed here."
    requires_system_checks: list[str] = []

    def handle(self, *args: Any, **options: Any) -> None:
        lock = (settings.BASE_DIR / "requirements" / "base.txt").read_text()
        static = [path for path in (settings.BASE_DIR / "static").rglob("*") if path.is_file()]
        try:
            bill = sbom.bill(lock, "itp-trial", settings.SOFTWARE_VERSION, static)
        except sbom.NotAsLocked as wrong:
            raise CommandError(f"{wrong} Run 'make base'.") from wrong
        self.stdout.write(json.dumps(bill, indent=1, ensure_ascii=False))
