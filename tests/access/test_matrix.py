"""The walk: every address x method x person x site answers what the table says, and refusals write nothing."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.db import connection, transaction
from django.http import HttpResponse
from django.urls import URLResolver, get_resolver, path, reverse
from django.urls.resolvers import RegexPattern
from django.utils import timezone

from itp_trial import urls as our_urls
from itp_trial.models import AuditEntry
from itp_trial.roles import Role
from tests.access.conftest import Actor
from tests.access.policy import (
    ENTER,
    METHODS,
    OPEN,
    POLICY,
    REVIEW,
    ROLES,
    SIGNED_IN,
    Door,
    as_markdown,
    doors,
    routes,
    undeclared,
)

#: What an address needs besides the object that it names.
WORDS = {"add-log": {"form": "rescue"}, "form-csv": {"form": "blood-count"}, "api-form-csv": {"slug": "blood-count"},
         "item-history": {"item": "platelets"}, "comment": {"item": "platelets"}, "add-photo": {"item": "platelets"},
         "trial-figure": {"slug": "swimmer", "kind": "csv"}}  # fmt: skip
#: What has to be said with it: what a file is for, the days of a review.
TODAY = f"{timezone.localdate():%d/%m/%Y}"
FILES = ("form-csv", "participants-csv",
         "codebook-csv", "casebook-csv", "casebook-pdf", "trail-csv", "participant-trail-csv", "access-log-csv",
         "trial-figure", "trial-report", "signatures-csv", "deviations-csv",
         "look-back-csv", "look-back-pdf", "sae-csv", "cioms", "e2b", "family-pdf")  # fmt: skip
SAID = {name: {"purpose": "analysis"} for name in (*FILES, "download-copy")} | {
    "new-trail-review": {"since": TODAY, "until": TODAY, "site": "01"}
}
#: Let in: the page itself, or an answer to what was sent (the walk sends next to nothing).
READ, WRITTEN = {200}, {200, 302, 400, 409, 422}
#: Pages that only show the way.
ON_THE_WAY = ("home", "sign-in", "second-factor")
#: Objects of people, not of sites: whose they are decides, not where.
PERSONAL = ("assignment", "token", "session")
OF_A_SITE = ("participant", "visit", "record", "event", "finding", "copy", "review", "serious event", "notification",
             "safety report", "infusion", "plan", "lot", "movement", "photo")  # fmt: skip
TRIAL_WIDE = ("", "site", "anybody in the form", "person")

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def no_printing(monkeypatch: pytest.MonkeyPatch) -> None:
    """The walk asks who gets a PDF, not what it looks like."""
    for place in ("reports.pdf.rendered", "reports.cioms.rendered"):
        monkeypatch.setattr(place, lambda html: b"%PDF-")


def expected(name: str, method: str, door: Door, actor: Actor, own: bool) -> set[int]:
    """What the table promises this person."""
    let_in = READ if method == "GET" and name not in ON_THE_WAY else WRITTEN
    stranger = {401} if name.startswith("api-") else {302}
    if door.roles == OPEN:
        return let_in
    if actor.role == "closed":
        return stranger
    if door.target in PERSONAL:
        has_one = own and (door.roles == SIGNED_IN or actor.role)
        return let_in if has_one else {404}
    if door.roles == SIGNED_IN or (actor.role and actor.role in door.roles and _reaches(door, actor, own)):
        return let_in
    sees_objects = bool(actor.role) and actor.role != "A"
    # Without a right that opens such things at all, nobody learns whether this one exists.
    sees_objects = (
        sees_objects and (door.target != "copy" or actor.role in ENTER) and (door.target != "review" or actor.role in REVIEW)
    )
    if door.target in OF_A_SITE and sees_objects and not _reaches(door, actor, own):
        return {404}
    if door.target in ("site of the form", "entry", "log") and actor.role and actor.role in door.roles:
        return {404}
    return {403}


def _reaches(door: Door, actor: Actor, own: bool) -> bool:
    return door.target in TRIAL_WIDE or ("01" if own else "02") in actor.sites


@contextmanager
def undone() -> Iterator[None]:
    """Whatever the request wrote is rolled back."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


@contextmanager
def signed_in_as_before(actor: Actor) -> Iterator[None]:
    """Whoever signed out, or in anew, has the old cookies again; the session itself is rolled back."""
    cookies = deepcopy(actor.client.cookies)
    try:
        yield
    finally:
        actor.client.cookies = cookies


@contextmanager
def read_only() -> Iterator[None]:
    """Fails on any statement that writes, except the session's own row (the mark of the last request) and a new line of the
    access log."""

    def guard(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        writes = re.match(r"\s*(INSERT|UPDATE|DELETE|TRUNCATE|MERGE|COPY)\b", sql, re.I)
        allowed = "accounts_session" in sql or re.match(r'\s*INSERT INTO "?itp_trial_accessentry"?\s', sql)
        if writes and not allowed:
            raise AssertionError(f"reading wrote: {sql[:150]}")
        return execute(sql, params, many, context)

    with connection.execute_wrapper(guard):
        yield


#: The walk goes in parts, so that several workers share it; each part prepares its people once.
PARTS = 4


@pytest.mark.row("A1", "A2", "W2")
@pytest.mark.parametrize("part", range(PARTS))
def test_everybody_gets_what_the_table_says(part: int, actors: list[Actor], address_of: Callable[..., Any]) -> None:
    wrong = [line for name, method in doors()[part::PARTS] for line in _misfits(name, method, actors, address_of)]
    assert not wrong, "\n".join(wrong)


def _misfits(name: str, method: str, actors: list[Actor], address_of: Callable[..., Any]) -> Iterator[str]:
    """Whoever gets something else than the table says at this door."""
    door = POLICY[name][method]
    for actor in actors:
        for own in (True, False):
            parts, body = address_of(door.target, own, actor, by_code=name == "download-copy")
            url, body = reverse(name, kwargs={**parts, **WORDS.get(name, {})}), body | SAID.get(name, {})
            before = AuditEntry.objects.count()
            with undone(), signed_in_as_before(actor), read_only() if method == "GET" else undone():
                kind = {} if method in ("GET", "POST") else {"content_type": "application/json"}
                answer = getattr(actor.client, method.lower())(url, body, secure=True, **kind)
                refused = answer.status_code in (401, 403, 404)
                wrote = AuditEntry.objects.count() - before
            want = expected(name, method, door, actor, own)
            if answer.status_code not in want or (refused and wrote):
                where = f"{method} {name}: {actor.name} at {'01' if own else '02'}"
                yield f"{where}: {answer.status_code}, want {sorted(want)}, wrote {wrote}"
            if want == {302} and not answer.headers["Location"].startswith(reverse("sign-in")):
                yield f"{method} {name}: a stranger is sent to {answer.headers['Location']}, not to the sign-in page"


@pytest.mark.row("A6")
def test_other_methods_are_not_allowed(actors: list[Actor], address_of: Callable[..., Any]) -> None:
    wrong = []
    for name, methods in POLICY.items():
        who = ["stranger"] if name == "sign-in" else ["investigator", "administrator"]
        for actor in (a for a in actors if a.name in who):
            parts, _ = address_of(next(iter(methods.values())).target, True, actor)
            url = reverse(name, kwargs={**parts, **WORDS.get(name, {})})
            for method in set(METHODS) - set(methods):
                with undone():
                    status = getattr(actor.client, method.lower())(url, secure=True).status_code
                if status != 405:
                    wrong.append(f"{method} {name}: {actor.name} gets {status}")
    assert not wrong, "\n".join(wrong)


@pytest.mark.row("A12")
def test_every_address_stands_in_the_table() -> None:
    assert undeclared(get_resolver()) == set()


def test_every_line_of_the_table_is_an_address() -> None:
    assert set(POLICY) - {name for name, _ in routes(get_resolver())} == set()


def test_every_role_of_the_application_is_walked(actors: list[Actor]) -> None:
    assert len(Role) == len(ROLES)
    assert {actor.role for actor in actors} >= set(ROLES)


@pytest.mark.row("A12")
@pytest.mark.parametrize("name", ["dummy", None])
def test_a_new_address_fails_until_somebody_decides(name: str | None) -> None:
    """The self-test of the walk: a route that nobody put into the table is found, also one without a name."""
    dummy = path("dummy/", lambda request: HttpResponse("hello"), name=name)
    resolver = URLResolver(RegexPattern(r"^/"), [*our_urls.urlpatterns, dummy])
    assert undeclared(resolver) == {name or "(no name) dummy/"}


@pytest.mark.row("W2")
def test_the_guard_notices_a_page_that_writes(universe: Any) -> None:
    """The self-test of the guard: it is not blind."""
    with pytest.raises(AssertionError, match="reading wrote"), read_only():
        universe.s1.save()


def test_the_printed_matrix_is_current() -> None:
    printed = Path(settings.BASE_DIR / "docs" / "access-matrix.md")
    assert printed.read_text() == as_markdown(get_resolver()), "run: python -m tests.access.policy > docs/access-matrix.md"
