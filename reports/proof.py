"""Is the trail behind a file whole? Asked at every export (RQ-07); the answer travels with the file.

Nothing is refused: a hospital keeps access to its own data whatever happened to the trail. But a file of a broken trail is
called so in its name, its header and the access log, and a copy of a site names the broken places in its manifest.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.http import HttpResponse

from casebook.models import Participant
from itp_trial.models import AuditEntry
from itp_trial.permissions import Access
from itp_trial.roles import Can
from itp_trial.verification import verify

HEADER = "X-Trail"
BROKEN = "TRAIL-BROKEN"


@dataclass(frozen=True)
class Proof:
    """What the verification of the chains behind a file found."""

    entries: int
    digest: str
    broken: tuple[str, ...]

    @property
    def words(self) -> str:
        state = f"BROKEN in {len(self.broken)} places" if self.broken else "unbroken"
        return f"{state}; {self.entries} entries; digest {self.digest}"

    @property
    def warning(self) -> str:
        """For the line in the access log; nothing where all is well."""
        return f", {BROKEN}" if self.broken else ""

    def manifest(self) -> dict[str, Any]:
        return {"state": "broken" if self.broken else "unbroken", "entries": self.entries, "digest": self.digest,
                "broken": list(self.broken)}  # fmt: skip

    def mark(self, response: HttpResponse) -> HttpResponse:
        """The answer with the result in its header, and in its name where something is broken."""
        response.headers[HEADER] = self.words
        if self.broken:
            named = response.headers["Content-Disposition"]
            response.headers["Content-Disposition"] = named.replace('filename="', f'filename="{BROKEN}-', 1)
        return response


def proof_of(participants: Iterable[Participant], *, with_trial: bool = False) -> Proof:
    """The chains of these participants; ``with_trial``: also that of people, sites and product."""
    chains = [str(participant.pk) for participant in participants] + [AuditEntry.TRIAL_CHAIN] * with_trial
    report = verify(chains=chains)
    return Proof(report.entries, report.digest, tuple(str(broken) for broken in report.broken))


def proof_for(granted: Access, *, participant: Participant | None = None, site: Any = None) -> Proof:
    """What stands behind a file of one participant, of one site, or of all sites that a person may export."""
    if participant is not None:
        return proof_of([participant])
    children = granted.scope(Can.EXPORT, Participant.objects.all())
    return proof_of(children.filter(site=site) if site is not None else children)
