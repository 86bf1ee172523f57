"""Subject numbers ``SS-NNN-C`` and screening numbers ``SSS-NNN``: no initials, no birth date (users.md 3.5).

The check character ``C`` follows the pure systems of ISO/IEC 7064 (each symbol has a value, the values are folded with
a radix, and the whole number must leave the remainder 1), with a modulus of 31 instead of 36:

* alphabet: ten digits and 26 letters without the pairs that people mix up, 0/O and 1/I, and without L, which looks
  like both 1 and I. That leaves 31 characters; the digits 2-9 have their own value.
* total: ``d1*3^5 + d2*3^4 + d3*3^3 + d4*3^2 + d5*3 + C``; ``C`` is chosen so that the total divided by 31 leaves 1.

31 is prime and 3 is not a multiple of it. Therefore neither a changed digit (difference 1-9 times a power of 3) nor an
exchange of two neighbours (difference of their values times 2 times a power of 3) can change the total by a multiple
of 31: every single wrong character and every adjacent transposition is detected, also the one of the last digit with
``C``.
"""

from __future__ import annotations

import re

CHECK_ALPHABET = "AB23456789CDEFGHJKMNPQRSTUVWXYZ"
MODULUS = len(CHECK_ALPHABET)
RADIX = 3
MAX_SITE = 99
MAX_SEQUENCE = 999

_SHAPE = re.compile(r"([0-9]{2})-([0-9]{3})-([0-9A-Z])")


def _require(name: str, number: int, largest: int) -> None:
    if not 1 <= number <= largest:
        raise ValueError(f"The {name} must be from 1 to {largest}; got {number}.")


def check_character(digits: str) -> str:
    """The check character of the five digits site + sequence, such as ``"01001"``."""
    total = 0
    for digit in digits:
        total = (total + int(digit)) * RADIX % MODULUS
    return CHECK_ALPHABET[(1 - total) % MODULUS]


def subject_number(site: int, sequence: int) -> str:
    """The subject number of the ``sequence``-th child of ``site``; ValueError outside 1-99 and 1-999."""
    _require("site code", site, MAX_SITE)
    _require("sequence number", sequence, MAX_SEQUENCE)
    return f"{site:02d}-{sequence:03d}-{check_character(f'{site:02d}{sequence:03d}')}"


def screening_number(site: int, sequence: int) -> str:
    """The screening number, such as ``S01-007``; ValueError outside 1-99 and 1-999."""
    _require("site code", site, MAX_SITE)
    _require("screening sequence number", sequence, MAX_SEQUENCE)
    return f"S{site:02d}-{sequence:03d}"


def problem(number: str) -> str | None:
    """What is wrong with a typed subject number, in words for the person who typed it; None if it is right."""
    match = _SHAPE.fullmatch(number)
    if match is None:
        return "A subject number has the form 01-001-C: two digits, three digits and one check character."
    site, sequence, character = match.groups()
    if site == "00" or sequence == "000":
        return "Site and sequence start at 1; there is no 00 and no 000."
    if character != check_character(site + sequence):
        return "The check character does not fit. Probably one character is wrong or two are swapped."
    return None


def check(number: str) -> bool:
    """Whether ``number`` is a correctly written subject number (exact form, capital letter)."""
    return problem(number) is None
