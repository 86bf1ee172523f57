"""Response of the trial: how many, with which certainty, and under which other readings of the rules.

Pure: no Django. Source: ``protocol.md`` 10.3, 10.4, 10.7. NR and NE are both non-responders; a child whose response is
not settled yet counts with what is known today.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from analyses.figures import Figure, table
from analyses.inputs import Child
from analyses.statistics import EXACT, Proportion, proportion
from responses.classification import classify
from responses.parameters import SENSITIVITY
from responses.verdicts import Verdict

HEAD = ("Category", "Children", "Percent", "95 % CI low", "95 % CI high")
CATEGORIES = (
    ("Overall response (CR or R)", ("CR", "R")),
    ("Complete response (CR)", ("CR",)),
    ("Response (R)", ("R",)),
    ("No response (NR)", ("NR",)),
    ("Not evaluable (NE)", ("NE",)),
)


def share_row(words: str, found: Proportion) -> tuple[str, ...]:
    """One proportion as it stands in every table: ``k/n``, percent and interval with one decimal."""
    numbers = (found.share, found.low, found.high)
    return words, f"{found.k}/{found.n}", *("" if x is None else f"{100 * x:.1f}" for x in numbers)


def best_responses(children: Sequence[Child]) -> Figure:
    """CR + R, CR, R, NR and NE with exact intervals."""
    verdicts = [child.verdict for child in children]
    rows = [share_row(words, _count(verdicts, wanted)) for words, wanted in CATEGORIES]
    open_still = sum(verdict.provisional for verdict in verdicts)
    note = f"{open_still} of {len(verdicts)} can still change: their follow-up goes on." if open_still else ""
    return Figure("best-response", "Best response", len(children), f"Full analysis set; {EXACT}.", table(HEAD, rows), note=note)


def _count(verdicts: Iterable[Verdict], wanted: Sequence[str]) -> Proportion:
    statuses = [verdict.best_response for verdict in verdicts]
    return proportion(sum(status in wanted for status in statuses), len(statuses))


def sensitivity(children: Sequence[Child]) -> Figure:
    """Overall response under the other readings of the rules, each computed anew from the same counts."""
    rows = [share_row("Main analysis (IWG 2009)", _count([child.verdict for child in children], ("CR", "R")))]
    for words, rules in SENSITIVITY.values():
        rows.append(share_row(words, _count([classify(child.course, rules) for child in children], ("CR", "R"))))
    return Figure("sensitivity", "Overall response under other readings of the rules", len(children),
                  f"Full analysis set, classified again under each; {EXACT}.", table(("Reading", *HEAD[1:]), rows))  # fmt: skip


OFF_HEAD = ("State off therapy", *HEAD[1:])


def off_therapy(children: Sequence[Child]) -> Figure:
    """SRoT and RoT: every other state is a failure in the main analysis; then without those that cannot be judged."""
    states = [child.verdict.off_therapy.state for child in children if child.verdict.off_therapy]
    judged = [state for state in states if state not in ("NE", "PENDING")]
    rows = [
        share_row("SRoT, everything else a failure (main)", proportion(states.count("SRoT"), len(children))),
        share_row("SRoT, without those not evaluable or pending", proportion(states.count("SRoT"), len(judged))),
        share_row("RoT, everything else a failure", proportion(states.count("RoT"), len(children))),
        share_row("Pending (before day 180 off therapy)", proportion(states.count("PENDING"), len(children))),
        share_row("No response off therapy", proportion(states.count("NONE"), len(children))),
        share_row("Not evaluable", proportion(states.count("NE"), len(children))),
        share_row("Still on treatment", proportion(len(children) - len(states), len(children))),
    ]
    return Figure("off-therapy", "Sustained response and response off therapy", len(children),
                  f"Full analysis set, rules R20 to R23; {EXACT}.", table(OFF_HEAD, rows))  # fmt: skip
