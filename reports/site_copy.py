"""An independent copy of a site's data for the site: every form, the codebook, the trail, and a manifest that proves it
complete (RQ-20, RQ-24). ``manage.py verify_copy`` counts and hashes it again; nothing else is needed to read it.
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
import time
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import connection, transaction
from django.utils import timezone

from casebook.models import Participant
from itp_trial import protocol
from itp_trial.models import Site
from itp_trial.permissions import Access
from itp_trial.roles import Can, Role
from reports.csv_export import CsvFile, codebook_csv, form_csv
from reports.files import form_files
from reports.pdf import PdfNotMade, casebook_html, rendered
from reports.proof import BROKEN, proof_of
from reports.signatures_csv import signatures_csv
from reports.trail_csv import trail_csv

MANIFEST = "manifest.json"
README = "README.txt"
#: PDFs are made one after the other while somebody waits: those that are not ready by then are named in the manifest.
PDF_SECONDS = 60
MOST_BYTES = 2 * 1024**3


@dataclass(frozen=True)
class Copy:
    """A finished copy: the ZIP, its manifest, and the manifest's hash, which names it."""

    name: str
    body: bytes
    manifest: dict[str, Any]
    manifest_hash: str

    @property
    def rows(self) -> int:
        return sum(entry.get("rows", 0) for entry in self.manifest["files"])


@dataclass(frozen=True)
class Part:
    """One file of the copy. A file of lines says how many."""

    name: str
    body: bytes
    rows: int | None = None

    @property
    def entry(self) -> dict[str, Any]:
        counted = {} if self.rows is None else {"rows": self.rows}
        return {"file": self.name, "bytes": len(self.body), "sha256": hashlib.sha256(self.body).hexdigest()} | counted


def site_copy(site: Site, *, by: Any, purpose: str, with_pdfs: bool) -> Copy:
    """Everything of one site, as of one moment."""
    cut = timezone.now()
    with transaction.atomic():
        _one_moment()
        parts = [_of_csv(file) for file in _tables(site)]
        proof = proof_of(_children(site), with_trial=True)
        pages = [(child.number, casebook_html(child)) for child in _children(site)] if with_pdfs else []
    pdfs, not_made = _pdfs(pages)
    parts = [Part(README, _readme(site, cut).encode()), *parts, *pdfs]
    manifest = _manifest(site, cut, by, purpose, parts, not_made) | {"trail": proof.manifest()}
    written = (json.dumps(manifest, indent=2, ensure_ascii=False) + "\n").encode()
    body = _zipped([Part(MANIFEST, written), *parts], cut)
    name = f"{f'{BROKEN}-' if proof.broken else ''}site-{site.code}-copy-{cut:%Y%m%dT%H%M%SZ}.zip"
    return Copy(name, body, manifest, hashlib.sha256(written).hexdigest())


def _one_moment() -> None:
    """All files show the same moment. Inside another transaction (a test) the outer one decides what is seen."""
    if not connection.savepoint_ids:
        with connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")


def _tables(site: Site) -> Iterator[CsvFile]:
    """Of this site alone, whatever else the person may see; what stays at the site is in it, because it is the site's own."""
    own = Access(frozenset({(str(Role.INVESTIGATOR), site.pk)}))
    yield from (form_csv(file, own, at_site=True) for file in form_files())
    yield codebook_csv()
    yield signatures_csv(own, site=site)
    yield trail_csv(own, site=site, at_site=True)


def _of_csv(file: CsvFile) -> Part:
    return Part(file.name, file.body, file.rows)


def _children(site: Site) -> list[Participant]:
    own = Access(frozenset({(str(Role.INVESTIGATOR), site.pk)}))
    return list(own.scope(Can.EXPORT, Participant.objects.select_related("site")))


def _pdfs(pages: list[tuple[str, str]]) -> tuple[list[Part], list[str]]:
    made, not_made, started = [], [], time.monotonic()
    for number, html in pages:
        left = PDF_SECONDS - (time.monotonic() - started)
        try:
            if left <= 0:
                raise PdfNotMade("The time for PDFs was over.")
            made.append(Part(f"casebooks/{number}.pdf", rendered(html, max(1, int(left)))))
        except PdfNotMade as reason:
            not_made.append(f"{number}: {reason}")
    return made, not_made


def _manifest(site: Site, cut: datetime, by: Any, purpose: str, parts: list[Part], not_made: list[str]) -> dict[str, Any]:
    return {
        "study": protocol.STUDY_ID, "registry": protocol.REGISTRY_ID, "site": site.code, "site_name": site.name,
        "data_as_of": cut.isoformat(timespec="microseconds"), "made_by": by.actor_name, "purpose": purpose,
        "software_version": settings.SOFTWARE_VERSION, "rules_version": protocol.RULES_VERSION,
        "synthetic": settings.DEMO, "pdfs_not_made": not_made, "files": [part.entry for part in parts],
    }  # fmt: skip


def _readme(site: Site, cut: datetime) -> str:
    return (
        f"{protocol.TITLE} ({protocol.REGISTRY_ID})\n"
        f"Copy of the data of site {site.code}, as of {cut:%Y-%m-%d %H:%M:%S} UTC.\n\n"
        "Each form is one CSV file (UTF-8, one header row, ISO dates, codes beside their labels; a column ending in _mr\n"
        "says why a value is missing). codebook.csv says what every column means. The file ending in -trail.csv holds\n"
        "who entered and changed what, when and why. casebooks/ holds PDFs where they were asked for.\n"
        "manifest.json lists every file with its rows and its SHA-256. To check a copy: manage.py verify_copy FILE, or\n"
        "sha256sum on any machine.\n\n"
        "This copy holds birth dates: keep it where the site keeps its source documents.\n"
    )


def _zipped(parts: list[Part], cut: datetime) -> bytes:
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as opened:
        for part in parts:
            opened.writestr(zipfile.ZipInfo(part.name, cut.timetuple()[:6]), part.body, zipfile.ZIP_DEFLATED)
    return archive.getvalue()


# --- checking -----------------------------------------------------------------------------------------------------------


def differences(archive: Any) -> tuple[str, list[str]]:
    """The hash of the manifest of a copy, and everything in which the copy differs from it: counted and hashed again."""
    try:
        with zipfile.ZipFile(archive) as opened:
            return _compared(opened)
    except (zipfile.BadZipFile, KeyError, ValueError, TypeError, EOFError, OSError) as error:
        return "", [f"This is no readable copy: {error}."]


def _compared(opened: zipfile.ZipFile) -> tuple[str, list[str]]:
    if sum(info.file_size for info in opened.infolist()) > MOST_BYTES:
        raise ValueError("it is larger than any copy of ours")
    written = opened.read(MANIFEST)
    listed = {entry["file"]: entry for entry in json.loads(written)["files"]}
    names = [name for name in opened.namelist() if name != MANIFEST]
    found = [f"{name} stands in the archive twice." for name in sorted({n for n in names if names.count(n) > 1})]
    found += [f"{name} is missing." for name in sorted(set(listed) - set(names))]
    found += [f"{name} is not in the manifest." for name in sorted(set(names) - set(listed))]
    for name in sorted(set(names) & set(listed)):
        found += _wrong(name, opened.read(name), listed[name])
    return hashlib.sha256(written).hexdigest(), found


def _wrong(name: str, body: bytes, entry: dict[str, Any]) -> Iterator[str]:
    if hashlib.sha256(body).hexdigest() != entry["sha256"]:
        yield f"{name} was changed: its SHA-256 is another one."
    if "rows" in entry and (rows := rows_of(body)) != entry["rows"]:
        yield f"{name} has {rows} rows; the manifest says {entry['rows']}."


def rows_of(body: bytes) -> int:
    """The lines of a CSV file below its header, as a CSV reader counts them."""
    return max(0, sum(1 for _ in csv.reader(io.StringIO(body.decode("utf-8-sig", "replace"), newline=""))) - 1)
