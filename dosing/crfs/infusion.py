"""The infusion form: what was given, with the bags used."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from functools import cached_property
from typing import Any

from django.db import models
from django.utils import timezone

from casebook import items
from casebook.crf import Crf, EditCheck, Row, Section
from casebook.items import DIRECT, NOT_SUBMITTED, Sdtm, YesNo
from dosing import compatibility, dose, interval
from dosing.blood_group import abo_of
from dosing.crfs.lot import Bag, standing
from dosing.product import BagMovement, LotHold
from enrollment import eligibility
from enrollment.actions import has_valid_consent
from enrollment.crfs import Screening
from itp_trial.protocol import RULES_VERSION, value
from signatures.selectors import is_eligibility_signed

#: After these nothing is left that could be given, and while these stand nothing may be taken of a lot.
GONE = (BagMovement.Kind.WASTED, BagMovement.Kind.RETURNED)
HELD = (LotHold.Kind.QUARANTINED, LotHold.Kind.RECALLED)

# A form reads like a table: one question a line.
# fmt: off


def usable_bags(record: Any, current: Any) -> list[Bag]:
    """The bags that may have been given at this visit, and the one already chosen. Asked once per record, not per row.

    Of a lot that is held, and of bags that are gone, those are offered that still could be had on the day of the visit: the
    form may be entered later. The checks of the line look at the hour.
    """
    if not hasattr(record, "_usable_bags"):
        own = InfusionBag.objects.filter(bag=models.OuterRef("pk"), crf=record.pk)
        free = with_standing(Bag.objects.filter(released_and_not_given([record.site_id]) | models.Exists(own)))
        record._usable_bags = list(free.select_related("crf").order_by("crf__expires_on", "crf__lot_number", "label"))
    day = record.visit.date if record.visit else timezone.localdate()
    return [bag for bag in record._usable_bags if bag.pk == current or _was_there(bag, day)]


def released_and_not_given(sites: Any) -> models.Q:
    """Bags of the released lots of these sites that no infusion names."""
    given = models.Exists(InfusionBag.objects.filter(bag=models.OuterRef("pk")))
    released = models.Q(crf__record__site__in=sites, crf__record__removed_at=None, crf__released=YesNo.YES)
    return released & ~models.Q(given)


def with_standing(bags: Any) -> Any:
    """The bags with ``gone_at`` (wasted or returned) and ``held_at`` (lot in quarantine or recalled), else None."""
    gone = BagMovement.standing().filter(bag=models.OuterRef("pk"), kind__in=GONE).order_by("at")
    holds = LotHold.objects.filter(lot=models.OuterRef("crf")).order_by("-pk")
    newest = models.Subquery(holds.values("kind")[:1])
    bags = bags.annotate(gone_at=models.Subquery(gone.values("at")[:1]), hold=newest)
    held = models.When(hold__in=HELD, then=models.Subquery(holds.values("at")[:1]))
    return bags.annotate(held_at=models.Case(held, output_field=models.DateTimeField()))


def _was_there(bag: Any, day: date) -> bool:
    ends = [timezone.localtime(moment).date() for moment in (bag.gone_at, bag.held_at) if moment]
    return day <= min([bag.crf.expires_on or date.max, *ends])


class Infusion(Crf):
    """One mini-pool IVIG infusion: weight, bags, times and rate; grams and g/kg are computed (R5, R7)."""

    slug = "infusion"
    edition = "2"
    dates_visit = "started_at"
    links = (("dose-plan", "Dose plan"), ("run-sheet", "Run sheet"))

    weight_kg = items.Number("Weight used for the dose", unit="kg", digits=(4, 1), hard=(5, 80), critical=True,
                             sdtm=Sdtm("VS.VSORRES", "WEIGHT"))
    weight_on = items.Date("Weighed on", critical=True, sdtm=Sdtm("VS.VSDTC"))
    premedication = items.Text("Premedication", optional=True, sdtm=Sdtm("CM.CMTRT"), help="Drug, dose and time.")
    started_at = items.DateTime("Infusion started", critical=True, source=DIRECT, sdtm=Sdtm("EC.ECSTDTC"))
    stopped_at = items.DateTime("Infusion stopped", critical=True, source=DIRECT, sdtm=Sdtm("EC.ECENDTC"))
    max_rate = items.Number("Highest rate", unit="mL/h", digits=(5, 1), hard=(0, 1000), source=DIRECT,
                            sdtm=Sdtm("EC.ECDOSRGM"))
    stopped_early = items.Code("Stopped before the end?", options=YesNo, source=DIRECT, sdtm=Sdtm("EC.ECADJ"))
    stop_reason = items.Text("Why was it stopped?", asked_if=("stopped_early", YesNo.YES), source=DIRECT,
                             sdtm=Sdtm("EC.ECADJ"))
    reaction = items.Code("Any reaction during or after the infusion?", options=YesNo, critical=True, source=DIRECT,
                          sdtm=Sdtm("AE.AEOCCUR"), help="If yes, please also add an adverse event.")
    volume_ml = items.Number("Volume given", unit="mL", digits=(6, 1), derived=True, sdtm=Sdtm("EC.ECDOSE"))
    grams = items.Number("IgG given", unit="g", digits=(7, 3), derived=True, critical=True, sdtm=Sdtm("EC.ECDOSE"))
    g_per_kg = items.Number("Dose given", unit="g/kg", digits=(6, 3), derived=True, critical=True,
                            sdtm=Sdtm("EX.EXDOSE"))
    hours = items.Number("Duration", unit="h", digits=(5, 2), derived=True, sdtm=Sdtm("EC.ECDUR"))
    missed_vitals = items.Number("Scheduled vital signs not measured", unit="sets", digits=(3, 0), derived=True, optional=True,
                                 sdtm=NOT_SUBMITTED)
    mean_rate = items.Number("Mean rate", unit="mL/kg/h", digits=(5, 2), derived=True, sdtm=NOT_SUBMITTED)

    sections = [
        Section("Weight", "weight_kg", "weight_on"),
        Section("Infusion", "premedication", "started_at", "stopped_at", "max_rate", "stopped_early", "stop_reason",
                "reaction"),
        Section("Computed", "volume_ml", "grams", "g_per_kg", "hours", "mean_rate", "missed_vitals",
                note="Computed from the bags, their lots and the weight whenever this form is saved"
                     f" (R5, R7, rules {RULES_VERSION})."),
    ]
    edit_checks = [
        EditCheck("INF01", ["started_at", "stopped_at"], lambda c: c.stopped_at > c.started_at,
                  "The infusion stopped before it started. Please check both times.", hard=True),
        EditCheck("INF02", ["started_at"], lambda c: has_valid_consent(c.record, c.started_at),
                  "There is no complete consent before this start. A dose must not be given without consent.",
                  hard=lambda c: c.started_at != c.stored.get("started_at"), rule="RQ-39"),
        EditCheck("INF04", ["started_at"], lambda c: bool(c.stored.get("started_at")) or is_eligibility_signed(c.participant),
                  "No investigator has signed the eligibility of this child, or what was signed has changed since."
                  " A dose must not be given before it is signed.", hard=True, rule="RQ-39"),
        EditCheck("INF03", ["weight_on", "started_at"],
                  lambda c: c.weight_on <= timezone.localtime(c.started_at).date(),
                  "The weight was taken after the infusion started.", hard=True),
        EditCheck("INF10", ["grams"], lambda c: not c.says("dose"), lambda c: c.says("dose"), rule="R5",
                  about="The dose departs from the planned one by more than the tolerance."),
        EditCheck("INF11", ["hours"], lambda c: not c.says("duration"), lambda c: c.says("duration"), rule="R5",
                  about="The infusion was shorter or longer than planned."),
        EditCheck("INF12", ["mean_rate"], lambda c: not c.says("rate"), lambda c: c.says("rate"), rule="R5",
                  about="The rate was higher than accepted."),
        EditCheck("INF13", ["weight_on", "started_at"], lambda c: not c.says("weight"), lambda c: c.says("weight"),
                  rule="R5", about="The weight is older than accepted for a dose."),
        EditCheck("INF14", ["grams"], lambda c: not c.says("partial", "no volume"), lambda c: c.says("partial", "no volume"),
                  rule="R7", about="Part of the dose, or no volume, was given."),
        EditCheck("INF15", ["started_at"], lambda c: not c.off_interval(), lambda c: c.off_interval(), rule="R6",
                  about="The days since the previous dose lie outside 14 to 28."),
        EditCheck("INF16", ["started_at"], lambda c: c.is_within_participation(),
                  "The infusion lies outside the participation (enrolment to end). Please check the dates."),
        EditCheck("INF17", ["started_at"], lambda c: not c.day_0_warnings(), lambda c: c.day_0_warnings(), rule="R2",
                  about="On Day 0 the ITP is no longer surely persistent."),
        EditCheck("INF20", ["missed_vitals"], lambda c: c.missed_vitals <= value("VITALS_MISSED_MAX"),
                  lambda c: f"{c.missed_vitals} scheduled sets of vital signs were not measured during this infusion.",
                  rule="protocol 6.4", about="More than one scheduled set of vital signs was not measured."),
        EditCheck("INF18", ["weight_kg", "weight_on"], lambda c: not c.weight_jump(), lambda c: c.weight_jump(),
                  rule="protocol 8.3",
                  about="The weight differs from that of the previous dose by more than 10 % in at most 35 days."),
    ]

    WEIGHT_JUMP, WEIGHT_JUMP_D = Decimal("0.10"), 35

    verdict: dose.DoseVerdict | None = None
    #: The bags that this save names for the first time.
    new_bags: Sequence[Any] = ()
    _others: list[Infusion] | None = None

    @property
    def number(self) -> int:
        """0 = loading dose, 1-5 = maintenance doses."""
        return int(self.record.visit.plan.infusion)

    @property
    def started_on(self) -> date | None:
        return timezone.localtime(self.started_at).date() if self.started_at else None

    def derive(self, rows: list[Row]) -> None:
        self.verdict = None
        self.new_bags = [row.bag_id for row in rows if is_new(row)]
        bags = [dose.Bag(r.volume_ml, r.bag.crf.igg_g_per_l, r.bag.label) for r in rows if _is_known(r)]
        grams = dose.given(bags)
        self.volume_ml, self.grams = sum((b.volume_ml for b in bags), Decimal(0)), _to_the_milligram(grams)
        self.g_per_kg = self.hours = self.mean_rate = None
        self.missed_vitals = self._missed_vitals()
        if self.weight_kg and self.weight_on and self.started_at and (not self.stopped_at or self.started_at < self.stopped_at):
            self.verdict = dose.check(self.number, self.weight_kg, self.weight_on, self.started_at, self.stopped_at, bags,
                                      self.stopped_early == YesNo.YES)
            self.g_per_kg = _to_the_milligram(grams / self.weight_kg)
            self.hours, self.mean_rate = self.verdict.hours, self.verdict.ml_per_kg_h

    def _missed_vitals(self) -> int | None:
        """Of a finished infusion with a run sheet; it is counted anew whenever the sheet or this form changes."""
        from dosing.sheets import missed_sets

        return missed_sets(self.record) if self.stopped_at else None

    def says(self, *topics: str) -> str:
        """What the dose rules say about these topics, or an empty text."""
        findings = self.verdict.findings if self.verdict else ()
        return " ".join(finding.text for finding in findings if finding.topic in topics and finding.level != "note")

    def is_within_participation(self) -> bool:
        first, last = self.participant.enrolled_on, self.participant.ended_on
        return bool(first and first <= self.started_on and not (last and last < self.started_on))

    def others(self) -> list[Infusion]:
        """The other doses of this child that were started and not void, in the order of their number. Asked once."""
        if self._others is None:
            found = doses_of(self.record.participant_id).exclude(pk=self.pk)
            self._others = sorted(found, key=lambda infusion: infusion.number)
        return self._others

    @cached_property
    def child_group(self) -> str:
        """The blood group of the child where it is known. Asked once."""
        return abo_of(self.record.participant_id)

    def previous(self) -> Infusion | None:
        return next((o for o in reversed(self.others()) if o.number < self.number), None)

    def following(self) -> Infusion | None:
        return next((o for o in self.others() if o.number > self.number), None)

    def off_interval(self) -> str:
        """What R6 says about the days since the previous dose, or an empty text."""
        before = self.previous()
        if before is None or before.started_on is None or self.started_on is None:
            return ""
        verdict = interval.classify_interval((self.started_on - before.started_on).days)
        return "" if verdict.verdict == "in protocol" else " ".join(reason.text for reason in verdict.reasons)

    def weight_jump(self) -> str:
        """Why this weight is surprising beside the one of the previous dose (``protocol.md`` 8.3), or an empty text."""
        before = self.previous()
        if before is None or not before.weight_kg or not before.weight_on or not self.weight_kg or not self.weight_on:
            return ""
        change = abs(self.weight_kg - before.weight_kg) / before.weight_kg
        if change <= self.WEIGHT_JUMP or (self.weight_on - before.weight_on).days > self.WEIGHT_JUMP_D:
            return ""
        return (f"{items.plain(self.weight_kg)} kg after {items.plain(before.weight_kg)} kg on {before.weight_on:%d %b %Y}:"
                f" more than {self.WEIGHT_JUMP:.0%} in at most {self.WEIGHT_JUMP_D} days. Please weigh again, or confirm.")

    def day_0_warnings(self) -> str:
        """R2 once more on Day 0: a child who became chronic while waiting is a warning, never a refusal."""
        screening = Screening.objects.filter(record__participant=self.record.participant_id).first() if not self.number else None
        if screening is None or not screening.diagnosed_on:
            return ""
        evidence = replace(screening.evidence(confirmed_on=self.record.participant.enrolled_on), day_0=self.started_on)
        return " ".join(reason.text for reason in eligibility.assess(evidence).warnings if reason.rule == "R2")

    def needs_refusal(self) -> str:
        if self.record.participant.subject_number is None:
            return "This child is not enrolled: no dose may be recorded."
        if self.number and self.started_at and not any(other.number == 0 for other in self.others()):
            return "There is no loading dose before this maintenance dose. Please enter the loading dose first."
        if self.started_at is None:
            after = self.following()
            return f"{after.record.visit.title} was given after this dose, so this one needs its start." if after else ""
        return self._out_of_order()

    def _out_of_order(self) -> str:
        for other in self.others():
            late = other.number < self.number and other.started_at >= self.started_at
            if late or (other.number > self.number and other.started_at <= self.started_at):
                word = "after" if other.number < self.number else "before"
                return f"{other.record.visit.title} started on {other.started_on:%d %b %Y}; this dose must start {word} it."
            if self._overlaps(other):
                return f"{other.record.visit.title} ran at the same time. Two infusions of one child never overlap."
        return ""

    def _overlaps(self, other: Infusion) -> bool:
        """One of the two began before the other had ended. An infusion that still runs ends somewhen after its start."""
        first, second = sorted((self, other), key=lambda each: each.started_at)
        return first.stopped_at is not None and second.started_at < first.stopped_at

    def on_saved(self, by: Any) -> None:
        from dosing.actions import follow_infusion
        from dosing.actions.plan import free_kept_bags
        from dosing.actions.stock import refuse_bags_that_were_gone

        free_kept_bags(infusion=self)
        refuse_bags_that_were_gone(infusion=self, named=self.new_bags)
        follow_infusion(infusion=self, by=by)


def _to_the_milligram(number: Decimal) -> Decimal:
    """As the column rounds, so that what was judged is what is stored."""
    return number.quantize(Decimal("0.001"), ROUND_HALF_UP)


def doses_of(participant: Any) -> Any:
    """The infusions of a child that count as a dose (R7): started, and still running or with any volume given."""
    started = Infusion.objects.filter(record__participant=participant, started_at__isnull=False)
    return started.filter(models.Q(volume_ml__gt=0) | models.Q(stopped_at__isnull=True)).select_related("record__visit")


def _is_known(row: Any) -> bool:
    return bool(row.bag_id and row.volume_ml is not None and row.bag.crf.igg_g_per_l)


def is_new(row: Row) -> bool:
    """What is stored already can always be corrected; only a new line is refused."""
    return row._state.adding


class InfusionBag(Row):
    """What was given of one bag. A bag is given once."""

    slug = "bags"
    legend = "Bags given"

    crf = models.ForeignKey(Infusion, on_delete=models.PROTECT, related_name="bags")
    bag = items.Ref("Bag", to=Bag, related_name="given", choices_for=usable_bags, critical=True, source=DIRECT,
                    sdtm=Sdtm("EC.ECLOT"))
    volume_ml = items.Number("Volume given", unit="mL", digits=(5, 1), hard=(0, 1000), critical=True, source=DIRECT,
                             sdtm=Sdtm("EC.ECDOSE"))

    despite = items.Text("Given although it must not be: what happened", optional=True, source=DIRECT, sdtm=NOT_SUBMITTED,
                         help="Only where a bag of a wrong blood group was really given: then the truth is stored.")

    sections = [Section("Bags given", "bag", "volume_ml", "despite")]
    edit_checks = [
        EditCheck("BAG01", ["volume_ml", "bag"], lambda r: r.volume_ml <= (r.bag.volume_ml or 0),
                  lambda r: f"Bag {r.bag.label} holds {items.plain(r.bag.volume_ml or Decimal(0))} mL; more cannot be given.",
                  hard=is_new, about="More was given than the bag holds."),
        EditCheck("BAG02", ["bag"], lambda r: not r.not_yet_or_no_more(), lambda r: r.not_yet_or_no_more(), hard=is_new,
                  about="The bag was not received or released, or had expired, on the day of the infusion."),
        EditCheck("BAG04", ["bag"], lambda r: not r.wrong_group(), lambda r: r.wrong_group(), rule="protocol 5.3",
                  hard=lambda r: is_new(r) and not r.despite,
                  about="The group of the bag does not fit the child, or is not known to fit."),
        EditCheck("BAG03", ["bag"], lambda r: not r.gone_or_held(), lambda r: r.gone_or_held(), hard=is_new,
                  about="The bag is gone or held."),
    ]

    class Meta(Row.Meta):
        constraints = [models.UniqueConstraint(fields=["bag"], condition=standing, name="bag_given_once")]

    def __str__(self) -> str:
        return f"{self.bag}: {self.volume_ml} mL"

    def not_yet_or_no_more(self) -> str:
        """Why this bag could not be given on the day of the infusion (not received, not released, expired), or ``""``."""
        lot, day = self.bag.crf, self.crf.started_on
        if day is None:
            return ""
        late = [(word, on) for word, on in (("received", lot.received_on), ("released", lot.released_on)) if on and on > day]
        if late:
            word, on = late[0]
            return f"Bag {self.bag.label} was {word} on {on:%d %b %Y}, after this infusion."
        if lot.expires_on and lot.expires_on < day:
            return f"Bag {self.bag.label} expired on {lot.expires_on:%d %b %Y}, before this infusion."
        return ""

    def wrong_group(self) -> str:
        """Why the ABO rule forbids this bag for this child, or ``""``."""
        found = compatibility.match(self.crf.child_group, self.bag.crf.blood_group or "")
        return f"Bag {self.bag.label}: {found.text}" if found.level == "stop" else ""

    def gone_or_held(self) -> str:
        """Why this bag could not be had any more when the infusion started (gone, or its lot held), or ``""``."""
        start = self.crf.started_at or timezone.now()
        for moment, what in ((getattr(self.bag, "gone_at", None), "was wasted or returned"),
                             (getattr(self.bag, "held_at", None), "belongs to a lot in quarantine or recalled")):
            if moment and moment <= start:
                return f"Bag {self.bag.label} {what} since {timezone.localtime(moment):%d %b %Y %H:%M} Cairo, before this start."
        return ""


Infusion.row_models = (InfusionBag,)
