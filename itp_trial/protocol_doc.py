"""The text of ``docs/protocol.md``, from the parameter table. ``python -m itp_trial.protocol_doc`` prints it."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from itp_trial.protocol import PARAMETERS, REGISTRY_ID, RULES_VERSION, SPONSOR, TITLE, Parameter

#: Rule -> (short name, what it says in plain words).
RULES: dict[str, tuple[str, str]] = {
    "R1": (
        "Age",
        "A child may enter from the first birthday to the day before the 11th birthday, counted on the day of "
        "consent. A stricter reading, not older than exactly 10 years, can be switched on.",
    ),
    "R2": (
        "Persistent ITP",
        "ITP is persistent between two calendar-month limits after the first documented diagnosis, both limits "
        "included; earlier it is newly diagnosed, later chronic. If the day of diagnosis is unknown and it matters, "
        "the system asks instead of guessing. It is looked at again on Day 0, as a warning.",
    ),
    "R3": (
        "Entry count",
        "The latest valid platelet count before Day 0 must be low enough to be ITP. Higher counts within the limit "
        "raise warnings, because a response is then hard or impossible to show.",
    ),
    "R4": (
        "Criteria",
        "Every inclusion and exclusion criterion needs an answer; an open one means 'not yet'. Any earlier "
        "thrombopoietin receptor agonist rules a child out. Safety screens (such as IgA deficiency or a positive "
        "DAT) warn and never exclude.",
    ),
    "R5": (
        "Doses",
        "One loading dose, then a limited number of smaller maintenance doses, each by a recent weight. The given "
        "dose is the sum over all bags of volume times the IgG content of the lot. Dose, duration, rate and age of "
        "the weight are compared with limits.",
    ),
    "R6": (
        "Interval",
        "The next dose is proposed after the short, the middle or the long interval of the table, by the latest "
        "valid count and by bleeding; with neither there is no proposal. From the short to the long interval is "
        "in protocol, a little outside is a minor deviation, anything else a major one.",
    ),
    "R7": (
        "End of treatment",
        "Treatment ends on the date of the last dose that was really started, also when it was stopped early. Any "
        "volume given makes it a dose; a small part of the plan is flagged as partial.",
    ),
    "R8": (
        "Valid count",
        "Only plausible counts from a good sample, without an open query and outside the time after rescue treatment, are used.",
    ),
    "R9": (
        "One count per day",
        "If a day has several counts, the one that the site marked as primary is used; otherwise the latest, and the "
        "lowest if the times are unknown. The others stay visible.",
    ),
    "R10": (
        "Dosing day",
        "On the day of an infusion only the sample before it counts.",
    ),
    "R11": (
        "Baseline",
        "The baseline is the count of Day 0 before the infusion, or else the nearest one of the days before, within "
        "the window of R3. It is never estimated.",
    ),
    "R12": (
        "Bleeding on a date",
        "A date counts as bleeding if an episode of sufficient grade covers it or a sign was present that day. If "
        "nobody looked, bleeding is unknown, which is not the same as absent.",
    ),
    "R13": (
        "Status of one count",
        "Each count is CR, R, NR or not evaluable, from the count, its multiple of the baseline and bleeding on that date.",
    ),
    "R14": (
        "Confirmed response",
        "A response needs two counts at its level at least a week apart, nothing worse, no bleeding and no rescue in "
        "between, and must begin soon enough after a dose. It is dated by the first of the two.",
    ),
    "R15": (
        "Best response",
        "The best confirmed level of the first response episode; rescue before it fixes NR. Until the child has "
        "finished, NR and 'not evaluable' are provisional.",
    ),
    "R16": (
        "Loss of response",
        "The first of: a low count that a second one confirms, bleeding, rescue or death. One low count followed by "
        "recovery is no loss.",
    ),
    "R17": (
        "Rescue",
        "For some weeks after rescue treatment counts say nothing about the trial drug and are not used.",
    ),
    "R18": (
        "Duration",
        "Time from the response to its loss, and the part of the observed time that was spent in response. A status "
        "is carried forward only for a limited number of days.",
    ),
    "R19": (
        "Later episodes",
        "A child who lost the response may respond again. Later episodes are listed and count for the time in "
        "response, not for the dates of the first one.",
    ),
    "R20": (
        "Off-therapy start",
        "The clock off therapy starts at the end of treatment, or on the last day of any other ITP treatment that "
        "went on since baseline, whichever is later.",
    ),
    "R21": (
        "Sustained response off therapy",
        "A response that is kept for about half a year off therapy, with counts close enough together and without "
        "rescue or new treatment.",
    ),
    "R22": (
        "Response off therapy",
        "A response that is still there some weeks off therapy without fulfilling R21. The reason why it is not "
        "sustained is kept.",
    ),
    "R23": (
        "Other states off therapy",
        "Still being followed, not evaluable, or no response off therapy. For the main analysis everything but a "
        "sustained response is a failure.",
    ),
    "R24": (
        "Bleeding grade",
        "Each ITP-BAT domain (skin, mucosa, organ) has the grade of its worst sign; grades are never added up. "
        "Bleeding known by report only counts as grade 1 at most; a domain with gaps and otherwise no bleeding is "
        "not evaluable. For the share of children with marked bleeding, an assessment with such a domain and without "
        "marked bleeding in another is missing data (assumption).",
    ),
}

#: What the forms ask about. These ask and never refuse, and decide nothing by themselves.
EDIT_CHECKS: dict[str, tuple[str, str]] = {
    "E1": (
        "A count beside the counts before it",
        "Rises and falls that blood hardly ever does, and numbers that look like another unit, are asked about.",
    ),
    "E2": (
        "Haemoglobin after an infusion",
        "Children who are not of group O have it checked some days after each infusion. The comparison is with the last value "
        "before that infusion.",
    ),
    "E3": (
        "Weight and height",
        "WHO limits by age and sex: more than 3 standard deviations from the median is asked about, about 4 is the end. "
        "Larger changes between two weights are asked about.",
    ),
    "E4": (
        "Vital signs",
        "Limits by age (PALS 2015) are soft. During an infusion the change since before it counts more.",
    ),
    "E5": (
        "Immunoglobulin A and antibodies",
        "A child with hardly any IgA may react to the product. An antibody that appears after a dose, without the virus, came "
        "with the product.",
    ),
    "E6": (
        "Other medicines and vaccines",
        "Medicines that raise platelets or disturb them are flagged. Live vaccines wait for the antibodies to go.",
    ),
}

#: What oversees the data decides nothing about a child. Requirement -> (short name, what it says in plain words).
OVERSIGHT: dict[str, tuple[str, str]] = {
    "RQ-10": (
        "Review of the trail",
        "The listings of the monthly review look for late entries, unusual hours, reasons that say nothing and answers "
        "repeated from visit to visit. They raise questions; they judge nobody.",
    ),
    "RQ-63": (
        "Consent and look-back",
        "Who is asked for assent, and how far back the time before the consent is looked at.",
    ),
    "P1": (
        "Stock",
        "What the work list says about the freezer: bags that run out of time, and doses to come for which the bags of a fitting "
        "blood group are too few. It warns and blocks nothing.",
    ),
    "RQ-15": (
        "Access log",
        "Who looked at a participant stands in the access log, once in a while and not for every click.",
    ),
}

SAFETY: dict[str, tuple[str, str]] = {
    "S1": (
        "When an adverse event began",
        "During the infusion, immediate, delayed or late, counted from the latest infusion that had started. Infusion-related "
        "means during or immediate.",
    ),
    "S2": (
        "Clocks of a report",
        "Two families run side by side and the earliest deadline counts. Hours are elapsed time; days are days of the "
        "calendar in Cairo, those of ICH to the end of the day.",
    ),
}

#: What a question would settle (the rules, or the part of the trial), and the question.
QUESTIONS: tuple[tuple[str, str], ...] = (
    (
        "all",
        "Which primary and secondary outcomes, with which time frames, were posted in the registry?",
    ),
    (
        "R13",
        "Which counts define CR, R and NR: 30 and 100 as in IWG 2009, or 50 and 100 as in the earlier Egyptian trial?",
    ),
    (
        "R20-R23",
        "How are sustained and other response off therapy worded: thresholds, start of the clock, 180 days or six "
        "calendar months, and is the difference one of time or of level?",
    ),
    (
        "R12, R24",
        "Which bleeding tool and version is meant by 'BAT', who grades, and does grade 1 already count as bleeding?",
    ),
    (
        "R6",
        "Which interval belongs to which count, and may maintenance stop early in a child with 100 or more?",
    ),
    (
        "R3, R17",
        "Is there an entry count, which pause after steroids or IVIG is required, and may steroids be tapered after entry?",
    ),
    (
        "R1, R2",
        "Does '10 years' end at the 10th or the 11th birthday? Do exactly 3 and 12 months count as persistent, and "
        "on which day: consent or first dose?",
    ),
    (
        "R5, R7",
        "Is the dose meant as IgG or as total protein, what does a lot contain, what of partial bags, how long does "
        "a maintenance infusion run, and which premedication is allowed?",
    ),
    (
        "R4",
        "What is the rule for matching blood groups, and when are DAT, haemoglobin, virology and IgA tested?",
    ),
    (
        "safety",
        "What are the three centres and the approvals, and who answers for the sponsor within 24 hours?",
    ),
    (
        "consent",
        "From which age does a child assent, do both parents sign, and what of parents who cannot read?",
    ),
    (
        "questionnaires",
        "Which questionnaires for activity, school and satisfaction, in which language, with which licence?",
    ),
    (
        "records",
        "How long are the records kept, and who holds the key between donors and lots?",
    ),
    (
        "registry",
        "When was the trial first posted, and did enrolment begin before?",
    ),
)

_INTRO = f"""\
# The protocol as the system applies it

*{TITLE}* ({REGISTRY_ID}, {SPONSOR}). Rules version {RULES_VERSION}.

This page lists every number that the system uses to judge eligibility, doses, intervals, bleeding and response, with
the place it comes from. The public registry record leaves many of them open. Where it does, we chose a value and call
it an **assumption**; the screens say so too, wherever such a number decides something. The sponsor can confirm or
change each of them in one place (`itp_trial/protocol.py`), after which every verdict is derived anew.

This file is generated (`python -m itp_trial.protocol_doc > docs/protocol.md`); do not edit it by hand."""


def markdown() -> str:
    """The whole document, ending with a newline."""
    chapters = {"Rules": RULES, "Safety": SAFETY, "Edit checks": EDIT_CHECKS, "Oversight": OVERSIGHT}
    parts = [text for title, found in chapters.items() for text in (f"## {title}", *_chapters(found))]
    return "\n\n".join([_INTRO, *parts, "## Questions to the sponsor", _questions()]) + "\n"


def _chapters(chapters: dict[str, tuple[str, str]]) -> Iterator[str]:
    for rule, (name, summary) in chapters.items():
        yield f"### {rule} {name}"
        yield summary
        if parameters := [parameter for parameter in PARAMETERS.values() if parameter.rule == rule]:
            yield _table(parameters)


def _table(parameters: list[Parameter]) -> str:
    head = "| Name | Value | Unit | Meaning | Source |\n|---|---|---|---|---|"
    return "\n".join([head, *(_row(parameter) for parameter in parameters)])


def _row(parameter: Parameter) -> str:
    source = f"{parameter.source}; **assumption**" if parameter.assumption else parameter.source
    cells = (f"`{parameter.name}`", _shown(parameter.value), parameter.unit, parameter.meaning, source)
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def _shown(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:f}" if isinstance(value, Decimal) else str(value)


def _questions() -> str:
    lines = ["Each has a default above or in the forms, so that the system works until it is answered.", ""]
    lines += [f"{number}. {text} ({rules})" for number, (rules, text) in enumerate(QUESTIONS, start=1)]
    return "\n".join(lines)


if __name__ == "__main__":
    sys.stdout.write(markdown())
