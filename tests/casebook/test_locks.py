"""Freeze, lock, open again: who may still change what, at every door, and in which order."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.db import InternalError, connection, transaction
from django.urls import reverse

from accounts.second_factor import code_at, step_now
from casebook import actions, locks
from casebook.locks import Closed, Locks
from casebook.models import Finding, FormRecord, Lock
from casebook.trail import of_participant
from demo.builder import fill
from demo.people import PASSWORD
from itp_trial.actor import acting
from itp_trial.models import AuditEntry
from itp_trial.refusal import Refused
from reports.importing import import_form
from tests.input.test_at_once import at_once
from tests.trail.conftest import story

pytestmark = pytest.mark.requirement("RQ-28")


@pytest.fixture
def count(universe: Any) -> FormRecord:
    """The responder's count of day 3: 60."""
    return universe.record(universe.responder, "blood-count", "D3")


@pytest.fixture
def code_of(settings: Any) -> Callable[[], str]:
    """The code that the telephone of a person of the cast shows now."""
    return lambda: code_at(settings.DEMO_TOTP_SECRET, step_now())


def targets(universe: Any, count: FormRecord) -> dict[str, Any]:
    return {"record": count, "visit": count.visit, "participant": universe.responder}


@pytest.mark.parametrize("scope", ["record", "visit", "participant"])
def test_what_is_frozen_takes_no_answer_through_any_door(universe: Any, count: FormRecord, client_of: Any, scope: str) -> None:
    """Page, API, actions and SQL: each says no, and everything stays as it is."""
    locks.freeze(target=targets(universe, count)[scope], reason="Cleaned.", by=universe.dana)
    entries = AuditEntry.objects.count()
    with pytest.raises(Closed, match=r"is frozen since .* by Dana Sobhi: Cleaned\. Nothing was saved"):
        fill(count, universe.clara, platelets=61)
    page = client_of(universe.clara).get(reverse("record", args=[count.pk])).content.decode()
    assert "Frozen" in page
    assert "by Dana Sobhi: Cleaned." in page
    assert '<fieldset class="plain" disabled>' in page
    client = client_of(universe.clara)
    posted = client.post(reverse("record", args=[count.pk]), {"record-version": "1", "done": "N", "why_not": "x"})
    assert posted.status_code == 422
    api = reverse("api-record", args=[count.pk])
    state = client.get(api).json()["answers"]
    answers = {name: said["value"] for name, said in state.items() if said["value"] and not said["derived"]}
    body = {"version": 1, "answers": answers | {"platelets": "61"}, "reason": "typing"}
    by_api = client.put(api, body, content_type="application/json")
    assert (by_api.status_code, "by Dana Sobhi: Cleaned." in by_api.json()["detail"]) == (409, True), by_api.json()
    with transaction.atomic(), pytest.raises(InternalError, match="closed to changes"), transaction.atomic(), \
            acting(universe.clara, "by hand"), connection.cursor() as cursor:  # fmt: skip
        cursor.execute("UPDATE assessments_bloodcount SET platelets = 1 WHERE record_id = %s", [count.pk])
    assert AuditEntry.objects.count() == entries
    count.refresh_from_db()
    assert count.version == 1


def test_an_import_fills_nothing_that_is_frozen(universe: Any, tmp_path: Any, settings: Any) -> None:
    settings.VAR_DIR = tmp_path
    locks.freeze(target=universe.responder, reason="Cleaned", by=universe.dana)
    file = tmp_path / "counts.csv"
    file.write_text(f"participant,visit_code,done,why_not\n{universe.responder.number},D13,N,No vein\n")
    done = import_form(slug="blood-count", path=file, by=universe.clara, purpose="late paper")
    assert done.stored == []
    assert "is frozen since" in done.run.rejected[0]["reasons"][0]


def test_questions_additions_and_removal_wait_too(universe: Any) -> None:
    day = universe.untreated.enrolled_on
    saved = universe.clinic().extra_count(universe.untreated, day, 1200)
    [finding] = saved.open_findings
    child = universe.untreated
    locks.freeze(target=child, reason="Cleaned", by=universe.dana)
    refused: dict[str, Callable[[], Any]] = {
        "confirm": lambda: actions.confirm_finding(finding=finding, explanation="so it is", by=universe.clara),
        "remove": lambda: actions.remove_record(record=saved.record, reason="mistake", by=universe.clara),
        "visit": lambda: actions.add_unscheduled_visit(participant=child, on=day, forms=["blood-count"], by=universe.clara),
        "log": lambda: actions.add_log_record(participant=child, form="rescue", by=universe.clara),
        "state": lambda: actions.change_state(participant=child, by=universe.ines, reason="x", state="follow_up"),
    }
    for name, act in refused.items():
        with pytest.raises(Closed):
            act()
        assert name
    finding.refresh_from_db()
    assert finding.state == Finding.State.OPEN
    locks.lift(target=child, reason="One more count", by=universe.dana)
    actions.confirm_finding(finding=finding, explanation="so it is", by=universe.clara)


def test_safety_data_and_the_end_are_never_blocked(universe: Any) -> None:
    """A child that is frozen may fall ill, withdraw or die."""
    child = universe.responder
    old = universe.clinic().log(child, "adverse-event", term="Headache").record
    locks.freeze(target=child, reason="Cleaned", by=universe.dana)
    fill(old, universe.clara, term="Severe headache")
    new = universe.clinic().log(child, "adverse-event", term="Fever").record
    locks.freeze(target=new, reason="Reported", by=universe.dana)
    with pytest.raises(Closed, match="This form is frozen"):
        fill(new, universe.clara, term="High fever")
    actions.change_state(participant=child, by=universe.ines, reason="Moved away", state="withdrawn")


@pytest.mark.requirement("RQ-28")
def test_a_lock_says_everything_that_is_missing(universe: Any, count: FormRecord, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(Refused, match=r"cannot be locked yet\. .*Blood count, Count day 12-14: not filled yet\."):
        locks.lock(target=universe.responder, reason="Final", by=universe.dana)
    saved = fill(count, universe.clara, platelets=1200)
    assert saved.open_findings
    assert locks.obstacles(count)[0] == "Blood count, Count day 3: 1 open question."
    monkeypatch.setattr(locks, "conditions", [lambda participant, records: [f"{participant}: {len(records)} not signed."]])
    assert locks.obstacles(count)[1:] == [f"{universe.responder}: 1 not signed."]


def test_a_visit_that_is_not_needed_does_not_keep_a_child_from_being_locked(universe: Any) -> None:
    child = universe.responder
    wanted = {r.visit.code for r in locks.covered(child)}
    assert "D13" in wanted
    actions.cancel_visits(participant=child, codes=["D13"], why="ended", by=universe.ines)
    assert {r.visit.code for r in locks.covered(child)} == wanted - {"D13"}


def test_freezing_twice_lifting_nothing_and_no_reason_are_refused(universe: Any, count: FormRecord) -> None:
    for act in (locks.freeze, locks.lock, locks.lift):
        with pytest.raises(Refused, match="Please give the reason"):
            act(target=count, reason=" ", by=universe.dana)
    with pytest.raises(Refused, match="not frozen or locked by itself"):
        locks.lift(target=count, reason="x", by=universe.dana)
    locks.freeze(target=count, reason="Cleaned", by=universe.dana)
    with pytest.raises(Refused, match="frozen since"):
        locks.freeze(target=count, reason="Cleaned", by=universe.dana)
    lot = FormRecord.objects.filter(form="lot").first()
    with pytest.raises(Refused, match="Product forms"):
        locks.freeze(target=lot, reason="x", by=universe.dana)


def test_a_freeze_becomes_a_lock_and_a_lock_no_freeze(universe: Any, count: FormRecord, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(locks, "conditions", [])
    locks.freeze(target=count, reason="Cleaned", by=universe.dana)
    locks.lock(target=count, reason="Final", by=universe.dana)
    with pytest.raises(Refused, match="locked since"):
        locks.freeze(target=count, reason="Cleaned", by=universe.dana)
    assert [(lock.kind, lock.lifted_why) for lock in Lock.objects.order_by("pk")] == [("frozen", "Locked"), ("locked", "")]
    locks.freeze(target=universe.responder, reason="Cleaned", by=universe.dana)
    assert [lock.kind for lock in Locks.of(universe.responder).closing(count)] == ["locked", "frozen"], "the strictest first"


def test_a_machine_never_changes_what_is_closed_and_says_what_it_would(universe: Any) -> None:
    """The certificate of a lot is corrected: the locked infusion keeps its grams, and a question says what they would be."""
    infusion = universe.record(universe.responder, "infusion", "LOAD")
    before = infusion.crf().answers()
    locks.freeze(target=infusion, reason="Cleaned", by=universe.dana)
    lot = FormRecord.objects.get(form="lot", site=universe.s1)
    fill(lot, universe.pia, igg_g_per_l="44")
    fill(lot, universe.pia, lot_number="MP-01-1 (corrected)")
    infusion.refresh_from_db()
    assert infusion.crf().answers() == before
    assert infusion.version == 1
    [question] = infusion.findings.filter(state=Finding.State.OPEN)
    assert re.search(r"Opened again it would say: .*IgG given: 17\.6 g in place of 18 g\.", question.message)
    fill(lot, universe.pia, igg_g_per_l="43")
    assert infusion.findings.filter(state=Finding.State.OPEN).get().message != question.message, "asked anew, once"
    locks.lift(target=infusion, reason="New certificate", by=universe.dana)
    infusion.refresh_from_db()
    assert infusion.crf().grams < before["grams"]
    assert not infusion.findings.filter(code=locks.CLOSED, state=Finding.State.OPEN).exists()


def test_the_trail_tells_freezing_locking_and_opening(universe: Any, count: FormRecord, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(locks, "conditions", [])
    locks.freeze(target=count, reason="Cleaned", by=universe.dana)
    locks.lift(target=count, reason="One value", by=universe.dana)
    locks.lock(target=count, reason="Final", by=universe.dana)
    locks.freeze(target=count.visit, reason="Cleaned", by=universe.dana)
    locks.freeze(target=universe.responder, reason="Cleaned", by=universe.dana)
    told = [one.sentence for one in story(universe.responder) if one.entry.table_name == "casebook_lock"]
    assert [sentence.partition("(data manager) ")[2] for sentence in told] == [
        "froze all forms of the participant. Reason: Cleaned.",
        "froze the visit “Count day 3”. Reason: Cleaned.",
        "locked Blood count, Count day 3. Reason: Final.",
        "opened Blood count, Count day 3 again (frozen before). Reason: One value.",
        "froze Blood count, Count day 3. Reason: Cleaned.",
    ]
    assert of_participant(universe.responder).filter(table_name="casebook_lock").count() == 5


# --- the page -----------------------------------------------------------------------------------------------------------


def act(client: Any, url: str, **posted: str) -> Any:
    return client.post(url, {"reason": "Because", "password": PASSWORD, **posted}, follow=True)


@pytest.mark.parametrize("scope", ["record", "visit", "participant"])
def test_the_page_freezes_and_opens_again(universe: Any, count: FormRecord, client_of: Any, code_of: Any, scope: str) -> None:
    target = targets(universe, count)[scope]
    url, dana = reverse(f"{scope}-lock", args=[target.pk]), client_of(universe.dana)
    assert "Nobody changes it until it is opened again" in dana.get(url).content.decode()
    assert "Frozen. The trail keeps the reason." in act(dana, url, act="freeze").content.decode()
    milo = client_of(universe.milo).get(url).content.decode()
    assert "by Dana Sobhi: Because" in milo
    assert "Freeze</button>" not in milo
    wrong = act(dana, url, act="lift", password="wrong", code=code_of())
    assert "The password is not right" in wrong.content.decode()
    assert Locks.of(universe.responder).own(target) is not None
    assert "Open again. The trail keeps the reason." in act(dana, url, act="lift", code=code_of()).content.decode()
    assert Locks.of(universe.responder).own(target) is None
    assert "Please choose what to do" in act(dana, url, act="melt").content.decode()


def test_locking_asks_for_password_and_second_factor(
    universe: Any, count: FormRecord, client_of: Any, code_of: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(locks, "conditions", [])
    url, dana = reverse("record-lock", args=[count.pk]), client_of(universe.dana)
    assert "Please enter the code of your second factor" in act(dana, url, act="lock").content.decode()
    assert not Lock.objects.exists()
    assert "Locked. The trail keeps the reason." in act(dana, url, act="lock", code=code_of()).content.decode()
    assert "Lock</button>" not in dana.get(url).content.decode()


def test_a_product_form_has_no_such_page(universe: Any, client_of: Any) -> None:
    lot = FormRecord.objects.filter(form="lot").first()
    assert client_of(universe.dana).get(reverse("record-lock", args=[lot.pk])).status_code == 404


def test_every_page_and_the_casebook_show_the_state(universe: Any, count: FormRecord, client_of: Any) -> None:
    from reports.pdf import casebook_html

    client = client_of(universe.clara)
    locks.freeze(target=count.visit, reason="Cleaned", by=universe.dana)
    locks.freeze(target=universe.record(universe.responder, "screening", "SCREEN"), reason="Cleaned", by=universe.dana)
    visits = client.get(reverse("visits", args=[universe.responder.pk])).content.decode()
    assert visits.count("Frozen") == 3, "the visit, its form, and the screening form"
    assert casebook_html(universe.responder).count("Frozen") == 2
    locks.freeze(target=universe.responder, reason="Cleaned", by=universe.dana)
    assert "The whole participant is frozen" in casebook_html(universe.responder)
    for page in ("visits", "participant"):
        assert "Frozen" in client.get(reverse(page, args=[universe.responder.pk])).content.decode()
    assert "Add: Adverse event" in client.get(reverse("visits", args=[universe.responder.pk])).content.decode()
    assert "Add: Rescue" not in client.get(reverse("visits", args=[universe.responder.pk])).content.decode()


# --- exactly one order ------------------------------------------------------------------------------------------------


@pytest.mark.row("C3")
@pytest.mark.parametrize("scope", ["record", "participant"])
def test_a_save_and_a_freeze_happen_in_exactly_one_order(transactional_universe: Any, scope: str) -> None:
    """C3: whoever is first wins, and nothing is stored after the freeze."""
    u = transactional_universe
    for n in range(4):
        count = u.record(u.responder, "blood-count", "D3")
        target = count if scope == "record" else u.responder

        def save(count: FormRecord = count, n: int = n) -> str:
            try:
                fill(count, u.clara, platelets=70 + n)
            except Closed:
                return "closed"
            return "saved"

        answers = at_once([save, lambda target=target: locks.freeze(target=target, reason="Cleaned", by=u.dana)])
        saved, frozen = count.__class__.objects.get(pk=count.pk), Locks.of(u.responder).own(target)
        said = AuditEntry.objects.filter(record=count.pk, table_name="assessments_bloodcount").latest("pk")
        froze = AuditEntry.objects.filter(table_name="casebook_lock", row=str(frozen.pk)).latest("pk")
        assert (saved.crf().platelets == 70 + n) == (answers[0] == "saved")
        assert answers[0] == "closed" or said.place < froze.place, "saved before it was frozen"
        locks.lift(target=target, reason="again", by=u.dana)


def test_sql_by_hand_waits_for_a_freeze_that_is_under_way(transactional_universe: Any) -> None:
    u = transactional_universe
    count = u.record(u.responder, "blood-count", "D3")

    def by_hand() -> str:
        try:
            with acting(u.clara, "by hand"), connection.cursor() as cursor:
                cursor.execute("UPDATE assessments_bloodcount SET platelets = platelets + 1 WHERE record_id = %s", [count.pk])
        except InternalError:
            return "closed"
        return "written"

    answers = at_once([by_hand, lambda: locks.freeze(target=count, reason="Cleaned", by=u.dana)])
    assert (count.crf().platelets == 61) == (answers[0] == "written")
