"""The delegation log in words: what a role may do, and what exactly is signed."""

from __future__ import annotations

import hashlib
from datetime import date

from delegation.guides import GUIDE_OF
from delegation.models import Training
from itp_trial.models import RoleAssignment
from itp_trial.roles import RIGHTS, SITE_STAFF, Can


def tasks(role: str) -> list[str]:
    """The rights of a role in words, in the order of ``Can``."""
    return [right.value for right in Can if right in RIGHTS[role]]


def sentence(entry: RoleAssignment, training: Training) -> str:
    """What the signer sees and signs. It names everything that the entry gives, and to whom."""
    person = entry.user
    verb = "I delegate these tasks to" if entry.role in SITE_STAFF else "I appoint to these tasks"
    until = _day(entry.ends) if entry.ends else "further notice"
    return (
        f"{verb} {person.full_name} ({person.username}), {entry.get_role_display()}, {entry.place}, "
        f"from {_day(entry.starts)} until {until}: {', '.join(tasks(entry.role))}. "
        f"Trained on the guide {GUIDE_OF[entry.role]} {training.version} on {_day(training.trained_on)}."
    )


def digest(text: str) -> str:
    """The hash that the page posts back, so that nothing is signed but what was shown."""
    return hashlib.sha256(text.encode()).hexdigest()


def _day(day: date) -> str:
    return f"{day:%d %b %Y}"
