"""The statement by which a person accepts that their electronic signature binds them like the handwritten one (RQ-36)."""

from __future__ import annotations

from typing import Any

from django.db import IntegrityError, transaction

from delegation.models import Acceptance
from itp_trial.actor import acting
from itp_trial.models import User
from itp_trial.refusal import Refused

VERSION = "1.0"
TEXT = """I understand that my electronic signature in this system is the legally binding equivalent of my handwritten \
signature.

I sign by entering my password, and my one-time code where I have one, at the moment of signing. Whatever is signed in \
this way stands in my name, with the date, the time and the meaning of the signature, and I answer for it as for a \
signature on paper.

I keep my password to myself, I let nobody sign in my name, I sign for nobody else, and I report at once when somebody \
may have learned my password."""
SOURCE = "21 CFR 11.10(j) and 11.100(c)"


def acceptance_of(user: Any) -> Acceptance | None:
    """The person's acceptance of the text that holds today."""
    return Acceptance.objects.filter(user=user, version=VERSION).first()


def has_accepted(user: Any) -> bool:
    """True where this person has accepted the text that holds today. Without it nobody signs anything."""
    return Acceptance.objects.filter(user=user, version=VERSION).exists()


def accept(*, by: User) -> Acceptance:
    """The person accepts the statement for themselves; the door has just asked for their password."""
    with acting(by, "Statement on electronic signatures accepted"):
        try:
            with transaction.atomic():
                return Acceptance.objects.create(user=by, version=VERSION, text=TEXT)
        except IntegrityError:
            raise Refused("You have already accepted this statement.") from None
