"""Adverse events and rescue therapy. Both may be entered at any time and are never blocked."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django.contrib.postgres.aggregates import StringAgg
from django.db import models

from assessments import ctcae, windows
from casebook import items
from casebook.crf import Crf, EditCheck, Row, Section
from casebook.items import NOT_SUBMITTED, Sdtm, YesNo
from dosing.crfs import Infusion
from itp_trial.protocol import RULES_VERSION
from itp_trial.schedule import VISITS

# A form reads like a table: one question a line.
# fmt: off


class Related(models.TextChoices):
    NOT_RELATED = "NOT RELATED", "Not related"
    UNLIKELY = "UNLIKELY RELATED", "Unlikely"
    POSSIBLY = "POSSIBLY RELATED", "Possible"
    PROBABLY = "PROBABLY RELATED", "Probable"
    DEFINITELY = "DEFINITELY RELATED", "Definite"


#: The binary reading of causality: possible or more is related.
RELATED = (Related.POSSIBLY, Related.PROBABLY, Related.DEFINITELY)


class Action(models.TextChoices):
    NONE = "DOSE NOT CHANGED", "None"
    RATE = "DOSE RATE REDUCED", "Rate reduced"
    INTERRUPTED = "DRUG INTERRUPTED", "Interrupted, resumed"
    NOT_RESUMED = "NOT RESUMED", "Interrupted, not resumed"
    REDUCED = "DOSE REDUCED", "Dose reduced"
    STOPPED = "DRUG WITHDRAWN", "Permanently stopped"
    NOT_APPLICABLE = "NOT APPLICABLE", "Not applicable"
    UNKNOWN = "UNKNOWN", "Unknown"


class Outcome(models.TextChoices):
    RECOVERED = "RECOVERED/RESOLVED", "Recovered"
    RECOVERING = "RECOVERING/RESOLVING", "Recovering"
    NOT_RECOVERED = "NOT RECOVERED/NOT RESOLVED", "Not recovered"
    SEQUELAE = "RECOVERED/RESOLVED WITH SEQUELAE", "Recovered with sequelae"
    FATAL = "FATAL", "Fatal"
    UNKNOWN = "UNKNOWN", "Unknown"


class Reporter(models.TextChoices):
    PARENT = "PARENT", "Parent or guardian"
    CHILD = "CHILD", "The child"
    NURSE = "NURSE", "Nurse"
    PHYSICIAN = "INVESTIGATOR", "Investigator"
    OTHER_SITE = "OTHER", "Another hospital or physician"


class KnownTo(models.TextChoices):
    MINUTE = windows.Precision.MINUTE, "To the minute"
    HOUR = windows.Precision.HOUR, "About this hour"
    DAY = windows.Precision.DAY, "The day only"


class PeriodName(models.TextChoices):
    BEFORE = windows.Period.BEFORE, "Before the first infusion"
    DURING = windows.Period.DURING, "During the infusion"
    IMMEDIATE = windows.Period.IMMEDIATE, "Immediate: within 24 h after the infusion"
    DELAYED = windows.Period.DELAYED, "Delayed: up to 28 days after the infusion"
    LATE = windows.Period.LATE, "Late"
    UNCERTAIN = windows.Period.UNCERTAIN, "Uncertain: the start is not known well enough"


SERIOUS = ("serious", YesNo.YES)
#: The questions of seriousness, in the order of the form.
CRITERIA = ("death", "life_threatening", "hospitalised", "disability", "congenital", "important")
TERMS = tuple((term.code, term.name) for term in ctcae.TERMS.values())
DOSES = tuple((plan.code, plan.title) for plan in VISITS.values() if plan.infusion is not None)


class AdverseEvent(Crf):
    """One adverse event. Serious is not the same as severe. A low platelet count alone is no event in this disease."""

    slug = "adverse-event"
    is_log = True
    told_by_family = True
    is_safety = True
    signed_as = "causality"
    edition = "2"

    term = items.Text("What happened", critical=True, sdtm=Sdtm("AE.AETERM"), help="In the words of the source.")
    coded_term = items.Code("Coded term", choices=TERMS, max_length=40, critical=True, sdtm=Sdtm("AE.AEDECOD"),
                            help="CTCAE v5.0. An allergic reaction to the infusion is an infusion related reaction only.")
    started_at = items.DateTime("Started", critical=True, sdtm=Sdtm("AE.AESTDTC"))
    start_known = items.Code("How exactly is the start known?", options=KnownTo, optional=True, sdtm=NOT_SUBMITTED)
    ongoing = items.Code("Still ongoing?", options=YesNo, sdtm=Sdtm("AE.AEENRTPT"))
    ended_at = items.DateTime("Ended", asked_if=("ongoing", YesNo.NO), sdtm=Sdtm("AE.AEENDTC"))
    end_known = items.Code("How exactly is the end known?", options=KnownTo, asked_if=("ongoing", YesNo.NO), optional=True,
                           sdtm=NOT_SUBMITTED)
    grade = items.Grade("CTCAE v5 grade", grades=tuple((g, f"Grade {g}") for g in range(1, 6)), critical=True,
                        beside="assessments/_grades.html", sdtm=Sdtm("AE.AETOXGR"))
    imaging = items.Code("Was the head imaged?", options=YesNo, asked_if=("coded_term", "headache"), sdtm=Sdtm("PR.PROCCUR"),
                         help="A headache with few platelets may be a bleeding.")
    imaging_result = items.Text("Result of the imaging", asked_if=("imaging", YesNo.YES), sdtm=Sdtm("FA.FAORRES", "IMGRES"))
    period = items.Code("When it began", options=PeriodName, derived=True, critical=True, sdtm=Sdtm("FA.FAORRES", "AEPERIOD"))
    counted_from = items.Code("Counted from", choices=DOSES, derived=True, sdtm=Sdtm("AE.AESPID"))
    minutes = items.Number("Since the start of that infusion", unit="min", digits=(8, 0), derived=True, sdtm=NOT_SUBMITTED)
    lots = items.Text("Lots of that infusion", derived=True, sdtm=Sdtm("EC.ECLOT"))
    rate = items.Number("Rate when it began", unit="mL/h", digits=(5, 1), hard=(0, 1000), optional=True,
                        sdtm=Sdtm("EC.ECDOSRGM"), help="If it began during the infusion: from the run sheet.")
    serious = items.Code("Serious?", options=YesNo, critical=True, sdtm=Sdtm("AE.AESER"))
    death = items.Code("Death", options=YesNo, asked_if=SERIOUS, critical=True, sdtm=Sdtm("AE.AESDTH"))
    life_threatening = items.Code("Life-threatening", options=YesNo, asked_if=SERIOUS, critical=True,
                                  sdtm=Sdtm("AE.AESLIFE"))
    hospitalised = items.Code("Hospital stay, new or longer", options=YesNo, asked_if=SERIOUS, critical=True,
                              sdtm=Sdtm("AE.AESHOSP"), help="A planned day for the infusion is no hospital stay.")
    disability = items.Code("Lasting disability", options=YesNo, asked_if=SERIOUS, critical=True,
                            sdtm=Sdtm("AE.AESDISAB"))
    congenital = items.Code("Congenital anomaly", options=YesNo, asked_if=SERIOUS, critical=True, sdtm=Sdtm("AE.AESCONG"))
    important = items.Code("Other medically important event", options=YesNo, asked_if=SERIOUS, critical=True,
                           sdtm=Sdtm("AE.AESMIE"))
    related = items.Code("Related to mini-pool IVIG?", options=Related, critical=True, sdtm=Sdtm("AE.AEREL"))
    related_itp = items.Code("Related to ITP itself?", options=YesNo, optional=True, sdtm=Sdtm("AE.AERELNST"))
    related_other = items.Code("Related to another medicine?", options=YesNo, optional=True, sdtm=Sdtm("AE.AERELNST"))
    related_procedure = items.Code("Related to a procedure?", options=YesNo, optional=True, sdtm=Sdtm("AE.AERELNST"))
    expected = items.Code("Expected by the reference safety information?", options=YesNo, asked_if=("related", RELATED),
                          critical=True, sdtm=NOT_SUBMITTED, help="By the reference safety information, not by the literature.")
    action = items.Code("Action with mini-pool IVIG", options=Action, sdtm=Sdtm("AE.AEACN"))
    treatment = items.Text("Treatment given", optional=True, sdtm=Sdtm("AE.AECONTRT"), help="Drug, dose, time; empty for none.")
    outcome = items.Code("Outcome", options=Outcome, max_length=40, sdtm=Sdtm("AE.AEOUT"))
    special_interest = items.Code("Event of special interest?", options=YesNo, critical=True, sdtm=Sdtm("AE.AECAT"),
                                  help="Anaphylaxis, aseptic meningitis, haemolysis, thrombosis, kidney injury, TRALI, TACO,"
                                       " infection, intracranial bleeding, serum sickness, hyponatraemia, neutropenia.")
    reporter = items.Code("Told by", options=Reporter, sdtm=Sdtm("AE.AEEVAL"))
    aware_at = items.DateTime("Site became aware", critical=True, sdtm=Sdtm("AE.AEDTC"))
    narrative = items.Note("Course", sdtm=Sdtm("CO.COVAL"))

    sections = [
        Section("Event", "term", "coded_term", "started_at", "start_known", "ongoing", "ended_at", "end_known", "grade",
                "imaging", "imaging_result"),
        Section("Infusion", "period", "counted_from", "minutes", "lots", "rate",
                note="Computed from the infusions of this child whenever this form or one of them is saved"
                     f" (S1, rules {RULES_VERSION})."),
        Section("Seriousness", "serious", *CRITERIA),
        Section("Assessment", "related", "expected", "related_itp", "related_other", "related_procedure", "action",
                "treatment", "outcome", "special_interest"),
        Section("Report", "reporter", "aware_at", "narrative"),
    ]
    edit_checks = [
        EditCheck("AE01", ["started_at", "ended_at"], lambda c: c.ended_at >= c.started_at,
                  "The event ended before it started. Please check both times.", hard=True),
        EditCheck("AE02", ["serious"], lambda c: c.serious == YesNo.NO or c.has_criterion(),
                  "A serious event needs at least one criterion of seriousness."),
        EditCheck("AE03", ["grade", "outcome"], lambda c: (c.grade == 5) == (c.outcome == Outcome.FATAL),
                  "Grade 5 and outcome “Fatal” belong together."),
        EditCheck("AE04", ["started_at", "aware_at"], lambda c: c.aware_at >= c.started_at,
                  "The site was aware before the event started. Please check both times."),
        EditCheck("AE05", ["grade", "serious"], lambda c: c.grade < 4 or c.serious == YesNo.YES or c.is_laboratory(),
                  "Grade 4 is life-threatening and grade 5 is death: is this event not serious?"),
        EditCheck("AE06", ["grade", "coded_term"], lambda c: ctcae.is_possible(c.coded_term, c.grade),
                  lambda c: ctcae.no_such_grade(c.coded_term, c.grade), hard=True, rule="CTCAE v5.0",
                  about="The term has no such grade in CTCAE v5.0."),
        EditCheck("AE07", ["coded_term"], lambda c: c.coded_term != ctcae.PLATELETS,
                  "In ITP a low count is the disease. It is an adverse event only if it is worse than at baseline and has"
                  " consequences. Confirm with the consequences, or remove this entry.", rule="protocol 6.2"),
        EditCheck("AE08", ["coded_term", "period"], lambda c: not c.reported_twice(), lambda c: c.reported_twice(),
                  rule="CTCAE v5.0",
                  about="An allergic reaction to the infusion is reported once, as infusion related reaction."),
        EditCheck("AE09", ["period", "related"],
                  lambda c: c.period != windows.Period.BEFORE or c.related not in RELATED,
                  "The event began before the first infusion. How can it be related to it?"),
        EditCheck("AE10", ["death", "outcome"], lambda c: (c.death == YesNo.YES) == (c.outcome == Outcome.FATAL),
                  "“Death” and outcome “Fatal” belong together."),
    ]

    class Meta:
        verbose_name = "adverse event"

    def has_criterion(self) -> bool:
        answers = [getattr(self, name) for name in CRITERIA]
        # Until all are answered the missing ones ask for themselves.
        return YesNo.YES in answers or None in answers

    def is_related(self) -> bool:
        """Possible or more."""
        return self.related in RELATED

    def is_laboratory(self) -> bool:
        """A laboratory value has grade 4 by its number alone."""
        return self.coded_term in ctcae.TERMS and ctcae.TERMS[self.coded_term].group == ctcae.TESTS

    def needs_signature(self) -> bool:
        return bool(self.serious == YesNo.YES)

    def derive(self, rows: list[Row]) -> None:
        """Where the event stands among the infusions of this child, with the lots of the one that it is counted from."""
        self.period = self.counted_from = self.minutes = self.lots = None
        if self.started_at is None:
            return
        known = windows.known_between(self.started_at, self.start_known or windows.Precision.MINUTE)
        found = windows.onset_between(*known, infusions_of(self.record.participant_id))
        self.period = found.period.value
        if found.given:
            self.counted_from, self.lots = found.given.key.record.visit.code, found.given.key.lot_numbers or None
            self.minutes = None if found.minutes is None else Decimal(found.minutes)

    def reported_twice(self) -> str:
        """What CTCAE says where one reaction would be counted as two events, or an empty text."""
        same = AdverseEvent.objects.filter(record__participant=self.record.participant_id, counted_from=self.counted_from)
        beside = same.filter(coded_term=ctcae.INFUSION_REACTION, period__in=windows.INFUSION_RELATED).exclude(pk=self.pk)
        related = self.period in windows.INFUSION_RELATED
        return ctcae.reported_twice(self.coded_term, infusion_related=related, beside_reaction=related and beside.exists())


def infusions_of(participant: Any) -> list[windows.Given]:
    """The infusions of a child in order, as the windows need them; ``key`` is the infusion with its lots. One query."""
    lots = StringAgg("bags__bag__crf__lot_number", ", ", distinct=True, filter=models.Q(bags__taken_away=False),
                     order_by="bags__bag__crf__lot_number")
    given = Infusion.objects.filter(record__participant=participant, started_at__isnull=False)
    given = given.select_related("record__visit").annotate(lot_numbers=lots).order_by("started_at")
    return [windows.Given(infusion, infusion.started_at, infusion.stopped_at) for infusion in given]


class RescueKind(models.TextChoices):
    IVIG = "ivig", "Standard or unscheduled IVIG"
    STEROID = "corticosteroid", "New or increased corticosteroid"
    ANTI_D = "anti_d", "Anti-D"
    PLATELETS = "platelet_transfusion", "Platelet transfusion"
    TPO_RA = "tpo_ra", "Thrombopoietin agonist"
    RITUXIMAB = "rituximab", "Rituximab"
    OTHER = "other_immunosuppressant", "Other immunosuppressant"
    SPLENECTOMY = "splenectomy", "Splenectomy"


class Rescue(Crf):
    """Therapy outside the protocol given to raise platelets or stop ITP bleeding (R17)."""

    slug = "rescue"
    is_log = True
    told_by_family = True

    kind = items.Code("Kind of rescue", options=RescueKind, max_length=30, critical=True, sdtm=Sdtm("CM.CMTRT"))
    started_on = items.Date("Started on", critical=True, sdtm=Sdtm("CM.CMSTDTC"))
    ongoing = items.Code("Still given?", options=YesNo, critical=True, sdtm=Sdtm("CM.CMENRTPT"))
    ended_on = items.Date("Last given on", asked_if=("ongoing", YesNo.NO), critical=True, sdtm=Sdtm("CM.CMENDTC"))
    dose = items.Text("Dose", sdtm=Sdtm("CM.CMDOSTXT"))
    why = items.Text("Reason", sdtm=Sdtm("CM.CMINDC"), help="For example bleeding grade 3, planned surgery.")

    sections = [Section("Rescue", "kind", "started_on", "ongoing", "ended_on", "dose", "why")]
    edit_checks = [
        EditCheck("RES01", ["started_on", "ended_on"], lambda c: c.ended_on >= c.started_on,
                  "The rescue ended before it started. Please check both dates.", hard=True),
    ]

    class Meta:
        verbose_name = "rescue therapy"
