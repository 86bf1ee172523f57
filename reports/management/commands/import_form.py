"""``manage.py import_form SLUG FILE --by USERNAME --purpose TEXT``: answers from a CSV file into empty forms (RQ-61)."""

from __future__ import annotations

import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from itp_trial.models import User
from itp_trial.refusal import Refused
from reports.importing import import_form


class Command(BaseCommand):
    help = "Read a CSV file with the columns of our own export into expected, empty forms. Exit code 1 if a row is rejected."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("slug", help="the word of the form, for example blood-count")
        parser.add_argument("file", type=Path)
        parser.add_argument("--by", required=True, help="user name of the person who answers for it; their rights decide")
        parser.add_argument("--purpose", required=True, help="why the answers come from a file")

    def handle(self, *args: Any, **options: Any) -> None:
        person = User.objects.filter(username=options["by"], is_active=True).first()
        if person is None:
            raise CommandError(f"Nobody is called {options['by']}.", returncode=2)
        try:
            done = import_form(slug=options["slug"], path=options["file"], by=person, purpose=options["purpose"])
        except Refused as refusal:
            raise CommandError(str(refusal), returncode=2) from None
        for row in done.run.rejected:
            self.stdout.write(f"Line {row['line']} rejected: {' '.join(row['reasons'])}")
        self.stdout.write(f"{done.run.rows} rows: {done.run.stored} stored, {len(done.run.rejected)} rejected.")
        self.stdout.write(f"SHA-256 {done.run.sha256}, kept as {done.kept}")
        if done.run.rejected:
            sys.exit(1)
