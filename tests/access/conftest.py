"""The people who knock and the objects that they ask for, at their own and at another site."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from accounts import sessions
from assessments.actions import note_notification, start_report
from casebook.actions import add_log_record
from casebook.models import Finding
from delegation.actions import end_role
from demo.builder import at
from dosing.models import BagMovement, DosePlan, Lot
from itp_trial import actions
from itp_trial.actor import System, acting
from itp_trial.models import ApiToken, Site, User
from itp_trial.roles import Role
from reports.models import SiteCopy, TrailReview
from tests.identity.test_photos import kept
from tests.universe import signed_role

MACHINE = System("test")


@dataclass
class Actor:
    """Somebody with a live session. ``role`` is their initial, or empty where no role is in force."""

    name: str
    role: str
    sites: set[str]
    client: Client
    user: User | None = None


def person(name: str, role: Role, site: Site | None, starts: int = -30, ends: int | None = None) -> User:
    """A further person, with a signed entry in the delegation log from some days ago."""
    user = actions.create_user(username=name, full_name=name.title(), email=f"{name}@example.org", password="x" * 12, by=MACHINE)
    today = timezone.localdate()
    entry = signed_role(user, role, site, today + timedelta(days=starts))
    if ends is not None:
        end_role(assignment=entry, ends=today + timedelta(days=ends), by=MACHINE)
    return user


@pytest.fixture
def actors(universe: Any, client_of: Callable[[User], Client]) -> list[Actor]:
    everywhere, here = {"01", "02", "03"}, {"01"}

    def actor(name: str, role: str, sites: set[str], user: User) -> Actor:
        return Actor(name, role, sites, client_of(user), user)

    people = [
        actor("coordinator", "C", here, universe.clara),
        actor("investigator", "I", here, universe.ines),
        actor("principal investigator", "H", here, universe.hana),
        actor("sponsor", "N", everywhere, universe.nora),
        actor("monitor", "M", everywhere, universe.milo),
        actor("monitor of site 01", "M", here, person("mona", Role.MONITOR, universe.s1)),
        actor("data manager", "D", everywhere, universe.dana),
        actor("pharmacist of site 01", "P", here, person("paul", Role.PHARMACIST, universe.s1)),
        actor("safety contact", "S", everywhere, universe.sami),
        actor("administrator", "A", everywhere, universe.adam),
        actor("coordinator until yesterday", "", set(), person("yara", Role.COORDINATOR, universe.s1, ends=-1)),
        actor("coordinator from tomorrow", "", set(), person("tara", Role.COORDINATOR, universe.s1, starts=1)),
    ]
    closed = actor("coordinator whose account is closed", "closed", set(), person("ina", Role.COORDINATOR, universe.s1))
    with acting(MACHINE, "Account closed"):
        User.objects.filter(pk=closed.user.pk).update(is_active=False)
    stranger = Actor("stranger", "closed", set(), Client())
    return [*people, closed, stranger]


@pytest.fixture
def address_of(universe: Any) -> Callable[[str, bool, Actor], tuple[dict[str, Any], dict[str, str]]]:
    """``address_of(target, own, actor)``: the parts of the address and the body that name the object."""
    child = {True: universe.responder, False: universe.foreign}
    records = {own: universe.record(child[own], "blood-count", "D3") for own in child}
    findings = {}
    with acting(MACHINE):
        for own, record in records.items():
            findings[own] = Finding.objects.create(record=record, code="RANGE", item="platelets", message="Unusual.", value="1")
    sites = {True: universe.s1, False: universe.s2}
    lots = {own: Lot.objects.filter(record__site=site).first() for own, site in sites.items()}
    movements = {own: BagMovement.objects.filter(site=site).first() for own, site in sites.items()}
    infusions = {own: universe.record(child[own], "infusion", "M1") for own in child}
    plans = {}
    with acting(MACHINE):
        for own, record in infusions.items():
            plans[own] = DosePlan.objects.create(record=record, weight_kg=9, weight_on=timezone.localdate(), target_g=9, grams=9,
                                                 volume_ml=200, steps=[], findings=[], accepted_by=universe.samir)  # fmt: skip
    entries = {True: universe.clara.assignments.get(), False: universe.otto.assignments.get()}
    copies, reviews = {}, {}
    with acting(MACHINE):
        for own, site in sites.items():
            day = timezone.localdate()
            copies[own] = SiteCopy.objects.create(site=site, manifest_hash=site.code, files=1, rows=1, has_pdfs=False,
                                                  cut_at=timezone.now(), purpose="walk", made_by=universe.clara)  # fmt: skip
            reviews[own] = TrailReview.objects.create(site=site, since=day, until=day, reviewer=universe.dana,
                                                      reviewer_name="Dana", software="0")  # fmt: skip

    known: dict[Any, Any] = {}
    events = {own: add_log_record(participant=child[own], form="adverse-event", by=MACHINE) for own in child}

    def find(target: str, own: bool, actor: Actor, by_code: bool = False) -> tuple[dict[str, Any], dict[str, str]]:
        whose = actor.user if own and actor.user else universe.otto
        if target == "participant":
            return {"pk": child[own].pk}, {}
        if target == "record":
            return {"pk": records[own].pk}, {}
        if target in ("serious event", "notification", "safety report"):
            key = target, own
            known[key] = known.get(key) or reported(universe, child[own], target)
            return {"pk": known[key]}, {}
        if target == "visit":
            return {"pk": records[own].visit_id}, {}
        if target == "event":
            return {"pk": events[own].pk}, {}
        if target == "finding":
            return {"pk": findings[own].pk}, {}
        if target == "site":
            return {"pk": sites[own].pk}, {}
        if target in ("copy", "review"):
            return {"pk": (copies if target == "copy" else reviews)[own].pk}, {}
        if target in ("infusion", "plan"):
            return {"pk": (infusions if target == "infusion" else plans)[own].pk}, {}
        if target in ("lot", "movement"):
            return {"pk": (lots if target == "lot" else movements)[own].pk}, {}
        if target == "photo":
            key = target, own
            known[key] = known.get(key) or kept(records[own], universe.clara if own else universe.otto).pk
            return {"pk": known[key]}, {}
        if target == "log":
            return {"pk": sites[own].pk}, {}
        if target == "entry":
            return {"pk": entries[own].pk}, {}
        if target == "anybody in the form":
            return {}, {"user": str(universe.otto.pk), "role": "no such role"}
        if target == "site of the form":
            return {}, {"site": sites[own].code if by_code else str(sites[own].pk)}
        if target == "assignment":
            return {}, {"assignment": str(whose.assignments.first().pk), "name": "walk"}
        if target == "person":
            return {"pk": universe.otto.pk}, {}
        if target == "session":
            return {"number": another_session(whose)}, {}
        if target == "token":
            return {"pk": token_of(whose).pk}, {}
        return {}, {}

    return find


def reported(universe: Any, child: Any, target: str) -> Any:
    """The key of a serious event of this child, of a notification about it, or of a version of its report."""
    coordinator = universe.clara if child == universe.responder else universe.otto
    event = add_log_record(participant=child, form="adverse-event", by=coordinator)
    universe.fill(event, coordinator, term="x", started_at=at(timezone.localdate() - timedelta(days=1), 0, 1), serious="Y")
    if target == "serious event":
        return event.pk
    if target == "safety report":
        report = start_report(event=event, by=coordinator)
        universe.fill(report, coordinator, nullifies="N", what_is_new="x")
        return report.pk
    told = {"sent_at": timezone.now(), "way": "email", "proof": "x", "report": None, "by": coordinator}
    return note_notification(event=event, duties=["EG-24H:eda"], **told)[0].pk


def another_session(user: User) -> str:
    """The number of a further session of this person, on another device."""
    elsewhere = Client()
    elsewhere.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return str(elsewhere.session[sessions.SIGN_IN]["number"])


def token_of(user: User) -> ApiToken:
    with acting(MACHINE):
        return ApiToken.objects.create(
            assignment=user.assignments.first(), name="walk", digest=ApiToken.digest_of(ApiToken.new_secret()),
            expires_at=timezone.now() + timedelta(days=1),
        )  # fmt: skip
