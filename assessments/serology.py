"""What an antibody that is newly positive after IVIG means: it usually came with the product (``protocol.md`` 6.1). Pure."""

from __future__ import annotations

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
