"""Builds a trial the way people do: through the named actions and the forms, never past them.

The demonstration, the tests, the pictures of the manual and the benchmarks use the same verbs, so whatever they build is
something that the application itself would have accepted.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from types import MappingProxyType
from typing import Any

from assessments import smog
from casebook import actions as casebook
from casebook.forms import CrfForm
from casebook.models import Finding, FormRecord, Participant, Visit
from casebook.selectors import RECORDS
from demo.observations import ANSWERS, Observed, at
from dosing.actions import move_bags
from dosing.blood_group import abo_of
from dosing.compatibility import match
from dosing.crfs import Bag, InfusionBag
from dosing.dose import planned_grams
from enrollment import actions as enrollment
from enrollment.deviations import DeviationCause
from enrollment.eligibility import add_months
from identity.actions import Kept, keep_identity
from identity.details import Details
from itp_trial.models import Site, User
from itp_trial.normalise import moment
from itp_trial.permissions import access_of
from itp_trial.schedule import VISITS
from responses.models import ResponseSummary
from signatures import actions as signing
from signatures.matters import Matter
from signatures.models import Scope, Signature
from signatures.paper import paper_of

NOT_APPLICABLE = "~NA"
IGG_G_PER_L = Decimal(45)
#: The age from which a child is asked for assent (assumption of the consent form).
ASSENT_FROM = 7
LOAD_HOURS, MAINTENANCE_HOURS = 7, 4
THAWED_BEFORE = timedelta(hours=1)


class NotFilled(ValueError):
    """The application refused what the builder wanted to enter; the message names the form and each item."""


# --- forms -----------------------------------------------------------------------------------------------------------


def fill(record: FormRecord, by: User, *, reason: str = "typing", **answers: Any) -> casebook.Saved:
    """Enters answers into a form and saves it, as the page would: what is stored stays unless an answer replaces it.

    An answer is a value, ``None`` for "leave empty", ``"~ND"`` for a reason why it is missing, or for repeating rows a
    list of dictionaries. Raises ``NotFilled`` where the form is not valid.
    """
    record = RECORDS.get(pk=record.pk)
    posted = {"record-version": str(record.version), **_stored(record), **_posted(answers)}
    form = CrfForm(record.crf(), {**posted, "change-reason": reason})
    if not form.is_valid():
        wrong = "; ".join(f"{name or 'form'}: {' '.join(messages)}" for name, messages in form.errors.items())
        raise NotFilled(f"{record.form} of {record.participant or record.site}: {wrong}")
    return casebook.save_form(form=form, by=by)


def _stored(record: FormRecord) -> dict[str, str]:
    """What stands in the inputs of a form that was saved before."""
    if not record.version:
        return {}
    page = CrfForm(record.crf())
    shown = [page.main, *(row for group in page.groups for row in group.forms)]
    posted = {f.name: f"~{f.missing}" if f.missing else f.typed for sheet in shown for f in sheet.fields.values()}
    for group in page.groups:
        posted[f"{group.model.slug}-count"] = str(group.count)
        stored = {f"{row.prefix}id": row.stored_id for row in group.forms}
        posted |= {name: key for name, key in stored.items() if key}
    return posted


def _posted(answers: Mapping[str, Any]) -> dict[str, str]:
    posted: dict[str, str] = {}
    for name, answer in answers.items():
        if isinstance(answer, list):
            posted[f"{name}-count"] = str(len(answer))
            posted |= {f"{name}-{i}-{key}": text for i, row in enumerate(answer) for key, text in _posted(row).items()}
        else:
            posted[name] = "" if answer is None else str(answer)
    return posted


def sign(matter: Matter, by: User) -> Signature:
    """Signs what this person would be shown now; the page asks for the password besides."""
    paper = paper_of(matter, by=by, access=access_of(by))
    return signing.sign(matter=matter, shown=paper.hash, by=by, factors="password")


def confirm(saved: casebook.Saved, code: str, explanation: str, by: User) -> list[Finding]:
    """Confirms the open findings of this code as what the source says."""
    wanted = [finding for finding in saved.open_findings if finding.code == code]
    return [casebook.confirm_finding(finding=finding, explanation=explanation, by=by) for finding in wanted]


def record(participant: Participant, form: str, code: str = "", repeat: int = 1) -> FormRecord:
    """The record of a form: of a visit by its code (``repeat``: which unscheduled one), else of the log."""
    found = RECORDS.filter(participant=participant, form=form)
    return found.get(visit__code=code, visit__repeat=repeat) if code else found.get(visit=None, repeat=repeat)


def no_bleeding(on: date) -> dict[str, Any]:
    return {"assessed_on": on, "any_bleeding": "N"}


def bleeding(on: date, *, today: bool = True, **grades: int) -> dict[str, Any]:
    """The answers of a bleeding assessment with these grades, seen at the visit; everything else is grade 0."""
    answers: dict[str, Any] = {"assessed_on": on, "any_bleeding": "Y"}
    for sign in smog.ITEMS:
        answers[sign.code] = grades.get(sign.code, 0)
    for code in grades:
        answers |= {f"{code}_evidence": "seen", f"{code}_today": "Y" if today else "N"}
    return answers


# --- a hospital at work ----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Facts:
    """What screening writes down about a child; the defaults let it in."""

    age: int = 6
    sex: str = "F"
    months: int = 6
    count: Decimal | int = 12

    def born(self, screened_on: date) -> date:
        return add_months(screened_on, -12 * self.age) - timedelta(days=100)


@dataclass
class Clinic:
    """One hospital with the people who enter its data and the bags in its freezer."""

    site: Site
    coordinator: User
    investigator: User
    pharmacist: User
    bags: list[Bag] = field(default_factory=list)

    def receive_lot(self, number: str, *, volumes: Iterable[int], on: date, expires: date, **answers: Any) -> FormRecord:
        """The pharmacist enters a lot with its bags; released ones can be given from now on."""
        lot = casebook.add_product_record(site=self.site, form="lot", by=self.pharmacist)
        rows = [{"label": f"{i:02d}", "volume_ml": volume} for i, volume in enumerate(volumes, start=1)]
        release = {"released": "Y", "released_by": "Head of the blood bank", "released_on": on + timedelta(days=2)}
        usual = {**_CERTIFICATE, "lot_number": number, "pool": f"P-{number}", "received_on": on, "expires_on": expires}
        fill(lot, self.pharmacist, **{**usual, **release, "bags": rows, **answers})
        came = list(Bag.objects.filter(crf__record=lot).select_related("crf"))
        self._move(came, "frozen", moment(at(on, 14)), place="Freezer 1")
        if {**release, **answers}["released"] == "Y":
            self.bags += came
        return lot

    def _move(self, bags: list[Bag], kind: str, when: datetime, **words: str) -> None:
        if bags:
            move_bags(bags=bags, kind=kind, at=when, by=self.pharmacist, **words)

    def start_screening(self, on: date) -> Participant:
        return enrollment.start_screening(site=self.site, by=self.coordinator, on=on)

    def screen(self, child: Participant, on: date, facts: Facts, **answers: Any) -> casebook.Saved:
        """The screening form; ``answers`` replace the ones that would let the child in."""
        usual = {**_CRITERIA, **_SAFETY_SCREEN, "screened_on": on, "sex": facts.sex}
        usual |= {"birth_date": facts.born(on)}
        usual |= {"diagnosed_on": add_months(on, -facts.months), "entry_count": facts.count, "entry_count_on": on}
        return fill(record(child, "screening", "SCREEN"), self.coordinator, **{**usual, **answers})

    def meet_family(self, child: Participant, details: Details) -> Kept:
        """How to reach the family goes into the vault, and the child is compared with all others."""
        return keep_identity(participant=child, details=details, version=0, by=self.coordinator)

    def consent(self, child: Participant, on: date, facts: Facts, **answers: Any) -> casebook.Saved:
        """Both parents consent, and a child who is old enough assents."""
        usual = {**_CONSENT, "consented_at": at(on, 9), "explained_by": self.investigator.full_name}
        usual |= {"assent": "Y" if facts.age >= ASSENT_FROM else NOT_APPLICABLE}
        return fill(record(child, "consent", "SCREEN"), self.coordinator, **{**usual, **answers})

    def observe(self, child: Participant, code: str, seen: Observed,
                says: Mapping[str, Mapping[str, Any]] = MappingProxyType({})) -> list[casebook.Saved]:  # fmt: skip
        """Everything of a visit that is measured or asked besides counts, bleeding and infusions.

        ``says`` by form replaces the usual answers.
        """
        forms = (form for form in VISITS[code].forms if form in ANSWERS)
        answers = {form: {**ANSWERS[form](seen), **says.get(form, {})} for form in forms}
        return [fill(record(child, form, code), self.coordinator, **said) for form, said in answers.items()]

    def consent_again(self, child: Participant, on: date, facts: Facts, version: str) -> casebook.Saved:
        """The family consents to the new version that it was asked about."""
        asked = RECORDS.get(participant=child, form="re-consent")
        usual = {**_CONSENT, "version": version, "consented_at": at(on, 9), "explained_by": self.investigator.full_name}
        return fill(asked, self.coordinator, **usual, assent="Y" if facts.age >= ASSENT_FROM else NOT_APPLICABLE)

    def history(self, child: Participant, on: date, facts: Facts, **answers: Mapping[str, Any]) -> None:
        """What happened before the trial: demography, ITP history with its therapies, medical and family history.

        ``answers`` by the slug of the form (with ``_`` for ``-``) replace the usual ones.
        """
        began = add_months(on, -facts.months)
        steroid = {"therapy": "prednisolone", "started_on": f"{began:%Y-%m}", "ended_on": f"{add_months(began, 1):%Y-%m}",
                   "response": "lost"}  # fmt: skip
        usual = {"demography": _DEMOGRAPHY, "itp_history": {**_ITP_HISTORY, "therapies": [steroid]}, "medical_history": _MEDICAL}
        for name, said in usual.items():
            slug = name.replace("_", "-")
            fill(record(child, slug, "SCREEN"), self.coordinator, **{**said, **answers.get(name, {})})

    def explain(self, cause: DeviationCause, grade: str = "minor") -> casebook.Saved:
        """A deviation that a rule found: explained by the coordinator, graded by the investigator."""
        said = {"category": cause.category, "occurred_on": cause.occurred_on, "description": cause.said}
        fill(cause.record, self.coordinator, **said, **_EXPLAINED)
        return fill(cause.record, self.investigator, grade=grade)

    def leave(self, child: Participant, on: date) -> casebook.Saved:
        """The forms of a child whose participation has ended: what was withdrawn, and what is left to say."""
        if child.state == Participant.State.WITHDRAWN:
            self.log(child, "withdrawal", withdrawn_on=on, **_WITHDRAWN)
        if child.state == Participant.State.DIED:
            self.log(child, "death", died_on=on, **_DEATH)
        return fill(record(child, "end-of-study"), self.coordinator, last_contact_on=on, **_ENDS[child.state])

    def sign_eligibility(self, child: Participant) -> Signature:
        """The investigator reads the forms of screening and confirms the eligibility, as the page would."""
        return sign(Matter(Scope.ELIGIBILITY, child), self.investigator)

    def enrol(self, child: Participant, on: date) -> Participant:
        return enrollment.enrol(participant=child, by=self.investigator, on=on)

    def admit(self, on: date, facts: Facts | None = None, *, enrolled: date | None = None) -> Participant:
        """A child from the first contact to enrolment, with the whole screening visit."""
        facts = facts or Facts()
        child = self.start_screening(on)
        self.screen(child, on, facts)
        self.consent(child, on, facts)
        self.history(child, on, facts)
        self.observe(child, "SCREEN", Observed(str(child.screening_number), "SCREEN", on, facts.age, facts.sex))
        self.sign_eligibility(child)
        return self.enrol(child, enrolled or on)

    def count(self, child: Participant, code: str, on: date, platelets: Any, **answers: Any) -> casebook.Saved:
        """A blood count in the morning of a day (before any infusion)."""
        usual = {"done": "Y", "taken_at": at(on, 8, 30), "quality": "good", "platelets": platelets}
        usual |= {"haemoglobin": "11.8", "leukocytes": "7.4", "bleeding": "0"}
        repeat = answers.pop("repeat", 1)
        return fill(record(child, "blood-count", code, repeat), self.coordinator, **{**usual, **answers})

    def no_count(self, child: Participant, code: str, why_not: str) -> casebook.Saved:
        """A blood count that the schedule asked for and nobody took."""
        return fill(record(child, "blood-count", code), self.coordinator, done="N", why_not=why_not)

    def extra_count(self, child: Participant, on: date, platelets: Any, **answers: Any) -> casebook.Saved:
        """A blood count at an unscheduled visit."""
        visit = casebook.add_unscheduled_visit(participant=child, on=on, forms=["blood-count"], by=self.coordinator)
        return self.count(child, "UNS", on, platelets, repeat=visit.repeat, **answers)

    def assess(self, child: Participant, code: str, on: date, *, grades: Mapping[str, int] | None = None,
               **answers: Any) -> casebook.Saved:  # fmt: skip
        usual = bleeding(on, **grades) if grades else no_bleeding(on)
        return fill(record(child, "bleeding-assessment", code), self.coordinator, **{**usual, **answers})

    def infuse(self, child: Participant, code: str, on: date, weight: Decimal | int, **answers: Any) -> casebook.Saved:
        """An infusion of the planned dose, started at 09:30, from bags of this hospital."""
        infusion = record(child, "infusion", code)
        dose = _visit(infusion).plan.infusion or 0
        rows = self.take_bags(planned_grams(Decimal(weight), dose), on, abo_of(child))
        hours = MAINTENANCE_HOURS if dose else LOAD_HOURS
        rate = sum(row["volume_ml"] for row in rows) / hours * Decimal("1.3")
        # Of today at night both would be now: then it started at midnight.
        start, stop = at(on, 9, 30), at(on, 9 + hours, 30)
        start = start if start < stop else at(on, 0)
        self._move(_bags(rows), "thawed", moment(start) - THAWED_BEFORE)
        usual = {"weight_kg": weight, "weight_on": on, "started_at": start, "stopped_at": stop}
        usual |= {"max_rate": rate.quantize(Decimal(1)), "stopped_early": "N", "reaction": "N", "bags": rows}
        saved = fill(infusion, self.coordinator, **{**usual, **answers})
        opened = [bag for bag in _bags(rows) if any(row["bag"] == bag.pk and row["volume_ml"] < bag.volume_ml for row in rows)]
        self._move(opened, "wasted", moment(stop), reason="Rest of an opened bag")
        return saved

    def take_bags(self, grams: Decimal, on: date, abo: str = "") -> list[dict[str, Any]]:
        """Bags for this dose: whole ones, and of the last one as much as is needed. A bag is given once."""
        left, rows = grams, []
        for bag in sorted(self._usable(on, abo), key=_grams, reverse=True):
            if _grams(bag) <= left:
                rows.append(self._take(bag, bag.volume_ml))
                left -= _grams(bag)
        if left > 0:
            rows.append(self._take_part(left, on, abo))
        return rows

    def _take_part(self, grams: Decimal, on: date, abo: str) -> dict[str, Any]:
        enough = [bag for bag in self._usable(on, abo) if _grams(bag) > grams]
        if not enough:
            raise NotFilled(f"Site {self.site.code} has no bag left that holds {grams} g.")
        bag = min(enough, key=_grams)
        return self._take(bag, (grams * 1000 / bag.crf.igg_g_per_l).quantize(Decimal("0.1")))

    def _take(self, bag: Bag, volume: Any) -> dict[str, Any]:
        self.bags.remove(bag)
        return {"bag": bag.pk, "volume_ml": volume}

    def _usable(self, on: date, abo: str) -> list[Bag]:
        """Of the child's own blood group; of a compatible one where there is none."""
        here = [bag for bag in self.bags if bag.crf.released_on <= on <= bag.crf.expires_on]
        level = {bag.pk: match(abo, bag.crf.blood_group or "").level for bag in here}
        same = [bag for bag in here if level[bag.pk] in ("fits", "unknown")]
        return same or [bag for bag in here if level[bag.pk] == "warning"]

    def log(self, child: Participant, form: str, **answers: Any) -> casebook.Saved:
        """A new entry of a log form: adverse event, bleeding episode, rescue."""
        entry = casebook.add_log_record(participant=child, form=form, by=self.coordinator)
        return fill(entry, self.coordinator, **answers)

    def assess_response(self, child: Participant, on: date, **answers: Any) -> casebook.Saved:
        """The investigator's own category, signed; the one that the rules compute unless ``answers`` say otherwise."""
        computed = ResponseSummary.objects.get(participant=child)
        usual = {"assessed_on": on, "category": computed.best_response, "off_therapy": computed.off_therapy or "PENDING"}
        entry = casebook.add_log_record(participant=child, form="response-assessment", by=self.investigator)
        saved = fill(entry, self.investigator, **{**usual, **answers})
        sign(Matter(Scope.FORM, child, record=saved.record), self.investigator)
        return saved


def stock(site: Site) -> list[Bag]:
    """The released bags in the freezer of a hospital."""
    given = InfusionBag.objects.values("bag")
    free = Bag.objects.filter(crf__record__site=site, crf__released="Y").exclude(pk__in=given)
    return list(free.select_related("crf"))


def _bags(rows: list[dict[str, Any]]) -> list[Bag]:
    return list(Bag.objects.filter(pk__in=[row["bag"] for row in rows]).select_related("crf"))


def _grams(bag: Bag) -> Decimal:
    return Decimal(bag.volume_ml * bag.crf.igg_g_per_l / 1000)


def _visit(found: FormRecord) -> Visit:
    if found.visit is None:
        raise LookupError(f"{found} belongs to no visit.")
    return found.visit


_CERTIFICATE = {
    "blood_group": "O", "donations": 20, "igg_g_per_l": IGG_G_PER_L, "basis": "IgG", "protein_g_per_l": "60.5",
    "iga_g_per_l": "6.8", "purity": "83.2", "anti_a": 32, "anti_b": 16, "aggregates": "1.8", "pka": 6,
    "anticomplementary": 20, "ph": "5.5", "osmolality": 290, "caprylic_acid": "0.05", "endotoxin": "0.2",
    "sterility": "sterile", "tested_by": "National blood transfusion centre; ELISA and nephelometry",
    **dict.fromkeys(("hbsag", "anti_hcv", "hiv", "syphilis", "nat"), "NEG"), "retained_sample": "Blood bank, freezer R2",
}  # fmt: skip
_PAPERS = "Hospital record and parents"
_EXCLUDING = ("tpo_ra", "ivig_reaction", "intracranial", "venous_access", "other_cause")
_SOURCES = {"birth_source": "certificate", "diagnosis_source": "record", "entry_count_source": "laboratory"}
_CRITERIA = {"tpo_ra_ever": "N", **dict.fromkeys(_EXCLUDING[1:], "N"), **{f"{name}_evidence": _PAPERS for name in _EXCLUDING},
             **{f"{name}_source": "record" for name in _EXCLUDING}, **_SOURCES}  # fmt: skip
_WARNING = ("iga_deficiency", "renal_impairment", "positive_dat", "thrombosis", "live_vaccine", "steroids", "other_study")
_SAFETY_SCREEN = dict.fromkeys(_WARNING, "N")
_CONSENT = {
    "version": "2.0", "language": "ar", "can_read": "Y", "guardian": "N",
    "mother": "consented", "mother_signature": "Y", "mother_fingerprint": "Y",
    "father": "consented", "father_signature": "Y", "father_fingerprint": "Y", "copy_given": "Y",
}  # fmt: skip
_DEMOGRAPHY = {"region": "upper", "residence": "urban", "travel_hours": "1.5", "kinship": "none", "schooling": "secondary"}
_ITP_HISTORY = {
    "trigger": "infection", "first_count": 8, "marrow": "N", "treated": "Y", "bleeding_episodes": 3, "unplanned_visits": 2,
    "admissions": 1, "transfusions": 0,
}  # fmt: skip
_MEDICAL = {
    "allergy": "N", "transfusion_reaction": "N", "surgery_bleeding": "N", "vaccinated": "Y", "other_disease": "N",
    "family_bleeding": "N", "family_platelets": "N", "family_immune": "N",
}  # fmt: skip
_EXPLAINED = {
    "why": "The family could not come on another day.", "affects_safety": "N", "reported": "N",
    "action": "The next visits are planned together with the family.",
}  # fmt: skip
_WITHDRAWN = {"by_whom": "both", "treatment": "Y", "follow_up": "Y", "data_use": "N", "samples": "N", "informed": "Y"}
_DEATH = {"cause": "bleeding", "cause_text": "Intracranial haemorrhage", "certificate": "Y", "autopsy": "N"}
_LEFT = {"care_arranged": "Y", "events_followed": NOT_APPLICABLE}
_ENDS = {
    Participant.State.COMPLETED: {"cause": "planned", **_LEFT},
    Participant.State.WITHDRAWN: {"cause": "family", **_LEFT},
    Participant.State.DIED: {"cause": "death", "care_arranged": NOT_APPLICABLE, "events_followed": NOT_APPLICABLE},
    Participant.State.LOST: {"cause": "unreachable", "attempts": 5, **_LEFT, "care_arranged": "N"},
}
