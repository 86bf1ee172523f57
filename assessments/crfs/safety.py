"""Adverse events and rescue therapy. Both may be entered at any time and are never blocked."""

from __future__ import annotations

from django.db import models

from casebook import items
from casebook.crf import Crf, EditCheck, Section
from casebook.items import Sdtm, YesNo

# A form reads like a table: one question a line.
# fmt: off


class Related(models.TextChoices):
    NOT_RELATED = "NOT RELATED", "Not related"
    UNLIKELY = "UNLIKELY RELATED", "Unlikely"
    POSSIBLY = "POSSIBLY RELATED", "Possible"
    PROBABLY = "PROBABLY RELATED", "Probable"
    DEFINITELY = "DEFINITELY RELATED", "Definite"


class Action(models.TextChoices):
    NONE = "DOSE NOT CHANGED", "None"
    RATE = "DOSE RATE REDUCED", "Rate reduced"
    INTERRUPTED = "DRUG INTERRUPTED", "Interrupted"
    REDUCED = "DOSE REDUCED", "Dose reduced"
    STOPPED = "DRUG WITHDRAWN", "Permanently stopped"
    NOT_APPLICABLE = "NOT APPLICABLE", "Not applicable"


class Outcome(models.TextChoices):
    RECOVERED = "RECOVERED/RESOLVED", "Recovered"
    RECOVERING = "RECOVERING/RESOLVING", "Recovering"
    NOT_RECOVERED = "NOT RECOVERED/NOT RESOLVED", "Not recovered"
    SEQUELAE = "RECOVERED/RESOLVED WITH SEQUELAE", "Recovered with sequelae"
    FATAL = "FATAL", "Fatal"
    UNKNOWN = "UNKNOWN", "Unknown"


SERIOUS = ("serious", YesNo.YES)


class AdverseEvent(Crf):
    """One adverse event. Serious is not the same as severe. A low platelet count alone is no event in this disease."""

    slug = "adverse-event"
    is_log = True
    is_safety = True

    term = items.Text("What happened", critical=True, sdtm=Sdtm("AE.AETERM"), help="In the words of the source.")
    started_at = items.DateTime("Started", critical=True, sdtm=Sdtm("AE.AESTDTC"))
    ongoing = items.Code("Still ongoing?", options=YesNo, sdtm=Sdtm("AE.AEENRTPT"))
    ended_at = items.DateTime("Ended", asked_if=("ongoing", YesNo.NO), sdtm=Sdtm("AE.AEENDTC"))
    grade = items.Grade("CTCAE v5 grade", grades=tuple((g, f"Grade {g}") for g in range(1, 6)), critical=True,
                        sdtm=Sdtm("AE.AETOXGR"))
    serious = items.Code("Serious?", options=YesNo, critical=True, sdtm=Sdtm("AE.AESER"))
    death = items.Code("Death", options=YesNo, asked_if=SERIOUS, critical=True, sdtm=Sdtm("AE.AESDTH"))
    life_threatening = items.Code("Life-threatening", options=YesNo, asked_if=SERIOUS, critical=True,
                                  sdtm=Sdtm("AE.AESLIFE"))
    hospitalised = items.Code("Hospital stay, new or longer", options=YesNo, asked_if=SERIOUS, critical=True,
                              sdtm=Sdtm("AE.AESHOSP"), help="A planned day for the infusion is no hospital stay.")
    disability = items.Code("Lasting disability", options=YesNo, asked_if=SERIOUS, critical=True,
                            sdtm=Sdtm("AE.AESDISAB"))
    important = items.Code("Other medically important event", options=YesNo, asked_if=SERIOUS, critical=True,
                           sdtm=Sdtm("AE.AESMIE"))
    aware_at = items.DateTime("Site became aware", asked_if=SERIOUS, critical=True, sdtm=Sdtm("AE.AEDTC"))
    related = items.Code("Related to mini-pool IVIG?", options=Related, critical=True, sdtm=Sdtm("AE.AEREL"))
    action = items.Code("Action with mini-pool IVIG", options=Action, sdtm=Sdtm("AE.AEACN"))
    outcome = items.Code("Outcome", options=Outcome, max_length=40, sdtm=Sdtm("AE.AEOUT"))
    narrative = items.Note("Course and treatment", sdtm=Sdtm("CO.COVAL"))

    sections = [
        Section("Event", "term", "started_at", "ongoing", "ended_at", "grade"),
        Section("Seriousness", "serious", "death", "life_threatening", "hospitalised", "disability", "important",
                "aware_at"),
        Section("Assessment", "related", "action", "outcome", "narrative"),
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
    ]

    class Meta:
        verbose_name = "adverse event"

    def has_criterion(self) -> bool:
        names = ("death", "life_threatening", "hospitalised", "disability", "important")
        answers = [getattr(self, name) for name in names]
        # Until all are answered the missing ones ask for themselves.
        return YesNo.YES in answers or None in answers


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
