"""The twenty children of the demonstration. All are invented; each shows one thing that the application can say.

Days count from the loading dose (day 0), which was ``loaded`` days before today. What a child's data leave open is drawn
by ``demo.platelets``. What has not yet taken place today stays empty, as it would in a running trial.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from assessments.crfs.contact import SYMPTOMS
from casebook.models import Participant
from demo.platelets import Remission


@dataclass(frozen=True)
class Day:
    """A date in the child's story."""

    day: int


@dataclass(frozen=True)
class Moment:
    """A date and hour in the child's story."""

    day: int
    hour: int


@dataclass(frozen=True)
class Log:
    """An entry of a log form, entered before the next visit after it began."""

    form: str
    answers: Mapping[str, Any]

    @property
    def began(self) -> int:
        """The day on which it began."""
        return min(answer.day for answer in self.answers.values() if isinstance(answer, (Day, Moment)))


@dataclass(frozen=True)
class End:
    """How participation ended, on which day and why."""

    state: Participant.State
    day: int
    reason: str


@dataclass(frozen=True)
class Child:
    """One child. ``loaded`` is None for a child that was not yet, or never, treated."""

    key: str
    site: str
    shows: str
    age: int
    sex: str
    weight: int = 18
    months: int = 6
    abo: str = "O"
    loaded: int | None = None
    doses: tuple[int, ...] = (0,)
    first: int | None = None
    peak: int | None = None
    part: float | None = None
    remission: Remission | None = None
    maintenance_ended: str = ""
    seen_until: int = 10_000
    #: The day on which the haemoglobin was checked at an extra visit.
    haemoglobin_checked: int | None = None
    not_counted: frozenset[str] = frozenset()
    #: (visit, form) -> answers that differ from the usual ones; None leaves the item empty.
    says: Mapping[tuple[str, str], Mapping[str, Any]] = field(default_factory=dict)
    #: Finding code -> why the value is correct.
    confirms: Mapping[str, str] = field(default_factory=dict)
    log: tuple[Log, ...] = ()
    #: Where the investigator's own category differs from the computed one: the answers, with the reason.
    judged: Mapping[str, str] = field(default_factory=dict)
    end: End | None = None


State = Participant.State

SITE_01 = (
    Child("sustained", "01", "SRoT, completed the trial", 5, "F", weight=18, months=5, loaded=256, doses=(0, 21, 42),
          first=11, peak=190, remission=Remission(36, 150), maintenance_ended="Stable count above 100 for six weeks.",
          end=End(State.COMPLETED, 234, "Follow-up of the protocol is complete.")),
    Child("complete", "01", "CR, on treatment, the next dose is due", 7, "M", weight=23, months=8, loaded=63,
          doses=(0, 21, 42), first=14, peak=245),
    Child("off_therapy", "01", "CR, off therapy for 60 days: SRoT pending; a visit is due today", 4, "M", weight=16,
          months=7, loaded=165, doses=(0, 21, 42, 63, 84, 105), first=9, peak=160, remission=Remission(60, 135),
          not_counted=frozenset({"D13"}),
          says={("SCREEN", "medical-history"): {
              "other_disease": "Y", "diseases": [{"disease": "Bronchial asthma", "started_on": "2024", "ongoing": "Y"}]}}),
    Child("serious_event", "01", "R with a serious adverse event", 9, "F", weight=28, months=4, loaded=40, doses=(0, 21),
          first=13, peak=150,
          says={("M1", "infusion"): {"reaction": "Y"},
                ("C1", "contact"): {"any_symptom": "Y", **dict.fromkeys(SYMPTOMS, "N"),
                                    **dict.fromkeys(("headache", "vomiting", "neck"), "Y")}},
          confirms={"CTC05": "In hospital since the evening after the dose: entered as a serious event."},
          haemoglobin_checked=24,
          log=(Log("adverse-event", {
              "term": "Severe headache with neck stiffness and vomiting", "coded_term": "nervous_other",
              "started_at": Moment(22, 18), "ongoing": "N", "ended_at": Moment(26, 10), "grade": 3, "serious": "Y",
              "death": "N", "life_threatening": "N", "hospitalised": "Y", "disability": "N", "congenital": "N",
              "important": "N", "aware_at": Moment(22, 21), "related": "PROBABLY RELATED", "expected": "N",
              "related_itp": "N", "action": "DOSE NOT CHANGED", "treatment": "Fluids and paracetamol",
              "outcome": "RECOVERED/RESOLVED", "special_interest": "Y", "reporter": "PARENT",
              "narrative": "Admitted for four days. Cerebrospinal fluid sterile: aseptic meningitis. Fluids and paracetamol.",
          }), Log("hospital-contact", {
              "kind": "HOSPITAL STAY", "started_on": Day(22), "ongoing": "N", "ended_on": Day(26), "cause": "reaction",
              "itp_related": "Y", "blood_products": "N", "elsewhere": "N", "note": "Aseptic meningitis"}),
               Log("therapy", {
                   "drug": "Paracetamol", "kind": "paracetamol", "purpose": "other", "route": "ORAL",
                   "dose": "15 mg/kg every 6 hours", "started_on": Day(22), "ongoing": "N", "ended_on": Day(25)}))),
    Child("overdue", "01", "R, the second maintenance dose is overdue", 6, "M", weight=20, months=9, abo="A",
          loaded=58, doses=(0, 22), first=16, peak=125),
    Child("enrolled_today", "01", "enrolled today, no dose yet", 3, "F", weight=14, months=4, first=8),
    Child("chronic", "01", "screen failure: chronic ITP", 8, "F", months=16, first=19,
          end=End(State.SCREEN_FAILED, 0, "Chronic ITP: 16 months since the diagnosis.")),
)  # fmt: skip

SITE_02 = (
    Child("relapsed_later", "02", "RoT: in response 28 days off therapy, lost later", 6, "M", weight=21, months=6,
          loaded=205, doses=(0, 21), first=12, peak=150, remission=Remission(20, 78, until=96),
          not_counted=frozenset({"D13"}),
          maintenance_ended="The family lives far away and asked to stop."),
    Child("partial", "02", "R, on treatment; a haemoglobin value waits for an explanation", 5, "F", weight=17, months=5,
          loaded=36, doses=(0, 21), first=10, peak=84, says={("M1C7", "blood-count"): {"haemoglobin": "8.2"}}),
    Child("no_response", "02", "NR, on treatment", 10, "M", weight=33, months=10, abo="B", loaded=34, doses=(0, 14), first=9,
          peak=21),
    Child("rescued", "02", "NR after rescue for bleeding of grade 3; consented to the new version", 4, "F", weight=15, months=7,
          loaded=26, first=6, peak=19,
          says={("D13", "bleeding-assessment"): {"epistaxis": 3, "epistaxis_evidence": "record", "epistaxis_today": "N"}},
          log=(
              Log("bleeding-episode", {
                  "site_of_bleeding": "epistaxis", "started_on": Day(8), "ongoing": "N", "ended_on": Day(10),
                  "peak_grade": 3, "evidence": "record", "treatment": "Nasal packing"}),
              Log("rescue", {
                  "kind": "platelet_transfusion", "started_on": Day(8), "ongoing": "N", "ended_on": Day(8),
                  "dose": "10 mL/kg", "why": "Nosebleed of grade 3"}),
              Log("rescue", {
                  "kind": "ivig", "started_on": Day(9), "ongoing": "N", "ended_on": Day(9), "dose": "0.8 g/kg",
                  "why": "Nosebleed of grade 3 continued"}),
              Log("therapy", {
                  "drug": "Tranexamic acid", "kind": "antifibrinolytic", "purpose": "itp", "route": "ORAL",
                  "dose": "20 mg/kg three times a day", "started_on": Day(8), "ongoing": "N", "ended_on": Day(12)}),
              Log("hospital-contact", {
                  "kind": "EMERGENCY ROOM VISIT", "started_on": Day(8), "cause": "bleeding", "itp_related": "Y",
                  "blood_products": "Y", "elsewhere": "N", "note": "Nasal packing, platelets"}),
          )),
    Child("withdrawn", "02", "NR, withdrawn by the parents", 7, "F", weight=24, months=8, loaded=61, first=11, peak=20,
          seen_until=14, end=End(State.WITHDRAWN, 17, "The parents withdrew their consent for further visits.")),
    Child("agonist", "02", "screen failure: thrombopoietin agonist in the past", 6, "M", months=9, first=15,
          says={("SCREEN", "screening"): {
              "tpo_ra_ever": "Y", "tpo_ra_evidence": "Referral letter: eltrombopag for two weeks"}},
          end=End(State.SCREEN_FAILED, 0, "Eltrombopag for two weeks before referral.")),
    Child("in_screening", "02", "in screening, the form is incomplete", 5, "M", months=5, first=17,
          says={("SCREEN", "screening"): {"iga_deficiency": None, "positive_dat": None, "venous_access": None,
                                          "venous_access_evidence": None}}),
)  # fmt: skip

SITE_03 = (
    Child("unconfirmed", "03", "R, to be confirmed by the next count", 8, "M", weight=26, months=6, loaded=6, first=13, peak=120,
          judged={"category": "R", "why_different": "Bleeding has stopped and the count rose tenfold; the next count is due."}),
    Child("clotted", "03", "NE: the only count was clotted, which the site confirmed", 2, "F", weight=12, months=4, loaded=8,
          first=10, peak=90, says={("D3", "blood-count"): {"quality": "clotted"}},
          confirms={"CBC03": "The laboratory confirmed the clot; the family could not come back."}),
    Child("relapsed", "03", "response lost on treatment; died of a bleeding in the brain", 9, "M", weight=30, months=7,
          abo="AB", loaded=45, doses=(0, 27), first=12, peak=130, part=0.08,
          log=(Log("adverse-event", {
              "term": "Intracranial haemorrhage", "coded_term": "intracranial_haemorrhage", "started_at": Moment(43, 14),
              "ongoing": "N", "ended_at": Moment(44, 5), "grade": 5, "serious": "Y", "death": "Y", "life_threatening": "Y",
              "hospitalised": "Y", "disability": "N", "congenital": "N", "important": "N", "aware_at": Moment(43, 15),
              "related": "NOT RELATED", "related_itp": "Y", "action": "NOT APPLICABLE", "outcome": "FATAL",
              "treatment": "Platelets, IVIG, methylprednisolone; operation", "special_interest": "Y", "reporter": "PARENT",
              "narrative": "Headache and vomiting, then unconscious. Died the next morning in intensive care.",
          }), Log("bleeding-episode", {
              "site_of_bleeding": "intracranial", "started_on": Day(43), "ongoing": "N", "ended_on": Day(44),
              "peak_grade": 5, "evidence": "record", "treatment": "Platelets, IVIG, methylprednisolone; operation"}),
               Log("rescue", {
                   "kind": "platelet_transfusion", "started_on": Day(43), "ongoing": "N", "ended_on": Day(43),
                   "dose": "20 mL/kg", "why": "Intracranial haemorrhage"}),
               Log("hospital-contact", {
                   "kind": "HOSPITAL STAY", "started_on": Day(43), "ongoing": "N", "ended_on": Day(44), "cause": "bleeding",
                   "itp_related": "Y", "blood_products": "Y", "elsewhere": "N", "note": "Intensive care"})),
          end=End(State.DIED, 44, "Intracranial haemorrhage.")),
    Child("lost", "03", "R, lost to follow-up", 6, "F", weight=19, months=9, loaded=131, doses=(0, 21, 42), first=10, peak=135,
          says={("D13", "bleeding-assessment"): {"any_bleeding": "~ND"}}, seen_until=50,
          end=End(State.LOST, 104, "No answer to four calls and a letter.")),
    Child("fresh", "03", "loading dose three days ago: count due today; one form incomplete", 1, "M", weight=11, months=5,
          loaded=3, first=7, peak=110, says={("LOAD", "infusion"): {"max_rate": None}},
          log=(Log("vaccination", {"vaccine": "mmr", "given": "N", "on": Day(320)}),)),
    Child("refused", "03", "screen failure: the father refused", 4, "F", months=7, first=14,
          says={("SCREEN", "consent"): {"father": "refused", "father_signature": None, "father_fingerprint": None}},
          end=End(State.SCREEN_FAILED, 0, "The father refused.")),
)  # fmt: skip

CHILDREN = (*SITE_01, *SITE_02, *SITE_03)
