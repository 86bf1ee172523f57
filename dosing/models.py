"""Django finds the forms of this app here."""

from dosing.crfs import Bag, Infusion, InfusionBag, Lot

__all__ = ["Bag", "Infusion", "InfusionBag", "Lot"]
