"""The printed casebook under attack: markup in texts, other ways out, a killed renderer, two directions of writing."""

from __future__ import annotations

import io
import os
import signal
import subprocess
import sys
import threading
import time
from typing import Any

import pypdf
import pytest
from django.conf import settings
from django.urls import reverse

from reports import pdf, render
from reports.pdf import PdfNotMade, casebook_html, casebook_pdf, rendered
from tests.abuse.conftest import write_everywhere
from tests.reports.test_pdf import _streams, page, text_of

#: "Muhammad Ali", "platelets 12", and the same with Arabic-Indic digits.
ARABIC = ("محمد علي", "صفائح ١٢", "Ward 3 محمد ١٢ end")


@pytest.mark.row("P1", "P3")
@pytest.mark.django_db
def test_markup_in_texts_is_printed_as_text(universe: Any) -> None:
    """Through the template, not only through the renderer: what a person typed loads nothing and lays out nothing."""
    typed = ('<img src="file:///etc/hostname"><td colspan=100000>' + "<div>" * 3
             + '<p style="font-size:100000px">' + "<link rel=attachment href=file:///etc/hostname>")  # fmt: skip
    write_everywhere(universe, "01", lambda place: typed)
    html = casebook_html(universe.responder)
    assert "<img src=" not in html
    assert "<td colspan=100000>" not in html
    body = rendered(html)
    assert "<td colspan=100000>" in text_of(body).replace(" colspan", " colspan")
    assert "/EmbeddedFile" not in body.decode("latin-1")
    with open("/etc/hostname", "rb") as hostname:
        secret = hostname.read().strip()
    assert len(secret) < 4 or secret not in b"".join(_streams(body))


@pytest.mark.row("P2")
def test_no_other_way_round_the_fetcher(monkeypatch: pytest.MonkeyPatch) -> None:
    """Version, base address, and the arguments that once ignored the fetcher: none is given."""
    import weasyprint

    given: dict[str, Any] = {}

    class Html:
        def __init__(self, **kwargs: Any) -> None:
            given.update(kwargs)

        def write_pdf(self, *arguments: Any, **kwargs: Any) -> bytes:
            given.update(kwargs, arguments=arguments)
            return b"%PDF-"

    monkeypatch.setattr(weasyprint, "HTML", Html)
    render.pdf_of("<p>x</p>")
    assert int(weasyprint.__version__.split(".")[0]) >= 70
    assert given["base_url"] == "packaged:"
    assert given["arguments"] == ()
    assert set(given) == {"string", "base_url", "url_fetcher", "media_type", "pdf_variant", "pdf_identifier", "arguments"}
    for address in ("http://127.0.0.1/", "https://x/", "ftp://x/", "file:///etc/hostname", "data:text/css,x", "packaged:../x"):
        with pytest.raises(ValueError, match="refused"):
            given["url_fetcher"].fetch(address)


@pytest.mark.row("P4")
@pytest.mark.fault
def test_the_limit_of_time_ends_the_child_and_nothing_else() -> None:
    """The kernel ends it by its processor time, whatever our own clock says."""
    program = "from reports import render; render.CPU_SECONDS = 1; render._limit(render.resource.RLIMIT_CPU, 1)\nwhile True: pass"
    done = subprocess.run([sys.executable, "-c", program], cwd=settings.BASE_DIR, check=False, timeout=30)
    assert -done.returncode in (signal.SIGXCPU, signal.SIGKILL)


@pytest.mark.row("P5")
@pytest.mark.fault
@pytest.mark.django_db
def test_a_killed_renderer_is_a_sentence_and_the_next_try_works(
    universe: Any, client_of: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A real child, killed with -9 while it works: 503, no half file, and nothing is left running or locked."""
    real, children = subprocess.Popen.__init__, []

    def remembered(self: Any, *arguments: Any, **kwargs: Any) -> None:
        real(self, *arguments, **kwargs)
        children.append(self)

    def kill_soon() -> None:
        deadline = time.monotonic() + 20
        while not children and time.monotonic() < deadline:
            time.sleep(0.01)
        os.kill(children[0].pid, signal.SIGKILL)

    url = reverse("casebook-pdf", args=[universe.responder.pk]) + "?purpose=analysis"
    client = client_of(universe.clara)
    with monkeypatch.context() as patched:
        patched.setattr(subprocess.Popen, "__init__", remembered)
        killer = threading.Thread(target=kill_soon)
        killer.start()
        answer = client.get(url)
        killer.join()
    assert answer.status_code == 503
    assert not answer.content.startswith(b"%PDF-")
    assert "try again" in answer.content.decode()
    assert children[0].returncode == -signal.SIGKILL
    again = client.get(url)
    assert again.status_code == 200
    assert again.content.startswith(b"%PDF-")


@pytest.mark.row("P5")
@pytest.mark.parametrize("output", [b"", b"%PD", b"<html>"])
def test_an_answer_that_is_no_pdf_is_not_handed_on(monkeypatch: pytest.MonkeyPatch, output: bytes) -> None:
    monkeypatch.setattr(pdf.subprocess, "run", lambda *_, **__: subprocess.CompletedProcess([], 0, output, b""))
    with pytest.raises(PdfNotMade):
        rendered(page(""))


@pytest.mark.row("P6")
def test_both_directions_of_writing_are_printed_with_embedded_fonts() -> None:
    body = rendered(page("".join(f"<p>{text}</p>" for text in ARABIC)))
    reader = pypdf.PdfReader(io.BytesIO(body))
    fonts = [font.get_object() for sheet in reader.pages for font in sheet["/Resources"]["/Font"].values()]
    assert fonts
    for font in fonts:
        descendants = font.get("/DescendantFonts", [font])
        descriptor = descendants[0].get_object()["/FontDescriptor"].get_object()
        assert {"/FontFile", "/FontFile2", "/FontFile3"} & set(descriptor), "every font is embedded"
        assert "/ToUnicode" in font, "and its glyphs can be read back"
    text = text_of(body)
    letters = {letter for typed in ARABIC for letter in typed if letter.strip()}
    assert not {letter for letter in letters if letter not in text}
    assert "\ufffd" not in text


@pytest.mark.row("P7")
@pytest.mark.django_db
def test_the_same_casebook_gives_the_same_bytes(universe: Any) -> None:
    """At the same moment; later only the printed time differs, and with it the identifier."""
    import time_machine
    from django.utils import timezone

    with time_machine.travel(timezone.now(), tick=False):
        first, second = (casebook_pdf(universe.screening).body for _ in range(2))
    assert first == second
