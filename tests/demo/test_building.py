"""The demonstration is built from nothing: the same for the same day, on every day, by the command, or not at all."""

from datetime import date, datetime
from io import StringIO

import pytest
import time_machine
from django.core.management import CommandError, call_command
from django.utils import timezone

from casebook.crf import crf_models
from casebook.models import Participant
from demo.children import CHILDREN
from demo.people import PASSWORD
from demo.story import Story
from demo.trial import build
from itp_trial.actor import System, acting
from itp_trial.models import Site, User
from itp_trial.normalise import CAIRO
from responses.classification import classify
from responses.course import dossiers
from tests.database import empty_the_database

# --- the same for the same day, and possible on every day ------------------------------------------------------------


def _content():
    """Every answer of every form, without keys and clock times of entry."""
    found = []
    for model in crf_models():
        for crf in model.objects.select_related("record__visit", "record__participant"):
            answers = {n: str(v) for n, v in crf.answers().items()}
            visit = crf.record.visit.code if crf.record.visit else crf.record.repeat
            found.append((model.slug, str(crf.record.participant or crf.record.site), str(visit), str(answers)))
    return sorted(found)


#: Those whose stories have the most kinds of forms: the others differ from them in numbers.
TELLING = ("sustained", "serious_event", "rescued", "withdrawn", "clotted", "fresh", "unconfirmed", "in_screening")


@pytest.fixture
def some_children(monkeypatch):
    """Only these are built: all twenty are built once for ``test_demo`` and once by the command."""
    monkeypatch.setattr("demo.trial.CHILDREN", tuple(child for child in CHILDREN if child.key in TELLING))


def test_the_same_day_gives_the_same_trial(empty_database, some_children):
    contents, today = [], timezone.localdate()
    for _ in range(2):
        # At one minute: what is of today lies before it.
        with time_machine.travel(datetime(today.year, today.month, today.day, 12, tzinfo=CAIRO), tick=True):
            build(today)
        contents.append(_content())
        empty_the_database()
    assert contents[0] == contents[1]


@pytest.mark.parametrize("on", [date(2026, 4, 24), date(2026, 10, 30), date(2028, 2, 29), date(2027, 1, 1)], ids=str)
def test_it_can_be_built_on_awkward_days_just_after_midnight(empty_database, some_children, on):
    hour = 1 if on == date(2026, 4, 24) else 0
    with time_machine.travel(datetime(on.year, on.month, on.day, hour, 5, tzinfo=CAIRO), tick=True):
        children = build(timezone.localdate())
        courses = [found.course for found in dossiers(children.values(), on)]
    assert {"CR", "PENDING_CONFIRMATION", "NR", "NE"} <= {classify(course).state for course in courses}


# --- the command -----------------------------------------------------------------------------------------------------


def _run():
    out = StringIO()
    call_command("create_demo", stdout=out)
    return out.getvalue()


def test_the_command_prints_the_accounts_and_runs_once(empty_database, settings):
    settings.DEMO = True
    first, second = _run(), _run()
    assert "clara" in first
    assert PASSWORD in first
    assert second.splitlines()[0] == "The database already holds a trial: nothing created."
    assert second.splitlines()[1:] == first.splitlines()
    assert Participant.objects.count() == 20


def test_the_command_never_shows_the_password_beside_real_accounts(universe, settings):
    settings.DEMO = True
    with acting(System("test")):
        User.objects.filter(username="adam").update(email="adam@hospital.example")
    assert _run() == "The database already holds a trial: nothing created.\n"


def test_outside_a_demonstration_the_command_refuses(empty_database, settings):
    settings.DEMO = False
    with pytest.raises(CommandError, match="not a demonstration"):
        _run()
    assert not User.objects.exists()


def test_a_failure_leaves_nothing_behind(empty_database, settings, monkeypatch):
    settings.DEMO = True
    monkeypatch.setattr(Story, "play", lambda self: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        _run()
    assert not Site.objects.exists()
