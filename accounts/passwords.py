"""What a password must be (RQ-43): long, not common, not made of the trial's own words, none of the last five.

No rules about digits and signs, no change by the calendar.
"""

from __future__ import annotations

import re
import secrets
from typing import Any

from django.contrib.auth.hashers import check_password
from django.core.exceptions import ValidationError

from accounts.models import PasswordHistory

#: Longer ones are refused before they are hashed: hashing a megabyte is a way to stop a server.
LONGEST = 128
#: How many passwords, with the present one, must not come back.
REMEMBERED = 5
#: What everybody in this trial would try first.
TRIAL_WORDS = (
    "thrombocytopenia", "thrombocytopenic", "thrombocyte", "immunoglobulin", "nct07068126", "alexandria", "coordinator",
    "investigator", "hematology", "haematology", "administrator", "pediatrics", "paediatrics", "mansoura", "hospital",
    "platelets", "platelet", "children", "casebook", "minipool", "infusion", "password", "purpura", "monitor", "sponsor",
    "welcome", "starting", "assiut", "immune", "trial", "cairo", "egypt", "plasma", "blood", "dosing", "child", "change",
    "study", "ivig", "ecrf", "mini", "pool", "rise", "itp",
)  # fmt: skip
#: What must be left of a password when these words are taken out of it.
LEFT_OVER = 8
#: No letter or digit that is taken for another one.
ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"


class MaximumLengthValidator:
    """At most 128 characters."""

    def validate(self, password: str, user: Any = None) -> None:
        if len(password) > LONGEST:
            raise ValidationError(f"This password is too long: at most {LONGEST} characters.", code="too_long")

    def get_help_text(self) -> str:
        return f"At most {LONGEST} characters."


class TrialWordsValidator:
    """Not made of the words that everybody in this trial would try first."""

    def validate(self, password: str, user: Any = None) -> None:
        plain = re.sub(r"[\W_]", "", password.lower())
        rest = re.sub("|".join(TRIAL_WORDS), "", plain)
        if rest != plain and len(rest) < LEFT_OVER:
            raise ValidationError("This password is made of words of this trial. Please choose other words.", code="trial_words")

    def get_help_text(self) -> str:
        return "Not made of words of this trial, such as platelets or the names of its towns."


def refuse_reuse(user: Any, password: str) -> None:
    """Raises ``ValidationError`` for the present password and the four before it."""
    earlier = PasswordHistory.objects.filter(user=user).values_list("password", flat=True)[: REMEMBERED - 1]
    if any(check_password(password, encoded) for encoded in (user.password, *earlier)):
        raise ValidationError(f"You have used this password before. None of the last {REMEMBERED} can come back.", code="reused")


def starting_password() -> str:
    """A password to be said or written once: four groups of four, 79 bits."""
    return "-".join("".join(secrets.choice(ALPHABET) for _ in range(4)) for _ in range(4))
