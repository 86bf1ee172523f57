"""Django finds the forms and tables of this app here."""

from dosing.crfs import Bag, Infusion, InfusionBag, Lot
from dosing.product import BagMovement, LotHold

__all__ = ["Bag", "BagMovement", "Infusion", "InfusionBag", "Lot", "LotHold"]
