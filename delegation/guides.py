"""The guide of each role and its editions: what people are trained on. No model, no clock."""

from __future__ import annotations

from dataclasses import dataclass

from itp_trial.roles import Role


@dataclass(frozen=True)
class Edition:
    """One edition of a guide (``docs/guides/``).

    ``new_procedure`` says whether people have to do something differently. Only such an edition asks for retraining: new
    wording, pictures or corrections do not, because training that changes nothing is what trained staff resent most. And
    even such an edition locks nobody out: whoever holds a signed entry keeps it and stands on the list of those to be
    retrained, because a system that stops a ward on the day of a release harms children. A new entry, however, is signed
    only for somebody who is trained on the procedures of today.
    """

    version: str
    new_procedure: bool
    changes: str


_FIRST = Edition("1.0", new_procedure=True, changes="First edition.")

#: Guide -> its editions, the newest last. Add one here whenever the file changes.
EDITIONS: dict[str, tuple[Edition, ...]] = {
    "coordinator": (_FIRST,),
    "investigator": (_FIRST,),
    "principal-investigator": (_FIRST,),
    "monitor": (_FIRST,),
    "data-manager": (_FIRST,),
    "pharmacist": (_FIRST,),
    "safety": (_FIRST,),
    "sponsor": (_FIRST,),
    "administrator": (_FIRST,),
}
GUIDE_OF: dict[str, str] = {
    Role.COORDINATOR: "coordinator",
    Role.INVESTIGATOR: "investigator",
    Role.PRINCIPAL: "principal-investigator",
    Role.MONITOR: "monitor",
    Role.DATA_MANAGER: "data-manager",
    Role.SAFETY: "safety",
    Role.PHARMACIST: "pharmacist",
    Role.SPONSOR: "sponsor",
    Role.ADMINISTRATOR: "administrator",
}
#: The edition that holds today, by role.
GUIDE_VERSION: dict[str, str] = {role: EDITIONS[guide][-1].version for role, guide in GUIDE_OF.items()}


def versions(role: str) -> list[str]:
    """All editions of the guide of a role, the newest first."""
    return [edition.version for edition in reversed(EDITIONS[GUIDE_OF[role]])]


def still_holds(role: str, version: str) -> bool:
    """True where nobody who was trained on this edition has to do anything differently today."""
    editions = EDITIONS[GUIDE_OF[role]]
    known = [edition.version for edition in editions]
    return version in known and not any(edition.new_procedure for edition in editions[known.index(version) + 1 :])
