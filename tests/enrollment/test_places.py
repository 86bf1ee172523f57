"""The ceiling of the trial: a place is reserved at screening, kept at enrolment, free after a screen failure."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import IntegrityError, connection
from django.urls import reverse

from casebook.models import Participant
from enrollment import actions, places
from itp_trial import scope
from itp_trial.actor import System, acting
from itp_trial.protocol import PLANNED_PARTICIPANTS
from itp_trial.refusal import Refused


def fill_up(universe: Any, leave: int = 0) -> None:
    for _ in range(PLANNED_PARTICIPANTS - leave - len(places.taken())):
        actions.start_screening(site=universe.s3, by=universe.sara)


def test_every_child_in_the_trial_holds_a_place_of_its_own(universe: Any) -> None:
    assert sorted(Participant.objects.values_list("place", flat=True)) == [1, 2, 3, 4]
    assert actions.start_screening(site=universe.s3, by=universe.sara).place == 5


def test_no_child_is_screened_beyond_the_last_place(universe: Any, client_of: Any) -> None:
    fill_up(universe)
    with pytest.raises(Refused, match="All 20 places of the trial are taken"):
        actions.start_screening(site=universe.s1, by=universe.clara)
    client = client_of(universe.clara)
    assert "All 20 places" in client.get(reverse("screen")).content.decode()
    answer = client.post(reverse("screen"), {"site": universe.s1.pk, "on": ""}, follow=True)
    assert "ask the sponsor before you inform another family" in answer.content.decode()
    assert Participant.objects.count() == PLANNED_PARTICIPANTS


def test_a_screen_failure_frees_its_place_and_taking_it_back_needs_one(universe: Any) -> None:
    fill_up(universe)
    child = actions.fail_screening(participant=universe.screening, reason="moved away", by=universe.clara)
    assert child.place is None
    other = actions.start_screening(site=universe.s2, by=universe.otto)
    with pytest.raises(Refused, match="All 20 places"):
        actions.take_back_end(participant=child, reason="wrong child", by=universe.clara)
    actions.fail_screening(participant=other, reason="too old", by=universe.otto)
    assert actions.take_back_end(participant=child, reason="wrong child", by=universe.clara).place == 2


def test_the_page_says_how_many_places_are_free(universe: Any, client_of: Any) -> None:
    fill_up(universe, leave=1)
    assert "1 place of 20 in the trial is free" in client_of(universe.clara).get(reverse("screen")).content.decode()


def test_one_hospital_counts_the_places_of_all_without_seeing_their_children(universe: Any) -> None:
    scope.open_sites(str(universe.s3.pk))
    try:
        assert not Participant.objects.exists()
        assert places.taken() == {1, 2, 3, 4}
    finally:
        scope.open_sites(scope.EVERYWHERE)


@pytest.mark.parametrize("place", [1, 0, PLANNED_PARTICIPANTS + 1])
def test_the_database_gives_no_place_twice_and_none_beyond_the_last(universe: Any, place: int) -> None:
    with pytest.raises(IntegrityError), acting(System("test")):
        Participant.objects.filter(pk=universe.foreign.pk).update(place=place)


def test_whoever_looks_for_a_place_waits_for_whoever_is_taking_one(universe: Any) -> None:
    """The lock is held until the transaction ends: a second connection cannot get it meanwhile."""
    with acting(System("test")):
        places.reserve()
        with connection.cursor() as cursor:
            # Of this connection only: the server shows the locks of every database, of other test runs too.
            cursor.execute("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid()"
                           " AND objid = %s AND granted", [places.ADVISORY_LOCK])  # fmt: skip
            assert cursor.fetchone() == (1,)
