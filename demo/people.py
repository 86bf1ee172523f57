"""The people and hospitals of the demonstration. All names are invented; the tests and the manual use the same cast."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from django.conf import settings
from django.utils import timezone

from accounts import second_factor
from accounts.actions import IdentityCheck, enrol_app, open_account
from itp_trial import actions
from itp_trial.actor import System
from itp_trial.models import Site, User
from itp_trial.roles import Role

#: Who sets a demonstration up: a machine, and the audit trail says so.
BUILDER = System("demonstration")
#: Shown on the sign-in page of a demonstration, and nowhere else.
PASSWORD = "platelets-rise-2026"  # noqa: S105  (the demo's, shown on its sign-in page)
EVERYWHERE = ("",)


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
    """The cast by user name, each in their role from this day on."""
    return {account.username: _open(account, sites, starts) for account in ACCOUNTS}


def _open(account: Account, sites: dict[str, Site], starts: date) -> User:
    user, _ = open_account(
        username=account.username,
        full_name=account.full_name,
        email=f"{account.username}@example.org",
        identity=IdentityCheck(by="Nobody", how="invented for the demonstration", on=timezone.localdate()),
        password=PASSWORD,
        by=BUILDER,
    )
    for code in account.sites:
        actions.assign_role(user=user, role=account.role, site=sites.get(code), starts=starts, ends=None, by=BUILDER)
    if second_factor.required([account.role]):
        secret = settings.DEMO_TOTP_SECRET
        enrol_app(user=user, secret=secret, code=second_factor.code_at(secret, second_factor.step_now() - 1), by=BUILDER)
    return user
