"""The casebook as PDF: everything that is stored, readable for all, made without any outside request, inside limits."""

from __future__ import annotations

import io
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pypdf
import pytest
from django.conf import settings
from django.db import connection
from django.test.utils import CaptureQueriesContext

from casebook.models import FormRecord
from reports import pdf, render
from reports.pdf import PdfNotMade, casebook_html, casebook_pdf, rendered


def page(body: str) -> str:
    return f'<!doctype html><html lang="en"><head><title>t</title></head><body><h1>t</h1>{body}</body></html>'


def text_of(body: bytes) -> str:
    found = " ".join(page.extract_text() for page in pypdf.PdfReader(io.BytesIO(body)).pages)
    return " ".join(found.split())


@pytest.fixture
def casebook(logged: Any) -> tuple[Any, pypdf.PdfReader, str]:
    body = casebook_pdf(logged.responder).body
    return logged, pypdf.PdfReader(io.BytesIO(body)), text_of(body)


@pytest.mark.row("P3")
def test_the_casebook_is_complete_and_readable(casebook: Any) -> None:
    universe, reader, text = casebook
    child = universe.responder
    for number, sheet in enumerate(reader.pages, start=1):
        shown = " ".join(sheet.extract_text().split())
        assert f"Participant {child.subject_number}" in shown
        assert f"Page {number} of {len(reader.pages)}" in shown
        assert "Cairo (UTC+" in shown
    for expected in (
        "NCT07068126", child.screening_number, "Rules version 2026.1", f"Software version {settings.SOFTWARE_VERSION}",
        "Platelets 60 ×10⁹/L", "Haemoglobin 11.8 g/dL", "Haemoglobin Sample lost", "Age on the day of screening",
        "completed years", "Took place on", "Not started", "MP-01-1 /", "Open: 650 ×10⁹/L is unusual",
        "Confirmed as correct:", "Explanation: Repeated by hand (Ines Farouk", "Rescue therapy", "=Headache",
        "R15: ", "Best response:", "<img src=file:///etc/hostname> Short,",
    ):  # fmt: skip
        assert expected in text
    # Questions that were not asked, the birth date and the product are not printed.
    born = FormRecord.objects.get(form="screening", participant=child).crf().birth_date
    for absent in ("Lasting disability", f"{born:%d %b %Y}", born.isoformat(), "Certificate"):
        assert absent not in text


def test_the_casebook_is_tagged_and_has_bookmarks(casebook: Any) -> None:
    universe, reader, _ = casebook
    root = reader.trailer["/Root"]
    assert root["/MarkInfo"]["/Marked"]
    assert root["/Lang"] == "en"
    assert b'pdfuaid:part="1"' in root["/Metadata"].get_data() or b"<pdfuaid:part>1<" in root["/Metadata"].get_data()
    assert universe.responder.number in reader.metadata.title
    titles = [entry.title for entry in _flat(reader.outline)]
    assert titles[0] == f"Casebook of participant {universe.responder.number}"
    assert {"Response", "Screening", "Loading dose", "Infusion", "Events at any time", "Adverse event"} <= set(titles)
    assert ("/Figure", f"Platelets and treatment of {universe.responder.number}") in _tags(root["/StructTreeRoot"])


def _flat(outline: list[Any]) -> list[Any]:
    return [found for entry in outline for found in (_flat(entry) if isinstance(entry, list) else [entry])]


def _tags(node: Any) -> list[Any]:
    node = node.get_object()
    if isinstance(node, list):
        return [tag for child in node for tag in _tags(child)]
    if not isinstance(node, dict):
        return []
    return [(node.get("/S"), node.get("/Alt")), *(_tags(node["/K"]) if "/K" in node else [])]


def test_a_child_without_any_answer_has_a_casebook(universe: Any) -> None:
    text = text_of(casebook_pdf(universe.screening).body)
    assert universe.screening.screening_number in text
    assert "Not started" in text
    assert "No adverse event" in text


def test_as_many_queries_for_few_visits_as_for_many(logged: Any) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as seen:
            casebook_html(logged.responder)
        return len(seen)

    before = queries()
    for days in range(4):
        logged.clinic().extra_count(logged.responder, logged.today, 50 + days)
    assert queries() == before
    kinds = FormRecord.objects.filter(participant=logged.responder, version__gt=0).values("form").distinct().count()
    assert before <= 12 + kinds, "one query for each kind of form, and no more for more visits"


@pytest.mark.row("P1")
def test_nothing_outside_is_asked(tmp_path: Any) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text("SECRET-CONTENT")
    hits: list[str] = []

    class Listener(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            hits.append(self.path)
            self.send_response(404)
            self.end_headers()

        def log_message(self, *_: Any) -> None: ...

    with HTTPServer(("127.0.0.1", 0), Listener) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        outside = f"http://127.0.0.1:{server.server_port}/x"
        addresses = (outside, f"file://{secret}", "data:image/png;base64,AAAA", "packaged:../settings.py", "/etc/hostname")
        html = page("".join(_everything_that_loads(address) for address in addresses))
        body = rendered(html)
        server.shutdown()
        thread.join()
    assert not hits
    assert b"SECRET-CONTENT" not in body + b"".join(_streams(body))


def _everything_that_loads(address: str) -> str:
    return f"""
        <style>@import url({address}); @font-face {{ font-family: f; src: url({address}) }}
        p {{ background: url({address}); font-family: f; list-style: url({address}) }}</style><p>x</p>
        <img src="{address}" alt=""><object data="{address}"></object><embed src="{address}"><iframe src="{address}"></iframe>
        <link rel="stylesheet" href="{address}"><link rel="attachment" href="{address}"><svg><image href="{address}"/></svg>"""


def _streams(body: bytes) -> list[bytes]:
    reader = pypdf.PdfReader(io.BytesIO(body))
    found = [reader.get_object(number) for number in range(1, len(reader.xref[0]) + 1)]
    return [item.get_data() for item in found if isinstance(item, pypdf.generic.StreamObject)]


@pytest.mark.row("P2")
def test_the_packaged_style_sheet_is_used() -> None:
    fetched = render.packaged_only().fetch("packaged:print.css")
    assert b"@page" in fetched.read()
    with pytest.raises(ValueError, match="refused: file:///etc/hostname"):
        render.packaged_only().fetch("file:///etc/hostname")


@pytest.mark.row("P7")
def test_the_same_document_gives_the_same_bytes() -> None:
    assert rendered(page("<p>x</p>")) == rendered(page("<p>x</p>"))


@pytest.mark.row("P3", "P4")
def test_a_document_that_takes_too_long_is_given_up() -> None:
    endless = page("<table><tr><td colspan=100000>x</td></tr></table>" * 3)
    with pytest.raises(PdfNotMade, match="could not be made in time"):
        rendered(endless, seconds=1)


@pytest.mark.row("P5")
def test_a_failing_child_gives_the_same_message(monkeypatch: Any) -> None:
    monkeypatch.setattr(pdf.subprocess, "run", lambda *_, **__: subprocess.CompletedProcess([], -9, b"%PDF-half", b""))
    with pytest.raises(PdfNotMade, match="could not be made in time"):
        rendered(page(""))


def test_a_machine_without_pango_says_so(monkeypatch: Any) -> None:
    monkeypatch.setattr(pdf.subprocess, "run", lambda *_, **__: subprocess.CompletedProcess([], render.NOT_INSTALLED, b"", b""))
    with pytest.raises(PdfNotMade, match="Pango is missing"):
        rendered(page(""))


def test_the_renderer_notices_that_pango_is_missing(monkeypatch: Any, capsys: Any) -> None:
    class Broken:
        def find_spec(self, name: str, *_: Any) -> None:
            if name == "weasyprint":
                raise OSError("cannot load library 'libgobject-2.0-0'")

    monkeypatch.setattr(render, "_limit", lambda *_: None)
    monkeypatch.setattr(sys, "meta_path", [Broken(), *sys.meta_path])
    for name in [name for name in sys.modules if name.startswith("weasyprint")]:
        monkeypatch.delitem(sys.modules, name)
    assert render.main() == render.NOT_INSTALLED
    assert "libgobject" in capsys.readouterr().err


@pytest.mark.row("P4")
def test_the_child_has_limits_and_no_secrets() -> None:
    code = """
import resource, sys
sys.modules["weasyprint"] = None
from reports import render
try:
    render.main()
except ImportError:
    pass
print([resource.getrlimit(kind)[1] for kind in (resource.RLIMIT_CPU, resource.RLIMIT_AS, resource.RLIMIT_CORE)])
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=settings.BASE_DIR, check=True)
    assert done.stdout.strip() == str([render.CPU_SECONDS, render.MEMORY_BYTES, 0])
    assert not {"DATABASE_URL", "SECRET_KEY", "REDIS_URL"} & set(pdf.ENVIRONMENT)
