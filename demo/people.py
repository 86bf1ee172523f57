"""The people and hospitals of the demonstration. All names are invented; the tests and the manual use the same cast."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from django.conf import settings
from django.utils import timezone

from accounts import second_factor
from accounts.actions import IdentityCheck, enrol_app, open_account
from delegation import actions as delegation
from delegation import statement
from delegation.training import valid_trainings
from delegation.words import digest, sentence
from enrollment.reconsent import register_consent_version
from itp_trial import actions
from itp_trial.actor import System
from itp_trial.models import RoleAssignment, Site, User
from itp_trial.roles import SITE_STAFF, Role

#: Who sets a demonstration up: a machine, and the audit trail says so.
BUILDER = System("demonstration")
#: Shown on the sign-in page of a demonstration, and nowhere else.
PASSWORD = "platelets-rise-2026"  # noqa: S105  (the demo's, shown on its sign-in page)
EVERYWHERE = ("",)
#: Appointed at set-up, as ``manage.py appoint`` does: whoever enters and whoever signs must be there first.
FOUNDERS = {"nora": Role.SPONSOR, "adam": Role.ADMINISTRATOR}
PRINCIPALS = {"01": "hana", "02": "hoda", "03": "hany"}
#: Who signs entries, the sponsor first: principal investigators sign when they are in force.
SIGNERS = ("nora", *PRINCIPALS.values())
#: Who signs data: they accept the statement on electronic signatures, as the signers of the log do.
DOCTORS = ("ines", "omar", "samir")


@dataclass(frozen=True)
class Account:
    """A person with one role at some sites (``EVERYWHERE``: at all of them, also at later ones)."""

    username: str
    full_name: str
    role: Role
    sites: tuple[str, ...]

    @property
    def place(self) -> str:
        return "all sites" if self.sites == EVERYWHERE else ", ".join(self.sites)


SITES = {
    "01": ("Nile Children's Centre", "Assiut"),
    "02": ("Delta Children's Centre", "Mansoura"),
    "03": ("Coast Children's Centre", "Alexandria"),
}

ACCOUNTS = (
    Account("clara", "Clara Naguib", Role.COORDINATOR, ("01",)),
    Account("ines", "Ines Farouk", Role.INVESTIGATOR, ("01",)),
    Account("hana", "Hana Selim", Role.PRINCIPAL, ("01",)),
    Account("otto", "Otto Mansour", Role.COORDINATOR, ("02",)),
    Account("omar", "Omar Halim", Role.INVESTIGATOR, ("02",)),
    Account("hoda", "Hoda Kamel", Role.PRINCIPAL, ("02",)),
    Account("sara", "Sara Lotfy", Role.COORDINATOR, ("03",)),
    Account("samir", "Samir Adel", Role.INVESTIGATOR, ("03",)),
    Account("hany", "Hany Tawfik", Role.PRINCIPAL, ("03",)),
    Account("pia", "Pia Wahba", Role.PHARMACIST, ("01", "02", "03")),
    Account("milo", "Milo Aziz", Role.MONITOR, EVERYWHERE),
    Account("dana", "Dana Sobhi", Role.DATA_MANAGER, EVERYWHERE),
    Account("sami", "Sami Ragab", Role.SAFETY, EVERYWHERE),
    Account("nora", "Nora Bakr", Role.SPONSOR, EVERYWHERE),
    Account("adam", "Adam Zaki", Role.ADMINISTRATOR, EVERYWHERE),
)


def open_sites() -> dict[str, Site]:
    """The three hospitals by their code. The registry record does not name the centres: these names are stand-ins."""
    return {
        code: actions.create_site(code=code, name=name, city=city, is_demo_name=True, by=BUILDER)
        for code, (name, city) in SITES.items()
    }


def open_accounts(sites: dict[str, Site], starts: date) -> dict[str, User]:
    """The cast by user name, each in their role from this day on: entered, trained and signed for in the usual order."""
    users = {account.username: _open(account) for account in ACCOUNTS}
    for username in (*SIGNERS, *DOCTORS):
        statement.accept(by=users[username])
    for username, role in FOUNDERS.items():
        delegation.appoint(user=users[username], role=role, starts=starts, by=BUILDER)
    for account in ACCOUNTS:
        train(users[account.username], account.role, starts, by=users["adam"])
    for signer in SIGNERS:
        usual = {"starts": starts, "ends": None, "by": users["adam"]}
        entries = [
            delegation.assign_role(user=users[account.username], role=account.role, site=sites.get(code), **usual)
            for account, code in _signed_by(signer)
        ]
        sign(entries, by=users[signer])
    for code, site in sites.items():
        consent_form(site, "2.0", starts, by=users[PRINCIPALS[code]])
    return users


def consent_form(site: Site, version: str, from_day: date, *, by: User, asks_again: bool = False) -> None:
    """The principal investigator registers an approved version of the consent form."""
    register_consent_version(site=site, version=version, approved_on=from_day, from_day=from_day, by=by,
                             reference=f"REC-{site.code}-{version}", asks_again=asks_again)  # fmt: skip


def _signed_by(signer: str) -> list[tuple[Account, str]]:
    """Whom this person signs for, and at which sites."""
    places = [(account, code) for account in ACCOUNTS if account.username not in FOUNDERS for code in account.sites]
    if signer == "nora":
        return [(account, code) for account, code in places if account.role not in SITE_STAFF]
    return [(account, code) for account, code in places if account.role in SITE_STAFF and PRINCIPALS[code] == signer]


def _open(account: Account) -> User:
    user, _ = open_account(
        username=account.username,
        full_name=account.full_name,
        email=f"{account.username}@example.org",
        identity=IdentityCheck(by="Nobody", how="invented for the demonstration", on=timezone.localdate()),
        password=PASSWORD,
        by=BUILDER,
    )
    if second_factor.required([account.role]):
        secret = settings.DEMO_TOTP_SECRET
        enrol_app(user=user, secret=secret, code=second_factor.code_at(secret, second_factor.step_now() - 1), by=BUILDER)
    return user


def train(user: User, role: str, on: date, *, by: User) -> None:
    """A training session for a role; whoever keeps the records enters it, for themselves by their own tick."""
    session = {"how": "guide"} if by == user else {"how": "session", "trainer": by.full_name}
    delegation.record_training(user=user, role=role, on=on, by=by, **session)


def sign(entries: Sequence[RoleAssignment], *, by: User) -> None:
    """Signs entries as the page does: with the digest of what it shows."""
    trainings = valid_trainings(entries)
    shown = {entry.pk: digest(sentence(entry, trainings[entry.user_id, entry.role])) for entry in entries}
    delegation.sign_entries(shown=shown, by=by)


def ask_for_cover(users: dict[str, User], sites: dict[str, Site], today: date) -> RoleAssignment:
    """Omar stands in for Ines at site 01 for two weeks. Hana has not signed yet, so he sees nothing there."""
    return delegation.assign_role(user=users["omar"], role=Role.INVESTIGATOR, site=sites["01"], starts=today,
                                  ends=today + timedelta(days=14), by=users["adam"])  # fmt: skip
