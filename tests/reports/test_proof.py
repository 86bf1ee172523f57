"""RQ-07: the trail behind every file is verified when it leaves, and a broken one is called so."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from itp_trial import verification
from itp_trial.models import AccessEntry, AuditEntry

pytestmark = [pytest.mark.django_db, pytest.mark.requirement("RQ-07")]

FILES = ("form-csv", "casebook-csv", "casebook-pdf", "trail-csv", "participant-trail-csv",
         "api-form-csv", "api-casebook-csv", "api-casebook-pdf", "api-trail-csv", "api-participant-trail-csv")  # fmt: skip


@pytest.fixture(autouse=True)
def no_printing(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in ("pdf", "site_copy"):
        monkeypatch.setattr(f"reports.{module}.rendered", lambda *_: b"%PDF-")


@pytest.fixture
def broken(universe: Any, monkeypatch: pytest.MonkeyPatch) -> AuditEntry:
    """As if somebody had changed one entry of the responder."""
    entry = AuditEntry.objects.filter(chain=str(universe.responder.pk)).latest("pk")
    holds = verification.witness.holds
    monkeypatch.setattr(verification.witness, "holds", lambda w, at, *said: at != entry.at and holds(w, at, *said))
    return entry


def address(name: str, child: Any) -> str:
    of_form = {"form-csv": ["blood-count"], "api-form-csv": ["blood-count"]}
    of_all = ("trail-csv", "api-trail-csv")
    return reverse(name, args=of_form.get(name, [] if name in of_all else [child.pk])) + "?purpose=analysis"


def test_every_file_says_that_its_trail_is_whole(universe: Any, client_of: Callable[[Any], Client]) -> None:
    client = client_of(universe.clara)
    for name in FILES:
        answer = client.get(address(name, universe.responder))
        assert answer.status_code == 200, name
        assert answer.headers["X-Trail"].startswith("unbroken; "), name
        assert "BROKEN" not in answer.headers["Content-Disposition"], name
    assert not AccessEntry.objects.filter(what__contains="BROKEN").exists()
    of_one = client.get(address("casebook-csv", universe.responder)).headers["X-Trail"]
    entries = AuditEntry.objects.filter(chain=str(universe.responder.pk)).count()
    assert of_one.startswith(f"unbroken; {entries} entries; digest ")


def test_a_file_of_a_broken_trail_is_called_so(universe: Any, client_of: Callable[[Any], Client], broken: AuditEntry) -> None:
    client = client_of(universe.clara)
    for name in FILES:
        answer = client.get(address(name, universe.responder))
        assert answer.status_code == 200, "a hospital keeps access to its own data"
        assert answer.headers["X-Trail"].startswith("BROKEN in 1 places; "), name
        assert 'filename="TRAIL-BROKEN-' in answer.headers["Content-Disposition"], name
        line = AccessEntry.objects.latest("pk")
        assert line.what.endswith(", TRAIL-BROKEN"), name
    untouched = client.get(address("casebook-csv", universe.untreated))
    assert untouched.headers["X-Trail"].startswith("unbroken; "), "another child's chain is whole"


def test_a_copy_names_the_broken_place(universe: Any, client_of: Callable[[Any], Client], broken: AuditEntry) -> None:
    answer = client_of(universe.ines).post(reverse("download-copy"), {"site": "01", "purpose": "site-copy"})
    assert 'filename="TRAIL-BROKEN-site-01' in answer.headers["Content-Disposition"]
    trail = json.loads(zipfile.ZipFile(io.BytesIO(answer.content)).read("manifest.json"))["trail"]
    assert trail["state"] == "broken"
    [place] = trail["broken"]
    assert f"entry {broken.pk} " in place


def test_a_whole_copy_says_so(universe: Any, client_of: Callable[[Any], Client]) -> None:
    answer = client_of(universe.ines).post(reverse("download-copy"), {"site": "01", "purpose": "site-copy"})
    trail = json.loads(zipfile.ZipFile(io.BytesIO(answer.content)).read("manifest.json"))["trail"]
    assert (trail["state"], trail["broken"]) == ("unbroken", [])
    chains = AuditEntry.objects.filter(site="01").values("chain").distinct()
    assert trail["entries"] >= AuditEntry.objects.filter(chain__in=chains).exclude(chain="trial").count()
