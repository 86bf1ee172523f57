"""``manage.py rederive [--check]``: compute every derived answer anew, or prove that the stored ones are right (RQ-62)."""

from __future__ import annotations

import sys
from argparse import ArgumentParser
from collections import defaultdict
from collections.abc import Iterator
from typing import Any

from django.core.management.base import BaseCommand

from casebook.actions import recompute
from casebook.crf import Crf, Row, crf_models
from casebook.items import Ref
from casebook.models import FormRecord
from itp_trial.actor import System

EXIT_DIFFERENT = 1


class Command(BaseCommand):
    """Grams, g/kg, duration and SMOG are computed when a form is saved; the formula may have a newer version since."""

    help = "Compute the derived answers of every form anew. With --check: only report the differences."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--check", action="store_true", help="change nothing; exit code 1 if any derived answer is wrong")

    def handle(self, *args: Any, **options: Any) -> None:
        count, wrong = 0, 0
        for crf in crf_models():
            if any(item.derived for item in crf.items().values()):
                for form, differing in derived(crf):
                    count += 1
                    wrong += bool(differing)
                    self._settle(form, differing, options["check"])
        said = (
            f"{wrong} {'differ' if options['check'] else 'were computed anew'}." if wrong else "every one equals its derivation."
        )
        self.stdout.write(f"{count} forms with computed answers: {said}")
        if wrong and options["check"]:
            sys.exit(EXIT_DIFFERENT)

    def _settle(self, form: Crf, differing: list[str], check: bool) -> None:
        for line in differing:
            self.stdout.write(f"{form.record} {form.record.visit or ''}: {line}")
        if differing and not check:
            recompute(record=FormRecord.objects.get(pk=form.record.pk), by=System("rederive"))


def derived(crf: type[Crf]) -> Iterator[tuple[Crf, list[str]]]:
    """Every stored form of a kind with the derived answers that differ from a fresh derivation."""
    lines = _lines(crf)
    stored = crf.objects.select_related("record__participant", "record__visit", "record__site").order_by("pk")
    for form in list(stored):
        before = form.answers()
        form.derive(lines[form.pk])
        items = [item for item in crf.items().values() if item.derived]
        after = form.answers()
        yield form, [f"{item.label} is {_shown(item, before)}, computed anew {_shown(item, after)}." for item in items
                     if before[item.name] != after[item.name]]  # fmt: skip


def _shown(item: Any, answers: dict[str, Any]) -> str:
    return item.display(answers[item.name]) or "empty"


def _lines(crf: type[Crf]) -> dict[Any, list[Row]]:
    """The repeating rows of every form of a kind, with what they refer to."""
    found: dict[Any, list[Row]] = defaultdict(list)
    for model in crf.row_models:
        paths = [p for n, i in model.items().items() if isinstance(i, Ref) for p in _path(n, i)]
        rows = model.objects.order_by("position", "pk")
        for row in rows.select_related(*paths) if paths else rows:
            found[row.crf_id].append(row)
    return found


def _path(name: str, ref: Ref) -> list[str]:
    return [name, f"{name}__crf"] if issubclass(ref.related_model, Row) else [name]
