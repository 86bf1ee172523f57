"""``manage.py reclassify [--check]``: derive every response summary anew, or prove that the stored ones are right."""

from __future__ import annotations

import sys
from argparse import ArgumentParser
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone

from casebook.models import Participant
from itp_trial.scope import seeing_everything
from responses.actions import refresh_many
from responses.course import DECISIVE, Dossier, dossiers
from responses.models import ResponseSummary
from responses.projection import PROJECTED, summary

BATCH = 200
EXIT_DIFFERENT = 1


class Command(BaseCommand):
    """A state may change with the days alone, so this runs every morning; ``--check`` is for the data manager."""

    help = "Compute the response summary of every participant anew. With --check: only report the differences."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--check", action="store_true", help="change nothing; exit code 1 if any summary is wrong")

    def handle(self, *args: Any, **options: Any) -> None:
        with seeing_everything():
            count, wrong = self._check() if options["check"] else (self._refresh(), 0)
        self.stdout.write(_said(count, wrong, options["check"]))
        if wrong:
            sys.exit(EXIT_DIFFERENT)

    def _check(self) -> tuple[int, int]:
        today, count, wrong = timezone.localdate(), 0, 0
        for batch in batches():
            count += len(batch)
            for line in differences(batch, today):
                wrong += 1
                self.stdout.write(line)
        return count, wrong

    def _refresh(self) -> int:
        today, count = timezone.localdate(), 0
        for batch in batches():
            count += len(batch)
            refresh_many(participants=batch, today=today)
        return count


def _said(count: int, wrong: int, checked: bool) -> str:
    if not checked:
        return f"{count} participants classified."
    return f"{count} participants compared: {f'{wrong} differ.' if wrong else 'every summary equals a fresh derivation.'}"


def batches() -> Iterator[list[Participant]]:
    """All participants, a fixed number at a time, by their key."""
    after = None
    while True:
        rows = Participant.objects.order_by("pk")
        batch = list((rows.filter(pk__gt=after) if after else rows)[:BATCH])
        if not batch:
            return
        yield batch
        after = batch[-1].pk


def differences(batch: list[Participant], today: date) -> Iterator[str]:
    """One line per wrong summary. Each is derived as of the day on which it was computed, so that only data decide."""
    stored = ResponseSummary.objects.in_bulk([participant.pk for participant in batch])
    for found in dossiers(batch, today):
        kept = stored.get(found.participant.pk)
        if kept is None:
            enrolled = found.participant.state != Participant.State.SCREENING
            if enrolled and any(entry.form in DECISIVE for entry in found.entries):
                yield f"{found.participant}: no summary is stored."
            continue
        fresh = _fresh(found, kept.as_of)
        names = [name for name in PROJECTED if getattr(fresh, name) != getattr(kept, name)]
        if names:
            yield f"{found.participant}: {', '.join(_difference(name, kept, fresh) for name in names)}."


def _fresh(found: Dossier, as_of: date) -> ResponseSummary:
    ended = found.course.as_of if found.course.followup_ended else as_of
    found = replace(found, course=replace(found.course, as_of=ended))
    return summary(found)


def _difference(name: str, kept: ResponseSummary, fresh: ResponseSummary) -> str:
    if name in ("verdict", "readings", "input_digest"):
        return f"{name.replace('_', ' ')} differs"
    return f"{name.replace('_', ' ')} is {getattr(kept, name) or 'empty'}, should be {getattr(fresh, name) or 'empty'}"
