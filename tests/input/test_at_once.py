"""Many at the same moment, with real commits on a real server: one of them wins, the others are told, nobody gets a 500."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import connection, connections, transaction
from django.urls import reverse
from django.utils import timezone

from casebook.models import FormRecord, Participant, Visit
from demo.builder import Facts
from dosing.crfs import Bag, InfusionBag
from enrollment import places
from enrollment.numbering import check
from itp_trial.models import AuditEntry
from itp_trial.protocol import PLANNED_PARTICIPANTS
from itp_trial.refusal import Refused
from tests.conformance.document import Document
from tests.input.conftest import count_of

MANY = 8


def at_once(tasks: list[Callable[[], Any]]) -> list[Any]:
    """Runs all tasks in threads that start together, each with a database connection of its own."""
    start = threading.Barrier(len(tasks))

    def run(task: Callable[[], Any]) -> Any:
        try:
            start.wait(timeout=30)
            return task()
        finally:
            connections.close_all()

    with ThreadPoolExecutor(len(tasks)) as pool:
        return [future.result() for future in [pool.submit(run, task) for task in tasks]]


def statuses(answers: list[Any]) -> Counter[int]:
    return Counter(answer.status_code for answer in answers)


@pytest.fixture
def world(transactional_universe: Any) -> Any:
    return transactional_universe


@pytest.fixture
def record(world: Any) -> FormRecord:
    return world.record(world.untreated, "blood-count", "LOAD")


@pytest.mark.row("C4")
def test_eight_clicks_on_one_button_are_one_save(world: Any, record: FormRecord, client_of: Any) -> None:
    """C4: the same idempotency key: one version step and one entry in the trail, seven replays."""
    url = reverse("record", args=[record.pk])
    posted = count_of(world.untreated.enrolled_on, **{"idempotency-key": "one"})
    clients = [client_of(world.clara) for _ in range(MANY)]
    answers = at_once([lambda client=client: client.post(url, posted) for client in clients])
    assert statuses(answers) == {302: MANY}
    record.refresh_from_db()
    assert record.version == 1
    assert AuditEntry.objects.filter(table_name="assessments_bloodcount", row=str(record.pk)).count() == 1


@pytest.mark.row("C1")
def test_eight_people_save_one_form(world: Any, record: FormRecord, client_of: Any) -> None:
    """C1: one save, seven conflicts; what is stored is what the winner typed."""
    url = reverse("record", args=[record.pk])
    clients = {n: client_of(world.clara) for n in range(MANY)}
    day = world.untreated.enrolled_on
    answers = at_once(
        [lambda n=n: clients[n].post(url, count_of(day, platelets=str(50 + n), **{"idempotency-key": f"k{n}"})) for n in clients]
    )
    assert statuses(answers) == {302: 1, 409: MANY - 1}
    winner = next(n for n, answer in enumerate(answers) if answer.status_code == 302)
    record.refresh_from_db()
    assert record.version == 1
    assert record.crf().platelets == 50 + winner
    for n, answer in enumerate(answers):
        if n != winner:
            page = Document(answer.content.decode())
            assert page.value("platelets") == str(50 + n), "nobody's typing is lost"


@pytest.mark.row("C8")
def test_each_change_is_attributed_to_the_person_who_made_it(world: Any, client_of: Any) -> None:
    """C8: four people on four threads of one process."""
    people = [world.clara, world.ines, world.otto, world.omar]
    homes = [world.responder, world.responder, world.foreign, world.foreign]
    urls = [reverse("add-log", args=[child.pk, "rescue"]) for child in homes]
    clients = [client_of(person) for person in people]

    def work(n: int) -> list[str]:
        return [clients[n].post(urls[n]).headers["Location"].split("/")[2] for _ in range(5)]

    made = at_once([lambda n=n: work(n) for n in range(4)])
    for person, keys in zip(people, made, strict=True):
        entries = AuditEntry.objects.filter(table_name="casebook_formrecord", row__in=keys)
        assert entries.count() == 5
        assert set(entries.values_list("actor_id", flat=True)) == {person.actor_id}


@pytest.mark.row("C5")
def test_new_log_entries_and_visits_are_numbered_without_gaps(world: Any, client_of: Any) -> None:
    clients = [client_of(world.clara) for _ in range(MANY)]
    log, visit = reverse("add-log", args=[world.responder.pk, "rescue"]), reverse("add-visit", args=[world.responder.pk])
    day = f"{timezone.localdate():%d/%m/%Y}"
    before = world.responder.visits.filter(code="UNS").count()
    answers = at_once(
        [lambda c=c: c.post(log) for c in clients[:4]]
        + [lambda c=c: c.post(visit, {"on": day, "forms": "blood-count"}) for c in clients[4:]]
    )
    assert statuses(answers) == {302: MANY}
    assert sorted(world.responder.records.filter(form="rescue").values_list("repeat", flat=True)) == [1, 2, 3, 4]
    repeats = sorted(Visit.objects.filter(participant=world.responder, code="UNS").values_list("repeat", flat=True))
    assert repeats == list(range(1, before + 5))


@pytest.mark.row("C5")
def test_one_bag_is_given_to_one_child(world: Any, client_of: Any) -> None:
    """Two children, one bag, the same second: the database decides, the other one is told."""
    clinic = world.clinic("01")
    today = world.today
    children = [world.untreated, *(clinic.admit(world.untreated.enrolled_on, Facts(age=5 + n)) for n in range(3))]
    bag = Bag.objects.filter(crf__record__site=world.s1, given=None).first()
    posted = {"record-version": "0", "weight_kg": "18", "weight_on": f"{today:%d/%m/%Y}", "bags-count": "1",
              "bags-0-bag": str(bag.pk), "bags-0-volume_ml": "10"}  # fmt: skip
    urls = [reverse("record", args=[world.record(child, "infusion", "LOAD").pk]) for child in children]
    clients = [client_of(world.clara) for _ in children]
    answers = at_once([lambda n=n: clients[n].post(urls[n], posted) for n in range(len(children))])
    assert statuses(answers) == {302: 1, 422: len(children) - 1}
    assert InfusionBag.objects.filter(bag=bag).count() == 1
    for answer in answers:
        if answer.status_code == 422:
            said = Document(answer.content.decode()).by_id("errors").text
            assert "used in another form" in said or "choose one of the entries" in said


@pytest.mark.row("C5", "C6")
def test_fifty_children_at_once_at_three_sites_get_the_places_that_are_left(world: Any) -> None:
    """C6: fifty come at the same moment; as many as there are places are screened and enrolled, the others are told why.

    Numbers are unique and gapless at each site, each with its check character; screening numbers too.
    """
    day, sites = world.untreated.enrolled_on, [world.s1, world.s2, world.s3]
    clinics = [world.clinic(code) for code in ("01", "02", "03")]
    free = PLANNED_PARTICIPANTS - len(places.taken())

    def screen(clinic: Any) -> Any:
        try:
            return clinic, clinic.start_screening(day)
        except Refused as refusal:
            return clinic, str(refusal)

    came = at_once([lambda clinic=clinics[n % 3]: screen(clinic) for n in range(50)])
    screened = [(clinic, child) for clinic, child in came if isinstance(child, Participant)]
    assert len(screened) == free > 10
    assert {said for _, said in came if isinstance(said, str)} == {places.full()}
    for n, (clinic, child) in enumerate(screened):
        clinic.screen(child, day, Facts(age=3 + n % 7))
        clinic.consent(child, day, Facts(age=3 + n % 7))
    at_once([lambda clinic=clinic, child=child: clinic.enrol(child, day) for clinic, child in screened])
    for site in sites:
        screening, subjects = _numbers(site)
        assert screening == list(range(1, len(screening) + 1))
        assert subjects == list(range(1, len(subjects) + 1))
        assert all(check(row.subject_number) for row in Participant.objects.filter(site=site).exclude(subject_number=None))
    assert not Participant.objects.filter(pk__in=[child.pk for _, child in screened], subject_number=None).exists()


def _numbers(site: Any) -> tuple[list[int], list[int]]:
    """The screening numbers and the subject numbers of a site, without site and check character."""
    rows = Participant.objects.filter(site=site)
    subjects = rows.exclude(subject_number=None).values_list("subject_number", flat=True)
    return sorted(int(row.screening_number[4:]) for row in rows), sorted(int(number[3:6]) for number in subjects)


@pytest.mark.row("C5")
def test_a_child_is_enrolled_once(world: Any, client_of: Any) -> None:
    """Eight people press "Enrol"; one child, one number, one loading visit."""
    clinic, day = world.clinic("01"), world.untreated.enrolled_on
    child = clinic.start_screening(day)
    clinic.screen(child, day, Facts())
    clinic.consent(child, day, Facts())
    url = reverse("enrol", args=[child.pk])
    clients = [client_of(world.clara) for _ in range(MANY)]
    answers = at_once([lambda c=c: c.post(url) for c in clients])
    assert statuses(answers) == {302: MANY}
    child.refresh_from_db()
    assert child.subject_number
    assert child.visits.filter(code="LOAD").count() == 1
    assert Participant.objects.filter(site=world.s1, subject_number__isnull=False).count() == 3


@pytest.mark.row("C3")
def test_enrolled_or_failed_but_never_both(world: Any, client_of: Any) -> None:
    """C3: an enrolment and a screen failure at the same moment have exactly one order."""
    clinic, day = world.clinic("01"), world.untreated.enrolled_on
    for round_ in range(4):
        child = clinic.start_screening(day)
        clinic.screen(child, day, Facts())
        clinic.consent(child, day, Facts())
        posts = [(reverse("enrol", args=[child.pk]), {}), (reverse("screen-failure", args=[child.pk]), {"reason": "moved"})]
        clients = [client_of(world.clara), client_of(world.ines)]
        at_once([lambda n=n, c=c, p=posts: c.post(*p[n]) for n, c in enumerate(clients)])
        child.refresh_from_db()
        outcome = (child.state, child.subject_number is not None, child.ended_on is not None)
        assert outcome in {("treatment", True, False), ("screen_failed", False, True)}, (round_, outcome)


def test_a_lock_that_does_not_come_is_an_answer_not_an_endless_wait(world: Any, record: FormRecord, client_of: Any) -> None:
    """D13: somebody holds the record; the second one is told to try again, and nothing is stored."""
    client, posted = client_of(world.clara), count_of(world.untreated.enrolled_on)
    client.raise_request_exception = False
    answers = {n: t for n, t in posted.items() if n != "record-version"}

    def impatient(send: Callable[[], Any]) -> Any:
        with connection.cursor() as cursor:
            cursor.execute("SET lock_timeout = '200ms'")
        return send()

    page = reverse("record", args=[record.pk])
    api, body = reverse("api-record", args=[record.pk]), {"version": 0, "answers": answers}
    with transaction.atomic():
        FormRecord.objects.select_for_update().get(pk=record.pk)
        [by_page] = at_once([lambda: impatient(lambda: client.post(page, posted))])
        [by_api] = at_once([lambda: impatient(lambda: client.put(api, body, "application/json"))])
    assert (by_page.status_code, by_api.status_code) == (503, 503)
    assert by_page.headers["Retry-After"]
    assert "try again" in by_page.content.decode()
    record.refresh_from_db()
    assert record.version == 0
    assert client.post(page, posted).status_code == 302, "and the second try is stored"
