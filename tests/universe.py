"""One small trial for the tests, built with the same verbs as the demonstration: only through actions and forms.

Clara coordinates site 01 and Ines investigates there; Otto and Omar are at site 02 and see nothing of 01; Milo monitors,
Dana manages data, Sami hears of safety, Adam manages people, Nora is the sponsor, Hana, Hoda and Hany are the
principal investigators, Pia keeps the product of both sites. Site 03 is empty.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from django.utils import timezone

from casebook.models import Participant
from delegation.actions import assign_role
from demo.builder import Clinic, Facts, fill, record, stock
from demo.observations import Observed
from demo.people import PRINCIPALS, open_accounts, open_sites, sign, train
from itp_trial.models import RoleAssignment, Site, User
from itp_trial.roles import SITE_STAFF

__all__ = ["Universe", "build_universe", "fill", "load_universe", "record", "signed_role"]

#: Everybody has had their role since long before any day that a test travels to.
ROLES_START = date(2024, 1, 1)
PEOPLE = ("clara", "ines", "milo", "dana", "otto", "omar", "sara", "samir", "pia", "sami", "adam",
          "hana", "hoda", "hany", "nora")  # fmt: skip
CHILDREN = {"responder": "S01-001", "screening": "S01-002", "untreated": "S01-003", "foreign": "S02-001"}


@dataclass
class Universe:
    """The cast as fresh objects, and the verbs to go on with."""

    today: date
    s1: Site
    s2: Site
    s3: Site
    #: 01: 12 before the loading dose, 60 on day 3 and 70 on day 10, without bleeding: a confirmed response.
    responder: Participant
    #: 01: in screening since yesterday, all forms empty.
    screening: Participant
    #: 01: enrolled yesterday, no dose yet.
    untreated: Participant
    #: 02: loading dose 20 days ago, counts on day 0 and day 3; the count of day 12-14 is overdue.
    foreign: Participant
    clara: User
    ines: User
    milo: User
    dana: User
    otto: User
    omar: User
    sara: User
    samir: User
    pia: User
    sami: User
    adam: User
    hana: User
    hoda: User
    hany: User
    nora: User

    fill = staticmethod(fill)
    record = staticmethod(record)

    def clinic(self, code: str = "01") -> Clinic:
        """The hospital at work: screens, counts, infuses, with the bags that are left (none at site 03)."""
        people = {"01": (self.s1, self.clara, self.ines), "02": (self.s2, self.otto, self.omar)}
        site, coordinator, investigator = people.get(code, (self.s3, self.sara, self.samir))
        return Clinic(site, coordinator, investigator, self.pia, stock(site))


def build_universe(today: date) -> Universe:
    """Builds the trial in an empty database; everything in it happened before ``today``."""
    sites = open_sites()
    people = open_accounts(sites, ROLES_START)
    first = Clinic(sites["01"], people["clara"], people["ines"], people["pia"])
    second = Clinic(sites["02"], people["otto"], people["omar"], people["pia"])
    for clinic in (first, second):
        clinic.receive_lot(f"MP-{clinic.site.code}-1", volumes=[120, 110, 100, 90, 80, 70, 60, 50] * 2,
                           on=today - timedelta(days=60), expires=today + timedelta(days=300))  # fmt: skip
    _responder(first, today - timedelta(days=11))
    first.start_screening(today - timedelta(days=1))
    first.admit(today - timedelta(days=2), Facts(age=8, sex="M", count=9), enrolled=today - timedelta(days=1))
    _foreign(second, today - timedelta(days=20))
    return load_universe(today)


def _responder(clinic: Clinic, day_0: date) -> None:
    child = clinic.admit(day_0 - timedelta(days=2), enrolled=day_0)
    clinic.count(child, "LOAD", day_0, 12)
    clinic.assess(child, "LOAD", day_0)
    clinic.infuse(child, "LOAD", day_0, 18)
    clinic.count(child, "D3", day_0 + timedelta(days=3), 60)
    clinic.extra_count(child, day_0 + timedelta(days=10), 70)
    _call(clinic, child, day_0 + timedelta(days=5))


def _foreign(clinic: Clinic, day_0: date) -> None:
    child = clinic.admit(day_0 - timedelta(days=2), Facts(age=4, count=15), enrolled=day_0)
    clinic.count(child, "LOAD", day_0, 15)
    clinic.assess(child, "LOAD", day_0)
    clinic.infuse(child, "LOAD", day_0, 15)
    clinic.count(child, "D3", day_0 + timedelta(days=3), 110)
    _call(clinic, child, day_0 + timedelta(days=5))


def _call(clinic: Clinic, child: Participant, on: date) -> None:
    """The contact after the loading dose: the child was well."""
    clinic.observe(child, "C0", Observed(str(child.screening_number), "C0", on, 6, "F"))


def signed_role(user: User, role: str, site: Site | None, starts: date, ends: date | None = None) -> RoleAssignment:
    """A further role, in the usual order: trained, entered by Adam, signed by the head of the site or by Nora."""
    by_name = {person.username: person for person in User.objects.filter(username__in=PEOPLE)}
    train(user, role, min(starts, timezone.localdate()), by=by_name["adam"])
    entry = assign_role(user=user, role=role, site=site, starts=starts, ends=ends, by=by_name["adam"])
    sign([entry], by=by_name[PRINCIPALS[site.code] if site and role in SITE_STAFF else "nora"])
    entry.refresh_from_db()
    return entry


def load_universe(today: date) -> Universe:
    """The cast as it stands in the database, in three queries, as objects that no other test has touched."""
    sites = {site.code: site for site in Site.objects.all()}
    children = {child.screening_number: child for child in Participant.objects.select_related("site")}
    people = {user.username: user for user in User.objects.filter(username__in=PEOPLE)}
    cast: dict[str, Any] = {name: children[number] for name, number in CHILDREN.items()}
    return Universe(today=today, s1=sites["01"], s2=sites["02"], s3=sites["03"], **cast, **people)
