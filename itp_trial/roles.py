"""Who may do what: the roles of the trial, as code. Read the table at the bottom."""

from __future__ import annotations

from enum import StrEnum

from django.db import models


class Role(models.TextChoices):
    COORDINATOR = "coordinator", "Site coordinator"
    INVESTIGATOR = "investigator", "Investigator"
    PRINCIPAL = "principal", "Principal investigator"
    MONITOR = "monitor", "Monitor"
    DATA_MANAGER = "data_manager", "Data manager"
    PHARMACIST = "pharmacist", "Pharmacist"
    SAFETY = "safety", "Safety contact"
    SPONSOR = "sponsor", "Sponsor"
    ADMINISTRATOR = "administrator", "Administrator"


class Can(StrEnum):
    """A right. A role holds some of them, at the sites it is assigned to."""

    VIEW = "view participants"
    SCREEN = "start screening"
    ENROL = "enrol"
    EDIT = "enter and correct forms"
    CONFIRM = "confirm unusual values"
    PLAN = "plan visits"
    END_TREATMENT = "end maintenance"
    DECIDE = "decide for a child as physician"
    VIEW_PRODUCT = "view product lots"
    EDIT_PRODUCT = "enter product lots"
    MOVE_BAGS = "record what happens to bags"
    CONFIRM_DOSE = "confirm the plan of a dose"
    HOLD_LOT = "quarantine or recall a lot"
    EXPORT = "export"
    NOTIFY = "note who was told of an adverse event"
    SIGN = "sign"
    FREEZE = "freeze and lock"
    UNLOCK = "unlock"
    DELEGATE = "sign the delegation log"
    SEE_IDENTITY = "see the contacts of families"
    SEE_PHOTOS = "see photos of sources"
    SEE_DUPLICATES = "see possible duplicates"
    REVIEW_TRAIL = "review the audit trail"
    SEE_ACCESSES = "see who looked at what"
    ASK_REDACTION = "ask for a redaction"
    GRANT_REDACTION = "grant a redaction"
    MANAGE_PEOPLE = "manage people and sites"
    APPOINT = "sign appointments for the sponsor"
    RECORD_TRAINING = "record trainings"
    SEE_LOG = "see the delegation log"
    SEE_ACCESS = "see who has access"
    REVIEW_ACCESS = "review who has access"
    APPROVE_CONSENT = "register approved consent forms"
    GRADE_DEVIATION = "grade protocol deviations"


_SITE_STAFF = {Can.VIEW, Can.SCREEN, Can.ENROL, Can.EDIT, Can.CONFIRM, Can.PLAN, Can.VIEW_PRODUCT, Can.EXPORT,
               Can.NOTIFY, Can.MOVE_BAGS, Can.CONFIRM_DOSE, Can.SEE_IDENTITY, Can.SEE_PHOTOS, Can.SEE_LOG}  # fmt: skip
_DOCTOR = _SITE_STAFF | {Can.END_TREATMENT, Can.DECIDE, Can.GRADE_DEVIATION, Can.SIGN, Can.HOLD_LOT}
# RQ-23, RQ-27: whoever oversees the trial reads; values are entered and corrected by the site alone.
_READER = {Can.VIEW, Can.VIEW_PRODUCT, Can.EXPORT, Can.SEE_LOG}
_OVERSEER = {Can.SEE_ACCESS, Can.RECORD_TRAINING}

RIGHTS: dict[str, set[Can]] = {
    Role.COORDINATOR: _SITE_STAFF,
    Role.INVESTIGATOR: _DOCTOR,
    Role.PRINCIPAL: _DOCTOR | _OVERSEER
    | {Can.DELEGATE, Can.ASK_REDACTION, Can.SEE_ACCESSES, Can.APPROVE_CONSENT},
    Role.MONITOR: _READER | _OVERSEER | {Can.SEE_PHOTOS, Can.REVIEW_TRAIL, Can.SEE_ACCESSES},
    Role.DATA_MANAGER: _READER | _OVERSEER
    | {Can.SEE_DUPLICATES, Can.REVIEW_TRAIL, Can.SEE_ACCESSES, Can.FREEZE, Can.UNLOCK, Can.GRANT_REDACTION,
       Can.REVIEW_ACCESS, Can.HOLD_LOT},
    # Whom the sponsor told is the sponsor's own record, no value of a site (RQ-64).
    Role.SAFETY: _READER | {Can.HOLD_LOT, Can.NOTIFY},
    Role.SPONSOR: _READER | _OVERSEER | {Can.APPOINT, Can.NOTIFY},
    Role.PHARMACIST: {Can.VIEW, Can.VIEW_PRODUCT, Can.EDIT_PRODUCT, Can.MOVE_BAGS, Can.CONFIRM_DOSE, Can.HOLD_LOT,
                      Can.SEE_LOG},
    # RQ-40: the administrator manages accounts and sees no clinical data.
    Role.ADMINISTRATOR: _OVERSEER | {Can.MANAGE_PEOPLE, Can.SEE_LOG, Can.REVIEW_ACCESS},
}  # fmt: skip

#: Delegated by the principal investigator of the site, each at one site.
SITE_STAFF = frozenset({Role.COORDINATOR, Role.INVESTIGATOR, Role.PHARMACIST})
#: Who works at a site, and who works for the sponsor. The sponsor's side appoints itself and the principal investigators.
SITE_SIDE = SITE_STAFF | {Role.PRINCIPAL}
SPONSOR_SIDE = frozenset(Role) - SITE_SIDE
#: Only for the whole trial, never for one site.
TRIAL_WIDE = frozenset({Role.SPONSOR, Role.ADMINISTRATOR})

#: Roles that one person never holds at the same time, wherever: any of the first with any of the second, and why.
CONFLICTS: tuple[tuple[frozenset[Role], frozenset[Role], str], ...] = (
    (SITE_SIDE, SPONSOR_SIDE - {Role.ADMINISTRATOR},
     "whoever enters or signs data of a site does not oversee, review, lock or appoint for the sponsor (RQ-23, RQ-27)"),
    (frozenset({Role.ADMINISTRATOR}), frozenset(Role) - {Role.ADMINISTRATOR},
     "whoever manages accounts holds no other right of the trial (RQ-40)"),
)  # fmt: skip


def roles_that(right: Can) -> set[str]:
    """The roles that hold this right."""
    return {str(role) for role, rights in RIGHTS.items() if right in rights}


def conflict_between(one: str, other: str) -> str:
    """Why one person must not hold both roles, or an empty text where they may."""
    for some, others, why in CONFLICTS:
        if (one in some and other in others) or (other in some and one in others):
            return why
    return ""
