"""The review of the trail: fixed listings, a comment to each, and a record also of "nothing found" (RQ-10)."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.urls import reverse
from django.utils import timezone

from casebook import actions as casebook
from casebook.models import Finding
from dosing.crfs import InfusionBag
from itp_trial import access_log
from itp_trial import actions as people
from itp_trial.access_log import Kind
from itp_trial.actor import acting
from itp_trial.models import AuditEntry
from itp_trial.refusal import Refused
from itp_trial.roles import Role
from reports import actions
from reports.listings import LISTINGS, SHOWN, Found, Scope, look, says_nothing
from reports.models import TrailReview
from reports.review_views import REVIEW_EVERY_D, Standing
from tests.trail.conftest import last_entry
from tests.universe import signed_role

NEW = "new-trail-review"


@pytest.fixture
def review(universe: Any) -> Any:
    """``review()``: what the listings find from yesterday to tomorrow, by key."""

    def found(site: Any = None, since: int = -1, until: int = 1) -> dict[str, Found]:
        today = timezone.localdate()
        scope = Scope(today + timedelta(days=since), today + timedelta(days=until), site)
        return {found.listing.key: found for found in look(scope)}

    return found


def texts(found: Found) -> str:
    return "\n".join(line.text for line in found.lines)


@pytest.mark.requirement("RQ-10")
def test_critical_answers_that_changed(universe: Any, corrected: Any, review: Any) -> None:
    before = review()["critical"]
    assert before.count == 0, "first entries are no changes"
    corrected(leukocytes="8.8")
    assert review()["critical"].count == 0, "the leukocytes decide nothing"
    record = corrected(platelets=66)
    found = review()["critical"]
    assert found.count == 1
    assert "changed Platelets in Blood count, Count day 3 from 60 to 66 ×10⁹/L" in texts(found)
    assert found.lines[0].url == reverse("history", args=[record.pk])
    universe.fill(universe.record(universe.responder, "infusion", "LOAD"), universe.clara, weight_kg="18.5")
    line = InfusionBag.objects.filter(crf__record__participant=universe.responder).first()
    with acting(universe.clara, "Entered in the wrong place"):
        InfusionBag.objects.filter(pk=line.pk).update(taken_away=True)
    found = review()["critical"]
    assert found.count == 2
    assert "Weight used for the dose" in texts(found)
    assert "took away a line of “Bags given”" in texts(review()["lines"])
    assert review()["lines"].count == 1
    assert review(universe.s2)["critical"].count == 0
    assert review(universe.s1)["critical"].count == 2


@pytest.mark.requirement("RQ-10")
def test_the_period_decides(universe: Any, corrected: Any, review: Any) -> None:
    corrected(platelets=66)
    assert review(since=-9, until=-2)["critical"].count == 0
    assert review(since=-1, until=1)["critical"].count == 1


@pytest.mark.requirement("RQ-10")
def test_entered_and_confirmed_by_one_person(universe: Any, corrected: Any, review: Any) -> None:
    def confirm(by: Any) -> None:
        finding = Finding.objects.get(record__participant=universe.responder, state=Finding.State.OPEN)
        casebook.confirm_finding(finding=finding, explanation="Same in the source document", by=by)

    corrected(platelets=650)
    confirm(universe.ines)
    assert review()["own"].count == 0
    corrected(platelets=651)
    confirm(universe.clara)
    found = review()["own"]
    assert found.count == 1
    assert "Clara Naguib (site coordinator) confirmed" in texts(found)


@pytest.mark.requirement("RQ-10")
def test_late_entries_and_unusual_hours(universe: Any, corrected: Any, moved: Any) -> None:
    moved(datetime(2026, 6, 1, 19, 0, tzinfo=UTC))
    corrected(platelets=66)
    moved(datetime(2026, 6, 1, 9, 0, tzinfo=UTC))
    corrected(platelets=67)
    june = Scope(date(2026, 6, 1), date(2026, 6, 30), universe.s1)
    found = {each.listing.key: each for each in look(june)}
    assert found["night"].count == 1
    assert "from 60 to 66" in texts(found["night"])
    assert found["again"].count == 2
    assert found["critical"].count == 2
    everything = Scope(date(2020, 1, 1), date(2099, 1, 1), None)
    late = next(each for each in look(everything) if each.listing.key == "late")
    assert late.count > 0
    assert "entered Consent and assent, Screening:" in texts(late)


@pytest.mark.requirement("RQ-10")
@pytest.mark.parametrize(("reason", "empty"), [
    ("correction", True), ("Error.", True), ("data corrected", True), ("x", True), ("!!", True), ("n/a", True),
    ("The laboratory called", False), ("wrong bag was scanned", False), ("Typing error", False),
])  # fmt: skip
def test_reasons_that_say_nothing(reason: str, empty: bool) -> None:
    assert says_nothing(reason) is empty


@pytest.mark.requirement("RQ-10")
def test_people_whose_reasons_say_nothing(universe: Any, corrected: Any, review: Any) -> None:
    record = universe.record(universe.responder, "blood-count", "D3")

    def correct(platelets: int, reason: str) -> None:
        from casebook.forms import CrfForm
        from tests.strategies import as_posted

        fresh = universe.record(universe.responder, "blood-count", "D3")
        said = {"change-reason": "other", "change-reason-text": reason} if reason else {"change-reason": "typing"}
        form = CrfForm(fresh.crf(), as_posted(CrfForm(fresh.crf())) | {"platelets": str(platelets)} | said)
        assert form.is_valid(), form.errors
        casebook.save_form(form=form, by=universe.clara)

    assert record.version == 1
    for number in range(4):
        correct(61 + number, "")
    correct(70, "error")
    assert review()["reasons"].count == 0, "20 % is accepted"
    correct(71, "error")
    found = review()["reasons"]
    assert texts(found) == "Clara Naguib (clara): 2 of 6 reasons for change say nothing: “error”."


@pytest.mark.requirement("RQ-10")
def test_values_as_at_the_visit_before(universe: Any, corrected: Any, review: Any) -> None:
    assert review(since=-30)["same"].count == 0
    corrected(platelets=70, haemoglobin="11.8", leukocytes="7.4")
    found = review(since=-30)["same"]
    number = universe.responder.number
    assert texts(found) == (f"{number}, Blood count: Unscheduled visit 1 equals Count day 3 in Platelets 70 ×10⁹/L,"
                            " Haemoglobin 11.8 g/dL, Leukocytes 7.4 ×10⁹/L.")  # fmt: skip
    assert review(universe.s2, since=-30)["same"].count == 0


@pytest.mark.requirement("RQ-10")
def test_sign_ins_roles_and_files(universe: Any, review: Any) -> None:
    access_log.note(Kind.SIGN_IN_FAILED, user_name="mallory")
    access_log.note(Kind.EXPORT, user=universe.milo, what="CSV of everything", purpose="Analysis")
    signed_role(universe.sami, Role.MONITOR, universe.s2, universe.today)
    found = review()
    assert "mallory: sign-in refused." in texts(found["refused"])
    assert "Milo Aziz (milo): exported: CSV of everything. Purpose: Analysis." in texts(found["exports"])
    assert "added a role assignment: User: Sami Ragab; Role: Monitor" in texts(found["rights"])
    at_01 = review(universe.s1)
    assert at_01["refused"].count == 0, "who typed a wrong name belongs to no site"
    assert at_01["exports"].count == 1, "a file of all sites holds the data of each"
    assert "Role: Monitor" not in texts(at_01["rights"])


def test_a_long_listing_shows_the_newest(universe: Any, review: Any) -> None:
    for number in range(SHOWN + 5):
        access_log.note(Kind.EXPORT, user=universe.milo, what=f"File {number}")
    found = review()["exports"]
    assert (found.count, len(found.lines)) == (SHOWN + 5, SHOWN)
    assert f"File {SHOWN + 4}" in found.lines[0].text


def test_every_listing_says_what_it_looks_for() -> None:
    keys = [listing.key for listing in LISTINGS]
    assert len(keys) == len(set(keys))
    assert all(listing.title and listing.definition.endswith(".") for listing in LISTINGS)


# --- the record -----------------------------------------------------------------------------------------------------------


def period(universe: Any, **more: str) -> dict[str, str]:
    return {
        "since": f"{universe.today - timedelta(days=30):%d/%m/%Y}",
        "until": f"{universe.today:%d/%m/%Y}",
        "site": "all",
        **more,
    }


@pytest.mark.requirement("RQ-10")
def test_a_review_is_recorded_with_reviewer_period_scope_findings_and_date(universe: Any, corrected: Any, client_of: Any) -> None:
    corrected(platelets=66)
    client = client_of(universe.dana)
    html = client.get(reverse(NEW), period(universe)).content.decode()
    for listing in LISTINGS:
        assert listing.title in html
        assert f'name="comment-{listing.key}"' in html
    posted = period(universe, findings="One question to site 01.", **{"comment-critical": "Asked for the slip."})
    answer = client.post(reverse(NEW), posted)
    review = TrailReview.objects.get()
    assert answer["Location"] == reverse("trail-review", args=[review.pk])
    assert (review.reviewer, review.reviewer_name, review.site) == (universe.dana, "Dana Sobhi", None)
    assert (review.since, review.until) == (universe.today - timedelta(days=30), universe.today)
    kept = {each["key"]: each for each in review.listings}
    assert list(kept) == [listing.key for listing in LISTINGS]
    assert (kept["critical"]["count"], kept["critical"]["comment"]) == (1, "Asked for the slip.")
    page = client.get(answer["Location"]).content.decode()
    assert "One question to site 01." in page
    assert "Asked for the slip." in page
    entry = last_entry(table_name="reports_trailreview")
    assert (entry.actor_id, entry.operation, entry.reason) == (universe.dana.actor_id, "INSERT", "Trail reviewed")


@pytest.mark.requirement("RQ-10")
def test_nothing_found_is_a_record_too(universe: Any, client_of: Any) -> None:
    client = client_of(universe.milo)
    client.post(reverse(NEW), period(universe, site="01"))
    review = TrailReview.objects.get()
    assert review.outcome == "Reviewed, nothing found."
    assert str(review).startswith("Review of site 01 ")
    assert "Reviewed, nothing found." in client.get(reverse("trail-reviews")).content.decode()
    from casebook.models import FormRecord
    from casebook.names import Names
    from casebook.sentences import told

    sentence = told(last_entry(table_name="reports_trailreview"), Names(FormRecord.objects.none())).sentence
    assert "Milo Aziz (monitor) reviewed the trail of site 01 from " in sentence
    assert "findings: reviewed, nothing found." in sentence


@pytest.mark.requirement("RQ-10")
def test_what_is_overdue_is_seen(universe: Any, client_of: Any) -> None:
    html = client_of(universe.dana).get(reverse("trail-reviews")).content.decode()
    assert html.count("Overdue") == 3
    actions.record_review(
        since=universe.today, until=universe.today, site=universe.s1, comments={}, findings="", by=universe.dana
    )
    assert client_of(universe.dana).get(reverse("trail-reviews")).content.decode().count("Overdue") == 2
    actions.record_review(since=universe.today, until=universe.today, site=None, comments={}, findings="", by=universe.dana)
    assert client_of(universe.dana).get(reverse("trail-reviews")).content.decode().count("Overdue") == 0


@pytest.mark.parametrize(("ago", "overdue"), [(0, False), (REVIEW_EVERY_D, False), (REVIEW_EVERY_D + 1, True)])
def test_overdue_is_after_31_days(universe: Any, ago: int, overdue: bool) -> None:
    last = TrailReview(since=universe.today, until=universe.today - timedelta(days=ago))
    standing = Standing(universe.s1, last, universe.today)
    assert standing.is_overdue is overdue
    assert standing.next_since == last.until + timedelta(days=1)


def test_a_review_belongs_to_the_sites_of_the_reviewer(universe: Any, client_of: Any) -> None:
    mona = people.create_user(username="mona", full_name="Mona", email="mona@example.org", password="x" * 12, by=universe.adam)
    signed_role(mona, Role.MONITOR, universe.s1, universe.today)
    client = client_of(mona)
    html = client.get(reverse("trail-reviews")).content.decode()
    assert '<option value="all">' not in html
    assert client.get(reverse(NEW), period(universe)).status_code == 403
    assert client.get(reverse(NEW), period(universe, site="02")).status_code == 404
    assert client.get(reverse(NEW), period(universe, site="01")).status_code == 200
    everywhere = actions.record_review(since=universe.today, until=universe.today, site=None, comments={}, findings="Secret",
                                       by=universe.dana)  # fmt: skip
    assert client.get(reverse("trail-review", args=[everywhere.pk])).status_code == 404
    assert "Secret" not in client.get(reverse("trail-reviews")).content.decode()


@pytest.mark.parametrize("more", [{"since": "x"}, {"until": ""}, {"since": "02/01/2026", "until": "01/01/2026"},
                                  {"until": "01/01/2099"}])  # fmt: skip
def test_a_period_that_cannot_be_is_refused_in_words(universe: Any, client_of: Any, more: dict[str, str]) -> None:
    client = client_of(universe.dana)
    for send in (client.get, client.post):
        answer = send(reverse(NEW), period(universe) | more)
        assert answer["Location"] == reverse("trail-reviews")
    assert "message error" in client.get(reverse("trail-reviews")).content.decode()
    assert not TrailReview.objects.exists()


def test_the_database_keeps_the_order_of_the_days(universe: Any) -> None:
    with pytest.raises(Refused):
        actions.check_period(universe.today, universe.today - timedelta(days=1))
    with pytest.raises(IntegrityError), acting(universe.dana), transaction.atomic():
        TrailReview.objects.create(since=universe.today, until=universe.today - timedelta(days=1), reviewer=universe.dana)


def test_the_same_review_sent_twice_is_recorded_once(universe: Any, client_of: Any) -> None:
    client, posted = client_of(universe.dana), period(universe, **{"idempotency-key": "k"})
    client.post(reverse(NEW), posted)
    client.post(reverse(NEW), posted)
    assert TrailReview.objects.count() == 1
    assert AuditEntry.objects.filter(table_name="reports_trailreview").count() == 1
