"""CTCAE v5.0 for this trial as a table: the terms to choose from, and what each of their grades means.

A grade that does not stand in the table does not exist: headache has no grade 4, meningitis no grade 1. The version is frozen in
the protocol; CTCAE v6.0 would shift the grades. Definitions are our paraphrase of the public data set. "Daily life" is,
in a young child, play, feeding and sleep, judged with the parents.

``READ`` terms are transcribed in ``protocol.md`` 6.2; ``REMEMBERED`` ones (the rest of the pick list in 6.1) were written down
from memory of the published table and have to be compared with it before the first child.
"""

from __future__ import annotations

from dataclasses import dataclass

VERSION = "CTCAE v5.0"
READ, REMEMBERED = "protocol 6.2", "published table, to be compared"


@dataclass(frozen=True)
class Term:
    """One coded term: the word that is stored, its name, its MedDRA code, and the definition of every grade that it has."""

    code: str
    name: str
    meddra: str
    group: str
    grades: dict[int, str]
    source: str = READ

    @property
    def possible(self) -> str:
        """The grades in words: ``1, 2, 3``."""
        return ", ".join(map(str, self.grades))


# fmt: off
_LIFE, _DEATH = "Life-threatening; urgent treatment", "Death"
_ADL = ("Mild", "Moderate: limits the larger things of daily life", "Severe: limits self-care (feeding, dressing, sleep)")


def _t(code: str, name: str, meddra: str, group: str, *grades: str, source: str = READ, first: int = 1) -> Term:
    """Grades from ``first`` on; an empty text is a grade that does not exist."""
    return Term(code, name, meddra, group, {n: text for n, text in enumerate(grades, start=first) if text}, source)


GENERAL, SKIN, LUNG, HEART, NERVES, GUT, BLOOD, TESTS, OTHER = (
    "General and infusion", "Skin and allergy", "Breathing", "Heart and vessels", "Head and nerves", "Stomach and gut",
    "Blood and bleeding", "Laboratory", "Other",
)
_TABLE = (
    _t("infusion_reaction", "Infusion related reaction", "10051792", GENERAL,
       "Mild and transient; no interruption, no treatment",
       "Interruption or treatment, prompt response; prophylaxis for at most 24 h",
       "Prolonged, or recurs after improving, or admission for its consequences", _LIFE, _DEATH),
    _t("fever", "Fever", "10016558", GENERAL, "38.0 to 39.0 °C", "More than 39.0 to 40.0 °C",
       "More than 40.0 °C for at most 24 h", "More than 40.0 °C for more than 24 h", _DEATH),
    _t("chills", "Chills", "10008531", GENERAL, "Mild feeling of cold, shivering, chattering teeth",
       "Shaking of the whole body; opioid indicated", "Severe or prolonged, does not respond to opioids"),
    _t("fatigue", "Fatigue", "10016256", GENERAL, "Relieved by rest",
       "Not relieved by rest; limits the larger things of daily life",
       "Not relieved by rest; limits self-care", source=REMEMBERED),
    _t("flushing", "Flushing", "10016825", GENERAL, "No symptoms; no treatment", "Moderate symptoms; treatment indicated",
       "With low blood pressure or fast pulse; limits self-care", source=REMEMBERED),
    _t("back_pain", "Back pain", "10003988", GENERAL, *_ADL, source=REMEMBERED),
    _t("myalgia", "Myalgia", "10028411", GENERAL, *_ADL, source=REMEMBERED),
    _t("arthralgia", "Arthralgia", "10003239", GENERAL, *_ADL, source=REMEMBERED),
    _t("chest_pain", "Non-cardiac chest pain (tightness)", "10062501", GENERAL, *_ADL, source=REMEMBERED),
    _t("extravasation", "Infusion site extravasation", "10064774", GENERAL, "Painless swelling",
       "Redness with swelling, pain, hardening or phlebitis", "Ulcer or necrosis; severe tissue damage; operation indicated",
       _LIFE, _DEATH),
    _t("site_reaction", "Injection site reaction (pain, phlebitis)", "10022095", GENERAL,
       "Tender, with or without warmth, redness, itching",
       "Pain, swelling or phlebitis", "Ulcer or necrosis; severe tissue damage; operation indicated", _LIFE, _DEATH,
       source=REMEMBERED),
    _t("urticaria", "Urticaria", "10046735", SKIN, "Less than 10 % of the body surface; topical treatment",
       "10 to 30 % of the body surface; oral treatment", "More than 30 % of the body surface; intravenous treatment"),
    _t("rash", "Rash maculo-papular", "10037868", SKIN, "Less than 10 % of the body surface",
       "10 to 30 % of the body surface, or more with mild symptoms", "More than 30 % with moderate or severe symptoms"),
    _t("pruritus", "Pruritus", "10037087", SKIN, "Mild or localised; topical treatment",
       "Widespread and intermittent; oral treatment", "Widespread and constant; limits self-care or sleep"),
    _t("allergic_reaction", "Allergic reaction", "10001718", SKIN, "No systemic treatment", "Oral treatment",
       "Bronchospasm, intravenous treatment, or admission", _LIFE, _DEATH),
    _t("anaphylaxis", "Anaphylaxis", "10002218", SKIN,
       "Bronchospasm, oedema or angio-oedema, low blood pressure; parenteral treatment", _LIFE, _DEATH, first=3),
    _t("serum_sickness", "Serum sickness", "10040400", SKIN, "No symptoms; no treatment", "Joint pain, fever, rash",
       "Severe joint pain or rash; steroids or intravenous fluids", "Vasopressor or ventilation", _DEATH),
    _t("dyspnoea", "Dyspnoea", "10013963", LUNG, "On moderate exertion", "On minimal exertion", "At rest; limits self-care",
       _LIFE, _DEATH),
    _t("bronchospasm", "Bronchospasm", "10006482", LUNG, "Mild; no treatment", "Treatment indicated",
       "Oxygen saturation falls; oxygen given", "Intubation or urgent treatment", _DEATH),
    _t("wheezing", "Wheezing", "10047924", LUNG, "Heard, with minimal symptoms", "Moderate symptoms; treatment indicated",
       "Severe; oxygen or admission", _LIFE, source=REMEMBERED),
    _t("cough", "Cough", "10011224", LUNG, *_ADL, source=REMEMBERED),
    _t("ards", "Adult respiratory distress syndrome (used for TRALI)", "10001409", LUNG,
       "Seen on the chest film; no intubation", "Intubation or urgent treatment", _DEATH, first=3),
    _t("hypotension", "Hypotension", "10021097", HEART, "No symptoms; no treatment", "Treatment, not urgent",
       "Treatment and admission", _LIFE, _DEATH),
    _t("hypertension", "Hypertension (child)", "10020772", HEART, "Above the 90th to below the 95th centile",
       "95th centile to 5 mmHg above the 99th; or for 24 h and more, or one drug",
       "More than 5 mmHg above the 99th centile; more than one drug", "Hypertensive crisis", _DEATH),
    _t("tachycardia", "Sinus tachycardia", "10040752", HEART, "No symptoms; no treatment", "Symptoms; treatment, not urgent",
       "Urgent treatment", source=REMEMBERED),
    _t("thromboembolism", "Thromboembolic event", "10043565", HEART, "No treatment (superficial)", "Treatment indicated",
       "Urgent treatment (for example pulmonary embolism)", "Unstable circulation or breathing", _DEATH),
    _t("headache", "Headache", "10019211", NERVES, *_ADL),
    _t("dizziness", "Dizziness", "10013573", NERVES, *_ADL, source=REMEMBERED),
    _t("meningitis", "Meningitis (infectious)", "10027199", NERVES,
       "Intravenous anti-infective, focal deficit, or invasive treatment", _LIFE, _DEATH, first=3),
    _t("nervous_other", "Nervous system disorder, other (used for aseptic meningitis)", "10029205", NERVES,
       "No or mild symptoms", "Moderate; limits the larger things of daily life",
       "Severe, admission; limits self-care", _LIFE, _DEATH),
    _t("intracranial_haemorrhage", "Intracranial haemorrhage", "10022763", NERVES, "No symptoms; seen on imaging",
       "Moderate symptoms; treatment", "Monitoring or invasive treatment, admission", _LIFE, _DEATH),
    _t("nausea", "Nausea", "10028813", GUT, "Less appetite", "Eats and drinks less", "Tube, parenteral feeding or admission"),
    _t("vomiting", "Vomiting", "10047700", GUT, "No treatment", "Intravenous fluids as an outpatient",
       "Tube, parenteral feeding or admission", _LIFE, _DEATH),
    _t("abdominal_pain", "Abdominal pain", "10000081", GUT, *_ADL, source=REMEMBERED),
    _t("haemolysis", "Haemolysis", "10019491", BLOOD, "Laboratory only (direct antiglobulin test, haptoglobin)",
       "With a fall of haemoglobin of 2 g/dL or more", "Transfusion or steroids", _LIFE, _DEATH),
    _t("anaemia", "Anaemia", "10002272", BLOOD, "Below normal to 10 g/dL", "Below 10 to 8 g/dL", "Below 8 g/dL, or transfusion",
       _LIFE, _DEATH),
    _t("epistaxis", "Epistaxis", "10015090", BLOOD, "No treatment", "Packing, cautery, topical treatment",
       "Transfusion or invasive treatment", _LIFE, _DEATH),
    _t("kidney_injury", "Acute kidney injury", "10069339", TESTS, "Admission", "Dialysis; life-threatening", _DEATH, first=3),
    _t("creatinine", "Creatinine increased", "10011368", TESTS, "Above normal to 1.5 × upper limit",
       "Above 1.5 to 3 × baseline or upper limit", "Above 3 × baseline, or above 3 to 6 × upper limit", "Above 6 × upper limit"),
    _t("alt", "Alanine aminotransferase increased", "10001551", TESTS, "Above normal to 3 × upper limit", "Above 3 to 5 ×",
       "Above 5 to 20 ×",
       "Above 20 ×"),
    _t("ast", "Aspartate aminotransferase increased", "10003481", TESTS, "Above normal to 3 × upper limit", "Above 3 to 5 ×",
       "Above 5 to 20 ×",
       "Above 20 ×"),
    _t("neutrophils", "Neutrophil count decreased", "10029366", TESTS, "Below normal to 1.5 ×10⁹/L", "Below 1.5 to 1.0",
       "Below 1.0 to 0.5",
       "Below 0.5"),
    _t("leukocytes", "White blood cell decreased", "10049182", TESTS, "Below normal to 3.0 ×10⁹/L", "Below 3.0 to 2.0",
       "Below 2.0 to 1.0",
       "Below 1.0"),
    _t("platelets", "Platelet count decreased", "10035528", TESTS, "Below normal to 75 ×10⁹/L", "Below 75 to 50",
       "Below 50 to 25",
       "Below 25"),
    _t("hyponatraemia", "Hyponatraemia", "10021038", TESTS, "Below normal to 130 mmol/L", "125 to 129 mmol/L without symptoms",
       "125 to 129 mmol/L with symptoms, or 120 to 124", "Below 120 mmol/L", _DEATH, source=REMEMBERED),
    _t("infection_other", "Infection, other", "10021881", OTHER, "No or mild symptoms", "Moderate; oral treatment",
       "Severe; intravenous treatment, admission", _LIFE, _DEATH, source=REMEMBERED),
    _t("other", "Other, none of the above", "", OTHER, "Mild; no treatment", "Moderate; limits the larger things of daily life",
       "Severe, not immediately life-threatening; admission, limits self-care", _LIFE, _DEATH, source=REMEMBERED),
)
# fmt: on

TERMS: dict[str, Term] = {term.code: term for term in _TABLE}
INFUSION_REACTION, ALLERGIC_REACTION, URTICARIA, PLATELETS = "infusion_reaction", "allergic_reaction", "urticaria", "platelets"


def is_possible(code: str, grade: int) -> bool:
    """Whether this term has this grade. Raises ``KeyError`` for an unknown term."""
    return grade in TERMS[code].grades


def definition(code: str, grade: int) -> str:
    """What this grade means for this term, or an empty text where the term has no such grade."""
    return TERMS[code].grades.get(grade, "")


def no_such_grade(code: str, grade: int) -> str:
    """The refusal in words: what does not exist, and what does."""
    term = TERMS[code]
    return f"“{term.name}” has no grade {grade} in {VERSION}. Possible grades: {term.possible}."


def reported_twice(code: str, *, infusion_related: bool, beside_reaction: bool) -> str:
    """Why this term asks a question beside an infusion (CTCAE: one event, not two), or an empty text.

    :param infusion_related: the event began during the infusion or within the day after it
    :param beside_reaction: an infusion related reaction to the same infusion is reported already
    """
    if code == ALLERGIC_REACTION and infusion_related:
        also = " There is one for this infusion already." if beside_reaction else ""
        return f"An allergic reaction to the infusion is reported only as “Infusion related reaction”, not as both.{also}"
    if code == URTICARIA and infusion_related and beside_reaction:
        return "The reaction to this infusion is reported already. Is this urticaria a part of it? Then it is one event."
    return ""


def is_platelet_event(*, baseline: float, count: float, with_consequences: bool) -> bool:
    """Whether a low platelet count is an adverse event in this disease: only worse than baseline, and with consequences."""
    return count < baseline and with_consequences
