"""Who had access on a day, also on a day long ago, and the reviews of it."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from datetime import datetime, time, timedelta
from typing import Any

import pytest
import time_machine
from django.db import IntegrityError
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from delegation import actions, report
from delegation.models import AccessReview
from itp_trial.actor import System, acting
from itp_trial.models import AuditEntry, RoleAssignment, User
from itp_trial.normalise import CAIRO
from itp_trial.permissions import access_of
from itp_trial.refusal import Refused
from itp_trial.roles import RIGHTS, Role
from tests.delegation.conftest import sign
from tests.universe import signed_role

pytestmark = pytest.mark.requirement("RQ-41")
Pages = Callable[[User], Client]


@pytest.fixture
def noon(universe: Any) -> Callable[[int], Any]:
    """``noon(3)``: it is noon, three days from today."""

    def travel(days: int) -> Any:
        return time_machine.travel(datetime.combine(universe.today + timedelta(days=days), time(12), tzinfo=CAIRO))

    return travel


def names(lines: list[report.Line]) -> set[str]:
    return {line.entry.user.username for line in lines}


def test_today_it_says_what_the_system_lets_people_do(universe: Any) -> None:
    """The report and the permissions cannot disagree: both are read off the same entries."""
    granted: dict[str, set[tuple[str, int | None]]] = {}
    for line in report.rights_on(universe.today):
        granted.setdefault(line.entry.user.username, set()).add((line.entry.role, line.entry.site_id))
    for user in User.objects.all():
        assert access_of(user).grants == granted.get(user.username, set()), user


def test_the_rights_stand_in_words(universe: Any) -> None:
    for line in report.rights_on(universe.today):
        assert set(line.rights.split(", ")) == {right.value for right in RIGHTS[line.entry.role]}


def test_a_past_day_shows_what_held_then(universe: Any, nada: User, noon: Callable[[int], Any]) -> None:
    """Signed on day 2, from day 1 on; to end on day 9, stopped on day 5. In between, other things happen."""

    def day(number: int) -> Any:
        return universe.today + timedelta(days=number)

    with noon(2):
        entry = signed_role(nada, Role.COORDINATOR, universe.s1, day(1), day(9))
    with noon(5):
        actions.stop_role(assignment=entry, by=universe.adam)
    with noon(30):
        on = {number: nada.username in names(report.rights_on(day(number))) for number in range(12)}
        assert [number for number, there in on.items() if there] == [2, 3, 4, 5]
        [line] = [line for line in report.rights_on(day(5)) if line.entry.user == nada]
        assert (line.signed_by, line.entry.ended_by, line.late) == ("Hana Selim (hana)", universe.adam, False)


def test_who_was_ended_too_late_had_access_until_then(universe: Any, noon: Callable[[int], Any]) -> None:
    entry = universe.otto.assignments.get()
    with noon(6):
        actions.end_role(assignment=entry, ends=universe.today + timedelta(days=2), by=universe.adam)
    with noon(30):
        on = {n: "otto" in names(report.rights_on(universe.today + timedelta(days=n))) for n in range(1, 9)}
        assert [number for number, there in on.items() if there] == [1, 2, 3, 4, 5, 6]
        lines = report.rights_on(universe.today + timedelta(days=4))
        assert [line.late for line in lines if line.entry.user == universe.otto] == [True]


def test_a_day_ends_at_midnight_in_cairo(universe: Any, nada: User) -> None:
    last_minute = datetime.combine(universe.today + timedelta(days=1), time(23, 59), tzinfo=CAIRO)
    with time_machine.travel(last_minute):
        entry = signed_role(nada, Role.COORDINATOR, universe.s1, universe.today)
    with time_machine.travel(last_minute + timedelta(minutes=2)):
        actions.stop_role(assignment=entry, by=universe.adam)
    on = [n for n in range(4) if "nada" in names(report.rights_on(universe.today + timedelta(days=n)))]
    assert on == [1, 2]


def test_a_closed_account_is_marked_from_the_next_day_on(universe: Any, noon: Callable[[int], Any]) -> None:
    """The trail says when: its clock is the database's, so this story takes place today."""

    def marked(day: Any) -> bool:
        [line] = [line for line in report.rights_on(day) if line.entry.user == universe.otto]
        return line.account_closed

    tomorrow = universe.today + timedelta(days=1)
    with acting(System("test"), "Account closed"):
        User.objects.filter(pk=universe.otto.pk).update(is_active=False)
    assert not marked(universe.today), "for a part of the day it was open"
    assert marked(tomorrow)
    with acting(System("test"), "Account opened again"):
        User.objects.filter(pk=universe.otto.pk).update(is_active=True)
    assert not marked(tomorrow)


def test_before_the_first_signature_nobody_had_access(universe: Any) -> None:
    assert report.rights_on(universe.today - timedelta(days=1)) == []


class TestPage:
    def test_it_shows_a_day_with_rights_signature_and_end(self, universe: Any, pages: Pages) -> None:
        actions.stop_role(assignment=universe.otto.assignments.get(), by=universe.adam)
        page = pages(universe.dana).get(reverse("access-rights")).content.decode()
        assert "freeze and lock" in page
        assert "Hana Selim (hana)" in page
        assert "at set-up, by command" in page
        assert "by Adam Zaki" in page

    def test_a_head_of_a_site_sees_the_own_site(self, universe: Any, pages: Pages) -> None:
        page = pages(universe.hana).get(reverse("access-rights")).content.decode()
        assert "Clara Naguib" in page
        assert "Otto Mansour" not in page
        assert "Milo Aziz" not in page
        assert "Record a review" not in page

    @pytest.mark.parametrize(
        ("asked", "status"), [("", 200), ("2026-01-05", 200), ("5 Jan 2026", 200), ("soon", 400), ("31/02/2026", 400)]
    )
    def test_the_day_is_asked_for(self, universe: Any, pages: Pages, asked: str, status: int) -> None:
        for name in ("access-rights", "access-rights-csv"):
            assert pages(universe.dana).get(reverse(name), {"on": asked}).status_code == status

    def test_not_tomorrow(self, universe: Any, pages: Pages) -> None:
        tomorrow = f"{universe.today + timedelta(days=1)}"
        answer = pages(universe.dana).get(reverse("access-rights"), {"on": tomorrow})
        assert answer.status_code == 400
        assert "still to come" in answer.content.decode()

    def test_the_file_says_the_same(self, universe: Any, pages: Pages) -> None:
        answer = pages(universe.dana).get(reverse("access-rights-csv"))
        rows = list(csv.DictReader(io.StringIO(answer.content.decode())))
        assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
        assert len(rows) == RoleAssignment.objects.count() == 17
        clara = next(row for row in rows if row["user_name"] == "clara")
        assert (clara["role_code"], clara["site"], clara["to"], clara["account_closed"]) == ("coordinator", "01", "", "N")
        assert clara["signed_by"] == "Hana Selim (hana)"
        assert datetime.fromisoformat(clara["signed_at"]).utcoffset() is not None
        assert "enter and correct forms" in clara["rights"]

    def test_the_variant_for_excel_runs_no_name(self, universe: Any, pages: Pages) -> None:
        with acting(System("test"), "renamed"):
            User.objects.filter(pk=universe.clara.pk).update(full_name="=1+1")
        plain = pages(universe.dana).get(reverse("access-rights-csv")).content.decode()
        excel = pages(universe.dana).get(reverse("access-rights-csv"), {"for": "excel"})
        assert ",=1+1," in plain
        assert excel.content.decode().startswith("\ufeff")
        assert ",'=1+1," in excel.content.decode()
        assert "-for-excel.csv" in excel.headers["Content-Disposition"]


class TestReview:
    @staticmethod
    def seen(day: Any) -> str:
        return report.digest_of(report.rights_on(day))

    def test_it_is_recorded_with_who_when_what_and_the_report(
        self, universe: Any, pages: Pages, noon: Callable[[int], Any]
    ) -> None:
        with noon(10):
            client = pages(universe.dana)
            page = client.get(reverse("access-rights")).content.decode()
            seen = page.split('name="seen" value="')[1].split('"')[0]
            posted = {
                "on": f"{universe.today + timedelta(days=10)}",
                "seen": seen,
                "result": "findings",
                "findings": " Otto left. ",
            }
            assert "The review is recorded." in client.post(reverse("review-access"), posted, follow=True).content.decode()
        review = AccessReview.objects.get()
        assert (review.reviewer, review.result, review.findings) == (universe.dana, "findings", "Otto left.")
        assert (review.since, review.until) == (universe.today, universe.today + timedelta(days=10))
        assert str(review) == f"{review.until} by Dana Sobhi: Findings"
        assert AuditEntry.objects.filter(table_name="delegation_accessreview").first().reason == "Access reviewed"

    def test_the_next_one_begins_where_the_last_one_ended(self, universe: Any, noon: Callable[[int], Any]) -> None:
        for number in (10, 40):
            with noon(number):
                day = universe.today + timedelta(days=number)
                actions.review_access(day=day, result="in_order", findings="", by=universe.adam, seen=self.seen(day))
        periods = [(r.since - universe.today, r.until - universe.today) for r in AccessReview.objects.order_by("pk")]
        assert [(a.days, b.days) for a, b in periods] == [(0, 10), (11, 40)]

    #: Days after the first signature, reviewed on day -> what the page says.
    DUE = [
        (0, None, "In time"),
        (90, None, "In time"),
        (91, None, "Review overdue"),
        (91, 60, "In time"),
        (151, 60, "Review overdue"),
    ]

    @pytest.mark.parametrize(("days", "reviewed", "says"), DUE)
    def test_it_is_overdue_after_90_days(
        self, universe: Any, pages: Pages, noon: Callable[[int], Any], days: int, reviewed: int | None, says: str
    ) -> None:
        if reviewed is not None:
            with noon(reviewed):
                day = universe.today + timedelta(days=reviewed)
                actions.review_access(day=day, result="in_order", findings="", by=universe.dana, seen=self.seen(day))
        with noon(days):
            page = pages(universe.dana).get(reverse("access-rights")).content.decode()
        assert f"</span> {says}</span>" in page

    WRONG: dict[str, tuple[dict[str, Any], str]] = {
        "no result": ({"result": ""}, "say whether everything was in order"),
        "findings without words": ({"result": "findings", "findings": " "}, "say what you found"),
        "a report that nobody was shown": ({"seen": "0" * 64}, "have changed since the page was opened"),
        "tomorrow": ({"day": 1}, "still to come"),
    }

    @pytest.mark.parametrize(("change", "message"), WRONG.values(), ids=WRONG)
    def test_what_is_no_review(self, universe: Any, change: dict[str, Any], message: str) -> None:
        if "day" in change:
            change = {"day": universe.today + timedelta(days=1)}
        usual = {
            "day": universe.today,
            "result": "in_order",
            "findings": "",
            "by": universe.dana,
            "seen": self.seen(universe.today),
        }
        with pytest.raises(Refused, match=message):
            actions.review_access(**{**usual, **change})
        assert not AccessReview.objects.exists()

    def test_what_was_looked_at_is_what_is_reviewed(
        self, universe: Any, nada: User, enter: Callable[..., RoleAssignment]
    ) -> None:
        seen = self.seen(universe.today)
        sign(enter(nada), by=universe.hana)
        with pytest.raises(Refused, match="have changed since the page was opened"):
            actions.review_access(day=universe.today, result="in_order", findings="", by=universe.dana, seen=seen)

    def test_the_database_keeps_findings_and_periods_sane(self, universe: Any) -> None:
        row = {"reviewer": universe.dana, "report": "0" * 64, "since": universe.today, "until": universe.today}
        for wrong in ({"result": "findings"}, {"result": "in_order", "until": universe.today - timedelta(days=1)}):
            with pytest.raises(IntegrityError, match="review_"), acting(System("test")):
                AccessReview.objects.create(**{**row, **wrong})

    def test_an_empty_log_has_nothing_to_review_yet(self, empty_database: None) -> None:
        today = timezone.localdate()
        assert report.review_due_on(today) == today + report.REVIEW_EVERY
        assert report.next_period(today) == today
