"""``manage.py classify [FILE]``: classify cases from a JSON Lines file, without the database."""

from __future__ import annotations

import sys
from argparse import ArgumentParser
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, BinaryIO

from django.core.management.base import BaseCommand, CommandError

from responses import casefile


@contextmanager
def _opened(name: str) -> Iterator[BinaryIO]:
    """The bytes of the file, or of standard input for "-"; the decoding has to know the line."""
    if name == "-":
        yield sys.stdin.buffer
        return
    with open(name, "rb") as source:
        yield source


class Command(BaseCommand):
    """Thin door over ``responses.casefile.run``; exit code 2 if a line is broken or the file cannot be read."""

    help = "Classify the response of each case of a JSON Lines file; one JSON line per case on standard output."
    requires_system_checks: list[str] = []
    requires_migrations_checks = False

    def add_arguments(self, parser: ArgumentParser) -> None:
        """One optional file name."""
        parser.add_argument("file", nargs="?", default="-", help='a JSON Lines file; "-" or nothing = standard input')

    def handle(self, *args: Any, **options: Any) -> None:
        """Classify, and leave with the exit code of the run."""
        try:
            with _opened(options["file"]) as lines:
                code = casefile.run(lines, self.stdout.write, self.stderr.write)
        except OSError as error:
            raise CommandError(f"cannot read {options['file']}: {error.strerror or error}", returncode=2) from None
        if code:
            sys.exit(code)
