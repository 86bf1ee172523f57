"""The fall of haemoglobin after an infusion: when to look for haemolysis (``protocol.md`` 6.1 and 8.2). Pure.

IVIG may carry antibodies against the red cells of the child. The comparison is always with the last value before the
infusion, in g/dL.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from itp_trial.protocol import value

PROMPT_G_DL: Decimal = value("HB_FALL_PROMPT")
DAT_G_DL: Decimal = value("HB_FALL_DAT")


@dataclass(frozen=True)
class Haemoglobin:
    """One value in g/dL and the moment of its sample."""

    at: datetime
    g_per_dl: Decimal


@dataclass(frozen=True)
class Fall:
    """From the last value before an infusion to a value after it, in g/dL; negative for a rise."""

    before: Haemoglobin
    after: Haemoglobin

    @property
    def g_per_dl(self) -> Decimal:
        return self.before.g_per_dl - self.after.g_per_dl

    @property
    def prompts_haemolysis(self) -> bool:
        """2 g/dL or more: report it and look for haemolysis."""
        return self.g_per_dl >= PROMPT_G_DL

    @property
    def wants_dat(self) -> bool:
        """1 g/dL or more: repeat the direct antiglobulin test."""
        return self.g_per_dl >= DAT_G_DL

    @property
    def text(self) -> str:
        """What was found and what it asks for, in words."""
        seen = f"Haemoglobin fell by {self.g_per_dl:f} g/dL since before the infusion ({self.before.g_per_dl:f} g/dL)."
        if self.prompts_haemolysis:
            return f"{seen} Think of haemolysis: antiglobulin test, bilirubin, LDH, reticulocytes, urine; add an adverse event."
        return f"{seen} Please repeat the direct antiglobulin test." if self.wants_dat else seen


def fall_after(infused_at: datetime, values: Iterable[Haemoglobin], after: Haemoglobin) -> Fall | None:
    """The fall from the latest of ``values`` taken before the infusion to ``after``; ``None`` if there is none to compare."""
    earlier = [each for each in values if each.at <= infused_at]
    if after.at <= infused_at or not earlier:
        return None
    return Fall(max(earlier, key=lambda each: each.at), after)


def last_infusion_before(at: datetime, infusions: Iterable[datetime]) -> datetime | None:
    """The start of the latest infusion before a moment."""
    return max((start for start in infusions if start < at), default=None)
