"""The lot form: a mini-pool lot as a site received it, with its certificate, release and bags."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django.db import models

from casebook import items
from casebook.crf import Crf, EditCheck, Row, Section
from casebook.items import NOT_SUBMITTED, Sdtm, YesNo
from dosing.blood_group import BloodGroup
from itp_trial.roles import Can

# A form reads like a table: one question a line.
# fmt: off


class Basis(models.TextChoices):
    IGG = "IgG", "IgG"
    PROTEIN = "protein", "Total protein"


class DonorTest(models.TextChoices):
    """The result of the donor tests of a pool."""

    NON_REACTIVE = "NEG", "Non-reactive in every donor"
    REACTIVE = "POS", "Reactive in at least one donor"


class Sterility(models.TextChoices):
    STERILE = "sterile", "Sterile"
    GROWTH = "growth", "Growth"


#: What the certificate has to say before a lot is released (``protocol.md`` 5.5; which of them is an assumption).
CERTIFICATE = ("lot_number", "pool", "blood_group", "donations", "expires_on", "igg_g_per_l", "basis", "protein_g_per_l",
               "iga_g_per_l", "anti_a", "anti_b", "hbsag", "anti_hcv", "hiv", "syphilis", "aggregates", "sterility", "endotoxin",
               "tested_by", "retained_sample", "released_by", "released_on")  # fmt: skip
#: Donor tests: nothing else than non-reactive is ever released. NAT stands here "where available".
DONOR_TESTS = ("hbsag", "anti_hcv", "hiv", "syphilis", "nat")


class Lot(Crf):
    """A mini-pool lot (20 donations) as received by a site, with its bags."""

    slug = "lot"
    edition = "2"
    is_product = True
    entered_with = Can.EDIT_PRODUCT
    links = (("lot-stock", "Bags and their account"),)

    lot_number = items.Text("Lot number", critical=True, sdtm=Sdtm("EC.ECLOT"))
    pool = items.Text("Pool number", critical=True, sdtm=NOT_SUBMITTED,
                      help="One pool may have become several lots; look-back finds all of them.")
    blood_group = items.Code("Blood group of the pool", options=BloodGroup, critical=True, sdtm=NOT_SUBMITTED)
    donations = items.Number("Donations in the pool", digits=(3, 0), hard=(1, 200), expected=(20, 20),
                             sdtm=NOT_SUBMITTED)
    received_on = items.Date("Received on", sdtm=Sdtm("DA.DADTC"))
    expires_on = items.Date("Expires on", future=True, critical=True, sdtm=NOT_SUBMITTED)
    igg_g_per_l = items.Number("IgG concentration", unit="g/L", digits=(5, 1), hard=(1, 200), expected=(30, 70),
                               critical=True, sdtm=NOT_SUBMITTED, help="From the certificate of the lot.")
    basis = items.Code("This concentration rests on", options=Basis, sdtm=NOT_SUBMITTED,
                       help="Measured IgG, or total protein taken as IgG: that changes every dose by about a third.")
    protein_g_per_l = items.Number("Total protein", unit="g/L", digits=(5, 1), hard=(1, 300), expected=(45, 80),
                                   sdtm=NOT_SUBMITTED)
    iga_g_per_l = items.Number("IgA concentration", unit="g/L", digits=(5, 2), hard=(0, 50), expected=(0, 10),
                               sdtm=NOT_SUBMITTED)
    purity = items.Number("IgG of all immunoglobulin", unit="%", digits=(4, 1), hard=(0, 100), expected=(75, 100),
                          optional=True, sdtm=NOT_SUBMITTED)
    anti_a = items.Number("Anti-A, last positive dilution 1 in", unit="(titre)", digits=(5, 0), hard=(0, 8192),
                          expected=(0, 64), critical=True, sdtm=NOT_SUBMITTED, help="Direct method; 0 where not detected.")
    anti_b = items.Number("Anti-B, last positive dilution 1 in", unit="(titre)", digits=(5, 0), hard=(0, 8192),
                          expected=(0, 64), critical=True, sdtm=NOT_SUBMITTED, help="Direct method; 0 where not detected.")
    aggregates = items.Number("Aggregates and polymers", unit="%", digits=(4, 1), hard=(0, 100), expected=(0, 3),
                              sdtm=NOT_SUBMITTED)
    pka = items.Number("Prekallikrein activator", unit="IU/mL", digits=(5, 1), hard=(0, 1000), expected=(0, 35),
                       optional=True, sdtm=NOT_SUBMITTED)
    anticomplementary = items.Number("Anticomplementary activity, consumption", unit="%", digits=(4, 1), hard=(0, 100),
                                     expected=(0, 50), optional=True, sdtm=NOT_SUBMITTED)
    ph = items.Number("Acidity", unit="pH", digits=(4, 2), hard=(1, 14), expected=(4, 8), optional=True, sdtm=NOT_SUBMITTED)
    osmolality = items.Number("Osmolality", unit="mosmol/kg", digits=(5, 0), hard=(1, 2000), expected=(200, 400),
                              optional=True, sdtm=NOT_SUBMITTED)
    caprylic_acid = items.Number("Residual caprylic acid", unit="g/L", digits=(6, 3), hard=(0, 50), expected=(0, 1),
                                 optional=True, sdtm=NOT_SUBMITTED)
    endotoxin = items.Number("Endotoxin", unit="EU/mL", digits=(6, 2), hard=(0, 1000), expected=(0, Decimal("0.5")),
                             sdtm=NOT_SUBMITTED)
    sterility = items.Code("Sterility", options=Sterility, critical=True, sdtm=NOT_SUBMITTED)
    hbsag = items.Code("HBsAg of the donors", options=DonorTest, critical=True, sdtm=NOT_SUBMITTED)
    anti_hcv = items.Code("Anti-HCV of the donors", options=DonorTest, critical=True, sdtm=NOT_SUBMITTED)
    hiv = items.Code("HIV 1/2 of the donors", options=DonorTest, critical=True, sdtm=NOT_SUBMITTED)
    syphilis = items.Code("Syphilis of the donors", options=DonorTest, critical=True, sdtm=NOT_SUBMITTED)
    nat = items.Code("Nucleic acid tests of the donors", options=DonorTest, optional=True, critical=True,
                     sdtm=NOT_SUBMITTED, help="Where available.")
    tested_by = items.Text("Laboratory and methods", sdtm=NOT_SUBMITTED)
    retained_sample = items.Text("Retained sample kept at", sdtm=NOT_SUBMITTED)
    released = items.Code("Released for use", options=YesNo, critical=True, sdtm=NOT_SUBMITTED)
    released_by = items.Text("Released by", asked_if=("released", YesNo.YES), critical=True, sdtm=NOT_SUBMITTED,
                             help="Name and function of the person who decided.")
    released_on = items.Date("Released on", asked_if=("released", YesNo.YES), critical=True, sdtm=NOT_SUBMITTED)

    sections = [
        Section("Lot", "lot_number", "pool", "blood_group", "donations", "received_on", "expires_on"),
        Section("Certificate", "igg_g_per_l", "basis", "protein_g_per_l", "iga_g_per_l", "purity", "anti_a", "anti_b",
                "aggregates", "pka", "anticomplementary", "ph", "osmolality", "caprylic_acid", "endotoxin", "sterility",
                "tested_by"),
        Section("Donor tests", "hbsag", "anti_hcv", "hiv", "syphilis", "nat", "retained_sample"),
        Section("Release", "released", "released_by", "released_on",
                note="No release without a complete certificate and non-reactive donor tests (protocol 5.5)."),
    ]
    edit_checks = [
        EditCheck("LOT01", ["received_on", "expires_on"], lambda c: c.expires_on >= c.received_on,
                  "The lot expired before it was received. Please check both dates."),
        EditCheck("LOT02", ["basis"], lambda c: c.basis != Basis.PROTEIN,
                  "The concentration rests on total protein: every dose would hold about a quarter less IgG than it says"
                  " (protocol 5.2). Please ask for the measured IgG, or confirm.", rule="R5"),
        EditCheck("LOT10", ["released"], lambda c: not c.keeps_from_release(), lambda c: c.keeps_from_release(), hard=True,
                  rule="protocol 5.5", about="Something of the certificate keeps the lot from release."),
    ]

    def __str__(self) -> str:
        return f"Lot {self.lot_number}"

    def keeps_from_release(self) -> str:
        """In one sentence everything that must be there before "released" can be said, or an empty text."""
        if self.released != YesNo.YES:
            return ""
        questions = self.items()
        lacking = [f"“{questions[name].label}”" for name in CERTIFICATE if getattr(self, name) in (None, "")]
        wrong = [f"“{questions[name].label}” is reactive" for name in DONOR_TESTS if getattr(self, name) == DonorTest.REACTIVE]
        wrong += ["the product is not sterile"] if self.sterility == Sterility.GROWTH else []
        said = [f"still needed: {', '.join(lacking)}"] if lacking else []
        return f"This lot cannot be released; {'; '.join(said + wrong)}." if said + wrong else ""

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


Lot.row_models = (Bag,)
