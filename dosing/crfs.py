"""The forms of the product and of what is given: mini-pool lot with its bags, infusion with the bags used."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from django.db import models
from django.utils import timezone

from casebook import items
from casebook.crf import Crf, EditCheck, Row, Section
from casebook.items import DIRECT, NOT_SUBMITTED, Sdtm, YesNo
from dosing import dose, interval
from dosing.blood_group import BloodGroup
from enrollment import eligibility
from enrollment.actions import has_valid_consent
from enrollment.crfs import Screening
from itp_trial.protocol import RULES_VERSION
from signatures.selectors import is_eligibility_signed

# A form reads like a table: one question a line.
# fmt: off


class Basis(models.TextChoices):
    IGG = "IgG", "IgG"
    PROTEIN = "protein", "Total protein"


class Lot(Crf):
    """A mini-pool lot (20 donations) as received by a site, with its bags."""

    slug = "lot"
    is_product = True

    lot_number = items.Text("Lot number", critical=True, sdtm=Sdtm("EC.ECLOT"))
    blood_group = items.Code("Blood group of the pool", options=BloodGroup, critical=True, sdtm=NOT_SUBMITTED)
    igg_g_per_l = items.Number("IgG concentration", unit="g/L", digits=(5, 1), hard=(1, 200), expected=(30, 70),
                               critical=True, sdtm=NOT_SUBMITTED, help="From the certificate of the lot.")
    basis = items.Code("Doses are computed from", options=Basis, sdtm=NOT_SUBMITTED)
    iga_g_per_l = items.Number("IgA concentration", unit="g/L", digits=(5, 2), hard=(0, 50), expected=(0, 10),
                               sdtm=NOT_SUBMITTED)
    donations = items.Number("Donations in the pool", digits=(3, 0), hard=(1, 200), expected=(20, 20),
                             sdtm=NOT_SUBMITTED)
    received_on = items.Date("Received on", sdtm=Sdtm("DA.DADTC"))
    expires_on = items.Date("Expires on", future=True, critical=True, sdtm=NOT_SUBMITTED)
    released = items.Code("Released for use", options=YesNo, critical=True, sdtm=NOT_SUBMITTED)
    released_on = items.Date("Released on", asked_if=("released", YesNo.YES), critical=True, sdtm=NOT_SUBMITTED)

    sections = [
        Section("Lot", "lot_number", "blood_group", "donations", "received_on", "expires_on"),
        Section("Certificate", "igg_g_per_l", "basis", "iga_g_per_l"),
        Section("Release", "released", "released_on"),
    ]
    edit_checks = [
        EditCheck("LOT01", ["received_on", "expires_on"], lambda c: c.expires_on >= c.received_on,
                  "The lot expired before it was received. Please check both dates."),
    ]

    def __str__(self) -> str:
        return f"Lot {self.lot_number}"

    def on_saved(self, by: Any) -> None:
        """A corrected certificate changes the grams of every infusion that used this lot."""
        from dosing.actions import recompute_infusions

        recompute_infusions(lot=self, by=by)


#: A line that was taken away makes room for another one.
standing = models.Q(taken_away=False)


class Bag(Row):
    """One frozen bag of a lot."""

    slug = "bags"
    legend = "Bags"

    crf = models.ForeignKey(Lot, on_delete=models.PROTECT, related_name="bags")
    label = items.Text("Bag number", critical=True, sdtm=Sdtm("DA.DAREFID"))
    volume_ml = items.Number("Volume", unit="mL", digits=(5, 1), hard=(1, 1000), expected=(20, 300), critical=True,
                             sdtm=Sdtm("DA.DAORRES", "DISPAMT"))

    sections = [Section("Bags", "label", "volume_ml")]

    class Meta(Row.Meta):
        constraints = [models.UniqueConstraint(fields=["crf", "label"], condition=standing, name="bag_label_once_per_lot")]

    def __str__(self) -> str:
        return f"{self.crf.lot_number} / {self.label} ({items.plain(self.volume_ml or Decimal(0))} mL)"


def usable_bags(record: Any, current: Any) -> list[Bag]:
    """The bags that may be given now at this site: released, not expired, not used; and the one already chosen.

    Asked once per record, however many rows the form shows.
    """
    if not hasattr(record, "_usable_bags"):
        stock = Bag.objects.filter(crf__record__site_id=record.site_id)
        given = InfusionBag.objects.filter(bag=models.OuterRef("pk"))
        usable = models.Q(~models.Exists(given), crf__released=YesNo.YES) | models.Exists(given.filter(crf=record.pk))
        free = stock.filter(usable)
        record._usable_bags = list(free.select_related("crf").order_by("crf__expires_on", "crf__lot_number", "label"))
    day = record.visit.date if record.visit else timezone.localdate()
    return [bag for bag in record._usable_bags if bag.pk == current or (bag.crf.expires_on or date.max) >= day]


Lot.row_models = (Bag,)


class Infusion(Crf):
    """One mini-pool IVIG infusion: weight, bags, times and rate; grams and g/kg are computed (R5, R7)."""

    slug = "infusion"
    dates_visit = "started_at"

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
    mean_rate = items.Number("Mean rate", unit="mL/kg/h", digits=(5, 2), derived=True, sdtm=NOT_SUBMITTED)

    sections = [
        Section("Weight", "weight_kg", "weight_on"),
        Section("Infusion", "premedication", "started_at", "stopped_at", "max_rate", "stopped_early", "stop_reason",
                "reaction"),
        Section("Computed", "volume_ml", "grams", "g_per_kg", "hours", "mean_rate",
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
        EditCheck("INF10", ["grams"], lambda c: not c.says("dose"), lambda c: c.says("dose"), rule="R5"),
        EditCheck("INF11", ["hours"], lambda c: not c.says("duration"), lambda c: c.says("duration"), rule="R5"),
        EditCheck("INF12", ["mean_rate"], lambda c: not c.says("rate"), lambda c: c.says("rate"), rule="R5"),
        EditCheck("INF13", ["weight_on", "started_at"], lambda c: not c.says("weight"), lambda c: c.says("weight"),
                  rule="R5"),
        EditCheck("INF14", ["grams"], lambda c: not c.says("partial", "no volume"), lambda c: c.says("partial", "no volume"),
                  rule="R7"),
        EditCheck("INF15", ["started_at"], lambda c: not c.off_interval(), lambda c: c.off_interval(), rule="R6"),
        EditCheck("INF16", ["started_at"], lambda c: c.is_within_participation(),
                  "The infusion lies outside the participation (enrolment to end). Please check the dates."),
        EditCheck("INF17", ["started_at"], lambda c: not c.day_0_warnings(), lambda c: c.day_0_warnings(), rule="R2"),
        EditCheck("INF18", ["weight_kg", "weight_on"], lambda c: not c.weight_jump(), lambda c: c.weight_jump(),
                  rule="protocol 8.3"),
    ]

    WEIGHT_JUMP, WEIGHT_JUMP_D = Decimal("0.10"), 35

    verdict: dose.DoseVerdict | None = None
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
        bags = [dose.Bag(r.volume_ml, r.bag.crf.igg_g_per_l, r.bag.label) for r in rows if _is_known(r)]
        grams = dose.given(bags)
        self.volume_ml, self.grams = sum((b.volume_ml for b in bags), Decimal(0)), _to_the_milligram(grams)
        self.g_per_kg = self.hours = self.mean_rate = None
        if self.weight_kg and self.weight_on and self.started_at and (not self.stopped_at or self.started_at < self.stopped_at):
            self.verdict = dose.check(self.number, self.weight_kg, self.weight_on, self.started_at, self.stopped_at, bags,
                                      self.stopped_early == YesNo.YES)
            self.g_per_kg = _to_the_milligram(grams / self.weight_kg)
            self.hours, self.mean_rate = self.verdict.hours, self.verdict.ml_per_kg_h

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
        return ""

    def on_saved(self, by: Any) -> None:
        from dosing.actions import follow_infusion

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

    sections = [Section("Bags given", "bag", "volume_ml")]
    edit_checks = [
        EditCheck("BAG01", ["volume_ml", "bag"], lambda r: r.volume_ml <= (r.bag.volume_ml or 0),
                  lambda r: f"Bag {r.bag.label} holds {items.plain(r.bag.volume_ml or Decimal(0))} mL; more cannot be given.",
                  hard=is_new),
        EditCheck("BAG02", ["bag"], lambda r: not r.not_yet_or_no_more(), lambda r: r.not_yet_or_no_more(), hard=is_new),
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


Infusion.row_models = (InfusionBag,)
