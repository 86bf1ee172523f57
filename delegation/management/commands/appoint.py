"""``manage.py appoint``: the first sponsor and the first administrator of a new installation."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import transaction
from django.utils import timezone

from accounts.models import Account
from delegation.actions import appoint
from itp_trial.actor import System
from itp_trial.models import User
from itp_trial.refusal import Refused
from itp_trial.roles import TRIAL_WIDE

BOOTSTRAP = System("bootstrap")


class Command(BaseCommand):
    help = "Appoints the first sponsor or the first administrator: a person whose account was opened after an identity check."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("username")
        parser.add_argument("role", choices=sorted(TRIAL_WIDE))

    def handle(self, *args: Any, username: str, role: str, **options: Any) -> None:
        with transaction.atomic():
            try:
                entry = appoint(user=_checked(username), role=role, starts=timezone.localdate(), by=BOOTSTRAP)
            except Refused as refusal:
                raise CommandError(str(refusal)) from refusal
        self.stdout.write(f"{entry}, from {entry.starts:%d %b %Y}.")


def _checked(username: str) -> User:
    """The person behind the account, about whom somebody recorded who checked that it is this person (RQ-35)."""
    user = User.objects.filter(username=username).first()
    how = f"manage.py open_account {username} --checked-by ... --checked-how ..."
    if user is None:
        raise CommandError(f"There is no account {username}. Open it first: {how}")
    if not user.is_active:
        raise CommandError("This account is closed.")
    if not Account.objects.filter(user=user).exists():
        raise CommandError(f"Nobody recorded who checked that {username} is this person. Please do: {how}")
    return user
