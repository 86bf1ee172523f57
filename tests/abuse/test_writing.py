"""Writing what one must not, twice, at once or while it is read: refused, noted, of one moment."""

from __future__ import annotations

import csv
import io
import threading
from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

import pytest
from django.apps import apps
from django.db import connection, connections
from django.test import Client
from django.urls import reverse

from casebook.models import FormRecord, Participant, Visit
from enrollment import actions as enrollment
from itp_trial.models import AuditEntry, User
from reports import making
from reports.making import ADVISORY_LOCK, snapshot
from tests.abuse.conftest import without_ids
from tests.access.conftest import Actor, actors, address_of  # noqa: F401  (fixtures)
from tests.access.policy import POLICY
from tests.access.test_matrix import WORDS, undone
from tests.input.conftest import Desk, count_of
from tests.input.test_at_once import at_once, statuses

SECRET = "SECRET-WORDS-OF-AN-ANSWER"


# --- A8: a refused attempt leaves a line ------------------------------------------------------------------------------


@pytest.mark.row("A8")
@pytest.mark.django_db
class TestRefusedAttempts:
    @pytest.fixture
    def record(self, universe: Any) -> FormRecord:
        return universe.record(universe.untreated, "blood-count", "LOAD")

    @pytest.mark.parametrize("name", ["locked", "response", "site", "created_by", "status", "a\r\nb\x1b[31m"])
    def test_forbidden_names_by_page(self, universe: Any, client_of: Any, record: FormRecord, refusals: Any, name: str) -> None:
        posted = count_of(universe.untreated.enrolled_on, **{name: SECRET})
        sent = (urlencode(posted), "application/x-www-form-urlencoded")
        assert client_of(universe.clara).post(reverse("record", args=[record.pk]), *sent).status_code == 422
        [line] = refusals()
        assert (line.user, line.site, line.participant) == (universe.clara, "01", universe.untreated.pk)
        assert ascii(name)[1:-1] in line.what
        assert line.what.isprintable()
        assert SECRET not in str(vars(line))
        assert line.request_id

    @pytest.mark.parametrize("place", ["body", "answers"])
    def test_forbidden_names_by_api(self, universe: Any, client_of: Any, record: FormRecord, refusals: Any, place: str) -> None:
        body: dict[str, Any] = {"version": 0, "answers": {}}
        (body if place == "body" else body["answers"])["locked"] = SECRET
        url = reverse("api-record", args=[record.pk])
        assert client_of(universe.clara).put(url, body, "application/json").status_code == 400
        [line] = refusals()
        assert "locked" in line.what
        assert SECRET not in str(vars(line))

    @pytest.mark.parametrize("door", ["page", "api"])
    @pytest.mark.parametrize("who", ["milo", "dana", "pia", "adam"])
    def test_who_may_not_write(
        self, universe: Any, client_of: Any, record: FormRecord, refusals: Any, who: str, door: str
    ) -> None:
        client, posted = client_of(getattr(universe, who)), count_of(universe.untreated.enrolled_on, platelets="77")
        if door == "page":
            answer = client.post(reverse("record", args=[record.pk]), posted)
        else:
            body = {"version": 0, "answers": {"platelets": "77"}}
            answer = client.put(reverse("api-record", args=[record.pk]), body, "application/json")
        assert answer.status_code == 403
        [line] = refusals()
        assert line.user == getattr(universe, who)
        assert "not part of the role" in line.what
        record.refresh_from_db()
        assert record.version == 0

    def test_rows_of_another_form(self, universe: Any, client_of: Any, refusals: Any) -> None:
        record = universe.record(universe.untreated, "infusion", "LOAD")
        body = {"version": 0, "answers": {}, "rows": {"bags": [{"id": "1", "volume_ml": "10"}]}}
        url = reverse("api-record", args=[record.pk])
        assert client_of(universe.clara).put(url, body, "application/json").status_code == 422
        [line] = refusals()
        assert "rows of another form" in line.what

    def test_reading_and_mistakes_leave_none(self, universe: Any, client_of: Any, record: FormRecord, refusals: Any) -> None:
        client_of(universe.adam).get(reverse("record", args=[record.pk]))
        client_of(universe.clara).post(reverse("record", args=[record.pk]), count_of(universe.today, platelets="abc"))
        Client().post(reverse("record", args=[record.pk]), secure=True)
        assert not refusals()


# --- W1, W4: every door that writes -----------------------------------------------------------------------------------

WRITING = [(name, method) for name, methods in POLICY.items() for method in methods if method != "GET"]


@pytest.mark.row("W1")
@pytest.mark.django_db
@pytest.mark.parametrize("proof", ["no token", "the token of another session", "a foreign origin"])
def test_no_other_site_makes_a_browser_write(
    proof: str,
    actors: list[Actor],  # noqa: F811  (a fixture)
    address_of: Callable[..., Any],  # noqa: F811  (a fixture)
) -> None:
    for name, method in WRITING:
        who = next((a for a in actors if a.role and a.role in POLICY[name][method].roles), actors[0])
        _refused(name, method, proof, who, address_of)


def _refused(name: str, method: str, proof: str, who: Actor, address_of: Callable[..., Any]) -> None:  # noqa: F811
    door = POLICY[name][method]
    client = Client(enforce_csrf_checks=True)
    if name != "sign-in":
        client.force_login(who.user, backend="django.contrib.auth.backends.ModelBackend")
    parts, body = address_of(door.target, True, who)
    headers: dict[str, str] = {}
    if proof == "the token of another session":
        body = {**body, "csrfmiddlewaretoken": "a" * 64}
    if proof == "a foreign origin":
        client.get(reverse("sign-in"), secure=True)
        if cookie := client.cookies.get("csrftoken"):
            body = {**body, "csrfmiddlewaretoken": cookie.value}
        headers = {"Origin": "https://evil.example"}
    kind = {} if method == "POST" else {"content_type": "application/json"}
    url, before = reverse(name, kwargs={**parts, **WORDS.get(name, {})}), AuditEntry.objects.count()
    answer = getattr(client, method.lower())(url, body, secure=True, headers=headers, **kind)
    assert answer.status_code == 403, (method, name)
    assert AuditEntry.objects.count() == before, (method, name)


#: The columns of everything of ours, as somebody might post them.
COLUMNS = {field.attname for app in ("itp_trial", "casebook", "enrollment", "dosing", "responses", "delegation")
           for model in apps.get_app_config(app).get_models() for field in model._meta.concrete_fields}  # fmt: skip
#: What the small forms read, each at its own door; forms of the casebook know their own names (tests/conformance).
READ = {"reason", "on", "state", "site", "name", "city", "is_demo_name", "user", "role", "starts", "ends", "assignment"}


@pytest.mark.row("W4")
@pytest.mark.django_db
@pytest.mark.parametrize(
    ("name", "who", "target"),
    [("add-visit", "clara", "responder"), ("add-log", "clara", "responder"), ("screen-failure", "clara", "screening"),
     ("end-participation", "clara", "responder"), ("end-treatment", "ines", "responder")],
)  # fmt: skip
def test_posted_columns_change_nothing(universe: Any, client_of: Any, name: str, who: str, target: str) -> None:
    """With every column of ours in the body a button does exactly what it does without them."""
    child = getattr(universe, target)
    url = reverse(name, args=[child.pk, *(["rescue"] if name == "add-log" else [])])
    wanted = {"reason": "Moved away", "on": f"{universe.today:%d/%m/%Y}", "forms": "blood-count", "state": "withdrawn"}
    hidden = dict.fromkeys(COLUMNS - READ, "1")
    outcomes = []
    for body in (wanted, {**hidden, **wanted}):
        with undone():
            assert client_of(getattr(universe, who)).post(url, body).status_code == 302
            rows = [*Participant.objects.filter(pk=child.pk).values(),
                    *Visit.objects.filter(participant=child).order_by("target", "code", "repeat").values(),
                    *FormRecord.objects.filter(participant=child).order_by("form", "repeat", "created_at").values()]  # fmt: skip
            outcomes.append([{k: v for k, v in row.items() if k not in ("id", "created_at", "visit_id")} for row in rows])
    assert outcomes[0] == outcomes[1]


# --- C2, C3 -----------------------------------------------------------------------------------------------------------


@pytest.mark.row("C2")
@pytest.mark.django_db(transaction=True)
def test_two_tabs_of_one_session_are_compared(transactional_universe: Any, client_of: Any) -> None:
    """One cookie, two open pages, both sent: the second shows both values and keeps what was typed."""
    universe = transactional_universe
    desk = Desk(client_of(universe.clara), universe.record(universe.untreated, "blood-count", "LOAD"))
    pages = [desk.client.get(desk.url), desk.client.get(desk.url)]
    keys = [page.context["form"].version for page in pages]
    assert keys == [0, 0]
    day = universe.untreated.enrolled_on
    assert desk.post(count_of(day, platelets="50")).status_code == 302
    second = desk.post(count_of(day, platelets="60"))
    assert second.status_code == 409
    assert desk.typed(second, "platelets") == "60"
    assert "50" in second.content.decode()
    assert desk.stored["platelets"] == 50


@pytest.mark.row("C3")
@pytest.mark.fault
def test_a_save_and_a_withdrawal_have_one_order(transactional_universe: Any, client_of: Any) -> None:
    """Both at once, several times: whatever came first, the answer that was acknowledged is stored, and the child ended.

    Saving after the end is correct here: what happened before it is still documented.
    """
    universe = transactional_universe
    clinic, day = universe.clinic("01"), universe.untreated.enrolled_on
    for round_ in range(4):
        child = clinic.admit(day)
        record = universe.record(child, "blood-count", "LOAD")
        save, end = reverse("record", args=[record.pk]), reverse("end-participation", args=[child.pk])
        ending = {"state": "withdrawn", "reason": "Family moved", "on": f"{universe.today:%d/%m/%Y}"}
        posts = [(client_of(universe.clara), save, count_of(day, platelets=str(40 + round_))),
                 (client_of(universe.ines), end, ending)]  # fmt: skip
        answers = at_once([lambda c=c, u=u, b=b: c.post(u, b) for c, u, b in posts])
        assert set(statuses(answers)) <= {302, 409, 422}
        assert answers[1].status_code == 302
        child.refresh_from_db()
        record.refresh_from_db()
        assert child.state == "withdrawn"
        assert record.version == (1 if answers[0].status_code == 302 else 0)
        if record.version:
            assert record.crf().platelets == 40 + round_


@pytest.mark.row("C3")
@pytest.mark.django_db
def test_after_the_end_no_new_visit_begins(universe: Any, client_of: Any) -> None:
    enrollment.end_participation(participant=universe.responder, state="withdrawn", reason="Moved", on=universe.today,
                                 by=universe.ines)  # fmt: skip
    before = universe.responder.visits.count()
    posted = {"on": f"{universe.today:%d/%m/%Y}", "forms": "blood-count"}
    client_of(universe.clara).post(reverse("add-visit", args=[universe.responder.pk]), posted)
    assert universe.responder.visits.count() == before


# --- C9, W10: files ---------------------------------------------------------------------------------------------------


def elsewhere(work: Callable[[], Any]) -> Any:
    """In a thread with a database connection of its own."""
    [found] = at_once([work])
    return found


@pytest.mark.row("C9")
@pytest.mark.fault
@pytest.mark.parametrize("name", ["casebook-csv", "api-casebook-csv"])
def test_a_file_is_of_one_moment(transactional_universe: Any, client_of: Any, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """Between the first and the last query of the file somebody saves: all of it is from before."""
    from reports import selectors

    universe, fill = transactional_universe, selectors._fill
    saved: list[int] = []
    record = universe.record(universe.responder, "blood-count", "D3")

    def save_meanwhile(*args: Any) -> None:
        if not saved:
            saved.append(1)
            elsewhere(lambda: universe.fill(record, universe.clara, platelets=99))
        fill(*args)

    monkeypatch.setattr(selectors, "_fill", save_meanwhile)
    address = reverse(name, args=[universe.responder.pk]) + "?purpose=analysis"
    client = client_of(universe.clara)
    body = client.get(address).content.decode()
    rows = [row for row in csv.DictReader(io.StringIO(body)) if row["record_id"] == str(record.pk)]
    assert saved
    assert {row["record_version"] for row in rows} == {"1"}
    assert [row["value"] for row in rows if row["item"] == "platelets"] == ["60"]
    assert "99" in without_ids(client.get(address).content), "and the next file has it"


@pytest.mark.row("C9")
@pytest.mark.fault
def test_a_snapshot_sees_no_later_save_and_writes_nothing(transactional_universe: Any) -> None:
    from django.db import InternalError

    universe = transactional_universe
    with snapshot():
        before = Participant.objects.count()
        elsewhere(lambda: universe.clinic().start_screening(universe.today))
        assert Participant.objects.count() == before
    assert Participant.objects.count() == before + 1
    with pytest.raises(InternalError, match="read-only"), snapshot():
        universe.s1.save()


FILES = {"form-csv": ["blood-count"], "casebook-csv": None, "casebook-pdf": None,
         "api-form-csv": ["blood-count"], "api-casebook-csv": None, "api-casebook-pdf": None}  # fmt: skip


@pytest.fixture
def being_made(transactional_universe: Any) -> Any:
    """``being_made(user)``: another process is making a file for this person until the test lets it go."""
    done = threading.Event()
    threads = []

    def make(user: User) -> None:
        started = threading.Event()

        def work() -> None:
            with making.only_one(user):
                started.set()
                done.wait(30)
            connections.close_all()

        threads.append(threading.Thread(target=work))
        threads[-1].start()
        assert started.wait(10)

    make.done = done  # type: ignore[attr-defined]
    make.threads = threads  # type: ignore[attr-defined]
    yield make
    done.set()
    for thread in threads:
        thread.join(10)


@pytest.mark.row("W10")
@pytest.mark.fault
def test_one_file_at_a_time(transactional_universe: Any, client_of: Any, being_made: Any) -> None:
    universe = transactional_universe
    being_made(universe.clara)
    busy, other = client_of(universe.clara), client_of(universe.ines)
    urls = [reverse(name, args=arguments or [universe.responder.pk]) + "?purpose=analysis" for name, arguments in FILES.items()]
    for url in urls:
        answer = busy.get(url)
        assert answer.status_code == 429, url
        assert int(answer.headers["Retry-After"]) > 0
        assert "still being made" in answer.content.decode()
        assert other.get(url).status_code == 200, "others get theirs"
    record = universe.record(universe.untreated, "blood-count", "LOAD")
    assert busy.post(reverse("record", args=[record.pk]), count_of(universe.untreated.enrolled_on)).status_code == 302
    assert busy.get(reverse("work-list")).status_code == 200
    being_made.done.set()
    for thread in being_made.threads:
        thread.join(10)
    assert [busy.get(url).status_code for url in urls] == [200] * len(urls)


@pytest.mark.row("W10")
@pytest.mark.fault
def test_a_file_that_fails_leaves_nothing_locked(
    transactional_universe: Any, client_of: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any, **__: Any) -> None:
        raise RuntimeError

    client = client_of(transactional_universe.clara)
    client.raise_request_exception = False
    url = reverse("casebook-csv", args=[transactional_universe.responder.pk]) + "?purpose=analysis"
    with monkeypatch.context() as patched:
        patched.setattr("reports.selectors.casebook_of", fail)
        assert client.get(url).status_code == 500
    with connection.cursor() as cursor:
        # Of this database: the tests of another worker hold locks in theirs.
        cursor.execute("SELECT count(*) FROM pg_locks JOIN pg_database d ON d.oid = database AND datname = current_database()"
                       " WHERE locktype = 'advisory' AND classid = %s", [ADVISORY_LOCK])  # fmt: skip
        assert cursor.fetchone() == (0,)
    assert client.get(url).status_code == 200


@pytest.mark.row("W10")
@pytest.mark.fault
def test_a_lock_that_cannot_be_given_back_goes_with_its_connection(transactional_universe: Any) -> None:
    user = transactional_universe.clara
    with making.only_one(user), connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        pid = cursor.fetchone()[0]
        elsewhere(lambda: _terminate(pid))
    with making.only_one(user):
        assert User.objects.filter(pk=user.pk).exists(), "the connection works again"


def _terminate(pid: int) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_terminate_backend(%s)", [pid])
