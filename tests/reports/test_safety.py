"""What leaves the system about safety: the CIOMS form as it was sent, the E2B data set, the line listing."""

from __future__ import annotations

import csv
import io
import json
from typing import Any

import pypdf
import pytest
from django.urls import reverse
from django.utils import timezone

from assessments import actions
from assessments.models import SafetyReport
from casebook.models import FormRecord
from itp_trial.models import AccessEntry
from reports import pdf
from reports.cioms import age, cioms_html, cioms_pdf
from reports.e2b import e2b
from tests.assessments.test_safety import NARRATIVE, Trial, began, trial, typed  # noqa: F401  (the fixtures)

FOR = "?purpose=inspection"


def text_of(body: bytes) -> str:
    found = " ".join(page.extract_text() for page in pypdf.PdfReader(io.BytesIO(body)).pages)
    return " ".join(found.split())


@pytest.fixture
def report(trial: Trial) -> SafetyReport:  # noqa: F811
    trial.fill(trial.part("serious-event"), **{**NARRATIVE, "narrative": "Admitted. " * 80 + "The end."})
    trial.fill(trial.part("special-interest"), kind="thrombosis", vessel="Femoral vein, ultrasound")
    trial.universe.clinic().log(trial.universe.responder, "rescue", kind="ivig", started_on=trial.universe.today, dose="0.8 g/kg")
    return trial.report()


def test_the_form_with_its_continuation_page(report: SafetyReport) -> None:
    file = cioms_pdf(report)
    reader, text = pypdf.PdfReader(io.BytesIO(file.body)), text_of(file.body)
    child = report.record.participant
    assert file.name == f"{child.number}-report-1-version-0-cioms.pdf"
    assert report.control_number == f"EG-ASSIUTUNIV-ITPIVIG01-{child.number}-01"
    assert len(reader.pages) >= 2
    for number, page in enumerate(reader.pages, start=1):
        shown = page.extract_text()
        assert report.control_number in shown
        assert f"Page {number} of {len(reader.pages)}" in shown
    for expected in (
        child.number, "initials masked", "held at the site", "☒ Inpatient hospitalisation", "☐ Patient died", "Stiff neck",
        "continued on the next page", "CONTINUATION PAGE", "The end.", "MP-01-1", "Intravenous drip", "Femoral vein, ultrasound",
        "Standard or unscheduled IVIG 0.8 g/kg", "Clara Naguib", "Initial", "Probable", "Platelets, ×10⁹/L",
        report.content_hash[:20],
    ):  # fmt: skip
        assert expected in text, expected


def test_arabic_stands_right_to_left_in_the_form(report: SafetyReport) -> None:
    html = cioms_html(report)
    assert f'lang="ar" dir="rtl">{NARRATIVE["narrative_ar"]}' in html
    assert "\u0625" in text_of(cioms_pdf(report).body) or "\ufe87" in text_of(cioms_pdf(report).body)


def test_what_was_sent_is_printed_again_as_it_was(report: SafetyReport, trial: Trial) -> None:  # noqa: F811
    before = cioms_html(report)
    trial.tell("EG-24H:sponsor", "EG-24H:eda", report=report.record)
    trial.fill(trial.event, grade=5, term="Something else")
    again = cioms_html(SafetyReport.objects.select_related("record__participant__site", "record__saved_by").get(pk=report.pk))
    assert "Something else" not in again
    assert again.replace("not known yet", "").split("24c")[0] == before.split("24c")[0]


@pytest.mark.parametrize(("months", "said"), [(None, ""), (23, "23 months"), (24, "2 years"), (131, "10 years")])
def test_age(months: int | None, said: str) -> None:
    assert age(months) == said


def test_the_data_set(report: SafetyReport, trial: Trial) -> None:  # noqa: F811
    found = e2b(report)
    assert found["D.1"] == "MSK"
    assert found["D.1.1.4"] == report.record.participant.number
    assert (found["D.2.2b"], found["D.2.3"], found["D.5"]) == ("a", "3", "2")
    [reaction] = found["E.i"]
    assert (reaction["E.i.3.2c"], reaction["E.i.3.2a"], reaction["E.i.2.1b"], reaction["E.i.9"]) == (
        True,
        False,
        "10029205",
        "EG",
    )
    product, other = found["G.k"]
    assert (product["G.k.1"], other["G.k.1"], other["G.k.2.2"]) == ("1", "2", "Standard or unscheduled IVIG")
    assert [dose["G.k.4.r.7"] for dose in product["G.k.4.r"]] == ["MP-01-1"]
    assert {test["F.r.3.3"] for test in found["F.r"]} == {"10*9/L", "g/dL"}
    assert found["H.5.r"] == [{"H.5.r.1a": NARRATIVE["narrative_ar"], "H.5.r.1b": "ara"}]
    assert (found["C.1.7"], found["C.1.11.1"]) == (True, "")
    assert found["C.1.4"] == ""
    trial.tell("SITE-24H:sponsor", report=report.record)
    assert e2b(report)["C.1.4"]


def test_the_data_set_of_a_withdrawal_a_death_and_little_known(trial: Trial) -> None:  # noqa: F811
    trial.tell("EG-24H:eda", report=trial.report().record)
    trial.fill(trial.part("serious-event"), died_on=trial.universe.today, cause_of_death="Bleeding", autopsy="N",
               sponsor_aware_at=typed(trial.case.now))  # fmt: skip
    trial.fill(trial.event, ongoing="N", ended_at=typed(trial.case.now), outcome="FATAL", related="UNLIKELY RELATED")
    found = e2b(trial.report(nullifies="Y", what_is_new="Wrong child"))
    assert (found["C.1.11.1"], found["C.1.11.2"]) == ("1", "Wrong child")
    assert (found["D.9.2.r"], found["D.9.3"]) == ([{"D.9.2.r.2": "Bleeding"}], False)
    assert (found["E.i"][0]["E.i.7"], found["E.i"][0]["E.i.6a"]) == ("5", "120")
    assert found["C.1.7"] is False
    assert found["C.1.4"] != found["C.1.5"]


def test_a_child_without_a_birth_date_has_no_age(universe: Any) -> None:
    child, by = universe.screening, universe.clara
    event = universe.clinic().log(child, "adverse-event", term="x", started_at=typed(timezone.now()), serious="Y").record
    report = actions.start_report(event=FormRecord.objects.get(pk=event.pk), by=by)
    universe.fill(report, by, nullifies="N", what_is_new="x")
    found = e2b(SafetyReport.objects.get(pk=report.pk))
    assert (found["D.2.2a"], found["D.3"], found["E.i"][0]["E.i.6a"], found["G.k"][0]["G.k.4.r"]) == ("", "", "", [])
    assert "none given before the reaction" in cioms_html(SafetyReport.objects.get(pk=report.pk))


def test_the_files_are_handed_out_with_a_purpose_and_noted(report: SafetyReport, client_of: Any, trial: Trial) -> None:  # noqa: F811
    client = client_of(trial.universe.sami)
    assert client.get(reverse("cioms", args=[report.pk])).status_code == 400
    printed = client.get(reverse("cioms", args=[report.pk]) + FOR)
    assert printed["Content-Type"] == "application/pdf"
    data = client.get(reverse("e2b", args=[report.pk]) + FOR)
    assert json.loads(data.content)["C.1.1"] == report.control_number
    noted = AccessEntry.objects.filter(user=trial.universe.sami, kind__in=["export", "print"]).order_by("pk")
    said = list(noted.values_list("what", flat=True))
    assert [text.split(" EG-")[0] for text in said] == ["CIOMS form", "E2B data set"]


def test_no_pdf_this_time(report: SafetyReport, client_of: Any, trial: Trial, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: F811
    def fail(html: str) -> bytes:
        raise pdf.PdfNotMade("Too long.")

    monkeypatch.setattr("reports.cioms.rendered", fail)
    assert client_of(trial.universe.sami).get(reverse("cioms", args=[report.pk]) + FOR).status_code == 503


def test_the_line_listing(report: SafetyReport, client_of: Any, trial: Trial) -> None:  # noqa: F811
    trial.tell("EG-24H:eda", report=report.record)
    trial.universe.clinic().log(
        trial.universe.responder, "adverse-event", term="x", started_at=typed(trial.case.now), serious="N"
    )
    answer = client_of(trial.universe.sami).get(reverse("sae-csv") + FOR)
    [row] = csv.DictReader(io.StringIO(answer.content.decode()))
    assert (row["participant"], row["site"], row["term"]) == (trial.universe.responder.number, "01", "Stiff neck")
    assert (row["criteria"], row["latest_version"], row["meddra"]) == ("hospitalised", "Initial", "10029205")
    assert row["EG-24H:eda"].startswith("told 20")
    assert row["EG-7D:eda"].startswith("open 20")
    assert (row["SUSAR-15D:eda"], row["SUSAR-7D:eda"]) == ("waits", "")
    assert len(list(csv.reader(io.StringIO(client_of(trial.universe.otto).get(reverse("sae-csv") + FOR).content.decode())))) == 1
