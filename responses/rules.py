"""The numbers that the response rules use, as one value that a sensitivity analysis can replace.

The defaults come from ``itp_trial.protocol``; nothing here repeats a number. Pure: no Django, no clock.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from itp_trial.protocol import RULES_VERSION, value

#: Rescue kinds with the short washout of R17; every other kind has the long one.
TRANSFUSIONS = frozenset({"platelet_transfusion"})


def number_text(number: Decimal | int) -> str:
    """A count or limit without exponent and without trailing zeros: ``120``, ``29.5``."""
    return format(Decimal(number).normalize(), "f")


_CR_MIN: Decimal = value("CR_MIN")
_R_MIN: Decimal = value("R_MIN")
_FOLD: Decimal = value("FOLD")


@dataclass(frozen=True)
class Rules:
    """Thresholds of R11-R22. Counts are 10^9/L, ``_d`` means days.

    ``strict`` reads the ASH 2011 wording: more than 7 days, more than 2-fold, more than a day.
    ``accept_unconfirmed`` takes one qualifying count as a response (sensitivity analysis, section 10).
    ``censor_unconfirmed_loss`` censors at the last good count if only the very last one is low (R16 c).
    ``ignore_rescue`` classifies as if no rescue had been given (treatment policy, section 10).
    """

    cr_min: Decimal | int = _CR_MIN
    r_min: Decimal | int = _R_MIN
    fold: Decimal | int = _FOLD
    bleed_grade: int = value("BLEED_GRADE")
    baseline_window_d: int = value("BASELINE_WINDOW_D")
    confirm_resp_d: int = value("CONFIRM_RESP_D")
    confirm_loss_d: int = value("CONFIRM_LOSS_D")
    attrib_d: int = value("ATTRIB_D")
    rescue_wash_d: int = value("RESCUE_WASH_D")
    plt_transf_wash_d: int = value("PLT_TRANSF_WASH_D")
    pti_cap_d: int = value("PTI_CAP_D")
    srot_d: int = value("SROT_D")
    srot_max_gap_d: int = value("SROT_MAX_GAP_D")
    rot_min_d: int = value("ROT_MIN_D")
    strict: bool = value("STRICT")
    accept_unconfirmed: bool = value("ACCEPT_UNCONFIRMED")
    censor_unconfirmed_loss: bool = value("CENSOR_UNCONFIRMED_LOSS")
    ignore_rescue: bool = value("IGNORE_RESCUE")
    version: str = RULES_VERSION

    def reaches_fold(self, count: Decimal, baseline: Decimal) -> bool:
        """Is the count enough times the baseline? A product, never a ratio: the baseline may be 0 (R13)."""
        target = self.fold * baseline
        return count > target if self.strict else count >= target

    def confirms_response(self, days: int) -> bool:
        """Are two counts this many days apart far enough to confirm a response (R14)?"""
        return days >= self.response_gap_d

    def confirms_loss(self, days: int) -> bool:
        """Are two counts this many days apart far enough to confirm loss or no response (R15, R16)?"""
        return days >= self.loss_gap_d

    @property
    def response_gap_d(self) -> int:
        """The smallest whole number of days that confirms a response."""
        return self.confirm_resp_d + self.strict

    @property
    def loss_gap_d(self) -> int:
        """The smallest whole number of days that confirms a loss."""
        return self.confirm_loss_d + self.strict

    def washout_d(self, kind: str) -> int:
        """Days after the end of a rescue of this kind on which counts are not evaluable (R17)."""
        return self.plt_transf_wash_d if kind in TRANSFUSIONS else self.rescue_wash_d

    def response_text(self, baseline: Decimal | None) -> str:
        """The smallest count at response level for this baseline, in words: ``at least 40``."""
        if baseline is None or not self.reaches_fold(Decimal(self.cr_min), baseline):
            return f"at least {number_text(self.cr_min)}"
        target = self.fold * baseline
        if self.strict and target >= self.r_min:
            return f"more than {number_text(target)}"
        return f"at least {number_text(max(Decimal(self.r_min), min(target, Decimal(self.cr_min))))}"
