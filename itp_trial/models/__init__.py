"""People, sites and roles; API tokens and idempotency keys; the audit trail and the access log."""

from itp_trial.models.people import RoleAssignment, RoleAssignmentQuerySet, Site, User, UserManager
from itp_trial.models.technical import ApiToken, IdempotencyKey
from itp_trial.models.trail import AccessEntry, AuditEntry, Redaction, TrailCheck

__all__ = [
    "AccessEntry", "ApiToken", "AuditEntry", "IdempotencyKey", "Redaction", "RoleAssignment", "RoleAssignmentQuerySet", "Site",
    "TrailCheck", "User", "UserManager",
]  # fmt: skip
