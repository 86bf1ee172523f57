"""The sign-in form."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib.auth.forms import AuthenticationForm
from django.core.exceptions import ValidationError

from accounts.models import Account
from accounts.passwords import LONGEST

NOT_RIGHT = "The name or the password is not right. After five wrong attempts the account is locked for 15 minutes."
OVER = "Your starting password was valid for 7 days. Please ask the administrator for a new one."


class SignInForm(AuthenticationForm):
    """Name and password; the same answer whichever of the two was wrong."""

    error_messages = {"invalid_login": NOT_RIGHT, "inactive": NOT_RIGHT}
    password = forms.CharField(strip=False, max_length=LONGEST, error_messages={"max_length": NOT_RIGHT})

    @property
    def problems(self) -> list[str]:
        """What the page says: one sentence, whatever and how much was wrong."""
        return list(
            dict.fromkeys(text if text in (NOT_RIGHT, OVER) else NOT_RIGHT for texts in self.errors.values() for text in texts)
        )

    def clean_username(self) -> str:
        return str(self.cleaned_data["username"]).strip().lower()

    def confirm_login_allowed(self, user: Any) -> None:
        super().confirm_login_allowed(user)
        account = Account.objects.filter(user=user).first()
        if account and account.starting_password_is_over:
            raise ValidationError(OVER, code="starting_password_is_over")
