"""The forms of the product and of what is given: mini-pool lot with its bags, infusion with the bags used."""

from dosing.crfs.infusion import Infusion, InfusionBag, doses_of, usable_bags
from dosing.crfs.lot import Bag, Lot

__all__ = ["Bag", "Infusion", "InfusionBag", "Lot", "doses_of", "usable_bags"]
