"""C7: of two transactions that wait for each other one is done again, and nobody sees an error."""

from __future__ import annotations

import logging
import threading
from typing import Any

import psycopg2
import pytest
from django.db import OperationalError, connection, connections, transaction

from casebook.models import Participant
from itp_trial.deadlock import DEADLOCK_DETECTED, once_more


@pytest.mark.row("C7")
@pytest.mark.fault
def test_two_saves_in_opposite_order_both_arrive(transactional_universe: Any, caplog: Any) -> None:
    universe = transactional_universe
    orders = [(universe.responder.pk, universe.untreated.pk), (universe.untreated.pk, universe.responder.pk)]
    barrier, done, failed = threading.Barrier(2), [], []

    def work(order: tuple[Any, Any], meet: list[bool]) -> None:
        with transaction.atomic():
            Participant.objects.select_for_update(no_key=True).get(pk=order[0])
            if not meet:
                meet.append(True)
                barrier.wait(timeout=10)  # both hold their first lock; only then they ask for the second
            Participant.objects.select_for_update(no_key=True).get(pk=order[1])

    def run(order: tuple[Any, Any]) -> None:
        meet: list[bool] = []
        try:
            done.append(once_more(lambda: work(order, meet)))
        except Exception as error:
            failed.append(error)
        finally:
            connection.close()

    with caplog.at_level(logging.WARNING):
        threads = [threading.Thread(target=run, args=(order,)) for order in orders]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(timeout=30)
    assert failed == []
    assert len(done) == 2
    assert DEADLOCK_DETECTED in caplog.text


def _error(pgcode: str) -> OperationalError:
    class Cause(psycopg2.OperationalError):
        pass

    cause = Cause()
    cause.__class__.pgcode = pgcode  # type: ignore[misc]  (read-only on instances of the driver's class)
    error = OperationalError("no")
    error.__cause__ = cause
    return error


@pytest.mark.row("C7")
@pytest.mark.django_db
@pytest.mark.parametrize(("pgcode", "runs"), [("40P01", 2), ("55P03", 1)])
def test_only_a_deadlock_is_tried_again_and_only_once(monkeypatch: pytest.MonkeyPatch, pgcode: str, runs: int) -> None:
    monkeypatch.setattr(connections["default"], "in_atomic_block", False)
    seen = []

    def work() -> None:
        seen.append(1)
        raise _error(pgcode)

    with pytest.raises(OperationalError):
        once_more(work)
    assert len(seen) == runs
