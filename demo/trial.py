"""The whole demonstration: three hospitals, their people and product, and twenty children."""

from __future__ import annotations

from datetime import date, timedelta

from casebook.models import Participant
from demo import people
from demo.builder import Clinic, Facts
from demo.children import CHILDREN
from demo.platelets import rng
from demo.sources import keep_slip
from demo.story import Story
from itp_trial.models import Site, User

SEED = "2026"
#: Everybody has had their role for longer than any child has taken part.
ROLES_SINCE = timedelta(days=400)
STAFF = {"01": ("clara", "ines"), "02": ("otto", "omar"), "03": ("sara", "samir")}
#: When the lots came, and how many bags each of them held.
DELIVERIES, BAGS, BAG_ML = (300, 110), 30, (50, 220)
#: Besides lots of group O: a small lot for the child of another group. At site 02 it fits without being the child's own group.
OTHER_GROUP = {"01": ("A", {"anti_a": 0}), "02": ("AB", {"anti_a": 0, "anti_b": 0}), "03": ("AB", {"anti_a": 0, "anti_b": 0})}
OTHER_BAGS = 14
#: Whose family has answered the new version of the consent form.
CONSENTED_AGAIN = "rescued"


def build(today: date, seed: str = SEED) -> dict[str, Participant]:
    """Builds the demonstration in an empty database; returns the children by their key. The same for a day and a seed."""
    sites = people.open_sites()
    users = people.open_accounts(sites, today - ROLES_SINCE)
    people.ask_for_cover(users, sites, today)
    clinics = {code: _clinic(site, users, today, seed) for code, site in sites.items()}
    children = {child.key: Story(child, clinics[child.site], today, seed).play() for child in CHILDREN}
    # A new version came to site 02 today: its families are asked again at their next visits.
    people.consent_form(sites["02"], "2.1", today, by=users["hoda"], asks_again=True)
    for child in CHILDREN:
        keep_slip(child.key, children[child.key], clinics[child.site].coordinator)
        if child.key == CONSENTED_AGAIN:
            clinics[child.site].consent_again(children[child.key], today, Facts(child.age), "2.1")
    return children


def _clinic(site: Site, users: dict[str, User], today: date, seed: str) -> Clinic:
    coordinator, investigator = STAFF[site.code]
    clinic = Clinic(site, users[coordinator], users[investigator], users["pia"])
    for number, days in enumerate(DELIVERIES, start=1):
        draw = rng(seed, site.code, "lot", number)
        volumes = [draw.randint(*BAG_ML) for _ in range(BAGS)]
        on = today - timedelta(days=days)
        clinic.receive_lot(f"MP-{site.code}-{number:02d}", volumes=volumes, on=on, expires=on + timedelta(days=365),
                           igg_g_per_l=draw.randint(430, 480) / 10)  # fmt: skip
    _quarantined_lot(clinic, today)
    _lot_of_another_group(clinic, today, seed)
    return clinic


def _lot_of_another_group(clinic: Clinic, today: date, seed: str) -> None:
    group, titres = OTHER_GROUP[clinic.site.code]
    draw = rng(seed, clinic.site.code, "lot", group)
    on = today - timedelta(days=DELIVERIES[-1])
    clinic.receive_lot(f"MP-{clinic.site.code}-04", volumes=[draw.randint(*BAG_ML) for _ in range(OTHER_BAGS)], on=on,
                       expires=on + timedelta(days=365), blood_group=group, **titres)  # fmt: skip


def _quarantined_lot(clinic: Clinic, today: date) -> None:
    """Arrived this week; it cannot be chosen for an infusion before somebody releases it."""
    on = today - timedelta(days=3)
    answers = {"released": "N", "released_by": None, "released_on": None}
    clinic.receive_lot(f"MP-{clinic.site.code}-03", volumes=[120, 150, 180], on=on, expires=on + timedelta(days=365), **answers)
