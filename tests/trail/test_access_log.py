"""Who looked at whom, and what left for which purpose (RQ-15)."""

from __future__ import annotations

import csv
import io
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import AnonymousUser
from django.db import DatabaseError, connection, transaction
from django.urls import reverse
from django.utils import timezone

from itp_trial import access_log
from itp_trial.access_log import Kind
from itp_trial.models import AccessEntry
from tests.access.policy import POLICY
from tests.reports.conftest import call  # noqa: F401  (the API with a token)

PAGES = [name for name, methods in POLICY.items() if "GET" in methods and methods["GET"].target in ("participant", "record")]
FILES = [name for name, methods in POLICY.items() if name.endswith(("-csv", "-pdf")) and "GET" in methods
         and name != "access-rights-csv"]  # fmt: skip
#: What stands in the log before any test: everybody's roles, accounts and the sign-ins of the test itself.
COMING_IN = (Kind.SIGN_IN, Kind.ROLE, Kind.ACCOUNT, Kind.REFUSED)


@pytest.fixture(autouse=True)
def no_printing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("reports.pdf.rendered", lambda html, seconds=0: b"%PDF-")


def address(universe: Any, name: str) -> str:
    door = POLICY[name]["GET"]
    if door.target == "record":
        key = universe.record(universe.responder, "blood-count", "D3").pk
        return reverse(name, args=[key, "platelets"] if name == "item-history" else [key])
    if door.target == "participant":
        return reverse(name, args=[universe.responder.pk])
    return reverse(name, args=["blood-count"] if "form-csv" in name else [])


def entries(**wanted: Any) -> list[AccessEntry]:
    return list(AccessEntry.objects.filter(**wanted).exclude(kind__in=COMING_IN))


# --- looking ------------------------------------------------------------------------------------------------------------


@pytest.mark.requirement("RQ-15")
@pytest.mark.parametrize("name", PAGES)
def test_every_page_about_a_child_is_noted(universe: Any, client_of: Any, name: str) -> None:
    """Asked of every address that names a participant or a form, so that a new one is not forgotten."""
    before = len(entries())
    user = {"redactions": universe.hana, "sign-lock": universe.dana}.get(name, universe.ines)
    answer = client_of(user).get(address(universe, name) + ("?purpose=analysis" if name in FILES else ""))
    assert answer.status_code == 200
    [entry] = entries(user=user)
    assert len(entries()) == before + 1
    assert (entry.participant, entry.site) == (universe.responder.pk, "01")
    assert entry.user_name == user.actor_name
    assert entry.kind in ((Kind.EXPORT, Kind.PRINT) if name in FILES else (Kind.VIEW,))
    assert entry.address == "127.0.0.1"
    assert entry.request_id == answer["X-Request-ID"]


@pytest.mark.requirement("RQ-15")
def test_looking_is_one_line_in_a_quarter_of_an_hour(universe: Any, client_of: Any) -> None:
    ines, milo = client_of(universe.ines), client_of(universe.milo)
    for _ in range(3):
        for name in ("participant", "visits", "trail", "api-participant"):
            ines.get(address(universe, name))
    assert len(entries(kind=Kind.VIEW, user=universe.ines)) == 1
    milo.get(address(universe, "participant"))
    assert len(entries(kind=Kind.VIEW)) == 2, "each person has a line of their own"
    ines.get(reverse("participant", args=[universe.untreated.pk]))
    assert len(entries(kind=Kind.VIEW, user=universe.ines)) == 2, "and each child"


@pytest.mark.requirement("RQ-15")
def test_after_a_quarter_of_an_hour_it_is_another_look(universe: Any, rf: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    request, now = rf.get("/"), timezone.now()
    request.user = universe.ines
    for minutes, lines in ((0, 1), (14, 1), (15, 2), (16, 2), (31, 3)):
        monkeypatch.setattr(access_log.timezone, "now", lambda m=minutes: now + timedelta(minutes=m))
        access_log.viewed(request, universe.responder)
        assert len(entries(kind=Kind.VIEW)) == lines, minutes


def test_who_is_refused_has_seen_nothing(universe: Any, client_of: Any) -> None:
    assert client_of(universe.otto).get(address(universe, "participant")).status_code == 404
    assert client_of(universe.milo).get(address(universe, "end-treatment")).status_code == 403
    assert client_of(universe.adam).get(address(universe, "participant")).status_code == 403
    assert entries() == []


def test_a_form_of_the_product_is_about_no_child(universe: Any, client_of: Any) -> None:
    lot = universe.s1.records.get(form="lot")
    assert client_of(universe.pia).get(reverse("record", args=[lot.pk])).status_code == 200
    assert entries() == []


def test_writing_is_no_look(universe: Any, client_of: Any) -> None:
    """What is written stands in the trail."""
    client_of(universe.clara).post(reverse("add-log", args=[universe.untreated.pk, "rescue"]))
    assert entries() == []


# --- taking out ---------------------------------------------------------------------------------------------------------


@pytest.mark.requirement("RQ-15", "RQ-12")
@pytest.mark.parametrize("name", FILES)
def test_every_file_is_noted_with_its_purpose(universe: Any, client_of: Any, call: Any, name: str) -> None:  # noqa: F811
    if name.startswith("api-"):
        answer = call(universe.milo, address(universe, name).removeprefix("/api/v1/") + "?purpose=monthly+report")
        purpose = "API: monthly report"
    else:
        answer = client_of(universe.milo).get(address(universe, name) + "?purpose=other&purpose_text=For+the+committee")
        purpose = "Other: For the committee"
    assert answer.status_code == 200
    [entry] = entries(user=universe.milo, kind__in=[Kind.EXPORT, Kind.PRINT])
    # A print is of one child; the look-back of a lot is of many.
    assert (entry.kind == Kind.PRINT) == (name.endswith("-pdf") and name != "look-back-pdf")
    assert entry.purpose == purpose
    assert entry.what
    assert "60" not in entry.what.split(), "no value of the casebook stands in the log"


@pytest.mark.requirement("RQ-15")
@pytest.mark.parametrize("name", [name for name in FILES if not name.startswith("api-")])
@pytest.mark.parametrize("query", ["", "?purpose=", "?purpose=fun", "?purpose=other", "?purpose=other&purpose_text=++",
                                   "?purpose=other&purpose_text=%E2%80%AE"])  # fmt: skip
def test_without_a_purpose_no_file_leaves_and_the_page_asks(universe: Any, client_of: Any, name: str, query: str) -> None:
    answer = client_of(universe.milo).get(address(universe, name) + query)
    assert answer.status_code == 400
    html = answer.content.decode()
    assert "What is the file for?" in html
    assert 'name="purpose" required' in html
    assert entries(kind__in=[Kind.EXPORT, Kind.PRINT]) == []


def test_what_was_chosen_is_kept_while_the_page_asks(universe: Any, client_of: Any) -> None:
    html = client_of(universe.milo).get(address(universe, "form-csv") + "?for=excel&purpose=other").content.decode()
    assert '<input type="hidden" name="for" value="excel">' in html
    assert '<option value="other" selected>' in html
    assert 'type="hidden" name="purpose"' not in html


@pytest.mark.requirement("RQ-15")
def test_programs_that_say_nothing_are_noted_as_such(universe: Any, call: Any) -> None:  # noqa: F811
    assert call(universe.milo, "forms/blood-count.csv").status_code == 200
    assert [entry.purpose for entry in entries(kind=Kind.EXPORT)] == ["API"]
    assert call(universe.milo, "forms/blood-count.csv?purpose=%E2%80%AEx").status_code == 400


def test_a_pdf_that_was_not_made_was_not_printed(universe: Any, client_of: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from reports import pdf

    def late(_: str) -> bytes:
        raise pdf.PdfNotMade(pdf.TOO_LONG)

    monkeypatch.setattr("reports.pdf.rendered", late)
    assert client_of(universe.milo).get(address(universe, "casebook-pdf") + "?purpose=analysis").status_code == 503
    assert entries(kind=Kind.PRINT) == []


def test_a_file_of_one_site_stands_under_that_site(universe: Any, client_of: Any) -> None:
    client_of(universe.clara).get(address(universe, "form-csv") + "?purpose=analysis")
    client_of(universe.milo).get(address(universe, "form-csv") + "?purpose=analysis")
    assert [(entry.user_id, entry.site) for entry in entries(kind=Kind.EXPORT)] == [
        (universe.milo.pk, ""),
        (universe.clara.pk, "01"),
    ]


# --- reading the log ------------------------------------------------------------------------------------------------------


@pytest.fixture
def log(universe: Any, rf: Any) -> Any:
    """Lines of both sites and of none."""

    def note(user: Any, kind: str, **more: Any) -> None:
        access_log.note(kind, user=user, **more)

    note(universe.ines, Kind.VIEW, participant=universe.responder, what="Participant 1")
    note(universe.omar, Kind.VIEW, participant=universe.foreign, what="Participant 2")
    note(universe.milo, Kind.EXPORT, what="CSV of everything", purpose="=Analysis")
    note(None, Kind.SIGN_IN_FAILED, user_name="mallory")
    return universe


def seen(client: Any, query: str = "") -> list[str]:
    answer = client.get(reverse("access-log") + query)
    assert answer.status_code == 200
    return [row.what or row.user_name for row, _ in answer.context["rows"] if row.kind not in COMING_IN]


@pytest.mark.requirement("RQ-15")
def test_who_oversees_everything_sees_every_line(log: Any, client_of: Any) -> None:
    assert seen(client_of(log.dana)) == ["mallory", "CSV of everything", "Participant 2", "Participant 1"]


@pytest.mark.requirement("RQ-15")
def test_the_principal_investigator_sees_the_own_site_and_files_of_all(log: Any, client_of: Any) -> None:
    assert seen(client_of(log.hana)) == ["CSV of everything", "Participant 1"]
    html = client_of(log.hana).get(reverse("access-log")).content.decode()
    assert log.foreign.number not in html
    assert "Omar" not in html


def test_the_log_is_filtered_and_read_in_pages(log: Any, client_of: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    client = client_of(log.milo)
    assert seen(client, "?kind=view") == ["Participant 2", "Participant 1"]
    assert seen(client, f"?person={log.ines.pk}") == ["Participant 1"]
    assert seen(client, f"?participant={log.foreign.pk}") == ["Participant 2"]
    today = f"{timezone.localdate():%d/%m/%Y}"
    assert len(seen(client, f"?since={today}&until={today}")) == 4
    assert seen(client, "?since=01/01/2099") == []
    assert seen(client, "?until=01/01/2000") == []
    for broken in ("?since=x", "?until=x", "?participant=x", "?person=x"):
        assert seen(client, broken) == []
    monkeypatch.setattr("reports.access_views.PAGE", 3)
    answer = client.get(reverse("access-log") + "?kind=")
    assert len(answer.context["rows"]) == 3
    assert seen(client, f"?{answer.context['older']}")[-1] == "Participant 1"


@pytest.mark.requirement("RQ-15")
def test_the_log_is_a_file_too_and_taking_it_stands_in_it(log: Any, client_of: Any) -> None:
    client = client_of(log.hana)
    answer = client.get(reverse("access-log-csv") + "?purpose=inspection&kind=view&for=excel")
    rows = list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"), newline="")))
    assert [(row["participant"], row["user_name"], row["kind_label"]) for row in rows] == [
        (log.responder.number, "Ines Farouk (ines)", "Participant viewed")
    ]
    newest = entries(kind=Kind.EXPORT)[0]
    assert (newest.what, newest.purpose, newest.site) == ("CSV of the access log, 1 rows", "Inspection", "01")
    everything = client_of(log.dana).get(reverse("access-log-csv") + "?purpose=inspection&for=excel").content.decode("utf-8-sig")
    assert "'=Analysis" in everything


@pytest.mark.requirement("RQ-15", "RQ-04")
@pytest.mark.parametrize("statement", ["UPDATE itp_trial_accessentry SET what = 'x'", "DELETE FROM itp_trial_accessentry"])
def test_no_line_can_be_changed(log: Any, statement: str) -> None:
    with pytest.raises(DatabaseError, match="permission denied"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)


def test_a_stranger_has_no_name(rf: Any, db: None) -> None:
    request = rf.get("/")
    request.user = AnonymousUser()
    assert access_log.note(Kind.REFUSED, request=request, what="x").user_name == ""
