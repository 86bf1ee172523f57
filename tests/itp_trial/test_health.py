"""The nightly verification: it remembers, anchors, mails, and the health page shows it. The clock is watched."""

from __future__ import annotations

import logging
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection
from django.urls import reverse

from itp_trial import anchors, checking, clock, readiness
from itp_trial.models import TrailCheck
from itp_trial.tasks import verify_and_anchor
from itp_trial.verification import Broken, Report

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def var_dir(settings: Any, tmp_path: Path) -> Path:
    settings.VAR_DIR = tmp_path
    return tmp_path


@pytest.mark.requirement("RQ-07")
def test_every_night_the_trail_is_verified_anchored_and_mailed(universe: Any, mailoutbox: list[Any]) -> None:
    verify_and_anchor()
    check = TrailCheck.objects.get()
    assert (check.broken, check.entries > 100) == ([], True)
    [(_, heads)] = anchors.kept()
    assert anchors.digest(heads) == check.digest
    [mail] = mailoutbox
    assert mail.to == ["dana@example.org", "nora@example.org"]
    assert check.digest in mail.body
    assert "unbroken" in mail.subject


def test_the_next_night_the_anchor_of_the_first_still_holds(universe: Any) -> None:
    verify_and_anchor()
    universe.clinic().extra_count(universe.responder, universe.today, 55)
    assert checking.verify_and_remember().broken == []


@pytest.mark.requirement("RQ-07")
def test_the_command_says_what_is_broken_and_ends_with_1(universe: Any, monkeypatch: pytest.MonkeyPatch, mailoutbox: Any) -> None:
    def broken(using: str = "default") -> Report:
        return Report(7, {"trial": anchors.Head(7, "x")}, [Broken("entry 5", "its hash does not fit")])

    monkeypatch.setattr("itp_trial.checking.verify", broken)
    out = StringIO()
    with pytest.raises(SystemExit, match="1"):
        call_command("verify_audit", "--anchor", stdout=out)
    assert "BROKEN entry 5: its hash does not fit" in out.getvalue()
    assert "1 BROKEN PLACES" in mailoutbox[0].subject
    assert TrailCheck.objects.get().broken == ["entry 5: its hash does not fit"]


def test_the_command_says_that_it_is_whole(universe: Any) -> None:
    out = StringIO()
    call_command("verify_audit", stdout=out)
    assert "unbroken. Digest" in out.getvalue()
    assert list(anchors.kept()) == []


@pytest.mark.parametrize("who", ["milo", "dana", "adam"])
def test_the_health_page_tells_those_who_keep_the_system(universe: Any, client_of: Any, who: str) -> None:
    client = client_of(getattr(universe, who))
    assert "not verified yet" in client.get(reverse("health")).content.decode()
    verify_and_anchor()
    page = client.get(reverse("health")).content.decode()
    assert TrailCheck.objects.get().digest in page
    assert "the application owns nothing" in page


@pytest.mark.requirement("RQ-06")
def test_a_sound_system_starts(universe: Any) -> None:
    assert readiness.problems() == []
    readiness.require()


def test_old_time_zone_data_is_a_reason_not_to_start(universe: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("itp_trial.clock.knows_summer_time", lambda: False)
    with pytest.raises(readiness.NotReady, match="summer time"):
        readiness.require()


@pytest.mark.requirement("RQ-06")
@pytest.mark.parametrize("start", ["itp_trial.wsgi", "itp_trial.celery"])
def test_web_server_worker_and_scheduler_ask_before_they_start(start: str) -> None:
    source = Path(__import__(start, fromlist=["x"]).__file__).read_text()
    assert "readiness.require()" in source


@pytest.mark.requirement("RQ-17")
def test_the_clocks_agree_or_it_is_logged(universe: Any, monkeypatch: pytest.MonkeyPatch, caplog: Any) -> None:
    assert abs(clock.state().offset_seconds) < 1
    monkeypatch.setattr("itp_trial.clock.synchronised", lambda: False)
    with caplog.at_level(logging.WARNING):
        assert not clock.state().is_right
    assert "synchronised: False" in caplog.text


@pytest.mark.requirement("RQ-17")
def test_an_offset_of_more_than_a_second_is_not_right() -> None:
    assert clock.ClockState(0.9, None).is_right
    assert clock.ClockState(-0.9, True).is_right
    assert not clock.ClockState(1.1, True).is_right


@pytest.mark.requirement("RQ-17")
def test_a_machine_that_cannot_be_asked_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    def gone(*_: Any, **__: Any) -> Any:
        raise OSError

    monkeypatch.setattr("ctypes.CDLL", gone)
    assert clock.synchronised() is None


@pytest.mark.requirement("RQ-16")
def test_stamps_are_utc_from_the_server(universe: Any) -> None:
    """Whatever the connection's or the browser's clock is set to, an entry holds the server's instant."""
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL timezone = 'Pacific/Auckland'")
        before = clock.datetime.now(clock.UTC)
        universe.clinic().extra_count(universe.responder, universe.today, 55)
        cursor.execute("SELECT at AT TIME ZONE 'UTC' FROM itp_trial_auditentry ORDER BY id DESC LIMIT 1")
        [[at]] = cursor.fetchall()
    assert 0 <= (at.replace(tzinfo=clock.UTC) - before).total_seconds() < 20
