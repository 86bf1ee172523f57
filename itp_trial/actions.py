"""Accounts, sites, role assignments and API tokens."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.utils import timezone

from itp_trial.actor import acting
from itp_trial.models import ApiToken, RoleAssignment, Site, User
from itp_trial.refusal import Refused
from itp_trial.roles import Role


def create_user(*, username: str, full_name: str, email: str, password: str, by: Any) -> User:
    """Opens an account. Accounts are closed later, never deleted or reused."""
    with acting(by, "Account opened"):
        return User.objects.create_user(username, password, full_name=full_name, email=email)


def create_site(*, code: str, name: str, city: str, is_demo_name: bool = False, by: Any) -> Site:
    with acting(by, "Site added"):
        return Site.objects.create(code=code, name=name, city=city, is_demo_name=is_demo_name)


def rename_site(*, site: Site, name: str, city: str, is_demo_name: bool, by: Any) -> Site:
    """Corrects a site's name and place; its code stands in the subject numbers and stays."""
    if not name.strip():
        raise Refused("A site needs a name.")
    with acting(by, "Site renamed"):
        site.name, site.city, site.is_demo_name = name.strip()[:120], city.strip()[:60], is_demo_name
        site.save()
    return site


def assign_role(*, user: User, role: str, site: Site | None, starts: date, ends: date | None, by: Any) -> RoleAssignment:
    """Gives a person a role at a site (or at all of them) from a day to a day."""
    if by == user:
        raise Refused("Nobody gives rights to their own account.")
    if role not in Role.values:
        raise Refused("Please choose a role from the list.")
    if ends and ends < starts:
        raise Refused("The role would end before it starts.")
    if site is None and role in (Role.COORDINATOR, Role.INVESTIGATOR, Role.PRINCIPAL, Role.PHARMACIST):
        raise Refused(f"A {Role(role).label.lower()} works at one site. Please choose it.")
    if RoleAssignment.objects.filter(user=user, role=role, site=site, starts=starts).exists():
        raise Refused("This person already has this role there from that day.")
    with acting(by, "Role given"):
        return RoleAssignment.objects.create(user=user, role=role, site=site, starts=starts, ends=ends)


def end_role(*, assignment: RoleAssignment, ends: date, by: Any) -> RoleAssignment:
    """The last day of a role. It takes effect on the next request of the person; API tokens of the role end with it."""
    if ends < assignment.starts:
        raise Refused("A role cannot end before it started.")
    if by == assignment.user:
        raise Refused("Nobody changes the rights of their own account.")
    with acting(by, "Role ended"):
        assignment.ends = ends
        assignment.save()
    return assignment


def stop_role(*, assignment: RoleAssignment, by: Any) -> RoleAssignment:
    """Takes a role away at once, for example one that was given by mistake; its sessions and tokens lose it too."""
    if by == assignment.user:
        raise Refused("Nobody changes the rights of their own account.")
    with acting(by, "Role taken away at once"):
        assignment.stopped_at = timezone.now()
        assignment.save()
    return assignment


def create_token(*, assignment: RoleAssignment, name: str, by: User) -> tuple[ApiToken, str]:
    """A new API key for one of the person's own roles. The secret is returned once and never stored."""
    if assignment.user_id != by.pk:
        raise Refused("A token belongs to one of your own roles.")
    if not name.strip():
        raise Refused("Please give the token a name, for example “monthly export”.")
    secret = ApiToken.new_secret()
    with acting(by, "API token created"):
        token = ApiToken.objects.create(
            assignment=assignment,
            name=name.strip()[:60],
            digest=ApiToken.digest_of(secret),
            expires_at=timezone.now() + ApiToken.LIFETIME,
        )
    return token, secret


def revoke_token(*, token: ApiToken, by: User) -> ApiToken:
    with acting(by, "API token revoked"):
        token.revoked_at = timezone.now()
        token.save()
    return token
