"""Django finds the forms of this app here."""

from dosing.blood_group import BloodGroupTest
from dosing.crfs import Bag, Infusion, InfusionBag, Lot

__all__ = ["Bag", "BloodGroupTest", "Infusion", "InfusionBag", "Lot"]
