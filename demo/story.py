"""Plays the story of one child at its hospital: screening, doses, counts, events and the end, day by day."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property
from typing import Any

from casebook import actions as casebook
from casebook.models import Participant
from demo import bedside, safety
from demo import platelets as numbers
from demo.builder import Clinic, Facts, at, confirm, fill, record
from demo.children import Child, Day, Log, Moment
from demo.families import family_of
from demo.observations import ANSWERS, Observed
from dosing.actions import end_treatment
from enrollment import actions as enrollment
from enrollment.deviations import DeviationCause
from itp_trial.schedule import VISITS, Anchor, anchored_on

#: Below this count the child has a few petechiae on the day.
PETECHIAE_BELOW = 15
#: A coded event -> the symptom of the contact form.
COMPLAINTS = {"headache": "headache", "fever": "fever", "vomiting": "vomiting", "chills": "chills", "urticaria": "rash"}
#: Days before today on which a child without a dose was screened, and before day 0 where there is one.
SCREENED_BEFORE, ENROLLED_BEFORE = 4, 2


#: Whose dose is planned for today: for which visit, and whether the second person has confirmed it.
TO_BE_DOSED = {"complete": ("M3", True), "enrolled_today": ("LOAD", False)}


@dataclass(frozen=True)
class Encounter:
    """One visit as it took place: which one, and on which day after the loading dose."""

    code: str
    day: int


@dataclass
class Story:
    """One child, its hospital and today."""

    child: Child
    clinic: Clinic
    today: date
    seed: str

    def play(self) -> Participant:
        participant = self._play()
        if self.child.key in TO_BE_DOSED:
            code, confirmed = TO_BE_DOSED[self.child.key]
            bedside.plan_dose(self.clinic, participant, code, self.child.weight, self.today, confirmed=confirmed)
        return participant

    def _play(self) -> Participant:
        participant = self.clinic.start_screening(self.screened_on)
        self._screen(participant)
        if self.child.loaded is not None or self.child.key == "enrolled_today":
            self.clinic.sign_eligibility(participant)
        if self.child.loaded is not None:
            participant = self._treat(self.clinic.enrol(participant, self.day(-ENROLLED_BEFORE)))
        elif self.child.key == "enrolled_today":
            participant = self.clinic.enrol(participant, self.today)
        return self._close(participant)

    # --- when ---

    def day(self, number: int) -> date:
        """The date of a day of the story; without a loading dose day 0 is yesterday."""
        return self.today + timedelta(days=number - (1 if self.child.loaded is None else self.child.loaded))

    @property
    def screened_on(self) -> date:
        return self.day(-SCREENED_BEFORE if self.child.loaded is not None else -1)

    def encounters(self) -> list[Encounter]:
        """The visits up to yesterday, in order."""
        planned = sorted(self._planned(), key=lambda visit: visit.day)
        return [v for v in planned if v.day <= self.child.seen_until and self.day(v.day) < self.today]

    def _planned(self) -> Iterator[Encounter]:
        for number, day in enumerate(self.child.doses):
            yield Encounter(f"M{number}" if number else "LOAD", day)
            counts = {f"M{number}C7": (7, 1)} if number else {"D3": (3, 0), "D13": (13, 1)}
            if number and self.child.abo != "O":
                counts[f"M{number}HB"] = (3, 0)
            yield Encounter(f"C{number}", self._around(f"C{number}", day + 5, 1))
            yield from (Encounter(code, self._around(code, day + after, most)) for code, (after, most) in counts.items())
        if self.child.maintenance_ended or len(self.child.doses) == len(VISITS_WITH_DOSE):
            last = self.child.doses[-1]
            yield from (Encounter(v.code, self._follow_up(v.code, last + v.day)) for v in anchored_on(Anchor.OFF_THERAPY))

    def _around(self, code: str, day: int, most: int) -> int:
        return day + numbers.jitter(self.key, code, most)

    def _follow_up(self, code: str, day: int) -> int:
        """Families come some days early or late; the decisive last visit is never early."""
        return day + abs(numbers.jitter(self.key, code, 3)) if code == "FU6" else self._around(code, day, 2)

    # --- what ---

    @property
    def key(self) -> str:
        return f"{self.seed}/{self.child.key}"

    @cached_property
    def first(self) -> int:
        return numbers.baseline(self.key) if self.child.first is None else self.child.first

    @cached_property
    def kinetics(self) -> numbers.Platelets:
        child = self.child
        return numbers.platelets(self.key, first=self.first, peak=child.peak, part=child.part, remission=child.remission)

    def platelets(self, day: int) -> int:
        return self.kinetics.on(day, self.child.doses)

    def _says(self, code: str, form: str) -> dict[str, Any]:
        return dict(self.child.says.get((code, form), {}))

    def _screen(self, participant: Participant) -> None:
        facts = Facts(self.child.age, self.child.sex, self.child.months, self.first)
        self.clinic.meet_family(participant, family_of(self.child, facts.born(self.screened_on)))
        self.clinic.screen(participant, self.screened_on, facts, **self._says("SCREEN", "screening"))
        if self.child.key != "in_screening":
            saved = self.clinic.consent(participant, self.screened_on, facts, **self._says("SCREEN", "consent"))
            self._confirm(saved)
            told = numbers.history(self.key)
            told["medical_history"] |= self._says("SCREEN", "medical-history")
            self.clinic.history(participant, self.screened_on, facts, **told)
            self._observe(participant, Encounter("SCREEN", (self.screened_on - self.day(0)).days))

    def _treat(self, participant: Participant) -> Participant:
        entries = sorted(self.child.log, key=lambda entry: entry.began)
        for visit in self.encounters():
            while entries and entries[0].began < visit.day:
                self._log(participant, entries.pop(0))
            self._visit(participant, visit)
            if self.child.maintenance_ended and visit.day == self.child.doses[-1]:
                participant.refresh_from_db()
                end_treatment(participant=participant, reason=self.child.maintenance_ended, by=self.clinic.investigator)
        if self.child.haemoglobin_checked is not None:
            self._check_haemoglobin(participant, self.child.haemoglobin_checked)
        for entry in entries:
            self._log(participant, entry)
        return participant

    def _log(self, participant: Participant, entry: Log) -> None:
        saved = self.clinic.log(participant, entry.form, **self._dated(entry.answers))
        if entry.answers.get("serious") == "Y":
            safety.REPORTED[self.child.key](self.clinic, saved.record, self.day)

    def _check_haemoglobin(self, participant: Participant, day: int) -> None:
        on, form = self.day(day), "haemoglobin-check"
        visit = casebook.add_unscheduled_visit(participant=participant, on=on, forms=[form], by=self.clinic.coordinator)
        seen = Observed(self.key, "UNS", on, self.child.age, self.child.sex)
        fill(record(participant, form, "UNS", visit.repeat), self.clinic.coordinator, **ANSWERS[form](seen))

    def _visit(self, participant: Participant, visit: Encounter) -> None:
        forms = VISITS[visit.code].forms
        platelets = self.platelets(visit.day)
        if "blood-count" in forms:
            self._count(participant, visit, platelets)
        if "bleeding-assessment" in forms:
            grades = {"petechiae": 1} if platelets < PETECHIAE_BELOW else None
            says = self._says(visit.code, "bleeding-assessment")
            self.clinic.assess(participant, visit.code, self.day(visit.day), grades=grades, **says)
        self._observe(participant, visit)
        if "infusion" in forms:
            self._infuse(participant, visit)

    def _observe(self, participant: Participant, visit: Encounter) -> None:
        child = self.child
        seen = Observed(self.key, visit.code, self.day(visit.day), child.age, child.sex, child.weight, child.abo,
                        complaint=self._complaint(visit.code))  # fmt: skip
        says = {form: answers for (code, form), answers in child.says.items() if code == visit.code}
        for saved in self.clinic.observe(participant, visit.code, seen, says):
            self._confirm(saved)

    def _complaint(self, code: str) -> str:
        """What the family tells at the contact: the reaction to the infusion before it, as the contact form names it."""
        doses = {f"C{number}": dose for number, dose in enumerate(VISITS_WITH_DOSE)}
        event = numbers.reaction(self.key, doses[code]) if code in doses else None
        return COMPLAINTS[event.coded_term] if event else ""

    def _count(self, participant: Participant, visit: Encounter, platelets: int) -> None:
        on, code = self.day(visit.day), visit.code
        if code in self.child.not_counted:
            self.clinic.no_count(participant, code, "The vein could not be found.")
            return
        answers: dict[str, Any] = {
            "haemoglobin": numbers.haemoglobin(self.key, code, after_infusion=code.endswith("C7") or code == "D3"),
            "leukocytes": numbers.leukocytes(self.key, code),
            "bleeding": "1" if platelets < PETECHIAE_BELOW else "0",
        }
        saved = self.clinic.count(participant, code, on, platelets, **{**answers, **self._says(code, "blood-count")})
        self._confirm(saved)

    def _infuse(self, participant: Participant, visit: Encounter) -> None:
        event = numbers.reaction(self.key, visit.code)
        said, on = self._says(visit.code, "infusion"), self.day(visit.day)
        if bedside.is_recent(on) and not said:
            bedside.infuse(self.clinic, participant, visit.code, on, self.child.weight, reaction=event.term if event else "")
        else:
            answers = {"reaction": "Y" if event else "N", **said}
            self.clinic.infuse(participant, visit.code, on, self.child.weight, **answers)
        if event:
            saved = self.clinic.log(participant, "adverse-event", **self._reaction(event, visit.day))
            safety.report_side_effect(self.clinic, saved.record)

    def _reaction(self, event: numbers.Reaction, day: int) -> dict[str, Any]:
        action = "DOSE RATE REDUCED" if event.grade > 1 else "DOSE NOT CHANGED"
        started, ended = at(self.day(day), 12), at(self.day(day), 20)
        return {
            "term": event.term, "coded_term": event.coded_term, "started_at": started, "ongoing": "N", "ended_at": ended,
            "grade": event.grade, "imaging": "N" if event.coded_term == "headache" else None, "serious": "N",
            "related": "PROBABLY RELATED", "expected": "Y", "action": action, "treatment": "Paracetamol 15 mg/kg",
            "outcome": "RECOVERED/RESOLVED", "special_interest": "N", "reporter": "NURSE", "aware_at": started,
        }  # fmt: skip

    def _dated(self, answers: Mapping[str, Any]) -> dict[str, Any]:
        return {name: self._said(answer) for name, answer in answers.items()}

    def _said(self, answer: Any) -> Any:
        if isinstance(answer, Day):
            return self.day(answer.day)
        return at(self.day(answer.day), answer.hour) if isinstance(answer, Moment) else answer

    def _confirm(self, saved: casebook.Saved) -> None:
        for code, explanation in self.child.confirms.items():
            confirm(saved, code, explanation, self.clinic.coordinator)

    def _close(self, participant: Participant) -> Participant:
        end = self.child.end
        participant.refresh_from_db()
        self._explain(participant)
        if end is None:
            return self._assess(participant, self.today - timedelta(days=1))
        facts = {"participant": participant, "reason": end.reason, "by": self.clinic.investigator, "on": self.day(end.day)}
        if end.state == Participant.State.SCREEN_FAILED:
            return enrollment.fail_screening(**facts)
        ended = enrollment.end_participation(state=end.state, **facts)
        self.clinic.leave(ended, self.day(end.day))
        return self._assess(ended, self.day(end.day))

    def _assess(self, participant: Participant, on: date) -> Participant:
        """The investigator assesses the response when maintenance has ended; of one child earlier, and not as the rules do."""
        if self.child.maintenance_ended or self.child.judged:
            self.clinic.assess_response(participant, on, **self.child.judged)
        return participant

    def _explain(self, participant: Participant) -> None:
        """The coordinator explains what the rules found and the investigator grades it; some still wait."""
        causes = DeviationCause.objects.filter(record__participant=participant, record__removed_at=None).select_related("record")
        for cause in sorted(causes, key=lambda cause: (cause.occurred_on, cause.rule)):
            if self.child.end or self.child.maintenance_ended or numbers.rng(self.key, cause.rule).random() < 0.5:
                self.clinic.explain(cause)


VISITS_WITH_DOSE = [code for code, plan in VISITS.items() if plan.infusion is not None]
