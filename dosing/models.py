"""Django finds the forms and tables of this app here."""

from dosing.blood_group import BloodGroupTest
from dosing.crfs import Bag, Infusion, InfusionBag, Lot
from dosing.plans import DosePlan, PlannedBag
from dosing.product import BagMovement, LotHold
from dosing.sheets import RunEvent

__all__ = [
    "Bag", "BagMovement", "BloodGroupTest", "DosePlan", "Infusion", "InfusionBag", "Lot", "LotHold", "PlannedBag",
    "RunEvent",
]  # fmt: skip
