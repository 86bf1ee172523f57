"""``manage.py forms``: writes the blank and annotated case report forms, the codebook and the edit-check specification."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandParser

from reports.blank_forms import FILES


class Command(BaseCommand):
    help = "Writes docs/forms/: blank and annotated CRF (PDF), codebook and edit checks (CSV), from the declarations."
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--to", type=Path, default=Path(settings.BASE_DIR) / "docs" / "forms", help="Folder to write to.")

    def handle(self, *, to: Path, **options: Any) -> None:
        to.mkdir(parents=True, exist_ok=True)
        for name, make in FILES.items():
            (to / name).write_bytes(make())
            self.stdout.write(f"{to / name}")
