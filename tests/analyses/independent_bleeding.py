"""Bleeding by ITP-BAT, computed a second time from the exported files (``independent.py``): from the items, not their sums."""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterator
from datetime import date
from typing import Any

Row = dict[str, str]
Table = list[tuple[str, ...]]
#: Skin, mucosa, organ; None where not evaluable.
Grades = list[int | None]

ITEMS = {
    "Skin": "petechiae ecchymoses haematoma minor_wound",
    "Mucosa": "epistaxis gum vesicles bite_tooth subconjunctival",
    "Organ": "gastrointestinal lung haematuria menorrhagia muscle joint ocular intracranial other_internal",
}
#: A grade above 1 of these must be seen at the visit; a record is not enough.
SEEN_ONLY = ["petechiae", "ecchymoses", "haematoma", "vesicles", "subconjunctival"]
#: These have no grade 1 that a report could count as.
NO_GRADE_1 = ["intracranial", "other_internal"]
VISITS = {"D13": "Count day 12-14", **{f"M{n}": f"Maintenance dose {n}" for n in range(1, 6)}, "FU14": "Follow-up day 14",
          **{f"FU{n}": f"Follow-up month {n}" for n in range(1, 7)}}  # fmt: skip


def bleeding_tables(trial: Any, first: dict[str, date], last: dict[str, date], exact: Any) -> dict[str, Table]:
    """Slug -> rows. ``first`` and ``last``: the day of the first infusion of each treated child, and the last day looked at."""
    seen = {child: list(_assessments(trial, child, last[child])) for child in first}
    before = {child: max((each for each in seen[child] if each[0] <= first[child]), default=None) for child in first}
    after = {visit: {child: grades for child in first for on, code, grades in seen[child] if code == visit and on > first[child]}
             for visit in VISITS}  # fmt: skip
    early = {child: found[2] for child, found in before.items() if found}
    times = {"Before treatment": early} | {VISITS[visit]: found for visit, found in after.items()}
    return {
        "marked-bleeding": [_marked(words, list(found.values()), exact) for words, found in times.items() if found],
        "bleeding-change": [row for visit, found in after.items() for row in _changes(VISITS[visit], early, found)],
    }


def _assessments(trial: Any, child: str, last: date) -> Iterator[tuple[date, str, Grades]]:
    for row in trial.of("bleeding-assessment", child):
        if row["assessed_on"] and date.fromisoformat(row["assessed_on"][:10]) <= last:
            grades = [domain_grade([item_grade(row, code) for code in codes.split()]) for codes in ITEMS.values()]
            yield date.fromisoformat(row["assessed_on"][:10]), row["visit_code"], grades


def item_grade(row: Row, code: str) -> int | None:
    """The grade that its evidence allows: 1 at most by report, and fatal bleeding as it is."""
    if not row[code]:
        return None
    grade, evidence = int(row[code]), row[f"{code}_evidence"]
    if grade in (0, 1, 5) or evidence == "seen" or (evidence == "record" and code not in SEEN_ONLY):
        return grade
    return None if code in NO_GRADE_1 else 1


def domain_grade(items: list[int | None]) -> int | None:
    worst = max((grade for grade in items if grade is not None), default=0)
    return None if worst == 0 and None in items else worst


def _marked(words: str, found: list[Grades], exact: Any) -> tuple[str, ...]:
    """A grade of 2 or more is one, whatever else is missing; no such grade is none only where nothing is missing."""
    worst = [max((grade for grade in grades if grade is not None), default=0) for grades in found]
    yes = sum(grade >= 2 for grade in worst)
    open_still = sum(grade < 2 and None in grades for grade, grades in zip(worst, found, strict=True))
    n = len(found) - open_still
    return words, str(n), str(open_still), str(yes), *exact(yes, n)


def _changes(visit: str, early: dict[str, Grades], found: dict[str, Grades]) -> Iterator[tuple[str, ...]]:
    for number, domain in enumerate(ITEMS):
        both = [(early[child][number], found[child][number]) for child in found if child in early]
        pairs = [(a, b) for a, b in both if a is not None and b is not None]
        if pairs:
            signs = [b - a for a, b in pairs]
            middle = [f"{statistics.median(values):.1f}" for values in zip(*pairs, strict=True)]
            counted = (sum(test) for test in zip(*((s < 0, s == 0, s > 0) for s in signs), strict=True))
            yield visit, domain, str(len(pairs)), *middle, *map(str, counted), wilcoxon(signs)


def wilcoxon(signs: list[int]) -> str:
    """Pratt: zeros are ranked and then left out; normal approximation with the correction for ties."""
    n, zeros = len(signs), signs.count(0)
    if zeros == n:
        return f"no change in any of {n}"
    sizes = sorted(abs(s) for s in signs)
    rank = {size: sizes.index(size) + (sizes.count(size) + 1) / 2 for size in set(sizes)}
    plus = sum(rank[abs(s)] for s in signs if s > 0)
    minus = sum(rank[abs(s)] for s in signs if s < 0)
    mean = (n * (n + 1) - zeros * (zeros + 1)) / 4
    ties = sum(sizes.count(size) ** 3 - sizes.count(size) for size in set(sizes) - {0})
    cubes = n * (n + 1) * (2 * n + 1) - zeros * (zeros + 1) * (2 * zeros + 1)
    p = math.erfc((mean - min(plus, minus)) / math.sqrt(cubes / 24 - ties / 48) / math.sqrt(2))
    return f"{'p < 0.001' if p < 0.001 else f'p = {p:.3f}'} (n = {n}, {n - zeros} changed)"
