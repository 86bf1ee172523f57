"""RQ-23, RQ-27, RQ-38, RQ-40 through the doors: who works for the sponsor writes no clinical value, by page or by API."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.apps import apps
from django.test import Client
from django.urls import reverse

from itp_trial import audit
from itp_trial.models import AuditEntry
from tests.access.conftest import Actor
from tests.access.policy import POLICY
from tests.access.test_matrix import WORDS, undone
from tests.input.conftest import count_of

pytestmark = [pytest.mark.django_db, pytest.mark.requirement("RQ-23", "RQ-27", "RQ-38", "RQ-40")]

SPONSORS_SIDE = ("sponsor", "monitor", "monitor of site 01", "data manager", "safety contact", "administrator")
#: Doors that change something, but no clinical value: accounts, people, the log, signatures of it, reviews, the erasing of a
#: picture with a name on it, the recall of a lot, which whoever hears of the donor first must be able to do, and whom the
#: sponsor told of an event.
NOT_CLINICAL = {
    "sign-in", "sign-out", "create-token", "revoke-token", "assign-role", "end-assignment", "extend-assignment", "edit-site",
    "sign-entries", "confirm-training", "record-training", "signature-statement", "review-access", "new-trail-review",
    "second-factor", "change-password", "second-factors", "enrol-app", "add-passkey", "end-session", "end-all-sessions",
    "open-account", "close-account", "reopen-account", "unlock-account", "starting-password", "remove-second-factors",
    "record-lock", "visit-lock", "participant-lock", "sign-lock", "verify-signature", "duplicates", "redaction-requests",
    "erase-photo", "hold-lot", "notify", "take-back-notification",
}  # fmt: skip
CLINICAL_DOORS = [(name, method) for name, methods in POLICY.items() if name not in NOT_CLINICAL for method in methods
                  if method != "GET"]  # fmt: skip
CLINICAL_TABLES = [model._meta.db_table for app in ("casebook", "enrollment", "dosing", "assessments", "responses")
                   for model in apps.get_app_config(app).get_models() if audit.is_audited(model)]  # fmt: skip


def test_there_are_such_doors() -> None:
    """The self-test: the list is not empty, and what stands on the other list exists."""
    assert {("record", "POST"), ("api-record", "PUT"), ("enrol", "POST"), ("add-lot", "POST")} <= set(CLINICAL_DOORS)
    assert set(POLICY) >= NOT_CLINICAL


def test_who_works_for_the_sponsor_is_refused(actors: list[Actor], address_of: Callable[..., Any]) -> None:
    walkers = [actor for actor in actors if actor.name in SPONSORS_SIDE]
    assert len(walkers) == len(SPONSORS_SIDE)
    wrong = [line for name, method in CLINICAL_DOORS for line in _let_in(name, method, walkers, address_of)]
    assert not wrong, "\n".join(wrong)


def _let_in(name: str, method: str, walkers: list[Actor], address_of: Callable[..., Any]) -> Iterator[str]:
    """Whoever of them passes this door, or writes on the way."""
    door = POLICY[name][method]
    for actor in walkers:
        for own in (True, False):
            parts, body = address_of(door.target, own, actor)
            url = reverse(name, kwargs={**parts, **WORDS.get(name, {})})
            written = AuditEntry.objects.filter(table_name__in=CLINICAL_TABLES)
            before = written.count()
            with undone():
                kind = {} if method == "POST" else {"content_type": "application/json"}
                answer = getattr(actor.client, method.lower())(url, body, secure=True, **kind)
                wrote = written.count() - before
            if answer.status_code not in (403, 404) or wrote:
                yield f"{method} {name}: {actor.name}: {answer.status_code}, wrote {wrote}"


@pytest.mark.parametrize("who", ["nora", "milo", "dana", "sami"])
def test_a_whole_correct_form_is_refused_too(universe: Any, client_of: Callable[[Any], Client], who: str) -> None:
    """Not because it was incomplete: a form that the coordinator may save, posted by somebody else."""
    record = universe.record(universe.untreated, "blood-count", "LOAD")
    posted = count_of(universe.untreated.enrolled_on)
    url = reverse("record", args=[record.pk])
    assert client_of(getattr(universe, who)).post(url, posted).status_code == 403
    record.refresh_from_db()
    assert record.version == 0
    assert client_of(universe.clara).post(url, posted).status_code == 302
