"""What families report: absence from school, physical activity, satisfaction.

Pure: no Django. Source: ``protocol.md`` 9, 10.11: paired and descriptive, no test.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from analyses import bars
from analyses.figures import Figure, table
from analyses.inputs import Child, DailyLife, Opinion
from analyses.periods import ASKED, Period, against, by_period
from analyses.statistics import quartiles
from itp_trial.schedule import VISITS

#: A line of a table: its words, the answers of each child that it counts (none for many), and each child before treatment.
Line = tuple[str, list[list[DailyLife]], list[float | None]]
Says = Callable[[DailyLife], bool]
Measure = Callable[[list[DailyLife]], float | None]

# --- school

REASONS = ("ITP", "Infusion or clinic", "Another illness", "Another reason")
SCHOOL_HEAD = ("When", "Children", "School days", "Days absent", "Absence, %", *(f"{reason}, %" for reason in REASONS),
               "Median of the children, % (quartiles)", "Against before, points, median (quartiles)")  # fmt: skip


def school(children: Sequence[Child]) -> Figure:
    """Days absent of days with school, by time, by visit and by reason."""
    rows = [_school(words, answers, before) for words, answers, before in _lines(children, _tells, _absence)]
    told = sum(any(answer.tells_absence for answer in child.life) for child in children)
    lanes = [bars.Lane(str(row[0]), tuple(float(str(part)) for part in row[5:9]), f"{row[4]} % of {row[2]} days") for row in rows]
    high = max([20.0, *(sum(lane.parts) for lane in lanes)])
    return Figure("school-absence", "Absence from school", told,
                  f"Days absent divided by days with school, all children together; holidays and children without school left "
                  f"out. {ASKED}", table(SCHOOL_HEAD, rows),
                  svg=bars.draw("Absence from school", lanes, REASONS, "days absent, % of days with school",
                                key="school-absence", high=high, digits=1) if rows else "",
                  note="The reasons are those that the family named; days without one are in the total only.",
                  empty="No family has told of school days yet.")  # fmt: skip


def _tells(answer: DailyLife) -> bool:
    return answer.tells_absence


def _absence(answers: list[DailyLife]) -> float | None:
    """Percent of one child; None where nothing was told."""
    days = sum(answer.school_days or 0 for answer in answers)
    return 100 * sum(answer.absent or 0 for answer in answers) / days if days else None


def _school(words: str, answers: list[list[DailyLife]], before: list[float | None]) -> tuple[object, ...]:
    known = [answer for each in answers for answer in each]
    days, absent = sum(a.school_days or 0 for a in known), sum(a.absent or 0 for a in known)
    reasons = [f"{100 * sum(a.reasons[n] for a in known) / days:.1f}" for n in range(len(REASONS))]
    rates = [_absence(each) for each in answers]
    return (words, sum(rate is not None for rate in rates), days, absent, f"{100 * absent / days:.1f}", *reasons,
            quartiles([rate for rate in rates if rate is not None]).text,
            "" if words == Period.BEFORE else against(before, rates))  # fmt: skip


def _lines(children: Sequence[Child], says: Says, measure: Measure) -> Iterator[Line]:
    """The three times, then each planned visit: the answers that say something, and what each child said before treatment."""
    sorted_in = [[(when, a) for when, a in by_period(child, child.life) if says(a)] for child in children]
    found = [(str(period), [[a for when, a in each if when == period] for each in sorted_in]) for period in Period]
    found += [(plan.title, [[a for _, a in each if a.visit == code] for each in sorted_in])
              for code, plan in VISITS.items() if not plan.repeats]  # fmt: skip
    before = [measure(each) for each in found[0][1]]
    for words, answers in found:
        if any(answers):
            yield words, answers, before


# --- activity

FORBIDDEN = (("none", "nothing"), ("contact", "contact sports"), ("most", "most sports"), ("all", "all active play"))
WHO = (("Physician", "by_physician"), ("Parents", "by_parents"))
ACTIVITY_HEAD = ("When", "Children", *(f"Forbidden by {who.lower()}: {words}" for who, _ in WHO for _, words in FORBIDDEN),
                 "Days of active play in the last 7, median (quartiles)", "Against before, days, median (quartiles)")  # fmt: skip


def activity(children: Sequence[Child]) -> Figure:
    """What is forbidden by physician and parents, and the days of active play in the last seven."""
    lines = list(_lines(children, _tells_activity, _active))
    told = sum(any(map(_tells_activity, child.life)) for child in children)
    return Figure("physical-activity", "Physical activity", told,
                  f"The last answer of each child in each time, the answer of the visit for each visit. {ASKED}",
                  table(ACTIVITY_HEAD, [_activity(*line) for line in lines]),
                  svg=_draw_activity(lines) if lines else "", empty="No family has told of play and sports yet.")  # fmt: skip


def _tells_activity(answer: DailyLife) -> bool:
    return bool(answer.by_physician or answer.by_parents) or answer.active_days is not None


def _active(answers: list[DailyLife]) -> float | None:
    """The last answer of one child."""
    return answers[-1].active_days if answers else None


def _forbidden(answers: list[list[DailyLife]], item: str) -> list[int]:
    """How many children stand at each level."""
    said = [getattr(each[-1], item) for each in answers if each]
    return [said.count(code) for code, _ in FORBIDDEN]


def _activity(words: str, answers: list[list[DailyLife]], before: list[float | None]) -> tuple[object, ...]:
    days = [_active(each) for each in answers]
    return (words, sum(bool(each) for each in answers), *_forbidden(answers, "by_physician"),
            *_forbidden(answers, "by_parents"), quartiles([d for d in days if d is not None]).text,
            "" if words == Period.BEFORE else against(before, days))  # fmt: skip


def _draw_activity(lines: Sequence[Line]) -> str:
    lanes = [bars.Lane(f"{words}: {who.lower()}", tuple(map(float, _forbidden(answers, item))))
             for words, answers, _ in lines if words in list(Period) for who, item in WHO]  # fmt: skip
    return bars.draw("Physical activity: what is forbidden", lanes, [words for _, words in FORBIDDEN], "children",
                     key="physical-activity", high=max(sum(lane.parts) for lane in lanes))  # fmt: skip


# --- satisfaction

QUESTIONS = ("Effect of the treatment", "Side effects", "Days of infusion", "Going on with it", "All in all")
LATEST = "Latest answer"
SCORES = ("1 very bad", "2 bad", "3 in between", "4 good", "5 very good")
SATISFACTION_HEAD = ("Question", "When", "Children", *SCORES, "Median (quartiles)", "4 or 5, %")


def satisfaction(children: Sequence[Child]) -> Figure:
    """Five questions from 1 to 5: the latest answer of each child, and the answers at each visit."""
    rows = [_satisfaction(place, when, scores) for place in range(len(QUESTIONS)) for when, scores in _scores(children, place)]
    lanes = [bars.Lane(str(row[0]), tuple(float(str(part)) for part in row[3:8]), f"n = {row[2]}")
             for row in rows if row[1] == LATEST]  # fmt: skip
    return Figure("satisfaction", "Satisfaction of the families", sum(bool(child.opinions) for child in children),
                  "Our own neutral questions, 1 (very bad) to 5 (very good); answers are ordinal and are not added up.",
                  table(SATISFACTION_HEAD, rows),
                  svg=bars.draw("Satisfaction, latest answer of each family", lanes, SCORES, "families", key="satisfaction",
                                high=max(sum(lane.parts) for lane in lanes)) if rows else "",
                  empty="No family was asked yet.")  # fmt: skip


def _scores(children: Sequence[Child], place: int) -> Iterator[tuple[str, list[int]]]:
    """The latest answers to one question, then those at each visit; only where somebody answered."""
    latest = [_last(child.opinions, place) for child in children]
    visits = [(plan.title, [_last([o for o in child.opinions if o.visit == code], place) for child in children])
              for code, plan in VISITS.items() if not plan.repeats]  # fmt: skip
    for when, found in [(LATEST, latest), *visits]:
        if scores := [score for score in found if score is not None]:
            yield when, scores


def _last(opinions: Sequence[Opinion], place: int) -> int | None:
    return next((o.scores[place] for o in reversed(opinions) if o.scores[place] is not None), None)


def _satisfaction(place: int, when: str, scores: list[int]) -> tuple[object, ...]:
    good = sum(score >= 4 for score in scores)
    return (QUESTIONS[place], when, len(scores), *(scores.count(score) for score in range(1, 6)), quartiles(scores).text,
            f"{100 * good / len(scores):.1f}")  # fmt: skip
