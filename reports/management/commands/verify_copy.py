"""``manage.py verify_copy FILE``: counts and hashes a copy of a site again; exit code 1 on any difference."""

from __future__ import annotations

import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from reports.models import SiteCopy
from reports.site_copy import differences


class Command(BaseCommand):
    help = "Check a copy of a site's data: every file, its rows and its SHA-256, and whether this system made it."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument("--elsewhere", action="store_true", help="do not ask whether this system's database knows the copy")

    def handle(self, *args: Any, **options: Any) -> None:
        if not options["file"].is_file():
            raise CommandError(f"There is no file {options['file']}.", returncode=2)
        manifest_hash, found = differences(options["file"])
        known = None if options["elsewhere"] or not manifest_hash else _known(manifest_hash)
        if known is None and manifest_hash and not options["elsewhere"]:
            found.append("This system made no copy with this manifest.")
        for line in found:
            self.stdout.write(line)
        self.stdout.write(f"Manifest {manifest_hash or 'unreadable'}: {f'{len(found)} differences' if found else 'complete'}.")
        if known is not None:
            self.stdout.write(f"{known}, made by {known.made_by}; {_receipt(known)}.")
        if found:
            sys.exit(1)


def _known(manifest_hash: str) -> SiteCopy | None:
    return SiteCopy.objects.select_related("site", "made_by").filter(manifest_hash=manifest_hash).first()


def _receipt(copy: SiteCopy) -> str:
    if copy.received_at is None:
        return "no receipt yet"
    return f"received by {copy.received_name} on {copy.received_at:%d %b %Y %H:%M} UTC"
