"""Who may open a form and who may change it: asked of every form, by page and by API."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from casebook.crf import Crf
from casebook.forms import CrfForm
from casebook.models import FormRecord
from delegation.actions import end_role
from itp_trial.actor import System
from itp_trial.models import AuditEntry
from itp_trial.roles import Can
from tests.conformance import forms_that
from tests.conformance.conftest import Subject
from tests.strategies import as_posted

#: Who, what the page answers to reading, and what it answers to writing, for forms of children, of the product, and those
#: that only a physician fills in.
PEOPLE: dict[str, dict[str, tuple[int, int]]] = {
    "clara": {"child": (200, 422), "product": (200, 403), "judgement": (200, 403)},
    "ines": {"child": (200, 422), "product": (200, 403), "judgement": (200, 422)},
    "pia": {"child": (200, 403), "product": (200, 422)},
    "milo": {"child": (200, 403), "product": (200, 403)},
    "dana": {"child": (200, 403), "product": (200, 403)},
    "sami": {"child": (200, 403), "product": (200, 403)},
    "adam": {"child": (403, 403), "product": (403, 403)},
    "otto": {"child": (404, 404), "product": (404, 404)},
}
#: A post that the form itself refuses: whoever may write gets 422 and nothing is stored.
NONSENSE = {"record-version": "0", "no_such_item": "1"}


@pytest.mark.row("A2", "A8")
def test_each_person_gets_what_their_role_includes(crf: type[Crf], subject: Subject, client_of: Any, universe: Any) -> None:
    before = AuditEntry.objects.count()
    kind = {Can.EDIT_PRODUCT: "product", Can.DECIDE: "judgement"}.get(crf.entered_with, "child")
    for name, doors in PEOPLE.items():
        client, (read, write) = client_of(getattr(universe, name)), doors.get(kind, doors["child"])
        api = reverse("api-record", args=[subject.record.pk])
        assert client.get(subject.url).status_code == read, name
        assert client.post(subject.url, NONSENSE).status_code == write, name
        assert client.get(reverse("history", args=[subject.record.pk])).status_code == read, name
        assert client.get(api).status_code == read, name
        body = {"version": 0, "answers": {}, "reason": "no such reason", "rows": {"no_such_rows": []}}
        expected = {422: 400}.get(write, write)
        assert client.put(api, json.dumps(body), "application/json").status_code == expected, name
        assert FormRecord.objects.get(pk=subject.record.pk).version == 0, name
    assert AuditEntry.objects.count() == before


def test_a_stranger_is_sent_to_the_sign_in_page(subject: Subject) -> None:
    for answer in (Client().get(subject.url, secure=True), Client().post(subject.url, NONSENSE, secure=True)):
        assert answer.status_code == 302
        assert answer.headers["Location"] == f"{reverse('sign-in')}?next={subject.url}"
    api = reverse("api-record", args=[subject.record.pk])
    assert Client().get(api, secure=True).status_code == 401
    assert Client().put(api, "{}", "application/json", secure=True).status_code == 401


@pytest.mark.row("A1", "W18")
def test_a_foreign_form_looks_like_one_that_does_not_exist(subject: Subject, client_of: Any) -> None:
    """Not even the length of the answer tells that the record is there."""
    client = client_of(subject.foreigner)
    there = client.get(subject.url).content.decode()
    nowhere = client.get(reverse("record", args=["00000000-0000-4000-8000-000000000000"])).content.decode()
    assert _without_clock(there) == _without_clock(nowhere)
    assert str(subject.record.pk) not in there


def _without_clock(html: str) -> list[str]:
    return [line for line in html.splitlines() if "<time" not in line and "csrfmiddlewaretoken" not in line]


@pytest.mark.row("W4")
@forms_that(lambda crf: any(item.derived for item in crf.items().values()))
def test_derived_items_are_computed_and_never_taken(crf: type[Crf], subject: Subject, client_of: Any) -> None:
    derived = [name for name, item in crf.items().items() if item.derived]
    for name in derived:
        answer = client_of(subject.editor).post(subject.url, {**as_posted(CrfForm(subject.record.crf())), name: "1"})
        assert answer.status_code == 422
        assert f"Not an item of this form: {name}." in answer.content.decode()
    assert subject.fresh.version == 0


SYSTEM_FIELDS = ("status", "version", "site", "site_id", "record_id", "participant_id", "created_by", "locked", "response",
                 "missing", "edition", "saved_by", "pk", "id", "__class__")  # fmt: skip


@pytest.mark.row("A8", "W4")
def test_system_fields_cannot_be_posted(crf: type[Crf], subject: Subject, client_of: Any) -> None:
    names = sorted(set(SYSTEM_FIELDS) - set(crf.asked_items()))
    posted = {**as_posted(CrfForm(subject.record.crf())), **dict.fromkeys(names, "1")}
    answer = client_of(subject.editor).post(subject.url, posted)
    assert answer.status_code == 422
    assert f"Not an item of this form: {', '.join(names)}." in answer.content.decode()
    assert subject.fresh.version == 0


@pytest.mark.row("A7")
def test_a_role_that_ended_yesterday_ends_with_the_next_request(subject: Subject, client_of: Any) -> None:
    client = client_of(subject.editor)
    assert client.get(subject.url).status_code == 200
    for assignment in subject.editor.assignments.all():
        end_role(assignment=assignment, ends=timezone.localdate() - timedelta(days=1), by=System("test"))
    assert client.get(subject.url).headers["Location"].startswith("/sign-in/"), "the sessions end with the last role"
    assert client.post(subject.url, NONSENSE).status_code == 302
    assert subject.fresh.version == 0
