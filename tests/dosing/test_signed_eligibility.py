"""No infusion before an investigator has signed the eligibility; what is stored can always be corrected (RQ-39)."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import transaction

from demo.builder import Facts, NotFilled, fill
from enrollment import actions as enrollment
from signatures.models import Scope, Signature

pytestmark = [pytest.mark.django_db, pytest.mark.requirement("RQ-39")]
NOT_SIGNED = "No investigator has signed the eligibility of this child"


@pytest.fixture
def unsigned(universe: Any) -> Any:
    """Enrolled, but nobody signed the eligibility."""
    clinic, day = universe.clinic(), universe.untreated.enrolled_on
    child = clinic.start_screening(day)
    clinic.screen(child, day, Facts())
    clinic.consent(child, day, Facts())
    return enrollment.enrol(participant=child, by=universe.ines, on=day)


def test_a_dose_waits_for_the_signature(universe: Any, unsigned: Any) -> None:
    clinic, day = universe.clinic(), universe.untreated.enrolled_on
    with pytest.raises(NotFilled, match=NOT_SIGNED), transaction.atomic():
        clinic.infuse(unsigned, "LOAD", day, 18)
    clinic.sign_eligibility(unsigned)
    assert universe.clinic().infuse(unsigned, "LOAD", day, 18).record.version == 1


def test_a_changed_criterion_asks_for_a_new_signature(universe: Any) -> None:
    child, clinic, day = universe.untreated, universe.clinic(), universe.untreated.enrolled_on
    fill(universe.record(child, "screening", "SCREEN"), universe.clara, entry_count=10)
    assert not Signature.objects.filter(participant=child, scope=Scope.ELIGIBILITY, superseded_by=None).exists()
    with pytest.raises(NotFilled, match="or what was signed has changed since"), transaction.atomic():
        clinic.infuse(child, "LOAD", day, 18)
    clinic.sign_eligibility(child)
    assert universe.clinic().infuse(child, "LOAD", day, 18).record.version == 1


def test_a_stored_infusion_is_corrected_also_without_a_signature(universe: Any) -> None:
    child = universe.responder
    fill(universe.record(child, "screening", "SCREEN"), universe.clara, entry_count=10)
    infusion = universe.record(child, "infusion", "LOAD")
    started = infusion.crf().started_at
    saved = fill(infusion, universe.clara, premedication="Paracetamol", started_at=f"{started:%Y-%m-%d} 11:45")
    assert saved.record.version == 2
    assert not [finding for finding in saved.open_findings if finding.code == "INF04"]
