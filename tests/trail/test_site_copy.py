"""The site's own copy of its data: complete, provable, and acknowledged (RQ-20, RQ-24, RQ-25)."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import zipfile
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import IntegrityError, transaction
from django.urls import reverse
from django.utils import timezone

from casebook.crf import crf_models
from casebook.models import FormRecord, Participant
from casebook.names import Names
from casebook.sentences import told
from demo.people import PASSWORD
from itp_trial.access_log import Kind
from itp_trial.actor import acting
from itp_trial.models import AccessEntry, AuditEntry
from reports import site_copy as copies
from reports.files import form_files
from reports.models import SiteCopy
from reports.pdf import PdfNotMade
from tests.trail.conftest import last_entry
from tests.universe import signed_role

TAKE = {"site": "01", "purpose": "site-copy"}


@pytest.fixture(autouse=True)
def no_printing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("reports.site_copy.rendered", lambda html, seconds: b"%PDF-" + hashlib.sha256(html.encode()).digest())


def opened(body: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(body)) as archive:
        assert archive.testzip() is None
        return {name: archive.read(name) for name in archive.namelist()}


def rows(body: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(body.decode(), newline="")))


@pytest.fixture
def taken(universe: Any, client_of: Any) -> Callable[..., Any]:
    """``taken(user, **posted)``: the answer to a person who takes a copy."""
    return lambda user=universe.clara, **more: client_of(user).post(reverse("download-copy"), TAKE | more)


@pytest.fixture
def archive(taken: Any, tmp_path: Path) -> Path:
    file = tmp_path / "copy.zip"
    file.write_bytes(taken().content)
    return file


@pytest.mark.requirement("RQ-24", "RQ-20")
def test_one_click_gives_everything_of_the_own_site(universe: Any, taken: Any) -> None:
    answer = taken()
    assert (answer.status_code, answer["Content-Type"]) == (200, "application/zip")
    files = opened(answer.content)
    assert set(files) == {
        "manifest.json",
        "README.txt",
        "codebook.csv",
        "signatures.csv",
        "01-trail.csv",
        *(f"{f.slug}.csv" for f in form_files()),
    }
    for crf in crf_models():
        stored = {str(key) for key in crf.objects.filter(record__site=universe.s1).values_list("pk", flat=True)}
        assert {row["record_id"] for row in rows(files[f"{crf.slug}.csv"])} == stored
    trail = rows(files["01-trail.csv"])
    assert {row["site"] for row in trail} == {"01"}
    chains = {row["chain"]: row for row in trail}
    assert {str(child.pk) for child in Participant.objects.filter(site=universe.s1)} <= set(chains)
    assert str(universe.foreign.pk) not in answer.content.decode("latin-1")


@pytest.mark.requirement("RQ-24")
def test_the_copy_holds_what_else_stays_at_the_site(universe: Any, taken: Any) -> None:
    """It is the site's own: nothing that the site entered is missing in it."""
    files = opened(taken().content)
    screening = universe.record(universe.responder, "screening", "SCREEN").crf()
    [row] = [row for row in rows(files["screening.csv"]) if row["record_id"] == str(screening.pk)]
    assert row["birth_date"] == screening.birth_date.isoformat()
    assert row["age_years"]
    assert row["birth_date_mr"] == ""


@pytest.mark.requirement("RQ-20")
def test_the_manifest_can_be_counted_and_hashed_again(universe: Any, taken: Any) -> None:
    before = timezone.now()
    answer = taken(purpose="other", purpose_text="Close-out")
    files = opened(answer.content)
    manifest = json.loads(files["manifest.json"])
    assert (manifest["site"], manifest["made_by"], manifest["purpose"]) == ("01", "Clara Naguib (clara)", "Other: Close-out")
    assert manifest["software_version"]
    assert manifest["data_as_of"] >= before.isoformat()
    assert answer["X-Manifest-SHA256"] == hashlib.sha256(files["manifest.json"]).hexdigest()
    listed = {entry["file"]: entry for entry in manifest["files"]}
    assert set(listed) == set(files) - {"manifest.json"}
    for name, entry in listed.items():
        assert entry["sha256"] == hashlib.sha256(files[name]).hexdigest()
        assert entry["bytes"] == len(files[name])
        if name.endswith(".csv"):
            assert entry["rows"] == len(rows(files[name]))


@pytest.mark.requirement("RQ-24", "RQ-15")
def test_taking_it_is_recorded_with_its_purpose(universe: Any, taken: Any) -> None:
    answer = taken()
    copy = SiteCopy.objects.get()
    assert (copy.site, copy.made_by, copy.purpose) == (universe.s1, universe.clara, "Site copy")
    assert copy.manifest_hash == answer["X-Manifest-SHA256"]
    assert (copy.files, copy.has_pdfs) == (len(form_files()) + 4, False)
    [entry] = AccessEntry.objects.filter(kind=Kind.EXPORT)
    assert (entry.site, entry.purpose) == ("01", "Site copy")
    assert str(copy.rows) in entry.what
    told_of = told(last_entry(table_name="reports_sitecopy"), Names(FormRecord.objects.none())).sentence
    assert "Clara Naguib (site coordinator) took a copy of the data of site 01 (" in told_of
    assert str(copy).startswith("Copy for site 01, ")


def test_without_a_purpose_there_is_no_copy(universe: Any, taken: Any, client_of: Any) -> None:
    answer = taken(purpose="")
    assert answer["Location"] == reverse("my-data")
    assert not SiteCopy.objects.exists()


@pytest.mark.requirement("RQ-24")
@pytest.mark.parametrize("who", ["milo", "dana", "nora", "pia", "adam", "sami"])
def test_only_the_site_takes_its_copy(universe: Any, taken: Any, who: str) -> None:
    """No consent of the sponsor is asked, and the sponsor gets none."""
    assert taken(getattr(universe, who)).status_code == 403
    assert not SiteCopy.objects.exists()


def test_another_site_does_not_exist(universe: Any, taken: Any) -> None:
    assert taken(universe.otto).status_code == 404
    assert taken(universe.otto, site="").status_code == 404


@pytest.mark.requirement("RQ-24")
def test_pdfs_on_request(universe: Any, taken: Any) -> None:
    files = opened(taken(pdfs="on").content)
    children = Participant.objects.filter(site=universe.s1)
    assert {name for name in files if name.endswith(".pdf")} == {f"casebooks/{child.number}.pdf" for child in children}
    assert SiteCopy.objects.get().has_pdfs


def test_pdfs_that_were_not_ready_are_named(universe: Any, taken: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def late(html: str, seconds: int) -> bytes:
        raise PdfNotMade("Too long.")

    monkeypatch.setattr("reports.site_copy.rendered", late)
    manifest = json.loads(opened(taken(pdfs="on").content)["manifest.json"])
    assert len(manifest["pdfs_not_made"]) == 3
    assert manifest["pdfs_not_made"][0].endswith(": Too long.")
    monkeypatch.setattr("reports.site_copy.PDF_SECONDS", 0)
    manifest = json.loads(opened(taken(pdfs="on").content)["manifest.json"])
    assert all("The time for PDFs was over." in line for line in manifest["pdfs_not_made"])
    assert not SiteCopy.objects.filter(has_pdfs=True).exists()


@pytest.mark.django_db(transaction=True)
def test_all_files_show_one_moment(transactional_universe: Any) -> None:
    """What is saved while the copy is made is in none of its files, or in all."""
    universe = transactional_universe
    made = copies.site_copy(universe.s1, by=universe.clara, purpose="test", with_pdfs=False)
    assert json.loads(opened(made.body)["manifest.json"]) == made.manifest
    assert made.rows > 0
    from django.db import connection

    with transaction.atomic():
        copies._one_moment()
        with connection.cursor() as cursor:
            cursor.execute("SHOW transaction_isolation")
            assert cursor.fetchone() == ("repeatable read",)


# --- verify_copy ------------------------------------------------------------------------------------------------------------


def verified(file: Path, *more: str) -> tuple[int, str]:
    out = io.StringIO()
    try:
        call_command("verify_copy", str(file), *more, stdout=out)
    except SystemExit as end:
        return int(end.code or 0), out.getvalue()
    return 0, out.getvalue()


def rewritten(file: Path, change: Callable[[dict[str, bytes]], None]) -> Path:
    files = opened(file.read_bytes())
    change(files)
    with zipfile.ZipFile(file, "w") as archive:
        for name, body in files.items():
            archive.writestr(name, body)
    return file


@pytest.mark.requirement("RQ-20", "RQ-24")
def test_an_untouched_copy_is_complete(archive: Path) -> None:
    code, said = verified(archive)
    assert code == 0, said
    assert ": complete." in said
    assert "made by Clara Naguib; no receipt yet." in said


def _shorter(files: dict[str, bytes]) -> None:
    files["blood-count.csv"] = b"\r\n".join(files["blood-count.csv"].split(b"\r\n")[:-2]) + b"\r\n"


def _another_value(files: dict[str, bytes]) -> None:
    files["blood-count.csv"] = files["blood-count.csv"].replace(b",60,", b",61,")


CHANGES: dict[str, tuple[Callable[[dict[str, bytes]], Any], str]] = {
    "a value": (_another_value, "blood-count.csv was changed"),
    "a missing row": (_shorter, "the manifest says"),
    "a missing file": (lambda files: files.pop("codebook.csv"), "codebook.csv is missing."),
    "a further file": (lambda files: files.update(extra=b"x"), "extra is not in the manifest."),
    "no manifest": (lambda files: files.pop("manifest.json"), "no readable copy"),
    "a broken manifest": (lambda files: files.update({"manifest.json": b"{}"}), "no readable copy"),
    "a manifest of somebody else": (
        lambda files: files.update({"manifest.json": files["manifest.json"] + b" "}), "This system made no copy"),
}  # fmt: skip


@pytest.mark.requirement("RQ-20")
@pytest.mark.parametrize(("change", "said"), CHANGES.values(), ids=CHANGES)
def test_any_difference_is_named(archive: Path, change: Callable[[dict[str, bytes]], None], said: str) -> None:
    code, text = verified(rewritten(archive, change))
    assert code == 1
    assert said in text


def test_what_is_no_archive_is_said(archive: Path, tmp_path: Path) -> None:
    archive.write_bytes(archive.read_bytes()[:-200])
    assert verified(archive)[0] == 1
    with pytest.raises(CommandError, match="There is no file"):
        call_command("verify_copy", str(tmp_path / "nothing.zip"))


def test_a_file_twice_and_a_bomb_are_noticed(archive: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with zipfile.ZipFile(archive, "a") as opened_, pytest.warns(UserWarning, match="Duplicate name"):
        opened_.writestr("codebook.csv", b"x")
    assert "codebook.csv stands in the archive twice." in verified(archive)[1]
    monkeypatch.setattr(copies, "MOST_BYTES", 10)
    assert "larger than any copy of ours" in verified(archive)[1]


def test_elsewhere_the_database_is_not_asked(archive: Path) -> None:
    with acting_as_nobody():
        code, said = verified(archive, "--elsewhere")
    assert code == 0, said
    assert "receipt" not in said


def acting_as_nobody() -> Any:
    from django.test.utils import CaptureQueriesContext

    class NoQuery(CaptureQueriesContext):
        def __exit__(self, *args: Any) -> None:
            super().__exit__(*args)
            assert len(self) == 0

    from django.db import connection

    return NoQuery(connection)


# --- the receipt ------------------------------------------------------------------------------------------------------------


@pytest.fixture
def copy(taken: Any) -> SiteCopy:
    taken()
    return SiteCopy.objects.get()


def acknowledged(client: Any, copy: SiteCopy, password: str = PASSWORD) -> Any:
    return client.post(reverse("receive-copy", args=[copy.pk]), {"password": password})


@pytest.mark.requirement("RQ-25")
def test_the_site_acknowledges_with_the_password_once_more(universe: Any, copy: SiteCopy, client_of: Any, archive: Path) -> None:
    client = client_of(universe.ines)
    assert copy.manifest_hash in client.get(reverse("my-data")).content.decode()
    acknowledged(client, copy)
    copy.refresh_from_db()
    assert (copy.received_by, copy.received_name) == (universe.ines, "Ines Farouk (ines)")
    assert timezone.now() - copy.received_at < timedelta(minutes=1)
    entry = AuditEntry.objects.filter(table_name="reports_sitecopy", operation="UPDATE").get()
    assert (entry.actor_id, entry.reason) == (universe.ines.actor_id, "Copy received by the site")
    assert "acknowledged that site 01 holds the copy of its data" in told(entry, Names(FormRecord.objects.none())).sentence
    assert "Received: Ines Farouk" in client.get(reverse("my-data")).content.decode()
    known = SiteCopy.objects.latest("pk")
    with acting(universe.ines):
        SiteCopy.objects.filter(pk=known.pk).update(received_at=timezone.now(), received_by=universe.ines, received_name="Ines")
    assert "received by Ines on " in verified(archive)[1]


@pytest.mark.requirement("RQ-25")
def test_a_wrong_password_acknowledges_nothing(universe: Any, copy: SiteCopy, client_of: Any) -> None:
    client = client_of(universe.ines)
    acknowledged(client, copy, "not-my-password")
    copy.refresh_from_db()
    assert copy.received_at is None
    assert "message error" in client.get(reverse("my-data")).content.decode()


def test_a_receipt_is_given_once_and_by_an_investigator_of_the_site(universe: Any, copy: SiteCopy, client_of: Any) -> None:
    assert acknowledged(client_of(universe.clara), copy).status_code == 403
    assert acknowledged(client_of(universe.omar), copy).status_code == 404
    assert acknowledged(client_of(universe.dana), copy).status_code == 403
    acknowledged(client_of(universe.hana), copy)
    acknowledged(client_of(universe.ines), copy)
    copy.refresh_from_db()
    assert copy.received_by == universe.hana


def test_the_database_wants_both_or_none(universe: Any, copy: SiteCopy) -> None:
    with pytest.raises(IntegrityError), acting(universe.ines), transaction.atomic():
        SiteCopy.objects.filter(pk=copy.pk).update(received_at=timezone.now())


def test_the_page_of_somebody_with_two_sites(universe: Any, client_of: Any) -> None:
    signed_role(universe.clara, "coordinator", universe.s2, universe.today)
    html = client_of(universe.clara).get(reverse("my-data")).content.decode()
    assert '<option value="02">' in html
    assert "No copy was taken yet." in html
    assert '<option value="site-copy" selected>' in html
