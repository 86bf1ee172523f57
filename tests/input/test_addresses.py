"""Addresses that nobody typed in good faith, and the small forms behind the buttons: 400, 404 or a sentence, never 500."""

from __future__ import annotations

from typing import Any

import pytest
from django.urls import reverse

from casebook.models import Participant
from itp_trial.models import RoleAssignment, Site

NOWHERE = "00000000-0000-4000-8000-000000000000"

#: An address below a page of site 01 -> what it answers.
ADDRESSES = {
    "a NUL in the query": ("/participants/?site=%00", 400),
    "a NUL in a name of the query": ("/participants/?%00=1", 400),
    "a NUL in the path": ("/participants/%00/", 400),
    "a NUL for the API": ("/api/v1/participants/?cursor=%00", 400),
    "a number instead of an id": ("/participants/1/", 404),
    "a short id": ("/participants/abc/visits/", 404),
    "an id of nothing": (f"/participants/{NOWHERE}/", 404),
    "a record of nothing": (f"/records/{NOWHERE}/", 404),
    "a finding of nothing": ("/findings/999999999/confirm/", 405),
    "a huge key": (f"/sites/{'9' * 30}/", 403),
    "a key of 5,000 digits": (f"/sites/{'9' * 5000}/", 404),
    "an unknown form": ("/exports/no-such-form.csv", 404),
    "a path out": ("/exports/../../etc/passwd", 404),
    "an unknown filter of a page": ("/participants/?_connector=OR&site__isnull=1&ordering=__class__", 200),
    "an unknown filter of the API": ("/api/v1/participants/?_connector=OR", 400),
    "an ordering of the API": ("/api/v1/participants/?ordering=end_reason", 400),
    "an offset of the API": ("/api/v1/participants/?offset=100000000000000000000", 400),
    "a cursor of nothing": ("/api/v1/participants/?cursor=xyz", 400),
    "a huge page of the API": ("/api/v1/participants/?page_size=100000000", 200),
    "a page size of letters": ("/api/v1/participants/?page_size=abc", 400),
}


@pytest.mark.row("A4", "W12")
@pytest.mark.parametrize(("address", "status"), ADDRESSES.values(), ids=ADDRESSES)
def test_odd_addresses_have_plain_answers(universe: Any, client_of: Any, address: str, status: int) -> None:
    answer = client_of(universe.clara).get(address)
    assert answer.status_code == status
    assert "S02-001" not in answer.content.decode()


def test_keys_too_large_for_the_database_are_not_found(universe: Any, client_of: Any) -> None:
    for key in ("9" * 18, "9" * 19, "9" * 30):
        assert client_of(universe.adam).get(f"/sites/{key}/").status_code == 404
        assert client_of(universe.adam).post(f"/people/assignments/{key}/end/").status_code == 404
        assert client_of(universe.clara).post(f"/findings/{key}/confirm/").status_code == 404
        assert client_of(universe.clara).post(f"/account/tokens/{key}/revoke/").status_code == 404


SITES = {"²": 404, "١": 404, "": 404, "1.5": 404, "-1": 404, "9" * 19: 404, "9" * 5000: 404, "1\x00": 404, "' OR 1=1": 404}


@pytest.mark.parametrize(("typed", "status"), SITES.items(), ids=lambda part: ascii(part)[:20])
def test_a_site_that_is_none_is_not_found(universe: Any, client_of: Any, typed: str, status: int) -> None:
    """``"²".isdigit()`` is true in Python."""
    assert client_of(universe.clara).post(reverse("screen"), {"site": typed}).status_code == status
    assert client_of(universe.pia).post(reverse("add-lot"), {"site": typed}).status_code == status
    assert client_of(universe.adam).post(reverse("assign-role"), {"user": typed}).status_code == status
    assert client_of(universe.clara).post(reverse("create-token"), {"assignment": typed}).status_code == status


UNREADABLE = {"a NUL": "x\x00y", "a text that turns others round": "x\u202ey", "11,000 characters": "x" * 11_000}


@pytest.mark.parametrize("typed", UNREADABLE.values(), ids=UNREADABLE)
def test_reasons_and_names_are_read_before_they_are_stored(universe: Any, client_of: Any, typed: str) -> None:
    """Every small form behind a button says what is wrong and stores nothing."""
    child, screened = universe.responder.pk, universe.screening.pk
    clara, ines, adam = (client_of(user) for user in (universe.clara, universe.ines, universe.adam))
    posts = [
        (ines, reverse("end-treatment", args=[child]), {"reason": typed}),
        (clara, reverse("end-participation", args=[child]), {"state": "withdrawn", "reason": typed}),
        (clara, reverse("end-participation", args=[child]), {"state": typed, "reason": "moved"}),
        (clara, reverse("screen-failure", args=[screened]), {"reason": typed}),
        (clara, reverse("add-visit", args=[child]), {"on": typed, "forms": "blood-count"}),
        (clara, reverse("enrol", args=[screened]), {"on": typed}),
        (clara, reverse("screen"), {"site": universe.s1.pk, "on": typed}),
        (clara, reverse("create-token"), {"assignment": universe.clara.assignments.get().pk, "name": typed}),
        (adam, reverse("edit-site", args=[universe.s1.pk]), {"name": typed, "city": "Assiut"}),
        (adam, reverse("assign-role"), {"user": universe.otto.pk, "role": typed, "site": universe.s2.pk}),
        (adam, reverse("assign-role"), {"user": universe.otto.pk, "role": "monitor", "starts": typed}),
    ]
    before = (RoleAssignment.objects.count(), Participant.objects.count())
    for client, url, body in posts:
        answer = client.post(url, body, follow=True)
        assert answer.status_code == 200, url
        assert "message error" in answer.content.decode(), url
    assert (RoleAssignment.objects.count(), Participant.objects.count()) == before
    assert universe.responder.state == Participant.objects.get(pk=child).state
    assert Site.objects.get(pk=universe.s1.pk).name == universe.s1.name


def test_a_finding_is_confirmed_with_readable_words(universe: Any, desk_of: Any) -> None:
    from tests.input.conftest import count_of

    desk = desk_of(universe.clara, universe.record(universe.untreated, "blood-count", "LOAD"))
    assert desk.post(count_of(universe.untreated.enrolled_on, haemoglobin="7")).status_code == 302
    finding = desk.record.findings.get(code="RANGE")
    url = reverse("confirm-finding", args=[finding.pk])
    for typed in ("x\x00y", "", "   "):
        desk.client.post(url, {"explanation": typed})
        finding.refresh_from_db()
        assert finding.state == "open"
    desk.client.post(url, {"explanation": "Same in the source"})
    finding.refresh_from_db()
    assert (finding.state, finding.explanation, finding.settled_by) == ("confirmed", "Same in the source", universe.clara)


@pytest.mark.row("W1")
def test_a_form_without_the_token_of_the_page_is_refused(universe: Any) -> None:
    """W1: another site cannot make a signed-in browser post."""
    from django.test import Client

    client = Client(enforce_csrf_checks=True)
    client.force_login(universe.clara, backend="django.contrib.auth.backends.ModelBackend")
    record = universe.record(universe.untreated, "blood-count", "LOAD")
    assert client.post(reverse("record", args=[record.pk]), {"record-version": "0"}, secure=True).status_code == 403
    answer = client.put(reverse("api-record", args=[record.pk]), "{}", "application/json", secure=True)
    assert answer.status_code == 403
    record.refresh_from_db()
    assert record.version == 0
