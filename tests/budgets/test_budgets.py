"""The budgets of ``users.md`` section 6, and the rule behind them: no page costs more because more is stored.

``counting.py`` says what a query is. The comparison there: a system of the same kind needs 255 queries to save a form.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.urls import reverse

from casebook import actions as casebook
from casebook.actions import add_log_record, add_unscheduled_visit
from casebook.crf import crf_models
from casebook.forms import CrfForm
from casebook.models import FormRecord
from demo.builder import Facts
from dosing.crfs import Bag
from enrollment import actions as enrollment
from itp_trial.actor import acting
from reports.models import TrailReview
from tests.access.conftest import reported
from tests.access.policy import POLICY
from tests.budgets.counting import Count, counted
from tests.identity.test_photos import kept
from tests.input.conftest import at, count_of
from tests.strategies import as_posted


@pytest.fixture(autouse=True)
def no_printing(monkeypatch: pytest.MonkeyPatch) -> None:
    """The printer of PDFs asks the database nothing."""
    for place in ("reports.pdf.rendered", "reports.cioms.rendered"):
        monkeypatch.setattr(place, lambda html: b"%PDF-")


@pytest.fixture(autouse=True)
def no_minute_passes(monkeypatch: pytest.MonkeyPatch) -> None:
    """That somebody is still there is written once a minute: on a slow machine between two measurements."""
    monkeypatch.setattr("accounts.sessions.NOTED_AGAIN_AFTER", 3600)


@pytest.fixture
def cost(client_of: Callable[[Any], Any]) -> Callable[..., Count]:
    """``cost(user, url)``: what a page costs somebody who has been signed in for a while."""
    clients: dict[Any, Any] = {}

    def measure(user: Any, url: str, posted: dict[str, str] | None = None, status: int = 200) -> Count:
        if user.pk not in clients:
            clients[user.pk] = client_of(user)
            clients[user.pk].get(reverse("account"))
        with counted() as count:
            answer = clients[user.pk].get(url) if posted is None else clients[user.pk].post(url, posted)
        assert answer.status_code == status, url
        return count

    return measure


# --- the budgets of users.md -----------------------------------------------------------------------------------------


def test_saving_a_form_costs_at_most_18_and_the_correction_of_a_count_19(universe: Any, cost: Callable[..., Count]) -> None:
    """POST to redirect: first entry, correction, and a save that opens findings."""
    day = universe.untreated.enrolled_on
    url = reverse("record", args=[universe.record(universe.untreated, "blood-count", "LOAD").pk])
    first = cost(universe.clara, url, count_of(day, **{"idempotency-key": "1"}), 302)
    again = count_of(day, platelets="58", **{"idempotency-key": "2", "record-version": "1", "change-reason": "typing"})
    correction = cost(universe.clara, url, again, 302)
    unusual = count_of(day, platelets="1600", haemoglobin="7",
                       **{"idempotency-key": "3", "record-version": "2", "change-reason": "typing"})  # fmt: skip
    with_findings = cost(universe.clara, url, unusual, 302)
    # The rules of deviations look at consent, re-consent and what they raised before: three more than without them.
    assert len(first) <= 18, str(first)
    assert len(correction) <= 19, "one more than a form without neighbours: a count is compared with the child's other counts"
    assert len(with_findings) <= 28, "a deviation that is raised is a form of its own"
    assert max(first.control, correction.control) <= 6, "one transaction, with the savepoints of nested actions"


@pytest.mark.parametrize(("form", "visit"), [("blood-count", "LOAD"), ("bleeding-assessment", "LOAD"), ("infusion", "LOAD"),
                                             ("screening", "SCREEN"), ("consent", "SCREEN")])  # fmt: skip
@pytest.mark.parametrize("child", ["untreated", "responder"])
def test_showing_a_form_costs_at_most_8(universe: Any, cost: Callable[..., Count], form: str, visit: str, child: str) -> None:
    record = universe.record(getattr(universe, child), form, visit)
    count = cost(universe.clara, reverse("record", args=[record.pk]))
    noted = [sql for sql in count.statements if sql.startswith("INSERT INTO itp_trial_accessentry")]
    assert len(noted) == 1, "besides, the access log notes in one statement that somebody looked"
    assert len(count) - len(noted) <= 8, count


def test_the_page_of_a_participant_costs_at_most_12(universe: Any, cost: Callable[..., Count]) -> None:
    for child in (universe.responder, universe.untreated, universe.screening):
        count = cost(universe.clara, reverse("participant", args=[child.pk]))
        assert len(count) <= 12, count


def test_enrolling_a_child_costs_at_most_30(universe: Any) -> None:
    """The action with its visits and their forms, and the classification: all that "Enrol" does."""
    clinic = universe.clinic("01")
    child = clinic.start_screening(universe.today)
    clinic.screen(child, universe.today, Facts())
    clinic.consent(child, universe.untreated.enrolled_on, Facts())
    with counted() as count:
        enrollment.enrol(participant=child, by=universe.clara)
    assert len(count) <= 30, count


def test_a_child_from_first_contact_to_enrolment_costs_at_most_35(universe: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """The four actions together: screening number and visit, both forms, enrolment with the loading visit."""
    counts: list[Count] = []

    def measured(action: Callable[..., Any]) -> Callable[..., Any]:
        def run(**arguments: Any) -> Any:
            with counted() as count:
                answer = action(**arguments)
            counts.append(count)
            return answer

        return run

    for module, name in ((enrollment, "start_screening"), (casebook, "save_form"), (enrollment, "enrol")):
        monkeypatch.setattr(module, name, measured(getattr(module, name)))
    clinic, on, facts = universe.clinic("01"), universe.untreated.enrolled_on, Facts()
    child = clinic.start_screening(on)
    clinic.screen(child, on, facts)
    clinic.consent(child, on, facts)
    clinic.enrol(child, on)
    assert len(counts) == 4
    # The place among the twenty, the approved consent versions and what is closed are asked for too.
    assert sum(map(len, counts)) <= 35, "\n".join(map(str, counts))


def test_an_infusion_costs_the_same_however_many_bags(universe: Any, cost: Callable[..., Count]) -> None:
    """Each bag is one row written; nothing else grows."""
    day = universe.untreated.enrolled_on
    url = reverse("record", args=[universe.record(universe.untreated, "infusion", "LOAD").pk])
    bags = list(Bag.objects.filter(crf__record__site=universe.s1, given=None)[:4])

    def posted(version: int, count: int) -> dict[str, str]:
        usual = {"weight_kg": "18", "weight_on": f"{day:%d/%m/%Y}", "started_at": at(day, "00:10"), "stopped_early": "N"}
        rows = {f"bags-{i}-{name}": text for i, bag in enumerate(bags[:count])
                for name, text in (("bag", str(bag.pk)), ("volume_ml", "50"))}  # fmt: skip
        return {"record-version": str(version), "bags-count": str(count), **usual, **rows, "idempotency-key": f"i{version}"}

    one = cost(universe.clara, url, posted(0, 1), 302)
    assert len(one) <= 40, "with the schedule, the deviations, the account of the bags and the plan that are brought up to date"
    page = as_posted(CrfForm(universe.record(universe.untreated, "infusion", "LOAD").crf()))
    unchanged = cost(universe.clara, url, {**page, "idempotency-key": "again"}, 302)
    more = {n: t for n, t in posted(2, 4).items() if n.startswith("bags-") and n[5] in "123"}
    page = as_posted(CrfForm(universe.record(universe.untreated, "infusion", "LOAD").crf()))
    four = cost(universe.clara, url, {**page, **more, "idempotency-key": "more"}, 302)
    assert len(four) - len(unchanged) <= 3, four


# --- the rule: the number of children, visits, events and lots does not matter ---------------------------------------

#: A casebook asks once for every kind of form.
FORMS = len(crf_models())
#: Page -> who reads it, and the most that it may cost (three of it are session, person and roles).
#: Every page of the access table that can be read stands here.
PAGES = {
    "home": ("clara", 3), "account": ("clara", 9), "protocol": ("clara", 3), "people": ("adam", 7), "edit-site": ("adam", 4),
    "delegation": ("hana", 6), "delegation-log": ("hana", 6), "trial-log": ("nora", 4), "sign-entries": ("hana", 6),
    "training": ("hana", 8), "signature-statement": ("clara", 6), "access-rights": ("dana", 9),
    "access-rights-csv": ("dana", 5), "work-list": ("clara", 18), "participants": ("clara", 9), "places": ("clara", 4),
    # The clocks of the serious event that another page reports here cost four of them.
    "participant": ("clara", 16), "family-page": ("clara", 8), "family-pdf": ("clara", 12),
    "visits": ("clara", 10), "health": ("dana", 14), "record": ("clara", 7), "visit": ("clara", 13), "history": ("clara", 6),
    "screen": ("clara", 5), "eligibility": ("clara", 9), "end-participation": ("clara", 5), "end-treatment": ("ines", 5),
    "take-back-end": ("clara", 5), "consent-versions": ("hana", 5), "deviations": ("milo", 7),
    "deviations-csv": ("milo", 7),
    "safety": ("milo", 8), "safety-event": ("milo", 16), "sae-csv": ("milo", 12), "cioms": ("milo", 12), "e2b": ("milo", 9),
    "lots": ("pia", 11), "exports": ("clara", 10), "codebook-csv": ("clara", 10), "form-csv": ("clara", 14),
    "casebook-csv": ("clara", 9 + FORMS), "casebook-pdf": ("clara", 13 + FORMS),
    "api-participants": ("milo", 4), "api-participant": ("milo", 5),
    "api-visits": ("milo", 7), "api-records": ("milo", 9 + FORMS), "api-response": ("milo", 7), "api-record": ("milo", 8),
    "api-responses": ("milo", 5), "api-forms": ("milo", 3), "api-form-csv": ("milo", 13), "api-casebook-csv": ("milo", 9 + FORMS),
    "api-casebook-pdf": ("milo", 13 + FORMS), "api-schema": ("milo", 3), "api-docs": ("milo", 3), "item-history": ("clara", 7),
    "trail": ("clara", 14), "participant-exports": ("clara", 5), "trail-csv": ("clara", 18),
    "participant-trail-csv": ("clara", 17), "my-data": ("clara", 5), "access-log": ("milo", 6),
    "access-log-csv": ("milo", 6), "trail-reviews": ("dana", 5), "new-trail-review": ("dana", 39),
    "trail-review": ("dana", 4), "api-trail-csv": ("milo", 15), "api-participant-trail-csv": ("milo", 15),
    "change-password": ("clara", 3), "second-factors": ("clara", 6), "enrol-app": ("clara", 5), "add-passkey": ("clara", 7),
    "accounts": ("adam", 7), "open-account": ("adam", 3), "account-of": ("adam", 9),
    "to-sign": ("milo", 14), "signatures": ("milo", 14), "sign-eligibility": ("ines", 24), "sign-casebook": ("ines", 16 + FORMS),
    "sign-lock": ("dana", 16 + FORMS), "sign-visit": ("ines", 20), "sign-form": ("ines", 20),
    "read-form": ("ines", 20), "signatures-csv": ("milo", 10), "api-signatures": ("milo", 7),
    "dose-plan": ("clara", 20), "run-sheet": ("clara", 20), "lot-stock": ("pia", 20), "look-back": ("milo", 20),
    "look-back-csv": ("milo", 20), "look-back-pdf": ("milo", 20), "identity": ("clara", 12), "duplicates": ("dana", 9),
    "redactions": ("hana", 20), "redaction-requests": ("dana", 9), "participants-csv": ("clara", 13), "trial": ("dana", 20),
    "trial-figure": ("dana", 15), "trial-report": ("dana", 15),
    "record-lock": ("milo", 9), "visit-lock": ("milo", 10), "participant-lock": ("milo", 10),
    "source-photo": ("clara", 6), "photo-picture": ("milo", 5),
}  # fmt: skip
#: Read by strangers: they have no size.
WITHOUT_SIZE = {"sign-in", "second-factor", "healthz", "readyz", "verify-signature"}


def test_every_page_has_a_budget() -> None:
    readable = {name for name, methods in POLICY.items() if "GET" in methods}
    assert readable == set(PAGES) | WITHOUT_SIZE


@pytest.fixture
def grown(universe: Any) -> Callable[[], None]:
    """Makes everything several times as large; what kinds of forms there are stays the same."""
    clinic, child, day = universe.clinic("01"), universe.responder, universe.today - timedelta(days=3)
    _events(universe, 1)

    def grow() -> None:
        for n in range(4):
            clinic.receive_lot(f"MORE-{n}", volumes=[100, 90, 80] * 4, on=day, expires=day + timedelta(days=200), released="Y")
            more = clinic.admit(day, Facts(age=3 + n))
            clinic.count(more, "LOAD", day, 10 + n)
            clinic.extra_count(child, day + timedelta(days=n % 3), 70 + n)
            add_unscheduled_visit(participant=child, on=day, forms=["blood-count", "bleeding-assessment"], by=universe.clara)
        _events(universe, 4)
        count = universe.record(child, "blood-count", "D3")
        for n in range(4):
            universe.fill(count, universe.clara, platelets=40 + n, haemoglobin=6)

    return grow


def _events(universe: Any, times: int) -> None:
    day = universe.today - timedelta(days=2)
    for _ in range(times):
        event = add_log_record(participant=universe.responder, form="adverse-event", by=universe.clara)
        universe.fill(event, universe.clara, term="Headache", started_at=at(day), grade=2)
        rescue = add_log_record(participant=universe.responder, form="rescue", by=universe.clara)
        universe.fill(rescue, universe.clara, kind="ivig", started_on=day)
        episode = add_log_record(participant=universe.responder, form="bleeding-episode", by=universe.clara)
        universe.fill(episode, universe.clara, site_of_bleeding="gum", started_on=day)


def _review(universe: Any) -> TrailReview:
    with acting(universe.dana):
        return TrailReview.objects.create(since=universe.today, until=universe.today, reviewer=universe.dana,
                                          reviewer_name="Dana", software="0")  # fmt: skip


#: Addresses of files say what they are for.
FOR = "?purpose=analysis"


def _url(name: str, universe: Any) -> str:
    address = _address(name, universe)
    files = ("cioms", "e2b", "trial-figure", "trial-report")
    return address + FOR if name.endswith(("-csv", "-pdf")) or name in files else address


def _address(name: str, universe: Any) -> str:
    if name in ("record", "history", "api-record"):
        return reverse(name, args=[universe.record(universe.responder, "blood-count", "D3").pk])
    if name in ("record-lock", "visit-lock", "sign-visit", "read-form"):
        count = universe.record(universe.responder, "blood-count", "D3")
        return reverse(name, args=[count.visit_id if "visit" in name else count.pk])
    if name == "sign-form":
        return reverse(name, args=[add_log_record(participant=universe.responder, form="adverse-event", by=universe.clara).pk])
    if name in ("safety-event", "cioms", "e2b"):
        return reverse(
            name, args=[reported(universe, universe.responder, "serious event" if name == "safety-event" else "safety report")]
        )
    if name in ("dose-plan", "run-sheet"):
        return reverse(name, args=[universe.record(universe.responder, "infusion", "LOAD").pk])
    if name == "lot-stock":
        return reverse(name, args=[FormRecord.objects.filter(site=universe.s1, form="lot").earliest("created_at").pk])
    if name == "trial-figure":
        return reverse(name, args=["swimmer", "csv"])
    if name == "visit":
        return reverse(name, args=[universe.record(universe.responder, "infusion", "LOAD").visit_id])
    if name in ("source-photo", "photo-picture"):
        return reverse(name, args=[kept(universe.record(universe.responder, "blood-count", "D3"), universe.clara).pk])
    if name == "item-history":
        return reverse(name, args=[universe.record(universe.responder, "blood-count", "D3").pk, "platelets"])
    if name == "new-trail-review":
        today = f"{universe.today:%d/%m/%Y}"
        return f"{reverse(name)}?since={today}&until={today}"
    if name == "trail-review":
        return reverse(name, args=[_review(universe).pk])
    if name in ("edit-site", "delegation-log"):
        return reverse(name, args=[universe.s1.pk])
    if name == "account-of":
        return reverse(name, args=[universe.clara.pk])
    if name in ("form-csv", "api-form-csv"):
        return reverse(name, args=["infusion-bags"])
    of_one_child = (*(n for n, m in POLICY.items() if any(door.target == "participant" for door in m.values())),)
    return reverse(name, args=[universe.responder.pk] if name in of_one_child else [])


def test_every_page_costs_the_same_at_any_size(universe: Any, cost: Callable[..., Count], grown: Callable[[], None]) -> None:
    """All pages at the small size, then everything grows once, then all pages again."""
    urls = {name: _url(name, universe) for name in PAGES}

    def costs() -> dict[str, Count]:
        status = {name: 302 if name == "home" else 200 for name in PAGES}
        return {name: cost(getattr(universe, who), urls[name], status=status[name]) for name, (who, _) in PAGES.items()}

    costs()  # what a first visit makes is there
    small = costs()
    grown()
    large = costs()
    dearer = [f"{name} at the small size {small[name]}\nand at the large one {large[name]}"
              for name in PAGES if len(large[name]) > len(small[name])]  # fmt: skip
    assert not dearer, "\n".join(dearer)
    over = {name: (len(large[name]), most) for name, (_, most) in PAGES.items() if len(large[name]) > most}
    assert not over, over


def test_a_save_costs_the_same_at_any_size(universe: Any, cost: Callable[..., Count], grown: Callable[[], None]) -> None:
    day = universe.untreated.enrolled_on
    records = [universe.record(universe.responder, "blood-count", code) for code in ("D13", "LOAD")]
    first, second = (reverse("record", args=[record.pk]) for record in records)
    small = cost(universe.clara, first, count_of(day, **{"idempotency-key": "a"}), 302)
    grown()
    again = count_of(universe.today - timedelta(days=11), platelets="13", bleeding="0", leukocytes="7.4")
    again |= {"record-version": "1", "change-reason": "typing", "idempotency-key": "b"}
    large = cost(universe.clara, second, again, 302)
    # A correction reads what was stored and the findings so far: two more than a first entry, whatever the size.
    assert len(large) - len(small) <= 2, f"{small}\n{large}"
