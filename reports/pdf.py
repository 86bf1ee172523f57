"""The casebook of one participant as a tagged PDF (PDF/UA-1), rendered by a child process with limits."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.http import HttpResponse
from django.template.loader import render_to_string
from django.utils import timezone

from casebook.crf import Section, Sheet
from casebook.locks import Locks
from casebook.models import Participant
from casebook.names import question_label
from itp_trial import protocol
from reports.answer import answer_of
from reports.cells import Cell, cells, sections
from reports.making import snapshot
from reports.render import NOT_INSTALLED
from reports.selectors import Casebook, Entry, casebook_of
from reports.signatures_csv import signatures_of
from signatures.models import Signature

SECONDS = 60
#: All that the child sees of our environment: nothing of it is secret.
ENVIRONMENT = ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "XDG_CACHE_HOME", "FONTCONFIG_PATH", "FONTCONFIG_FILE",
               "LD_LIBRARY_PATH", "COVERAGE_PROCESS_START", "COVERAGE_PROCESS_CONFIG")  # fmt: skip


class PdfNotMade(Exception):
    """The PDF could not be made; the message says why and what to do."""


@dataclass(frozen=True)
class PdfFile:
    name: str
    body: bytes

    def response(self) -> HttpResponse:
        headers = {"Content-Disposition": f'attachment; filename="{self.name}"', "Content-Length": str(len(self.body))}
        return HttpResponse(self.body, content_type="application/pdf", headers=headers)


def casebook_pdf(participant: Participant) -> PdfFile:
    """Everything that is stored about a participant, in reading order. Raises ``PdfNotMade``."""
    with snapshot():
        html = casebook_html(participant)
    return PdfFile(f"{participant.number}-casebook.pdf", rendered(html))


def casebook_html(participant: Participant) -> str:
    data_time = timezone.now()
    casebook, locks = casebook_of(participant), Locks.of(participant)
    context = {
        "participant": participant, "protocol": protocol, "data_time": data_time, "age": _age(casebook),
        "software_version": settings.SOFTWARE_VERSION, "demo": settings.DEMO,
        "site_url": settings.SITE_URL, "answer": answer_of(participant, timezone.localdate()),
        "signatures": (signed := list(signatures_of(participant))), "locks": locks, "closed": locks.over(participant),
        "visits": [(visit, [FormPart(entry, signed) for entry in entries]) for visit, entries in casebook.visits],
        "logs": [FormPart(entry, signed) for entry in casebook.logs],
    }  # fmt: skip
    return render_to_string("reports/casebook.html", context)


def rendered(html: str, seconds: int = SECONDS) -> bytes:
    """The PDF of this HTML. The child is killed when its time is over."""
    # As long as the answer is not complete nothing of it is used.
    command = [sys.executable, "-m", "reports.render"]
    environment = {name: os.environ[name] for name in ENVIRONMENT if name in os.environ}
    try:
        done = subprocess.run(command, input=html.encode(), capture_output=True, timeout=seconds,  # noqa: S603  (our own command, no shell)
                              cwd=settings.BASE_DIR, env=environment, check=False)  # fmt: skip
    except subprocess.TimeoutExpired:
        raise PdfNotMade(TOO_LONG) from None
    if done.returncode == NOT_INSTALLED:
        raise PdfNotMade("PDFs cannot be made on this machine: the system library Pango is missing. Please use the CSV.")
    if done.returncode or not done.stdout.startswith(b"%PDF-"):
        raise PdfNotMade(TOO_LONG)
    return done.stdout


TOO_LONG = "The PDF could not be made in time. Please try again later, or use the CSV of this participant."


class FormPart:
    """One form as the template prints it."""

    def __init__(self, entry: Entry, signatures: list[Signature]) -> None:
        self.signatures = [signature for signature in signatures if signature.covers(entry.record.pk)]
        self.entry, self.record = entry, entry.record
        self.sections = list(_printed(entry.crf)) if entry.crf else []
        self.groups = [(group.model, [cells(row) for row in group.rows]) for group in entry.groups if group.rows]
        self.findings = entry.findings
        self.comments = [(question_label(entry.record.crf_class, comment.item), comment) for comment in entry.comments]


@dataclass(frozen=True)
class SectionPart:
    """A section as lines (item, answer), or as a grid with several answers a line."""

    section: Section
    lines: list[list[Cell]]


def _printed(crf: Sheet) -> Any:
    for section, found in sections(crf):
        width = len(section.columns) or 1
        lines = [found[start : start + width] for start in range(0, len(found), width)]
        kept = [line for line in lines if any(cell.is_worth_showing for cell in line)]
        if kept:
            yield SectionPart(section, kept)


def _age(casebook: Casebook) -> Cell | None:
    """The age as exports show it, from whichever form declares it in place of the birth date."""
    forms = [entry.crf for entry in casebook.saved() if entry.crf is not None and entry.crf.not_exported]
    return next((cell for crf in forms for cell in cells(crf) if cell.value and _stands_in(crf, cell)), None)


def _stands_in(crf: Sheet, cell: Cell) -> bool:
    return cell.name in {substitute.name for substitute in crf.not_exported.values()}
