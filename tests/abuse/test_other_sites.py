"""What people of one site can learn of another one: nothing, not even how much there is (A3-A5, A9, A10, A11, A13, W18)."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.apps import apps
from django.conf import settings
from django.test import Client
from django.urls import get_resolver, reverse
from django.utils import timezone

from casebook.crf import crf_models
from casebook.models import FormRecord, Participant, Visit
from dosing.crfs import Bag
from itp_trial.actor import acting
from itp_trial.models import AuditEntry, User
from tests.abuse.conftest import FOREIGN_COUNT, MACHINE, addresses, sheets_of, without_ids, write_everywhere
from tests.access.conftest import person
from tests.access.policy import POLICY, routes
from tests.input.conftest import count_of

pytestmark = pytest.mark.django_db
NOWHERE = "00000000-0000-4000-8000-000000000000"

#: What somebody adds to an address in the hope of seeing more.
PARAMETERS = ("site=2", "site=02", "search=CANARY", "q=CANARY", "ordering=site__name", "ordering=-participant__end_reason",
              "participant={foreign}", "site__code=02", "site__isnull=1", "page_size=500", "offset=0", "all=1",
              "_connector=OR", "cursor={cursor}", "day=2026-01-01", "for=excel", "format=json")  # fmt: skip


def names_at_02(universe: Any) -> list[str]:
    """Every number, key and lot of site 02."""
    return [universe.foreign.screening_number, universe.foreign.subject_number, str(universe.foreign.pk), "MP-02-1",
               *map(str, Visit.objects.filter(participant=universe.foreign).values_list("pk", flat=True)),
               *map(str, FormRecord.everything.filter(site=universe.s2).values_list("pk", flat=True)),
               *(str(sheet.pk) for _, sheet in sheets_of(universe.s2) if not isinstance(sheet.pk, int))]  # fmt: skip


def told_of(foreign: list[str], body: bytes) -> list[str]:
    """What of site 02 stands in these bytes."""
    text = body.decode("utf-8", "replace")
    found = [word for word in foreign if word in text] + re.findall(r"CANARY-S02-[\w.]+", text)
    return found + re.findall(rf"(?<![0-9a-f-]){FOREIGN_COUNT}(?![0-9a-f-])", without_ids(body))


@pytest.fixture
def canaries(universe: Any) -> Any:
    """Every text of site 02 is a canary, and every count there a prime."""
    texts = [f"{model.__name__}.{item.name}" for crf in crf_models() for model in (crf, *crf.row_models)
             for item in model.items().values() if item.kind in ("text", "note")]  # fmt: skip
    written: list[str] = []
    write_everywhere(universe, "02", lambda place: written.append(place) or f"CANARY-S02-{place}")
    assert set(texts) <= set(written), "every text item of every form holds a canary"
    return universe


@pytest.mark.row("A4", "A9")
def test_the_canaries_are_seen_by_those_who_may(canaries: Any, client_of: Callable[[User], Client]) -> None:
    """The self-test: who works at site 02 finds each of them, so a walk that finds none has looked in the right places."""
    client, seen = client_of(canaries.omar), ""
    for address in addresses(canaries, canaries.foreign, canaries.s2).values():
        seen += client.get(address).content.decode("utf-8", "replace")
    texts = {f"CANARY-S02-{model.__name__}.{item.name}" for crf in crf_models() for model in (crf, *crf.row_models)
             for item in model.items().values() if item.kind in ("text", "note")}  # fmt: skip
    assert not {text for text in texts if text not in seen}
    assert str(FOREIGN_COUNT) in without_ids(seen.encode())


@pytest.mark.row("A1", "A4", "A9")
@pytest.mark.parametrize("who", ["clara", "ines", "hana", "monitor of site 01"])
def test_no_address_tells_anything_of_another_site(canaries: Any, client_of: Callable[[User], Client], who: str) -> None:
    user = person("mona", "monitor", canaries.s1) if who.startswith("monitor") else getattr(canaries, who)
    client, wrong = client_of(user), []
    own = addresses(canaries, canaries.responder, canaries.s1)
    foreign, names = addresses(canaries, canaries.foreign, canaries.s2), names_at_02(canaries)
    for name, address in [*own.items(), *foreign.items()]:
        answer = client.get(address)
        # Who asks for an id has it already: the schema of its own address may echo it, as ``next`` of a link does.
        if leaked := {part for part in told_of(names, answer.content) if part not in address}:
            wrong.append(f"{name} ({answer.status_code}): {sorted(leaked)[:3]}")
        if str(answer.headers).find("CANARY") >= 0 or answer.status_code >= 500:
            wrong.append(f"{name}: {answer.status_code} {answer.headers}")
    assert not wrong, "\n".join(wrong)


@pytest.mark.row("A4", "A5")
def test_no_parameter_opens_another_site(canaries: Any, client_of: Callable[[User], Client]) -> None:
    client, words = client_of(canaries.clara), names_at_02(canaries)
    for parameter in PARAMETERS:
        _opens_nothing(client, parameter.format(foreign=canaries.foreign.pk, cursor="cD1TMDItMDAx"), words, canaries.foreign)


def _opens_nothing(client: Client, asked: str, words: list[str], foreign: Participant) -> None:
    for name in ("work-list", "participants", "lots", "exports", "delegation", "api-participants", "api-responses", "api-forms"):
        answer = client.get(f"{reverse(name)}?{asked}")
        assert answer.status_code in (200, 400), (name, asked)
        assert not told_of(words, answer.content), (name, asked)
    answer = client.get(f"{reverse('api-form-csv', args=['blood-count'])}?{asked}")
    assert answer.status_code in (200, 400, 404)
    assert not set(told_of(words, answer.content)) - {str(foreign.pk)}, asked


@pytest.mark.row("A5")
def test_what_is_counted_is_ones_own(universe: Any, client_of: Callable[[User], Client]) -> None:
    """The same bytes with and without more children at the other site: no total, no next number, no size tells of them."""
    client = client_of(universe.clara)
    names = ("work-list", "participants", "lots", "exports", "api-participants", "api-responses")
    files = [reverse("form-csv", args=["blood-count"]), reverse("casebook-csv", args=[universe.responder.pk])]

    def answers() -> list[str]:
        pages = [client.get(address) for address in [*map(reverse, names), *files]]
        lines = [line for page in pages for line in page.content.decode().splitlines()]
        return [line for line in lines if not re.search("csrfmiddlewaretoken|<time|idempotency-key", line)]

    before = answers()
    for _ in range(3):
        universe.clinic("02").admit(universe.today)
    assert answers() == before


@pytest.mark.row("A3")
class TestForeignParents:
    """An object of one's own that is hung under somebody else's."""

    @pytest.fixture(autouse=True)
    def nothing_of_site_02_changes(self, universe: Any) -> Any:
        def print_of() -> list[Any]:
            rows = [Participant, Visit]
            found = [list(model.objects.filter(**{"site" if model is Participant else "participant__site": universe.s2})
                          .order_by("pk").values()) for model in rows]  # fmt: skip
            return [*found, list(FormRecord.everything.filter(site=universe.s2).order_by("pk").values())]

        before = print_of()
        yield
        assert print_of() == before

    @pytest.mark.parametrize("name", ["participant", "participant_id", "site", "site_id", "visit", "visit_id", "record_id"])
    def test_a_record_cannot_be_moved(self, universe: Any, client_of: Any, name: str) -> None:
        record = universe.record(universe.untreated, "blood-count", "LOAD")
        foreign = str(universe.s2.pk if name.startswith("site") else universe.foreign.pk)
        client, before = client_of(universe.clara), AuditEntry.objects.count()
        posted = count_of(universe.untreated.enrolled_on)
        assert client.post(reverse("record", args=[record.pk]), {**posted, name: foreign}).status_code == 422
        answers = {key: value for key, value in posted.items() if key != "record-version"}
        for body in ({"version": 0, "answers": answers, name: foreign}, {"version": 0, "answers": {**answers, name: foreign}}):
            assert client.put(reverse("api-record", args=[record.pk]), body, "application/json").status_code == 400
        assert AuditEntry.objects.count() == before

    @pytest.mark.parametrize("name", ["add-visit", "enrol", "screen-failure", "end-participation", "end-treatment", "add-log"])
    def test_nothing_is_added_to_a_foreign_child(self, universe: Any, client_of: Any, name: str) -> None:
        arguments = [universe.foreign.pk, *(["rescue"] if name == "add-log" else [])]
        posted = {"on": f"{universe.today:%d/%m/%Y}", "forms": "blood-count", "reason": "x", "state": "withdrawn",
                  "participant": str(universe.responder.pk)}  # fmt: skip
        before = AuditEntry.objects.count()
        assert client_of(universe.ines).post(reverse(name, args=arguments), posted).status_code == 404
        assert AuditEntry.objects.count() == before

    def test_nobody_is_screened_and_no_lot_received_elsewhere(self, universe: Any, client_of: Any) -> None:
        paul = person("paul", "pharmacist", universe.s1)
        assert client_of(universe.clara).post(reverse("screen"), {"site": universe.s2.pk}).status_code == 404
        assert client_of(paul).post(reverse("add-lot"), {"site": universe.s2.pk}).status_code == 404

    def test_a_foreign_bag_is_no_choice(self, universe: Any, client_of: Any) -> None:
        bag = Bag.objects.filter(crf__record__site=universe.s2).first()
        record = universe.record(universe.untreated, "infusion", "LOAD")
        posted = {"record-version": "0", "bags-count": "1", "bags-0-bag": str(bag.pk), "bags-0-volume_ml": "10"}
        answer = client_of(universe.clara).post(reverse("record", args=[record.pk]), posted)
        assert answer.status_code == 422
        assert "choose one of the entries" in answer.content.decode()
        body = {"version": 0, "answers": {}, "rows": {"bags": [{"bag": str(bag.pk), "volume_ml": "10"}]}}
        assert client_of(universe.clara).put(reverse("api-record", args=[record.pk]), body, "application/json").status_code == 422


@pytest.mark.row("A10")
def test_no_task_makes_a_file_for_a_person(universe: Any, client_of: Any) -> None:
    """Files are made while the person waits: with the role goes the file. No task takes a person or a file."""
    from itp_trial.celery import app

    app.loader.import_default_modules()
    ours = {name for name in app.tasks if not name.startswith("celery.")}
    assert ours == {entry["task"] for entry in app.conf.beat_schedule.values()}, "every task is started by the clock alone"
    client = client_of(universe.clara)
    address = reverse("casebook-csv", args=[universe.responder.pk]) + "?purpose=analysis"
    assert client.get(address).status_code == 200
    with acting(MACHINE, "Stopped"):
        universe.clara.assignments.update(stopped_at=timezone.now())
    assert client.get(address).status_code == 403


@pytest.mark.row("A11")
def test_there_is_no_link_that_opens_by_itself(universe: Any) -> None:
    """No signed or guessable download: strangers get the sign-in page, the probes, and whether a printed code holds."""
    open_to_all = {name for name, methods in POLICY.items() if any(door.roles == "open" for door in methods.values())}
    assert open_to_all == {"sign-in", "second-factor", "healthz", "readyz", "verify-signature"}
    assert not settings.MEDIA_URL.strip("/")
    for name, address in addresses(universe, universe.responder, universe.s1).items():
        if name not in open_to_all:
            answer = Client().get(f"{address}{'&' if '?' in address else '?'}token=x&signature=x&expires=9999999999", secure=True)
            assert answer.status_code in (302, 401), name


@pytest.mark.row("A13")
def test_there_is_no_admin_site() -> None:
    assert not apps.is_installed("django.contrib.admin")
    found = list(routes(get_resolver()))
    assert not [pattern for name, pattern in found if "admin" in f"{name} {pattern}"]


@pytest.mark.row("W18")
def test_foreign_and_unknown_ids_answer_alike(universe: Any, client_of: Any) -> None:
    client = client_of(universe.clara)
    foreign = addresses(universe, universe.foreign, universe.s2)
    compared = 0
    for name, address in foreign.items():
        if not re.search(r"[0-9a-f-]{36}", address):
            continue
        there, nowhere = client.get(address), client.get(re.sub(r"[0-9a-f-]{36}", NOWHERE, address))
        assert (there.status_code, nowhere.status_code) == (404, 404), name
        assert _steady(there) == _steady(nowhere), name
        compared += 1
    assert compared > 20


def _steady(answer: Any) -> tuple[dict[str, str], list[str]]:
    """The answer without what differs between any two requests: request id, clock, token of the form, length of it."""
    headers = {name: value for name, value in answer.headers.items() if name not in ("X-Request-ID",)}
    return headers, [line for line in answer.content.decode().splitlines() if not re.search("<time|csrfmiddlewaretoken", line)]


@pytest.mark.row("W18", "W11")
def test_what_belongs_to_a_child_is_named_by_random_ids() -> None:
    """Numbers count only what is no child's: people's roles and tokens, sites, and findings (whose address shows nothing)."""
    patterns = dict(routes(get_resolver()))
    counted = {name for name, pattern in patterns.items() if "<int:" in pattern}
    of_children = {name for name in counted if "participant" in patterns[name] or "record" in patterns[name]}
    assert of_children == set(), "a number in the address of a child tells how many there are"
    assert set(POLICY["confirm-finding"]) == {"POST"}
    spelled = {name for name, pattern in patterns.items() if re.search("<(slug|str|path):", pattern)}
    asked = {"item-history", "comment", "add-photo"}
    assert spelled == {"add-log", "form-csv", "api-form-csv", *asked}, "these name forms and questions"
