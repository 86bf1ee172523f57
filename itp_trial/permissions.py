"""What this person may do today, and where. Views ask one question at their top: ``allow(request, Can.X, site)``."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest
from django.utils import timezone

from itp_trial.roles import RIGHTS, Can

EVERY_SITE = None


@dataclass(frozen=True)
class Access:
    """The rights of one person on one day: for each right the sites where it holds (``EVERY_SITE`` = all of them)."""

    grants: frozenset[tuple[str, int | None]]
    rights: dict[Can, frozenset[int | None]] = field(init=False)

    def __post_init__(self) -> None:
        rights: dict[Can, set[int | None]] = {}
        for role, site_id in self.grants:
            for right in RIGHTS[role]:
                rights.setdefault(right, set()).add(site_id)
        object.__setattr__(self, "rights", {right: frozenset(sites) for right, sites in rights.items()})

    def may(self, right: Can, site_id: int | None = EVERY_SITE) -> bool:
        """True where the right holds at that site; without a site: where it holds at every site."""
        sites = self.rights.get(right, frozenset())
        return EVERY_SITE in sites or (site_id is not None and site_id in sites)

    def has(self, right: Can) -> bool:
        """True where the right holds at any site."""
        return right in self.rights

    def scope(self, right: Can, queryset: Any, path: str = "site") -> Any:
        """The rows of ``queryset`` whose site (found at ``path``) gives this right."""
        sites = self.rights.get(right, frozenset())
        if EVERY_SITE in sites:
            return queryset.all()
        return queryset.filter(**{f"{path}__in": [site for site in sites if site is not None]})

    @property
    def roles(self) -> set[str]:
        return {role for role, _ in self.grants}

    @property
    def names(self) -> set[str]:
        """The rights' names, for templates: ``{% if 'EXPORT' in access.names %}``."""
        return {right.name for right in self.rights}


NOBODY = Access(frozenset())


def access_of(user: Any, on: date | None = None) -> Access:
    """The rights that a user's role assignments give on a day (default: today in Cairo)."""
    if not user.is_authenticated or not user.is_active:
        return NOBODY
    return Access(frozenset(user.assignments.on(on or timezone.localdate()).values_list("role", "site_id")))


def allow(request: HttpRequest, right: Can, site_id: int | None = EVERY_SITE) -> None:
    """Refuses with 403 a person without this right at this site."""
    if not access(request).may(right, site_id):
        raise PermissionDenied(f"Your role does not include: {right.value}.")


def allow_somewhere(request: HttpRequest, right: Can) -> None:
    """Refuses with 403 a person who holds this right at no site."""
    if not access(request).has(right):
        raise PermissionDenied(f"Your role does not include: {right.value}.")


def visible(request: HttpRequest, queryset: Any, pk: Any, *, path: str = "site", rights: Iterable[Can] = (Can.VIEW,)) -> Any:
    """The object with this key if it stands at a site that the person may see, else 404.

    Another site's object answers exactly like one that does not exist, so that existence is not told.
    """
    granted = access(request)
    for right in rights:
        found = granted.scope(right, queryset, path).filter(pk=pk).first() if granted.has(right) else None
        if found is not None:
            return found
    if not any(granted.has(right) for right in rights):
        raise PermissionDenied(f"Your role does not include: {next(iter(rights)).value}.")
    raise Http404


def access(request: Any) -> Access:
    """The rights of the person behind this request (set by the middleware or by the API token)."""
    return request.access
