"""``manage.py traceability [--check]``: writes docs/traceability.md, or only says what is open. For development."""

from __future__ import annotations

import sys
from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from itp_trial.traceability import markdown, marks, open_points, requirements

REQUIREMENTS, MATRIX = settings.BASE_DIR / "docs" / "requirements.toml", settings.BASE_DIR / "docs" / "traceability.md"
TESTS = settings.BASE_DIR / "tests"


class Command(BaseCommand):
    help = "Write the matrix of requirements and tests. Exit code 1 where a requirement has no test or a mark names none."
    requires_system_checks: list[str] = []
    requires_migrations_checks = False

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--check", action="store_true", help="write nothing; also fails where the written matrix is old")

    def handle(self, *args: Any, **options: Any) -> None:
        if not TESTS.is_dir() or not REQUIREMENTS.is_file():
            raise CommandError("This is a command for development: this installation holds no tests.", returncode=2)
        known, marked = requirements(REQUIREMENTS), marks(TESTS)
        text, points = markdown(known, marked), open_points(known, marked)
        if not options["check"]:
            MATRIX.write_text(text, encoding="utf-8")
        elif not MATRIX.is_file() or MATRIX.read_text(encoding="utf-8") != text:
            points.append("docs/traceability.md is old: run manage.py traceability.")
        for point in points:
            self.stdout.write(point)
        self.stdout.write(f"{len([r for r in known if r.in_scope])} requirements in scope: {len(points) or 'nothing'} open.")
        if points:
            sys.exit(1)
