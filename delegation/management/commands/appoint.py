"""``manage.py appoint``: the first sponsor and the first administrator of a new installation."""

from argparse import ArgumentParser
from getpass import getpass
from typing import Any

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError
from django.db import transaction
from django.utils import timezone

from delegation.actions import appoint
from itp_trial.actions import create_user
from itp_trial.actor import System
from itp_trial.models import User
from itp_trial.refusal import Refused
from itp_trial.roles import TRIAL_WIDE

BOOTSTRAP = System("bootstrap")


class Command(BaseCommand):
    help = "Appoints the first sponsor or the first administrator. Opens the account where there is none (asks for a password)."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("username")
        parser.add_argument("role", choices=sorted(TRIAL_WIDE))
        parser.add_argument("--full-name", default="", help="for a new account")
        parser.add_argument("--email", default="", help="for a new account")

    def handle(self, *args: Any, username: str, role: str, full_name: str, email: str, **options: Any) -> None:
        with transaction.atomic():
            user = User.objects.filter(username=username).first() or _open_account(username, full_name, email)
            if not user.is_active:
                raise CommandError("This account is closed.")
            try:
                entry = appoint(user=user, role=role, starts=timezone.localdate(), by=BOOTSTRAP)
            except Refused as refusal:
                raise CommandError(str(refusal)) from refusal
        self.stdout.write(f"{entry}, from {entry.starts:%d %b %Y}.")


def _open_account(username: str, full_name: str, email: str) -> User:
    if not full_name or not email:
        raise CommandError(f"There is no account {username}: --full-name and --email open one.")
    password = getpass("Password: ")
    if getpass("Password again: ") != password:
        raise CommandError("The two passwords differ.")
    try:
        validate_password(password, User(username=username, full_name=full_name, email=email))
    except ValidationError as error:
        raise CommandError(" ".join(error.messages)) from error
    return create_user(username=username, full_name=full_name, email=email, password=password, by=BOOTSTRAP)
