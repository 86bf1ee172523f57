"""``manage.py verify_audit``: is the trail whole, and does it explain every stored value?"""

from __future__ import annotations

import sys
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from itp_trial.checking import anchor, verify_and_remember

EXIT_BROKEN = 1


class Command(BaseCommand):
    help = "Verify every chain of the audit trail, every stored row against it, and every anchor. Exit code 1 if broken."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--anchor", action="store_true", help="then keep the heads in a file and mail their digest")

    def handle(self, *args: Any, **options: Any) -> None:
        report = verify_and_remember()
        for broken in report.broken:
            self.stdout.write(f"BROKEN {broken}")
        state = f"{len(report.broken)} broken" if report.broken else "unbroken"
        self.stdout.write(f"{report.entries} entries in {len(report.heads)} chains: {state}. Digest {report.digest}.")
        if options["anchor"]:
            anchor(report)
        if report.broken:
            sys.exit(EXIT_BROKEN)
