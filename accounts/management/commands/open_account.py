"""``manage.py open_account``: the first accounts of a new installation, and the way back in when no administrator can help."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction
from django.utils import timezone

from accounts import actions
from accounts.actions import IdentityCheck
from itp_trial.actor import System
from itp_trial.models import User
from itp_trial.refusal import Refused

OPERATOR = System("open_account")


class Command(BaseCommand):
    help = "Opens an account, or lets its person in again who lost password and second factor. Prints a starting password."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("username")
        parser.add_argument("--full-name", default="", help="for a new account")
        parser.add_argument("--email", default="", help="for a new account")
        parser.add_argument("--checked-by", required=True, help="who checked the person's identity")
        parser.add_argument("--checked-how", required=True, help="how, for example: passport seen")

    def handle(self, *args: Any, username: str, checked_by: str, checked_how: str, **options: Any) -> None:
        identity = IdentityCheck(by=checked_by, how=checked_how, on=timezone.localdate())
        user = User.objects.filter(username=username).first()
        try:
            with transaction.atomic():
                if user:
                    secret = _let_in(user, identity)
                else:
                    named = {"username": username, "full_name": options["full_name"], "email": options["email"]}
                    _, secret = actions.open_account(**named, identity=identity, by=OPERATOR)
        except Refused as refusal:
            raise CommandError(str(refusal)) from refusal
        self.stdout.write(f"Starting password of {username}, shown this once: {secret}")


def _let_in(user: User, identity: IdentityCheck) -> str:
    if not user.is_active:
        raise Refused("This account is closed. An administrator can open it again.")
    secret = actions.give_starting_password(user=user, identity=identity, by=OPERATOR)
    actions.remove_all_factors(user=user, reason="lost, let in from the server", by=OPERATOR)
    actions.unlock_account(user=user, by=OPERATOR)
    return secret
