"""The run sheet as a specification: what the events say together, what is due when, and what the form gets from it."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest
from django.db import IntegrityError, transaction
from django.urls import reverse
from django.utils import timezone

from casebook.models import FormRecord
from dosing import actions, planning, run_sheet
from dosing.actions.run_sheet import Noted, Tap
from dosing.crfs import Bag, Infusion
from dosing.run_sheet import Event, Illegal, Kind, missed, rate_words, read, refuse_illegal, schedule, upcoming
from dosing.sheets import RunEvent, age_of, missed_sets, sheet_of, watched_after
from itp_trial.actor import acting
from itp_trial.refusal import Refused

NINE = datetime(2026, 3, 5, 7, tzinfo=UTC)


def story(text: str) -> list[Event]:
    """``"0 start 10; 30 rate 20"``: minutes after nine, what, and its rate or the millilitres left."""
    found = []
    for number, part in enumerate(text.split(";")):
        minute, kind, *rest = part.split()
        name = "left_ml" if kind in ("end", "stop") else "heart_rate" if kind == "vitals" else "rate"
        found.append(Event(str(number), Kind(kind), NINE + timedelta(minutes=int(minute)), {name: rest[0]} if rest else {}))
    return found


def at(minute: int) -> datetime:
    return NINE + timedelta(minutes=minute)


#: Events -> minute of looking -> phase, rate now, highest rate, mL run in.
STORIES = {
    "nothing yet": ("-5 bag", 0, "before", None, None, "0.0"),
    "running": ("0 start 10", 60, "running", "10", "10", "10.0"),
    "a step up": ("0 start 10;30 rate 20", 60, "running", "20", "20", "15.0"),
    "paused": ("0 start 10;30 pause", 90, "paused", "10", "10", "5.0"),
    "resumed at half the rate": ("0 start 20;30 pause;60 resume 10", 120, "running", "10", "20", "20.0"),
    "resumed as before": ("0 start 20;30 pause;60 resume", 120, "running", "20", "20", "30.0"),
    "ended": ("0 start 10;120 end", 500, "over", "10", "10", "20.0"),
    "stopped while paused": ("0 start 10;60 pause;90 stop", 500, "over", "10", "10", "10.0"),
}


@pytest.mark.parametrize(("text", "minute", "phase", "rate", "fastest", "ml"), STORIES.values(), ids=STORIES)
def test_what_the_events_say(text: str, minute: int, phase: str, rate: str | None, fastest: str | None, ml: str) -> None:
    sheet = read(story(text), at(minute))
    assert (sheet.phase, sheet.given_ml) == (phase, Decimal(ml))
    assert (sheet.rate, sheet.max_rate) == (rate and Decimal(rate), fastest and Decimal(fastest))
    assert sheet.stopped_early == ("stop" in text)


def test_a_reaction_has_its_minute_and_its_rate() -> None:
    sheet = read(story("0 start 10;30 rate 20;45 reaction;50 pause;55 reaction"), at(60))
    assert [(reaction.minutes, reaction.rate) for reaction in sheet.reactions] == [(45, 20), (55, 0)]


def test_a_correction_replaces_and_a_taking_back_removes() -> None:
    events = story("0 start 10;30 rate 200")
    corrected = Event("9", Kind.RATE, at(30), {"rate": "20"}, "typing", corrects="1")
    assert read([*events, corrected], at(60)).rate == 20
    void = Event("8", Kind.VOID, at(40), {}, "wrong child", corrects="9")
    assert read([*events, corrected, void], at(60)).rate == 10


#: Phase -> what may be noted in it.
ALLOWED = {
    "-5 bag": {"bag", "start"},
    "0 start 10": {"bag", "rate", "pause", "stop", "end", "reaction"},
    "0 start 10;5 pause": {"bag", "resume", "stop", "end", "reaction"},
    "0 start 10;5 end": {"reaction"},
}


@pytest.mark.parametrize(("text", "expected"), ALLOWED.items())
def test_what_may_be_noted_when(text: str, expected: set[str]) -> None:
    sheet, allowed = read(story(text), at(60)), set()
    for kind in Kind:
        try:
            refuse_illegal(sheet, kind)
            allowed.add(kind.value)
        except Illegal:
            continue
    assert allowed == expected | {"vitals", "void"}, "vital signs are never refused"


def test_nothing_starts_without_a_bag() -> None:
    with pytest.raises(Illegal, match="which bag"):
        refuse_illegal(read([], NINE), Kind.START)


class TestSchedule:
    """6.4: 30 min before; 15, 30, 45, 60; each change of the rate; every 30 min to 2 h; hourly; end; +30; +60."""

    def minutes(self, text: str, now: int, after: bool = True) -> list[int]:
        dues = schedule(read(story(text), at(now)), at(now), watched_after=after)
        return [int((due.at - NINE).total_seconds() // 60) for due in dues]

    def test_up_to_the_next_one_while_it_runs(self) -> None:
        assert self.minutes("0 start 10", 10) == [0, 15]
        assert self.minutes("0 start 10", 130) == [0, 15, 30, 45, 60, 90, 120, 180]
        assert self.minutes("0 start 10", 250)[-3:] == [180, 240, 300]

    def test_a_change_of_the_rate_asks_for_one(self) -> None:
        assert self.minutes("0 start 10;20 rate 20", 25) == [0, 15, 20, 30]

    def test_after_the_end(self) -> None:
        whole = [0, 15, 30, 45, 60, 90, 120, 180, 240, 300, 360]
        assert self.minutes("0 start 10;390 end", 400) == [*whole, 390, 420, 450]
        assert self.minutes("0 start 10;390 end", 400, after=False) == [*whole, 390]
        assert self.minutes("0 start 10;365 end", 400, after=False) == [*whole[:-1], 365], "one set, not two in five minutes"

    def test_what_meets_it_and_what_was_missed(self) -> None:
        sheet = read(story("-20 vitals 100;0 start 10;16 vitals 101;41 vitals 102"), at(70))
        dues = schedule(sheet, at(70), watched_after=True)
        assert [due.done.key if due.done else "" for due in dues] == ["0", "2", "", "3", "", "", ""][: len(dues)]
        assert [due.why for due in missed(dues, at(70))] == ["30 min"]
        assert upcoming(dues, at(70)).why == "60 min", "ten minutes late is still in time"
        assert [due.why for due in missed(dues, at(71))] == ["30 min", "60 min"]

    def test_a_set_of_two_hours_ago_is_not_the_one_before_the_start(self) -> None:
        sheet = read(story("-31 vitals 100;0 start 10"), at(5))
        assert schedule(sheet, at(5), watched_after=True)[0].done is None

    def test_before_the_start_it_asks_for_the_first(self) -> None:
        dues = schedule(read(story("-20 vitals 100"), at(0)), at(0), watched_after=True)
        assert [(due.why, due.done is not None) for due in dues] == [("before the start", True)]


def test_alerts_compare_with_before_the_infusion() -> None:
    sheet = read(story("-20 vitals 100;0 start 10;15 vitals 130;30 vitals 129"), at(40))
    assert [bool(sheet.alerts(event)) for event in sheet.vitals] == [False, True, False]


@pytest.mark.parametrize(
    ("rate", "words"), [(40, ""), (41, "highest usual rate"), (50, "highest usual"), (51, "check the pump now")]
)
def test_rates_that_are_high(rate: int, words: str) -> None:
    said = rate_words(Decimal(rate), Decimal(10))
    assert words in said
    assert bool(said) == bool(words)
    assert rate_words(Decimal(99), None) == ""


# --- in the database -------------------------------------------------------------------------------------------------


@pytest.fixture
def record(universe: Any) -> FormRecord:
    return universe.record(universe.untreated, "infusion", "LOAD")


@pytest.fixture
def plan(universe: Any, record: FormRecord) -> Any:
    """9 kg, weighed on the day of eight hours ago, before the longest infusion here; confirmed by two people."""
    portions = planning.proposed(record, Decimal(9), planning.freezer(record))
    weighed = timezone.localdate(timezone.now() - timedelta(hours=8))
    accepted = actions.accept_plan(record=record, weight_kg=Decimal(9), weight_on=weighed, portions=portions, by=universe.clara)
    return actions.confirm_plan(plan=accepted, by=universe.ines)


def tap(universe: Any, record: FormRecord, kind: str, *, ago: int = 0, **more: Any) -> Noted:
    """``ago`` minutes ago, by a phone that had no network."""
    waited = {"waited": True, "device_at": timezone.now() - timedelta(minutes=ago)} if ago else {}
    usual = {"key": uuid4(), "kind": Kind(kind), "values": {}, "reason": "because" if kind in ("stop", "void") else ""}
    return actions.note_event(record=record, tap=Tap(**{**usual, **waited, **more}), by=universe.clara)


def begin(universe: Any, record: FormRecord, plan: Any, ago: int = 430) -> None:
    """Both bags are hung and the pump runs since ``ago`` minutes."""
    for number, line in enumerate(plan.bags.all()):
        tap(universe, record, "bag", bag=line.bag, ago=ago + 2 - number)
    tap(universe, record, "start", values={"rate": "30"}, ago=ago)


@pytest.mark.django_db
class TestTheForm:
    def test_start_and_end_write_it(self, universe: Any, record: FormRecord, plan: Any) -> None:
        begin(universe, record, plan)
        running = Infusion.objects.get(pk=record.pk)
        assert (running.weight_kg, running.stopped_at, running.bags.count()) == (9, None, plan.bags.count())
        tap(universe, record, "rate", values={"rate": "45"}, ago=300)
        assert tap(universe, record, "end", ago=10).problem == ""
        infusion = Infusion.objects.get(pk=record.pk)
        assert (infusion.max_rate, infusion.stopped_early, infusion.reaction) == (45, "N", "N")
        assert (infusion.hours, infusion.volume_ml) == (7, plan.volume_ml)
        assert infusion.missed_vitals > 1, "nobody measured anything"
        assert "INF20" in set(infusion.record.findings.filter(state="open").values_list("code", flat=True))

    def test_stopped_for_a_reaction(self, universe: Any, record: FormRecord, plan: Any) -> None:
        begin(universe, record, plan)
        tap(universe, record, "reaction", values={"words": "rash"}, ago=200)
        assert Infusion.objects.get(pk=record.pk).reaction == "Y"
        tap(universe, record, "stop", values={"left_ml": "20"}, reason="rash spreads", ago=100)
        infusion = Infusion.objects.get(pk=record.pk)
        assert (infusion.stopped_early, infusion.stop_reason) == ("Y", "rash spreads")
        hung = [line.bag.volume_ml for line in plan.bags.all()]
        assert [line.volume_ml for line in infusion.bags.order_by("position")] == [*hung[:-1], hung[-1] - 20]

    def test_a_correction_reaches_the_form(self, universe: Any, record: FormRecord, plan: Any) -> None:
        begin(universe, record, plan)
        start = RunEvent.objects.get(record=record, kind="start")
        earlier = start.at - timedelta(minutes=10)
        tap(universe, record, "start", corrects=start, reason="clock of the ward", at=earlier, values={"rate": "30"})
        assert abs(Infusion.objects.get(pk=record.pk).started_at - earlier) < timedelta(minutes=1)
        with pytest.raises(Refused, match="corrected already"):
            tap(universe, record, "void", corrects=start)
        with pytest.raises(Refused, match="say why"):
            tap(universe, record, "void", corrects=RunEvent.objects.filter(record=record, kind="bag").first(), reason=" ")

    def test_a_start_that_the_form_refuses_is_no_start(self, universe: Any, record: FormRecord, plan: Any) -> None:
        """Without consent no dose: the tap is answered with the words of the form, and nothing is stored."""
        universe.fill(universe.record(universe.untreated, "consent", "SCREEN"), universe.clara, mother="refused")
        tap(universe, record, "bag", bag=plan.bags.first().bag)
        with pytest.raises(Refused, match="without consent"):
            tap(universe, record, "start", values={"rate": "30"})
        assert not RunEvent.objects.filter(record=record, kind="start").exists()

    def test_what_happens_at_the_bedside_is_stored_even_if_the_form_cannot_follow(
        self, universe: Any, record: FormRecord, plan: Any
    ) -> None:
        begin(universe, record, plan, ago=1)
        start = RunEvent.objects.get(record=record, kind="start")
        noted = tap(universe, record, "end", waited=True, device_at=start.at)
        assert "stopped before it started" in noted.problem
        assert sheet_of(record).phase == "over"


@pytest.mark.django_db
class TestTaps:
    def test_sent_twice_it_is_stored_once(self, universe: Any, record: FormRecord) -> None:
        key = uuid4()
        for _ in range(2):
            tap(universe, record, "vitals", key=key, values={"heart_rate": "100"})
        assert RunEvent.objects.filter(record=record).count() == 1

    def test_both_times_are_kept(self, universe: Any, record: FormRecord) -> None:
        phone = timezone.now() - timedelta(minutes=20)
        late = tap(universe, record, "vitals", values={"spo2": "99"}, waited=True, device_at=phone).event
        assert (late.at, late.device_at, late.waited) == (phone, phone, True)
        assert late.recorded_at > late.at
        live = tap(universe, record, "vitals", values={"spo2": "98"}, device_at=phone).event
        assert live.at > phone, "with the network there the server's clock counts"

    #: What is tapped -> what is answered.
    @pytest.mark.parametrize(
        ("kind", "more", "words"),
        [
            ("pause", {}, "has not started"),
            ("stop", {"reason": " "}, "why the infusion is stopped"),
            ("start", {}, "rate of the pump"),
            ("reaction", {}, "enter an adverse event"),
            ("vitals", {"waited": True, "device_at": timezone.now() + timedelta(days=1)}, "lies in the future"),
            ("vitals", {"waited": True, "device_at": timezone.now() - timedelta(days=4)}, "more than 72 hours"),
        ],
    )
    def test_what_is_refused(self, universe: Any, record: FormRecord, kind: str, more: dict[str, Any], words: str) -> None:
        with pytest.raises(Refused, match=words):
            tap(universe, record, kind, **more)
        assert not RunEvent.objects.filter(record=record).exists()

    def test_a_wasted_bag_is_not_hung(self, universe: Any, record: FormRecord) -> None:
        bag = Bag.objects.get(pk=planning.freezer(record)[0].key)
        actions.move_bags(bags=[bag], kind="wasted", at=timezone.now(), reason="leaking", by=universe.pia)
        with pytest.raises(Refused, match="wasted or returned"):
            tap(universe, record, "bag", bag=bag)

    @pytest.mark.parametrize(
        ("line", "constraint"),
        [
            ({"kind": "stop"}, "run_stop_has_reason"),
            ({"kind": "bag"}, "run_bag_is_named"),
            ({"kind": "void"}, "run_void_takes_back_one"),
        ],
    )
    def test_the_database_refuses_lines_that_say_nothing(
        self, universe: Any, record: FormRecord, line: dict[str, str], constraint: str
    ) -> None:
        with pytest.raises(IntegrityError, match=constraint), transaction.atomic(), acting(universe.clara):
            RunEvent.objects.create(record=record, at=timezone.now(), recorded_by=universe.clara, **line)

    def test_after_a_dose_of_a_known_lot_nobody_waits_an_hour(self, universe: Any, record: FormRecord) -> None:
        assert watched_after(record), "the first infusion"
        second = universe.record(universe.responder, "infusion", "M1")
        known = Bag.objects.filter(crf__lot_number="MP-01-1").last()
        tap(universe, second, "bag", bag=known)
        assert not watched_after(second)
        universe.clinic("01").receive_lot("NEW", volumes=[100], on=universe.today - timedelta(days=9),
                                          expires=universe.today + timedelta(days=9))  # fmt: skip
        tap(universe, second, "bag", bag=Bag.objects.get(crf__lot_number="NEW"))
        assert watched_after(second), "a lot that this child never had"

    def test_without_a_sheet_nothing_is_missed(self, universe: Any, record: FormRecord) -> None:
        assert missed_sets(record) is None
        assert age_of(record, universe.today) == 8


@pytest.mark.django_db
class TestThePage:
    def post(self, client: Any, record: FormRecord, **data: Any) -> str:
        return client.post(reverse("run-sheet", args=[record.pk]), data, follow=True).content.decode()

    def test_a_whole_infusion(self, universe: Any, record: FormRecord, plan: Any, client_of: Any) -> None:
        client = client_of(universe.clara)
        signs = {"temperature": "36.8", "heart_rate": "100", "systolic": "100", "diastolic": "60", "spo2": "98"}
        assert "Vital signs noted" in self.post(client, record, kind="vitals", **signs)
        for line in plan.bags.all():
            assert "Bag noted" in self.post(client, record, kind="bag", bag=line.bag_id)
        assert "Start noted" in self.post(client, record, kind="start", rate="4.5")
        page = self.post(client, record, kind="vitals", heart_rate="131", spo2="91", systolic="79")
        for words in ("31 /min higher than before", "is below 92 %", "20% or more lower", "Heart rate 131"):
            assert words in page, words
        assert "check the pump now" in self.post(client, record, kind="rate", rate="50")
        assert "Paused" in self.post(client, record, kind="pause")
        assert "Running" in self.post(client, record, kind="resume", rate="9")
        assert "min after the start" in self.post(client, record, kind="reaction", words="rash")
        start = RunEvent.objects.get(record=record, kind="start")
        earlier = timezone.localtime(timezone.now() - timedelta(hours=7))
        corrected = {"rate": "4.5", "corrects": start.pk, "at": f"{earlier:%d/%m/%Y %H:%M}", "reason": "entered late"}
        assert "Start noted" in self.post(client, record, kind="start", **corrected)
        page = self.post(client, record, kind="end", left_ml="5")
        assert re.search(r"The infusion took 7 h 0[01] min, within 6-8 h\.", page)
        assert Infusion.objects.get(pk=record.pk).stopped_early == "N"

    def test_what_cannot_be_read_is_said(self, universe: Any, record: FormRecord, client_of: Any) -> None:
        client = client_of(universe.clara)
        for data, words in (
            ({"kind": "sing"}, "choose what happened"),
            ({"kind": "vitals"}, "at least one vital sign"),
            ({"kind": "vitals", "spo2": "101"}, "is not possible: enter 50 to 100 %"),
            ({"kind": "vitals", "spo2": "high"}, "is not a number"),
            ({"kind": "bag", "bag": "x"}, "choose the bag that was hung"),
            ({"kind": "void", "corrects": str(uuid4()), "reason": "x"}, "no such entry"),
            ({"kind": "void", "reason": "x"}, "no such entry"),
            ({"kind": "vitals", "spo2": "99", "device-at": "soon"}, "time of this phone"),
        ):
            assert words in self.post(client, record, **data), words
        assert not RunEvent.objects.exists()

    def test_without_plan_and_for_who_only_reads(self, universe: Any, record: FormRecord, client_of: Any) -> None:
        assert "No dose plan stands" in client_of(universe.clara).get(reverse("run-sheet", args=[record.pk])).content.decode()
        page = client_of(universe.milo).get(reverse("run-sheet", args=[record.pk])).content.decode()
        assert "Note vital signs" not in page


@pytest.mark.django_db
def test_two_infusions_of_one_child_never_overlap(universe: Any) -> None:
    from demo.builder import NotFilled
    from demo.builder import at as typed

    day = universe.responder.enrolled_on
    later = {"weight_kg": 18, "weight_on": day, "started_at": typed(day, 12), "stopped_at": typed(day, 15), "bags": []}
    with pytest.raises(NotFilled, match="ran at the same time"):
        universe.fill(universe.record(universe.responder, "infusion", "M1"), universe.clara, **later)


def test_a_sheet_is_pure() -> None:
    assert run_sheet.read([], NINE).phase == "before"
