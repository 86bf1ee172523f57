"""What families and hospitals report, computed a second time from the exported files (``independent.py``)."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from datetime import date
from typing import Any

Row = dict[str, str]
Table = list[tuple[str, ...]]

TIMES = ("Before treatment", "During treatment", "After treatment")
VISITS = {"SCREEN": "Screening", "M2": "Maintenance dose 2", "M4": "Maintenance dose 4", "FU1": "Follow-up month 1",
          "FU3": "Follow-up month 3", "FU6": "Follow-up month 6"}  # fmt: skip


def family_tables(families: Families) -> dict[str, Table]:
    """Slug -> rows."""
    return {
        "school-absence": _by_time(families, _school),
        "physical-activity": _by_time(families, _activity),
        "satisfaction": _satisfaction(families),
        "hospital-contacts": _hospital(families),
    }


def day_of(text: str) -> date:
    """The Cairo date of a date or of a moment, as the files write them."""
    return date.fromisoformat(text[:10])


class Families:
    """The children with their first and last infusion, and what was asked of each up to today, sorted by day."""

    def __init__(self, trial: Any, children: list[str]) -> None:
        people = {person["number"]: person for person in trial.people}
        self.trial, self.children = trial, children
        self.first: dict[str, date] = {}
        self.end: dict[str, date | None] = {}
        self.last: dict[str, date] = {}
        for child in children:
            person = people[child]
            ended = person["state"] in ("screen_failed", "completed", "lost", "withdrawn", "died") and person["ended_on"]
            self.last[child] = date.fromisoformat(person["ended_on"]) if ended else trial.today
            given = [day_of(row["started_at"]) for row in trial.doses(child) if day_of(row["started_at"]) <= self.last[child]]
            self.first[child] = given[0]
            self.end[child] = None if person["state"] == "treatment" else given[-1]

    def forms(self, form: str, child: str, day: str) -> list[Row]:
        found = [row for row in self.trial.of(form, child) if row[day] and day_of(row[day]) <= self.last[child]]
        return sorted(found, key=lambda row: row[day])

    def times(self, child: str) -> list[tuple[str, Row]]:
        """Each answer on school and play with the time that it speaks of."""
        found, since = [], date.max
        for row in self.forms("school-activity", child, "asked_on"):
            on, end = day_of(row["asked_on"]), self.end[child]
            after = end is not None and end <= since < date.max
            found.append((TIMES[0] if on <= self.first[child] else TIMES[2] if after else TIMES[1], row))
            since = on
        return found

    def last_seen(self, child: str) -> date:
        days = [("blood-count", "taken_at"), ("infusion", "started_at"), ("bleeding-assessment", "assessed_on"),
                ("hospital-contact", "started_on"), ("bleeding-episode", "started_on")]  # fmt: skip
        return max(day_of(row[day]) for form, day in days for row in self.forms(form, child, day)
                   if form != "hospital-contact" or row["cause"] != "planned")  # fmt: skip


def _by_time(families: Families, line: Callable[[list[list[Row]], list[list[Row]]], tuple[str, ...] | None]) -> Table:
    told = {child: families.times(child) for child in families.children}
    before = [[row for time, row in told[child] if time == TIMES[0]] for child in families.children]
    rows = []
    for words in (*TIMES, *VISITS.values()):
        here = [
            [row for time, row in told[child] if words in (time, VISITS.get(row["visit_code"]))] for child in families.children
        ]
        if found := line(here, before):
            rows.append((words, *found[:-1], "" if words == TIMES[0] else found[-1]))
    return rows


def middle(values: list[float]) -> str:
    """Median and quartiles, type 7: between the values at (n - 1) / 4, / 2 and 3 / 4."""
    values = sorted(values)
    cuts = []
    for quarter in (2, 1, 3):
        place = (len(values) - 1) * quarter / 4
        low = math.floor(place)
        cuts.append(values[low] + (place - low) * (values[min(low + 1, len(values) - 1)] - values[low]))
    return "{:.1f} ({:.1f} to {:.1f})".format(*cuts) if values else "none"


def change(before: list[float | None], then: list[float | None]) -> str:
    both = [b - a for a, b in zip(before, then, strict=True) if a is not None and b is not None]
    return f"{middle(both)}, n = {len(both)}" if both else ""


def _days(row: Row) -> tuple[int, int] | None:
    """Days absent and days of school of one answer."""
    if not row["scheduled_days"] or not row["absent_days"]:
        return None
    absent, school = int(float(row["absent_days"])), int(float(row["scheduled_days"]))
    return (absent, school) if 0 < school >= absent else None


def _rate(rows: list[Row]) -> float | None:
    known = [days for row in rows if (days := _days(row))]
    return 100 * sum(a for a, _ in known) / sum(s for _, s in known) if known else None


def _school(here: list[list[Row]], before: list[list[Row]]) -> tuple[str, ...] | None:
    known = [row for rows in here for row in rows if _days(row)]
    if not known:
        return None
    absent, school = (sum((_days(row) or (0, 0))[n] for row in known) for n in (0, 1))
    reasons = [sum(int(float(row[item] or 0)) for row in known)
               for item in ("absent_itp", "absent_visit", "absent_illness", "absent_other")]  # fmt: skip
    rates = [_rate(rows) for rows in here]
    told = [rate for rate in rates if rate is not None]
    return (str(len(told)), str(school), str(absent), *(f"{100 * days / school:.1f}" for days in (absent, *reasons)),
            middle(told), change([_rate(rows) for rows in before], rates))  # fmt: skip


def _activity(here: list[list[Row]], before: list[list[Row]]) -> tuple[str, ...] | None:
    def active(rows: list[Row]) -> float | None:
        return int(float(rows[-1]["active_days"])) if rows and rows[-1]["active_days"] else None

    said = ("by_physician", "by_parents", "active_days")
    here, before = ([[row for row in rows if any(row[item] for item in said)] for rows in each] for each in (here, before))
    latest, days = [rows[-1] for rows in here if rows], [active(rows) for rows in here]
    if not latest:
        return None
    levels = [str(sum(row[item] == code for row in latest)) for item in ("by_physician", "by_parents")
              for code in ("none", "contact", "most", "all")]  # fmt: skip
    return (str(len(latest)), *levels, middle([day for day in days if day is not None]),
            change([active(rows) for rows in before], days))  # fmt: skip


def _satisfaction(families: Families) -> Table:
    asked = {"effect": "Effect of the treatment", "side_effects": "Side effects", "burden": "Days of infusion",
             "willing": "Going on with it", "overall": "All in all"}  # fmt: skip
    rows = []
    for item, words in asked.items():
        for code, when in {"": "Latest answer", **VISITS}.items():
            said = [[int(row[item]) for row in families.forms("satisfaction", child, "asked_on")
                     if row[item] and code in ("", row["visit_code"])] for child in families.children]  # fmt: skip
            last = [scores[-1] for scores in said if scores]
            if last:
                rows.append((words, when, str(len(last)), *(str(last.count(n)) for n in range(1, 6)), middle([*map(float, last)]),
                             f"{100 * sum(n > 3 for n in last) / len(last):.1f}"))  # fmt: skip
    return rows


def _hospital(families: Families) -> Table:
    return [row for kind in ("bleeding_episodes", "unplanned_visits", "admissions", "transfusions")
            for row in _contacts(families, kind)]  # fmt: skip


def _contacts(families: Families, kind: str) -> Iterator[tuple[str, ...]]:
    words = {"bleeding_episodes": "Bleeding episodes", "unplanned_visits": "Unplanned visits for ITP",
             "admissions": "Admissions for ITP", "transfusions": "Transfusions"}[kind]  # fmt: skip
    seen: dict[str, list[tuple[int, float] | None]] = {time: [] for time in TIMES}
    for child in families.children:
        told = [row[kind] for row in families.trial.of("itp-history", child) if row[kind]]
        seen[TIMES[0]].append((int(float(told[0])), 3.0) if told else None)
        days, first, end = _happened(families, child, kind), families.first[child], families.end[child]
        last = families.last_seen(child)
        stop = end or last
        seen[TIMES[1]].append((sum(first <= on <= stop for on in days), (stop - first).days / 30.4375))
        after = (sum(end < on <= last for on in days), (last - end).days / 30.4375) if end else None
        seen[TIMES[2]].append(after)
    for time, found in seen.items():
        known = [pair for pair in found if pair and pair[1] > 0]
        if known:
            number, months = sum(n for n, _ in known), sum(m for _, m in known)
            signs = [b[0] / b[1] - a[0] / a[1] for a, b in zip(seen[TIMES[0]], found, strict=True) if a and b and b[1] > 0]
            paired = [str(sum(test)) for test in zip(*((d < 0, d == 0, d > 0) for d in signs), strict=True)] or ["0"] * 3
            yield (words, time, str(len(known)), str(number), f"{months:.1f}", f"{number / months:.2f}",
                   *(paired if time != TIMES[0] else [""] * 3))  # fmt: skip


def _happened(families: Families, child: str, kind: str) -> list[date]:
    if kind == "bleeding_episodes":
        return [day_of(row["started_on"]) for row in families.forms("bleeding-episode", child, "started_on")]
    found = [row for row in families.forms("hospital-contact", child, "started_on") if row["cause"] != "planned"]
    if kind == "transfusions":
        return [day_of(row["started_on"]) for row in found if row["blood_products"] == "Y"]
    nights = ("HOSPITAL STAY", "INTENSIVE CARE UNIT STAY")
    return [day_of(row["started_on"]) for row in found
            if row["itp_related"] == "Y" and (row["kind"] in nights) == (kind == "admissions")]  # fmt: skip
