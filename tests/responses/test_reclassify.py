"""``manage.py reclassify`` proves that the stored summaries equal a fresh derivation, or mends them."""

from __future__ import annotations

import threading
from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection
from django.utils import timezone

from responses.actions import refresh, refresh_many
from responses.management.commands import reclassify
from responses.models import ResponseSummary


def run(*arguments: str) -> str:
    said = StringIO()
    call_command("reclassify", *arguments, stdout=said)
    return said.getvalue()


def test_check_is_content_with_what_the_saves_stored(universe: Any) -> None:
    assert "every summary equals a fresh derivation" in run("--check")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"state": "CR"}, "state is CR, should be R"),
        ({"input_digest": "0" * 64}, "input digest differs"),
        ({"verdict": {}}, "verdict differs"),
        ({"since": None}, "since is empty"),
    ],
)
def test_check_finds_a_tampered_summary_and_a_run_mends_it(universe: Any, change: dict[str, Any], said: str) -> None:
    ResponseSummary.objects.filter(pk=universe.responder.pk).update(**change)
    output = StringIO()
    with pytest.raises(SystemExit) as left:
        call_command("reclassify", "--check", stdout=output)
    assert left.value.code == 1
    assert f"{universe.responder}: " in output.getvalue()
    assert said in output.getvalue()
    run()
    assert "every summary equals" in run("--check")


def test_check_finds_a_missing_summary(universe: Any) -> None:
    ResponseSummary.objects.filter(pk=universe.responder.pk).delete()
    with pytest.raises(SystemExit):
        run("--check")


def test_a_summary_of_an_earlier_day_is_not_wrong_only_older(universe: Any) -> None:
    yesterday = timezone.localdate() - timedelta(days=1)
    refresh(participant=universe.responder, today=yesterday)
    assert ResponseSummary.objects.get(pk=universe.responder.pk).as_of == yesterday
    assert "every summary equals" in run("--check")


def test_any_number_of_children_takes_three_queries(universe: Any, django_assert_num_queries: Any) -> None:
    everybody = [universe.responder, universe.untreated, universe.foreign, universe.screening]
    for some in (everybody[:1], everybody):
        with django_assert_num_queries(3 + 2):  # the savepoint and its release come with the test's transaction
            refresh_many(participants=some, today=universe.today)


def test_batches_reach_every_child_once(universe: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reclassify, "BATCH", 3)
    sizes = [len(batch) for batch in reclassify.batches()]
    assert sizes == [3, 1]


def test_two_saves_of_one_child_at_once_leave_a_true_summary(transactional_universe: Any) -> None:
    """The second one waits for the first and classifies with its form: no summary without the other's count."""
    universe = transactional_universe
    clinic, child = universe.clinic(), universe.responder
    barrier, failures = threading.Barrier(2), []

    def save(days_ago: int, platelets: str) -> None:
        try:
            barrier.wait(timeout=10)
            clinic.extra_count(child, universe.today - timedelta(days=days_ago), platelets)
        except Exception as error:
            failures.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=save, args=arguments) for arguments in ((0, "20"), (6, "65"))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=30)
    assert failures == []
    assert "every summary equals a fresh derivation" in run("--check")
