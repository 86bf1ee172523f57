"""Accounts, sites and API tokens. Roles are given by the delegation log: ``delegation/actions.py``."""

from __future__ import annotations

from typing import Any

from django.utils import timezone

from itp_trial.actor import acting
from itp_trial.models import ApiToken, RoleAssignment, Site, User
from itp_trial.refusal import Refused


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
