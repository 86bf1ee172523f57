"""ITP-BAT v1.0 (SMOG): the 18 bleeding items and the grades of skin, mucosa and organ (rule R24, protocol 4.1).

Source: Rodeghiero et al., Blood 2013;121:2596. The labels and grade texts are our own short words, not the tool's
wording; compare them with table 2 of the paper before go-live. Grades are ordinal: never add them up.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

from itp_trial.protocol import RULES_VERSION, value
from itp_trial.reasons import Reason

Domain = Literal["S", "M", "O"]
Evidence = Literal["seen", "record", "report"]
Proof = Literal["visible", "documented", "objective"]

REPORT_ONLY_GRADE_MAX: int = value("REPORT_ONLY_GRADE_MAX")
FATAL = 5

DOMAINS: tuple[tuple[Domain, str], ...] = (("S", "skin"), ("M", "mucosa"), ("O", "organ"))


@dataclass(frozen=True)
class Item:
    """One bleeding sign: its domain, the grades it has and a text for each of them (same order).

    ``proof`` is what a grade above 1 needs: "visible" = seen at the visit; "documented" = seen at the visit or in a
    medical record; "objective" = the same, after an objective diagnosis (imaging, puncture, fundoscopy).
    """

    code: str
    domain: Domain
    label: str
    grades: tuple[int, ...]
    texts: tuple[str, ...]
    proof: Proof

    def text(self, grade: int) -> str:
        """What a grade means for this item; ValueError for a grade that the item does not have."""
        if grade not in self.grades:
            allowed = ", ".join(str(each) for each in self.grades)
            raise ValueError(f"{self.label} has no grade {grade}; possible: {allowed}.")
        return self.texts[self.grades.index(grade)]


def _item(code: str, domain: Domain, label: str, proof: Proof, texts: Mapping[int, str]) -> Item:
    every = {0: "None", **texts, FATAL: "Fatal bleeding"}
    return Item(code, domain, label, tuple(every), tuple(every.values()), proof)


_BRIEF = "Less than 5 min, or known by report only"
_LONG = "More than 5 min, or disturbs the day"
_REPORTED = "Known by report only"
_FOUND = "Seen at the visit or documented"
_BLOOD_LOSS = "Red cells transfused, or Hb down by more than 2 g/dL"

ITEMS: tuple[Item, ...] = (
    _item("petechiae", "S", "Petechiae (not from steroids)", "visible", {
        1: "10 or fewer in one palm-sized area, or any by report",
        2: "More than 10 in one palm-sized area, or more than 5 in two, above and below the belt",
        3: "More than 50, scattered above and below the belt",
    }),
    _item("ecchymoses", "S", "Ecchymoses (spontaneous or larger than the trauma explains)", "visible", {
        0: "None, or up to 2 in one area, each smaller than a palm",
        1: "Smaller than a palm: 3 or more in one area or 2 or more in two areas; or any by report",
        2: "1 to 5 larger than a palm",
        3: "More than 5 larger than a palm",
    }),
    _item("haematoma", "S", "Haematomas under the skin", "visible", {
        1: "One, smaller than a palm, or any by report",
        2: "Two, smaller than a palm",
        3: "More than two, or one larger than a palm",
    }),
    _item("minor_wound", "S", "Bleeding from minor wounds", "documented", {
        1: _BRIEF, 2: _LONG, 3: "Needs long medical observation",
    }),
    _item("epistaxis", "M", "Nosebleed", "documented", {
        1: _BRIEF, 2: _LONG, 3: "Packed, cauterised or examined in hospital", 4: _BLOOD_LOSS,
    }),
    _item("gum", "M", "Gum bleeding", "documented", {
        1: _BRIEF, 2: _LONG, 3: "Needs long medical observation", 4: _BLOOD_LOSS,
    }),
    _item("vesicles", "M", "Blood blisters in the mouth", "visible", {
        1: "Fewer than 3, or any by report",
        2: "3 to 10, chewing is easy",
        3: "More than 10, or more than 5 and chewing is hard",
    }),
    _item("bite_tooth", "M", "Bitten lip or tongue, lost or pulled milk tooth", "documented", {
        1: _BRIEF, 2: _LONG, 3: "Treated to stop it, or examined in hospital", 4: _BLOOD_LOSS,
    }),
    _item("subconjunctival", "M", "Bleeding in the white of the eye", "visible", {
        1: "Part of one eye, or any by report",
        2: "All of one eye, or part of both",
        3: "All of both eyes",
    }),
    _item("gastrointestinal", "O", "Stomach or bowel bleeding (not swallowed blood)", "documented", {
        1: _REPORTED, 2: _FOUND, 3: "Endoscopy or examined in hospital", 4: _BLOOD_LOSS,
    }),
    _item("lung", "O", "Bleeding from lung or airways", "documented", {
        1: _REPORTED, 2: _FOUND, 3: "Bronchoscopy or examined in hospital", 4: _BLOOD_LOSS,
    }),
    _item("haematuria", "O", "Blood in the urine", "documented", {
        1: "Known by report only, or found in the laboratory only",
        2: "Visible to the eye, seen at the visit or documented",
        3: "Visible to the eye, with cystoscopy or examined in hospital",
        4: _BLOOD_LOSS,
    }),
    _item("menorrhagia", "O", "Heavy periods (none if not applicable)", "documented", {
        1: "Twice the usual pads, or a higher picture score than before ITP",
        2: "Changes more often than every 2 hours, or clots and flooding",
        3: "Antifibrinolytic plus hormones, or gynaecological work-up",
        4: "Acute admission or ablation; red cells transfused, or Hb down by more than 2 g/dL",
    }),
    _item("muscle", "O", "Muscle haematoma", "objective", {
        1: "After trauma, larger than it explains",
        2: "Spontaneous",
        3: "Admission or surgery",
        4: _BLOOD_LOSS,
    }),
    _item("joint", "O", "Joint bleeding", "objective", {
        1: "After trauma, the joint works",
        2: "Spontaneous, the joint works",
        3: "Joint rested in a splint or punctured",
        4: "Surgery",
    }),
    _item("ocular", "O", "Bleeding inside the eye", "objective", {
        1: "After trauma, vitreous or retina, larger than it explains",
        2: "Spontaneous, sight is worse",
        3: "Spontaneous, sight is lost",
    }),
    _item("intracranial", "O", "Bleeding inside the skull", "objective", {
        2: "After trauma, admitted",
        3: "Spontaneous with an underlying lesion, admitted",
        4: "Spontaneous without an underlying lesion, admitted",
    }),
    _item("other_internal", "O", "Other internal bleeding", "objective", {
        3: "Admitted for less than 48 hours",
        4: "Admitted for more than 48 hours; red cells transfused, or Hb down by more than 2 g/dL",
    }),
)  # fmt: skip

BY_CODE: Mapping[str, Item] = MappingProxyType({item.code: item for item in ITEMS})


@dataclass(frozen=True)
class Observation:
    """The worst grade of one item in the interval and how it is known; ``grade`` None = not assessed.

    Raises ValueError for an unknown item and for a grade that the item does not have.
    """

    item: str
    grade: int | None
    evidence: Evidence | None = None

    def __post_init__(self) -> None:
        if self.item not in BY_CODE:
            raise ValueError(f"ITP-BAT has no item '{self.item}'.")
        if self.grade is not None:
            BY_CODE[self.item].text(self.grade)


@dataclass(frozen=True)
class Graded:
    """The grade of one item after the evidence rule, with the reason if it differs from what was entered."""

    item: Item
    grade: int | None
    reasons: tuple[Reason, ...] = ()


@dataclass(frozen=True)
class Smog:
    """The three domain grades; None = not evaluable. ``text`` such as "S2M1O0", with "x" for not evaluable."""

    skin: int | None
    mucosa: int | None
    organ: int | None
    text: str
    reasons: tuple[Reason, ...]
    rules_version: str = RULES_VERSION


def capped(observation: Observation) -> Graded:
    """The grade that the evidence supports (R24).

    Known by report only, or without any evidence named, a grade is 1 at most; signs that must be visible also need to
    be seen at the visit, a record is not enough. An item that has no grade 1 (inside the skull, other internal) is then
    not evaluable instead of 0, so that a reported haemorrhage never reads as "no bleeding". Fatal bleeding is
    never lowered.
    """
    item, grade = BY_CODE[observation.item], observation.grade
    if grade is None or grade <= REPORT_ONLY_GRADE_MAX or grade == FATAL or _proven(item, observation.evidence):
        return Graded(item, grade)
    lowered = REPORT_ONLY_GRADE_MAX if REPORT_ONLY_GRADE_MAX in item.grades else None
    outcome = "not evaluable" if lowered is None else f"counted as {lowered}"
    text = f"{item.label}: grade {grade} {_KNOWN_BY[observation.evidence]} is {outcome}; {_NEEDED[item.proof]}."
    return Graded(item, lowered, (Reason("R24", text),))


_KNOWN_BY: Mapping[Evidence | None, str] = {
    "record": "from a record only",
    "report": "by report only",
    None: "without evidence",
}
_NEEDED: Mapping[Proof, str] = {
    "visible": f"a grade above {REPORT_ONLY_GRADE_MAX} must be seen at the visit",
    "documented": f"a grade above {REPORT_ONLY_GRADE_MAX} must be seen at the visit or be in a medical record",
    "objective": "it needs an objective diagnosis, seen at the visit or in a medical record",
}


def _proven(item: Item, evidence: Evidence | None) -> bool:
    return evidence == "seen" or (evidence == "record" and item.proof != "visible")


def grade(observations: Iterable[Observation]) -> Smog:
    """The domain grades of one interval; an item without an observation was not assessed.

    Domain = its highest item. A domain is not evaluable if an item was not assessed and the others are all 0 (R24).
    Raises ValueError if an item is given twice.
    """
    graded = _graded_by_code(observations)
    verdicts = [_domain(domain, label, graded) for domain, label in DOMAINS]
    caps = [reason for item in ITEMS if item.code in graded for reason in graded[item.code].reasons]
    skin, mucosa, organ = (verdict for verdict, _ in verdicts)
    text = "".join(f"{domain}{'x' if found is None else found}" for (domain, _), (found, _) in zip(
        DOMAINS, verdicts, strict=True))  # fmt: skip
    return Smog(skin, mucosa, organ, text, (*caps, *(reason for _, reason in verdicts)))


def _graded_by_code(observations: Iterable[Observation]) -> dict[str, Graded]:
    graded: dict[str, Graded] = {}
    for observation in observations:
        if observation.item in graded:
            raise ValueError(f"{BY_CODE[observation.item].label} is given twice.")
        graded[observation.item] = capped(observation)
    return graded


def _domain(domain: Domain, label: str, graded: Mapping[str, Graded]) -> tuple[int | None, Reason]:
    grades = {item: graded[item.code].grade if item.code in graded else None for item in ITEMS if item.domain == domain}
    worst = max((each for each in grades.values() if each is not None), default=0)
    missing = [item.label for item, each in grades.items() if each is None]
    if worst == 0 and missing:
        return None, Reason("R24", f"{label.capitalize()} not evaluable, no grade for: {'; '.join(missing)}.")
    if worst == 0:
        return 0, Reason("R24", f"{label.capitalize()} 0: no bleeding.")
    leading = "; ".join(f"{item.label} ({item.text(worst)})" for item, each in grades.items() if each == worst)
    return worst, Reason("R24", f"{label.capitalize()} {worst}: {leading}.")
