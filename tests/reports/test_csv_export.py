"""CSV of every form, of one casebook, and the codebook: complete, exact, and nothing of another site."""

from __future__ import annotations

import csv
import hashlib
import io
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from casebook.actions import add_log_record, confirm_finding
from casebook.crf import crf_models
from casebook.models import FormRecord
from itp_trial.formulas import FORMULA_STARTS
from itp_trial.permissions import access_of
from reports.cells import is_coded
from reports.csv_export import casebook_csv, codebook_csv, form_csv, participants_csv
from reports.files import file_by_slug, form_files
from reports.selectors import casebook_of, exportable_participants

FILES = {file.slug: file for file in form_files()}


def lines(body: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(body.decode("utf-8-sig"), newline="")))


def exported(slug: str, user: Any, **options: Any) -> list[dict[str, str]]:
    return lines(form_csv(FILES[slug], access_of(user), **options).body)


def queries(action: Any) -> int:
    with CaptureQueriesContext(
        connection,
    ) as seen:
        action()
    return len(seen)


def test_every_form_and_every_kind_of_row_is_a_file() -> None:
    models = [model for crf in crf_models() for model in (crf, *crf.row_models)]
    assert [file.model for file in form_files()] == models
    with pytest.raises(LookupError):
        file_by_slug("no-form")


@pytest.mark.parametrize("slug", FILES)
def test_every_item_has_its_columns_and_no_two_are_called_the_same(slug: str, logged: Any) -> None:
    file = FILES[slug]
    header = next(csv.reader(io.StringIO(form_csv(file, access_of(logged.dana)).body.decode())))
    wanted = set()
    for name, item in file.model.items().items():
        shown = file.model.not_exported[name].name if name in file.model.not_exported else name
        wanted |= {shown} | ({f"{name}_label"} if is_coded(item) else set()) | (set() if item.derived else {f"{shown}_mr"})
    assert wanted <= set(header)
    assert len(header) == len(set(header))


@pytest.mark.parametrize("slug", FILES)
def test_every_stored_value_stands_in_the_file(slug: str, logged: Any) -> None:
    file = FILES[slug]
    rows = exported(slug, logged.dana)
    stored = {str(row.pk): row for row in file.model.objects.all()}
    # A form that this trial has not entered is a head alone; tests/conformance enters every form.
    assert {row["row_id" if file.is_rows else "record_id"] for row in rows} == set(stored)
    for row in rows:
        sheet = stored[row["row_id" if file.is_rows else "record_id"]]
        for name, item in file.model.items().items():
            if name not in file.model.not_exported:
                assert row[name] == item.exported(getattr(sheet, item.attname))
            if f"{name}_label" in row:
                assert row[f"{name}_label"] == item.display(getattr(sheet, name))
            if f"{name}_mr" in row:
                assert row[f"{name}_mr"] == sheet.missing.get(name, "")


def test_a_line_says_whose_and_which(logged: Any) -> None:
    [row] = [row for row in exported("blood-count", logged.clara) if row["visit_code"] == "D3"]
    record = FormRecord.objects.get(pk=row["record_id"])
    assert (row["participant"], row["site"]) == (logged.responder.subject_number, "01")
    assert (row["visit_title"], row["visit_date"]) == ("Count day 3", record.visit.happened_on.isoformat())
    assert (row["record_status"], row["record_version"], row["saved_by"]) == ("complete", "1", "clara")
    assert (row["platelets"], row["quality"], row["quality_label"]) == ("60", "good", "Good")
    assert row["taken_at"].endswith(("+02:00", "+03:00"))


def test_a_missing_value_says_why(logged: Any) -> None:
    assert "SL" in {row["haemoglobin_mr"] for row in exported("blood-count", logged.clara)}


def test_the_birth_date_stays_at_the_site(logged: Any) -> None:
    rows = exported("screening", logged.dana)
    assert not [name for name in rows[0] if "birth_date" in name]
    assert {row["age_years"] for row in rows} <= {str(age) for age in range(1, 11)}
    born = FormRecord.objects.get(form="screening", participant=logged.responder).crf().birth_date.isoformat()
    files = [form_csv(file, access_of(logged.dana)) for file in form_files()]
    assert not [file.name for file in [*files, casebook_csv(casebook_of(logged.responder))] if born.encode() in file.body]


@pytest.mark.row("A9")
@pytest.mark.parametrize("slug", FILES)
def test_a_file_holds_the_own_sites_only(slug: str, logged: Any) -> None:
    mine, all_rows = exported(slug, logged.clara), exported(slug, logged.dana)
    assert {row["site"] for row in mine} <= {"01"}
    assert [row for row in all_rows if row["site"] == "01"] == mine


@pytest.mark.row("A9")
def test_nobody_without_the_right_gets_a_row(logged: Any) -> None:
    assert not exported("blood-count", logged.pia)
    assert not exported("blood-count", logged.adam)


def test_one_participant_only(logged: Any) -> None:
    rows = exported("blood-count", logged.dana, participant=logged.responder)
    assert {row["participant"] for row in rows} == {logged.responder.number}


@pytest.mark.row("W5")
def test_the_file_for_excel_disarms_texts_and_nothing_else(logged: Any) -> None:
    access = access_of(logged.clara)
    plain, excel = (form_csv(FILES["adverse-event"], access, excel=which).body for which in (False, True))
    assert excel.startswith("\ufeff".encode())
    assert not plain.startswith("\ufeff".encode())
    assert lines(plain)[0]["term"] == "=Headache"
    assert lines(excel)[0]["term"] == "'=Headache"
    assert lines(excel)[0] | {"term": "=Headache"} == lines(plain)[0]
    assert lines(form_csv(FILES["bleeding-episode"], access, excel=True).body)[0]["treatment"] == "'-"


@pytest.mark.row("W5")
def test_a_negative_number_is_no_formula() -> None:
    from reports.csv_export import Column, _always, _file, _never

    columns = [Column("number", lambda row: row["n"]), Column("text", lambda row: row["t"], _always)]
    rows = [{"n": "-5", "t": start + "x"} for start in FORMULA_STARTS]
    found = list(csv.reader(io.StringIO(_file("x", columns, rows, True).body.decode("utf-8-sig"), newline="")))[1:]
    assert found == [["-5", f"'{start}x"] for start in FORMULA_STARTS]
    assert not _never({})


def test_a_cut_transfer_can_be_noticed(logged: Any) -> None:
    file = form_csv(FILES["infusion-bags"], access_of(logged.clara))
    response = file.response()
    assert response["Content-Length"] == str(len(file.body))
    assert response["X-SHA256"] == hashlib.sha256(file.body).hexdigest()
    assert response["X-Rows"] == str(len(lines(file.body)))


def test_a_bag_is_named_with_its_lot(logged: Any) -> None:
    assert all(row["bag_label"].startswith("MP-01-1 / ") for row in exported("infusion-bags", logged.clara))


def test_a_file_takes_one_query_however_many_rows(logged: Any) -> None:
    access = access_of(logged.dana)
    assert {slug: queries(lambda file=file: form_csv(file, access)) for slug, file in FILES.items()} == {
        slug: 2 if slug == "infusion-bags" else 1 for slug in FILES
    }


def test_the_casebook_holds_every_stored_answer(logged: Any) -> None:
    rows = lines(casebook_csv(casebook_of(logged.responder)).body)
    stored = FormRecord.objects.filter(participant=logged.responder, version__gt=0)
    assert {row["form"] for row in rows} == set(stored.values_list("form", flat=True)) >= {"screening", "consent", "infusion"}
    [count] = [row for row in rows if row["visit_code"] == "D3" and row["item"] == "platelets"]
    assert (count["value"], count["unit"], count["label"], count["type"]) == ("60", "10^9/L", "Platelets", "number")
    assert [row["rows"] for row in rows if row["item"] == "bag"] == ["bags"] * len([r for r in rows if r["item"] == "bag"])
    assert [row["value_label"] for row in rows if row["item"] == "serious"] == ["No"]
    assert not [row for row in rows if row["item"] == "death"], "a question that was not asked"
    assert {row["missing_reason"] for row in rows if row["item"] == "haemoglobin"} == {"", "SL"}


@pytest.mark.row("W5")
def test_the_casebook_for_excel_disarms_typed_values_only(logged: Any) -> None:
    casebook = casebook_of(logged.responder)
    plain, excel = (lines(casebook_csv(casebook, excel=which).body) for which in (False, True))
    changed = [(a["item"], b["value"]) for a, b in zip(plain, excel, strict=True) if a != b]
    assert changed == [("term", "'=Headache"), ("treatment", "'-")]


def test_a_casebook_takes_as_many_queries_for_few_visits_as_for_many(logged: Any) -> None:
    before = queries(lambda: casebook_of(logged.responder))
    for days in range(4):
        logged.clinic().extra_count(logged.responder, logged.today, 50 + days)
    assert queries(lambda: casebook_of(logged.responder)) == before <= 3 + len(crf_models())


def test_the_codebook_names_every_item() -> None:
    rows = lines(codebook_csv().body)
    named = [(row["file"], row["item"]) for row in rows if not row["item"].startswith("about_")]
    assert [file for file, _ in named] == [file.slug for file in form_files() for _ in file.model.items()]
    assert {(r["file"], r["item"]) for r in rows} - set(named) == {
        (file.slug, column) for file in form_files() if file.crf.about for column in ("about_form", "about_repeat")
    }
    known = {(row["file"], row["item"]): row for row in rows}
    platelets = known["blood-count", "platelets"]
    assert (platelets["expected"], platelets["possible"], platelets["critical"]) == ("1 to 600", "0 to 2000", "yes")
    assert (platelets["asked_if"], platelets["sdtm"]) == ("done = Y", "LB.LBSTRESN where LBTESTCD=PLAT")
    assert known["blood-count", "done"]["codes"] == "Y = Yes; N = No"
    assert known["screening", "age_years"]["unit"] == "completed years"
    assert ("screening", "birth_date") not in known


def test_a_form_about_an_event_names_it_by_participant_and_repeat(universe: Any) -> None:
    """Two events of one child: the report of the second one leads to its line, in the file of the form and in the casebook."""
    events = [add_log_record(participant=universe.responder, form="adverse-event", by=universe.clara) for _ in range(2)]
    for event in events:
        universe.fill(event, universe.clara, term=f"Event {event.repeat}", serious="Y", special_interest="Y")
    part = FormRecord.objects.get(about=events[1], form="serious-event")
    universe.fill(part, universe.clara, measures="None")
    [line] = [row for row in exported("serious-event", universe.dana) if row["record_id"] == str(part.pk)]
    key = (line["participant"], line["about_repeat"])
    [event] = [row for row in exported(line["about_form"], universe.dana) if (row["participant"], row["record_repeat"]) == key]
    assert (event["record_id"], event["term"]) == (str(events[1].pk), f"Event {events[1].repeat}")
    told = [row for row in lines(casebook_csv(casebook_of(universe.responder)).body) if row["form"] == "serious-event"]
    assert {(row["about_form"], row["about_repeat"]) for row in told} == {("adverse-event", str(events[1].repeat))}


def test_a_value_that_is_still_questioned_says_so(universe: Any) -> None:
    """Whoever analyses the files has to know which counts are not evaluable (R8)."""
    record = universe.record(universe.untreated, "blood-count", "LOAD")
    universe.fill(record, universe.clara, done="Y", taken_at=f"{universe.untreated.enrolled_on:%d/%m/%Y} 00:05", platelets="650")
    [line] = [row for row in exported("blood-count", universe.dana) if row["record_id"] == str(record.pk)]
    assert "RANGE:platelets" in line["open_questions"].split()
    assert "MISSING" not in line["open_questions"]
    finding = record.findings.get(code="RANGE", item="platelets")
    confirm_finding(finding=finding, explanation="Repeated", by=universe.ines)
    [line] = [row for row in exported("blood-count", universe.dana) if row["record_id"] == str(record.pk)]
    assert "RANGE:platelets" not in line["open_questions"].split()


def test_the_participants_are_a_file_with_their_states(universe: Any) -> None:
    people = lines(participants_csv(exportable_participants(access_of(universe.clara))).body)
    assert [(row["number"], row["site"], row["state"]) for row in people] == [
        (child.number, "01", child.state) for child in (universe.responder, universe.screening, universe.untreated)
    ]
    assert people[0]["enrolled_on"] == universe.responder.enrolled_on.isoformat()
