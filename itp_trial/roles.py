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
    VIEW_PRODUCT = "view product lots"
    EDIT_PRODUCT = "enter product lots"
    EXPORT = "export"
    SIGN = "sign"
    FREEZE = "freeze and lock"
    UNLOCK = "unlock"
    DELEGATE = "sign the delegation log"
    SEE_IDENTITY = "see the contacts of families"
    REVIEW_TRAIL = "review the audit trail"
    SEE_ACCESSES = "see who looked at what"
    ASK_REDACTION = "ask for a redaction"
    GRANT_REDACTION = "grant a redaction"
    MANAGE_PEOPLE = "manage people and sites"


_SITE_STAFF = {Can.VIEW, Can.SCREEN, Can.ENROL, Can.EDIT, Can.CONFIRM, Can.PLAN, Can.VIEW_PRODUCT, Can.EXPORT,
               Can.SEE_IDENTITY}  # fmt: skip
_DOCTOR = _SITE_STAFF | {Can.END_TREATMENT, Can.SIGN}
# RQ-23, RQ-27: whoever oversees the trial reads; values are entered and corrected by the site alone.
_READER = {Can.VIEW, Can.VIEW_PRODUCT, Can.EXPORT}

RIGHTS: dict[str, set[Can]] = {
    Role.COORDINATOR: _SITE_STAFF,
    Role.INVESTIGATOR: _DOCTOR,
    Role.PRINCIPAL: _DOCTOR | {Can.DELEGATE, Can.ASK_REDACTION, Can.SEE_ACCESSES},
    Role.MONITOR: _READER | {Can.REVIEW_TRAIL, Can.SEE_ACCESSES},
    Role.DATA_MANAGER: _READER | {Can.REVIEW_TRAIL, Can.SEE_ACCESSES, Can.FREEZE, Can.UNLOCK, Can.GRANT_REDACTION},
    Role.SAFETY: _READER,
    Role.SPONSOR: _READER,
    Role.PHARMACIST: {Can.VIEW, Can.VIEW_PRODUCT, Can.EDIT_PRODUCT},
    # RQ-40: the administrator manages accounts and sees no clinical data.
    Role.ADMINISTRATOR: {Can.MANAGE_PEOPLE},
}
