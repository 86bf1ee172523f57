"""When the tasks run: in UTC, away from the hours that Cairo's clock skips or repeats, and never scheduled ahead."""

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from celery.schedules import crontab
from django.conf import settings

from itp_trial.audit import OUR_APPS
from itp_trial.celery import app
from itp_trial.normalise import CAIRO


def _daily():
    return {name: entry["schedule"] for name, entry in app.conf.beat_schedule.items() if isinstance(entry["schedule"], crontab)}


def test_every_scheduled_task_exists():
    app.loader.import_default_modules()
    assert {entry["task"] for entry in app.conf.beat_schedule.values()} <= set(app.tasks)


@pytest.mark.parametrize("name", sorted(_daily()))
def test_daily_tasks_run_once_a_day_far_from_midnight_in_cairo(name):
    schedule, seen = _daily()[name], []
    assert (app.conf.timezone, app.conf.enable_utc) == ("UTC", True)
    for day in range(366):
        for hour in schedule.hour:
            for minute in schedule.minute:
                at = datetime(2026, 1, 1, hour, minute, tzinfo=UTC) + timedelta(days=day)
                seen.append(at.astimezone(CAIRO))
    assert len({moment.date() for moment in seen}) == len(seen) == 366
    assert all(2 <= moment.hour < 23 for moment in seen)


def test_the_outbox_is_drained_every_minute():
    assert app.conf.beat_schedule["outbox"]["schedule"] == 60


def test_nothing_is_scheduled_ahead_and_no_save_needs_the_broker():
    """Due dates live in the tables: ``eta`` and ``countdown`` were measured to send twice; no ``.delay()`` in a save."""
    sources = [path for folder in OUR_APPS for path in Path(settings.BASE_DIR, folder).rglob("*.py")]
    assert len(sources) > 50
    for path in sources:
        text = path.read_text()
        assert not re.search(r"\b(eta|countdown)\s*=", text), path
        if path.name in ("actions.py", "receivers.py", "signals.py", "crfs.py"):
            assert not re.search(r"\.delay\(|apply_async", text), path


def test_only_json_is_accepted_and_results_are_not_kept():
    assert app.conf.accept_content == ["json"]
    assert app.conf.task_ignore_result
