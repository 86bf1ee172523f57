"""Who signs, and who may end, which entry of the delegation log. ``docs/adr/0008-delegation-gives-the-rights.md``.

The principal investigator of a site signs for its staff. The sponsor signs for everybody else: its own side and the principal
investigators. Nobody signs or ends their own entry. The administrator enters and ends entries and signs none.
"""

from __future__ import annotations

from typing import Any

from django.db.models import Q
from django.utils import timezone

from itp_trial.models import RoleAssignment
from itp_trial.permissions import EVERY_SITE, Access
from itp_trial.roles import SITE_STAFF, SPONSOR_SIDE, Can


def right_to_sign(entry: RoleAssignment) -> Can:
    return Can.DELEGATE if entry.role in SITE_STAFF else Can.APPOINT


def may_sign(access: Access, user: Any, entry: RoleAssignment) -> bool:
    """True for the principal investigator of the entry's site, or the sponsor, and never for the person themselves."""
    return entry.user_id != user.pk and access.may(right_to_sign(entry), entry.site_id)


def may_end(access: Access, user: Any, entry: RoleAssignment) -> bool:
    """True for the administrator, and for who signs such entries.

    The sponsor's right ends at its own side: it takes no site's people away from their own data (RQ-23).
    """
    if entry.user_id == user.pk:
        return False
    if access.has(Can.MANAGE_PEOPLE):
        return True
    return (entry.role in SITE_STAFF and access.may(Can.DELEGATE, entry.site_id)) or (
        entry.role in SPONSOR_SIDE and access.has(Can.APPOINT)
    )


def may_extend(access: Access, user: Any, entry: RoleAssignment) -> bool:
    """Who may end an entry may also enter the next one; it waits for its signature like any other."""
    return bool(entry.signed_at and entry.ends and not entry.stopped_at) and may_end(access, user, entry)


def waiting_for(access: Access, user: Any) -> Any:
    """The entries that wait for this person's signature."""
    sites = access.rights.get(Can.DELEGATE, frozenset())
    staff = Q(role__in=SITE_STAFF) if EVERY_SITE in sites else Q(role__in=SITE_STAFF, site__in=list(sites))
    asked = (staff if sites else Q(pk=None)) | (~Q(role__in=SITE_STAFF) if access.may(Can.APPOINT) else Q(pk=None))
    entries = RoleAssignment.objects.not_over(timezone.localdate()).filter(asked, signed_at=None, user__is_active=True)
    return entries.exclude(user=user).select_related("user", "site").order_by("site__code", "role", "user__full_name", "starts")
