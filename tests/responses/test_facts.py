"""What the dashboard lists: every stored fact once, with its form, and nothing where a form is still empty."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from casebook.models import Participant
from responses import facts
from responses.charts import draw
from responses.classification import classify
from responses.counts import Count
from responses.course import Dossier, Entry, dossier, dossiers
from responses.models import ResponseSummary
from tests.responses.courses import course

TODAY = date(2026, 3, 20)


def of(universe: Any) -> Any:
    [found] = dossiers([Participant.objects.get(pk=universe.responder.pk)], universe.today)
    return found


def rows(universe: Any) -> list[facts.Row]:
    found = of(universe)
    return facts.table(found, classify(found.course))


def bare(*entries: Entry) -> Dossier:
    return dossier(Participant(state=Participant.State.SCREENING), tuple(entries), TODAY)


def empty(form: str, **answers: Any) -> Entry:
    """A stored form in which only these items were answered."""
    from responses.course import READ

    return Entry("ref", form, "", dict.fromkeys(READ[form][1]) | answers)


def test_forms_without_a_date_are_not_drawn_and_do_not_disturb() -> None:
    found = bare(
        empty("blood-count", done="Y", platelets=Decimal(30), bleeding="2"), empty("bleeding-assessment", present_grade=2),
        empty("bleeding-episode", peak_grade=2), empty("rescue", kind="ivig"), empty("adverse-event", death="Y"),
        empty("infusion"), empty("screening", entry_count=Decimal(9)), empty("consent"),
    )  # fmt: skip
    assert facts.table(found, classify(found.course)) == []
    assert (facts.last_count(found), facts.weight(found, TODAY), facts.bleeding(found)) == (None, None, None)
    assert facts.age(found, TODAY) == ""
    assert facts.consent(found).code == "incomplete"
    assert facts.events(found)[0].term == "Not named yet"
    assert facts.events(found)[0].open


def test_an_entry_count_after_day_0_never_counts() -> None:
    from datetime import UTC, datetime

    load = Entry(
        "dose", "infusion", "LOAD", dict(empty("infusion").answers) | {"started_at": datetime(2026, 3, 2, 8, tzinfo=UTC)}
    )
    late = empty("screening", entry_count=Decimal(50), entry_count_on=date(2026, 3, 5))
    found = bare(load, late)
    assert (found.course.day_0, found.counts) == (date(2026, 3, 2), ())
    [row] = facts.table(found, classify(found.course))
    assert (row.kind, row.value, row.note) == ("Dose", "amount not known yet", "Loading dose. Running: no end entered.")
    assert facts.dose_name(empty("infusion")) == "Dose"


def test_a_sample_that_is_not_used_stays_in_sight_with_the_reason(universe: Any) -> None:
    clinic, on = universe.clinic(), universe.today
    clinic.extra_count(universe.responder, on, "80", quality="clotted")
    clinic.extra_count(universe.responder, on - timedelta(days=2), "~SL", quality="good")
    found = [row for row in rows(universe) if row.note.startswith("Not used")]
    assert [(row.value, row.mark) for row in found] == [("no result", "not evaluable"), ("80 ×10⁹/L", "poor quality")]
    assert "clotted or clumped" in found[1].note
    assert "80 ×10⁹/L, unscheduled, poor quality" in draw(facts.chart(of(universe), classify(of(universe).course)))


def test_the_baseline_is_named(universe: Any) -> None:
    first = next(row for row in rows(universe) if row.on == universe.today - timedelta(days=11) and row.kind == "Platelets")
    assert first.note.startswith("Baseline (R11).")


def test_the_trend_word() -> None:
    for before, now, word in ((12, 60, "rising"), (60, 12, "falling"), (60, 70, "steady"), (3, 7, "steady")):
        found = bare()
        counts = (Count(TODAY - timedelta(days=3), Decimal(before)), Count(TODAY, Decimal(now)))
        last = facts.last_count(replace(found, counts=counts))
        assert last is not None
        assert last.trend == word


def test_serious_and_open_events_come_first(universe: Any) -> None:
    clinic, on = universe.clinic(), universe.today - timedelta(days=1)
    for term, ongoing, serious in (("closed", "N", "N"), ("open", "Y", "N"), ("serious", "Y", "Y")):
        clinic.log(universe.responder, "adverse-event", term=term, started_at=f"{on} 08:00", ongoing=ongoing, grade=2,
                   serious=serious, **({"ended_at": f"{on} 10:00"} if ongoing == "N" else {}))  # fmt: skip
    assert [event.term for event in facts.events(of(universe))] == ["serious", "open", "closed"]
    assert any("serious, grade 2" in row.note for row in rows(universe))


def test_complete_and_later_responses_are_shaded(universe: Any) -> None:
    seen = course({3: 120, 10: 140, 20: 8, 21: 9, 30: 60, 40: 70}, ended=False, as_of=45)
    drawing = facts.chart(replace(of(universe), course=seen, counts=(), entries=()), classify(seen))
    assert [span.label for span in drawing.responses] == ["Response", "Complete response", "Response"]


def test_a_waiting_response_is_hatched_and_a_missing_baseline_has_no_line(universe: Any) -> None:
    seen = course({3: 120}, baseline=None, ended=False, as_of=5)
    drawing = facts.chart(replace(of(universe), course=seen, counts=(), entries=()), classify(seen))
    assert [(span.label, span.provisional) for span in drawing.responses] == [("Not yet confirmed", True)]
    assert [name for _, name in drawing.guides] == ["R", "R, sensitivity", "CR"]


def test_a_guide_beyond_the_scale_is_left_out(universe: Any) -> None:
    seen = course({3: 12}, baseline=200, ended=False, as_of=5)
    drawing = facts.chart(replace(of(universe), course=seen, counts=(), entries=()), classify(seen))
    assert "400 = 2 x baseline" not in draw(drawing)


def test_a_summary_names_itself(universe: Any) -> None:
    assert str(ResponseSummary.objects.get(pk=universe.responder.pk)) == f"{universe.responder.pk}: R (R)"


def test_bleeding_of_an_assessment_and_of_a_count_is_listed_with_both_forms(universe: Any) -> None:
    clinic, child = universe.clinic(), universe.responder
    load = universe.today - timedelta(days=11)
    clinic.assess(child, "LOAD", load, grades={"petechiae": 2})
    clinic.count(child, "LOAD", load, 12, bleeding="2")
    found = [(row.note, row.value) for row in rows(universe) if row.kind == "Bleeding"]
    assert sorted(found) == [("Assessment", "grade 2"), ("On the day of the blood count", "grade 2")]
    drawing = facts.chart(of(universe), classify(of(universe).course))
    assert [span.label for span in drawing.bleeds] == ["2"], "one mark a day"
