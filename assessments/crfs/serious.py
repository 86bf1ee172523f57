"""What a serious adverse event needs beyond the event itself, and the versions in which it is reported."""

from __future__ import annotations

import hashlib
import json
from decimal import Decimal
from typing import Any

from django.db import models

from assessments.crfs.safety import AdverseEvent, Related, infusions_of
from casebook import items
from casebook.crf import Crf, EditCheck, Row, Section
from casebook.items import NOT_SUBMITTED, Sdtm, YesNo

# A form reads like a table: one question a line.
# fmt: off


class Abated(models.TextChoices):
    YES = "Y", "Yes"
    NO = "N", "No"
    NOT_APPLICABLE = "NA", "It was not stopped"
    UNKNOWN = "U", "Unknown"


class Reappeared(models.TextChoices):
    RECURRED = "1", "Given again, it came back"
    NOT_RECURRED = "2", "Given again, it did not come back"
    UNKNOWN = "3", "Given again, not known"
    NOT_GIVEN = "4", "Not given again"


class SeriousEvent(Crf):
    """The serious side of an adverse event: its times, course, product and narrative. One for each serious event."""

    slug = "serious-event"
    about = AdverseEvent.slug
    is_safety = True

    occurred_at = items.DateTime("Became serious", critical=True, sdtm=Sdtm("AE.AESTDTC"),
                                 help="The 24 hours of law 214 run from here.")
    site_aware_at = items.DateTime("The site became aware that it is serious", critical=True, sdtm=Sdtm("AE.AEDTC"))
    sponsor_aware_at = items.DateTime("The sponsor became aware", optional=True, critical=True, sdtm=NOT_SUBMITTED,
                                      help="From the sponsor's receipt. The 7 and 15 days of ICH run from this day.")
    measures = items.Note("Protective measures taken", optional=False, sdtm=Sdtm("CO.COVAL"),
                          help="They belong into the notice of the first 24 hours.")
    premedication = items.Text("Premedication of that infusion", optional=True, sdtm=Sdtm("CM.CMTRT"))
    vital_signs = items.Text("Vital signs when it began", optional=True, sdtm=Sdtm("VS.VSORRES"),
                             help="Temperature, pulse, breaths, blood pressure, oxygen saturation, with the time.")
    minutes_after_end = items.Number("Since the end of that infusion", unit="min", digits=(8, 0), derived=True,
                                     sdtm=NOT_SUBMITTED)
    bags = items.Text("Bags of that infusion", derived=True, sdtm=Sdtm("EC.ECREFID"))
    admitted_on = items.Date("Admitted to hospital", optional=True, sdtm=Sdtm("HO.HOSTDTC"))
    discharged_on = items.Date("Discharged", optional=True, sdtm=Sdtm("HO.HOENDTC"))
    abated = items.Code("Did it abate after stopping?", options=Abated, sdtm=Sdtm("FA.FAORRES", "AEDCHIND"))
    reappeared = items.Code("Did it come back when given again?", options=Reappeared, sdtm=Sdtm("FA.FAORRES", "AERCHIND"))
    tests = items.Note("Relevant tests and results", sdtm=Sdtm("CO.COVAL"), help="With dates and units.")
    safety_information = items.Text("Edition of the reference safety information", sdtm=NOT_SUBMITTED)
    related_by_sponsor = items.Code("Related to mini-pool IVIG, by the sponsor", options=Related, optional=True,
                                    sdtm=Sdtm("AE.AERELSPN"), help="The investigator's answer stands in the adverse event.")
    product_retained = items.Code("Is the rest of the product kept?", options=YesNo, sdtm=NOT_SUBMITTED)
    sample_sent = items.Code("Was a sample sent to the producer?", options=YesNo, sdtm=NOT_SUBMITTED)
    lot_quarantined = items.Code("Is the lot in quarantine?", options=YesNo, critical=True, sdtm=NOT_SUBMITTED)
    died_on = items.Date("Day of death", optional=True, sdtm=Sdtm("DD.DDDTC"))
    cause_of_death = items.Text("Cause of death", optional=True, sdtm=Sdtm("DD.DDORRES"))
    autopsy = items.Code("Autopsy?", options=YesNo, optional=True, sdtm=NOT_SUBMITTED)
    narrative = items.Note("Narrative in English", optional=False, critical=True, sdtm=Sdtm("CO.COVAL"))
    narrative_ar = items.Note("Narrative in Arabic", optional=False, sdtm=Sdtm("CO.COVAL"))

    sections = [
        Section("Times", "occurred_at", "site_aware_at", "sponsor_aware_at", "measures"),
        Section("Infusion", "premedication", "vital_signs", "minutes_after_end", "bags"),
        Section("Course", "admitted_on", "discharged_on", "abated", "reappeared", "tests"),
        Section("Assessment", "safety_information", "related_by_sponsor"),
        Section("Product", "product_retained", "sample_sent", "lot_quarantined"),
        Section("Death", "died_on", "cause_of_death", "autopsy", note="Only if the child died."),
        Section("Narrative", "narrative", "narrative_ar",
                note="No name of the child, of a parent or of a hospital: the report leaves the site."),
    ]
    edit_checks = [
        EditCheck("SAE01", ["occurred_at"], lambda c: c.event is None or c.occurred_at >= c.event.started_at,
                  "It became serious before it started. Please check both times."),
        EditCheck("SAE02", ["occurred_at", "site_aware_at"], lambda c: c.site_aware_at >= c.occurred_at,
                  "The site was aware before it became serious. Please check both times."),
        EditCheck("SAE03", ["site_aware_at", "sponsor_aware_at"], lambda c: c.sponsor_aware_at >= c.site_aware_at,
                  "The sponsor was aware before the site. Please check both times."),
        EditCheck("SAE04", ["admitted_on", "discharged_on"], lambda c: c.discharged_on >= c.admitted_on,
                  "The child was discharged before it was admitted. Please check both dates."),
        EditCheck("SAE05", ["died_on"], lambda c: c.event is None or c.event.death == YesNo.YES,
                  "There is a day of death, but the adverse event does not say that the child died."),
        EditCheck("SAE06", ["lot_quarantined"], lambda c: c.lot_quarantined == YesNo.YES or not c.is_related(),
                  "A serious reaction that may come from the product: is the lot still in use? Quarantine it, or confirm."),
    ]

    class Meta:
        verbose_name = "serious adverse event"

    @property
    def event(self) -> AdverseEvent | None:
        """The adverse event that this belongs to, where it has a start."""
        return AdverseEvent.objects.filter(pk=self.record.about_id, started_at__isnull=False).first()

    def is_related(self) -> bool:
        return bool(self.event and self.event.is_related())

    def derive(self, rows: list[Row]) -> None:
        self.minutes_after_end = self.bags = None
        event = self.event
        given = next((g for g in infusions_of(self.record.participant_id)
                      if event and g.key.record.visit.code == event.counted_from), None)
        if event is None or given is None:
            return
        self.bags = ", ".join(f"{r.bag.crf.lot_number} / {r.bag.label}" for r in given.key.bags.filter(taken_away=False)
                              .select_related("bag__crf").order_by("position")) or None
        if given.stopped_at and event.started_at >= given.stopped_at:
            self.minutes_after_end = Decimal(int((event.started_at - given.stopped_at).total_seconds() // 60))


class Content(items.Note):
    """What a version reports, as JSON: too long to be read on a page, complete in the files."""

    def display(self, value: Any) -> str:
        return f"Kept with this version ({len(value)} characters)" if value else ""


class ReportKind(models.TextChoices):
    INITIAL = "ORIGINAL", "Initial"
    FOLLOW_UP = "AMENDMENT", "Follow-up"
    NULLIFICATION = "NULLIFICATION", "Nullification"


class SafetyReport(Crf):
    """One version of the report of a serious event. It follows the event until it is first sent; then it stands as sent."""

    slug = "sae-report"
    signed_as = "causality"
    about = AdverseEvent.slug
    is_safety = True

    nullifies = items.Code("Does this version withdraw the whole report?", options=YesNo, critical=True, sdtm=NOT_SUBMITTED)
    what_is_new = items.Note("What this version adds or corrects", optional=False, sdtm=Sdtm("CO.COVAL"),
                             help="Of the first version: what was known when it was written. Of a withdrawal: why.")
    kind = items.Code("Kind of report", options=ReportKind, derived=True, sdtm=Sdtm("AE.AERCAT"))
    number = items.Number("Version", digits=(3, 0), derived=True, sdtm=NOT_SUBMITTED)
    control_number = items.Text("Control number", derived=True, sdtm=NOT_SUBMITTED)
    content = Content("What is reported", derived=True, sdtm=NOT_SUBMITTED)
    content_hash = items.Text("Its SHA-256", derived=True, sdtm=NOT_SUBMITTED)

    sections = [
        Section("Version", "kind", "number", "control_number"),
        Section("Report", "nullifies", "what_is_new"),
        Section("Content", "content", "content_hash",
                note="Taken from the adverse event, the serious event and the casebook whenever one of them is saved, until"
                     " this version is first sent. From then on it stays as it was sent."),
    ]
    edit_checks = [
        EditCheck("SAE10", ["nullifies", "number"], lambda c: c.nullifies == YesNo.NO or c.number > 0,
                  "The first version cannot withdraw a report. Is it a follow-up?"),
        EditCheck("SAE11", ["content_hash"], lambda c: not c.is_sent() or c.stored.get("what_is_new") in (None, c.what_is_new),
                  "This version was sent already. What is new belongs into the next version."),
    ]

    class Meta:
        verbose_name = "SAE report"

    def __str__(self) -> str:
        return self.name

    @property
    def name(self) -> str:
        """``Initial`` or ``Follow-up 2``."""
        label = ReportKind(self.kind).label if self.kind else "Not saved yet"
        return f"{label} {self.number:.0f}" if self.number else str(label)

    def earlier(self) -> Any:
        """The versions of the same event before this one."""
        return SafetyReport.objects.filter(record__about=self.record.about_id, record__repeat__lt=self.record.repeat)

    @property
    def data(self) -> dict[str, Any]:
        """What this version reports, by the names of ``assessments.case``: the CIOMS form and the E2B data set come from it."""
        return dict(json.loads(self.content)) if self.content else {}

    def is_sent(self) -> bool:
        from assessments.notification import Notification

        return Notification.standing.filter(report=self.record_id).exists()

    def derive(self, rows: list[Row]) -> None:
        from assessments import case

        number = self.earlier().count()
        later = ReportKind.NULLIFICATION if self.nullifies == YesNo.YES else ReportKind.FOLLOW_UP
        self.number, self.kind = Decimal(number), (later if number else ReportKind.INITIAL).value
        if not (self.content and self.is_sent()):
            found = case.of(self)
            self.control_number, self.content = found["control_number"], case.text(found)
            self.content_hash = hashlib.sha256(self.content.encode()).hexdigest()
