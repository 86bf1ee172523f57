"""``manage.py classify [FILE] [--rules FILE] [--explain]``: classify cases from a JSON Lines file, without the database."""

from __future__ import annotations

import sys
from argparse import ArgumentParser
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, BinaryIO

from django.core.management.base import BaseCommand, CommandError

from responses import casefile, parameters
from responses.reasoning import reasoning
from responses.rules import Rules


@contextmanager
def _opened(name: str) -> Iterator[BinaryIO]:
    """The bytes of the file, or of standard input for "-"; the decoding has to know the line."""
    if name == "-":
        yield sys.stdin.buffer
        return
    try:
        source = open(name, "rb")  # noqa: SIM115  (closed below)
    except OSError as error:
        raise CommandError(f"cannot read {name}: {error.strerror or error}", returncode=2) from None
    with source:
        yield source


class Command(BaseCommand):
    """Thin door over ``responses.casefile.run``; exit code 2 if a line is broken or a file cannot be read."""

    help = "Classify the response of each case of a JSON Lines file; one JSON line per case on standard output."
    requires_system_checks: list[str] = []
    requires_migrations_checks = False

    def add_arguments(self, parser: ArgumentParser) -> None:
        """An optional file of cases, and how to judge and to tell them."""
        parser.add_argument("file", nargs="?", default="-", help='a JSON Lines file; "-" or nothing = standard input')
        parser.add_argument(
            "--rules", metavar="FILE",
            help="a parameter set as TOML, or the name of a sensitivity analysis: " + ", ".join(parameters.SENSITIVITY),
        )  # fmt: skip
        parser.add_argument("--explain", action="store_true", help="print the reasoning as text instead of JSON")
        parser.add_argument("--print-rules", action="store_true", help="print the parameter set as TOML and stop")

    def handle(self, *args: Any, **options: Any) -> None:
        """Classify, and leave with the exit code of the run."""
        rules = _rules(options["rules"])
        if options["print_rules"]:
            self.stdout.write(parameters.as_toml(rules), ending="")
            return
        render = reasoning if options["explain"] else casefile.as_json_line
        with _opened(options["file"]) as lines:
            code = casefile.run(lines, self.stdout.write, self.stderr.write, rules, render)
        if code:
            sys.exit(code)


def _rules(name: str | None) -> Rules:
    """The defaults, a sensitivity analysis by its name, or a file."""
    if name is None:
        return parameters.DEFAULTS
    if name in parameters.SENSITIVITY:
        return parameters.SENSITIVITY[name][1]
    with _opened(name) as source:
        try:
            return parameters.read_rules(source.read())
        except parameters.ParameterError as error:
            raise CommandError(f"{name}: {error}", returncode=2) from None
