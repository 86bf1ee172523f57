"""What the dashboard shows of the demonstration, computed again from the exported files by a script of its own."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.test import Client
from django.urls import reverse
from django.utils import timezone

from analyses import paper
from analyses.cohort import children
from casebook.models import Participant
from itp_trial.models import User
from tests.analyses.independent import FORMS, tables


def test_the_figures_agree_with_the_exported_files_to_the_last_digit(demonstration: Any, client_of: Any, tmp_path: Path) -> None:
    take_out(client_of(User.objects.get(username="dana")), tmp_path)
    today = timezone.localdate()
    cohort = children(Participant.objects.all(), today)
    again = tables(tmp_path, today)
    assert len(again["time-in-response"]) > 10, "the demonstration has children under treatment"
    assert ("1", "1") in [row[2:4] for row in again["marked-bleeding"]], "one bled by grade 3, one could not be evaluated"
    for slug, rows in again.items():
        shown = list(paper.figure(slug, cohort, today).table.rows)
        if slug == "exposure":
            shown = [row for row in shown if row[0] in {line[0] for line in rows}]
        assert rows == shown, slug


def take_out(client: Client, folder: Path) -> None:
    """The files as a monitor downloads them."""
    files = {name: reverse("form-csv", args=[name]) for name in FORMS} | {"participants": reverse("participants-csv")}
    for name, address in files.items():
        answer = client.get(address, {"purpose": "analysis"})
        assert answer.status_code == 200
        (folder / f"{name}.csv").write_bytes(answer.content)
