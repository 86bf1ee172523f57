"""Answers from a file: through the same form and action as the page, reconciled, nothing of a rejected row (RQ-61)."""

from __future__ import annotations

import csv
import hashlib
import io
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from casebook.models import FormRecord
from casebook.names import Names
from casebook.sentences import told
from itp_trial.models import AuditEntry
from itp_trial.permissions import access_of
from itp_trial.refusal import Refused
from reports import importing
from reports.csv_export import form_csv
from reports.files import file_by_slug
from reports.importing import import_form
from reports.models import ImportRun

PURPOSE = "Outage on 7 July"


@pytest.fixture(autouse=True)
def folder(settings: Any, tmp_path: Path) -> Path:
    settings.VAR_DIR = tmp_path / "var"
    return settings.VAR_DIR / "imports"


@pytest.fixture
def count(universe: Any) -> FormRecord:
    """An expected, empty blood count of the untreated child."""
    return universe.record(universe.untreated, "blood-count", "LOAD")


def line_of(record: FormRecord, universe: Any, **more: str) -> dict[str, str]:
    day = universe.today - timedelta(days=1)
    return {"record_id": str(record.pk), "done": "Y", "taken_at": f"{day} 00:01", "quality": "good", "platelets": "12",
            "haemoglobin": "", "haemoglobin_mr": "SL", "bleeding": "0", **more}  # fmt: skip


@pytest.fixture
def written(tmp_path: Path) -> Callable[..., Path]:
    """``written(line, line)``: a file with these lines."""

    def write(*lines: dict[str, str], name: str = "counts.csv", start: str = "") -> Path:
        text = io.StringIO()
        writer = csv.DictWriter(text, list(dict.fromkeys(key for line in lines for key in line)))
        writer.writeheader()
        writer.writerows(lines)
        file = tmp_path / name
        file.write_bytes((start + text.getvalue()).encode())
        return file

    return write


def read(path: Path, by: Any, slug: str = "blood-count", purpose: str = PURPOSE) -> ImportRun:
    return import_form(slug=slug, path=path, by=by, purpose=purpose).run


def version(record: FormRecord) -> int:
    return FormRecord.objects.get(pk=record.pk).version


@pytest.mark.requirement("RQ-61", "RQ-05")
def test_a_row_is_stored_as_the_page_would(universe: Any, count: FormRecord, written: Any, folder: Path) -> None:
    file = written(line_of(count, universe))
    run = read(file, universe.clara)
    assert (run.rows, run.stored, run.rejected) == (1, 1, [])
    fresh = FormRecord.objects.get(pk=count.pk)
    assert (fresh.version, fresh.status, fresh.saved_by) == (1, "complete", universe.clara)
    assert (fresh.crf().platelets, fresh.crf().missing) == (12, {"haemoglobin": "SL"})
    entry = AuditEntry.objects.get(record=count.pk, table_name="assessments_bloodcount")
    assert (entry.actor_id, entry.role, entry.reason) == (universe.clara.actor_id, "coordinator",
                                                          f"Imported from counts.csv: {PURPOSE}")  # fmt: skip
    digest = hashlib.sha256(file.read_bytes()).hexdigest()
    assert run.sha256 == digest
    assert (folder / f"{digest}-blood-count.csv").read_bytes() == file.read_bytes()
    assert [kept.name for kept in folder.iterdir()] == [f"{digest}-blood-count.csv"]
    assert str(run) == "counts.csv: 1 of 1 rows of blood-count"
    sentence = told(AuditEntry.objects.get(table_name="reports_importrun"), Names(FormRecord.objects.none())).sentence
    assert "read the file “counts.csv” into the form blood-count: 1 of 1 rows were stored" in sentence


@pytest.mark.requirement("RQ-61")
def test_our_own_file_comes_back(universe: Any, count: FormRecord, tmp_path: Path) -> None:
    """What the export writes the import reads: the exported line of one count fills another one."""
    body = form_csv(file_by_slug("blood-count"), access_of(universe.clara)).body.decode()
    rows = list(csv.DictReader(io.StringIO(body, newline="")))
    [row] = [row for row in rows if row["platelets"] == "12"]
    row |= {"record_id": str(count.pk), "participant": universe.untreated.number}
    file = tmp_path / "again.csv"
    with file.open("w", newline="", encoding="utf-8-sig") as opened:
        writer = csv.DictWriter(opened, list(row))
        writer.writeheader()
        writer.writerow(row)
    assert read(file, universe.clara).stored == 1
    source = universe.record(universe.responder, "blood-count", "LOAD").crf()
    assert FormRecord.objects.get(pk=count.pk).crf().answers() == source.answers()


@pytest.mark.requirement("RQ-61")
def test_rejected_rows_are_listed_with_every_reason_and_leave_nothing(universe: Any, count: FormRecord, written: Any) -> None:
    other = universe.record(universe.responder, "blood-count", "D13")
    bad = line_of(other, universe, platelets="9000", quality="purple", leukocytes="1e3")
    before = AuditEntry.objects.filter(record=other.pk).count()
    run = read(written(bad, line_of(count, universe)), universe.clara)
    assert (run.rows, run.stored) == (2, 1)
    [rejected] = run.rejected
    assert rejected["line"] == 2
    assert len(rejected["reasons"]) == 3
    assert any(reason.startswith("Quality of the sample: Please choose") for reason in rejected["reasons"])
    assert any(reason.startswith("Platelets: 9000 is not possible") for reason in rejected["reasons"])
    assert version(other) == 0
    assert AuditEntry.objects.filter(record=other.pk).count() == before


REJECTED: dict[str, tuple[dict[str, str], str]] = {
    "a form that does not exist": ({"record_id": "0b1c5b9e-0000-4000-8000-000000000000"}, "There is no such form."),
    "no form at all": ({"record_id": "", "participant": "", "visit_code": ""}, "No forms of nobody at the visit – fit."),
    "another child": ({"participant": "01-999-X"}, "the row to 01-999-X."),
    "a reason that is none": ({"haemoglobin_mr": "XX"}, "Haemoglobin: Please choose one of the listed reasons"),
}


@pytest.mark.parametrize(("more", "said"), REJECTED.values(), ids=REJECTED)
def test_a_row_that_fits_nowhere_is_rejected(universe: Any, count: FormRecord, written: Any, more: Any, said: str) -> None:
    run = read(written(line_of(count, universe, **more)), universe.clara)
    assert run.stored == 0
    assert said in run.rejected[0]["reasons"][0]
    assert version(count) == 0


@pytest.mark.requirement("RQ-61", "RQ-23")
def test_the_rights_of_the_person_decide(universe: Any, count: FormRecord, written: Any) -> None:
    foreign = universe.record(universe.foreign, "blood-count", "D13")
    run = read(written(line_of(count, universe), line_of(foreign, universe)), universe.clara)
    assert run.stored == 1
    assert run.rejected == [{"line": 3, "reasons": ["Clara Naguib may not enter data at site 02."]}]
    run = read(written(line_of(foreign, universe), name="second.csv"), universe.dana)
    assert run.stored == 0, "the data manager enters nothing"


@pytest.mark.requirement("RQ-61")
def test_only_empty_forms_are_filled_and_each_once(universe: Any, count: FormRecord, written: Any) -> None:
    full = universe.record(universe.responder, "blood-count", "D3")
    run = read(
        written(line_of(full, universe), line_of(count, universe), line_of(count, universe, platelets="13")), universe.clara
    )
    assert run.stored == 1
    assert [row["line"] for row in run.rejected] == [2, 4]
    assert all("holds answers already" in row["reasons"][0] for row in run.rejected)
    assert (version(full), version(count)) == (1, 1)
    assert FormRecord.objects.get(pk=count.pk).crf().platelets == 12


@pytest.mark.requirement("RQ-61")
def test_the_same_file_again_is_refused(universe: Any, count: FormRecord, written: Any) -> None:
    file = written(line_of(count, universe))
    read(file, universe.clara)
    with pytest.raises(Refused, match=r"was read already, .* by Clara Naguib: 1 of 1 rows were stored"):
        read(file, universe.ines)
    assert ImportRun.objects.count() == 1


def test_without_its_key_a_form_is_found_by_child_and_visit(universe: Any, count: FormRecord, written: Any) -> None:
    line = line_of(count, universe) | {"participant": universe.untreated.screening_number, "visit_code": "LOAD"}
    del line["record_id"]
    assert read(written(line), universe.clara).stored == 1
    assert version(count) == 1


def test_a_refusal_of_the_action_rejects_the_row(universe: Any, count: FormRecord, written: Any, monkeypatch: Any) -> None:
    def refuse(**_: Any) -> None:
        raise Refused("This record takes no entries now.")

    monkeypatch.setattr(importing, "save_form", refuse)
    run = read(written(line_of(count, universe)), universe.clara)
    assert run.rejected == [{"line": 2, "reasons": ["This record takes no entries now."]}]


@pytest.mark.requirement("RQ-61")
def test_rows_that_do_not_add_up_store_nothing(universe: Any, count: FormRecord, written: Any, monkeypatch: Any) -> None:
    monkeypatch.setattr(importing, "_store", lambda row, targets, granted, by: count)
    with pytest.raises(Refused, match="1 rows came, but 0 are stored and 0 rejected"):
        read(written(line_of(count, universe)), universe.clara)
    assert not ImportRun.objects.exists()


@pytest.mark.requirement("RQ-61")
def test_a_source_file_that_cannot_be_kept_stops_everything(
    universe: Any, count: FormRecord, written: Any, monkeypatch: Any
) -> None:
    monkeypatch.setattr(Path, "replace", lambda self, target: target.write_bytes(b"torn"))
    with pytest.raises(Refused, match="could not be kept"):
        read(written(line_of(count, universe)), universe.clara)
    assert version(count) == 0


WHOLE: dict[str, tuple[dict[str, Any], str]] = {
    "an unknown column": ({"more": {"plateletes": "3"}}, "Not columns of this form: plateletes"),
    "no answer": ({"only": {"record_id": "x", "site": "01"}}, "No column holds an answer"),
    "no key": ({"only": {"platelets": "3", "participant": "x"}}, "needs the column record_id"),
    "an unknown form": ({"slug": "no-form"}, "There is no form “no-form”"),
    "no purpose": ({"purpose": " "}, "what the import is for"),
    "latin-1": ({"body": "record_id,platelets\nä,3\n".encode("latin-1")}, "no CSV file in UTF-8"),
    "a column twice": ({"body": b"record_id,platelets,platelets\nx,3,4\n"}, "stand there twice: platelets"),
    "an open quote": ({"body": b'record_id,platelets\nx,"3\n'}, "no CSV file"),
    "nothing": ({"body": b""}, "No column holds an answer"),
    "no file": ({"path": "missing.csv"}, "There is no file"),
}


@pytest.mark.parametrize(("how", "said"), WHOLE.values(), ids=WHOLE)
def test_a_file_that_cannot_be_read_as_a_whole(universe: Any, count: FormRecord, written: Any, tmp_path: Path, folder: Path,
                                               how: dict[str, Any], said: str) -> None:  # fmt: skip
    file = written(how.get("only") or line_of(count, universe, **how.get("more", {})))
    if "body" in how:
        file.write_bytes(how["body"])
    path = tmp_path / how["path"] if "path" in how else file
    with pytest.raises(Refused, match=said):
        read(path, universe.clara, how.get("slug", "blood-count"), how.get("purpose", PURPOSE))
    assert version(count) == 0
    assert not ImportRun.objects.exists()
    assert not folder.exists()


def test_a_file_has_a_limit(universe: Any, count: FormRecord, written: Any, monkeypatch: Any) -> None:
    monkeypatch.setattr(importing, "LARGEST", 10)
    with pytest.raises(Refused, match="larger than 0 MB"):
        read(written(line_of(count, universe)), universe.clara)


def test_a_short_line_is_not_filled_up_with_nothing(universe: Any, count: FormRecord, tmp_path: Path) -> None:
    file = tmp_path / "short.csv"
    file.write_text(f"record_id,done,why_not\n{count.pk},N\n")
    assert read(file, universe.clara).stored == 1
    assert FormRecord.objects.get(pk=count.pk).status == "incomplete", "why not is still to be said"


# --- the command ------------------------------------------------------------------------------------------------------------


def ran(*arguments: str) -> tuple[int, str]:
    out = io.StringIO()
    try:
        call_command("import_form", *arguments, stdout=out)
    except SystemExit as end:
        return int(end.code or 0), out.getvalue()
    return 0, out.getvalue()


@pytest.mark.requirement("RQ-61")
def test_the_command_says_what_it_did(universe: Any, count: FormRecord, written: Any) -> None:
    good = written(line_of(count, universe))
    code, said = ran("blood-count", str(good), "--by", "clara", "--purpose", PURPOSE)
    assert code == 0
    assert "1 rows: 1 stored, 0 rejected." in said
    assert hashlib.sha256(good.read_bytes()).hexdigest() in said
    code, said = ran("blood-count", str(written(line_of(count, universe, platelets="14"), name="b.csv")), "--by", "clara",
                     "--purpose", PURPOSE)  # fmt: skip
    assert code == 1
    assert "Line 2 rejected: This form holds answers already." in said
    with pytest.raises(CommandError, match="was read already"):
        ran("blood-count", str(good), "--by", "clara", "--purpose", PURPOSE)
    with pytest.raises(CommandError, match="Nobody is called nobody"):
        ran("blood-count", str(good), "--by", "nobody", "--purpose", PURPOSE)
