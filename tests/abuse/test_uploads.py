"""Files and XML that nobody asked for (W9, W15)."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db.models import FileField
from django.test import Client
from django.urls import reverse

from casebook.models import FormRecord
from itp_trial.models import User
from tests.conformance.document import Document
from tests.input.conftest import count_of

pytestmark = pytest.mark.django_db

# --- W9, W15 ----------------------------------------------------------------------------------------------------------


@pytest.mark.row("W9")
def test_the_only_place_for_a_file_is_that_of_a_photo(universe: Any, client_of: Callable[[User], Client]) -> None:
    """What becomes of a photo stands in ``tests/identity/test_photos.py``."""
    assert not [field for model in apps.get_models() for field in model._meta.fields if isinstance(field, FileField)]
    client, inputs = client_of(universe.clara), []
    for name, address in _pages(universe):
        page = Document(client.get(address).content.decode())
        inputs += [name for element in page.all("input", "form")
                   if element.attrs.get("type") == "file" or "multipart" in element.attrs.get("enctype", "")]  # fmt: skip
    assert inputs == ["beside a question"] * 2, "one form, one input"
    assert settings.DATA_UPLOAD_MAX_MEMORY_SIZE <= 1024 * 1024
    assert settings.DATA_UPLOAD_MAX_NUMBER_FIELDS <= 1000
    assert settings.DATA_UPLOAD_MAX_NUMBER_FILES == 1
    assert settings.FILE_UPLOAD_HANDLERS == ["itp_trial.uploads.InMemory"], "no file touches the disk"


def _pages(universe: Any) -> Iterator[tuple[str, str]]:
    record = universe.record(universe.untreated, "blood-count", "LOAD")
    yield "beside a question", reverse("item-history", args=[record.pk, "platelets"])
    yield from [("record", reverse("record", args=[record.pk])), ("visits", reverse("visits", args=[universe.untreated.pk])),
                ("end", reverse("end-participation", args=[universe.responder.pk])), ("screen", reverse("screen"))]  # fmt: skip


#: The name of the file, and what is in it.
UPLOADS = {
    "a page that calls itself a picture": ("x.png", b"<html><script>evil()</script>"),
    "a drawing with a script": ("x.svg", b"<svg onload='evil()'/>"), "a way out": ("../../../../tmp/evil", b"x"),
    "a bomb": ("x.zip", b"PK\x03\x04" + b"\x00" * 10_000), "a program": ("x.py", b"import os"),
}  # fmt: skip


@pytest.mark.row("W9")
@pytest.mark.parametrize(("filename", "content"), UPLOADS.values(), ids=UPLOADS)
def test_a_file_that_is_sent_is_kept_nowhere(
    universe: Any, client_of: Callable[[User], Client], tmp_path: Path, filename: str, content: bytes
) -> None:
    settings.FILE_UPLOAD_TEMP_DIR = str(tmp_path)
    record = universe.record(universe.untreated, "blood-count", "LOAD")
    file = SimpleUploadedFile(filename, content, "image/png")
    client = client_of(universe.clara)
    answer = client.post(reverse("record", args=[record.pk]), {**count_of(universe.untreated.enrolled_on), "platelets": file})
    assert answer.status_code in (302, 422)
    stored = FormRecord.objects.get(pk=record.pk)
    assert stored.version == 0 or stored.crf().platelets is None
    raw = client.generic("PUT", reverse("api-record", args=[record.pk]), content, "image/png")
    assert raw.status_code == 415
    assert not list(tmp_path.iterdir())
    del settings.FILE_UPLOAD_TEMP_DIR


BOMB = '<?xml version="1.0"?><!DOCTYPE b [<!ENTITY a "aaaa"><!ENTITY c "&a;&a;"><!ENTITY f SYSTEM "file:///etc/hostname">]><b>&c;&f;</b>'


@pytest.mark.row("W15")
@pytest.mark.parametrize("kind", ["application/xml", "text/xml", "image/svg+xml", "application/json"])
def test_nothing_reads_xml(universe: Any, client_of: Callable[[User], Client], kind: str) -> None:
    record = universe.record(universe.untreated, "blood-count", "LOAD")
    answer = client_of(universe.clara).generic("PUT", reverse("api-record", args=[record.pk]), BOMB, kind)
    assert answer.status_code == (400 if kind.endswith("json") else 415)


@pytest.mark.row("W15")
def test_no_code_of_ours_parses_xml() -> None:
    ours = [path for app in settings.INSTALLED_APPS if (settings.BASE_DIR / app).is_dir() and "." not in app
            for path in (settings.BASE_DIR / app).rglob("*.py")]  # fmt: skip
    assert len(ours) > 100
    parsers = re.compile(r"^\s*(?:import|from)\s+(?:xml(?!\.sax\.saxutils)|lxml|defusedxml|xmltodict|bs4|html5lib)\b", re.M)
    assert not [str(path) for path in ours if parsers.search(path.read_text())]
