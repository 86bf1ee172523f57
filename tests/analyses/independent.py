"""The figures of the trial computed a second time, from the exported CSV files alone.

    python -m tests.analyses.independent FOLDER 2026-11-26

FOLDER holds the files of the export page: ``participants.csv`` and one file a form. The script shares no code with the
product: it reads text, applies ``tests/responses/oracle.py`` (a second reading of R13 to R23) and writes its own statistics,
without scipy. It prints each table as CSV under its slug, to be compared with the dashboard to the last digit.
"""

from __future__ import annotations

import csv
import math
import sys
from collections import defaultdict
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import Any

from tests.analyses.independent_bleeding import bleeding_tables
from tests.analyses.independent_families import Families, family_tables
from tests.responses.oracle import _covered, _status, _washed, judge

Row = dict[str, str]
Table = list[tuple[str, ...]]


def read(folder: Path, name: str) -> list[Row]:
    """One file; a form that nobody has entered yet has only its head."""
    with (folder / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


# --- from files to courses, in days from Day 0


FORMS = ("screening", "blood-count", "bleeding-assessment", "bleeding-episode", "infusion", "rescue", "adverse-event",
         "itp-history", "hospital-contact", "school-activity", "satisfaction")  # fmt: skip


class Trial:
    """Every child of the export as the oracle wants it, seen on ``today``."""

    def __init__(self, folder: Path, today: date) -> None:
        self.forms: dict[str, dict[str, list[Row]]] = {}
        for name in FORMS:
            self.forms[name] = defaultdict(list)
            for row in read(folder, name):
                self.forms[name][row["participant"]].append(row)
        self.people = read(folder, "participants")
        self.today = today

    def of(self, form: str, child: str) -> list[Row]:
        return self.forms[form][child]

    def doses(self, child: str) -> list[Row]:
        given = [
            r for r in self.of("infusion", child) if r["started_at"] and (not r["stopped_at"] or float(r["volume_ml"] or 0) > 0)
        ]
        return sorted(given, key=lambda r: r["started_at"])

    def case(self, person: Row) -> dict[str, Any] | None:
        child = person["number"]
        doses = [(r, day_of(r["started_at"])) for r in self.doses(child)]
        day_0 = next((on for r, on in doses if r["visit_code"] == "LOAD"), None)
        if day_0 is None or day_0 > self.today:
            return None
        ended = person["state"] in ("screen_failed", "completed", "lost", "withdrawn", "died")
        last = date.fromisoformat(person["ended_on"]) if ended and person["ended_on"] else self.today
        counts = self.counts(child, day_0)
        bleeds = list(self.bleeds(child))
        early = [on for on in counts if 0 <= (day_0 - on).days <= 7]
        said = {day_of(r["taken_at"]) for r in self.of("blood-count", child) if r["taken_at"] and r["bleeding"] not in ("", "U")}
        said |= {day_of(r["assessed_on"]) for r in self.of("bleeding-assessment", child)
                 if r["assessed_on"] and r["present_grade"] != ""}  # fmt: skip
        therapy = next((r["other_therapy_end"] for r in self.of("screening", child) if r["other_therapy_end"]), "")
        deaths = [day_of(r["ended_at"] or r["started_at"]) for r in self.of("adverse-event", child) if r["death"] == "Y"]

        def n(on: date) -> int:
            return (on - day_0).days

        covered = {on for on in counts if any(a <= on and (b is None or on <= b) for a, b, _ in bleeds)}
        return {
            "day_0": 0,
            "baseline": counts[max(early)] if early else None,
            "counts": {n(on): value for on, value in counts.items() if on <= last},
            "doses": [n(on) for _, on in doses if on <= last],
            "bleeds": [(n(a), None if b is None else n(b), grade) for a, b, grade in bleeds],
            "unknown": {n(on) for on in counts if on not in said and on not in covered},
            "rescues": [(n(a), None if b is None else n(b), kind) for a, b, kind in self.rescues(child)],
            "other_end": n(day_of(therapy)) if therapy else None,
            "ended": ended,
            "as_of": n(last),
            "death": n(min(deaths)) if deaths else None,
        }  # fmt: skip

    def counts(self, child: str, day_0: date) -> dict[date, float]:
        """One count a date: no clots, no open question, before the infusion of that day; primary, else the latest (R8-R10)."""
        starts = {day_of(r["started_at"]): r["started_at"] for r in reversed(self.doses(child))}
        by_day: dict[date, list[Row]] = defaultdict(list)
        for row in self.of("blood-count", child):
            if row["done"] == "Y" and row["taken_at"] and row["platelets"] and usable(row, "platelets"):
                on = day_of(row["taken_at"])
                if on not in starts or row["taken_at"] <= starts[on]:
                    by_day[on].append(row)
        found = {on: float(max([r for r in rows if r["primary"] == "Y"] or rows, key=lambda r: r["taken_at"])["platelets"])
                 for on, rows in by_day.items()}  # fmt: skip
        for row in self.of("screening", child):
            if row["entry_count"] and row["entry_count_on"] and usable(row, "entry_count"):
                on = day_of(row["entry_count_on"])
                if on <= day_0:
                    found.setdefault(on, float(row["entry_count"]))
        return found

    def rescues(self, child: str) -> Iterator[tuple[date, date | None, str]]:
        for row in self.of("rescue", child):
            if row["started_on"] and row["kind"]:
                goes_on = row["ongoing"] == "Y" or not row["ended_on"]
                yield day_of(row["started_on"]), None if goes_on else day_of(row["ended_on"]), row["kind"]

    def bleeds(self, child: str) -> Iterator[tuple[date, date | None, int]]:
        for row in self.of("bleeding-episode", child):
            if row["started_on"] and row["peak_grade"]:
                grade = min(int(row["peak_grade"]), 1) if row["evidence"] == "report" else int(row["peak_grade"])
                on = day_of(row["started_on"])
                yield on, None if row["ongoing"] == "Y" else day_of(row["ended_on"]) if row["ended_on"] else on, grade
        for row in self.of("bleeding-assessment", child):
            if row["assessed_on"] and row["present_grade"] not in ("", "0"):
                yield day_of(row["assessed_on"]), day_of(row["assessed_on"]), int(row["present_grade"])
        for row in self.of("blood-count", child):
            if row["taken_at"] and row["bleeding"] not in ("", "U", "0"):
                yield day_of(row["taken_at"]), day_of(row["taken_at"]), int(row["bleeding"])


def day_of(text: str) -> date:
    """The Cairo date of a date or of a moment, as the files write them."""
    return date.fromisoformat(text[:10])


def usable(row: Row, item: str) -> bool:
    asked = row["open_questions"].split()
    disputed = any(question.split(":") in ([code, item] for code in DISPUTING) for question in asked)
    return not disputed and row.get("quality", "") not in ("clumped", "clotted")


DISPUTING = ("RANGE", "CBC02")


# --- statistics, written a second time


def exact(k: int, n: int) -> tuple[str, str, str]:
    """Percent and Clopper-Pearson bounds by bisection on sums of the binomial distribution."""
    if n == 0:
        return "", "", ""

    def tail(p: float, start: int) -> float:
        return math.fsum(math.comb(n, i) * p**i * (1 - p) ** (n - i) for i in range(start, n + 1))

    low = 0.0 if k == 0 else bisect(lambda p: tail(p, k) - 0.025)
    high = 1.0 if k == n else bisect(lambda p: tail(p, k + 1) - 0.975)
    return f"{100 * k / n:.1f}", f"{100 * low:.1f}", f"{100 * high:.1f}"


def bisect(rising: Callable[[float], float]) -> float:
    low, high = 0.0, 1.0
    for _ in range(100):
        middle = (low + high) / 2
        low, high = (middle, high) if rising(middle) < 0 else (low, middle)
    return (low + high) / 2


def survival(observed: list[tuple[int, bool]], rising: bool) -> Table:
    """The rows of a Kaplan-Meier table, with Greenwood's variance on the log-log scale."""
    rows, share, variance = [], 1.0, 0.0
    for day in sorted({days for days, _ in observed}):
        at_risk = sum(days >= day for days, _ in observed)
        events = sum(event and days == day for days, event in observed)
        lost = sum(not event and days == day for days, event in observed)
        low = high = None
        if events:
            share *= 1 - events / at_risk
            if at_risk > events:
                variance += events / (at_risk * (at_risk - events))
                spread = 1.959963984540054 * math.sqrt(variance) / math.log(share)
                low, high = share ** math.exp(-spread), share ** math.exp(spread)
        shown = [1 - x if rising else x for x in (share, high if rising else low, low if rising else high) if x is not None]
        percent = [f"{100 * x:.1f}" for x in shown]
        rows.append((str(day), str(at_risk), str(events), str(lost), *percent, *[""] * (3 - len(percent))))
    return rows


# --- the tables


def tables(folder: Path, today: date) -> dict[str, Table]:
    """Slug -> rows, for the results that decide the paper."""
    trial = Trial(folder, today)
    cases = {person["number"]: case for person in trial.people if (case := trial.case(person))}
    verdicts = {child: judge(case) for child, case in cases.items()}
    children = sorted(verdicts)
    families, n = Families(trial, children), len(children)
    best = [verdicts[child]["best_response"] for child in children]
    responses = (("Overall response (CR or R)", "CR R"), ("Complete response (CR)", "CR"), ("Response (R)", "R"),
                 ("No response (NR)", "NR"), ("Not evaluable (NE)", "NE"))  # fmt: skip
    return {
        "best-response": [(words, f"{k}/{n}", *exact(k, n)) for words, wanted in responses
                          for k in [sum(status in wanted.split() for status in best)]],
        "time-in-response": [_time(child, *verdicts[child]["time_in_response"]) for child in children],
        "time-to-response": survival([_until(cases[c], verdicts[c], "response") for c in children], rising=True),
        "time-to-complete-response": survival([_until(cases[c], verdicts[c], "complete_response") for c in children],
                                              rising=True),
        "duration-of-response": survival([(v["response_end"][0] - v["response"][0], v["response_end"][1] != "censored")
                                          for v in verdicts.values() if v["response"]], rising=False),
        "exposure": _exposure(trial, children),
        **family_tables(families),
        **bleeding_tables(trial, families.first, families.last, exact),
    }  # fmt: skip


def _time(child: str, inside: int, observed: int) -> tuple[str, ...]:
    return child, str(inside), str(observed), f"{100 * inside / observed:.1f}" if observed else ""


def _until(case: dict[str, Any], verdict: dict[str, Any], name: str) -> tuple[int, bool]:
    """Days to the first count of the response; else to the last count that could be judged."""
    if verdict[name]:
        return verdict[name][0], True
    return max(evaluable_days(case), default=0), False


def evaluable_days(case: dict[str, Any]) -> Iterator[int]:
    """The days after Day 0 whose count has a status (R13) outside a washout (R17)."""
    for day, count in case["counts"].items():
        bleeding = True if _covered(case["bleeds"], day) else None if day in case["unknown"] else False
        if day > 0 and not _washed(case["rescues"], day) and _status(count, case["baseline"], bleeding) != "NE":
            yield day


def _exposure(trial: Trial, children: list[str]) -> Table:
    given = [row for child in children for row in trial.doses(child) if day_of(row["started_at"]) <= trial.today]
    grams = sum(round(float(row["g_per_kg"]) * 1000) for row in given if row["g_per_kg"])
    return [("Children", str(len(children))), ("Infusions", str(len(given))),
            ("Dose given, g/kg, all infusions together", f"{grams / 1000:.2f}")]  # fmt: skip


if __name__ == "__main__":
    for slug, rows in tables(Path(sys.argv[1]), date.fromisoformat(sys.argv[2])).items():
        print(f"# {slug}")
        csv.writer(sys.stdout).writerows(rows)
