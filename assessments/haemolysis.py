"""When a fall of haemoglobin after an infusion has to be looked into, and what an antibody after IVIG means. Pure."""

from __future__ import annotations

from decimal import Decimal

from itp_trial.protocol import value

FALL: Decimal = value("HB_FALL_PROMPT")


def is_suspected(before: Decimal, after: Decimal) -> bool:
    """Whether haemoglobin (g/dL) fell far enough after an infusion to look for haemolysis."""
    return before - after >= FALL


def prompt(before: Decimal, after: Decimal) -> str:
    """What to do about the fall, or an empty text."""
    if not is_suspected(before, after):
        return ""
    return (
        f"Haemoglobin fell by {before - after} g/dL after the infusion ({FALL} or more). Look for haemolysis: direct"
        " antiglobulin test, bilirubin, LDH, haptoglobin, reticulocytes, colour of urine; then add an adverse event."
    )


#: Antibody -> what would show that the infection is the child's own.
PASSIVE = {
    "anti-HBs": "HBsAg",
    "anti-HBc": "HBsAg or HBV DNA",
    "anti-HCV": "HCV RNA",
    "anti-HIV": "HIV antigen or RNA",
}


def passive_antibody(antibody: str, *, before: bool | None, now: bool, virus: bool | None) -> str:
    """The note beside a newly positive antibody after IVIG whose virus was not found, or an empty text.

    :param before: the antibody before the first dose (None: not known)
    :param virus: the marker of the virus itself (None: not tested)
    """
    if not now or before or virus or antibody not in PASSIVE:
        return ""
    if virus is None:
        return f"{antibody} is newly positive after IVIG. Test {PASSIVE[antibody]} before calling it an infection."
    return f"{antibody} is newly positive after IVIG and the virus was not found: a passive antibody, no infection. Repeat later."
