"""What a medicine means for the trial: rescue, adjunct, to be avoided, or nothing (``protocol.md`` 7 and 5.6). Pure.

Rescue is what is given to raise platelets or to stop ITP bleeding outside the protocol; it decides R15-R17 and stands in a
form of its own. This module only says which entries of the therapy log belong there.
"""

from __future__ import annotations

from enum import StrEnum


class Drug(StrEnum):
    STEROID = "steroid"
    IVIG = "ivig"
    ANTI_D = "anti_d"
    TPO_RA = "tpo_ra"
    RITUXIMAB = "rituximab"
    IMMUNOSUPPRESSANT = "immunosuppressant"
    PLATELETS = "platelets"
    RED_CELLS = "red_cells"
    ANTIFIBRINOLYTIC = "antifibrinolytic"
    LOCAL = "local"
    HORMONE = "hormone"
    ASPIRIN = "aspirin"
    NSAID = "nsaid"
    ANTICOAGULANT = "anticoagulant"
    HERBAL = "herbal"
    PARACETAMOL = "paracetamol"
    ANTIHISTAMINE = "antihistamine"
    ANTIBIOTIC = "antibiotic"
    OTHER = "other"


class Purpose(StrEnum):
    PREMEDICATION = "premedication"
    CONTINUED = "continued"
    ITP = "itp"
    OTHER = "other"


class Flag(StrEnum):
    RESCUE = "rescue"
    CONTINUED = "continued"
    STEROID_PREMEDICATION = "steroid_premedication"
    RAISES_PLATELETS = "raises_platelets"
    ADJUNCTIVE = "adjunctive"
    AVOID = "avoid"
    NONE = "none"


#: Raises the platelet count, whatever it is given for.
RAISING = frozenset({Drug.STEROID, Drug.IVIG, Drug.ANTI_D, Drug.TPO_RA, Drug.RITUXIMAB, Drug.IMMUNOSUPPRESSANT, Drug.PLATELETS})
ADJUNCTS = frozenset({Drug.ANTIFIBRINOLYTIC, Drug.LOCAL, Drug.HORMONE, Drug.RED_CELLS})
AVOIDED = frozenset({Drug.ASPIRIN, Drug.NSAID, Drug.ANTICOAGULANT, Drug.HERBAL})


def flag(drug: Drug, purpose: Purpose) -> Flag:
    """What an entry of the therapy log means.

    A platelet transfusion is rescue whatever it is called. A single steroid before an infusion is flagged, not rescue; a
    steroid for another illness is no rescue by definition, but the counts after it are to be read with care.
    """
    if drug in AVOIDED:
        return Flag.AVOID
    if drug in ADJUNCTS:
        return Flag.ADJUNCTIVE
    if drug not in RAISING:
        return Flag.NONE
    if drug is Drug.PLATELETS:
        return Flag.RESCUE
    if drug is Drug.STEROID and purpose is Purpose.PREMEDICATION:
        return Flag.STEROID_PREMEDICATION
    if purpose is Purpose.CONTINUED:
        return Flag.CONTINUED
    return Flag.RAISES_PLATELETS if drug is Drug.STEROID and purpose is Purpose.OTHER else Flag.RESCUE
