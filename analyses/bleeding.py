"""Bleeding by ITP-BAT: domain grades at each visit against the grades before treatment.

Pure: no Django. Source: ``protocol.md`` 10.10. Grades are ordinal: they are compared child by child, never added up.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from analyses.figures import Figure, table
from analyses.inputs import Child, Grades
from analyses.statistics import EXACT, proportion, quartiles, signed_rank
from itp_trial.protocol import value
from itp_trial.schedule import VISITS

DOMAINS = (("Skin", "skin"), ("Mucosa", "mucosa"), ("Organ", "organ"))
WORSE_FROM: int = value("MARKED_BLEEDING_GRADE")
HEAD = ("Visit", "Domain", "Children", "Before, median", "At the visit, median", "Better", "Same", "Worse",
        "Wilcoxon signed-rank (Pratt)")  # fmt: skip


def before_treatment(child: Child) -> Grades | None:
    """The last assessment up to Day 0."""
    early = [grades for grades in child.grades if child.day_0 and grades.on <= child.day_0]
    return max(early, key=lambda grades: grades.on, default=None)


def changes(children: Sequence[Child]) -> Figure:
    """Each domain at each planned visit, paired with the same child before treatment."""
    return Figure("bleeding-change", "Bleeding grades against before treatment", len(children),
                  "ITP-BAT domain grades, paired by child; two-sided Wilcoxon signed-rank test, zeros as Pratt, normal "
                  "approximation without continuity correction, no correction for many tests.",
                  table(HEAD, list(_rows(children))), empty="No child has an assessment before and after treatment.")  # fmt: skip


def _rows(children: Sequence[Child]) -> Iterator[tuple[object, ...]]:
    visits = {grades.visit for child in children for grades in child.grades} - {"", "LOAD", "SCREEN"}
    for code in [code for code in VISITS if code in visits and not VISITS[code].repeats]:
        for words, name in DOMAINS:
            pairs = list(_pairs(children, code, name))
            if pairs:
                yield _row(VISITS[code].title, words, pairs)


def _pairs(children: Sequence[Child], visit: str, name: str) -> Iterator[tuple[int, int]]:
    for child in children:
        first = before_treatment(child)
        then = max((g for g in child.grades if g.visit == visit), key=lambda g: g.on, default=None)
        before, after = (getattr(grades, name) if grades else None for grades in (first, then))
        if before is not None and after is not None:
            yield before, after


def _row(visit: str, domain: str, pairs: list[tuple[int, int]]) -> tuple[object, ...]:
    differences = [after - before for before, after in pairs]
    return (visit, domain, len(pairs), f"{quartiles([b for b, _ in pairs]).median:.1f}",
            f"{quartiles([a for _, a in pairs]).median:.1f}", sum(d < 0 for d in differences),
            sum(d == 0 for d in differences), sum(d > 0 for d in differences), signed_rank(differences).text)  # fmt: skip


def is_marked(grades: Grades) -> bool | None:
    """Whether any domain has bleeding of the marked grade; None where none has, but one could not be evaluated (R24)."""
    domains = (grades.skin, grades.mucosa, grades.organ)
    if any(grade is not None and grade >= WORSE_FROM for grade in domains):
        return True
    return None if None in domains else False


def marked_bleeding(children: Sequence[Child]) -> Figure:
    """The share of children with marked bleeding in any domain, before treatment and at each planned visit.

    What could not be evaluated is missing, not absent: it stands beside the share and not in it.
    """
    rows = []
    for words, found in _assessed(children):
        judged = [is_marked(grades) for grades in found]
        share = proportion(judged.count(True), len(judged) - judged.count(None))
        percents = ("" if x is None else f"{100 * x:.1f}" for x in (share.share, share.low, share.high))
        rows.append((words, share.n, judged.count(None), share.k, *percents))
    head = ("Visit", "Evaluable", "Not evaluable", f"Grade {WORSE_FROM} or more", "Percent", "95 % CI low", "95 % CI high")
    return Figure("marked-bleeding", f"Children with bleeding of grade {WORSE_FROM} or more", len(children),
                  f"Worst grade of the interval before the visit; an assessment without a grade of {WORSE_FROM} or more in which "
                  f"a domain could not be evaluated is missing data, left out of the percentage (assumption); {EXACT}.",
                  table(head, rows), empty="No assessment yet.")  # fmt: skip


def _assessed(children: Sequence[Child]) -> Iterator[tuple[str, list[Grades]]]:
    if first := [grades for child in children if (grades := before_treatment(child))]:
        yield "Before treatment", first
    for code, plan in VISITS.items():
        later = [g for c in children for g in c.grades if g.visit == code and c.day_0 and g.on > c.day_0]
        if later and not plan.repeats:
            yield plan.title, later
