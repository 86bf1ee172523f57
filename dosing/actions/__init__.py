"""Everything that changes the product and what is given. Named actions, keyword-only, always ``by=``."""

from dosing.actions.plan import accept_plan, confirm_plan, withdraw_plan
from dosing.actions.run_sheet import note_event, write_form
from dosing.actions.stock import hold_lot, lift_hold, move_bags, take_back_movement
from dosing.actions.treatment import end_treatment, follow_infusion, recompute_infusions

__all__ = [
    "accept_plan", "confirm_plan", "end_treatment", "follow_infusion", "hold_lot", "lift_hold", "move_bags",
    "note_event", "recompute_infusions", "take_back_movement", "withdraw_plan", "write_form",
]  # fmt: skip
